"""Packages that the host stores for all its programs: a program gets the files that it imports."""

import base64

from ..calls.hostcalls import hostcall
from ..protocol import FILE, FILES
from .modules import NATIVE_SUFFIXES, Modules


class HostPackages(Modules):
    """Knows the names at the top, and asks for the rest when it is first needed."""

    prefix = "site-packages/"

    def __init__(self, tops):
        super().__init__()
        self._unseen = set(tops)
        for top in tops:
            if top.endswith(NATIVE_SUFFIXES):
                self.add_path(top)

    def read(self, path):
        content = hostcall(FILE, path)
        return content if isinstance(content, str) else base64.b64decode(content["base64"])

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        self._see(top)
        self._see(f"{top}.py")
        return super().find_spec(name)

    def is_file(self, path):
        self._see(path)
        return super().is_file(path)

    def is_folder(self, path):
        self._see(path)
        return super().is_folder(path)

    def children(self, folder):
        for top in [folder] if folder else sorted(self._unseen):
            self._see(top)
        return super().children(folder)

    def metadata_folders(self):
        for top in sorted(self._unseen):
            if top.endswith(".dist-info"):
                self._see(top)
        return super().metadata_folders()

    def _see(self, path):
        top = path.partition("/")[0]
        if top in self._unseen:
            for file in hostcall(FILES, top):
                self.add_path(file)
            self._unseen.remove(top)
