def invoice(order: dict) -> str:
    """The order as text, for a letter."""
    parcel = f"parcel {order['shipping']:.2f}" if order["shipping"] else "parcel free"
    return f"{order['lines']} lines, {parcel}, to pay {order['total']:.2f}"
