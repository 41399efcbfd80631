import attrs


@attrs.define
class Item:
    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    price: float = attrs.field(converter=float, validator=attrs.validators.ge(0))
    tags: list = attrs.field(factory=list)


def defined_classes(given=[["pen", "1.5"], ["cup", -2], [3, 1]]):
    """Makes objects with converters and validators, and tells what is refused."""
    made = []
    for name, price in given:
        try:
            made.append(attrs.asdict(Item(name, price)))
        except (TypeError, ValueError) as error:
            made.append(type(error).__name__)
    return made


def evolved(given={"name": "pen", "price": 1}):
    """Compares and changes objects that can't be changed in place."""
    item = attrs.make_class("Frozen", ["name", "price"], frozen=True)(**given)
    other = attrs.evolve(item, price=2)
    return [attrs.asdict(other), item == other, hash(item) == hash(attrs.evolve(item)), repr(other)]
