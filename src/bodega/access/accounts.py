"""Creating an API account: shared by the command line, the control panel and the installation of apps."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

from bodega.access.plans import DEFAULT, NO_HOUR, PLANS

OWNERS_CLIENT = "panel"
"""The client in whose name the store's owner writes on the pages of the panel; no account has this id."""

SHOPPERS_CLIENT = "storefront"
"""The client in whose name shoppers write; no account has this id."""

INSIDE = frozenset({OWNERS_CLIENT, SHOPPERS_CLIENT})
"""The clients that write without an account."""


if TYPE_CHECKING:
    from bodega.storage.registry import Account, Registry, StoreRecord


async def add_account(
    registry: Registry,
    store: StoreRecord,
    name: str,
    token: str,
    scopes: frozenset[str],
    *,
    basic: bool = False,
    per_hour: int | None = None,
    per_window: int | None = None,
    client_id: str = "",
    secret: str = "",
) -> Account:
    """A new account whose holder sends `token`; quotas that are None are the plan's. Raises Exists.

    An OAuth account has requests an hour only if they are given.
    """
    account = new_account(
        store.hash, store.plan, name, token, scopes, basic=basic, per_hour=per_hour, per_window=per_window,
        client_id=client_id, secret=secret, created=int(store.clock.now()),
        taken={account.username for account in await registry.accounts(store.hash)} if basic else (),
    )  # fmt: skip
    await registry.add_account(account)
    return account


def new_account(
    store_hash: str,
    plan_name: str,
    name: str,
    token: str,
    scopes: frozenset[str],
    *,
    created: int,
    basic: bool = False,
    per_hour: int | None = None,
    per_window: int | None = None,
    client_id: str = "",
    secret: str = "",
    taken: Collection[str] = (),
) -> Account:
    """The same, not yet in a registry: `created` in UTC seconds, `taken` are the user names that others have."""
    from bodega.storage.registry import Account, digest

    plan = PLANS.get(plan_name, PLANS[DEFAULT])
    return Account(
        client_id=client_id or secrets.token_hex(16),
        store=store_hash,
        name=name,
        kind="basic" if basic else "oauth",
        username=_username(name, taken) if basic else "",
        token_digest=digest(token),
        secret=secret or secrets.token_hex(32),
        scopes=scopes,
        per_hour=(plan.requests_per_hour if basic else NO_HOUR) if per_hour is None else per_hour,
        per_window=plan.requests_per_window if per_window is None else per_window,
        disabled=False,
        created=created,
        quota_epoch=1,
    )


def _username(name: str, taken: Collection[str]) -> str:
    """A user name derived from the account's name that is not taken yet."""
    plain = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-") or "user"
    wanted, number = plain, 2
    while wanted in taken:
        wanted, number = f"{plain}-{number}", number + 1
    return wanted
