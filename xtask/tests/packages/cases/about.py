"""What Python tells of packages."""

import inspect
import pkgutil
from importlib import metadata, resources

import markupsafe
import yaml


def version(name):
    return metadata.version(name)


def all_names():
    return sorted(distribution.metadata["Name"].lower() for distribution in metadata.distributions())


def entry_points(group):
    return [point.name for point in metadata.entry_points(group=group)]


def resource(names):
    folder = resources.files("tzdata").joinpath("zoneinfo")
    return [len(folder.joinpath(name).read_bytes()) for name in names]


def first_line(name):
    return pkgutil.get_data("markupsafe", name).decode().splitlines()[0]


def modules():
    return [module.name for module in pkgutil.iter_modules(yaml.__path__)][:4]


def submodules():
    return [module.name for module in pkgutil.walk_packages(markupsafe.__path__, "markupsafe.")]


def source():
    return inspect.getsource(yaml.safe_load)


def text():
    return [yaml.safe_load.__doc__ is not None, yaml.__file__, inspect.getsourcefile(yaml.safe_load)]
