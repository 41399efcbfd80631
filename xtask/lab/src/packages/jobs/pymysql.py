import pymysql
from pymysql.converters import escape_item, escape_string


def escaped(given=["O'Hara", 1, None, 2.5, "\\n"]):
    """Escapes values, and reads its errors' codes."""
    return [
        [escape_item(value, "utf8mb4") for value in given],
        escape_string("a'b\"c"),
        pymysql.err.raise_mysql_exception.__name__,
        [pymysql.constants.ER.DUP_ENTRY, pymysql.apilevel, pymysql.paramstyle],
    ]
