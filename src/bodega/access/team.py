"""The staff of a store: what each role may see and change in the control panel, who is there, who changed what."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from bodega.access.owners import Owner, by_id
from bodega.access.owners import remove as remove_owner
from bodega.storage import query
from bodega.storage.registry import Registry, new_token
from bodega.storage.tx import Tx

OWNER, ADMIN = "owner", "admin"
KEPT_SECONDS = 400 * 86_400
"""Changes are kept for thirteen months."""

AREAS: Mapping[str, str] = {
    "catalogue": "products categories brands locations price-lists",
    "orders": "orders carts",
    "customers": "customers customer-groups messages",
    "marketing": "promotions banners email-templates abandoned-cart-emails visits",
    "content": "web-pages blog-posts redirects",
    "storefront": "scripts themes widgets",
    "store": "shipping channels tax shop settings status maintenance plan",
    "tasks": "tasks",
    "outbox": "outbox",
    "develop": "accounts journal journal.har webhooks workbench report permissions apps law",
    "installed apps": "installed-apps",
    "lab": "lab",
    "team": "team team-changes",
}
"""The pages of an area, by the first word of their paths below the store's."""

EVERYBODYS = frozenset({"", "search"})
VIEWS = "/views/"
"""Saved views of a list, as /views/orders: whoever sees the list keeps views of it."""
_AREA_OF = {word: area for area, words in AREAS.items() for word in words.split()}

MERGED_AT, MERGED = "/customers/{}/merge", "merged"
"""The page of a merge, and what the log of changes calls the number of the customer who went."""
_MERGED = re.compile(r"(?:merged|with): #?([0-9]{1,9})(?:;|$)")
MOST_MERGED = 100
"""Former numbers of one customer that are looked for."""

ERASED = "(erased with the customer)"
"""What stands in the log of changes in place of what was changed of a customer who was erased."""


class Role(NamedTuple):
    """What somebody may do: `sees` and `changes` are areas; who may change one sees it."""

    title: str
    says: str
    sees: frozenset[str]
    changes: frozenset[str]


_ALL = frozenset(AREAS)
_SHOP = frozenset({"catalogue", "orders", "customers", "marketing", "content", "storefront", "store", "tasks"})

ROLES: Mapping[str, Role] = {
    OWNER: Role("Owner", "Everything, and who the owners are", _ALL, _ALL),
    ADMIN: Role("Admin", "Everything, and the staff except owners", _ALL, _ALL),
    "catalogue": Role(
        "Catalogue", "Products, prices, promotions and pages; opens apps", frozenset({"tasks", "installed apps"}),
        frozenset({"catalogue", "marketing", "content"}),
    ),
    "orders": Role("Orders", "Orders, carts and customers; opens apps", frozenset({"catalogue", "installed apps"}),
                   frozenset({"orders", "customers"})),
    "support": Role("Support", "Customers and messages; sees orders", frozenset({"catalogue", "orders"}),
                    frozenset({"customers"})),
    "developer": Role("Developer", "API accounts, apps, webhooks, themes, the lab; sees the shop",
                      _SHOP | {"installed apps"}, frozenset({"develop", "storefront", "tasks", "outbox", "lab"})),
}  # fmt: skip
"""The outbox shows letters as they are, links that choose a new password included: it is for those who may do
everything anyway. Who makes API accounts may do through them whatever the API can do: a developer is trusted so far."""


class Member(NamedTuple):
    """Somebody of the staff."""

    owner: Owner
    role: str


class PanelChange(NamedTuple):
    """A form that was sent: by whom, to which page, and what it changed in words."""

    at: int
    email: str
    path: str
    says: str


def area_of(path: str) -> str | None:
    """The area of a path below the store's own, as /orders/7; empty for pages that everybody sees, None for none."""
    word = path.removeprefix(VIEWS).strip("/").partition("/")[0]
    return "" if word in EVERYBODYS else _AREA_OF.get(word)


def may(role: str, path: str, *, changes: bool) -> bool:
    """Whether a role may see a page, or send its forms. What belongs to no area is for owners and admins."""
    known, area = ROLES.get(role), area_of(path)
    if path.startswith(VIEWS):
        changes = False
    if known is None:
        return False
    if role in (OWNER, ADMIN):
        return True
    if area == "":
        return not changes
    return area is not None and (area in known.changes or (not changes and area in known.sees))


def title_of(role: str) -> str:
    """What a role is called; its own word where it is none of ours any more."""
    return ROLES[role].title if role in ROLES else role


async def role_of(tx: Tx, owner: Owner, store: str) -> str:
    """The role of somebody in a store; empty if they have none."""
    return str(await query.value(tx, "SELECT role FROM owned WHERE owner = $1 AND store = $2", owner.id, store) or "")


async def members(tx: Tx, store: str) -> list[Member]:
    """The staff, those who came first at the top."""
    rows = await tx.rows("SELECT owner, role FROM owned WHERE store = $1 ORDER BY owner", store)
    found = [(await by_id(tx, owner), role) for owner, role in rows]
    return [Member(owner, role) for owner, role in found if owner is not None]


async def set_role(registry: Registry, owner_id: int, store: str, role: str) -> bool:
    """Gives somebody another role; not to the last owner, without whom nobody could."""
    async with _alone(registry, store) as tx:
        if role != OWNER and not await _has_another_owner(tx, owner_id, store):
            return False
        sql = "UPDATE owned SET role = $3 WHERE owner = $1 AND store = $2 RETURNING role"
        return bool(await tx.rows(sql, owner_id, store, role))


async def remove(registry: Registry, owner_id: int, store: str) -> bool:
    """Takes the store from somebody; not from its last owner."""
    async with _alone(registry, store) as tx:
        if not await _has_another_owner(tx, owner_id, store):
            return False
        await remove_owner(tx, owner_id, store)
        return True


async def _has_another_owner(tx: Tx, owner_id: int, store: str) -> bool:
    sql = "SELECT 1 FROM owned WHERE store = $1 AND role = 'owner' AND owner <> $2"
    return await tx.row(sql, store, owner_id) is not None


@asynccontextmanager
async def _alone(registry: Registry, store: str) -> AsyncIterator[Tx]:
    """A transaction that no other change of the same team runs beside: of two owners who end each other one stays."""
    async with registry.tx_of_several() as tx:
        if tx.dialect != "sqlite":
            await tx.rows("SELECT 1 FROM stores WHERE hash = $1 FOR UPDATE", store)
        yield tx


async def record(tx: Tx, store: str, change: PanelChange) -> None:
    """Keeps what somebody changed; what is older than thirteen months goes."""
    sql = "INSERT INTO panel_changes (id, store, at, email, path, says) VALUES ($1, $2, $3, $4, $5, $6)"
    key = f"{time.time_ns():020}-{new_token()[:8]}"  # in the order in which they came, within a second as well
    await tx.run(sql, key, store, change.at, change.email, change.path, change.says)
    await tx.run("DELETE FROM panel_changes WHERE store = $1 AND at < $2", store, change.at - KEPT_SECONDS)


async def changes(
    tx: Tx, store: str, email: str, limit: int, offset: int, pages: Sequence[str] = ()
) -> list[PanelChange]:
    """What was changed, the newest first; of one person if an address is given, on these pages and below them if any
    are, by their paths."""
    below = [f"substr(path || '/', 1, {len(page) + 1}) = ${number}" for number, page in enumerate(pages, 5)]
    there = f" AND ({' OR '.join(below)})" if below else ""
    sql = (
        "SELECT at, email, path, says FROM panel_changes WHERE store = $1 AND ($2 = '' OR email = $2)"  # noqa: S608 - numbers
        f"{there} ORDER BY at DESC, id DESC LIMIT $3 OFFSET $4"
    )
    return await query.named(tx, PanelChange, sql, store, email, limit, offset, *(f"{page}/" for page in pages))


async def merged_into(tx: Tx, store: str, customer_id: int) -> list[int]:
    """The numbers that a customer had before records of theirs were merged, as the log of changes tells it."""
    found = [customer_id]
    for one in found:
        sql = "SELECT says FROM panel_changes WHERE store = $1 AND path = $2 ORDER BY id"
        for says in await query.values(tx, sql, store, MERGED_AT.format(one)):
            told = _MERGED.match(says)
            if told and int(told[1]) not in found and len(found) <= MOST_MERGED:
                found.append(int(told[1]))
    return found[1:]


async def forget(tx: Tx, store: str, pages: Collection[str], email: str) -> None:
    """Takes what was changed out of the log where it is about a person: on these pages, by their paths, and what names
    their e-mail address. Who changed something, where and when, stays."""
    last, wanted = "", email.casefold()
    while True:
        sql = "SELECT id, path, says FROM panel_changes WHERE store = $1 AND id > $2 ORDER BY id LIMIT 500"
        found = await query.named(tx, _Said, sql, store, last)
        for one in found:
            page = "/".join(one.path.split("/")[:3])
            if one.says not in ("", ERASED) and (page in pages or wanted in one.says.casefold()):
                await tx.run("UPDATE panel_changes SET says = $2 WHERE id = $1", one.id, ERASED)
        if len(found) < 500:
            return
        last = found[-1].id


class _Said(NamedTuple):
    """What is kept of a change."""

    id: str
    path: str
    says: str
