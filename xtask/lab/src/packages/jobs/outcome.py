import outcome


def captured(given=[1, 0]):
    """Keeps what functions return or raise."""
    results = [outcome.capture(lambda n=n: 1 / n) for n in given]
    return [str(result) for result in results]
