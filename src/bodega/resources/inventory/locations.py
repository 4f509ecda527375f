"""Locations: filters, routes and rules (rule 117). The members are in location.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from bodega.kit.batch import CreateMany, Missed, UpdateMany
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.events import events
from bodega.kit.fields import moment
from bodega.kit.filters import Filter, FilterField
from bodega.kit.listing import Listing
from bodega.kit.parameters import listed as list_of
from bodega.kit.parameters import parser
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.inventory import ledger, transactions
from bodega.resources.inventory.location import CODE, DEFAULT, TABLE, Address, AddressDraft, Location
from bodega.resources.metafields import metafields_of
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAX_ACTIVE = 100
AT_ONCE = 100
"""The most locations in one request: as many as may be active."""

CONCURRENT = 50
NEEDED = ("address1", "city", "state", "zip", "email", "geo_coordinates", "country_code")
"""What the address of a new physical location has."""

_ZONE = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+\-]+)*")
SCOPE = "store_locations"
HOME = "inventory/locations"

v3 = V3Shape(
    Location,
    required="label managed_by_external_source type_id time_zone address",
    read_only="id created_at updated_at",
    write_only={"address": AddressDraft},
)
_CODES = Filter("code_key", "in", list_of(caseless))
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "is_default :type_id:in managed_by_external_source storefront_visibility",
        mapped={
            ":location_id:in": FilterField("id"),
            "location_code:in": _CODES,
            "is_active": Filter("enabled", "eq", parser("BOOLEAN", "")),
        },
        exact=True,
        maximum=1000,
    ),
    SCOPE,
    HOME,
    v3=v3,
    batch=Batch(AT_ONCE, whole=True, refused=Reason.LIST_REFUSED, shows=False),
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={":location_id:in": FilterField("id")}, exact=True),
    SCOPE,
    HOME,
    delete_needs_filter=True,
)


class CreateLocations(CreateMany):
    """POST of a list: all are made, or none."""

    def _told(self, documents: Sequence[bytes], missed: Sequence[Missed], noted: dict[str, str]) -> Outcome:
        return transactions.done()


class UpdateLocations(UpdateMany):
    """PUT of a list: all are changed, or none."""

    def _told(self, documents: Sequence[bytes], missed: Sequence[Missed], noted: dict[str, str]) -> Outcome:
        return transactions.done()


class DeleteLocations(DeleteMany):
    """DELETE of locations by their ids, with the stock that they hold; to name none that is there is a mistake."""

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        assert found.plan is not None
        if not await rows.count(context.reader, found.plan, found.row):
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return found

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await super().perform(unit, context, write)
        return transactions.done()


routes = (
    collection(HOME, V3, "GET")
    .also(route(HOME, 3, POST=CreateLocations(V3), PUT=UpdateLocations(V3), DELETE=DeleteLocations(DELETE)))
    .at_most(GET=CONCURRENT, POST=CONCURRENT, PUT=CONCURRENT),
)


@depends_on("address")
async def complete_address(_unit: Unit, changes: Changes, old: Location | None, _notes: list[Fault]) -> None:
    """What an address leaves out stays as it is; rule 117: a new physical location needs a whole one."""
    draft: AddressDraft | None = changes.get("address")
    if draft is None:
        return
    kind = changes.get("type_id", "PHYSICAL" if old is None else old.type_id)
    given = {name: value for name, value in msgspec.structs.asdict(draft).items() if value is not UNSET}
    if old is None and kind == "PHYSICAL":
        absent = [name for name in NEEDED if not given.get(name)]
        if absent:
            raise refuse_faults([missing(f"address.{name}") for name in absent])
    changes["address"] = replace(Address() if old is None else old.address, **given)


@depends_on("time_zone")
async def check_time_zone(_unit: Unit, changes: Changes, _old: Any, _notes: list[Fault]) -> None:
    """The name of a zone of the tz database, or what looks like one."""
    if "time_zone" in changes and not _ZONE.fullmatch(changes["time_zone"]):
        raise refuse_faults([invalid("time_zone", "must be the name of a time zone, as America/Chicago")])


async def finish_location(unit: Unit, old: Location | None, new: Location) -> None:
    """A location without a code gets one. Rule 117: one that becomes physical needs an address, at most 100 are
    active, and the default location stays so."""
    now = moment(unit.now)
    new.updated_at = now
    if old is None:
        new.created_at = now
    if not new.code.strip():
        new.code = CODE.format(new.id or unit.statistics.next_id(TABLE.name))
    if new.id == DEFAULT and not new.enabled:
        raise refuse_faults([invalid("enabled", "must be true of the default location")])
    if old is not None and new.type_id == "PHYSICAL" != old.type_id:
        absent = [name for name in NEEDED if not getattr(new.address, name)]
        if absent:
            raise refuse_faults([missing(f"address.{name}") for name in absent])
    if new.enabled and (old is None or not old.enabled):
        active = await query.value(unit.tx, "SELECT count(*) FROM locations WHERE enabled")
        if active >= MAX_ACTIVE:
            raise refuse_faults([invalid("enabled", f"must not be true of more than {MAX_ACTIVE} locations")])


async def keep_default_location(_unit: Unit, ids: Sequence[int]) -> None:
    """Rule 117: the default location cannot be deleted."""
    if DEFAULT in ids:
        raise refuse_faults([invalid("location_id", "names the default location, which cannot be deleted")])


OPEN = (
    "SELECT count(*) FROM order_pickups p JOIN orders o ON o.id = p.order_id WHERE p.location_id = $1"
    " AND o.status_id NOT IN (0, 2, 4, 5, 6, 10) AND NOT o.is_deleted"
)
"""Orders that are neither done nor given up."""


async def keep_while_it_serves(unit: Unit, ids: Sequence[int]) -> None:
    """A location where open orders are to be collected cannot be deleted."""
    faults = []
    for place in ids:
        waiting = await query.value(unit.tx, OPEN, place)
        if waiting:
            what = f"{waiting} order{'s' if waiting > 1 else ''}"
            faults.append(invalid("location_id", f"names location {place}, where {what} wait to be collected"))
    if faults:
        raise refuse_faults(faults)


async def take_stock_along(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 117: what a location held is gone with it, and the levels of the catalogue fall."""
    await ledger.clear(unit, ids)


METAFIELDS = metafields_of(
    "location", [Parent("resource_id", TABLE)], "inventory/locations/{location_id}", HOME, SCOPE
)  # fmt: skip

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(complete_address, check_time_zone),
            before_write=(finish_location,),
            before_delete=(keep_default_location, keep_while_it_serves, take_stock_along),
            signals=events("store/inventory/location", on="created updated"),
        ),
    ),
    routes=routes,
)
