import sqlglot


def transpile(text):
    return sqlglot.transpile(text, read="mysql", write="postgres")


def tables(text):
    return sorted(table.name for table in sqlglot.parse_one(text).find_all(sqlglot.exp.Table))
