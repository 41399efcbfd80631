import jsonpatch


def patched(given=[{"a": [1, 2], "b": {"c": 1}}, {"a": [1, 3, 2], "b": {"d": 1}}]):
    """Finds the difference of two documents, and applies it."""
    before, after = given
    patch = jsonpatch.make_patch(before, after)
    try:
        jsonpatch.apply_patch(before, [{"op": "test", "path": "/a/0", "value": 2}])
        refused = None
    except jsonpatch.JsonPatchTestFailed as error:
        refused = type(error).__name__
    return [patch.apply(before) == after, len(list(patch)) > 0, refused]
