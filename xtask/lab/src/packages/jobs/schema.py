from schema import And, Optional, Or, Schema, SchemaError, Use


def checked(
    given=[{"name": "Sue", "age": "28"}, {"name": "", "age": 1}, {"name": "x", "age": "y"}]
):
    """Checks and converts documents."""
    schema = Schema(
        {
            "name": And(str, len),
            "age": And(Use(int), lambda n: 18 <= n <= 99),
            Optional("sex"): Or("f", "m"),
        }
    )
    results = []
    for data in given:
        try:
            results.append(schema.validate(data))
        except SchemaError as error:
            results.append(type(error).__name__)
    return results
