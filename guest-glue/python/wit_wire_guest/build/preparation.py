"""What is run before `image`, to compile what that stores as code.

The component that it makes is thrown away: what compiling leaves in memory would be a tenth of the
image.
"""

from ..app import MatWire
from ..imports import baked_packages
from . import compiling

__all__ = ["MatWire"]

compiling.compile_stdlib()
compiling.compile_packages(baked_packages.FOLDER)
