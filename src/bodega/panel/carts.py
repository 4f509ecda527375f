"""Carts: the list, and the page of one with its lines and totals; quantities, links, and its deletion.

The API lists no carts, so the list reads the table; all else goes through the API.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from bodega.http.internal_api import ApiReply
from bodega.panel import api, views
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go, without_rows
from bodega.resources.carts.cart import TABLE, Cart
from bodega.storage import query, rows
from bodega.storage.plan import Condition, QueryPlan

pages = Pages()

HERE = "/stores/{store}/carts"
ONE = HERE + "/{cart}"
CARTS = "/v3/carts"
CHECKOUTS = "/v3/checkouts"
PER_PAGE = 25
UNPROCESSABLE = HTTPStatus.UNPROCESSABLE_ENTITY
COLOURS = {"active": "s3", "abandoned": "s4", "ordered": "s2"}
OPTIONS = "line_items.physical_items.options,line_items.digital_items.options"
PARTS = ("physical_items", "digital_items", "custom_items", "gift_certificates")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WHOLE = re.compile(r"[0-9]{1,9}")


def state_of(cart: Cart) -> str:
    """What became of a cart."""
    return "ordered" if cart.order_id else "abandoned" if cart.status == "abandoned" else "active"


VIEWS = views.declare("carts", "Carts", {"customer": "Customer"})


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The newest first; those of one customer if one is asked for."""
    page, customer = api.page_of(request), request.query_value("customer")
    if request.shop.rows is None:
        raise without_rows(request.shop)
    where = (Condition("customer_id", "eq", int(customer)),) if _WHOLE.fullmatch(customer) else ()
    reader = request.shop.rows.reader
    plan = QueryPlan(TABLE, where, ("id", True), PER_PAGE, (page - 1) * PER_PAGE)
    now = await rows.table_state(reader, TABLE)
    found: list[Cart] = await rows.entities(reader, request.shop.page_index, plan, now)
    total = await rows.count(reader, plan, now)
    return show(
        request, "carts.html", carts=[(cart, state_of(cart)) for cart in found], total=total, page=page, per=PER_PAGE,
        colours=COLOURS, customer=customer, query=view.carry({"customer": customer}), view=view,
    )  # fmt: skip


def _id(request: PanelRequest) -> str:
    """The id of the cart in the path. Raises PageError."""
    if not _UUID.fullmatch(request.ids["cart"]):
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such cart.")
    return request.ids["cart"]


@pages.get(ONE)
async def detail(request: PanelRequest) -> Reply:
    """The page of a cart; one that became an order leads there."""
    uuid = _id(request)
    if request.shop.rows is None:
        raise without_rows(request.shop)
    row = await query.one(request.shop.rows.reader, TABLE, "uuid = $1", uuid)
    if row is not None and row.entity.order_id:
        return go(f"{request.base}/orders/{row.entity.order_id}", *SAFE)
    return await _show(request)


async def _show(request: PanelRequest, message: str = "", links: dict[str, Any] | None = None) -> Reply:
    uuid = _id(request)
    cart = (await api.read(request, f"{CARTS}/{uuid}", include=OPTIONS)).data
    checkout = (await api.read(request, f"{CHECKOUTS}/{uuid}")).data
    lines = [(part, line) for part in PARTS for line in cart["line_items"][part]]
    return show(
        request, "cart.html", status=UNPROCESSABLE if message else HTTPStatus.OK, cart=cart, checkout=checkout,
        lines=lines, message=message, links=links,
    )  # fmt: skip


def _sentence(reply: ApiReply) -> str:
    return sentence_of(reply)


def _back(request: PanelRequest, done: str) -> Reply:
    return go(f"{request.base}/carts/{_id(request)}?done={done}", *SAFE)


@pages.post(ONE + "/lines")
async def quantities(request: PanelRequest) -> Reply:
    """Saves the quantities that were changed; 0 removes a line, and the last one the cart."""
    path = f"{CARTS}/{_id(request)}"
    cart = (await api.read(request, path)).data
    changed = False
    for part in ("physical_items", "digital_items"):
        for line in cart["line_items"][part]:
            typed = request.field(f"line.{line['id']}").strip()
            if not typed or typed == str(line["quantity"]):
                continue
            wanted: Any = int(typed) if _WHOLE.fullmatch(typed) else typed
            item = {"product_id": line["product_id"], "variant_id": line["variant_id"], "quantity": wanted}
            reply = await api.send_request(request, "PUT", f"{path}/items/{line['id']}", {"line_item": item})
            if reply.refused:
                return await _show(request, _sentence(reply))
            changed = True
            if reply.status == HTTPStatus.NO_CONTENT:
                return go(f"{request.base}/carts?done=deleted", *SAFE)
    return _back(request, "saved" if changed else "unchanged")


@pages.post(ONE + "/items/{item}/delete")
async def drop_item(request: PanelRequest) -> Reply:
    """Removes a line; with the last one the cart goes."""
    item = request.ids["item"]
    if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", item):
        raise PageError(HTTPStatus.NOT_FOUND)
    reply = await api.send_request(request, "DELETE", f"{CARTS}/{_id(request)}/items/{item}")
    if reply.refused:
        return await _show(request, _sentence(reply))
    if reply.status == HTTPStatus.NO_CONTENT:
        return go(f"{request.base}/carts?done=deleted", *SAFE)
    return _back(request, "removed")


@pages.post(ONE + "/links")
async def links(request: PanelRequest) -> Reply:
    """Makes links that open the cart, each once."""
    reply = await api.send_request(request, "POST", f"{CARTS}/{_id(request)}/redirect_urls", {})
    if reply.refused:
        return await _show(request, _sentence(reply))
    return await _show(request, links=reply.data)


@pages.post(ONE + "/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a cart."""
    reply = await api.send_request(request, "DELETE", f"{CARTS}/{_id(request)}")
    if reply.refused:
        return await _show(request, _sentence(reply))
    return go(f"{request.base}/carts?done=deleted", *SAFE)
