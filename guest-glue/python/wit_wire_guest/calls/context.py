"""The object that functions ask their host through."""

from ..errors.hostcall_error import HostcallError
from .hostcalls import hostcall, hostcall_async


class Context:
    """The second argument of a function that takes one."""

    HostcallError = HostcallError

    def hostcall(self, op, payload=None):
        """Runs the host's op `op` on `payload` and returns its answer.

        Raises `HostcallError` if the host answers with an error.
        """
        return hostcall(op, payload)

    def gql(self, query, variables=None):
        """Runs a GraphQL query through the host's op `gql`, and returns the whole response body."""
        return self.hostcall("gql", {"query": query, "variables": variables or {}})

    __call__ = gql


class CellContext(Context):
    """The same for cells, which wait for an answer or await it."""

    async def hostcall_async(self, op, payload=None):
        """The same as `hostcall`, to be awaited. What is awaited together runs concurrently."""
        return await hostcall_async(op, payload)


class AsyncContext(Context):
    """The same for a coroutine function, which awaits the answers."""

    async def hostcall(self, op, payload=None):
        return await hostcall_async(op, payload)

    async def gql(self, query, variables=None):
        return await self.hostcall("gql", {"query": query, "variables": variables or {}})

    __call__ = gql
