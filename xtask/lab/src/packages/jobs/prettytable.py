from prettytable import PrettyTable


def table(given=[["Adelaide", 1295], ["Brisbane", 5905], ["東京", 9]]):
    """Sorts and draws a table, and exports it."""
    table = PrettyTable(["City", "Area"])
    table.add_rows(given)
    table.sortby, table.align["City"] = "Area", "l"
    return [
        table.get_string(),
        table.get_csv_string(),
        table.get_html_string(),
        table.get_json_string(),
    ]
