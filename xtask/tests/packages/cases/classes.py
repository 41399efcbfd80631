import attrs


@attrs.define
class Point:
    x: int = attrs.field(validator=attrs.validators.instance_of(int))
    y: int = 0


def moved(x):
    return attrs.asdict(attrs.evolve(Point(x), y=5))
