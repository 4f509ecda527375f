"""What the clients of a store did: the report card, and the scopes that they need."""

from __future__ import annotations

import time

import msgspec

from bodega.dates import parse_duration
from bodega.kit.route import Route
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.report.calls import Run
from bodega.lab.report.card import Card, UnknownAccount, read_run, report
from bodega.lab.report.permissions import Permission, permissions


class RunQuery(Asked):
    """Which requests: of an account, by its client id or name; since a duration, as 10m."""

    account: str = ""
    since: str = ""


class ScopesQuery(RunQuery):
    """Also a set of scopes, with commas between: what it would have refused."""

    given: str = ""


class Needed(msgspec.Struct, frozen=True):
    """What each account needs."""

    accounts: list[Permission]


async def show_report(lab: Lab, store_hash: str, query: RunQuery) -> Card:
    """Say what the clients of a store did wrong or wastefully, by the requests in its journal."""
    run = await _run(lab, store_hash, query)
    store = await lab.store(store_hash)
    await store.ready()
    if lab.app is None:
        raise Problem(503, "The server is being started.")
    return await report(lab.app, store, run)


async def show_scopes(lab: Lab, store_hash: str, query: ScopesQuery) -> Needed:
    """Show the smallest set of scopes that lets the requests in the journal pass, account by account."""
    given = frozenset(query.given.split(",")) if query.given else None
    return Needed(permissions(await _run(lab, store_hash, query), given))


async def _run(lab: Lab, store_hash: str, query: RunQuery) -> Run:
    record = await lab.record(store_hash)
    await lab.journal.write()
    try:
        since = time.time() - parse_duration(query.since) if query.since else 0.0
    except ValueError as error:
        raise Problem(422, "The request is not valid.", {"since": str(error)}) from None
    accounts = await lab.registry.accounts(store_hash)
    named = {one.name: one.client_id for one in accounts}
    account = named.get(query.account, query.account)
    try:
        return await read_run(lab.journal.ring, record, accounts, served(lab), account=account, since=since)
    except UnknownAccount as error:
        raise Problem(422, "The request is not valid.", {"account": str(error)}) from None


def served(lab: Lab) -> list[Route]:
    """Everything that is served."""
    return [] if lab.app is None else [route for routes in lab.app.routes.values() for route in routes.all]


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/report", show_report),
    Operation("GET", "/stores/{store_hash}/scopes", show_scopes),
)
