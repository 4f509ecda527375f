"""Which shopper profiles belong to which segments (V3)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.kit import render
from bodega.kit.actions import Action, ListAll
from bodega.kit.body import be_a_list, parse_json
from bodega.kit.context import Context, Found, Write
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.law.outcome import Created, Emptied, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.resources.segments import profiles, segments
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import duplicate
from bodega.storage.operands import Member
from bodega.storage.plan import Condition, ids_sql
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAXIMUM = 50


class Membership(Entity, kw_only=True):
    """A profile in a segment."""

    segment_id: Id
    profile_id: Id


TABLE = stored(
    "segment_members",
    Membership,
    noun="segment member",
    columns="segment_id profile_id",
    indexed="segment_id profile_id",
    uniques=[Unique(("segment_id", "profile_id"), "id", "The profile is in the segment already.")],
    references=[
        Reference("segment_id", "segments", "segment_id", "The segment does not exist.", "CASCADE"),
        Reference("profile_id", "shopper_profiles", "profile_id", "The shopper profile does not exist.", "CASCADE"),
    ],
)

OF_SEGMENT = Member(TABLE.name, "profile_id", "segment_id")
OF_PROFILE = Member(TABLE.name, "segment_id", "profile_id")


async def _id_of(tx: Tx, table: str, uuid: str) -> int:
    found = await query.value(tx, f"SELECT id FROM {table} WHERE uuid = $1", uuid)
    if found is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return int(found)


class _Below(ListAll):
    """GET of what belongs to the row that the path names by its UUID."""

    ids_in_path = 1
    owner = ""
    by: Member

    async def find(self, context: Context) -> Found:
        number = await _id_of(context.reader, self.owner, context.ids[0])
        now = await rows.table_state(context.reader, self.table)
        members = await rows.table_state_of(context.reader, TABLE.name)
        plan = context.query.plan
        plan = plan._replace(where=(Condition(self.by, "in", (number,)), *plan.where))
        state = Validator.of_all(Validator(now.revision, now.modified), Validator(members.revision, members.modified))
        return Found(state, number, 0, now, plan)


class ProfilesOfSegment(_Below):
    """GET of the profiles of a segment."""

    owner, by = segments.TABLE.name, OF_SEGMENT


class SegmentsOfProfile(_Below):
    """GET of the segments of a profile."""

    owner, by = profiles.TABLE.name, OF_PROFILE


class _OnSegment(Action):
    """A write to the segment that the path names."""

    writes = True
    ids_in_path = 1

    async def find(self, context: Context) -> Found:
        number = await _id_of(context.reader, segments.TABLE.name, context.ids[0])
        members = await rows.table_state_of(context.reader, TABLE.name)
        return Found(Validator(members.revision, members.modified), number)


class AddProfiles(_OnSegment):
    """POST of a list of ids of profiles: the reply shows these profiles."""

    body = True

    def read(self, content: Any) -> Any:
        ids = parse_json(content)
        be_a_list(ids, "ids")
        if len(ids) > MAXIMUM:
            raise Refusal(Reason.TOO_MANY_ITEMS, details={"max_items": MAXIMUM})
        faults = [
            invalid(str(place), "must be the id of a shopper profile")
            for place, one in enumerate(ids)
            if not isinstance(one, str) or len(one) != 36
        ]
        if faults:
            raise refuse_faults(faults)
        return list(dict.fromkeys(ids))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        uuids: list[str] = write.draft
        if not uuids:
            return Created(ready=b'{"data":[]}')
        found = await query.where(
            unit.tx, profiles.TABLE, f"uuid IN ({numbered_placeholders(len(uuids))})", *uuids
        )  # fmt: skip
        known = {row.entity.uuid for row in found}
        faults = [
            invalid(str(place), "must be the id of a shopper profile")
            for place, one in enumerate(uuids)
            if one not in known
        ]
        if faults:
            raise refuse_faults(faults)
        ids = [row.entity.id for row in found]
        test = f"segment_id = $1 AND profile_id IN ({numbered_placeholders(len(ids), 2)})"
        there = {one.profile_id for one in await query.entities(unit.tx, TABLE, test, write.found.parent, *ids)}
        held = {row.entity.uuid: row.entity.id for row in found if row.entity.id in there}
        if held:
            message = "The shopper profile is in the segment already."
            raise refuse_faults(
                [
                    duplicate(str(place), message, TABLE.noun, held[one])
                    for place, one in enumerate(uuids)
                    if one in held
                ]
            )
        for number in ids:
            await unit.insert(TABLE, Membership(segment_id=write.found.parent, profile_id=number))
        shown = [profiles.members(row.entity) for row in found]
        return Created(ready=render.json({"data": shown}))


class DropProfiles(_OnSegment, DeleteMany):
    """DELETE of profiles from a segment; the profiles stay."""

    async def find(self, context: Context) -> Found:
        found = await _OnSegment.find(self, context)
        return replace(found, plan=context.query.plan)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        assert write.found.plan is not None
        sql, values = ids_sql(write.found.plan._replace(limit=1_000), unit.tx.dialect)
        going = await query.values(unit.tx, sql, *values)
        if going:
            test = f"segment_id = $1 AND profile_id IN ({numbered_placeholders(len(going), 2)})"
            theirs = await query.values(
                unit.tx, f"SELECT id FROM {TABLE.name} WHERE {test}", write.found.parent, *going
            )
            await unit.delete(TABLE, theirs)
        return Emptied()


async def segments_of(tx: Tx, customer_id: int) -> tuple[str, ...]:
    """The UUIDs of the segments that a customer belongs to."""
    if not customer_id:
        return ()
    sql = (
        "SELECT s.uuid FROM shopper_profiles p JOIN segment_members m ON m.profile_id = p.id"
        " JOIN segments s ON s.id = m.segment_id WHERE p.customer_id = $1"
    )
    return tuple(await query.values(tx, sql, customer_id))


_PROFILES = Endpoint(
    3, profiles.TABLE, Listing(profiles.TABLE, 3, "", shown=profiles.v3.shown, always=("id",)), segments.SCOPE, "",
    v3=profiles.v3,
)  # fmt: skip
_SEGMENTS = Endpoint(
    3, segments.TABLE, Listing(segments.TABLE, 3, "", shown=segments.post.shown, always=("id",)), segments.SCOPE, "",
    v3=segments.post,
)  # fmt: skip
_DROP = Endpoint(
    3,
    profiles.TABLE,
    Listing(profiles.TABLE, 3, "", mapped={":id:in": FilterField("uuid", str, ("in",))}, exact=True),
    segments.SCOPE,
    "",
    delete_needs_filter=True,
)
_ADD = Endpoint(3, profiles.TABLE, Listing(profiles.TABLE, 3, ""), segments.SCOPE, "")

routes = (
    route(
        "segments/{segment_id:text}/shopper-profiles",
        3,
        GET=ProfilesOfSegment(_PROFILES),
        POST=AddProfiles(_ADD),
        DELETE=DropProfiles(_DROP),
    ),
    route("shopper-profiles/{profile_id:text}/segments", 3, GET=SegmentsOfProfile(_SEGMENTS)),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
