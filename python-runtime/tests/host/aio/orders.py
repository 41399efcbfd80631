"""The shop's orders.

As of today.
"""

import builtins

from host.orders import ItemInput, Order, Payment, Sorted, Status
from wit_wire_guest.calls.context import hostcall_async as _hostcall_async


async def find(id: int) -> Order:
    """Finds an order by its id.

    id: The order's number.
    """
    return await _hostcall_async("orders.find", {"id": id})


async def list(customer: str, status: Status | None = ..., limit: int = 10, *, order: Sorted) -> builtins.list[Order]:
    """Lists a customer's orders.

    status: All, unless given.
    order: Oldest or newest first.
    """
    _payload = {"customer": customer, "limit": limit, "order": order}
    if status is not ...:
        _payload["status"] = status
    return await _hostcall_async("orders.list", _payload)


async def place(items: builtins.list[ItemInput], payment: Payment, note: str | None = ...) -> Order:
    """Places an order."""
    _payload = {"items": items, "payment": payment}
    if note is not ...:
        _payload["note"] = note
    return await _hostcall_async("orders.place", _payload)
