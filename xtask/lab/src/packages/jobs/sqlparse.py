import sqlparse


def formatted(
    given="select a,b from t where x in (1,2) and y='z' -- c\n; insert into t values (1)",
):
    """Splits, formats and takes apart SQL."""
    return [
        sqlparse.split(given),
        sqlparse.format(given, reindent=True, keyword_case="upper", strip_comments=True),
        [statement.get_type() for statement in sqlparse.parse(given)],
    ]
