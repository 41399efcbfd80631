import pyparsing as pp


def calculator(given=["1 + 2 * (3 - 4)", "2 ^ 3 ^ 2", "1 +", "a"]):
    """Parses arithmetic by precedence, and says where it is wrong."""
    term = pp.infix_notation(
        pp.common.number,
        [
            ("^", 2, pp.OpAssoc.RIGHT),
            (pp.one_of("* /"), 2, pp.OpAssoc.LEFT),
            (pp.one_of("+ -"), 2, pp.OpAssoc.LEFT),
        ],
    )
    results = []
    for text in given:
        try:
            results.append(term.parse_string(text, parse_all=True).as_list())
        except pp.ParseException as error:
            results.append([error.lineno, error.column])
    return results
