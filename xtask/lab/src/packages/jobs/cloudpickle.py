import pickle

import cloudpickle


def functions(given=[1, 2, 3]):
    """Pickles closures, generators' functions and classes by value."""

    class Adder:
        def __init__(self, n):
            self.n = n

        def __call__(self, x):
            return x + self.n

    def squares(values):
        yield from (value * value for value in values)

    adder, square = pickle.loads(cloudpickle.dumps([Adder(10), squares]))
    return [adder(1), list(square(given))]
