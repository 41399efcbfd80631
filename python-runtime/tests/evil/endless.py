"""Takes the processor, or waits, and never gives anything back."""

import asyncio
import contextlib
import decimal
import gc
import itertools
import math
import re
import sys
import time
import unicodedata
import weakref
from collections import deque


def while_true(_):
    while True:
        pass


def catch_all(_):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def call_each_other(_):
    def ping(n):
        return pong(n + 1) if n % 500 else None

    def pong(n):
        return ping(n + 1) if n % 500 else None

    while True:
        ping(1)


# In C, where no line of Python is reached for a long time.


def power_of_powers(_):
    return (10**10**8) % 7


def text_of_huge_number(_):
    sys.set_int_max_str_digits(0)
    return len(str(1 << 32_000_000))


def number_of_huge_text(_):
    sys.set_int_max_str_digits(0)
    return int("7" * 2_000_000) % 7


def factorial(_):
    return math.factorial(10**6) % 7


def decimal_power(_):
    decimal.getcontext().prec = 1_000_000
    return str(decimal.Decimal(3).ln())[:3]


def regex_backtracks(_):
    return bool(re.fullmatch("(a+)+b", "a" * 64))


def regex_in_a_regex(_):
    return bool(re.match("(.*)*(.*)*(.*)*(.*)*x", "=" * 64))


def sort_with_endless_comparison(_):
    class Loops:
        def __lt__(self, other):
            while True:
                pass

    return [Loops(), Loops()].sort()


def sort_that_changes_its_list(_):
    values = []

    class Changes:
        def __lt__(self, other):
            values.append(self)
            return True

    values += [Changes() for _ in range(10)]
    return values.sort()


def sum_of_range(_):
    return sum(range(10**18))


def deque_of_count(_):
    deque(itertools.count(), maxlen=0)


def maximum_of_count(_):
    return max(itertools.count())


def look_in_count(_):
    return -1 in itertools.count()


def any_of_none(_):
    return any(itertools.repeat(False))


def permutations(_):
    return sum(1 for _ in itertools.permutations(range(64)))


def product(_):
    deque(itertools.product(range(100), repeat=20), maxlen=0)


def normalise(_):
    return len(unicodedata.normalize("NFC", "\u0323\u0307" * 1_000_000))


def hash_collisions(_):
    modulus = sys.hash_info.modulus
    return len({n * modulus: None for n in range(1, 200_000)})


def equal_hashes(_):
    class Same:
        def __hash__(self):
            return 1

    return len({Same() for _ in range(100_000)})


def equality_loops(_):
    class Loops:
        def __eq__(self, other):
            while True:
                pass

    return [Loops()].index(1)


def truth_loops(_):
    class Loops:
        def __bool__(self):
            while True:
                pass

    return any([Loops()])


def key_loops(_):
    def loop(_):
        while True:
            pass

    return max([1, 2], key=loop)


def number_squared_again_and_again(_):
    value = 3
    while True:
        value = value * value % (1 << 1_000_000)


# Waiting.


def sleep(_):
    time.sleep(1e9)


def sleep_and_catch(_):
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(1e9)


async def sleep_in_a_loop(_):
    await asyncio.sleep(1e9)


def sleep_for_ever(_):
    time.sleep(float("inf"))


def hostcall_without_answer(_, ctx):
    return ctx.hostcall("never")


async def await_without_answer(_, ctx):
    return await ctx.hostcall("never")


async def refuse_to_be_cancelled(_, ctx):
    while True:
        try:
            await asyncio.wait_for(ctx.hostcall("never"), 0.001)
        except BaseException:
            pass


async def wait_for_nothing(_):
    await asyncio.get_running_loop().create_future()


async def wait_for_each_other(_):
    async def wait(other):
        return await tasks[other]

    tasks = [asyncio.create_task(wait(1)), asyncio.create_task(wait(0))]
    return await tasks[0]


async def busy_coroutine(_):
    while True:
        await asyncio.sleep(0)


async def tasks_without_end(_):
    async def again():
        asyncio.create_task(again())

    await asyncio.create_task(again())
    await asyncio.Event().wait()


async def block_the_loop(_):
    asyncio.create_task(asyncio.sleep(0))
    while True:
        pass


async def left_behind_loops_when_cancelled(_):
    async def stubborn():
        try:
            await asyncio.sleep(1e9)
        finally:
            while True:
                pass

    asyncio.create_task(stubborn())
    await asyncio.sleep(0)


async def left_behind_ignores_being_cancelled(_):
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(1e9)
            except BaseException:
                pass

    asyncio.create_task(stubborn())
    await asyncio.sleep(0)


# At the end of the call, when what it made is taken down.


def finalizer_loops(_):
    class Loops:
        def __del__(self):
            while True:
                pass

    Loops()


def finalizer_comes_back(_):
    class Immortal:
        def __del__(self):
            Immortal.last = Immortal()

    Immortal.last = Immortal()
    while True:
        del Immortal.last


def finalizers_of_a_cycle(_):
    class Loops:
        def __del__(self):
            while True:
                pass

    one = Loops()
    one.itself = one
    del one
    gc.collect()


def generator_loops_when_closed(_):
    def stubborn():
        try:
            yield
        finally:
            while True:
                pass

    generator = stubborn()
    next(generator)


def generator_yields_when_closed(_):
    def stubborn():
        while True:
            try:
                yield
            except GeneratorExit:
                pass

    generator = stubborn()
    next(generator)
    del generator
    return "gone on"


def exit_loops(_):
    class Stays:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            while True:
                pass

    with Stays():
        raise ValueError


def finally_loops(_):
    try:
        return 1
    finally:
        while True:
            pass


def weak_reference_loops(_):
    def loop(_):
        while True:
            pass

    class Thing:
        pass

    thing = Thing()
    reference = weakref.ref(thing, loop)
    del thing
    return reference


def collector_loops(_):
    def loop(*_):
        while True:
            pass

    gc.callbacks.append(loop)
    gc.collect()


def result_loops(_):
    class Loops(dict):
        def items(self):
            while True:
                pass

    return Loops(key="value")


def result_has_no_end(_):
    class Endless(dict):
        def items(self):
            return itertools.cycle([("key", "value")])

    return Endless(key="value")


def error_text_loops(_):
    class Loops(Exception):
        def __str__(self):
            while True:
                pass

    raise Loops


def error_name_loops(_):
    class Meta(type):
        def __getattribute__(cls, name):
            while True:
                pass

    class Loops(Exception, metaclass=Meta):
        pass

    raise Loops
