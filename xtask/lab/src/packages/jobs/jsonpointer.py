import jsonpointer


def found(given={"a": [{"b/c": 1}, {"~": 2}]}):
    """Finds and sets parts of a document."""
    pointers = ["", "/a/0/b~1c", "/a/1/~0", "/a/9", "x"]
    results = []
    for pointer in pointers:
        try:
            results.append(jsonpointer.resolve_pointer(given, pointer))
        except jsonpointer.JsonPointerException as error:
            results.append(str(error))
    return [results, jsonpointer.set_pointer(given, "/a/-", 3, inplace=False)]
