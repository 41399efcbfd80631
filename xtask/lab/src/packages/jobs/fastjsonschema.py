import fastjsonschema


def compiled(given=[{"a": 1}, {"a": "x"}, {"a": 1, "b": [1, 1]}]):
    """Compiles a schema to Python and checks documents by it."""
    check = fastjsonschema.compile(
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"uniqueItems": True, "default": []}},
        }
    )
    results = []
    for data in given:
        try:
            results.append(check(data))
        except fastjsonschema.JsonSchemaValueException as error:
            results.append([error.message, error.path])
    return results
