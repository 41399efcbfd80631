"""The protocol's two functions."""

import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import mat_wire

from . import ops, wire_json
from .calls import profiling
from .errors.failure import failure, result_failure
from .protocol import PROFILE, SCHEMA, SETTLE, VERSION
from .runtime import randomness

_handlers = None

# Whether no call has run since `init`, or since memory was restored to what `init` left.
_is_first = True


class MatWire(exports.MatWire):
    def init(self, args):
        global _handlers
        if args.metatype_version != VERSION:
            raise Err(mat_wire.InitError_VersionMismatch(VERSION))
        if _handlers is not None:
            raise Err(mat_wire.InitError_Other("init was already called"))
        # Also if it fails: what the ops imported until then stays.
        _handlers = {}
        # As in an interpreter that is embedded: `argparse` and others take the program's name from
        # here. The list itself is replaced, since the runtime empties the one that was there at
        # each start.
        sys.argv = [""]
        randomness.forget()
        try:
            _handlers = ops.load(args.expected_ops)
        except ops.Unusable as error:
            raise Err(mat_wire.InitError_UnexpectedMat(error.op)) from None
        except ops.Failed as error:
            raise Err(mat_wire.InitError_Other(failure(error.error, op=error.op.op_name))) from None
        finally:
            _flush()
        return mat_wire.InitResponse(ok=True)

    def handle(self, req):
        global _is_first
        handler = (_handlers or {}).get(req.op_name)
        if handler is None:
            if req.op_name == SETTLE:
                _open_streams()
            if req.op_name == SCHEMA:
                return _schema(req.in_json)
            if req.op_name == PROFILE:
                return self._profile(req.in_json)
            raise Err(mat_wire.HandleErr_NoHandler())
        if _is_first:
            _is_first = False
            randomness.renew()
        try:
            value = wire_json.decode(req.in_json)
        except wire_json.NotJson as error:
            raise Err(mat_wire.HandleErr_InJsonErr(str(error))) from None
        try:
            result = handler.call(value)
        except BaseException as error:
            raise Err(mat_wire.HandleErr_HandlerErr(failure(error))) from None
        finally:
            _flush()
        try:
            return wire_json.encode(result)
        except BaseException as error:
            raise Err(mat_wire.HandleErr_HandlerErr(result_failure(error))) from None

    def _profile(self, in_json):
        asked = wire_json.decode(in_json)
        req = mat_wire.HandleReq(asked["op"], asked["input"])
        profile = profiling.Profile()
        try:
            with profile:
                outcome = {"output": self.handle(req)}
        except Err as error:
            match error.value:
                case mat_wire.HandleErr_InJsonErr(text):
                    outcome = {"in-json-err": text}
                case mat_wire.HandleErr_HandlerErr(text):
                    outcome = {"handler-err": text}
                case _:
                    raise
        return wire_json.encode(outcome | {"stacks": profile.stacks()})


def forget():
    """Back to before `init`, but for what is imported."""
    global _handlers, _is_first
    _handlers = None
    _is_first = True


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
