"""Stock at places other than the default location, and the settings of a place (docs/decisions/0046-stock-by-place.md).

The level of a product or variant is the sum over all locations. The rows here hold the levels of the others; what the
default location has is the rest. So a store with one location has no rows, and what it writes costs nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Count, Id, Line
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import Reference, Unique, numbered_placeholders, parts
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

DEFAULT = 1
"""The default location: its row, if it has one, holds settings only."""

SLICE = 200
"""Rows that are read or written before others go first."""

Stock = tuple[int, int]
"""What is counted: a variant with options, as (its product, its id), or a product's own stock, as (product, 0).

A simple product and its base variant share the product's own."""


class StockLevel(Entity, kw_only=True):
    """What one location holds of one stock. `level` counts the pieces that are there, of which `safety_stock` are not
    for sale; unless `is_in_stock` none is."""

    location_id: Id
    product_id: Id
    variant_id: Id = 0
    level: int = 0
    safety_stock: Count = 0
    is_in_stock: bool = True
    warning_level: Count = 0
    bin_picking_number: Line = ""

    @property
    def stock(self) -> Stock:
        """What it counts."""
        return self.product_id, self.variant_id

    @property
    def for_sale(self) -> int:
        """How many may be sold of `level`."""
        return max(self.level - self.safety_stock, 0) if self.is_in_stock else 0


TABLE = stored(
    "stock_levels",
    StockLevel,
    noun="stock level",
    columns="location_id product_id variant_id level",
    computed={"variant_ref": ("INTEGER", lambda row: row.variant_id or None)},
    indexed="location_id variant_ref",
    uniques=[
        Unique(("product_id", "variant_id", "location_id"), "location_id", "The location holds this stock already.")
    ],
    references=[
        Reference("location_id", "locations", "location_id", "The location does not exist.", "CASCADE"),
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
        Reference("variant_ref", "variants", "variant_id", "The variant does not exist.", "CASCADE"),
    ],
)


def any_rows(unit: Unit) -> bool:
    """Whether the store keeps anything but plain levels at its default location: known without a query."""
    return unit.statistics.total(TABLE.name) > 0


class Places(NamedTuple):
    """What the locations hold of one stock, by their ids: the rows that there are. The default location's row has
    its settings; its level follows from the whole."""

    rows: dict[int, Row]

    @property
    def elsewhere(self) -> int:
        """How many pieces are not at the default location."""
        return sum(row.entity.level for place, row in self.rows.items() if place != DEFAULT)

    def at(self, location: int, stock: Stock, whole: int) -> StockLevel:
        """A copy of what a location holds of a stock of `whole` pieces; nothing, if it has no row."""
        row = self.rows.get(location)
        if row is None:
            found = StockLevel(location_id=location, product_id=stock[0], variant_id=stock[1])
        else:
            found = replace(row.entity)
        if location == DEFAULT:
            found.level = whole - self.elsewhere
        return found


async def read(tx: Tx, products: Collection[int]) -> dict[Stock, Places]:
    """All rows of these products, by what they count."""
    found: dict[Stock, Places] = {}
    for ids in parts(sorted(products), SLICE):
        for row in await query.where(tx, TABLE, f"product_id IN ({numbered_placeholders(len(ids))})", *ids):
            found.setdefault(row.entity.stock, Places({})).rows[row.entity.location_id] = row
        await tx.breathe()
    return found


NOTHING = Places({})


async def places_of(unit: Unit, product_id: int) -> dict[Stock, Places]:
    """The same for one product; without a query where the store has no rows."""
    return await read(unit.tx, [product_id]) if any_rows(unit) else {}


async def elsewhere(unit: Unit, stock: Stock) -> int:
    """How many pieces of a stock are not at the default location."""
    if not any_rows(unit):
        return 0
    sql = "SELECT coalesce(sum(level), 0) FROM stock_levels WHERE product_id = $1 AND variant_id = $2"
    return int(await query.value(unit.tx, sql, *stock))


def too_low(noun: str, least: int) -> Fault:
    """Rule 48: what a reply says of a level that was not saved: the default location would hold less than nothing."""
    why = "stock cannot be negative" if not least else f"other locations hold {least}"
    message = f"The {noun} was saved, but its inventory_level was not: {why}."
    return Fault(Reason.FIELD_INVALID, "inventory_level", message)


async def forget_own(unit: Unit, product_id: int) -> None:
    """A product that is counted by its variants from now on has no stock of its own any more."""
    if any_rows(unit):
        sql = "SELECT id FROM stock_levels WHERE product_id = $1 AND variant_id = 0"
        await unit.delete(TABLE, await query.values(unit.tx, sql, product_id))


async def write(unit: Unit, changed: Iterable[tuple[Row | None, StockLevel]]) -> None:
    """Writes rows as they should be: each beside the one that there is, or None for a new one."""
    there: list[Row] = []
    for old, new in changed:
        if new.location_id == DEFAULT:
            new.level = 0
        if old is None:
            await unit.insert(TABLE, new)
        elif old.entity != new:
            there.append(old.with_entity(new))
    for some in parts(there, SLICE):
        await unit.rewrite(TABLE, *some)
        await unit.tx.breathe()
