"""The store itself: open or closed, its plan and what of it is used, its clock, the certificate that clients trust."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from bodega.access.plans import COUNTERS, DEFAULT, PLANS
from bodega.access.settings import SETTINGS
from bodega.panel.templates_of import show
from bodega.panel.web import SAFE, Asked, Pages, Reply, Turned, go
from bodega.resources.store import currencies
from bodega.storage.registry import StoreRecord
from bodega.storage.rows import table_state_of

pages = Pages()

LIMIT_DIGITS = 12


async def usage(asked: Asked) -> list[dict[str, Any]]:
    """What the store holds of all that plans count, with the limit in force (None: no limit)."""
    store = asked.shop
    if store.rows is None:
        return []
    limits = store.terms.limits
    return [
        {"name": name, "used": (await table_state_of(store.rows.reader, name)).total, "limit": limits.get(name)}
        for name in COUNTERS
    ]


async def fresh(asked: Asked) -> StoreRecord:
    """The store as the registry has it now: others may have changed it. Raises Turned."""
    record = await asked.house.registry.store(asked.shop.record.hash)
    if record is None:
        raise Turned(HTTPStatus.NOT_FOUND)
    return record


@pages.get("/stores/{store}/status")
async def status(asked: Asked) -> Reply:
    """The page."""
    return await _status(asked)


async def _status(asked: Asked, said: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    store = asked.shop
    plan = PLANS.get(store.record.plan, PLANS[DEFAULT])
    currency = await currencies.default(store.rows.reader) if store.rows is not None else None
    return show(
        asked, "status.html", status=status, said=said, plan=plan, usage=await usage(asked),
        currency=currency, clock_now=store.clock.now(), origin=asked.origin, has_ca=asked.house.ca is not None,
        plans=PLANS,
        chosen=asked.field("plan") or store.record.plan,
        own={name: asked.field(f"limit.{name}") or store.record.limits.get(name, "") for name in COUNTERS},
    )  # fmt: skip


@pages.post("/stores/{store}/maintenance")
async def maintenance(asked: Asked) -> Reply:
    """Closes the store, saying when to come back, or opens it."""
    closed = asked.field("maintenance") == "on"
    settings = {}
    if closed:
        try:
            settings["maintenance.retry_after"] = SETTINGS["maintenance.retry_after"].read(asked.field("retry_after"))
        except ValueError as error:
            return await _status(asked, f"Retry-After {error}.", HTTPStatus.UNPROCESSABLE_ENTITY)
    record = await fresh(asked)
    changed = replace(record, maintenance=closed, settings={**record.settings, **settings})
    await asked.house.registry.save_store(changed)
    return go(f"{asked.base}/status?done={'closed' if closed else 'opened'}", *SAFE)


@pages.post("/stores/{store}/plan")
async def change_plan(asked: Asked) -> Reply:
    """Puts the store on a plan, with limits of its own where they were filled in. Accounts keep their quotas."""
    name = asked.field("plan")
    if name not in PLANS:
        return await _status(asked, "There is no such plan.", HTTPStatus.UNPROCESSABLE_ENTITY)
    limits = {}
    for counter in COUNTERS:
        text = asked.field(f"limit.{counter}")
        if text and not (text.isascii() and text.isdigit() and len(text) <= LIMIT_DIGITS):
            said = f"The limit of {counter} is a whole number, or empty for that of the plan."
            return await _status(asked, said, HTTPStatus.UNPROCESSABLE_ENTITY)
        if text:
            limits[counter] = int(text)
    record = await fresh(asked)
    await asked.house.registry.save_store(replace(record, plan=name, limits=limits))
    return go(f"{asked.base}/status?done=plan#plan", *SAFE)


@pages.get("/ca.pem")
async def certificate(asked: Asked) -> Reply:
    """The certificate of the local authority: clients that trust it trust this server."""
    path = asked.house.ca
    if path is None or not path.exists():
        raise Turned(
            HTTPStatus.NOT_FOUND, "This server has no authority of its own: its certificate was brought to it."
        )
    headers = [
        (b"content-type", b"application/x-pem-file"),
        (b"content-disposition", b'attachment; filename="bodega-ca.pem"'),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, path.read_bytes())
