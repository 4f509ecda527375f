"""Rule 63: editing an option of a V2 option set through V3 edits a copy that is the product's own.

The other products of the set keep the shared option. All values of the copy get new ids, and the variants and rules of
the product are updated. The id of the product's option stays.
"""

from __future__ import annotations

from msgspec.structs import replace

from bodega.kit.actions import Action, Create, Delete, Update
from bodega.kit.context import Context, Recheck, Write
from bodega.law.outcome import Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.catalog import variants
from bodega.resources.catalog.options import option, product_option, rule
from bodega.resources.catalog.options.options import values_of
from bodega.resources.catalog.options.product_option import ProductOption
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

LONGEST = 255


async def own_name(unit: Unit, name: str, product_id: int) -> str:
    """Rules 63 and 64: a unique name of an option, from its name, the time and the product."""
    stamp = unit.now
    while True:
        ending = f"{stamp}-{product_id}"
        made = name[: LONGEST - len(ending)] + ending
        if await unit.tx.row("SELECT 1 FROM options WHERE name_key = $1", caseless(made)) is None:
            return made
        stamp += 1


async def make_own(unit: Unit, held: Row) -> dict[int, int]:
    """Gives a product's option a copy of the shared one behind it, unless it has one; returns the new id of each
    value."""
    mine: ProductOption = held.entity
    behind = await unit.get(option.TABLE, mine.option_id)
    assert behind is not None
    if behind.entity.product_id == mine.product_id:
        return {}
    name = await own_name(unit, behind.entity.name, mine.product_id)
    copy = replace(behind.entity, id=0, name=name, display_name=mine.display_name, product_id=mine.product_id)
    made = (await unit.insert(option.TABLE, copy)).entity
    await unit.delete(option.VALUES, [row.entity.id for row in await values_of(unit, made.id)])  # those of a checkbox
    moved = {}
    for row in await values_of(unit, mine.option_id):
        value = await unit.insert(option.VALUES, replace(row.entity, id=0, option_id=made.id))
        moved[row.entity.id] = value.entity.id
    own = replace(mine, option_id=made.id, name=name)
    await unit.update(product_option.TABLE, held, own)
    await rule.swap_values(unit, own.id, moved)
    await _swap_in_variants(unit, own, moved)
    return moved


async def _swap_in_variants(unit: Unit, own: ProductOption, moved: dict[int, int]) -> None:
    for row in await unit.where(variants.TABLE, "product_id = $1 AND NOT is_base", own.product_id):
        told = [
            replace(item, id=moved.get(item.id, item.id)) if item.option_id == own.id else item
            for item in row.entity.option_values
        ]
        await unit.update(variants.TABLE, row, replace(row.entity, option_values=told))


class OwnedOption(Action):
    """An edit through V3. `at` is the index of the product's option among the ids of the path."""

    at = 1

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        held = await unit.get(product_option.TABLE, context.ids[self.at])
        if held is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        recheck = await self._ask_before(unit, context, write)
        moved = await make_own(unit, held)
        own = await self._of_the_copy(unit, context, write, moved)
        return await super().perform(unit, context, replace(own, recheck=recheck))

    async def _ask_before(self, unit: Unit, context: Context, write: Write) -> Recheck | None:
        """Judges the preconditions by what the caller knows: the state before the copy. Returns those that are still to
        be judged."""
        recheck, entity_id = self._unchanged(unit, context, write), write.found.entity_id
        if recheck is None or not entity_id:
            return write.recheck
        row = await unit.get(self.table, entity_id)
        recheck(Validator(row.version, row.modified) if row else None)
        return None

    async def _of_the_copy(self, unit: Unit, context: Context, write: Write, moved: dict[int, int]) -> Write:
        """The write with the ids of the shared option replaced by those of the copy."""
        parent, entity_id, draft = write.found.parent, write.found.entity_id, write.draft
        if self.table is option.VALUES:
            now = await unit.get(product_option.TABLE, context.ids[self.at])
            assert now is not None
            parent = now.entity.option_id
            if entity_id:
                entity_id = moved.get(entity_id, entity_id)
                await self.selection.own(unit, context, parent, entity_id)
        if isinstance(draft, dict) and "option_values" in draft:
            drafts = [{**value, "id": moved.get(value["id"], value["id"])} if "id" in value else value
                      for value in draft["option_values"]]  # fmt: skip
            draft = {**draft, "option_values": drafts}
        return replace(write, found=replace(write.found, parent=parent, entity_id=entity_id, row=None), draft=draft)


class OwnCreate(OwnedOption, Create):
    """POST of a value."""


class OwnUpdate(OwnedOption, Update):
    """PUT of an option, a modifier or a value."""


class OwnDelete(OwnedOption, Delete):
    """DELETE of a value."""
