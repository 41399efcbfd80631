"""The protocol's two functions."""

import json
import random
import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import mat_wire

from . import ops, wire_json
from .failure import describe

VERSION = "0.0.1"

_handlers = None


class MatWire(exports.MatWire):
    def init(self, args):
        global _handlers
        if args.metatype_version != VERSION:
            raise Err(mat_wire.InitError_VersionMismatch(VERSION))
        if _handlers is not None:
            raise Err(mat_wire.InitError_Other("init comes once, and came before"))
        # The generator's state is part of the image, the same in every instance.
        random.seed()
        try:
            _handlers = ops.load(args.expected_ops)
        except ops.Unusable as error:
            raise Err(mat_wire.InitError_UnexpectedMat(error.op)) from None
        except ops.Failed as error:
            failure = {"op": error.op.op_name, **describe(error.error)}
            raise Err(mat_wire.InitError_Other(json.dumps(failure))) from None
        finally:
            _flush()
        return mat_wire.InitResponse(ok=True)

    def handle(self, req):
        handler = (_handlers or {}).get(req.op_name)
        if handler is None:
            raise Err(mat_wire.HandleErr_NoHandler())
        try:
            value = wire_json.decode(req.in_json)
        except wire_json.NotJson as error:
            raise Err(mat_wire.HandleErr_InJsonErr(str(error))) from None
        try:
            result = handler(value)
        except BaseException as error:
            raise _failed(error) from None
        finally:
            _flush()
        try:
            return wire_json.encode(result)
        except BaseException as error:
            # The frames are those of the encoder alone.
            raise _failed(error.with_traceback(None)) from None


def _failed(error):
    return Err(mat_wire.HandleErr_HandlerErr(json.dumps(describe(error))))


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            # User code may have put anything there.
            pass

