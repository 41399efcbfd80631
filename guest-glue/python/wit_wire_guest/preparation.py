"""What is run before `image`, to compile what that keeps. The component that it would be is of no use."""

import os

from . import compiling, packages
from .app import MatWire

__all__ = ["MatWire"]

compiling.compile_stdlib()
if os.path.isdir(packages.FOLDER):
    compiling.compile_packages(packages.FOLDER)
