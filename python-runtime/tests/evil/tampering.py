"""Breaks the interpreter it runs in: built-ins, modules, imports, the glue, code, memory. Others must not notice."""

import asyncio
import builtins
import collections
import gc
import importlib
import json
import marshal
import sys
import types
import typing

import wit_wire_guest
from wit_wire_guest import app, ops, wire_json
from wit_wire_guest.annotations import reading, shapes, writing
from wit_wire_guest.calls import handler, hostcalls, loop
from wit_wire_guest.errors import failure, frames
from wit_wire_guest.runtime import randomness


def _broken(*_, **__):
    raise ZeroDivisionError("tampered")


# Built-ins.


def builtins_fail(_):
    for name in ("len", "print", "open", "isinstance", "dict", "str", "type", "getattr", "map", "max", "__import__", "repr"):
        setattr(builtins, name, _broken)
    return "done"


def builtins_lie(_):
    builtins.len = lambda _: 7
    builtins.isinstance = lambda *_: True
    builtins.str = lambda *_: "lie"
    builtins.print = builtins.sorted = lambda *_, **__: None
    return "done"


def builtins_are_cleared(_):
    vars(builtins).clear()
    return "done"


def builtins_of_all_modules(_):
    for module in list(sys.modules.values()):
        vars(module)["__builtins__"] = {}
    return "done"


def builtin_exceptions(_):
    builtins.BaseException = builtins.Exception = builtins.ValueError = int
    raise KeyError("raised")


def build_class(_):
    builtins.__build_class__ = _broken

    class Thing:
        pass


# Modules.


def modules_are_cleared(_):
    sys.modules.clear()
    return "done"


def modules_are_replaced(_):
    for name in list(sys.modules):
        sys.modules[name] = types.SimpleNamespace(evil=True)
    return "done"


def modules_is_another_thing(_):
    sys.modules = 7
    return "done"


def builtins_is_deleted(_):
    del sys.modules["builtins"]
    return "done"


def all_modules_are_emptied(_):
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            vars(module).clear()


def json_is_patched(_):
    json.loads = json.dumps = json.JSONEncoder.encode = json.JSONDecoder.decode = _broken
    json.encoder.c_make_encoder = json.decoder.scanstring = json.scanner.make_scanner = _broken
    return {"still": "encoded"}


def library_is_patched(_):
    import re
    import traceback

    re.sub = re.compile = traceback.format_exception = traceback.TracebackException.from_exception = _broken
    collections.OrderedDict = types.ModuleType = typing.get_type_hints = _broken
    raise ValueError("told all the same")


def loop_is_patched(_):
    asyncio.Runner = asyncio.run = asyncio.get_running_loop = _broken
    asyncio.base_events.BaseEventLoop.run_forever = _broken
    return "done"


# Imports.


def finders_are_removed(_):
    sys.meta_path.clear()
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    return "done"


def finder_that_answers_all(_):
    class Evil:
        @staticmethod
        def find_spec(name, path=None, target=None):
            return importlib.machinery.ModuleSpec(name, Evil)

        @staticmethod
        def create_module(spec):
            return types.SimpleNamespace(evil=True)

        @staticmethod
        def exec_module(module):
            pass

    sys.meta_path.insert(0, Evil)
    return "done"


def finder_that_loops(_):
    class Loops:
        @staticmethod
        def find_spec(name, path=None, target=None):
            return importlib.import_module(name + "x")

    sys.meta_path.insert(0, Loops)
    import colorsys  # noqa: F401


def import_machinery_is_patched(_):
    importlib._bootstrap._find_and_load = importlib._bootstrap._load = _broken
    importlib._bootstrap_external.SourceFileLoader = _broken
    return "done"


# The glue.


def glue_answers_with_no_json(_):
    wire_json.encode = lambda _: "no json"


def glue_answers_with_another_type(_):
    wire_json.encode = lambda _: 7


def glue_answers_with_a_lone_surrogate(_):
    wire_json.encode = lambda _: '"\ud800"'


def glue_answers_deep(_):
    wire_json.encode = lambda _: "[" * 400_000 + "]" * 400_000


def glue_answers_more_than_is_allowed(_):
    wire_json.encode = lambda _: "[" + " " * (1 << 20) + "]"


def glue_raises_another_error(_):
    app.failure = lambda _: "no json either"
    raise ValueError


def glue_raises_a_deep_error(_):
    app.failure = lambda _: '{"type": "E", "message": "m", "cause": ' * 5_000 + "null" + "}" * 5_000
    raise ValueError


def glue_raises_an_endless_error(_):
    app.failure = lambda _: "x" * (2 << 20)
    raise ValueError


def glue_says_that_there_is_no_handler(_):
    app._handlers.clear()
    wire_json.encode = None


def glue_refuses_the_input(_):
    from componentize_py_types import Err
    from wit_world.exports import mat_wire

    def refuse(_):
        raise Err(mat_wire.HandleErr_InJsonErr("tampered"))

    app.wire_json = types.SimpleNamespace(encode=refuse, decode=refuse)


def glue_gives_no_error_of_the_protocol(_):
    from componentize_py_types import Err

    def refuse(_):
        raise Err(7)

    app.wire_json = types.SimpleNamespace(encode=refuse)
    app.result_failure = refuse


def glue_raises_what_is_no_result(_):
    app.wire_json = types.SimpleNamespace(encode=_broken)
    app.result_failure = _broken


def glue_is_emptied(_):
    glue = (
        wit_wire_guest, reading, shapes, writing, handler, hostcalls, loop, failure, frames, ops, randomness, wire_json,
    )  # fmt: skip
    for module in glue:
        vars(module).clear()


def glue_handlers_are_replaced(_):
    for name in app._handlers:
        app._handlers[name] = types.SimpleNamespace(call=_broken, schema=_broken)
    return "done"


def glue_class_is_replaced(_):
    app.MatWire.handle = app.MatWire.init = lambda *_: "[]"
    return "done"


def glue_forgets_its_seed(_):
    randomness._is_imported = True
    randomness._seed = _broken
    app._is_first = True
    return "done"


def channel_is_replaced(_, ctx):
    from wit_world.imports import typegate_wire

    typegate_wire.hostcall = lambda op, payload: '"tampered"'
    return ctx.hostcall("echo", 1)


def channel_through_c(_):
    import componentize_py_runtime

    componentize_py_runtime.call_import(0, [])


def channel_through_c_with_odd_numbers(_):
    import componentize_py_runtime

    for function in (-1, 2**31 - 1, 2**40):
        try:
            componentize_py_runtime.call_import(function, [None] * 100)
        except Exception:
            pass


def channel_with_odd_arguments(_):
    import componentize_py_runtime

    componentize_py_runtime.call_import(0, [7, None])


def context_is_replaced(_, ctx):
    type(ctx).hostcall = _broken
    return "done"


# The interpreter's own settings.


def recursion_limit_is_huge(_):
    sys.setrecursionlimit(2**31 - 1)
    return "done"


def recursion_limit_beyond_a_number(_):
    sys.setrecursionlimit(10**9 * 10**9)


def recursion_limit_is_one(_):
    sys.setrecursionlimit(1)


def recursion_limit_is_low(_):
    sys.setrecursionlimit(12)
    return {"a": [1, 2]}


def recursion_limit_is_negative(_):
    sys.setrecursionlimit(-1)


def recursion_without_a_limit(_):
    sys.setrecursionlimit(2**31 - 1)

    def down(n):
        return down(n + 1)

    return down(0)


def traced(_):
    def trace(frame, event, argument):
        raise ZeroDivisionError("traced")

    sys.settrace(trace)
    return "done"


def profiled(_):
    sys.setprofile(_broken)
    return "done"


def traced_with_a_loop(_):
    def trace(frame, event, argument):
        while True:
            pass

    sys.settrace(trace)
    return "done"


def monitored(_):
    tool = sys.monitoring.PROFILER_ID
    sys.monitoring.use_tool_id(tool, "evil")
    sys.monitoring.register_callback(tool, sys.monitoring.events.PY_START, _broken)
    sys.monitoring.set_events(tool, sys.monitoring.events.PY_START)
    return "done"


def audited(_):
    sys.addaudithook(_broken)
    return "done"


def collector_is_off(_):
    gc.disable()
    gc.freeze()
    gc.set_threshold(1)
    gc.set_debug(gc.DEBUG_SAVEALL)
    return "done"


def collector_calls_back(_):
    gc.callbacks.append(_broken)
    gc.set_threshold(1)
    gc.collect()
    return "done"


def hooks_are_replaced(_):
    sys.excepthook = sys.unraisablehook = sys.displayhook = _broken
    sys.breakpointhook = sys.__excepthook__ = None
    raise ValueError("told all the same")


def streams_are_none(_):
    sys.stdout = sys.stderr = sys.stdin = None
    print("nowhere")
    return "done"


def streams_fail(_):
    class Fails:
        write = flush = _broken

    sys.stdout = sys.stderr = Fails()
    return "done"


def streams_loop(_):
    class Loops:
        def flush(self):
            while True:
                pass

    sys.stdout = Loops()
    return "done"


def streams_are_closed(_):
    sys.stdout.close()
    sys.stderr.close()
    return "done"


def streams_are_buffered(_):
    sys.stdout.reconfigure(line_buffering=False, write_through=False)
    sys.stdout.write("kept back")
    return "done"


def switch_interval(_):
    sys.setswitchinterval(1e9)
    sys.set_asyncgen_hooks(_broken, _broken)
    sys.set_int_max_str_digits(0)
    sys.flags = 7
    return "done"


def integers_are_changed(_):
    # The cache of small numbers, through no door that Python has.
    for number in gc.get_referents((1, 2, 3)):
        gc.get_referrers(number)
    return "done"


def tuples_are_changed(_):
    secret = ("constant",)
    for holder in gc.get_referrers(secret[0]):
        if isinstance(holder, list):
            holder.clear()
    return "done"


def all_objects_are_changed(_):
    for thing in gc.get_objects():
        if type(thing) is dict:
            for key in list(thing):
                if type(thing[key]) is types.FunctionType:
                    thing[key].__code__ = _broken.__code__
        elif type(thing) is list:
            thing.clear()
    return "done"


def all_functions_are_changed(_):
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and not thing.__code__.co_freevars:
            thing.__code__ = (lambda *_, **__: 1 / 0).__code__
    return "done"


def types_are_changed(_):
    gc.get_referents(vars(dict))[0].update(get=_broken, items=_broken, keys=_broken)
    gc.get_referents(vars(str))[0].update(encode=_broken, startswith=_broken)
    sys._clear_internal_caches()
    return "done"


# Code that no compiler made. That the interpreter crashes is right.


def _code(*units, **changes):
    code = (lambda: None).__code__
    return types.FunctionType(code.replace(co_code=bytes(unit for pair in units for unit in pair), **changes), {})


def code_of_zeros(_):
    return _code(*[(0, 0)] * 10)()


def code_of_nothing(_):
    return _code()()


def code_without_an_end(_):
    import opcode

    return _code(*[(opcode.opmap["NOP"], 0)] * 10)()


def code_that_pops(_):
    import opcode

    return _code(*[(opcode.opmap["POP_TOP"], 0)] * 200)()


def code_that_loads_a_far_constant(_):
    import opcode

    far = [(opcode.opmap["EXTENDED_ARG"], 255)] * 3 + [(opcode.opmap["LOAD_CONST"], 255), (opcode.opmap["RETURN_VALUE"], 0)]
    return _code(*far)()


def code_that_stores_far_away(_):
    import opcode

    far = [(opcode.opmap["LOAD_CONST"], 0)] + [(opcode.opmap["EXTENDED_ARG"], 127)] * 3 + [(opcode.opmap["STORE_FAST"], 255)]
    return _code(*far)()


def code_that_jumps_away(_):
    import opcode

    far = [(opcode.opmap["EXTENDED_ARG"], 255)] * 3 + [(opcode.opmap["JUMP_FORWARD"], 255)]
    return _code(*far)()


def code_of_all_bytes(_):
    done = 0
    for number in range(256):
        try:
            _code((number, 7), (number, 255), (35, 0))()
        except BaseException:
            pass
        done += 1
    return done


def marshalled_garbage(_):
    errors = set()
    for number in range(256):
        for tail in (b"", b"\xff" * 40, b"\0" * 40, b"\1\0\0\0" * 10):
            try:
                marshal.loads(bytes([number]) + tail)
            except Exception as error:
                errors.add(type(error).__name__)
    return sorted(errors)


def marshalled_code_that_is_damaged(_):
    data = bytearray(marshal.dumps((lambda x: [x, x + 1]).__code__))
    for place in range(0, len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        try:
            exec(marshal.loads(bytes(damaged)), {})
        except BaseException:
            pass
    return "done"


def pickle_that_calls(_):
    import pickle

    return pickle.loads(b"cos\nsystem\n(S'true'\ntR.")


def pickled_garbage(_):
    import pickle

    errors = set()
    for number in range(256):
        try:
            pickle.loads(b"\x80\x04" + bytes([number]) * 20 + b".")
        except Exception as error:
            errors.add(type(error).__name__)
    return len(errors) > 2


def view_past_the_end(_):
    view = memoryview(bytearray(8)).cast("I")
    return view[2**20]


def library_of_addresses(_):
    import ctypes

    return ctypes.memset(0, 0, 100)


def frame_is_changed(_):
    frame = sys._getframe()
    while frame:
        frame.f_locals.update({"value": 7, "result": 7, "handler": None})
        frame.f_trace_opcodes = True
        frame = frame.f_back
    return "done"


def caller_globals_are_changed(_):
    frame = sys._getframe()
    while frame:
        if frame.f_globals is not globals():
            for name in list(frame.f_globals):
                frame.f_globals[name] = None
        frame = frame.f_back
    return "done"
