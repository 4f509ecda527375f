"""Stock at locations: what there is of each item, and the settings of items at a location (rule 47).

Every variant is an item. What it shows is the stock that it draws on: its own, or its product's if that is tracked by
product or has no options.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.aside import Turn
from bodega.kit.actions import Action, ListAll
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.fields import Count, Line
from bodega.kit.filters import Filter, FilterField
from bodega.kit.listing import Listing
from bodega.kit.parameters import listed, parser
from bodega.kit.render import json, pagination
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.stock_levels import DEFAULT, NOTHING, Places, Stock, StockLevel
from bodega.resources.inventory import identities, location, transactions
from bodega.resources.inventory.adjustments import SCOPE, read_items
from bodega.resources.inventory.identities import Identity
from bodega.resources.inventory.ledger import Ledger
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import SqlTest
from bodega.storage.plan import Condition
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless
from bodega.storage.unit import AT_ONCE, Unit

LONGEST_PAGE = 1000
TABLES = (variants.TABLE, product.TABLE, stock_levels.TABLE, location.TABLE)

AT_LOCATION = SqlTest(
    "id IN (SELECT v.id FROM stock_levels s JOIN variants v ON v.product_id = s.product_id"
    " AND (s.variant_id = 0 OR s.variant_id = v.id) WHERE s.location_id IN ({placeholders}))"
)
"""Items of which one of these locations holds any; of all items the default location does."""

WITH_CODE = SqlTest(AT_LOCATION.sql.format(placeholders="SELECT id FROM locations WHERE code_key IN ({placeholders})"))
"""The same of locations with these codes."""


class _Item(msgspec.Struct):
    """What is shown of a variant."""

    id: int
    product_id: int
    sku: str
    sku_id: int | None
    inventory_level: int
    inventory_warning_level: int
    bin_picking_number: str

    @property
    def identity(self) -> dict[str, Any]:
        return {"sku": self.sku, "variant_id": self.id, "product_id": self.product_id}


class _Owner(msgspec.Struct):
    """What is shown of a product by which its variants are tracked."""

    id: int
    inventory_level: int
    inventory_warning_level: int
    bin_picking_number: str


class _Place(msgspec.Struct):
    """What is shown of a location."""

    id: int
    code: str
    label: str
    enabled: bool


_item = msgspec.json.Decoder(_Item).decode
_owner = msgspec.json.Decoder(_Owner).decode
_place = msgspec.json.Decoder(_Place).decode

_integer = parser("INTEGER", "id")
_FILTERS = {
    ":variant_id:in": FilterField("id"),
    ":product_id:in": FilterField("product_id"),
    ":sku:in": FilterField("sku_key"),
}
ALL = Endpoint(
    3,
    variants.TABLE,
    Listing(
        variants.TABLE,
        3,
        "",
        mapped={
            **_FILTERS,
            "location_id:in": Filter(AT_LOCATION, "in", listed(_integer)),
            "location_code:in": Filter(WITH_CODE, "in", listed(caseless)),
        },
        exact=True,
        maximum=LONGEST_PAGE,
    ),
    SCOPE,
    "inventory/items",
)
OF_LOCATION = Endpoint(
    3,
    variants.TABLE,
    Listing(variants.TABLE, 3, "", mapped=_FILTERS, exact=True, maximum=LONGEST_PAGE),
    SCOPE,
    "inventory/locations/{}/items",
    parents=(Parent("", location.TABLE),),
)


class ListItems(ListAll):
    """GET of items with what each location holds of them."""

    def may_name_files(self, query: Any) -> bool:
        return False

    async def chosen(self, context: Context) -> tuple[set[int] | None, list[Condition]]:
        """The locations that the filters name, None for all, and the other conditions."""
        chosen: set[int] | None = None
        others: list[Condition] = []
        for condition in context.query.plan.where:
            if condition.column is AT_LOCATION:
                these = set(condition.value)
            elif condition.column is WITH_CODE:
                found = f"code_key IN ({numbered_placeholders(len(condition.value))})"
                sql = f"SELECT id FROM locations WHERE {found}"
                these = set(await query.values(context.reader, sql, *condition.value) if condition.value else ())
            else:
                others.append(condition)
                continue
            chosen = these if chosen is None else chosen & these
        return chosen, others

    async def find(self, context: Context) -> Found:
        chosen, where = await self.chosen(context)
        now = await rows.table_state(context.reader, self.table)
        states = [await rows.table_state_of(context.reader, table.name) for table in TABLES]
        state = Validator.of_all(*(Validator(one.revision, one.modified) for one in states))
        if chosen is not None and DEFAULT not in chosen:
            where.append(Condition(AT_LOCATION, "in", tuple(sorted(chosen)) or (0,)))
        return Found(state, chosen, 0, now, context.query.plan._replace(where=tuple(where)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        assert found.plan is not None
        page = await rows.page(context.reader, context.page_index, found.plan, found.row, "t.doc, t.id")
        total = await rows.count(context.reader, found.plan, found.row)
        shelf = await _Shelf.read(context, [_item(doc) for doc, _id in page])
        shown, turn = [], Turn()
        for item in shelf.items:
            shown.append(self.show(shelf, item, found.parent))
            await turn.breathe()
        told = pagination(context, total, len(page))
        return Shown(ready=b'{"data":[' + b",".join(shown) + b'],"meta":{"pagination":' + told + b"}}")

    def show(self, shelf: _Shelf, item: _Item, chosen: set[int] | None) -> bytes:
        """One item in JSON, with these locations."""
        at = [
            {
                "location_id": place.id,
                "location_code": place.code,
                "location_name": place.label,
                **_amounts(level),
                "location_enabled": place.enabled,
                "settings": _settings(level),
            }
            for place in shelf.places
            if chosen is None or place.id in chosen
            if (level := shelf.at(item, place.id)) is not None
        ]
        return json({"identity": {**item.identity, "sku_id": item.sku_id}, "locations": at})


class ListItemsOfLocation(ListItems):
    """GET of the items of which one location holds any."""

    async def chosen(self, context: Context) -> tuple[set[int] | None, list[Condition]]:
        await self.selection.enter(context)
        return {context.ids[0]}, [*context.query.plan.where]

    def show(self, shelf: _Shelf, item: _Item, chosen: set[int] | None) -> bytes:
        (place,) = chosen or {DEFAULT}
        level = shelf.at(item, place) or StockLevel(location_id=place, product_id=item.product_id)
        return json({"identity": item.identity, **_amounts(level), "settings": _settings(level)})


def _amounts(level: StockLevel) -> dict[str, int]:
    return {
        "available_to_sell": max(level.level - level.safety_stock, 0),
        "total_inventory_onhand": level.level,
    }


def _settings(level: StockLevel) -> dict[str, Any]:
    names = ("safety_stock", "is_in_stock", "warning_level", "bin_picking_number")
    return {name: getattr(level, name) for name in names}


class _Shelf(NamedTuple):
    """What a page shows: its items, the products that count for them, the locations, and what these hold."""

    items: list[_Item]
    owners: dict[int, _Owner]
    places: list[_Place]
    held: dict[Stock, Places]

    @classmethod
    async def read(cls, context: Context, items: list[_Item]) -> _Shelf:
        """A few statements, whatever the number of items."""
        reader = context.reader
        if not items:
            return cls([], {}, [], {})
        owners: dict[int, _Owner] = {}
        for some in parts(sorted({item.product_id for item in items if item.sku_id is not None}), AT_ONCE):
            where = f"inventory_tracking = 'product' AND id IN ({numbered_placeholders(len(some))})"
            docs = await query.values(reader, f"SELECT doc FROM products WHERE {where}", *some)
            owners |= {owner.id: owner for owner in map(_owner, docs)}
        places = [_place(doc) for doc in await query.values(reader, "SELECT doc FROM locations ORDER BY id")]
        held = await stock_levels.read(reader, {item.product_id for item in items})
        return cls(items, owners, places, held)

    def at(self, item: _Item, place: int) -> StockLevel | None:
        """What a location holds of an item, None if it never held any."""
        owner = self.owners.get(item.product_id)
        holder = item if owner is None else owner
        stock = (item.product_id, 0 if owner is not None or item.sku_id is None else item.id)
        held = self.held.get(stock, NOTHING)
        if place != DEFAULT:
            return held.at(place, stock, 0) if place in held.rows else None
        return replace(
            held.at(DEFAULT, stock, holder.inventory_level),
            warning_level=holder.inventory_warning_level,
            bin_picking_number=holder.bin_picking_number,
        )


class Setting(msgspec.Struct, kw_only=True):
    """Settings of an item at a location; what is left out stays."""

    identity: Identity
    safety_stock: Count | UnsetType = UNSET
    is_in_stock: bool | UnsetType = UNSET
    warning_level: Count | UnsetType = UNSET
    bin_picking_number: Line | UnsetType = UNSET

    @property
    def members(self) -> dict[str, Any]:
        """Those that are given."""
        return {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if name != "identity" and value is not UNSET
        }


class Settings(msgspec.Struct):
    """A body."""

    settings: list[Setting]


class ChangeSettings(Action):
    """PUT: settings of up to 2,000 items at a location, all or none."""

    writes = True
    body = True
    takes = Settings

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    def read(self, content: Any) -> Any:
        items: list[Setting] = read_items(content, "settings", Setting)
        faults = [
            Fault(Reason.FIELD_MISSING, f"settings.{place}", f"settings.{place} changes nothing: {_ONE_OF}.")
            for place, item in enumerate(items)
            if not item.members
        ]
        if faults:
            raise refuse_faults(faults)
        return items

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        place = context.ids[0]
        if not await query.existing(unit.tx, location.TABLE.name, [place]):
            raise Refusal(Reason.NO_SUCH_ENTITY)
        known = await identities.known(unit.tx, [item.identity for item in write.draft])
        faults: list[Fault] = []
        stocks = [
            known.stock(item.identity, f"settings.{number}.identity", faults) for number, item in enumerate(write.draft)
        ]
        if faults:
            raise refuse_faults(faults)
        those = [stock for stock in stocks if stock is not None]
        ledger = await Ledger.read(unit.tx, set(those))
        for stock, item in zip(those, write.draft, strict=True):
            ledger.set_members(stock, place, item.members)
        await ledger.save(unit)
        return transactions.done()


_ONE_OF = "give safety_stock, is_in_stock, warning_level or bin_picking_number"

RESOURCE = Resource(
    aggregates=(Aggregate(stock_levels.TABLE),),
    routes=(
        route("inventory/items", 3, GET=ListItems(ALL)),
        route(
            "inventory/locations/{location_id}/items",
            3,
            GET=ListItemsOfLocation(OF_LOCATION),
            PUT=ChangeSettings(OF_LOCATION),
        ),
    ),
)
