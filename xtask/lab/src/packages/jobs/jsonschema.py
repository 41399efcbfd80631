import jsonschema

SCHEMA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z]"},
        "tags": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/definitions/tag"}},
        "mail": {"format": "email"},
    },
    "definitions": {"tag": {"enum": ["a", "b"]}},
    "additionalProperties": False,
}


def checked(
    given=[
        {"name": "Ada", "tags": ["a"]},
        {"name": "ada", "tags": ["c", "c"], "x": 1},
        {},
        {"name": "X", "mail": "no"},
    ]
):
    """Checks documents by a schema, and tells all that is wrong and where."""
    checker = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    return [
        sorted([error.json_path, error.message] for error in checker.iter_errors(data))
        for data in given
    ]
