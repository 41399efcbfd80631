import jsondiff


def differences(given=[{"a": 1, "b": [1, 2, 3]}, {"a": 2, "b": [1, 3], "c": None}]):
    """Finds how documents differ, and applies that."""
    first, second = given
    found = jsondiff.diff(first, second, syntax="symmetric")
    return [
        str(found),
        jsondiff.patch(first, jsondiff.diff(first, second)) == second,
        round(jsondiff.similarity(first, second), 6),
    ]
