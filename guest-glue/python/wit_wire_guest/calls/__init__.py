"""How a function is called, and how it asks its host.

Knows functions and hostcalls. Does not know op data, nor where modules come from.

- `hostcalls`: asking the host
- `context`: the object that functions ask through
- `loop`: asyncio, where hostcalls are what there is to wait for
- `coroutine_call`: a call of a coroutine function, which can be left while it waits
- `handler`: a function as something that is called with the input alone
- `profiling`: where a call spends its time
"""
