"""/xmlsitemap.php at the host of a storefront: an index, and below it the addresses of each kind (sitemaps.org).

A page covers so many numbers of a kind's entities, whether or not they are all there: it costs the same wherever it
stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from bodega.access.stores import Stores
from bodega.http.browsers import origin_of
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.catalog.seen import seen_on
from bodega.resources.content import pages
from bodega.storable import query_of
from bodega.storage import query
from bodega.storage.tx import Tx
from bodega.storefront.front import Front
from bodega.storefront.plain_files import front_at, refuse

PATH = "/xmlsitemap.php"
PAGE = 5_000
_XML: Header = (b"content-type", b"application/xml; charset=utf-8")
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class _Kind(NamedTuple):
    """`kind` is that of the addresses, `table` what they lead to."""

    kind: str
    table: str


_KINDS: Mapping[str, _Kind] = {
    "products": _Kind("product", "products"),
    "categories": _Kind("category", "categories"),
    "brands": _Kind("brand", "brands"),
    "pages": _Kind("page", "web_pages"),
    "news": _Kind("post", "blog_posts"),
}


def sitemap(stores: Stores, https_port: int | None = None) -> Mount:
    """GET /xmlsitemap.php, and ?type=products&page=1."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        front = await front_at(stores, scope, send, PATH, https_port)
        if front is None:
            return
        if front.closed():
            await refuse(send, scope, Reason.MAINTENANCE)
            return
        asked = query_of(scope)
        kind, number = asked.get("type", [""])[0], asked.get("page", ["1"])[0]
        base = origin_of(scope)
        assert front.store.rows is not None
        reader = front.store.rows.reader
        if not kind:
            body = await _index(reader, base)
        elif kind in _KINDS and number.isascii() and number.isdigit() and 0 < int(number[:9]) <= 1_000_000:
            body = await _page(reader, front, base, kind, int(number))
        else:
            await refuse(send, scope, Reason.NO_SUCH_RESOURCE)
            return
        await reply(send, scope["method"], Shown.status, body.encode(), [_XML, (b"cache-control", b"max-age=300")])

    return mount


async def _index(reader: Tx, base: str) -> str:
    found = []
    for name, kind in _KINDS.items():
        last = await query.value(reader, "SELECT max(owner) FROM urls WHERE kind = $1", kind.kind)
        for number in range(1, -(-int(last or 0) // PAGE) + 1):
            address = escape(f"{base}{PATH}?type={name}&page={number}", quote=False)
            found.append(f"<sitemap><loc>{address}</loc></sitemap>\n")
    return f"{_HEAD}<sitemapindex {_NAMESPACE}>\n{''.join(found)}</sitemapindex>\n"


async def _page(reader: Tx, front: Front, base: str, name: str, number: int) -> str:
    kind = _KINDS[name]
    first, last = (number - 1) * PAGE, number * PAGE
    test = f"WHERE u.kind = $1 AND u.owner > $2 AND u.owner <= $3 {await _shown(reader, front, name)} ORDER BY u.owner"
    sql = f"SELECT u.owner, u.url FROM urls u JOIN {kind.table} p ON p.id = u.owner {test}"  # noqa: S608 - tables and tests of ours
    rows: Sequence[Any] = await reader.rows(sql, kind.kind, first, last)
    hidden = await _hidden(reader, front, name, [owner for owner, _ in rows])
    told = [f"<url><loc>{escape(base + url, quote=False)}</loc></url>\n" for owner, url in rows if owner not in hidden]
    return f"{_HEAD}<urlset {_NAMESPACE}>\n{''.join(told)}</urlset>\n"


async def _shown(reader: Tx, front: Front, name: str) -> str:
    """What narrows the rows `p` of a kind down to those that shoppers see, as far as columns tell."""
    if name == "products":
        return f"AND {seen_on(front.channel_id)}"
    if name == "categories":
        tree = await query.value(reader, "SELECT id FROM trees WHERE channel_id = $1", front.channel_id)
        return f"AND p.is_visible AND p.tree_id = {int(tree or 0)}"
    return {"pages": f"AND p.channel_id = {front.channel_id}", "news": "AND p.is_published"}.get(name, "")


async def _hidden(reader: Tx, front: Front, name: str, ids: Sequence[int]) -> set[int]:
    """The pages that visitors are not led to."""
    if name != "pages" or not ids:
        return set()
    found = await query.entities_of(reader, pages.TABLE, ids)
    return {one.id for one in found if not one.is_visible or one.is_customers_only}
