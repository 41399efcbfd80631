from decimal import Decimal

RATES = {"food": Decimal("0.10"), "books": Decimal("0.05")}
USUAL = Decimal("0.20")


def on(item) -> Decimal:
    return Decimal(str(item["price"])) * RATES.get(item["kind"], USUAL)
