"""Channels: where a store sells. The first one, the store's own storefront, always exists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events
from bodega.kit.fields import FieldType, Line, Moment, as_is, clean_name, moment
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.kit.write import unchanging
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.store import channel_currencies
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

encode = msgspec.json.encode

Type = Literal["pos", "marketplace", "storefront", "marketing"]
Status = Literal["active", "prelaunch", "inactive", "connected", "disconnected", "archived", "deleted", "terminated"]

_PLATFORMS = {
    "pos": "clover square stripe talech vend custom",
    "marketplace": "amazon belk catch ebay etsy facebook hudsons_bay google instagram macys meta mirakl overstock"
    " pinterest target_plus tiktok wayfair wish walmart custom",
    "marketing": "facebook google google_shopping instagram meta microsoft custom",
    "storefront": "acquia bigcommerce bloomreach catalyst deity drupal gatsby next vue wordpress custom",
}
PLATFORMS = {kind: names.split() for kind, names in _PLATFORMS.items()}
EVERY_PLATFORM = sorted({name for names in PLATFORMS.values() for name in names})

STOREFRONT_STATUSES = ("active", "prelaunch", "inactive", "archived", "deleted")
OTHER_STATUSES = ("connected", "disconnected", "archived", "deleted")
AVAILABLE = frozenset({"prelaunch", "active", "inactive", "connected"})
ENABLED = frozenset({"prelaunch", "active", "connected"})
ENDED = frozenset({"deleted", "terminated"})
DEFAULT = 1
"""The id of the store's own storefront."""

_LETTERS = re.compile(r"[A-Za-z0-9_ -]+")


def clean_channel_name(value: str) -> str:
    """Latin letters, Arabic digits, dashes, underscores; and blanks, which the published examples contain."""
    if not _LETTERS.fullmatch(clean_name(value)):
        raise ValueError("must have only Latin letters, digits, blanks, dashes and underscores")
    return value


CHANNEL_NAME = FieldType("string", as_is, clean_channel_name, clean_channel_name)


class Channel(Entity, kw_only=True):
    """`is_enabled` is an older member: whether the channel sells or may do so soon."""

    external_id: Line = ""
    is_listable_from_ui: bool = False
    is_enabled: bool = True
    is_visible: bool = True
    status: Status = "active"
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), CHANNEL_NAME]
    type: Type
    platform: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    date_created: Moment = ""
    date_modified: Moment = ""
    icon_url: Line = ""


def own_storefront(unit: Unit) -> list[Channel]:
    """Channel 1, a default row of every store."""
    now = moment(unit.now)
    name = unit.terms.settings.get("name") or "Storefront"
    return [
        Channel(
            id=DEFAULT, name=name, type="storefront", platform="bigcommerce", is_listable_from_ui=True,
            date_created=now, date_modified=now,
        )
    ]  # fmt: skip


TABLE = stored(
    "channels",
    Channel,
    noun="channel",
    columns="type platform status date_created date_modified",
    computed={
        "name_key": ("TEXT", lambda channel: caseless(channel.name)),
        "available": ("BOOLEAN", lambda channel: channel.status in AVAILABLE),
    },
    uniques=[
        Unique(("name_key", "platform", "type"), "name", "A channel of this name, platform and type exists.")
    ],  # rule 116
    first=own_storefront,
)


async def with_currencies(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The currencies of each channel: those of the store, unless others are assigned to it."""
    found = await channel_currencies.of_channels(context.reader, ids)
    return {
        channel: encode({"channel_id": channel, "enabled_currencies": one.enabled, "default_currency": one.default})
        for channel, one in found.items()
    }


v3 = V3Shape(Channel, required="name type platform", read_only="id is_enabled date_created date_modified icon_url")

V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "available :status :type date_created date_modified",
        mapped={":platform": FilterField("platform", one_of(EVERY_PLATFORM))},
        includes={"currencies": Include(with_currencies, tables=channel_currencies.TABLES)},
    ),
    "store_channel_settings",
    "channels",
    v3=v3,
    created=200,
)

routes = (collection("channels", V3, "GET POST"), item("channels/{id}", V3, "GET PUT"))


async def check_platform(_unit: Unit, changes: Changes, old: Channel | None, _notes: list[Fault]) -> None:
    """The platform of a new channel must match its type; defaults follow from the type."""
    if old is not None:
        return
    kind, platform = changes["type"], changes["platform"]
    if platform not in PLATFORMS[kind]:
        raise refuse_faults([invalid("platform", f"must be, for a {kind}, one of " + ", ".join(PLATFORMS[kind]))])
    changes.setdefault("status", "active" if kind == "storefront" else "connected")
    changes.setdefault("is_listable_from_ui", kind == "storefront")


async def check_channel_status(_unit: Unit, old: Channel | None, new: Channel) -> None:
    """Storefronts are launched, other channels are connected; none is created as deleted or returns to before its
    launch.

    Rule 116: a deleted channel cannot be changed.
    """
    if old is not None and old.status in ENDED:
        raise refuse_faults([invalid("status", f"is {old.status}: the channel cannot be changed any more")])
    new.is_enabled = new.status in ENABLED
    if old is not None and old.status == new.status:
        return
    allowed = set(STOREFRONT_STATUSES if new.type == "storefront" else OTHER_STATUSES)
    if old is None:
        allowed.discard("deleted")
    else:
        allowed.discard("prelaunch")
    if new.id == DEFAULT:
        allowed -= {"archived", "deleted"}
    if new.status not in allowed:
        raise refuse_faults([invalid("status", "must be one of " + ", ".join(sorted(allowed)))])


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                check_platform,
                unchanging("type", "platform", rule=116),
            ),
            before_write=(check_channel_status,),
            signals=events(
                "store/channel",
                on="created updated",
                fields="name external_id status is_listable_from_ui is_visible is_enabled",
            ),
        ),
    ),
    routes=routes,
)
