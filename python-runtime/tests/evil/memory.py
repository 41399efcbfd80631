"""Takes all the memory there is: at once, bit by bit, or by having something small unpacked."""

import array
import asyncio
import collections
import decimal
import gzip
import io
import itertools
import json
import re
import struct
import sys
import zipfile
import zlib

HUGE = 10**9
MORE_THAN_AN_ADDRESS = 10**12


# At once.


def bytes_of_a_gigabyte(_):
    return len(bytes(HUGE))


def bytearray_of_a_gigabyte(_):
    return len(bytearray(HUGE))


def text_of_a_gigabyte(_):
    return len("a" * HUGE)


def text_beyond_all_addresses(_):
    return len("a" * MORE_THAN_AN_ADDRESS)


def list_of_a_billion(_):
    return len([None] * HUGE)


def list_of_range(_):
    return len(list(range(HUGE)))


def array_of_a_billion(_):
    return len(array.array("d", [0.0]) * HUGE)


def number_of_a_gigabyte(_):
    return 1 << 8 * HUGE


def number_beyond_all_addresses(_):
    return 1 << 8 * MORE_THAN_AN_ADDRESS


def product_of_a_range(_):
    return itertools.product(range(HUGE))


def bounded_deque(_):
    return collections.deque([0], maxlen=HUGE) * HUGE


def format_width(_):
    return len(f"{1:{HUGE}}")


def format_width_of_text(_):
    return len("{:>{}}".format("x", HUGE))


def format_precision(_):
    return len(f"{0.5:.{HUGE}f}")


def percent_width(_):
    return len("%*d" % (HUGE, 1))


def percent_width_beyond_all_addresses(_):
    return len("%1000000000000d" % 1)


def centred(_):
    return len("x".center(HUGE))


def filled_with_zeros(_):
    return len("1".zfill(HUGE))


def tabs(_):
    return len("\t".expandtabs(HUGE))


def struct_padding(_):
    return len(struct.pack(f"{HUGE}x"))


def replaced(_):
    return len(("a" * 100_000).replace("a", "b" * 100_000))


def joined(_):
    return len(("x" * 1_000_000).join(["y"] * 10_000))


def stream_at_a_far_place(_):
    stream = io.BytesIO()
    stream.seek(HUGE)
    return stream.write(b"x")


def decimal_precision(_):
    decimal.getcontext().prec = decimal.MAX_PREC
    return str(decimal.Decimal(1) / 3)


def decimal_as_an_integer(_):
    return int(decimal.Decimal("1e400000000"))


def wide_indent(_):
    return len(json.dumps([[]] * 10_000, indent="x" * 100_000))


# Bit by bit.


def many_small_objects(_):
    return [{} for _ in itertools.count()]


def list_that_doubles(_):
    values = [None]
    while True:
        values += values


def text_that_doubles(_):
    text = "ab"
    while True:
        text += text


def number_that_squares(_):
    number = 1 << 64
    while True:
        number = number << number.bit_length()


def nested_deeper_and_deeper(_):
    value = None
    while True:
        value = [value]


def dict_that_grows(_):
    return {n: n for n in itertools.count()}


def set_of_texts(_):
    return {str(n) for n in itertools.count()}


def interned(_):
    return [sys.intern(f"text {n}") for n in itertools.count()]


def bytearray_that_grows(_):
    block = bytearray()
    while True:
        block.extend(bytes(1 << 16))


def bytearray_under_a_view(_):
    block = bytearray(16)
    with memoryview(block):
        block.extend(bytes(HUGE // 100))


def text_stream(_):
    stream = io.StringIO()
    while True:
        stream.write("x" * 10_000)


def copies_of_an_iterator(_):
    first, second = itertools.tee(itertools.count())
    for _ in first:
        pass
    return second


def classes(_):
    return [type(f"C{n}", (), {}) for n in itertools.count()]


def functions(_):
    return [lambda: n for n in itertools.count()]


def modules_own_names(_):
    for n in itertools.count():
        globals()[f"name{n}"] = [n] * 100


def exceptions(_):
    last = None
    while True:
        error = ValueError()
        error.__context__ = last
        last = error


async def tasks(_):
    waiting = [asyncio.create_task(asyncio.sleep(1e9)) for _ in itertools.count()]
    await asyncio.wait(waiting)


def generators(_):
    def link(previous):
        yield from previous

    chain = iter(())
    while True:
        chain = link(chain)


def error_that_is_caught(_):
    kept = []
    while True:
        try:
            kept.append(bytes(1 << 20))
        except MemoryError:
            kept.append(None)


def error_beyond_all_addresses_is_caught(_):
    caught = 0
    for _ in range(1_000):
        try:
            "a" * (sys.maxsize - 1)
        except MemoryError:
            caught += 1
    return caught


# By having something small unpacked.


def zlib_bomb(_):
    packer = zlib.compressobj()
    packed = b"".join([packer.compress(bytes(1 << 20)) for _ in range(24)]) + packer.flush()
    return len(zlib.decompress(packed))


def gzip_bomb(_):
    member = gzip.compress(bytes(1 << 20))
    return len(gzip.decompress(member * 24))


def zip_bomb(_):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(24):
            member.write(bytes(1 << 20))
    return len(zipfile.ZipFile(file).read("zeros"))


def lzma_bomb(_):
    import lzma

    return len(lzma.decompress(lzma.compress(bytes(1 << 20)) * 600))


def regex_that_repeats(_):
    return bool(re.match("(?:a|b|(c))*", "abc" * 2_000_000))


def billion_laughs(_):
    from xml.dom import minidom

    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><x>&l9;</x>'
    return len(minidom.parseString(text).toxml())


def pickle_that_allocates(_):
    import pickle

    # BINBYTES8 of a length that is not there.
    return pickle.loads(b"\x80\x04\x8e" + (HUGE).to_bytes(8, "little") + b"x.")


def source_with_many_constants(_):
    return len(eval("[" + ",".join(f"{n}.5" for n in range(300_000)) + "]"))
