from dataclasses import dataclass
from enum import Enum
from typing import Optional

import dacite


class Kind(Enum):
    A = "a"


@dataclass
class Address:
    city: str


@dataclass
class User:
    name: str
    kind: Kind
    addresses: list[Address]
    age: Optional[int] = None


def made(
    given=[
        {"name": "x", "kind": "a", "addresses": [{"city": "c"}]},
        {"name": 1, "kind": "a", "addresses": []},
        {"kind": "a"},
    ]
):
    """Makes data classes of dictionaries, and says what is wrong."""
    results = []
    for data in given:
        try:
            results.append(
                str(dacite.from_dict(User, data, dacite.Config(cast=[Enum])).addresses[0].city)
            )
        except dacite.DaciteError as error:
            results.append(str(error))
    return results
