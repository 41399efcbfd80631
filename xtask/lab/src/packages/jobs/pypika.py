from pypika import Order, Query, Table
from pypika import functions as fn


def built(given="O'Hara"):
    """Builds SQL."""
    users, orders = Table("users"), Table("orders")
    query = (
        Query.from_(users)
        .join(orders)
        .on(users.id == orders.user_id)
        .select(users.name, fn.Sum(orders.total).as_("t"))
        .where(users.name == given)
        .groupby(users.name)
        .orderby(users.name, order=Order.desc)
        .limit(3)
    )
    return [
        str(query),
        str(Query.into(users).columns("id", "name").insert(1, given)),
        str(Query.update(users).set(users.name, given).where(users.id.isin([1, 2]))),
    ]
