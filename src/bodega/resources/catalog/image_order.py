"""Which image of a product comes first, and which is its thumbnail (rule 68)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

from bodega.kit.body import Changes
from bodega.kit.fields import INT32
from bodega.kit.v3_shape import Nested
from bodega.kit.write import rows_of
from bodega.law.refusal import Fault
from bodega.resources.catalog import product
from bodega.resources.catalog.images import MAXIMUM, TABLE, V3, Image, take_in, v3
from bodega.resources.catalog.product import Product
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

# Positions.


async def shift_images(unit: Unit, changes: Changes, old: Image | None, _notes: list[Fault]) -> None:
    """Rule 68: an image at a position that is taken moves the others down."""
    arranged = changes.pop("arranged", False)
    place = changes.get("sort_order")
    if arranged or place is None or (old is not None and old.sort_order == place):
        return
    product_id = changes["product_id"] if old is None else old.product_id
    await _shift(unit, product_id, [place], [old.id] if old is not None else [])


async def write(unit: Unit, parent: Product, drafts: list[Changes], notes: list[Fault]) -> None:
    """Writes the images in a product's body: each gets its position in the body, and those that the body does not name
    make room."""
    places = {draft["id"]: draft["sort_order"] for draft in drafts if "id" in draft and "sort_order" in draft}
    sql = "SELECT id, sort_order FROM product_images WHERE product_id = $1"
    held = await query.pairs(unit.tx, sql, parent.id)
    wanted = {draft["sort_order"] for draft in drafts if "id" not in draft and "sort_order" in draft}
    wanted |= {place for image_id, place in places.items() if held.get(image_id) != place}
    await _shift(unit, parent.id, wanted, [draft["id"] for draft in drafts if "id" in draft])
    await _write(unit, parent, [{**draft, "arranged": True} for draft in drafts], notes)


_write = rows_of(V3)
NESTED = Nested(v3, write, prefetch=take_in, maximum=MAXIMUM)


async def _shift(unit: Unit, product_id: int, wanted: Collection[int], staying: Collection[int]) -> None:
    """If a position is taken by an image that may move, it moves down by one, and so do all after it."""
    if not wanted:
        return
    sql = "SELECT id, sort_order FROM product_images WHERE product_id = $1 AND sort_order >= $2 ORDER BY sort_order"
    there = await query.pairs(unit.tx, sql, product_id, min(wanted))
    before = {image_id: place for image_id, place in there.items() if image_id not in staying}
    for image_id, place in _shifted(before, wanted).items():
        if place != before[image_id]:
            await _rewrite(unit, image_id, sort_order=place)


def _shifted(before: Mapping[int, int], wanted: Collection[int]) -> dict[int, int]:
    """The positions of images once others are put where they are wanted, lowest first; both are gone through once."""
    places: dict[int, int] = {}
    waiting = deque(sorted(before.items(), key=lambda item: item[1]))
    shift = 0
    for place in sorted(set(wanted)):
        while waiting and waiting[0][1] + shift < place:
            image_id, at = waiting.popleft()
            places[image_id] = at + shift
        if waiting and waiting[0][1] + shift == place:
            shift += 1
    places |= {image_id: at + shift for image_id, at in waiting}
    return {image_id: min(place, INT32) for image_id, place in places.items()}


async def _rewrite(unit: Unit, image_id: int, **members: int) -> None:
    row = await unit.get(TABLE, image_id)
    assert row is not None
    for name, value in members.items():
        setattr(row.entity, name, value)
    await unit.rewrite(TABLE, row)


# The thumbnail.

_FLAGGED = "SELECT id FROM product_images WHERE product_id = $1 AND is_thumbnail AND id <> $2"
_OTHERS = "SELECT 1 FROM product_images WHERE product_id = $1 AND id <> $2 LIMIT 1"


async def keep_one_thumbnail(unit: Unit, old: Image | None, new: Image) -> None:
    """Rule 68: the first image is the thumbnail; a later one with the flag takes it from the previous one. The only
    image keeps it."""
    if old is not None and old.is_thumbnail == new.is_thumbnail:
        return
    flagged = await query.value(unit.tx, _FLAGGED, new.product_id, new.id)
    if new.is_thumbnail and flagged is not None:
        await _rewrite(unit, flagged, is_thumbnail=False)
    elif old is None:
        new.is_thumbnail = flagged is None
    elif not new.is_thumbnail:
        new.is_thumbnail = await unit.tx.row(_OTHERS, new.product_id, new.id) is None


async def touch_product_of_image(unit: Unit, old: Image | None, new: Image) -> None:
    """Rule 68: an image that loses the flag passes it to the first of the others. Rule 28: V2 shows the thumbnail
    inside the product, whose entity tag changes with it."""
    was = old is not None and old.is_thumbnail
    if was and not new.is_thumbnail:
        await _appoint(unit, new.product_id, [new.id])
    elif new.is_thumbnail and (not was or (old is not None and old.image_file != new.image_file)):
        await _touch(unit, new.product_id)


async def appoint_new_thumbnail(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 68: when the thumbnail is deleted, the first of the remaining images becomes the thumbnail."""
    among = f"id IN ({numbered_placeholders(len(ids))}) AND is_thumbnail"
    owners = await query.values(unit.tx, f"SELECT product_id FROM product_images WHERE {among}", *ids)
    products = [owner for owner in owners if (product.TABLE.name, owner) not in unit.leaving]
    if products:
        await unit.tx.run(f"UPDATE product_images SET is_thumbnail = FALSE WHERE {among}", *ids)
    for product_id in products:
        await _appoint(unit, product_id, ids)


async def _appoint(unit: Unit, product_id: int, others: Sequence[int]) -> None:
    """Makes the first image of a product, except these, its thumbnail."""
    among = f"product_id = $1 AND id NOT IN ({numbered_placeholders(len(others), 2)})"
    sql = f"SELECT id FROM product_images WHERE {among} ORDER BY sort_order, id LIMIT 1"
    heir = await query.value(unit.tx, sql, product_id, *others)
    if heir is not None:
        await _rewrite(unit, heir, is_thumbnail=True)
    await _touch(unit, product_id)


async def _touch(unit: Unit, product_id: int) -> None:
    row = await unit.get(product.TABLE, product_id)
    if row is not None:
        await unit.rewrite(product.TABLE, row)
