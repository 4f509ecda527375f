"""What widget templates, widgets and placements have in common: ids, the channel, filters by what they belong to."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import msgspec

from bodega.kit.body import Changes
from bodega.kit.filters import Filter, FilterField
from bodega.kit.parameters import integer, listed
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.storage.operands import SqlTest
from bodega.storage.unit import Unit

SCOPE = "store_v2_content"
Uuid = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]


def _one(text: str) -> tuple[str, ...]:
    return (text,)


def by(test: str) -> Filter:
    """A filter by one text; in the test, which is SQL, `{placeholders}` stands for it."""
    return Filter(SqlTest(test), "in", _one)


CHANNELS = FilterField("channel_id")
SITES = Filter(
    SqlTest("channel_id IN (SELECT channel_id FROM sites WHERE id IN ({placeholders}))"), "in", listed(integer)
)
"""Rows of the channels of these sites."""


async def give_an_id(_unit: Unit, changes: Changes, old: Any, _notes: list[Fault]) -> None:
    """A new row gets its UUID from the store."""
    if old is None:
        changes["uuid"] = str(uuid4())


async def know_the_channel(unit: Unit, old: Any, new: Any) -> None:
    """The channel exists."""
    if old is not None and old.channel_id == new.channel_id:
        return
    if await unit.tx.row("SELECT 1 FROM channels WHERE id = $1", new.channel_id) is None:
        raise refuse_faults([invalid("channel_id", "must be the id of a channel of this store")])
