"""A facet: one API version's view of a table, and what may be done through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bodega.declare.listing import Listing
from bodega.declare.shape import V2Shape, V3Shape
from bodega.storage.table import Table


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """Facts about a resource in one version.

    `scope` is the OAuth scope that lets one write (its `_read_only` twin lets one read; "" asks for none).
    `home` is the path of the collection. `created` is the status of a create in the published documents (201, or 200
    for most of V3). `delete_needs_filter`: rule 22; `delete_cap`: rule 23; `batch_cap`: rule 25. `defaults` are this
    version's own defaults on create (rule 42). `parent` names the column that the first id of the path fixes,
    `owner` the column that holds the client id of the account that alone may see a row.
    """

    version: int
    table: Table
    listing: Listing
    scope: str
    home: str
    v2: V2Shape | None = None
    v3: V3Shape | None = None
    created: int = 201
    delete_needs_filter: bool = False
    delete_cap: int = 0
    batch_cap: int = 0
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    parents: Table | None = None
    owner: str = ""
