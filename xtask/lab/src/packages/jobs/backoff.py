import backoff


def retried(given=3):
    """Tries again with growing pauses."""
    seen, calls = [], []

    @backoff.on_exception(
        backoff.expo,
        ValueError,
        max_tries=given,
        factor=0.001,
        jitter=None,
        on_backoff=lambda details: seen.append(details["tries"]),
        on_giveup=lambda details: seen.append("gave up"),
    )
    def failing():
        calls.append(1)
        raise ValueError

    try:
        failing()
    except ValueError:
        return [len(calls), seen]
