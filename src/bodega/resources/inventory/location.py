"""Locations: where a store keeps what it sells. The first one, the default location, always exists."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Line, Long, Moment, moment
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

DEFAULT = 1
"""The id of the default location, which holds all the stock of a store that has no other."""

CODE = "BC-LOCATION-{}"
"""The code of a location that was given none."""

ZERO = Decimal(0)
Code = Annotated[str, msgspec.Meta(max_length=100)]
TypeId = Literal["PHYSICAL", "VIRTUAL"]
Hour = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]$")]
Unset = UnsetType


class Coordinates(msgspec.Struct, kw_only=True):
    """A point on the globe, in degrees."""

    latitude: Decimal
    longitude: Decimal

    def __post_init__(self) -> None:
        for name, most in (("latitude", 90), ("longitude", 180)):
            value = getattr(self, name)
            if not value.is_finite() or not -most <= value <= most:
                raise ValueError(f"must have a {name} from -{most} to {most}")


class Day(msgspec.Struct, kw_only=True):
    """The hours of one day of the week, by the clock of the location."""

    open: bool = False
    opening: Hour = "00:00"
    closing: Hour = "00:00"


class Week(msgspec.Struct, kw_only=True):
    """The hours of every day of the week."""

    sunday: Day = msgspec.field(default_factory=Day)
    monday: Day = msgspec.field(default_factory=Day)
    tuesday: Day = msgspec.field(default_factory=Day)
    wednesday: Day = msgspec.field(default_factory=Day)
    thursday: Day = msgspec.field(default_factory=Day)
    friday: Day = msgspec.field(default_factory=Day)
    saturday: Day = msgspec.field(default_factory=Day)


WEEKDAYS = Week.__struct_fields__


class SpecialDay(msgspec.Struct, kw_only=True):
    """A date with hours of its own."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    open: bool
    opening: Hour = "00:00"
    closing: Hour = "00:00"
    all_day: bool = False
    annual: bool = False


class Address(msgspec.Struct, kw_only=True):
    """Where it is. `country_code` is that of ISO 3166; without `geo_coordinates` it lies near to nothing."""

    address1: Line = ""
    address2: Line = ""
    city: Line = ""
    state: Line = ""
    zip: Line = ""
    email: Line = ""
    phone: Line = ""
    geo_coordinates: Coordinates | Unset = UNSET
    country_code: Annotated[str, msgspec.Meta(max_length=3)] = ""


class AddressDraft(msgspec.Struct, kw_only=True):
    """An address in a body; what it leaves out stays."""

    address1: Line | Unset = UNSET
    address2: Line | Unset = UNSET
    city: Line | Unset = UNSET
    state: Line | Unset = UNSET
    zip: Line | Unset = UNSET
    email: Line | Unset = UNSET
    phone: Line | Unset = UNSET
    geo_coordinates: Coordinates | Unset = UNSET
    country_code: Annotated[str, msgspec.Meta(max_length=3)] | Unset = UNSET


class Location(Entity, kw_only=True):
    """`enabled` says whether it takes part in selling, `managed_by_external_source` who has the last word on stock."""

    code: Code = ""
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    description: Long = ""
    managed_by_external_source: bool = False
    type_id: TypeId = "PHYSICAL"
    enabled: bool = True
    operating_hours: Week = msgspec.field(default_factory=Week)
    time_zone: Line = "Etc/UTC"
    created_at: Moment = ""
    updated_at: Moment = ""
    address: Address = msgspec.field(default_factory=Address)
    storefront_visibility: bool = True
    special_hours: Annotated[list[SpecialDay], AtMost(366)] = []


def default_location(unit: Unit) -> list[Location]:
    """Location 1, a default row of every store."""
    now = moment(unit.now)
    return [
        Location(
            id=DEFAULT, code=CODE.format(DEFAULT), label="Default location", created_at=now, updated_at=now
        )
    ]  # fmt: skip


TABLE = stored(
    "locations",
    Location,
    noun="location",
    columns="code type_id enabled managed_by_external_source storefront_visibility",
    computed={
        "code_key": ("TEXT", lambda location: caseless(location.code)),
        "is_default": ("BOOLEAN", lambda location: location.id == DEFAULT),
    },
    uniques=[Unique(("code_key",), "code", "A location with this code exists.")],
    first=default_location,
)
