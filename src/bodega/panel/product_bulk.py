"""Many products at once: a page of the list as a table whose cells can be changed."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from bodega.panel import api
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.fields import Field, drafted, shown
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.products import HERE, SHOWN, SORTS
from bodega.panel.sentences import beside, sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

PER_PAGE = 20
AT_ONCE = 10
"""So many products the API changes in one request."""

COLUMNS = [
    Field("name", "Name", "text", required=True),
    Field("sku", "SKU", "text"),
    Field("price", "Price", "number", required=True),
    Field("sale_price", "Sale price", "number", blank=0),
    Field("inventory_level", "In stock", "whole", blank=0),
    Field("is_visible", "Visible", "flag"),
]
_ROW = re.compile(r"p([0-9]{1,9})\.was")
GROUPS = [FieldGroup("", COLUMNS)]
_FIELDS = "name,sku,price,sale_price,inventory_level,inventory_tracking,is_visible"


def _wanted(request: PanelRequest) -> dict[str, str]:
    """The filters of the list from which one came."""
    given = {name: request.query_value(name) for name in ("q", "category", "brand", "show", "sort")}
    return {name: value for name, value in given.items() if value}


async def _listed(request: PanelRequest) -> tuple[list[dict[str, Any]], int]:
    wanted = _wanted(request)
    asks: dict[str, Any] = {"keyword": wanted.get("q"), "categories": wanted.get("category"),
                            "brand_id": wanted.get("brand")}  # fmt: skip
    asks |= SHOWN.get(wanted.get("show", ""), SHOWN[""])[1] | SORTS.get(wanted.get("sort", ""), SORTS[""])[1]
    reply = await api.read(request, PRODUCTS, limit=PER_PAGE, page=api.page_of(request), include_fields=_FIELDS, **asks)
    return reply.data, reply.total


def columns_of(product: dict[str, Any]) -> list[Field]:
    """What can be changed of a product in a table: stock only where it is counted of the whole product."""
    counted = product["inventory_tracking"] == "product"
    return [column for column in COLUMNS if column.name != "inventory_level" or counted]


def _form(product: dict[str, Any]) -> Form:
    columns = columns_of(product)
    texts = shown(columns, product)
    return Form(GROUPS, texts, was=texts, before=f"p{product['id']}.")


@pages.get(HERE + "/bulk")
async def bulk(request: PanelRequest) -> Reply:
    """The table."""
    return await _show(request)


async def _show(request: PanelRequest, message: str = "", forms: dict[int, Form] | None = None) -> Reply:
    products, total = await _listed(request)
    rows = [(one, (forms or {}).get(one["id"]) or _form(one)) for one in products]
    given = _wanted(request)
    return show(
        request, "product_bulk.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK, rows=rows,
        columns=COLUMNS, total=total, page=api.page_of(request), per=PER_PAGE, message=message, given=given,
        query=f"{urlencode(given)}&" if given else "",
    )  # fmt: skip


@pages.post(HERE + "/bulk")
async def save(request: PanelRequest) -> Reply:
    """Saves what was changed, ten products at a time; what is refused is told in its cell."""
    shown_ids = [_ROW.fullmatch(name) for name in request.form]
    ids = [int(match[1]) for match in shown_ids if match]
    found: dict[int, dict[str, Any]] = {}
    for place in range(0, len(ids[:250]), 50):
        some = ",".join(map(str, ids[place : place + 50]))
        reply = await api.read(request, PRODUCTS, limit=50, include_fields=_FIELDS, **{"id:in": some})
        found |= {one["id"]: one for one in reply.data}
    forms, drafts = {}, []
    for key, product in found.items():
        before, columns = f"p{key}.", columns_of(product)
        got = drafted(columns, request.form, product, before)
        forms[key] = Form(GROUPS, {**shown(columns, product), **got.typed}, dict(got.meanwhile), was=got.was,
                          before=before)  # fmt: skip
        if got.draft:
            drafts.append({**got.draft, "id": key})
    if any(form.faulty for form in forms.values()):
        return await _show(request, "Somebody else changed a product in the meantime.", forms)
    saved, rest = 0, []
    for place in range(0, len(drafts), AT_ONCE):
        some_drafts = drafts[place : place + AT_ONCE]
        reply = await api.send_request(request, "PUT", PRODUCTS, some_drafts)
        if not reply.refused and not reply.errors:
            saved += len(some_drafts)
            for draft in some_drafts:
                forms.pop(draft["id"], None)
            continue
        told = False
        for name, text in reply.errors.items():
            number, _, field = name.partition(".")
            if number.isdigit() and int(number) < len(some_drafts):
                form = forms[some_drafts[int(number)]["id"]]
                wrong, others = beside({field: text}, COLUMNS)
                form.wrong |= wrong
                rest += others
                told = True
        if not told:
            rest.append(sentence_of(reply))
    if rest or any(form.wrong for form in forms.values()):
        return await _show(request, " ".join(["Not everything was saved.", *dict.fromkeys(rest)]), forms)
    place_of = urlencode({**_wanted(request), "page": api.page_of(request), "done": "saved" if saved else "unchanged"})
    return go(f"{request.base}/products/bulk?{place_of}", *SAFE)
