"""Saved views of the panel's lists: filters, order and columns under a name, of one person or shared with a store."""

from __future__ import annotations

from typing import NamedTuple

from bodega.storage import query
from bodega.storage.registry import new_token
from bodega.storage.tx import Tx

MOST = 20
"""How many views of a list one person may keep, and as many are shared."""
LONGEST_NAME, LONGEST_QUERY = 50, 1_000
"""In characters."""


class SavedView(NamedTuple):
    """A view: `query` is the list's query string; `shared` ones are seen by all of the store who see the list, and
    `first` is the one with which the list opens for whoever asks."""

    id: str
    name: str
    query: str
    shared: bool
    first: bool


class ViewScope(NamedTuple):
    """Whose views of which list: `owner` is the id of who asks."""

    store: str
    list: str
    owner: int


async def visible(tx: Tx, scope: ViewScope) -> list[SavedView]:
    """The shared views of a list and those of who asks, by name."""
    sql = (
        "SELECT v.id, v.name, v.query, v.owner, f.view FROM panel_views v LEFT JOIN panel_first_views f"
        " ON f.view = v.id AND f.owner = $3 WHERE v.store = $1 AND v.list = $2 AND (v.owner IS NULL OR v.owner = $3)"
        " ORDER BY v.name, v.id"
    )
    rows = await tx.rows(sql, scope.store, scope.list, scope.owner)
    return [SavedView(key, name, text, owner is None, first is not None) for key, name, text, owner, first in rows]


async def save(tx: Tx, scope: ViewScope, name: str, text: str, *, shared: bool) -> str:
    """Saves a view; one with the same name, equally shared, is replaced. Its id, or nothing if there are too many."""
    owner = None if shared else scope.owner
    there = await query.value(
        tx, "SELECT id FROM panel_views WHERE store = $1 AND list = $2 AND COALESCE(owner, 0) = $3 AND name = $4",
        scope.store, scope.list, owner or 0, name,
    )  # fmt: skip
    if there is None and await _count(tx, scope, owner or 0) >= MOST:
        return ""
    sql = (
        "INSERT INTO panel_views (id, store, list, owner, name, query) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (store, list, COALESCE(owner, 0), name) DO UPDATE SET query = excluded.query RETURNING id"
    )
    rows = await tx.rows(sql, new_token()[:16], scope.store, scope.list, owner, name, text)
    return "".join(str(key) for (key,) in rows)


async def _count(tx: Tx, scope: ViewScope, owner: int) -> int:
    sql = "SELECT count(*) FROM panel_views WHERE store = $1 AND list = $2 AND COALESCE(owner, 0) = $3"
    return int(await query.value(tx, sql, scope.store, scope.list, owner) or 0)


async def rename(tx: Tx, key: str, name: str) -> bool:
    """Gives a view another name; not one that another view beside it has."""
    sql = (
        "UPDATE panel_views SET name = $2 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM panel_views other"
        " WHERE other.store = panel_views.store AND other.list = panel_views.list AND other.name = $2"
        " AND COALESCE(other.owner, 0) = COALESCE(panel_views.owner, 0) AND other.id <> $1) RETURNING id"
    )
    return bool(await tx.rows(sql, key, name))


async def delete(tx: Tx, key: str) -> None:
    """Deletes a view; where it came first, the whole list does again."""
    await tx.run("DELETE FROM panel_views WHERE id = $1", key)


async def open_first(tx: Tx, scope: ViewScope, key: str) -> None:
    """The list opens with this view for who asks; with the whole list if `key` is empty."""
    if not key:
        sql = "DELETE FROM panel_first_views WHERE owner = $1 AND store = $2 AND list = $3"
        await tx.run(sql, scope.owner, scope.store, scope.list)
        return
    sql = (
        "INSERT INTO panel_first_views (owner, store, list, view) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (owner, store, list) DO UPDATE SET view = excluded.view"
    )
    await tx.run(sql, scope.owner, scope.store, scope.list, key)
