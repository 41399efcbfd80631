"""What is run before `image`, to compile what that keeps. The component that it would be is of no use."""

from . import baked_packages, compiling
from .app import MatWire

__all__ = ["MatWire"]

compiling.compile_stdlib()
compiling.compile_packages(baked_packages.FOLDER)
