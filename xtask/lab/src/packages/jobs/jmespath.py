import jmespath


def queries(
    given={
        "people": [{"name": "a", "age": 30}, {"name": "b", "age": 50}],
        "x": {"y": [[1, 2], [3]]},
    }
):
    """Asks documents by expressions."""
    asked = [
        "people[?age > `40`].name",
        "sort_by(people, &age)[-1].name",
        "x.y[]",
        "people[*].{n: name, a: to_string(age)}",
        "length(people)",
        "max(people[].age)",
    ]
    return [jmespath.search(text, given) for text in asked]
