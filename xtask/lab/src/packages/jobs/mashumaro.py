from dataclasses import dataclass, field
from datetime import date
from typing import Optional

from mashumaro.exceptions import MissingField
from mashumaro.jsonschema import build_json_schema
from mashumaro.mixins.json import DataClassJSONMixin


@dataclass
class Position(DataClassJSONMixin):
    day: date
    amount: float
    tags: list[str] = field(default_factory=list)
    note: Optional[str] = None


def made(given='{"day": "2026-01-02", "amount": 1.5, "tags": ["a"]}'):
    """Makes data classes of JSON by generated code, and their schema."""
    position = Position.from_json(given)
    try:
        Position.from_dict({})
        missing = None
    except MissingField as error:
        missing = str(error).split(" of type")[0]
    return [position.to_dict(), missing, build_json_schema(Position).to_dict()]
