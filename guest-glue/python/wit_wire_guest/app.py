"""The protocol's two functions."""

import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import mat_wire

from . import ops, protocol, wire_json
from .calls import coroutine_call, profiling
from .calls.coroutine_call import CoroutineCall
from .errors.failure import failure, result_failure
from .imports import files
from .runtime import output, randomness
from .runtime.threads import turns

_handlers = None

# Whether no call has run since `init`, or since memory was restored to what `init` left.
_is_first = True

# The call that waits to be resumed. Until then others may be served, but none of them parks.
_parked = None


class MatWire(exports.MatWire):
    def init(self, args):
        global _handlers
        if args.metatype_version != protocol.VERSION:
            raise Err(mat_wire.InitError_VersionMismatch(protocol.VERSION))
        if _handlers is not None:
            raise Err(mat_wire.InitError_Other("init was already called"))
        # Also if it fails: what the ops imported until then stays.
        _handlers = {}
        # As in an interpreter that is embedded: `argparse` and others take the program's name from
        # here. The list itself is replaced, since the runtime empties the one that was there at
        # each start.
        sys.argv = [""]
        files.begin()
        randomness.forget()
        try:
            _handlers = ops.load(args.expected_ops)
        except ops.Unusable as error:
            raise Err(mat_wire.InitError_UnexpectedMat(error.op)) from None
        except ops.Failed as error:
            raise Err(mat_wire.InitError_Other(failure(error.error, op=error.op.op_name))) from None
        finally:
            turns.forget()
            _flush()
        return mat_wire.InitResponse(ok=True)

    def handle(self, req, may_park=True):
        handler = (_handlers or {}).get(req.op_name)
        if handler is None:
            return self._reserved(req, may_park)
        try:
            value = wire_json.decode(req.in_json)
        except wire_json.NotJson as error:
            raise Err(mat_wire.HandleErr_InJsonErr(str(error))) from None
        return _run(may_park, handler.call, value)

    def _reserved(self, req, may_park):
        """The answer to an op of the protocol's own."""
        global _is_first, _parked
        match req.op_name:
            case protocol.SETTLE:
                _open_streams()
                files.begin()
            case protocol.SCHEMA:
                return _schema(req.in_json)
            case protocol.PROFILE:
                return self._profile(req.in_json)
            case protocol.RESEED if _handlers is not None:
                _is_first = True
                return "null"
            case protocol.RESUME if _parked is not None:
                call, _parked = _parked, None
                return _run(may_park, call.bring, req.in_json)
        raise Err(mat_wire.HandleErr_NoHandler())

    def _profile(self, in_json):
        asked = wire_json.decode(in_json)
        req = mat_wire.HandleReq(asked["op"], asked["input"])
        profile = profiling.Profile()
        try:
            with profile:
                outcome = {"output": self.handle(req, may_park=False)}
        except Err as error:
            match error.value:
                case mat_wire.HandleErr_InJsonErr(text):
                    outcome = {"in-json-err": text}
                case mat_wire.HandleErr_HandlerErr(text):
                    outcome = {"handler-err": text}
                case _:
                    raise
        return wire_json.encode(outcome | {"stacks": profile.stacks()})


def _run(may_park, call, argument):
    """What the user's `call` of `argument` returns, as JSON; or that it is parked."""
    global _is_first, _parked
    if _is_first:
        _is_first = False
        randomness.renew()
    result = None
    try:
        result = call(argument)
        if type(result) is CoroutineCall:
            running = result
            result = running.run(may_park and _parked is None)
            if result is coroutine_call.PARKED:
                _parked = running
                return protocol.PARKED
    except BaseException as error:
        raise Err(mat_wire.HandleErr_HandlerErr(failure(error))) from None
    finally:
        if result is not coroutine_call.PARKED:
            turns.finish()
            output.flush_logs()
        _flush()
    try:
        return wire_json.encode(result)
    except BaseException as error:
        raise Err(mat_wire.HandleErr_HandlerErr(result_failure(error))) from None


def forget():
    """Back to before `init`, but for what is imported."""
    global _handlers, _is_first, _parked
    _handlers = None
    _is_first = True
    _parked = None
    files.show(())


def _schema(in_json):
    handler = (_handlers or {}).get(wire_json.decode(in_json))
    if handler is None:
        raise Err(mat_wire.HandleErr_NoHandler())
    try:
        return wire_json.encode(handler.schema())
    except BaseException as error:
        raise Err(mat_wire.HandleErr_HandlerErr(failure(error))) from None


def _open_streams():
    for stream in (sys.stdout, sys.stderr):
        # An empty write would be skipped, and the handle stay closed.
        stream.write("\n")
        stream.flush()


def _flush():
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except BaseException:
            # User code may have put anything there.
            pass
