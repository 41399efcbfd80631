"""The shop's orders.

As of today.
"""

import builtins
from typing import Literal, NotRequired, TypeAlias, TypedDict

from wit_wire_guest.calls.context import hostcall as _hostcall


Status: TypeAlias = Literal["open", "shipped"]
"""Where an order stands."""


class Item(TypedDict):
    """A line of an order."""

    sku: str
    """What is bought."""
    quantity: int


class Order(TypedDict):
    """An order."""

    id: int
    status: Status
    items: builtins.list[Item]
    note: NotRequired[str | None]
    """What the customer said, word for word ("leave it at the \\door")."""
    related: "builtins.list[Order]"
    """Orders that were sent along."""


Sorted: TypeAlias = Literal["oldest", "newest"]


class ItemInput(TypedDict):
    """A line of an order."""

    sku: str
    """What is bought."""
    quantity: NotRequired[int]


PaymentCardCard = TypedDict("PaymentCardCard", {
    "number": str,
    "valid-until": tuple[int, int],
})


class PaymentCard(TypedDict):
    card: PaymentCardCard


Payment: TypeAlias = Literal["invoice"] | PaymentCard
"""How an order is paid."""


def find(id: int) -> Order:
    """Finds an order by its id.

    id: The order's number.
    """
    return _hostcall("orders.find", {"id": id})


def list(customer: str, status: Status | None = ..., limit: int = 10, *, order: Sorted) -> builtins.list[Order]:
    """Lists a customer's orders.

    status: All, unless given.
    order: Oldest or newest first.
    """
    _payload = {"customer": customer, "limit": limit, "order": order}
    if status is not ...:
        _payload["status"] = status
    return _hostcall("orders.list", _payload)


def place(items: builtins.list[ItemInput], payment: Payment, note: str | None = ...) -> Order:
    """Places an order."""
    _payload = {"items": items, "payment": payment}
    if note is not ...:
        _payload["note"] = note
    return _hostcall("orders.place", _payload)
