"""A copy of all that a store knows of a person."""

from __future__ import annotations

from typing import Any

import msgspec

from bodega.kit.render import json
from bodega.resources.personal.declared import PERSONAL
from bodega.resources.personal.finding import AT_ONCE, Person, rows_of, search
from bodega.storage import query
from bodega.storage.table import parts
from bodega.storage.tx import Tx


async def copy_of(tx: Tx, person: Person) -> dict[str, list[dict[str, Any]]]:
    """The rows of a person by table, as they are stored, without what would let others act for them."""
    found = await rows_of(tx, person, await search(tx, person))
    copied: dict[str, list[dict[str, Any]]] = {}
    for one in PERSONAL:
        withheld = frozenset(one.withheld.split())
        rows = copied[one.table.name] = []
        for some in parts(found[one.table.name], AT_ONCE):
            for entity in await query.entities_of(tx, one.table, some):
                row = msgspec.json.decode(json(entity))
                rows.append({name: value for name, value in row.items() if name not in withheld})
    return copied
