import parso


def repaired(given="def f(x:\n  return x +\nclass A: pass\n"):
    """Parses Python with mistakes, and lists them."""
    grammar = parso.load_grammar(version="3.11")
    module = grammar.parse(given, cache=False)
    return [
        module.get_code() == given,
        sorted([*error.start_pos, error.message] for error in grammar.iter_errors(module)),
        [child.type for child in module.children],
    ]
