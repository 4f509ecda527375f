"""Stores: made, shown, emptied and deleted."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.access.plans import DEFAULT, PLANS
from bodega.clock import Clock
from bodega.lab import forks
from bodega.lab import reset as resetting
from bodega.lab.control.accounts import AccountAsked, AccountMade, Word, drafts, made, taken_already
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.control.snapshots import SnapshotName
from bodega.lab.control.terms import check_limits, read_settings
from bodega.lab.facts import StoreFacts, store_facts
from bodega.storage.creating import create_store
from bodega.storage.registry import Account, Exists, StoreRecord
from bodega.storage.tx import Damaged

Hash = Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{1,40}$")]
"""A store's name in URLs."""


class StoreAsked(Asked):
    """A store to be made. `accounts` get the tokens that are named; without any the store has none yet."""

    hash: Hash
    plan: str = DEFAULT
    limits: dict[str, int] = {}
    settings: dict[str, Any] = {}
    accounts: list[AccountAsked] = []


class StoreMade(msgspec.Struct, frozen=True):
    """A new store, and the credentials of its accounts, which are not shown again."""

    store: StoreFacts
    accounts: list[AccountMade]


async def list_stores(lab: Lab) -> list[StoreFacts]:
    """The stores."""
    return [await shown(lab, record) for record in await lab.registry.stores()]


async def create_store_(lab: Lab, body: StoreAsked) -> StoreMade:
    """Make a store, with its accounts if they are named. It can be used as soon as this is answered."""
    if body.plan not in PLANS:
        raise Problem(422, "The request is not valid.", {"plan": f"The plans are {', '.join(PLANS)}."})
    check_limits(body.limits)
    settings, now = read_settings(body.settings), int(Clock().now())
    accounts = drafts(body.hash, body.plan, now, body.accounts)
    async with lab.making(body.hash):
        try:
            record = await create_store(
                lab.backend, body.hash, body.plan, settings, now,
                limits=body.limits, accounts=[account for account, _token in accounts],
            )  # fmt: skip
        except Exists as error:
            raise taken(body.hash, str(error)) from None
    return await told(lab, record, accounts)


class ForkAsked(Asked):
    """A store to be made of another one. Its hash and its accounts can be given, so that a test knows beforehand what
    it will use. Without `accounts` it gets one, `app`: client id `HASH-client`, and the `token` that is given, else
    `HASH-token`; where the lab has a key, the hexadecimal HMAC-SHA256 of `token HASH` under it."""

    hash: Hash
    snapshot: SnapshotName | None = None
    token: Word | None = None
    accounts: list[AccountAsked] | None = None


async def fork_store(lab: Lab, store_hash: str, body: ForkAsked) -> StoreMade:
    """Make a store of another one, as it stands or as it was in a snapshot. It has the same rows with the same ids,
    pictures, plan, settings and clock, but accounts of its own: webhooks and whatever else belonged to an account is
    that of its account of the same name, else its first. Deliveries that wait stay with the other store alone."""
    source = await lab.record(store_hash)
    await lab.rows(store_hash)  # of the newest schema, and not damaged
    if body.snapshot is not None and body.snapshot not in await lab.backend.snapshots(source):
        raise Problem(404, f"Store {store_hash} has no snapshot {body.snapshot}.")
    if body.token is not None and body.accounts is not None:
        raise Problem(422, "The request is not valid.", {"token": "It is that of an account that is not named."})
    asked = body.accounts if body.accounts is not None else [derived(body.hash, body.token, lab.key)]
    accounts = drafts(body.hash, source.plan, int(source.clock.now()), asked)
    async with lab.making(body.hash):
        try:
            record = await forks.fork(
                lab.backend, source, body.hash, [account for account, _token in accounts], body.snapshot
            )
        except Exists as error:
            raise taken(body.hash, str(error)) from None
    return await told(lab, record, accounts)


def derived(store_hash: str, token: str | None, key: str | None) -> AccountAsked:
    """The account of a fork for which none was named."""
    if token is None:
        secret = hmac.digest((key or "").encode(), f"token {store_hash}".encode(), "sha256").hex()
        token = f"{store_hash}-token" if key is None else secret
    return AccountAsked(client_id=f"{store_hash}-client", token=token)


def taken(store_hash: str, what: str) -> Problem:
    """A store of this hash, or an account of one of these client ids, is there already."""
    if what != store_hash:
        return taken_already(what)
    return Problem(409, f"There is a store {store_hash} already.", {"hash": "It is taken."})


async def told(lab: Lab, record: StoreRecord, accounts: Sequence[tuple[Account, str]]) -> StoreMade:
    """A store that has just been made."""
    lab.stores.reread()
    return StoreMade(await shown(lab, record), [made(account, token) for account, token in accounts])


async def show_store(lab: Lab, store_hash: str) -> StoreFacts:
    """Show a store: its plan and limits, what it holds, its clock, what is damaged, and its last scheduled backup."""
    return await shown(lab, await lab.record(store_hash))


async def delete_store(lab: Lab, store_hash: str) -> None:
    """Delete a store, its accounts and everything it holds, for good."""
    async with lab.making(store_hash):  # on PostgreSQL the next store of this hash gets the same schema
        await _remove(lab, await lab.record(store_hash))


async def reset_store(lab: Lab, store_hash: str) -> StoreFacts:
    """Empty a store. Its accounts, plan, settings and clock stay; ids start at 1 again."""
    store = await lab.store(store_hash)
    await store.write(resetting.empty)
    return await shown(lab, await lab.record(store_hash))


async def _remove(lab: Lab, record: StoreRecord) -> None:
    await lab.registry.drop_store(record.hash)
    lab.stores.reread()
    await lab.stores.get(record.hash)  # which closes it
    await lab.backend.drop(record)


async def shown(lab: Lab, record: StoreRecord) -> StoreFacts:
    """What is shown of a store; it is opened only if it is new or asked for."""
    reader = None
    if not lab.stores.holds(record.hash) and await _lost(lab, record):
        return await store_facts(lab.backend, record)
    store = await lab.stores.get(record.hash)
    if store is not None and store.rows is not None and store.record.place == record.place:
        reader = store.rows.reader
    return await store_facts(lab.backend, record, reader)


async def _lost(lab: Lab, record: StoreRecord) -> bool:
    try:
        await lab.backend.inspect(record)
    except Damaged:
        return True
    return False


OPERATIONS = (
    Operation("GET", "/stores", list_stores),
    Operation("POST", "/stores", create_store_, status=201, refuses=(409,)),
    Operation("GET", "/stores/{store_hash}", show_store),
    Operation("DELETE", "/stores/{store_hash}", delete_store),
    Operation("POST", "/stores/{store_hash}/reset", reset_store),
    Operation("POST", "/stores/{store_hash}/fork", fork_store, status=201, refuses=(409,)),
)
