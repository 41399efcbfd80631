from cerberus import Validator


def checked(given=[{"age": 5, "name": "a"}, {"age": -1, "names": []}, {"age": "x"}]):
    """Checks and normalises documents."""
    schema = {
        "age": {"type": "integer", "min": 0, "required": True},
        "name": {"type": "string", "default": "none"},
    }
    validator = Validator(schema)
    return [[validator.validate(data), validator.errors, validator.document] for data in given]
