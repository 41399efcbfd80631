from typeguard import TypeCheckError, check_type, typechecked


def checked(given=[[1, 2], ["x"], "no"]):
    """Checks values by annotations."""

    @typechecked
    def total(numbers: list) -> int:
        return sum(numbers)

    results = []
    for value in given:
        try:
            check_type(value, list[int])
            total(value)
            results.append("ok")
        except TypeCheckError as error:
            results.append(str(error))
    return results
