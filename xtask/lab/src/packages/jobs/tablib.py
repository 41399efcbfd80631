import tablib


def datasets(given=[["ada", 36], ["bob", 20]]):
    """Sorts, filters and exports tables."""
    data = tablib.Dataset(*map(tuple, given), headers=["name", "age"])
    return [
        data.export("csv"),
        data.export("json"),
        data.dict,
        data.sort("age").export("tsv"),
        tablib.Dataset().load("a,b\n1,2", format="csv")["a"],
    ]
