"""What an order changes in the catalogue: stock and total_sold (rules 76, 79 and 86).

Each line takes its pieces from the location that serves it, and gives them back there.

The store has one writer at a time, and this code runs inside its transaction: no two orders can take the same piece,
whatever the number of workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bodega.domain import stock
from bodega.domain.stock import CAUSE, Timing
from bodega.kit.fields import moment
from bodega.law.refusal import Fault, refuse_faults
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.stock_levels import DEFAULT, NOTHING, Places, Stock, StockLevel
from bodega.resources.orders import conflicts
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import MIGRATED, Order
from bodega.storage.query import Row
from bodega.storage.unit import Unit

Key = tuple[int, int, int]
"""A product, its variant, and the location that serves it."""


class Moves(NamedTuple):
    """How many pieces leave the stock, and how many more were sold; negative numbers are returned."""

    taken: Mapping[Key, int]
    sold: Mapping[int, int]


def settle(
    order: Order, lines: Sequence[OrderLine], before: Sequence[OrderLine], timing: Timing, *, held: bool
) -> Moves:
    """Sets what each line has taken and sold from now on; returns the differences from `before`.

    Sets `order.holds_stock`. `before` are the previous lines, including removed ones.
    """
    order.holds_stock = holds = stock.holds(order.status_id, timing, held=held, reserved=bool(order.cart_id))
    was = {line.id: line for line in before if line.id}
    for line in lines:
        old = was.get(line.id)
        same = old is not None and _key(old) == _key(line)
        taken = old.taken if same and old is not None else 0
        line.taken = stock.wanted(line.quantity, taken, timing, held=held, holds=holds) if line.product_id else 0
        line.sold = stock.sold(line.quantity, order.status_id, historical=order.external_source == MIGRATED)
    going = [line for line in before if line.id not in {kept.id for kept in lines}]
    lost = [stock.wanted(0, line.taken, timing, held=held, holds=holds) for line in going]
    taken_now, sold_now = Counter[Key](), Counter[int]()
    for line in lines:
        taken_now[_key(line)] += line.taken
        sold_now[line.product_id] += line.sold
    for line in before:
        taken_now[_key(line)] -= line.taken
        sold_now[line.product_id] -= line.sold
    for line, kept in zip(going, lost, strict=True):
        taken_now[_key(line)] += kept
    return Moves(
        {key: count for key, count in taken_now.items() if count and key[0]},
        {product_id: count for product_id, count in sold_now.items() if count and product_id},
    )


def _key(line: OrderLine) -> Key:
    return line.product_id, line.variant_id, line.location_id


async def move(unit: Unit, moves: Moves, lines: Sequence[OrderLine]) -> None:
    """Carries out the moves; raises a refusal that names every line without enough stock."""
    faults: list[Fault] = []
    cause, unit.cause = unit.cause, CAUSE
    for product_id in sorted({key[0] for key in moves.taken} | moves.sold.keys()):
        taken = {key[1:]: count for key, count in sorted(moves.taken.items()) if key[0] == product_id}
        faults += await _move_one(unit, product_id, taken, moves.sold.get(product_id, 0), lines)
    unit.cause = cause
    if faults:
        raise refuse_faults(faults)


async def _move_one(
    unit: Unit, product_id: int, taken: Mapping[tuple[int, int], int], sold: int, lines: Sequence[OrderLine]
) -> list[Fault]:
    """Rule 79: changes the tracked stock of one product, which never falls below zero at any location. What was deleted
    since is ignored."""
    row = await unit.get(product.TABLE, product_id)
    if row is None:
        return []
    owner: Product = row.entity
    held = await stock_levels.places_of(unit, product_id) if taken and owner.inventory_tracking != "none" else {}
    count = 0
    if owner.inventory_tracking == "variant" and owner.base_variant_id is None:
        by_variant: dict[int, dict[int, int]] = {}
        for (variant_id, location), many in taken.items():
            by_variant.setdefault(variant_id, {})[location] = many
        faults = [await _take(unit, owner, variant_id, many, held, lines) for variant_id, many in by_variant.items()]
        if any(faults):
            return [fault for fault in faults if fault is not None]
        row = await unit.get(product.TABLE, product_id) if taken else row
        assert row is not None
    elif owner.inventory_tracking != "none":
        asked: Counter[int] = Counter()
        for (_variant_id, location), many in taken.items():
            asked[location] += many
        left = await _take_at(unit, (product_id, 0), owner.inventory_level, asked, held)
        if left is not None:
            return [_short(owner, 0, left, lines)]
        count = sum(asked.values())
    changed = replace(row.entity, total_sold=max(row.entity.total_sold + sold, 0))
    if count:
        changed.inventory_level -= count
        changed.date_modified = moment(unit.now)
    if changed != row.entity:
        await unit.update(product.TABLE, row, changed)
    return []


async def _take(
    unit: Unit,
    owner: Product,
    variant_id: int,
    asked: Mapping[int, int],
    held: Mapping[Stock, Places],
    lines: Sequence[OrderLine],
) -> Fault | None:
    found = await unit.get(variants.TABLE, variant_id)
    if found is None:
        return None
    left = await _take_at(unit, (owner.id, variant_id), found.entity.inventory_level, asked, held)
    if left is not None:
        return _short(owner, variant_id, left, lines)
    level = found.entity.inventory_level - sum(asked.values())
    if level == found.entity.inventory_level:
        return None
    await unit.update(variants.TABLE, found, replace(found.entity, inventory_level=level))
    told = {"product_id": owner.id, "method": "absolute", "value": level, "variant_id": variant_id}
    await unit.fire(
        "store/sku/inventory/order/updated", {"type": "sku", "id": found.entity.sku_id, "inventory": told}
    )  # fmt: skip
    return None


async def _take_at(
    unit: Unit, stock: Stock, whole: int, asked: Mapping[int, int], held: Mapping[Stock, Places]
) -> int | None:
    """Takes pieces from the locations that serve them; what one can sell, if that is less. What is given back to a
    location that is gone since goes to the default one."""
    places = held.get(stock, NOTHING)
    moved: list[tuple[Row | None, StockLevel]] = []
    for location, many in asked.items():
        level = places.at(location, stock, whole)
        if many > 0 and many > level.for_sale:
            return level.for_sale
        if location != DEFAULT and location in places.rows:
            level.level -= many
            moved.append((places.rows[location], level))
    if moved:
        await stock_levels.write(unit, moved)
    return None


def _short(owner: Product, variant_id: int, level: int, lines: Sequence[OrderLine]) -> Fault:
    """The fault of the first line that asks for more; a variant of 0 is any of the product's."""
    asking = [
        (place, line)
        for place, line in enumerate(lines)
        if line.product_id == owner.id and variant_id in (0, line.variant_id)
    ]
    place, first = (asking[0][0], asking[0][1].variant_id) if asking else (0, 0)
    asked = sum(line.quantity for _, line in asking)
    return conflicts.out_of_stock(owner, variant_id or first, level, asked, place)
