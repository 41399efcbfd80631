"""The shop's orders.

As of today.
"""

import builtins

from host.orders import ItemInput, Order, Payment, Sorted, Status


async def find(id: int) -> Order:
    """Finds an order by its id.

    id: The order's number.
    """


async def list(customer: str, status: Status | None = ..., limit: int = 10, *, order: Sorted) -> builtins.list[Order]:
    """Lists a customer's orders.

    status: All, unless given.
    order: Oldest or newest first.
    """


async def place(items: builtins.list[ItemInput], payment: Payment, note: str | None = ...) -> Order:
    """Places an order."""
