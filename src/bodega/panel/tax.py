"""Tax: how prices are entered and rounded, the zones with their rates, the classes of goods."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms
from bodega.panel.fields import Field, fields_of
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go
from bodega.resources.tax.settings import TaxSettings
from bodega.resources.tax.zones import DEFAULT

pages = Pages()

HERE = "/stores/{store}/tax"
ZONES, RATES, SETTINGS, CLASSES = "/v3/tax/zones", "/v3/tax/rates", "/v3/tax/settings", "/v3/tax/classes"
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
MOST_SHOWN = 250

TITLES = {
    "tax_entered_with_prices": "Prices are entered with tax",
    "should_subtract_store_tax": "Take the store's own tax out of them before the shopper's is added",
    "rounding_strategy": "Rounding",
    "fallback_strategy": "When a tax provider fails",
}
CHOICES = {
    "rounding_strategy": (("RATE_ROUNDING", "Each tax of each line"), ("NO_ROUNDING", "Only the whole tax")),
    "fallback_strategy": (
        ("FIXED", "10 per cent"), ("BASIC", "The rates below"), ("DISABLE", "Nothing can be bought"),
    ),
}  # fmt: skip
CLASS = [FieldGroup("", [Field("name", "Name of the new class", "text", required=True, maximum=100)])]
PLACES = "One place a line: a country, as DE; parts of it, as CA: QC, ON; postal codes, as AU: NSW | 2000, 21*."


def _settings(zones: list[dict[str, Any]]) -> list[FieldGroup]:
    made = fields_of(TaxSettings, " ".join(TITLES), titles=TITLES)
    named = tuple((str(zone["id"]), zone["name"]) for zone in zones)
    who = {
        "store_tax_zone_id": "The zone of the store",
        "guest_shopper_tax_zone_id": "The zone of shoppers whose address is not known",
    }
    chosen = [Field(name, title, "choice", choices=named, blank=DEFAULT) for name, title in who.items()]
    words = [one._replace(choices=CHOICES[one.name]) if one.name in CHOICES else one for one in made]
    return [FieldGroup("", [*words, *chosen])]


def _zone_form(groups: Mapping[int, str], zone: Mapping[str, Any] | None) -> list[FieldGroup]:
    made = [
        Field("name", "Name", "text", required=True, maximum=255),
        Field("enabled", "In use", "flag", blank=False),
        Field("show_inclusive", "Show prices with tax", "flag", blank=False),
    ]
    if zone is None or zone["id"] != DEFAULT:
        ticked = tuple((str(number), name) for number, name in {0: "Shoppers without a group", **groups}.items())
        made += [
            Field("places", "Places", "long", PLACES, wide=True),
            Field("groups", "Only for these groups", "many", "None ticked: for everybody.", choices=ticked, blank=[]),
        ]
    return [FieldGroup("", made)]


def _rate_form(classes: Mapping[int, str]) -> list[FieldGroup]:
    of_classes = [
        Field(f"class_{number}", f"{name}, per cent", "number", blank=None) for number, name in classes.items()
    ]
    return [
        FieldGroup(
            "",
            [
                Field("name", "Name", "text", required=True, maximum=255),
                Field("priority", "Order", "whole", "A later one is also paid on the tax of those before.", blank=1),
                *of_classes,
            ],
        )
    ]


def places_of(text: str) -> list[dict[str, Any]]:
    """The places that the lines of a text name."""
    made = []
    for line in filter(str.strip, text.splitlines()):
        country, _, parts = line.partition(":")
        subdivisions, _, codes = parts.partition("|")
        made.append(
            {
                "country_code": country.strip(),
                "subdivision_codes": [word.strip() for word in subdivisions.split(",") if word.strip()],
                "postal_codes": [word.strip() for word in codes.split(",") if word.strip()],
            }
        )
    return made


def lines_of(places: list[dict[str, Any]]) -> str:
    """The same the other way round."""
    made = []
    for one in places:
        codes = f" | {', '.join(one['postal_codes'])}" if one["postal_codes"] else ""
        parts = ", ".join(one["subdivision_codes"])
        made.append(one["country_code"] + (f": {parts}{codes}" if parts or codes else ""))
    return "\n".join(made)


def _flat(zone: Mapping[str, Any]) -> dict[str, Any]:
    targets = zone["shopper_target_settings"]
    return {
        "name": zone["name"],
        "enabled": zone["enabled"],
        "show_inclusive": zone["price_display_settings"]["show_inclusive"],
        "places": lines_of(targets["locations"]),
        "groups": targets["customer_groups"],
    }


def _body(draft: Mapping[str, Any]) -> dict[str, Any]:
    body = {name: draft[name] for name in ("name", "enabled") if name in draft}
    if "show_inclusive" in draft:
        body["price_display_settings"] = {"show_inclusive": draft["show_inclusive"]}
    targets: dict[str, Any] = {}
    if "places" in draft:
        targets["locations"] = places_of(draft["places"] or "")
    if "groups" in draft:
        targets["customer_groups"] = draft["groups"]
    return {**body, "shopper_target_settings": targets} if targets else body


def _refused(form: Form, reply: ApiReply) -> None:
    """Puts what the API says of the only item of a list beside the fields of a form."""
    found = {}
    for field, text in reply.errors.items():
        name = field.removeprefix("0.")
        if name.startswith("shopper_target_settings"):
            name = "groups" if "customer_groups" in name else "places"
        if name.startswith("class_rates"):
            name = "name"
        found[name.rpartition(".")[2]] = text
    forms.complain(form, reply._replace(errors=found))


async def _groups(request: PanelRequest) -> dict[int, str]:
    return {one["id"]: one["name"] for one in await api.whole(request, "/v2/customer_groups")}


async def _classes(request: PanelRequest) -> dict[int, str]:
    return {int(one["id"]): one["name"] for one in await api.whole(request, "/v2/tax_classes")}


async def _show(request: PanelRequest, form: Form | None = None, added: Form | None = None, message: str = "") -> Reply:
    zones = (await api.read(request, ZONES, limit=MOST_SHOWN)).data
    rates = (await api.read(request, RATES, limit=MOST_SHOWN)).data
    now = (await api.read(request, SETTINGS)).data
    status = UNPROCESSABLE if form or added or message else HTTPStatus.OK
    return show(
        request, "tax.html", status=status, zones=zones, default=DEFAULT, message=message,
        rates={zone["id"]: [one for one in rates if one["tax_zone_id"] == zone["id"]] for zone in zones},
        places={zone["id"]: lines_of(zone["shopper_target_settings"]["locations"]) for zone in zones},
        form=form or forms.opened(_settings(zones), now), classes=await _classes(request),
        added=added or forms.opened(CLASS, before="class."),
    )  # fmt: skip


@pages.get(HERE)
async def overview(request: PanelRequest) -> Reply:
    """Settings, zones with their rates, classes."""
    return await _show(request)


@pages.post(HERE)
async def save(request: PanelRequest) -> Reply:
    """Saves the settings."""
    zones = (await api.read(request, ZONES, limit=MOST_SHOWN)).data
    sent = await forms.send(request, _settings(zones), SETTINGS, (await api.read(request, SETTINGS)).data)
    if not sent.saved:
        return await _show(request, sent.form)
    return go(f"{request.base}/tax?done={'saved' if sent.reply else 'unchanged'}", *SAFE)


@pages.post(HERE + "/classes")
async def add_class(request: PanelRequest) -> Reply:
    """Adds a class of goods."""
    form, draft = forms.read(request, CLASS, None, "class.")
    reply = await api.send_request(request, "POST", CLASSES, [draft])
    if reply.refused:
        _refused(form, reply)
        return await _show(request, added=form)
    return go(f"{request.base}/tax?done=classed", *SAFE)


@pages.post(HERE + "/classes/{class}/delete")
async def drop_class(request: PanelRequest) -> Reply:
    """Deletes a class that no product has."""
    number = api.number(request.ids["class"])
    reply = await api.send_request(request, "DELETE", CLASSES, **{"id:in": str(number)})
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/tax?done=unclassed", *SAFE)


@pages.get(HERE + "/new")
async def new(request: PanelRequest) -> Reply:
    """The form of a new zone."""
    form = forms.opened(_zone_form(await _groups(request), None), {"enabled": True})
    return show(request, "tax_zone.html", form=form, zone=None, message="")


@pages.post(HERE + "/zones")
async def create(request: PanelRequest) -> Reply:
    """Creates a zone."""
    form, draft = forms.read(request, _zone_form(await _groups(request), None), None)
    body = {**_body({"places": "", "show_inclusive": False, **draft})}
    reply = await api.send_request(request, "POST", ZONES, [body])
    if reply.refused:
        _refused(form, reply)
        return show(request, "tax_zone.html", status=UNPROCESSABLE, form=form, zone=None, message="")
    return go(f"{request.base}/tax/{reply.data[0]['id']}?done=made", *SAFE)


async def _zone(request: PanelRequest) -> dict[str, Any]:
    found = (await api.read(request, ZONES, **{"id:in": str(api.number(request.ids["zone"]))})).data
    if not found:
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such tax zone.")
    zone: dict[str, Any] = found[0]
    return zone


async def _show_zone(
    request: PanelRequest, form: Form | None = None, rate: Form | None = None, message: str = ""
) -> Reply:
    zone, classes = await _zone(request), await _classes(request)
    groups = _zone_form(await _groups(request), zone)
    rates = (await api.read(request, RATES, limit=MOST_SHOWN, **{"tax_zone_id:in": str(zone["id"])})).data
    status = UNPROCESSABLE if form or rate or message else HTTPStatus.OK
    return show(
        request, "tax_zone.html", status=status, zone=zone, default=DEFAULT, rates=rates, classes=classes,
        form=form or forms.opened(groups, _flat(zone)), message=message,
        rate=rate or forms.opened(_rate_form(classes), before="rate."),
    )  # fmt: skip


@pages.get(HERE + "/{zone}")
async def detail(request: PanelRequest) -> Reply:
    """The form of a zone, and its rates."""
    return await _show_zone(request)


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/tax/{request.ids['zone']}?done={done}", *SAFE)


@pages.post(HERE + "/{zone}")
async def change(request: PanelRequest) -> Reply:
    """Saves a zone."""
    zone = await _zone(request)
    form, draft = forms.read(request, _zone_form(await _groups(request), zone), _flat(zone))
    if form.faulty:
        return await _show_zone(request, form)
    if not draft:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", ZONES, [{"id": zone["id"], **_body(draft)}])
    if reply.refused:
        _refused(form, reply)
        return await _show_zone(request, form)
    return _back(request, "saved")


@pages.post(HERE + "/{zone}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a zone with its rates."""
    zone = await _zone(request)
    reply = await api.send_request(request, "DELETE", ZONES, **{"id:in": str(zone["id"])})
    if reply.refused:
        return await _show_zone(request, message=sentence_of(reply))
    return go(f"{request.base}/tax?done=deleted", *SAFE)


@pages.post(HERE + "/{zone}/rates")
async def add_rate(request: PanelRequest) -> Reply:
    """Adds a rate to a zone."""
    zone = await _zone(request)
    form, draft = forms.read(request, _rate_form(await _classes(request)), None, "rate.")
    percents = [
        {"tax_class_id": int(name.removeprefix("class_")), "rate": value}
        for name, value in draft.items()
        if name.startswith("class_") and isinstance(value, Decimal | int | str) and value != ""
    ]
    body = {"tax_zone_id": zone["id"], "name": draft.get("name", ""), "class_rates": percents}
    if draft.get("priority") is not None:
        body["priority"] = draft["priority"]
    reply = await api.send_request(request, "POST", RATES, [body])
    if reply.refused:
        _refused(form, reply)
        return await _show_zone(request, rate=form)
    return _back(request, "rated")


@pages.post(HERE + "/{zone}/rates/{rate}/delete")
async def drop_rate(request: PanelRequest) -> Reply:
    """Deletes a rate."""
    reply = await api.send_request(request, "DELETE", RATES, **{"id:in": str(api.number(request.ids["rate"]))})
    if reply.refused:
        return await _show_zone(request, message=sentence_of(reply))
    return _back(request, "unrated")
