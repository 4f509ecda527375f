"""Shipping: zones with their methods, what a checkout says, and the providers that are asked for costs and taxes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from bodega.access.providers import (
    PROVIDERS,
    SHIPPING,
    TAX,
    Provider,
    registered,
    with_provider,
    without_provider,
)
from bodega.access.settings import SETTINGS
from bodega.panel import api
from bodega.panel.sentences import sentence_of
from bodega.panel.status import fresh
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/shipping"
ZONES = "/v2/shipping/zones"
SETTINGS_PATH = "/v3/shipping/settings"
KINDS = (("perorder", "One price an order"), ("peritem", "A price a piece"), ("freeshipping", "Free shipping"))
MOST_ZONES = 250


@pages.get(HERE)
async def shown(request: PanelRequest) -> Reply:
    """The page."""
    return await _page(request)


async def _page(request: PanelRequest, message: str = "") -> Reply:
    reply = await api.send_request(request, "GET", ZONES, limit=MOST_ZONES)
    zones: list[dict[str, Any]] = reply.data or []
    for zone in zones:
        methods = await api.send_request(request, "GET", f"{ZONES}/{zone['id']}/methods", limit=MOST_ZONES)
        zone["methods"] = methods.data or []
    told = (await api.read(request, SETTINGS_PATH)).data["checkout"]
    providers = registered(request.shop.settings)
    connected = {}
    for one in providers:
        if one.kind == TAX:
            connection = await api.send_request(request, "GET", f"/v3/tax/providers/{one.id}/connection")
            connected[one.id] = connection.data or {}
    kinds = [*KINDS, *((one.id, f"Asked of {one.id}") for one in providers if one.kind == SHIPPING)]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK
    return show(
        request,
        "shipping.html",
        status=status,
        zones=zones,
        told=told,
        providers=providers,
        connected=connected,
        kinds=kinds,
        message=message,
    )


async def _sent(request: PanelRequest, method: str, path: str, body: Any, done: str) -> Reply:
    reply = await api.send_request(request, method, path, body)
    if reply.refused:
        return await _page(request, sentence_of(reply))
    return go(f"{request.base}/shipping?done={done}", *SAFE)


@pages.post(HERE + "/zones")
async def add_zone(request: PanelRequest) -> Reply:
    """A new zone: some countries, or everywhere."""
    countries = request.field("countries").replace(",", " ").split()
    body: dict[str, Any] = {"name": request.field("name"), "type": "country" if countries else "global"}
    if countries:
        body["locations"] = [{"country_iso2": code.upper()} for code in countries]
    return await _sent(request, "POST", ZONES, body, "zone")


@pages.post(HERE + "/zones/{zone}/delete")
async def delete_zone(request: PanelRequest) -> Reply:
    """Deletes a zone with its methods."""
    return await _sent(request, "DELETE", f"{ZONES}/{request.ids['zone']}", None, "gone")


@pages.post(HERE + "/zones/{zone}/methods")
async def add_method(request: PanelRequest) -> Reply:
    """A new method of a zone."""
    kind = request.field("type")
    body: dict[str, Any] = {"name": request.field("name"), "type": kind}
    if kind in ("perorder", "peritem"):
        body["settings"] = {"rate": request.field("rate")}
    return await _sent(request, "POST", f"{ZONES}/{request.ids['zone']}/methods", body, "method")


@pages.post(HERE + "/zones/{zone}/methods/{method}/delete")
async def delete_method(request: PanelRequest) -> Reply:
    """Deletes a method."""
    path = f"{ZONES}/{request.ids['zone']}/methods/{request.ids['method']}"
    return await _sent(request, "DELETE", path, None, "gone")


@pages.post(HERE + "/settings")
async def save_settings(request: PanelRequest) -> Reply:
    """What a checkout says about where the store ships."""
    names = ("country_list_strategy", "out_of_delivery_zone_message")
    body = {"checkout": {name: request.field(name) for name in names}}
    return await _sent(request, "PUT", SETTINGS_PATH, body, "saved")


@pages.post(HERE + "/providers")
async def add_provider(request: PanelRequest) -> Reply:
    """Registers a provider."""
    record = await fresh(request)
    made = Provider(request.field("kind"), request.field("id"), request.field("url").rstrip("/"))
    try:
        text = SETTINGS[PROVIDERS].read(with_provider(record.settings.get(PROVIDERS) or "", made))
    except ValueError as error:
        return await _page(request, f"A registration {error}.")
    changed = {**record.settings, PROVIDERS: text}
    await request.panel.registry.save_store(replace(record, settings=changed))
    return go(f"{request.base}/shipping?done=provider", *SAFE)


@pages.post(HERE + "/providers/{kind}/{id}/delete")
async def remove_provider(request: PanelRequest) -> Reply:
    """Takes a registration back."""
    record = await fresh(request)
    text = without_provider(record.settings.get(PROVIDERS) or "", request.ids["kind"], request.ids["id"])
    changed = {**record.settings, PROVIDERS: text}
    await request.panel.registry.save_store(replace(record, settings=changed))
    return go(f"{request.base}/shipping?done=gone", *SAFE)


@pages.post(HERE + "/connections/{id}")
async def connect(request: PanelRequest) -> Reply:
    """Connects the store to a tax provider; an empty password stays as it is."""
    body = {name: request.field(name) for name in ("username", "profile")}
    if request.field("password"):
        body["password"] = request.field("password")
    path = f"/v3/tax/providers/{request.ids['id']}/connection"
    return await _sent(request, "PUT", path, body, "connected")
