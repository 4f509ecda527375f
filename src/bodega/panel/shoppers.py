"""What shoppers left behind: messages of contact forms, and how often they came and looked at what."""

from __future__ import annotations

from bodega.panel import api
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go, without_rows
from bodega.resources.catalog import product
from bodega.resources.content import visits
from bodega.storage import query

pages = Pages()
MESSAGES = "/v3/contact-messages"
PER_PAGE = 25
DAYS = 30
MOST_SEEN = 20


@pages.get("/stores/{store}/messages")
async def messages(request: PanelRequest) -> Reply:
    """Messages of contact forms, the latest first."""
    return await _show(request)


async def _show(request: PanelRequest, message: str = "") -> Reply:
    number = api.page_of(request)
    found = await api.read(request, MESSAGES, limit=PER_PAGE, page=number, sort="id", direction="desc")
    return show(
        request, "messages.html", messages=found.data, total=found.total, page=number, per=PER_PAGE, message=message
    )


@pages.post("/stores/{store}/messages/{message}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a message."""
    reply = await api.send_request(request, "DELETE", f"{MESSAGES}/{api.number(request.ids['message'])}")
    if reply.refused:
        return await _show(request, sentence_of(reply))
    return go(f"{request.base}/messages?done=deleted", *SAFE)


@pages.get("/stores/{store}/visits")
async def visited(request: PanelRequest) -> Reply:
    """What storefronts counted: visits, pages and products, by the day; and the products that were seen most."""
    if request.shop.rows is None:
        raise without_rows(request.shop)
    reader, since = request.shop.rows.reader, visits.day_of(request.shop.time() - DAYS * 86_400)
    days: dict[str, dict[str, int]] = {}
    for one in await visits.by_day(reader, since):
        days.setdefault(one.day, {})[one.kind] = one.seen
    most = await visits.most_seen(reader, since, MOST_SEEN)
    names = {one.id: one.name for one in await query.entities_of(reader, product.TABLE, [number for number, _ in most])}
    seen = [(number, names[number], count) for number, count in most if number in names]
    return show(request, "visits.html", days=days, seen=seen)
