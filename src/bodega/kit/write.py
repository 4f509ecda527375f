"""Turns a draft into an entity: what every create and every update have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from bodega.kit.body import Changes
from bodega.kit.complaint import judged, values_are_judged
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import moment
from bodega.kit.unknown_members import read_only
from bodega.law.outcome import Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage.aggregate import BeforeValidate
from bodega.storage.query import Row, StoredRow
from bodega.storage.rules import depends_on
from bodega.storage.table import Table
from bodega.storage.unit import Unit

_replace = msgspec.structs.replace


async def apply(unit: Unit, table: Table, changes: Changes, old: Any, notes: list[Fault]) -> None:
    """Runs the rules that turn a draft into what is stored; `notes` collects what could not be stored."""
    try:
        for before_validate, members in unit.model.rules_of(table).drafted:
            if members is None or not members.isdisjoint(changes):
                await before_validate(unit, changes, old, notes)
    except Refusal as refusal:
        known = {name: value for name, value in changes.items() if name in table.entity.__struct_fields__}
        wanted = build(table, known, unit.now) if old is None else _replace(old, **known)
        await unit.in_order(refusal, table, wanted)
        raise


def build(table: Table, changes: Changes, now: int) -> Any:
    """A new entity. Its dates, if it has them, are the store's present unless a body brings others (V2)."""
    present = moment(now)
    return table.entity(**{**changes, **{name: changes.get(name) or present for name in table.stamps}})


def unchanging(*names: str, rule: int = 0) -> BeforeValidate:
    """A rule before validation: members that cannot change after an entity is created; `rule` is its number.

    Sending one back unchanged is allowed, since clients send whole objects back.
    """

    @depends_on(" ".join(names), new=False)
    async def unchanging(_unit: Unit, changes: Changes, old: Any, _notes: list[Fault]) -> None:
        if old is None:
            return
        changed = [name for name in names if name in changes and changes[name] != getattr(old, name)]
        if changed:
            raise refuse_faults([read_only(name) for name in changed])

    unchanging.__doc__ = f"{f'Rule {rule}: ' if rule else ''}Set for good when it is made: {', '.join(names)}."
    return unchanging


async def create_one(unit: Unit, endpoint: Endpoint, changes: Changes, notes: list[Fault]) -> Row:
    """Creates a row from a draft, with the children in the body. Raises Refusal."""
    table = endpoint.table
    changes = {**endpoint.defaults, **changes}
    children = _children(endpoint, changes)
    try:
        await apply(unit, table, changes, None, notes)
        row = await unit.insert(table, build(table, changes, unit.now))
    except (Refusal, ValueError, ArithmeticError) as error:
        told = _for_the_caller(endpoint, error)
        if told is error:
            raise
        raise told from error
    return await _with_children(unit, endpoint, row, children, notes) if children else row


async def update_one(
    unit: Unit,
    endpoint: Endpoint,
    entity_id: int,
    changes: Changes,
    notes: list[Fault],
    recheck_preconditions: Callable[[Validator | None], None] | None = None,
    known: Row | StoredRow | None = None,
) -> Row:
    """Reads, merges and writes one entity inside the transaction; `known` is its row as read before, or, decoded, as
    this transaction sees it. Raises Refusal."""
    table = endpoint.table
    old = known if isinstance(known, Row) else await unit.get_unless_known(table, entity_id, known)
    if recheck_preconditions is not None:
        recheck_preconditions(None if old is None else Validator(old.version, old.modified))
    if old is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    children = _children(endpoint, changes)
    stamped = {"date_modified": moment(unit.now)} if "date_modified" in table.stamps else {}
    try:
        await apply(unit, table, changes, old.entity, notes)
        changes = {**stamped, **changes}
        row = await unit.update(table, old, _replace(old.entity, **changes), changes.keys())
    except (Refusal, ValueError, ArithmeticError) as error:
        told = _for_the_caller(endpoint, error)
        if told is error:
            raise
        raise told from error
    return await _with_children(unit, endpoint, row, children, notes) if children else row


def _for_the_caller(endpoint: Endpoint, error: Exception) -> Exception:
    """A refusal with its fields renamed: a rule names those of the entity, a V2 caller knows V2's members. What a value
    makes a rule raise is a fault of the body; what is none is raised as it is."""
    refusal = error if isinstance(error, Refusal) else judged(error)
    if refusal is None:
        return error
    if endpoint.v2 is not None:
        refusal.faults = tuple(map(endpoint.v2.rename_fault, refusal.faults))
        refusal.message = refusal.faults[0].message if refusal.faults else refusal.message
    return refusal


def changed(table: Table, entity: Any, **members: Any) -> Any:
    """A copy of an entity with other values of these members."""
    return _replace(table.decode(*table.encode(entity)), **members)


def rows_of(endpoint: Endpoint) -> Callable[[Unit, Any, list[Changes], list[Fault]], Awaitable[None]]:
    """The function that writes a member of the parent's body with rows of `endpoint`: an item that names a row of this
    parent updates it, any other is a new row. Rows that the list does not name stay."""
    column, table = endpoint.parents[-1].column, endpoint.table

    async def write(unit: Unit, parent: Any, drafts: list[Changes], notes: list[Fault]) -> None:
        for draft in drafts:
            changes = dict(draft)
            named = changes.pop("id", 0)
            if not named:
                await create_one(unit, endpoint, {**changes, column: parent.id}, notes)
                continue
            old = await unit.get(table, named)
            if old is None or getattr(old.entity, column) != parent.id:
                message = f"The {table.noun} {named} does not exist here."
                raise Refusal(Reason.NO_SUCH_ENTITY, message, details={"missing_ids": [named]})
            await update_one(unit, endpoint, named, changes, notes)

    return write


def _children(endpoint: Endpoint, changes: Changes) -> Changes:
    """Removes from a draft the members that are rows of their own."""
    if endpoint.v3 is None or endpoint.v3.nested.keys().isdisjoint(changes):
        return {}
    return {name: changes.pop(name) for name in endpoint.v3.nested if name in changes}


async def _with_children(unit: Unit, endpoint: Endpoint, row: Row, children: Changes, notes: list[Fault]) -> Row:
    """Writes the children; the parent is reread, since they may have changed it."""
    assert endpoint.v3 is not None
    with values_are_judged():
        for name, drafts in children.items():
            await endpoint.v3.nested[name].write(unit, row.entity, drafts, notes)
    again = await unit.get(endpoint.table, row.entity.id)
    assert again is not None
    return again
