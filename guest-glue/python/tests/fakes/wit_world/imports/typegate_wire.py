import json

from componentize_py_types import Err

# What the host answers, by op: {"ok": value} or {"err": value}.
answers = {}


def hostcall(op_name, text):
    json.loads(text)
    answer = answers.get(
        op_name, {"err": {"code": "op_404", "message": f"the host has no op `{op_name}`"}}
    )
    if "err" in answer:
        raise Err(json.dumps(answer["err"]))
    return json.dumps(answer["ok"])
