async def order(order, ctx):
    customer = order["customer"]
    total = sum(line["price"] * line["quantity"] for line in order["lines"])
    if total > 100 and not await ctx.hostcall("approval", {"customer": customer, "total": total}):
        return "refused"
    receipt = await ctx.hostcall("charge", {"customer": customer, "total": total})
    return f"{customer} paid {total:.2f}, receipt {receipt}"
