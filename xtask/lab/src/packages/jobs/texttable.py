from texttable import Texttable


def table(given=[["name", "n"], ["pen", 1.5], ["a long name that wraps", 20]]):
    """Draws a table with wrapped cells."""
    table = Texttable(max_width=30)
    table.set_cols_align(["l", "r"])
    table.add_rows(given)
    return table.draw()
