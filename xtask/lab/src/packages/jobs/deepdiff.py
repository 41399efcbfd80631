import json

from deepdiff import DeepDiff, DeepHash, Delta, extract


def differences(
    given=[{"a": [1, 2, {"b": 1}], "s": "x"}, {"a": [1, 3, {"b": 1, "c": 2}], "t": "x"}]
):
    """Finds how data differ, applies that, and searches in them."""
    before, after = given
    found = DeepDiff(before, after)
    return [
        json.loads(found.to_json()),
        Delta(found) + before == after,
        extract(after, "root['a'][2]['c']"),
        DeepHash("x")["x"] == DeepHash("x")["x"],
        DeepDiff([1, 2], [2, 1], ignore_order=True) == {},
    ]
