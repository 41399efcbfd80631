"""Pours out more than anyone wants: output, errors, results."""

import logging
import os
import sys
import traceback
import warnings

MANY = 100_000
MEGABYTE = "x" * (1 << 20)


def prints(_):
    for n in range(MANY):
        print(n)
    return "done"


def prints_for_ever(_):
    while True:
        print("again")


def one_line_of_a_gigabyte(_):
    for _ in range(1_000):
        sys.stdout.write(MEGABYTE)
    return "done"


def errors_stream(_):
    for n in range(MANY):
        sys.stderr.write(f"{n}\n")
    return "done"


def both_streams_in_turn(_):
    for _ in range(MANY // 10):
        os.write(1, b"x")
        os.write(2, b"y")
    return "done"


def bytes_that_are_no_text(_):
    return os.write(1, b"\xff\x00\xfe" * MANY)


def terminal_escapes(_):
    print("\x1b]0;title\x07\x1b[2J\x1b[31m")
    return "done"


def empty_writes(_):
    for _ in range(MANY):
        os.write(1, b"")
    return "done"


def warns(_):
    warnings.simplefilter("always")
    for n in range(MANY // 100):
        warnings.warn(str(n), stacklevel=1)
    return "done"


def logs(_):
    logging.basicConfig(level=logging.DEBUG)
    for n in range(MANY // 10):
        logging.debug("%d", n)
    return "done"


def prints_tracebacks(_):
    for _ in range(MANY // 100):
        try:
            raise ValueError(MEGABYTE[:1000])
        except ValueError:
            traceback.print_exc()
    return "done"


def large_result(_):
    return MEGABYTE * 2


def large_result_of_parts(_):
    return list(range(MANY * 2))


def result_at_the_limit(_):
    # With its two quotation marks.
    return "x" * ((1 << 20) - 2)


def result_past_the_limit(_):
    return "x" * ((1 << 20) - 1)


def escapes_in_the_result(_):
    return "\0" * 200_000


def takes(text):
    return len(text)


# Errors.


def large_message(_):
    raise ValueError(MEGABYTE)


def large_message_of_many_bytes(_):
    raise ValueError("\U0001f600" * (1 << 18))


def message_of_parts(_):
    raise ValueError(*[MEGABYTE] * 20)


def large_name(_):
    raise type("E" * MANY, (Exception,), {})()


def many_notes(_):
    error = ValueError()
    for n in range(MANY):
        error.add_note(str(n))
    raise error


def large_notes(_):
    error = ValueError()
    for _ in range(8):
        error.add_note(MEGABYTE)
    raise error


def wide_group(_):
    raise ExceptionGroup("wide", [ValueError(n) for n in range(MANY)])


def group_of_large_messages(_):
    raise ExceptionGroup("wide", [ValueError(MEGABYTE) for _ in range(16)])


def groups_that_share_members(_):
    error = ValueError()
    for _ in range(17):
        error = ExceptionGroup("", [error, error])
    raise error


def causes_that_share(_):
    error = ValueError()
    for _ in range(20):
        new = ValueError()
        new.__cause__, new.__context__ = error, error
        error = ExceptionGroup("", [new, new])
    raise error


def cause_of_itself(_):
    error = ValueError("itself")
    error.__cause__ = error
    raise error


def long_traceback(_):
    sys.setrecursionlimit(2**31 - 1)

    def down(n):
        if n == 0:
            raise ValueError("deep")
        down(n - 1)

    down(2_000)


def traceback_of_the_same_error(_):
    error = ValueError("again")
    for _ in range(MANY // 50):
        try:
            raise error
        except ValueError:
            pass
    raise error


def long_line(_):
    exec(compile("raise ValueError(" + "'x'," * (MANY // 10) + ")", "long line", "exec"))


def large_exit(_):
    sys.exit(MEGABYTE)


def syntax_error_in_a_long_line(_):
    compile("(" + "x " * MANY, MEGABYTE, "exec")


def large_file_name(_):
    exec(compile("1/0", MEGABYTE, "exec"))
