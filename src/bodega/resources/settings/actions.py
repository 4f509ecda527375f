"""What can be done with a group of settings: show it, change it, and upload an image of it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.kit import picture
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import Route, route
from bodega.kit.upload import Form, Upload
from bodega.law.outcome import NO_DATE, Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.channel_settings import EVERYWHERE
from bodega.resources.settings.group import Group
from bodega.resources.store import channels
from bodega.storage import query, rows
from bodega.storage.unit import Unit

IMAGES = ("image/gif", "image/jpeg", "image/png")
LARGEST = 10 * 1024 * 1024


async def channel_asked(context: Context) -> int:
    """The channel that the query names, 0 for the whole store. Raises Refusal if the store has no such channel."""
    named = next((value for name, value in context.query.given if name == "channel_id"), "")
    channel_id = integer(named) if named else EVERYWHERE
    if named and await query.value(context.reader, "SELECT id FROM channels WHERE id = $1", channel_id) is None:
        raise refuse_faults([invalid("channel_id", "must be the id of a channel of the store")])
    return channel_id


class ShowGroup(Action):
    """GET: of the store what holds, of a channel what it has of its own; null is the store's."""

    def __init__(self, group: Group[Any], endpoint: Endpoint | None = None) -> None:
        super().__init__(endpoint or group.endpoint)
        self.group = group

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        channel_id = parent if self.endpoint.parents else await channel_asked(context)
        state = self._state(context, await self._collection(context))
        if self.group.meta is not None:
            of_channels = await rows.table_state(context.reader, channels.TABLE)
            state = Validator(state.version + of_channels.revision, NO_DATE)
        return Found(state, channel_id)

    def _state(self, context: Context, kept: Validator) -> Validator:
        """The operator's settings change with the registry's revision; when is not recorded."""
        return Validator(kept.version + context.record.revision, NO_DATE) if self.group.backed else kept

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown: Any
        if found.parent != EVERYWHERE:
            shown = self.group.shown_own(await self.group.row(context.reader, found.parent))
        else:
            shown = await self.group.of(context.reader, operator=context.record.settings)
        meta = {} if self.group.meta is None else await self.group.meta(context.reader)
        return Shown(ready=json({"data": shown, "meta": meta}))


class ChangeGroup(ShowGroup):
    """PUT: settings that the body does not name stay; null returns a channel to the store's."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        v3 = self.endpoint.v3
        assert v3 is not None
        return v3.read(content, creating=bool(v3.required))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._as_found(unit, context, write)
        group, row_id, operator = self.group, write.found.parent, context.record.settings
        old = await unit.get(self.table, row_id)
        was = old.entity if old is not None else self.table.entity(id=row_id)
        new, faults = group.changed(was, write.draft, operator)
        store = new if row_id == EVERYWHERE else await group.row(unit.tx, EVERYWHERE)
        own = None if row_id == EVERYWHERE else new
        holds = group.holding(store, own, operator)
        if own is not None:
            faults += _of_the_store_alone(group, write.draft, holds)
        if not faults and group.check is not None:
            faults += group.check(holds)
        if faults:
            raise refuse_faults(faults)
        if new != was:
            await unit.save(self.table, old, new)
        return await self.answer(context.within(unit), write.found)

    def _as_found(self, unit: Unit, context: Context, write: Write) -> None:
        if write.recheck is not None:
            state = self._state(context, Validator(*unit.statistics.state(self.table.name)))
            if self.group.meta is not None:
                version, _ = unit.statistics.state(channels.TABLE.name)
                state = Validator(state.version + version, NO_DATE)
            write.recheck(state)


def _of_the_store_alone(group: Group[Any], draft: dict[str, Any], holds: msgspec.Struct) -> list[Fault]:
    """A channel may say what the store says, and nothing else: clients send whole objects back."""
    why = "can only be set for the whole store"
    asked = [name for name in draft if name in group.store_only]
    return [invalid(name, why) for name in asked if draft[name] not in (None, getattr(holds, name))]


class UploadGroupImage(ShowGroup):
    """POST: the file in the part `part` becomes the image that `member` shows."""

    writes = True
    body = True
    uploads = True
    only_uploads = True

    def __init__(self, group: Group[Any], part: str, member: str) -> None:
        super().__init__(group)
        self.part = part
        self.member = member

    def read_form(self, members: Form) -> Any:
        given = members.get(self.part)
        if given is None:
            raise refuse_faults([Fault(Reason.FIELD_MISSING, self.part, f"{self.part} is required.")])
        if not isinstance(given, Upload):
            raise refuse_faults([Fault(Reason.FIELD_INVALID, self.part, f"{self.part} must be a file.")])
        return given

    async def prefetch(self, context: Context, found: Found, draft: Any) -> picture.Picture:
        made = await picture.load_picture(context, draft, self.part, maximum=LARGEST)
        if made.original.file.media_type not in IMAGES:
            raise refuse_faults([invalid(self.part, "must be a GIF, JPEG or PNG image")])
        return made

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await picture.keep(unit, write.prefetched)
        row_id = write.found.parent
        old = await unit.get(self.table, row_id)
        was = old.entity if old is not None else self.table.entity(id=row_id)
        new = replace(was, **{self.member: write.prefetched.original.address})
        if new != was:
            await unit.save(self.table, old, new)
        return Emptied()


def served(*groups: Group[Any], more: tuple[Route, ...] = ()) -> Resource:
    """The resource of these groups: GET and PUT of each."""
    routes = [one for group in groups for one in routes_of(group)]
    return Resource(aggregates=tuple(group.aggregate for group in groups), routes=(*routes, *more))


def routes_of(group: Group[Any]) -> list[Route]:
    """GET and PUT of the store's settings, and of a channel's where they have a path of their own."""
    routes = [route(group.path, 3, GET=ShowGroup(group), PUT=ChangeGroup(group))]
    if group.of_channel is not None:
        at, channel = f"{group.path}/channels/{{channel_id}}", group.of_channel
        routes.append(route(at, 3, GET=ShowGroup(group, channel), PUT=ChangeGroup(group, channel)))
    return routes
