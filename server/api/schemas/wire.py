"""What all shapes share: strict objects, times, codes, references to places and people."""

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.functional_validators import AfterValidator

from redwhistle.contracts.ids import Text
from redwhistle.places.model import Level


def codes(*enums: type[Enum]) -> WithJsonSchema:
    """The schema of a text that is one of these codes.

    For answers: what a newer program wrote into the database is passed on instead of failing a whole list.
    """
    return WithJsonSchema(
        {"type": "string", "enum": [str(member.value) for enum in enums for member in enum]}
    )


def in_utc(value: datetime) -> datetime:
    """The same moment in UTC."""
    return value.astimezone(UTC)


def write_time(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_TIME = {"type": "string", "format": "date-time", "examples": ["2026-05-24T08:49:00.120Z"]}
Time = Annotated[
    datetime, PlainSerializer(write_time, return_type=str), WithJsonSchema(_TIME, mode="serialization")
]
"""A moment in an answer."""
GivenTime = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""A moment in a request: RFC 3339 with `Z` or an offset."""
LonLat = Annotated[
    tuple[float, float],
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
            "examples": [[102.71, 25.04]],
        }
    ),
]
"""Longitude, latitude in degrees, WGS-84."""
Lang = Annotated[str, Field(pattern="^(zh|en)$"), WithJsonSchema({"type": "string", "enum": ["zh", "en"]})]
LevelCode = Annotated[str, codes(Level)]
Reason = Annotated[Text, Field(max_length=1000)]


class Shape(BaseModel):
    """An object in an answer."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Asked(BaseModel):
    """An object in a request: an unknown field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PersonName(Shape):
    """Who did something: the log-in and the name to show. `name` is the log-in itself where no account is called so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"login": "zhangwei", "name": "张伟"}]})

    login: str
    name: str


class PlaceRef(Shape):
    """A place of the tree by id, level and names."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "jinsha-g3", "level": "grid", "name_zh": "金沙3网格", "name_en": "Jinsha grid 3"}
            ]
        }
    )

    id: str
    level: LevelCode
    name_zh: str
    name_en: str


class Named(Shape):
    """Something with an id and names in both languages (`name_en` may be empty)."""

    id: str
    name_zh: str
    name_en: str
