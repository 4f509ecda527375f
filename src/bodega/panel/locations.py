"""Locations: the list, and the page of one with the ways to collect orders there."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms
from bodega.panel.fields import Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.inventory.location import DEFAULT, Address, Location
from bodega.resources.inventory.pickup_methods import PickupMethod

pages = Pages()

HERE = "/stores/{store}/locations"
LOCATIONS = "/v3/inventory/locations"
METHODS = "/v3/pickup/methods"
PER_PAGE = 50
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY

_PART = "address."
_ADDRESS = fields_of(Address, "address1 address2 zip city state country_code email phone",
                     titles={"address1": "Street", "address2": "Second line", "zip": "Postal code",
                             "country_code": "Country code"})  # fmt: skip
_POINT = ("latitude", "longitude")
GROUPS = [
    FieldGroup(
        "",
        fields_of(
            Location,
            "label code type_id time_zone enabled storefront_visibility managed_by_external_source description",
            required="label code type_id time_zone",
            titles={
                "label": "Name", "type_id": "Kind", "enabled": "In use",
                "storefront_visibility": "Shown to shoppers",
                "managed_by_external_source": "Stock is managed by another system",
            },
            hints={"time_zone": "As America/Chicago."},
        ),
    ),
    FieldGroup(
        "Address",
        [*_ADDRESS, *(Field(name, name.title(), "number", "In degrees.") for name in _POINT)],
    ),
]  # fmt: skip
METHOD = [
    FieldGroup(
        "",
        fields_of(
            PickupMethod, "display_name collection_time_description collection_instructions",
            required="display_name",
            titles={"display_name": "Name", "collection_time_description": "When",
                    "collection_instructions": "How"},
        ),
    )
]  # fmt: skip
_INSIDE = {field.name for field in _ADDRESS}


def flat(location: Mapping[str, Any]) -> dict[str, Any]:
    """A location with the members of its address beside its own, as the form has them."""
    address = location["address"]
    return {**location, **address, **(address.get("geo_coordinates") or {}), "id": location["id"]}


def nested(draft: Mapping[str, Any], now: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body for a draft of the form."""
    body = {name: value for name, value in draft.items() if name not in _INSIDE and name not in _POINT}
    address = {name: draft[name] for name in draft if name in _INSIDE}
    if any(name in draft for name in _POINT):
        known = {} if now is None else now["address"].get("geo_coordinates") or {}
        point = {**known, **{name: draft[name] for name in _POINT if name in draft}}
        if any(value not in ("", None) for value in point.values()):
            address["geo_coordinates"] = point
    if now is None:
        body.setdefault("managed_by_external_source", False)
        body["address"] = address
    elif address:
        body["address"] = address
    return body


def _complain(form: Form, reply: ApiReply) -> None:
    """The API names members of items of a list, and of the address inside them."""
    named = {}
    for name, text in reply.errors.items():
        member = name.partition(".")[2] if name.partition(".")[0].isdigit() else name
        member = member.removeprefix(_PART).removeprefix("geo_coordinates.")
        named["latitude" if member in ("geo_coordinates", "address") else member] = text
    forms.complain(form, reply._replace(errors=named))


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """All locations, the default one first."""
    page = api.page_of(request)
    reply = await api.read(request, LOCATIONS, limit=PER_PAGE, page=page)
    return show(
        request, "locations.html", locations=reply.data, total=reply.total, page=page, per=PER_PAGE, default=DEFAULT
    )


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new location."""
    return _show_new(request, forms.opened(GROUPS))


def _show_new(request: PanelRequest, form: Form) -> Reply:
    status = UNPROCESSABLE if form.faulty else HTTPStatus.OK
    return show(request, "location.html", status=status, form=form, location=None, message="", default=DEFAULT)


@pages.post(HERE)
async def create(request: PanelRequest) -> Reply:
    """Creates a location."""
    form, draft = forms.read(request, GROUPS, None)
    reply = await api.send_request(request, "POST", LOCATIONS, [nested(draft, None)])
    if reply.refused:
        _complain(form, reply)
        return _show_new(request, form)
    made = await api.read(request, LOCATIONS, **{"location_code:in": draft["code"]})
    return go(f"{request.base}/locations/{made.data[0]['id']}?done=made", *SAFE)


async def _location(request: PanelRequest) -> dict[str, Any]:
    key = api.number(request.ids["location"])
    found = (await api.read(request, LOCATIONS, **{"location_id:in": key})).data
    if not found:
        raise PageError(HTTPStatus.NOT_FOUND, "This no longer exists.")
    location: dict[str, Any] = found[0]
    return location


async def _show(
    request: PanelRequest, form: Form | None = None, method: Form | None = None, message: str = ""
) -> Reply:
    now = await _location(request)
    those = [one for one in await api.whole(request, METHODS) if one["location_id"] == now["id"]]
    methods = [(one, forms.opened(METHOD, one, f"m{one['id']}.")) for one in those]
    new_method = forms.opened(METHOD, before="new.")
    if method is not None:
        methods = [(one, method if item.before == method.before else item) for one, item in methods]
        new_method = method if method.before == "new." else new_method
    failed = bool(form or method or message)
    return show(
        request, "location.html", status=UNPROCESSABLE if failed else HTTPStatus.OK,
        form=form or forms.opened(GROUPS, flat(now)), location=now, methods=methods, new=new_method, message=message,
        default=DEFAULT,
    )  # fmt: skip


@pages.get(HERE + "/{location}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a location, and its pickup methods."""
    return await _show(request)


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/locations/{request.ids['location']}?done={done}", *SAFE)


@pages.post(HERE + "/{location}")
async def change(request: PanelRequest) -> Reply:
    """Saves what was changed."""
    now = await _location(request)
    form, draft = forms.read(request, GROUPS, flat(now))
    if form.faulty:
        return await _show(request, form)
    if not draft:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", LOCATIONS, [{"id": now["id"], **nested(draft, now)}])
    if reply.refused:
        _complain(form, reply)
        return await _show(request, form)
    return _back(request, "saved")


@pages.post(HERE + "/{location}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a location with its stock."""
    key = api.number(request.ids["location"])
    reply = await api.send_request(request, "DELETE", LOCATIONS, **{"location_id:in": str(key)})
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/locations?done=deleted", *SAFE)


@pages.post(HERE + "/{location}/methods")
async def add_method(request: PanelRequest) -> Reply:
    """Adds a pickup method."""
    form, draft = forms.read(request, METHOD, None, "new.")
    body = {**draft, "location_id": api.number(request.ids["location"])}
    return await _written(request, form, await api.send_request(request, "POST", METHODS, [body]), "added")


@pages.post(HERE + "/{location}/methods/{method}")
async def change_method(request: PanelRequest) -> Reply:
    """Saves what was changed of a pickup method."""
    key = api.number(request.ids["method"])
    found = (await api.read(request, METHODS, **{"id:in": key})).data
    if not found:
        raise PageError(HTTPStatus.NOT_FOUND, "This no longer exists.")
    form, draft = forms.read(request, METHOD, found[0], f"m{key}.")
    if form.faulty:
        return await _show(request, method=form)
    if not draft:
        return _back(request, "unchanged")
    return await _written(
        request, form, await api.send_request(request, "PUT", METHODS, [{"id": key, **draft}]), "saved"
    )


async def _written(request: PanelRequest, form: Form, reply: ApiReply, done: str) -> Reply:
    if reply.refused:
        _complain(form, reply)
        return await _show(request, method=form)
    return _back(request, done)


@pages.post(HERE + "/{location}/methods/{method}/delete")
async def delete_method(request: PanelRequest) -> Reply:
    """Deletes a pickup method."""
    key = api.number(request.ids["method"])
    reply = await api.send_request(request, "DELETE", METHODS, **{"id:in": str(key)})
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return _back(request, "deleted")
