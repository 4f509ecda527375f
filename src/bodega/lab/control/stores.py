"""Stores: made, shown, emptied and deleted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from bodega.access.plans import DEFAULT, PLANS
from bodega.clock import Clock
from bodega.lab import reset as resetting
from bodega.lab.control.accounts import AccountAsked, AccountMade, made_accounts
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.control.terms import check_limits, read_settings
from bodega.lab.facts import StoreFacts, store_facts
from bodega.storage.creating import create_store
from bodega.storage.registry import Exists, StoreRecord
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
    settings = read_settings(body.settings)
    try:
        record = await create_store(lab.backend, body.hash, body.plan, settings, int(Clock().now()))
    except Exists:
        raise Problem(409, f"There is a store {body.hash} already.") from None
    if body.limits:
        record = msgspec.structs.replace(record, limits=body.limits)
        await lab.registry.save_store(record)
    return await made(lab, record, body.accounts)


async def made(lab: Lab, record: StoreRecord, accounts: list[AccountAsked]) -> StoreMade:
    """A store that has just been made, with these accounts; if one of them cannot be, it is not made. Raises
    Problem."""
    try:
        told = await made_accounts(lab, record, accounts)
    except Problem:
        await _remove(lab, record)
        raise
    lab.stores.reread()
    return StoreMade(await shown(lab, record), told)


async def show_store(lab: Lab, store_hash: str) -> StoreFacts:
    """Show a store: its plan and limits, what it holds, its clock, what is damaged, and its last scheduled backup."""
    return await shown(lab, await lab.record(store_hash))


async def delete_store(lab: Lab, store_hash: str) -> None:
    """Delete a store, its accounts and everything it holds, for good."""
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
)
