from pyrsistent import (
    CheckedPVector,
    InvariantException,
    PRecord,
    field,
    freeze,
    m,
    pmap,
    pvector,
    thaw,
)


class Point(PRecord):
    x = field(type=int, mandatory=True, invariant=lambda x: (x >= 0, "negative"))


class Numbers(CheckedPVector):
    __type__ = int


def persistent(given={"a": [1, {"b": 2}]}):
    """Changes data that stay as they were."""
    frozen = freeze(given)
    changed = frozen.transform(["a", 1, "b"], lambda n: n + 1)
    try:
        Point(x=-1)
        refused = None
    except InvariantException as error:
        refused = list(error.invariant_errors)
    vector = pvector(range(100)).set(50, "x").append(1)
    return [
        thaw(frozen),
        thaw(changed),
        refused,
        len(vector),
        vector[50],
        dict(m(a=1) + pmap({"b": 2})),
        list(Numbers([1, 2])),
    ]
