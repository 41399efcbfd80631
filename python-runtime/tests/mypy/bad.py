"""Code that the host's modules don't allow, each line with what mypy says of it."""

from host import lists  # error: attr-defined
from host import orders, stock
from host.aio import orders as orders_aio

orders.find("7")  # error: arg-type
orders.find()  # error: call-arg
orders.find(number=7)  # error: call-arg
orders.lose(7)  # error: attr-defined
orders.list("Ada", "lost", order="newest")  # error: arg-type
orders.list("Ada", "open", 10, "newest")  # error: misc
orders.place([{"quantity": 1}], "invoice")  # error: typeddict-item
orders.place([], "cash")  # error: arg-type
orders.place([], {"card": {"number": "1"}})  # error: arg-type
orders.find(7)["customer"]  # error: typeddict-item
stock.count("tea") + "1"  # error: operator
stock.add(("tea", "1"))  # error: arg-type


async def later() -> None:
    orders_aio.find(7)["id"]  # error: index
