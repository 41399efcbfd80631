"""A host that parks calls, in a time of its own."""

import json
import sys
import types
from pathlib import Path
from unittest import mock

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "fakes"), str(HERE.parent)]

from componentize_py_types import Err  # noqa: E402
from wit_world.exports import mat_wire  # noqa: E402
from wit_world.imports import typegate_wire  # noqa: E402

from wit_wire_guest import app  # noqa: E402
from wit_wire_guest.calls import loop  # noqa: E402

FIELDS = {"calls", "cancel", "wait", "park"}


class Host:
    """Runs hostcalls in a time of its own: `same` answers its payload after that many seconds."""

    def __init__(self, parks=lambda: False, fields=FIELDS, has_batches=True):
        self.now = 0.0
        self.parks = parks
        self.fields = fields
        self.has_batches = has_batches
        self.in_flight = {}
        self.batches = []
        self.parked = 0
        self.slept = 0.0

    def hostcall(self, op, text):
        if op == "wit-wire:batch" and self.has_batches:
            return self.batch(json.loads(text))
        if op.startswith("wit-wire:"):
            raise refusal("op_404")
        due, outcome = self.begin(op, json.loads(text))
        self.now = due
        if "err" in outcome:
            raise Err(json.dumps(outcome["err"]))
        return json.dumps(outcome["ok"])

    def batch(self, batch):
        if batch.keys() - self.fields:
            raise refusal("op_400")
        self.batches.append(batch)
        for id in batch["cancel"]:
            self.in_flight.pop(id, None)
        for call in batch["calls"]:
            assert call["id"] not in self.in_flight
            self.in_flight[call["id"]] = self.begin(call["op"], call["payload"])
        self.waits_for = batch
        if batch.get("park") and self.parks():
            self.parked += 1
            return '"park"'
        return self.answers()

    def begin(self, op, payload):
        match op:
            case "same":
                return self.now + payload, {"ok": payload}
            case "fail":
                error = {"code": "refused", "message": str(payload)}
                return self.now + payload, {"err": error}
            case "never":
                return float("inf"), None

    def answers(self):
        """What a batch, or the one that the guest parked with, is answered."""
        wait = self.waits_for["wait"]
        due = min((due for due, _ in self.in_flight.values()), default=None)
        if due is None and not self.waits_for.get("park"):
            wait = 0
        limits = [due, None if wait is None else self.now + wait]
        self.now = max(self.now, min(limit for limit in limits if limit is not None))
        found = [(due, id, out) for id, (due, out) in self.in_flight.items() if due <= self.now]
        for _, id, _ in found:
            del self.in_flight[id]
        answers = [{"id": id, **outcome} for _, id, outcome in sorted(found, key=lambda f: f[:2])]
        return json.dumps(answers)

    def sleep(self, seconds):
        self.slept += seconds
        self.now += seconds

    def __enter__(self):
        self.patches = [
            mock.patch.object(typegate_wire, "hostcall", self.hostcall),
            mock.patch.object(loop, "time", types.SimpleNamespace(sleep=self.sleep)),
            mock.patch.object(loop.Loop, "time", lambda _: self.now),
            mock.patch.object(loop, "_offers_park", True),
        ]
        for patch in self.patches:
            patch.start()
        return self

    def __exit__(self, *_):
        for patch in self.patches:
            patch.stop()


def refusal(code):
    return Err(json.dumps({"code": code, "message": "refused"}))


def ask(op, text):
    """What the guest answers, as it stands on the wire."""
    try:
        return app.MatWire().handle(mat_wire.HandleReq(op, text))
    except Err as error:
        return error.value
