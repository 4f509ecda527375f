"""Stock by place of a product: how many pieces each location has, of the product or of each of its variants."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.panel import api, forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.locations import LOCATIONS
from bodega.panel.product_parts import ONE, product_of
from bodega.panel.sentences import beside_field, sentence_of, without_field
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

ITEMS = "/v3/inventory/items"
ABSOLUTE = "/v3/inventory/adjustments/absolute"
PER_PAGE = 50
SHOWN = "name,is_visible,inventory_tracking,inventory_level,base_variant_id"


def _groups(locations: list[dict[str, Any]]) -> list[FieldGroup]:
    return [FieldGroup("", [Field(f"at{one['id']}", one["label"], "whole", low=0) for one in locations])]


def _levels(item: Mapping[str, Any]) -> dict[str, Any]:
    """The levels of an item by the names of the form's fields."""
    return {f"at{place['location_id']}": place["total_inventory_onhand"] for place in item["locations"]}


async def _items(request: PanelRequest, product: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The stocks of a product: one of its own, or one of each variant; and how many variants there are."""
    key = product["id"]
    reply = await api.read(request, ITEMS, limit=PER_PAGE, page=api.page_of(request), **{"product_id:in": key})
    if product["base_variant_id"] or product["inventory_tracking"] == "product":
        return reply.data[:1], 1
    return reply.data, reply.total


async def _show(request: PanelRequest, lines: Mapping[int, Form] | None = None, message: str = "") -> Reply:
    product = await product_of(request, SHOWN)
    locations = await api.whole(request, LOCATIONS)
    items, total = await _items(request, product)
    groups, given = _groups(locations), lines or {}
    rows = []
    for item in items:
        key = item["identity"]["variant_id"]
        rows.append((item, given.get(key) or forms.opened(groups, _levels(item), f"v{key}.")))
    failed = bool(lines or message)
    return show(
        request, "product_stock.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK,
        product=product, rows=rows, columns=groups[0].fields, message=message, page=api.page_of(request), per=PER_PAGE,
        total=total, tab="stock", whole=total == 1,
    )  # fmt: skip


@pages.get(ONE + "/stock")
async def stock(request: PanelRequest) -> Reply:
    """Levels by location."""
    return await _show(request)


@pages.post(ONE + "/stock")
async def save(request: PanelRequest) -> Reply:
    """Saves all levels that were changed, or none of them if one is refused."""
    product = await product_of(request, SHOWN)
    groups = _groups(await api.whole(request, LOCATIONS))
    items, total = await _items(request, product)
    wanted: list[dict[str, Any]] = []
    places: list[tuple[int, str]] = []
    lines: dict[int, Form] = {}
    for item in items:
        key = item["identity"]["variant_id"]
        if f"v{key}.was" not in request.form:
            continue
        lines[key], draft = forms.read(request, groups, _levels(item), f"v{key}.")
        own = {"product_id": product["id"]} if total == 1 else {"variant_id": key}
        for name, level in draft.items():
            wanted.append({**own, "location_id": int(name.removeprefix("at")), "quantity": 0 if level == "" else level})
            places.append((key, name))
    if any(form.faulty for form in lines.values()):
        return await _show(request, lines, "Somebody else changed a level in the meantime.")
    if not wanted:
        return go(f"{request.base}/products/{product['id']}/stock?done=unchanged", *SAFE)
    reply = await api.send_request(request, "PUT", ABSOLUTE, {"reason": "Control panel", "items": wanted})
    if not reply.refused:
        return go(f"{request.base}/products/{product['id']}/stock?done=saved", *SAFE)
    rest = []
    for name, text in reply.errors.items():
        place = name.removeprefix("items.").partition(".")[0]
        if place.isdigit() and int(place) < len(places):
            key, field = places[int(place)]
            lines[key].wrong[field] = beside_field(text)
        else:
            rest.append(without_field(name, text))
    return await _show(request, lines, " ".join(rest) or sentence_of(reply))
