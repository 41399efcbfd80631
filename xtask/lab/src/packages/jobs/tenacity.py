import tenacity


def retried(given=3):
    """Tries again until it works, or no more."""
    calls, waits = [], []

    @tenacity.retry(
        stop=tenacity.stop_after_attempt(given),
        wait=tenacity.wait_exponential(),
        sleep=waits.append,
        retry=tenacity.retry_if_exception_type(ValueError),
    )
    def flaky(working):
        calls.append(1)
        if len(calls) < working:
            raise ValueError(len(calls))
        return "ok"

    results = [flaky(3)]
    calls.clear()
    try:
        flaky(9)
    except tenacity.RetryError as error:
        results.append(error.last_attempt.attempt_number)
    return [results, waits]


async def asynchronous(given=2):
    """Tries a coroutine again."""
    tried = []
    async for attempt in tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_fixed(0.001)
    ):
        with attempt:
            tried.append(attempt.retry_state.attempt_number)
            if len(tried) <= given:
                raise OSError
    return tried
