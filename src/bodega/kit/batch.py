"""Actions whose body is a list: each item is a separate write, all inside one transaction (rules 25, 58, 97)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bodega.kit import render
from bodega.kit.actions import Action
from bodega.kit.body import be_a_list, parse_json, respect_cap, wrong_type
from bodega.kit.complaint import WrongType, whole_number
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Batch
from bodega.kit.fields import INT32
from bodega.kit.prefetch import prefetch
from bodega.kit.write import create_one, update_one
from bodega.law import wording
from bodega.law.outcome import Created, Emptied, Outcome, PartlyDone, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage.query import Row
from bodega.storage.unit import Unit

OF_ONE_ITEM = frozenset({Reason.DUPLICATE, Reason.DANGLING_REFERENCE, Reason.NO_SUCH_ENTITY})
"""Reasons that keep an item from being saved, and that have a status of their own for a single item."""


class Missed(NamedTuple):
    """An item that was refused, with its place in the list and the id that it named (0 for a new row)."""

    position: int
    identity: int
    refusal: Refusal


class Misread(dict[str, Any]):
    """The draft of an item whose members are at fault; no body can make one."""

    refusal: Refusal


class Many(Action):
    """What all lists of drafts have in common. `item` writes one item."""

    writes = True
    body = True

    @property
    def batch(self) -> Batch:
        """The endpoint's terms for lists."""
        assert self.endpoint.batch is not None, f"{self.endpoint.home} takes no lists"
        return self.endpoint.batch

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    async def collection_state(self, context: Context) -> Validator:
        return await self._collection(context)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """The items that are already refused, by their place."""
        refused: dict[int, Refusal] = {}
        for position, item in enumerate(draft):
            if isinstance(item, Misread):
                refused[position] = item.refusal
                continue
            try:
                await prefetch(context, self.endpoint, item, item.get("id", 0))
            except Refusal as refusal:
                refused[position] = refusal
        return refused

    def read_each(self, content: Any, identity: str | None, *, creates: bool) -> list[dict[str, Any]]:
        """The drafts of a list whose faulty items do not keep the others from being saved."""
        assert self.endpoint.v3 is not None
        items = parse_json(content)
        respect_cap(items, self.batch.cap)
        drafts: list[dict[str, Any]] = []
        for item in items:
            draft, wrong = self.endpoint.v3.read_item(item, identity, creates=creates)
            if wrong:
                misread = Misread(draft)
                misread.refusal = refuse_faults(wrong)
                draft = misread
            drafts.append(draft)
        return drafts

    async def write_item(
        self, unit: Unit, context: Context, parent: Any, draft: dict[str, Any], notes: list[Fault]
    ) -> Row:
        """Writes one item, below `parent`. Raises Refusal."""
        raise NotImplementedError

    async def _write_unless_refused(
        self, unit: Unit, context: Context, write: Write, position: int, notes: list[Fault]
    ) -> Row:
        if position in write.prefetched:
            raise write.prefetched[position]
        return await self.write_item(unit, context, write.found.parent, dict(write.draft[position]), notes)

    def done(self, saved: bytes) -> Outcome:
        """The outcome of a list that was carried out completely."""
        return Shown(ready=saved)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        saved: list[Row] = []
        missed: list[Missed] = []
        noted: dict[str, str] = {}
        for position, draft in enumerate(write.draft):
            identity = draft.get("id", 0)
            notes: list[Fault] = []
            try:
                if self.batch.whole and not self.batch.omits:
                    row = await self._write_unless_refused(unit, context, write, position, notes)
                else:
                    async with unit.tx.savepoint():
                        mark = unit.statistics.mark()
                        row = await self._write_unless_refused(unit, context, write, position, notes)
            except Refusal as refusal:
                if refusal.reason in self.batch.omits:
                    unit.statistics.restore(mark)
                    continue
                if self.batch.whole:
                    raise self._for_all(_placed(refusal, position), position, identity) from refusal
                unit.statistics.restore(mark)
                missed.append(Missed(position, identity, refusal))
            else:
                saved.append(row)
                noted |= {f"{row.entity.id}.{note.field}": note.message for note in notes}
        if missed and not saved and not self.batch.counted:
            raise min((item.refusal for item in missed), key=lambda refusal: refusal.reason.rank)
        if self.batch.silent and not missed and not noted:
            return Emptied()
        if self.batch.finds is not None:  # a row that two items name by what it is about is shown once, as it is now
            saved = list({row.entity.id: row for row in saved}.values())
        documents = await render.shown(self.endpoint, context, saved, render.brought(self.endpoint, write.draft))
        return self._told(documents, missed, noted)

    def _for_all(self, refusal: Refusal, position: int, identity: int) -> Refusal:
        """The refusal of the whole list because one item cannot be saved."""
        if self.batch.refused is None or refusal.reason not in OF_ONE_ITEM:
            return refusal
        faults = refusal.faults or [
            Fault(refusal.reason, f"{position}.id", f"There is no {self.table.noun} {identity}.")
        ]
        verb, key = ("Update", "update") if identity else ("Create", "create")
        title = f"{verb} {self.table.name.replace('_', ' ')} failed."
        key = f".{self.table.noun.replace(' ', '_')}_{key}"
        return Refusal(
            self.batch.refused, title, details=refusal.details, faults=[fault._replace(key=key) for fault in faults]
        )

    def _told(self, documents: Sequence[bytes], missed: Sequence[Missed], noted: dict[str, str]) -> Outcome:
        data = b'{"data":[' + b",".join(documents) + b"]," if self.batch.shows else b"{"
        if not self.batch.counted:
            refused = {str(item.identity or item.position): wording.told(item.refusal).title for item in missed}
            errors = refused | noted
            if not errors:
                return self.done(data + b'"meta":{}}')
            partly = self.batch.partly if refused else PartlyDone
            return partly(ready=data + b'"errors":' + render.json(errors) + b',"meta":{}}')
        count = len(documents) + len(missed)
        meta = render.json({"total": count, "success": len(documents), "failed": len(missed)})
        ending = b'"errors":' + render.json([error_item(item) for item in missed]) + b',"meta":' + meta + b"}"
        return self.batch.partly(ready=data + ending) if missed else self.done(data + ending)


def error_item(item: Missed) -> dict[str, Any]:
    """A refused item as a member of `errors`."""
    refusal, words = item.refusal, wording.told(item.refusal)
    named = f"{item.identity or item.position}"
    errors = {f"{named}.{name}" if name else named: message for name, message in words.errors.items()} or {
        named: refusal.message
    }
    return {"status": refusal.reason.status(3), "title": words.title, "type": refusal.reason.page, "errors": errors}


def _placed(refusal: Refusal, position: int) -> Refusal:
    """The refusal of a whole list, whose faults name the item."""
    placed = refusal.inside(str(position))
    placed.details = {"item": position, **placed.details}
    return placed


class CreateMany(Many):
    """POST of a list: each item a new row."""

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        if self.batch.each:
            return self.read_each(content, None, creates=True)
        return self.endpoint.v3.read_new(content, self.batch.cap)

    async def write_item(
        self, unit: Unit, context: Context, parent: Any, draft: dict[str, Any], notes: list[Fault]
    ) -> Row:
        return await create_one(unit, self.endpoint, {**draft, **self.selection.new(parent)}, notes)

    def done(self, saved: bytes) -> Outcome:
        if self.endpoint.created == 200:
            return Shown(ready=saved)
        return Created(ready=saved)


class UpdateMany(Many):
    """PUT of a list: each item updates the row that it names; one that names none is a new row if the terms allow
    it."""

    def read(self, content: Any) -> Any:
        assert self.endpoint.v3 is not None
        batch = self.batch
        if batch.each:
            return self.read_each(content, batch.identity, creates=batch.creates)
        return self.endpoint.v3.read_many(content, batch.cap, identity=batch.identity, creates=batch.creates)

    async def write_item(
        self, unit: Unit, context: Context, parent: Any, draft: dict[str, Any], notes: list[Fault]
    ) -> Row:
        identity = draft.pop("id", 0)
        if not identity and self.batch.finds is not None:
            identity = await self.batch.finds(unit, draft)
        if not identity:
            return await create_one(unit, self.endpoint, {**draft, **self.selection.new(parent)}, notes)
        if self.selection.narrows:
            await self.selection.own(unit, context, parent, identity)
        return await update_one(unit, self.endpoint, identity, draft, notes)


class DeleteListed(Many):
    """DELETE whose body is a list of ids: 200 with those that were deleted."""

    def read(self, content: Any) -> Any:
        ids = parse_json(content)
        be_a_list(ids, "ids")
        ids = [whole_number(item) for item in ids]
        if len(ids) > self.batch.cap:
            message = f"The request payload is too large. The maximum items allowed in the array is {self.batch.cap}."
            raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": self.batch.cap})
        wrong = [position for position, item in enumerate(ids) if type(item) is not int or not 0 < item <= INT32]
        if wrong:
            why = f"must be a whole number from 1 to {INT32}"
            bad, of_another_type = ValueError(why), WrongType(why, "error.expected.jsnumber")
            errors = {position: bad if type(ids[position]) is int else of_another_type for position in wrong}
            raise refuse_faults([wrong_type(str(position), error) for position, error in errors.items()])
        return list(dict.fromkeys(ids))

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """There is nothing to prefetch for an id."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        gone: list[bytes] = []
        missed: list[Missed] = []
        for position, identity in enumerate(write.draft):
            try:
                async with unit.tx.savepoint():
                    mark = unit.statistics.mark()
                    await self.selection.own(unit, context, write.found.parent, identity)
                    await unit.delete(self.table, [identity])
            except Refusal as refusal:
                unit.statistics.restore(mark)
                missed.append(Missed(position, identity, refusal))
            else:
                gone.append(b"%d" % identity)
        return self._told(gone, missed, {})
