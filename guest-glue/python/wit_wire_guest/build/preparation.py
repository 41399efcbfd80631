"""What is run before `image`, to compile what that stores as code.

The component that it makes is thrown away: what compiling leaves in memory would be a tenth of the
image.
"""

from ..imports import baked_packages
from . import compiling


class MatWire:
    """What componentize-py asks for. The glue's own needs modules in C, which may not be there yet."""


compiling.compile_stdlib()
compiling.compile_packages(baked_packages.FOLDER)
