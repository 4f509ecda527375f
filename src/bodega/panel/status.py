"""The store itself: open or closed, its plan and usage, its clock, the certificate that clients trust."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from bodega.access.backup_states import state_of
from bodega.access.plans import COUNTERS, DEFAULT, PLANS
from bodega.access.settings import SETTINGS
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.store import currencies
from bodega.storage.registry import StoreRecord
from bodega.storage.rows import table_state_of

pages = Pages()

LIMIT_DIGITS = 12


async def usage(request: PanelRequest) -> list[dict[str, Any]]:
    """What the store holds of everything that plans limit, with the limit in force (None: no limit)."""
    store = request.shop
    if store.rows is None:
        return []
    limits = store.terms.limits
    return [
        {"name": name, "used": (await table_state_of(store.rows.reader, name)).total, "limit": limits.get(name)}
        for name in COUNTERS
    ]


async def fresh(request: PanelRequest) -> StoreRecord:
    """The store as the registry has it now: others may have changed it. Raises PageError."""
    record = await request.panel.registry.store(request.shop.record.hash)
    if record is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return record


@pages.get("/stores/{store}/status")
async def status(request: PanelRequest) -> Reply:
    """The page."""
    return await _status(request)


async def _status(request: PanelRequest, message: str = "", status: HTTPStatus = HTTPStatus.OK) -> Reply:
    store = request.shop
    plan = PLANS.get(store.record.plan, PLANS[DEFAULT])
    currency = await currencies.default(store.rows.reader) if store.rows is not None else None
    return show(
        request, "status.html", status=status, message=message, plan=plan, usage=await usage(request),
        currency=currency, clock_now=store.clock.now(), origin=request.origin, has_ca=request.panel.ca is not None,
        plans=PLANS, backup=await state_of(request.panel.tx, store.record.hash),
        chosen=request.field("plan") or store.record.plan,
        own={name: request.field(f"limit.{name}") or store.record.limits.get(name, "") for name in COUNTERS},
    )  # fmt: skip


@pages.post("/stores/{store}/maintenance")
async def maintenance(request: PanelRequest) -> Reply:
    """Closes the store, with a Retry-After, or opens it."""
    closed = request.field("maintenance") == "on"
    settings = {}
    if closed:
        try:
            settings["maintenance.retry_after"] = SETTINGS["maintenance.retry_after"].read(request.field("retry_after"))
        except ValueError as error:
            return await _status(request, f"Retry-After {error}.", HTTPStatus.UNPROCESSABLE_ENTITY)
    record = await fresh(request)
    changed = replace(record, maintenance=closed, settings={**record.settings, **settings})
    await request.panel.registry.save_store(changed)
    return go(f"{request.base}/status?done={'closed' if closed else 'opened'}", *SAFE)


@pages.post("/stores/{store}/plan")
async def change_plan(request: PanelRequest) -> Reply:
    """Puts the store on a plan, with limits of its own if they were filled in. Accounts keep their quotas."""
    name = request.field("plan")
    if name not in PLANS:
        return await _status(request, "There is no such plan.", HTTPStatus.UNPROCESSABLE_ENTITY)
    limits = {}
    for counter in COUNTERS:
        text = request.field(f"limit.{counter}")
        if text and not (text.isascii() and text.isdigit() and len(text) <= LIMIT_DIGITS):
            message = f"The limit of {counter} must be a whole number, or empty for that of the plan."
            return await _status(request, message, HTTPStatus.UNPROCESSABLE_ENTITY)
        if text:
            limits[counter] = int(text)
    record = await fresh(request)
    await request.panel.registry.save_store(replace(record, plan=name, limits=limits))
    return go(f"{request.base}/status?done=plan#plan", *SAFE)


@pages.get("/ca.pem")
async def certificate(request: PanelRequest) -> Reply:
    """The certificate of the local authority: clients that trust it trust this server."""
    path = request.panel.ca
    if path is None or not path.exists():
        raise PageError(
            HTTPStatus.NOT_FOUND, "This server has no authority of its own: its operator supplied the certificate."
        )
    headers = [
        (b"content-type", b"application/x-pem-file"),
        (b"content-disposition", b'attachment; filename="bodega-ca.pem"'),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, path.read_bytes())
