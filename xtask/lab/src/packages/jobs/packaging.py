from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version


def versions(given=["1.10", "1.9", "2.0rc1", "1.9.post1", "1!0.1", "2.0.dev3"]):
    """Sorts versions, and reads specifiers, markers and requirements."""
    allowed = SpecifierSet(">=1.9,!=1.10,<2")
    requirement = Requirement('requests[socks]>=2; python_version < "4"')
    try:
        Requirement("a ==")
        refused = None
    except InvalidRequirement as error:
        refused = str(error)
    return [
        sorted(given, key=Version),
        list(allowed.filter(given)),
        [requirement.name, sorted(requirement.extras), str(requirement.specifier)],
        Marker("os_name == 'x'").evaluate({"os_name": "x"}),
        refused,
    ]
