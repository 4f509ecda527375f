"""Shipping methods: what it costs to send an order into a zone, by a table of the store's own or a carrier's rates."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.access.providers import SHIPPING, provider_of
from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Ids, clean_decimal, structured
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.shipping import zones
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Link, Reference
from bodega.storage.unit import Unit

TYPES = frozenset(
    [
        "perorder",
        "peritem",
        "weight",
        "total",
        "auspost",
        "canadapost",
        "endicia",
        "usps",
        "fedex",
        "royalmail",
        "upsready",
        "zoom2u",
        "freeshipping",
    ]
)
Type = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
"""One of `TYPES`, or the id of a shipping provider that is registered in the store."""

FLAT = frozenset({"perorder", "peritem"})
RANGED = frozenset({"weight", "total"})


class Range(msgspec.Struct, kw_only=True):
    """The cost for a weight or a total from the lower limit up to, but not including, the upper one."""

    lower_limit: Decimal
    upper_limit: Decimal
    shipping_cost: Decimal

    def __post_init__(self) -> None:
        self.lower_limit = clean_decimal(self.lower_limit)
        self.upper_limit = clean_decimal(self.upper_limit)
        self.shipping_cost = clean_decimal(self.shipping_cost)
        if self.lower_limit >= self.upper_limit:
            raise ValueError("must have ranges whose lower_limit is less than their upper_limit")


class MethodSettings(msgspec.Struct, kw_only=True):
    """`rate` for the flat types, a default and ranges for those by weight or total, options for a carrier."""

    rate: Decimal | UnsetType = UNSET
    default_cost: Decimal | UnsetType | None = UNSET
    default_cost_type: Literal["percentage_of_total", "fixed_amount"] | UnsetType = UNSET
    range: Annotated[list[Range], AtMost(1_000)] | UnsetType = UNSET
    carrier_options: dict[str, Any] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.rate is not UNSET:
            self.rate = clean_decimal(self.rate)
        if isinstance(self.default_cost, Decimal):
            self.default_cost = clean_decimal(self.default_cost)
        if self.range is not UNSET:
            self.range = sorted(self.range, key=lambda part: part.lower_limit)
            for one, other in zip(self.range, self.range[1:], strict=False):
                if other.lower_limit < one.upper_limit:
                    raise ValueError("must have ranges that do not overlap")


class Method(Entity, kw_only=True):
    """`is_fallback` methods are offered when no other has a price."""

    zone_id: int
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    type: Type
    settings: Annotated[MethodSettings, structured(MethodSettings)] = msgspec.field(default_factory=MethodSettings)
    enabled: bool = True
    handling_fees: Annotated[zones.HandlingFees, zones.HANDLING_FEES] = msgspec.field(
        default_factory=lambda: zones.HandlingFees(fixed_surcharge=Decimal(0))
    )
    is_fallback: bool = False
    channel_ids: Ids = []


TABLE = stored(
    "shipping_methods",
    Method,
    noun="shipping method",
    columns="zone_id type enabled",
    indexed="zone_id",
    references=[Reference("zone_id", "shipping_zones", "zone_id", "The shipping zone does not exist.", "CASCADE")],
    links=[
        Link(
            "shipping_method_channels", "method_id", "channel_id", "channels", "channel_ids",
            "One or more channels do not exist.", lambda method: method.channel_ids,
        )
    ],
)  # fmt: skip

v2 = V2Shape(
    Method,
    "shipping_methods",
    "shipping_method",
    "id! name* type* settings enabled handling_fees is_fallback channel_ids",
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, ""),
    "store_v2_information",
    "shipping/zones/{}/methods",
    v2=v2,
    created=200,
    parents=(Parent("zone_id", zones.TABLE),),
)

# The older view: all enabled methods, by the names that coupons use.
brief = V2Shape(
    Method,
    "shipping_methods",
    "shipping_method",
    "id! name! method_name!",
    {"name": Alias("name"), "method_name": Derived(lambda method: word(method.type))},
)
ENABLED = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "id min_id max_id"),
    "store_v2_information",
    "shipping/methods",
    v2=brief,
    only={"enabled": True},
)

routes = (
    collection("shipping/zones/{id}/methods", V2, "GET POST"),
    item("shipping/zones/{id}/methods/{id}", V2),
    collection("shipping/methods", ENABLED, "GET"),
    item("shipping/methods/{id}", ENABLED, "GET"),
)


def word(kind: str) -> str:
    """The name that coupons use for the methods of a type."""
    return f"shipping_{kind}"


async def words_in_use(unit: Unit) -> set[str]:
    """The names of all enabled methods."""
    return {
        word(kind) for kind in await query.values(unit.tx, "SELECT DISTINCT type FROM shipping_methods WHERE enabled")
    }


async def default_to_all_channels(unit: Unit, changes: Changes, old: Method | None, _notes: list[Fault]) -> None:
    """A method without channels is offered on all existing ones."""
    if old is None and not changes.get("channel_ids"):
        changes["channel_ids"] = await query.values(unit.tx, "SELECT id FROM channels ORDER BY id")


async def check_method_settings(unit: Unit, old: Method | None, new: Method) -> None:
    """Every order can be priced: a flat type has a rate, the others have ranges or a default."""
    faults = []
    settings = new.settings
    changed = old is None or old.type != new.type
    if changed and new.type not in TYPES and provider_of(unit.terms.settings, SHIPPING, new.type) is None:
        known = ", ".join(sorted(TYPES))
        faults.append(invalid("type", f"must be one of {known}, or a shipping provider that the store has registered"))
    if new.type in FLAT and settings.rate is UNSET:
        faults.append(invalid("settings.rate", f"must be a number where the type is {new.type}"))
    if new.type in RANGED and not settings.range and not isinstance(settings.default_cost, Decimal):
        faults.append(invalid("settings.range", f"must be a list of ranges where the type is {new.type}"))
    if not new.channel_ids:
        faults.append(invalid("channel_ids", "must name at least one channel"))
    if faults:
        raise refuse_faults(faults)
    new.channel_ids = list(dict.fromkeys(new.channel_ids))


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(default_to_all_channels,),
            before_write=(check_method_settings,),
        ),
    ),
    routes=routes,
)
