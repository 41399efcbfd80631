from simpleeval import EvalWithCompoundTypes

TEXTS = ["x * 2 + f(3)", "[i for i in o['a']]", "().__class__", "9**9**9", "'a' * 10000000", "y"]


def evaluated(given=TEXTS):
    """Evaluates expressions of strangers, and refuses what they must not do."""
    results = []
    for text in given:
        try:
            names = {"x": 5, "o": {"a": [1, 2]}}
            results.append(
                EvalWithCompoundTypes(names=names, functions={"f": lambda a: a * 2}).eval(text)
            )
        except Exception as error:
            results.append(f"{type(error).__name__}: {error}")
    return results
