import dill

FACTOR = 4


def functions(given=2):
    """Pickles lambdas, closures and classes made in functions."""
    scaled = dill.loads(dill.dumps(lambda x: x * given))

    def make():
        class Local:
            def value(self):
                return 5

        return Local

    return [
        scaled(3),
        dill.loads(dill.dumps(make()))().value(),
        dill.loads(dill.dumps({"f": len}))["f"]("abc"),
    ]


def source(given=0):
    """Finds the source of a function."""
    return dill.source.getsource(functions).splitlines()[0]
