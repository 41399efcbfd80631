import os

import tzlocal


def from_environment(given="Europe/Berlin"):
    """Takes the local zone from the environment."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = given
    try:
        return [str(tzlocal.reload_localzone()), tzlocal.get_localzone_name()]
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
