"""Code that the host's modules allow."""

from host import HostcallError, aio, orders, stock
from host.aio import stock as stock_aio
from host.orders import ItemInput, Order, Payment


def numbers(customer: str) -> list[int]:
    found = orders.list(customer, "open", order="newest")
    found += orders.list(customer=customer, order="oldest", limit=3)
    return [order["id"] for order in found]


def find(id: int) -> Order | None:
    try:
        return orders.find(id)
    except HostcallError as error:
        if error.code == "missing":
            return None
        raise


def place(card: str) -> str:
    items: list[ItemInput] = [{"sku": "tea"}, {"sku": "cup", "quantity": 2}]
    payment: Payment = {"card": {"number": card, "valid-until": (2030, 1)}}
    order = orders.place(items, payment, note=None)
    orders.place(items=[], payment="invoice")
    for related in order["related"]:
        print(related["status"] == "open", related["items"][0]["quantity"] + 1)
    return order.get("note") or "none"


def counted() -> int:
    stock.add(("tea", 1))
    return stock.count("tea") + stock.counts()["cup"]


async def later() -> int:
    return (await stock_aio.count("tea")) + (await find_later(7))["id"]


async def find_later(id: int) -> Order:
    from host.aio import orders

    return await orders.find(id=id)


print(aio.__name__)
