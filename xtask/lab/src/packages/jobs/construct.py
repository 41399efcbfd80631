from construct import (
    Const,
    ConstError,
    GreedyBytes,
    Int16ub,
    PascalString,
    PrefixedArray,
    Struct,
    VarInt,
    Int8ub,
    BitStruct,
    BitsInteger,
    Flag,
)

FORMAT = Struct(
    "magic" / Const(b"BM"),
    "version" / Int16ub,
    "names" / PrefixedArray(VarInt, PascalString(Int8ub, "utf8")),
    "bits" / BitStruct("on" / Flag, "level" / BitsInteger(7)),
    "rest" / GreedyBytes,
)


def binary(given={"version": 3, "names": ["ž", "b"], "bits": {"on": True, "level": 5}}):
    """Builds and parses a binary format."""
    data = FORMAT.build({**given, "rest": b"xy"})
    back = FORMAT.parse(data)
    try:
        FORMAT.parse(b"XX")
        refused = None
    except ConstError as error:
        refused = type(error).__name__
    return [data.hex(), list(back.names), back.bits.level, back.rest.decode(), refused]
