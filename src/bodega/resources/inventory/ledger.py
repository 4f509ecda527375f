"""Changes of stock at places: of many items at once, all or none, and the sums of the catalogue with them.

Everything is read in a few statements, changed in memory and written at the end. `Ledger.save` keeps what the
catalogue shows exact: the level of a product or variant is the sum over the locations.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import replace

from bodega.kit.fields import moment
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.stock_levels import DEFAULT, NOTHING, SLICE, Places, Stock, StockLevel
from bodega.resources.catalog.variants import Variant
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import Table, numbered_placeholders, parts
from bodega.storage.tx import Tx
from bodega.storage.unit import AT_ONCE, Unit


class Ledger:
    """Some stocks with what each location holds of them."""

    def __init__(
        self, products: dict[int, Row], those: dict[int, Row], base: dict[int, int], places: dict[Stock, Places]
    ) -> None:
        self._products, self._variants, self._base, self._places = products, those, base, places
        self._new_products: dict[int, Product] = {}
        self._new_variants: dict[int, Variant] = {}
        self._new_levels: dict[Stock, dict[int, StockLevel]] = {}

    @classmethod
    async def read(cls, tx: Tx, stocks: Collection[Stock]) -> Ledger:
        """Reads these stocks: a few statements whatever their number."""
        owners = {product_id for product_id, _ in stocks}
        products = await _rows(tx, product.TABLE, "id", owners)
        own = {product_id for product_id, variant_id in stocks if not variant_id}
        base = await _rows(tx, variants.TABLE, "is_base AND product_id", own)
        those = await _rows(tx, variants.TABLE, "id", {variant_id for _, variant_id in stocks if variant_id})
        places = await stock_levels.read(tx, owners)
        return cls(products, base | those, {row.entity.product_id: key for key, row in base.items()}, places)

    def whole(self, stock: Stock) -> int:
        """How many pieces of a stock there are at all locations."""
        return int(self._holder(stock).inventory_level)

    def at(self, stock: Stock, location: int) -> StockLevel:
        """What a location holds of a stock; nothing, if it never held any."""
        known = self._new_levels.get(stock, {}).get(location)
        if location != DEFAULT:
            return self._places.get(stock, NOTHING).at(location, stock, 0) if known is None else known
        holder = self._holder(stock)
        return replace(
            self._places.get(stock, NOTHING).at(location, stock, 0) if known is None else known,
            level=self.whole(stock) - self._elsewhere(stock),
            warning_level=holder.inventory_warning_level,
            bin_picking_number=holder.bin_picking_number,
        )

    def holds(self, stock: Stock, location: int) -> bool:
        """Whether the location ever held any of it."""
        return (
            location == DEFAULT
            or location in self._new_levels.get(stock, {})
            or location in self._places.get(stock, NOTHING).rows
        )

    def room(self, stock: Stock) -> int:
        """How many more pieces the stock, and all variants of its product together, can have."""
        owner = self._product(stock[0])
        most = max(self.whole(stock), owner.variant_stock if stock[1] else 0)
        return product.STOCK_CAP - most

    def set_level(self, stock: Stock, location: int, level: int) -> None:
        """Changes how many pieces a location holds, and the sums with it."""
        now = self.at(stock, location)
        by = level - now.level
        if location != DEFAULT:
            self._set(stock, location, replace(now, level=level))
        if by:
            self._add(stock, by)

    def set_members(self, stock: Stock, location: int, members: dict[str, Any]) -> None:
        """Changes what is set of a stock at a location; the catalogue shows what holds at the default location."""
        now = self.at(stock, location)
        members = {name: value for name, value in members.items() if getattr(now, name) != value}
        if not members:
            return
        if location != DEFAULT:
            self._set(stock, location, replace(now, **members))
            return
        rest = {name: members[name] for name in ("safety_stock", "is_in_stock") if name in members}
        if rest:
            self._set(stock, location, replace(now, **rest))
        shared = {
            wire: members[name]
            for name, wire in (("warning_level", "inventory_warning_level"), ("bin_picking_number",) * 2)
            if name in members
        }
        if shared:
            self._change(stock, shared)

    def _set(self, stock: Stock, location: int, new: StockLevel) -> None:
        self._new_levels.setdefault(stock, {})[location] = new

    def _holder(self, stock: Stock) -> Any:
        return self._variant(stock[1]) if stock[1] else self._product(stock[0])

    def _product(self, product_id: int) -> Product:
        known = self._new_products.get(product_id)
        return known if known is not None else self._products[product_id].entity

    def _variant(self, variant_id: int) -> Variant:
        known = self._new_variants.get(variant_id)
        return known if known is not None else self._variants[variant_id].entity

    def _elsewhere(self, stock: Stock) -> int:
        rows = self._places.get(stock, NOTHING).rows
        levels = {place: row.entity.level for place, row in rows.items()}
        levels |= {place: new.level for place, new in self._new_levels.get(stock, {}).items()}
        return sum(level for place, level in levels.items() if place != DEFAULT)

    def _add(self, stock: Stock, by: int) -> None:
        product_id, variant_id = stock
        owner = replace(self._product(product_id))
        if not variant_id:
            owner.inventory_level += by
            self._new_products[product_id] = owner
            self._follow(product_id, inventory_level=owner.inventory_level)
            return
        variant = self._variant(variant_id)
        self._new_variants[variant_id] = replace(variant, inventory_level=variant.inventory_level + by)
        owner.variant_stock += by
        if owner.inventory_tracking == "variant":
            owner.inventory_level = owner.variant_stock
        self._new_products[product_id] = owner

    def _change(self, stock: Stock, members: dict[str, Any]) -> None:
        product_id, variant_id = stock
        if variant_id:
            self._new_variants[variant_id] = replace(self._variant(variant_id), **members)
            return
        self._new_products[product_id] = replace(self._product(product_id), **members)
        self._follow(product_id, **members)

    def _follow(self, product_id: int, **members: Any) -> None:
        """A base variant shares the stock of its product."""
        base = self._base.get(product_id)
        if base is not None:
            self._new_variants[base] = replace(self._variant(base), **members)

    async def save(self, unit: Unit) -> None:
        """Writes what changed, and fires the events of the catalogue."""
        moved = [
            (self._variants[key].entity, new) for key, new in self._new_variants.items()
            if self._variants[key].entity.inventory_level != new.inventory_level and not new.is_base
        ]  # fmt: skip
        changed = {key: new for key, new in self._new_products.items() if new != self._products[key].entity} | {
            new.product_id: self._product(new.product_id)
            for key, new in self._new_variants.items()
            if new != self._variants[key].entity
        }
        date = moment(unit.now)
        owners = [self._products[key].with_entity(replace(new, date_modified=date)) for key, new in changed.items()]
        those = [
            self._variants[key].with_entity(new)
            for key, new in self._new_variants.items()
            if new != self._variants[key].entity
        ]
        await _rewrite(unit, variants.TABLE, those)
        await _rewrite(unit, product.TABLE, owners)
        await stock_levels.write(
            unit,
            (
                (self._places.get(stock, NOTHING).rows.get(location), new)
                for stock, levels in self._new_levels.items()
                for location, new in levels.items()
            ),
        )
        if moved and await unit.audience() is not None:
            for _old, new in moved:
                if self._product(new.product_id).inventory_tracking == "variant":
                    told = {"product_id": new.product_id, "method": "absolute", "value": new.inventory_level}
                    data = {"type": "sku", "id": new.sku_id, "inventory": {**told, "variant_id": new.id}}
                    await unit.fire("store/sku/inventory/updated", data)


async def _rewrite(unit: Unit, table: Table, rows: Sequence[Row]) -> None:
    """Writes rows, so many at a time that others come between."""
    for some in parts(rows, SLICE):
        await unit.rewrite(table, *some)
        await unit.tx.breathe()


async def _rows(tx: Tx, table: Table, column: str, values: Collection[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for some in parts(sorted(values), SLICE):
        test = f"{column} IN ({numbered_placeholders(len(some))})"
        found |= {row.entity.id: row for row in await query.where(tx, table, test, *some)}
        await tx.breathe()
    return found


async def clear(unit: Unit, locations: Sequence[int]) -> None:
    """Takes away all that these locations hold: the sums change with it (rule 117)."""
    if not stock_levels.any_rows(unit):
        return
    these = numbered_placeholders(len(locations))
    sql = f"SELECT location_id, product_id, variant_id FROM stock_levels WHERE level > 0 AND location_id IN ({these})"
    held = [(place, (product_id, variant_id)) for place, product_id, variant_id in await unit.tx.rows(sql, *locations)]
    for some in parts(held, AT_ONCE):
        ledger = await Ledger.read(unit.tx, {stock for _, stock in some})
        for place, stock in some:
            ledger.set_level(stock, place, 0)
        await ledger.save(unit)
