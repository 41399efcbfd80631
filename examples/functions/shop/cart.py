from decimal import Decimal

from . import CURRENCY, tax


def total(cart):
    net = sum(Decimal(str(item["price"])) for item in cart)
    due = sum(tax.on(item) for item in cart)
    return {"net": str(net), "tax": f"{due:.2f}", "total": f"{net + due:.2f}", "currency": CURRENCY}
