"""The list of orders: by status, by day, by number, by who bought."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from bodega.panel import api, views
from bodega.panel.orders import COLOURS, IN_ORDER, LIST, PER_PAGE, WHOLE
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import Pages, PanelRequest, Reply
from bodega.panel.zones import day_bounds, zone_of

pages = Pages()

VIEWS = views.declare(
    "orders",
    "Orders",
    {"q": "Number or e-mail address", "status": "Status", "customer": "Customer", "from": "From", "to": "To"},
    {"customer": "Customer", "status": "Status", "items": "Items", "total": "Total"},
)


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """The list: searched by number, e-mail address, customer and status, the newest first."""
    page, word = api.page_of(request), request.query_value("q").strip().removeprefix("#")
    status, customer = request.query_value("status"), request.query_value("customer")
    first, last = request.query_value("from"), request.query_value("to")
    since, until = day_bounds(first, last, zone_of(request.shop))
    asks: dict[str, Any] = {"customer_id": customer, "min_date_created": since, "max_date_created": until}
    if WHOLE.fullmatch(word):
        asks |= {"min_id": word, "max_id": word}
    elif word:
        asks["email"] = word
    if status == "archived":
        asks["is_deleted"] = "true"
    counted = await api.send_request(request, "GET", f"{LIST}/count", **asks)
    narrow = {} if status == "archived" else {"status_id": status}
    reply = await api.send_request(request, "GET", LIST, limit=PER_PAGE, page=page, sort="id:desc", **asks, **narrow)
    counts = {one["id"]: one["count"] for one in counted.data["statuses"]} if not counted.refused else {}
    chosen = int(status) if WHOLE.fullmatch(status) else None
    total = sum(counts.values()) if chosen is None else counts.get(chosen, 0)
    asked = (("q", word), ("status", status), ("customer", customer), ("from", since and first), ("to", until and last))
    given = {name: value for name, value in asked if value}
    states = {"archived", *(str(number) for number, _ in IN_ORDER)}
    query = view.carry(given, {"status": states, "customer": await _customers(request, customer)})
    kept = [*((name, value) for name, value in view.given if name != "status"), ("view", view.mark)]
    return show(
        request, "orders.html", orders=reply.data or [], total=total, page=page,
        message=sentence_of(reply) or sentence_of(counted), per=PER_PAGE, word=word, chosen=status,
        customer=customer, colours=COLOURS, first=since and first, last=until and last,
        statuses=[(number, name, counts.get(number, 0)) for number, name in IN_ORDER], everything=sum(counts.values()),
        query=query, kept=f"{urlencode(kept)}&", view=view,
    )  # fmt: skip


async def _customers(request: PanelRequest, customer: str) -> set[str]:
    """The customer that is asked for, if there is one."""
    if not WHOLE.fullmatch(customer):
        return set()
    reply = await api.send_request(request, "GET", f"/v2/customers/{customer}")
    return set() if reply.refused else {customer}
