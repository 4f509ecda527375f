"""An endpoint: one API version's view of a table, and what may be done through it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bodega.kit.listing import Listing
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, PartlyDone
from bodega.law.reasons import Reason
from bodega.storage.declaration import declared_in
from bodega.storage.table import Table
from bodega.storage.unit import Unit

Prefetch = Callable[[Any, dict[str, Any], int, str], Awaitable[None]]
"""`prefetch(context, draft, id, before)`: before the transaction of a write, completes a draft with what it names, such
as the picture of a URL. `id` is the row that it changes (0: a new one), `before` the prefix of its members' names in a
refusal."""


class Parent(NamedTuple):
    """A row that the path names before the endpoint's own: `/products/{product_id}/images` is below a product.

    Rows below it hold its `value` in their `column`: its id, unless they are related by another number (the values of a
    product's option are those of the option behind it). `column` is empty if another table relates them. `where` is SQL
    that the parent must meet. `key` is the column by which the path names it.
    """

    column: str
    table: Table
    value: str = "id"
    where: str = ""
    key: str = "id"


@dataclass(frozen=True, slots=True)
class Batch:
    """A body that is a list: at most `cap` items (rule 25).

    `whole`: one bad item refuses all (rule 97); else the good ones are saved beside the bad, and `partly` is the
    outcome. `counted`: the reply's meta counts what succeeded and failed, and its errors are a list. `identity` is the
    member that names a row; an item without it is a new row where `creates` allows it. `shows`: whether the reply holds
    the rows. `silent`: 204 and no body. `refused` is the reason that speaks for a whole list which one item keeps from
    being saved, where the published documents know no conflict. `omits` are reasons for which an item is left as it was
    and out of the reply (rule 101). `each`: what is wrong with the members of an
    item is a fault of that item alone. `finds` gives the id of the row that an item without one is about, 0 for a new
    row.
    """

    cap: int
    whole: bool = False
    partly: type[Outcome] = PartlyDone
    counted: bool = False
    identity: str = "id"
    creates: bool = False
    shows: bool = True
    silent: bool = False
    refused: Reason | None = None
    omits: frozenset[Reason] = frozenset()
    each: bool = False
    finds: Callable[[Unit, dict[str, Any]], Awaitable[int]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """Facts about a resource in one version.

    `scope` is the OAuth scope that lets one write (its `_read_only` twin lets one read; "" asks for none).
    `home` is the path of the collection. `created` is the status of a create in the published documents (201, or 200
    for most of V3). `delete_needs_filter`: rule 22; `delete_cap`: rule 23; `batch`: bodies that are lists. `defaults`
    are this version's own defaults on create (rule 42). `parents` are the rows that the path names first, outermost
    first; `only` the values that columns of every row of this facet have, and that a new row gets; `owner` names the
    column that holds the client id of the account that alone may see a row, unless its column `shared` is true. `key`
    is the column by which the last id of the path finds its row, `id_offset` what the ids of this facet are above those
    of the rows. `max_body` is in bytes, where the resource takes less
    than the server does. `uploads`: a body may be a form with files; `prefetch` brings in what a draft needs.
    `json_only`: a resource of V2 that never speaks XML (rule 15).
    `idle_delete`: a bulk DELETE without a filter does nothing (rule 22). `secret`: its bodies may hold passwords, and
    no task keeps them. `told` are includes that a reply to a write of V3 shows, asked for or not, as its published
    description does; of a new row `told_new` as well, and where its body brought no children the others are empty.
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
    batch: Batch | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[Parent, ...] = ()
    only: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""
    shared: str = ""
    key: str = "id"
    id_offset: int = 0
    max_body: int = 0
    uploads: bool = False
    prefetch: Prefetch | None = None
    json_only: bool = False
    idle_delete: bool = False
    secret: bool = False
    told: tuple[str, ...] = ()
    told_new: tuple[str, ...] = ()
    file: str = field(default_factory=declared_in)


def shape_of(endpoint: Endpoint) -> Any:
    """The wire form of an endpoint's version."""
    return endpoint.v2 if endpoint.version == 2 else endpoint.v3
