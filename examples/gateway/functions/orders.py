ORDERS = [
    {"id": 1, "customer": 7, "total": 29.9, "paid": True},
    {"id": 2, "customer": 7, "total": 12.5, "paid": False},
    {"id": 3, "customer": 8, "total": 99.0, "paid": False},
]


def of_customer(parent: dict, paid: bool | None = None):
    """The orders of a customer: `parent` is the object that the query asks this of."""
    mine = (order for order in ORDERS if order["customer"] == parent["id"])
    return [order for order in mine if paid is None or order["paid"] == paid]


def order(id: int):
    """An order by number, or null."""
    return next((order for order in ORDERS if order["id"] == id), None)
