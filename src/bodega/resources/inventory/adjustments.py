"""Adjustments of stock: levels set or moved, up to 2,000 at once, all or none (rule 118)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.actions import Action
from bodega.kit.body import parse_json, respect_cap, wrong_type
from bodega.kit.complaint import Absent, WrongType, typed
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import INT32, Id, Line, clean_object
from bodega.kit.hints import hint_of
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.catalog import stock_levels
from bodega.resources.catalog.stock_levels import DEFAULT, Stock
from bodega.resources.inventory import identities, location, transactions
from bodega.resources.inventory.identities import Identity
from bodega.resources.inventory.ledger import Ledger
from bodega.storage import query
from bodega.storage.unit import Unit

SCOPE = "store_inventory"
MAXIMUM = 2_000
NOTHING: Mapping[str, Any] = MappingProxyType({})

Quantity = Annotated[int, msgspec.Meta(ge=-INT32, le=INT32)]


class Adjustment(Identity, kw_only=True):
    """An item of a body: how many pieces a location has, or has more. Without a location it is the default one."""

    location_id: Id | UnsetType | None = UNSET
    quantity: Quantity

    @property
    def location(self) -> int:
        """The location that is meant."""
        return self.location_id if isinstance(self.location_id, int) else DEFAULT


class Adjustments(msgspec.Struct):
    """A body. Why levels are adjusted is read, and kept nowhere; no bound of it is published."""

    items: list[Adjustment]
    reason: Line | None = None


class Target(NamedTuple):
    """What an item of a body is about: its stock, at a location."""

    place: int
    stock: Stock
    location: int


def read_items(body: bytes, member: str, kind: type[Any], beside: Mapping[str, Any] = NOTHING) -> list[Any]:
    """The items in `member` of a body, each of type `kind`. Members of the types in `beside` are judged, and passed
    over. Raises Refusal, which tells of each faulty one."""
    content = parse_json(body)
    if not isinstance(content, dict):
        raise refuse_faults([wrong_type("", WrongType("must be an object", "error.expected.jsobject"))])
    if content.get(member) is None:
        raise refuse_faults([missing(member)])
    items = content[member]
    if not isinstance(items, list):
        raise refuse_faults([wrong_type(member, WrongType("must be a list", "error.expected.jsarray"))])
    respect_cap(items, MAXIMUM)
    read, faults = [], _faults_beside(content, beside)
    for place, item in enumerate(items):
        try:
            read.append(clean_object(typed(item, kind)))
        except Absent as error:
            faults.append(missing(f"{member}.{place}{error.path}"))
        except ValueError as error:
            faults.append(wrong_type(f"{member}.{place}", error))
    if not items:
        faults.append(invalid(member, "must have at least one item"))
    if faults:
        raise refuse_faults(faults)
    return read


def _faults_beside(content: Mapping[str, Any], beside: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for name, kind in beside.items():
        try:
            clean_object(typed(content.get(name), kind))
        except ValueError as error:
            faults.append(wrong_type(name, error))
    return faults


async def unknown_locations(unit: Unit, ids: set[int]) -> set[int]:
    """Those of these ids that no location has."""
    return ids - set(await query.existing(unit.tx, location.TABLE.name, sorted(ids)))


class Adjust(Action):
    """A write of levels: every item in its order, each upon what the one before left."""

    writes = True
    body = True
    takes = Adjustments
    relative = False

    def read(self, content: Any) -> Any:
        return read_items(content, "items", Adjustment, {"reason": hint_of(Adjustments, "reason")})

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        items: list[Adjustment] = write.draft
        faults: list[Fault] = []
        strange = await unknown_locations(unit, {item.location for item in items})
        known = await identities.known(unit.tx, items)
        targets: list[Target] = []
        for place, item in enumerate(items):
            stock = known.stock(item, f"items.{place}", faults)
            if item.location in strange:
                faults.append(invalid(f"items.{place}.location_id", "must be that of a location of this store"))
            elif stock is not None:
                targets.append(Target(place, stock, item.location))
        if faults:
            raise refuse_faults(faults)
        ledger = await Ledger.read(unit.tx, {target.stock for target in targets})
        for target in targets:
            await unit.tx.breathe()
            why = self.adjust(ledger, target, items[target.place])
            if why:
                faults.append(invalid(f"items.{target.place}.quantity", why))
        if faults:
            raise refuse_faults(faults)
        await ledger.save(unit)
        return transactions.done()

    def adjust(self, ledger: Ledger, target: Target, item: Adjustment) -> str:
        """Changes one level in memory; why it cannot be, as the end of a sentence about the quantity."""
        raise NotImplementedError


def _set(ledger: Ledger, target: Target, level: int) -> str:
    now = ledger.at(target.stock, target.location).level
    if level - now > ledger.room(target.stock):
        return f"must leave no more than {INT32} pieces of the item in all"
    ledger.set_level(target.stock, target.location, level)
    return ""


class AdjustAbsolute(Adjust):
    """PUT: the location has so many pieces."""

    def adjust(self, ledger: Ledger, target: Target, item: Adjustment) -> str:
        if item.quantity < 0:
            return "must not be negative"
        return _set(ledger, target, item.quantity)


class AdjustRelative(Adjust):
    """POST: the location has so many pieces more, or fewer, though never fewer than its safety stock."""

    def adjust(self, ledger: Ledger, target: Target, item: Adjustment) -> str:
        if not ledger.holds(target.stock, target.location):
            return f"is relative, and {item} has no level at location {target.location} yet: set one first"
        now = ledger.at(target.stock, target.location)
        if item.quantity < 0 and now.level + item.quantity < now.safety_stock:
            return f"must leave at least the safety stock, {now.safety_stock}, of the {now.level} that there are"
        return _set(ledger, target, now.level + item.quantity)


ENDPOINT = Endpoint(3, stock_levels.TABLE, Listing(stock_levels.TABLE, 3, ""), SCOPE, "")

RESOURCE = Resource(
    routes=(
        route("inventory/adjustments/absolute", 3, PUT=AdjustAbsolute(ENDPOINT)),
        route("inventory/adjustments/relative", 3, POST=AdjustRelative(ENDPOINT)),
    )
)
