"""Variants of a product: its options with their values, and a row for each combination."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api, forms
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.fields import Choices, Field, drafted, fields_of, shown
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.product_parts import ONE, product_of
from bodega.panel.sentences import beside, sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go
from bodega.resources.catalog.variants import MAXIMUM, Variant

pages = Pages()

VARIANTS = "/v3/catalog/variants"
PER_PAGE = 50
"""Rows of one form: as many as the API changes at once."""

COLUMNS = fields_of(
    Variant,
    "sku price sale_price weight inventory_level inventory_warning_level",
    required="sku",
    titles={"inventory_level": "In stock", "inventory_warning_level": "Warn at"},
)
GROUPS = [FieldGroup("", COLUMNS)]
TYPES: Choices = (
    ("dropdown", "a list"), ("radio_buttons", "buttons"), ("rectangles", "boxes"),
    ("swatch", "colours"),
)  # fmt: skip
OPTION = [
    FieldGroup(
        "",
        [
            Field("display_name", "Name", "text", "As shoppers see it, for example Size.", required=True),
            Field("type", "Shown as", "choice", required=True, choices=TYPES),
            Field("values", "Values", "list", "Separated by commas: S, M, L. Colours: Red #d02020.", required=True),
        ],
    )
]
_COLOUR = re.compile(r"(\S(?:.*\S)?)\s++(#[0-9a-fA-F]{6})")


@pages.get(ONE + "/variants")
async def variants(request: PanelRequest) -> Reply:
    """Options and variants."""
    return await _show(request)


def _at(request: PanelRequest, *more: str) -> str:
    return "/".join([PRODUCTS, str(api.number(request.ids["product"])), *more])


async def _show(
    request: PanelRequest,
    message: str = "",
    lines: Mapping[int, Form] | None = None,
    option: Form | None = None,
) -> Reply:
    product = await product_of(request)
    page = api.page_of(request)
    options = await api.whole(request, _at(request, "options"))
    reply = await api.read(request, _at(request, "variants"), limit=PER_PAGE, page=page)
    rows = [
        (item, (lines or {}).get(item["id"]) or forms.opened(GROUPS, item, f"v{item['id']}."))
        for item in reply.data
        if item["option_values"]
    ]
    possible = 1
    for item in options:
        possible *= max(len(item["option_values"]), 1)
    missing = min(possible, MAXIMUM) - reply.total if options and rows else min(possible, MAXIMUM) if options else 0
    failed = bool(message or lines or option)
    return show(
        request, "product_variants.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK,
        product=product, options=options, rows=rows, columns=COLUMNS, missing=max(missing, 0), page=page, per=PER_PAGE,
        total=reply.total, message=message, option=option or forms.opened(OPTION), tab="variants",
    )  # fmt: skip


def _back(request: PanelRequest, done: str) -> Reply:
    page = api.page_of(request)
    at = f"&page={page}" if page > 1 else ""
    return go(f"{request.base}/products/{request.ids['product']}/variants?done={done}{at}", *SAFE)


def values_of(words: list[str], kind: str, first: int = 0) -> list[dict[str, Any]]:
    """Option values as typed; for colour swatches, the colour follows the label."""
    made = []
    for place, word in enumerate(words, start=first):
        colour = _COLOUR.fullmatch(word) if kind == "swatch" else None
        value: dict[str, Any] = {"label": colour[1] if colour else word, "sort_order": place}
        if kind == "swatch":
            value["value_data"] = {"colors": [colour[2] if colour else "#888888"]}
        made.append(value)
    return made


@pages.post(ONE + "/options")
async def add_option(request: PanelRequest) -> Reply:
    """Adds an option with its values."""
    form, draft = forms.read(request, OPTION, None)
    values = values_of(draft.pop("values", []), draft.get("type", ""))
    reply = await api.send_request(request, "POST", _at(request, "options"), {**draft, "option_values": values})
    if reply.refused:
        named = {name.replace("option_values", "values"): text for name, text in reply.errors.items()}
        forms.complain(form, reply._replace(errors=named))
        return await _show(request, option=form)
    return _back(request, "added")


@pages.post(ONE + "/options/{option}")
async def change_option(request: PanelRequest) -> Reply:
    """Renames an option, and adds values to it."""
    path = _at(request, "options", str(api.number(request.ids["option"])))
    now = (await api.read(request, path)).data
    name = request.field("display_name")
    if name != now["display_name"]:
        reply = await api.send_request(request, "PUT", path, {"display_name": name})
        if reply.refused:
            return await _show(request, _sentence(reply))
    words = [word.strip() for word in request.field("values").split(",") if word.strip()]
    last = max((value["sort_order"] for value in now["option_values"]), default=-1)
    for value in values_of(words, now["type"], last + 1):
        reply = await api.send_request(request, "POST", f"{path}/values", value)
        if reply.refused:
            return await _show(request, _sentence(reply))
    return _back(request, "saved")


@pages.post(ONE + "/options/{option}/delete")
async def delete_option(request: PanelRequest) -> Reply:
    """Deletes an option, which the API allows while no variant uses it."""
    return await _delete(request, _at(request, "options", str(api.number(request.ids["option"]))))


@pages.post(ONE + "/options/{option}/values/{value}/delete")
async def delete_value(request: PanelRequest) -> Reply:
    """Deletes a value of an option."""
    option, value = api.number(request.ids["option"]), api.number(request.ids["value"])
    return await _delete(request, _at(request, "options", str(option), "values", str(value)))


@pages.post(ONE + "/variants/{variant}/delete")
async def delete_variant(request: PanelRequest) -> Reply:
    """Deletes a variant."""
    return await _delete(request, _at(request, "variants", str(api.number(request.ids["variant"]))))


async def _delete(request: PanelRequest, path: str) -> Reply:
    reply = await api.send_request(request, "DELETE", path)
    return await _show(request, _sentence(reply)) if reply.refused else _back(request, "deleted")


def _sentence(reply: ApiReply) -> str:
    return sentence_of(reply)


@pages.post(ONE + "/variants")
async def save(request: PanelRequest) -> Reply:
    """Saves all rows, or none of them if one is refused."""
    reply = await api.read(request, _at(request, "variants"), limit=PER_PAGE, page=api.page_of(request))
    drafts: list[dict[str, Any]] = []
    lines: dict[int, Form] = {}
    for item in reply.data:
        before = f"v{item['id']}."
        if f"{before}was" not in request.form:
            continue
        got = drafted(COLUMNS, request.form, item, before)
        texts = {**shown(COLUMNS, item), **got.typed}
        lines[item["id"]] = Form(GROUPS, texts, dict(got.meanwhile), was=got.was, before=before)
        if got.draft:
            drafts.append({**got.draft, "id": item["id"]})
    if any(form.faulty for form in lines.values()):
        return await _show(request, "Somebody else changed a variant in the meantime.", lines)
    if not drafts:
        return _back(request, "unchanged")
    reply = await api.send_request(request, "PUT", VARIANTS, drafts)
    if not reply.refused:
        return _back(request, "saved")
    rest = []
    for name, text in reply.errors.items():
        place, _, field = name.partition(".")
        form = lines[drafts[int(place)]["id"]] if place.isdigit() and int(place) < len(drafts) else None
        found, others = beside({field: text}, COLUMNS)
        if form is not None:
            form.wrong |= found
        rest += others if form is not None else [*found.values(), *others]
    return await _show(request, " ".join(rest) or sentence_of(reply), lines)


@pages.post(ONE + "/variants/fill")
async def fill(request: PanelRequest) -> Reply:
    """Creates a variant for each combination that has none yet."""
    product = await product_of(request)
    options = await api.whole(request, _at(request, "options"))
    there = await api.whole(request, _at(request, "variants"))
    known = {frozenset(value["id"] for value in item["option_values"]) for item in there}
    taken = {item["sku"].casefold() for item in there}
    sides = [[(option["id"], value) for value in option["option_values"]] for option in options]
    drafts = []
    for combination in itertools.product(*sides) if sides else ():
        if frozenset(value["id"] for _, value in combination) in known:
            continue
        sku = _sku(product, [value["label"] for _, value in combination], taken)
        values = [{"id": value["id"], "option_id": option} for option, value in combination]
        drafts.append({"product_id": product["id"], "sku": sku, "option_values": values})
    for start in range(0, min(len(drafts), MAXIMUM), PER_PAGE):
        reply = await api.send_request(request, "PUT", VARIANTS, drafts[start : start + PER_PAGE])
        if reply.refused:
            return await _show(request, _sentence(reply))
    return _back(request, "added")


def _sku(product: Mapping[str, Any], labels: list[str], taken: set[str]) -> str:
    """A SKU from the product's and the first letters of the values; numbered if it is taken."""
    words = [re.sub(r"[^A-Za-z0-9]+", "", label)[:4].upper() for label in labels]
    stem = "-".join(filter(None, [product["sku"] or f"P{product['id']}", *words]))[:240]
    sku, more = stem, 1
    while sku.casefold() in taken:
        more += 1
        sku = f"{stem}-{more}"
    taken.add(sku.casefold())
    return sku
