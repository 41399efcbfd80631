import sqlglot
from sqlglot import exp
from sqlglot.executor import execute
from sqlglot.optimizer import optimize


def transpiled(given="SELECT IFNULL(`a`, 0), DATE_ADD(d, INTERVAL 1 DAY) FROM t LIMIT 2, 3"):
    """Translates SQL between dialects, and says where it is wrong."""
    try:
        sqlglot.parse_one("SELECT foo( FROM t")
        wrong = None
    except sqlglot.ParseError as error:
        wrong = [[one["line"], one["col"]] for one in error.errors]
    return [
        [
            sqlglot.transpile(given, read="mysql", write=dialect)
            for dialect in ("duckdb", "postgres", "bigquery")
        ],
        wrong,
    ]


def executed(given=[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]):
    """Optimises a query, finds its tables and executes it in Python."""
    query = "SELECT t.n, COUNT(*) AS c FROM t JOIN u ON t.id = u.id WHERE 1 = 1 GROUP BY t.n ORDER BY t.n"
    tables = {"t": given, "u": [{"id": 1}, {"id": 1}, {"id": 2}]}
    result = execute(query, tables=tables)
    optimised = optimize(
        sqlglot.parse_one("SELECT a FROM (SELECT a, b FROM x) AS y WHERE 1 = 1 AND b > 1"),
        schema={"x": {"a": "int", "b": "int"}},
    )
    names = sorted(table.name for table in sqlglot.parse_one(query).find_all(exp.Table))
    return [list(result.columns), [list(line) for line in result.rows], optimised.sql(), names]
