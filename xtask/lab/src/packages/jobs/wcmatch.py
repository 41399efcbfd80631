import os
import tempfile

from wcmatch import fnmatch, glob, wcmatch


def matched(given=["a.py", "b/c.txt", "b/d.py", ".hidden"]):
    """Matches names, and finds files in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name in given:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").close()
        found = sorted(
            glob.glob("**/*.{py,txt}", root_dir=folder, flags=glob.GLOBSTAR | glob.BRACE)
        )
        walked = sorted(
            os.path.relpath(path, folder)
            for path in wcmatch.WcMatch(folder, "*.py", flags=wcmatch.RECURSIVE).match()
        )
    return [
        found,
        walked,
        fnmatch.filter(given, "!(*.py)", flags=fnmatch.EXTMATCH | fnmatch.DOTMATCH),
    ]
