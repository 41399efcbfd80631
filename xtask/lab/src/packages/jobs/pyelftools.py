import io
import struct

from elftools.elf.elffile import ELFFile


def headers(given=62):
    """Reads a file's header."""
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, given, 1, 0x400000, 0, 0, 0, 64, 56, 0, 64, 0, 0)
    )
    file = ELFFile(io.BytesIO(header))
    return [file.elfclass, file.get_machine_arch(), file.header["e_entry"], file.num_sections()]
