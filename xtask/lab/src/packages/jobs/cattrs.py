from datetime import date
from typing import Optional, Union

import attrs
import cattrs


@attrs.define
class Cat:
    lives: int


@attrs.define
class Dog:
    bones: list[str]


@attrs.define
class Owner:
    pet: Union[Cat, Dog]
    since: Optional[int] = None


def structured(given=[{"pet": {"lives": 9}}, {"pet": {"bones": ["a"]}, "since": "3"}, {"pet": {}}]):
    """Makes classes of dictionaries, tells unions apart, and goes back."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(date, date.isoformat)
    results = []
    for data in given:
        try:
            owner = converter.structure(data, Owner)
            results.append([type(owner.pet).__name__, converter.unstructure(owner)])
        except Exception as error:
            results.append(cattrs.transform_error(error))
    return results
