"""Pages of shops, in the journal beside the requests of the store's API: the shop, its cart, the checkout.

What shoppers type stays their own: of a form the journal keeps the names of the fields, and the values of those alone
that say nothing of a person (`PLAIN`); of a page that was shown nothing but its head. So a password or a card is never
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from time import time as wall
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from bodega.access.stores import OpenStore, Stores
from bodega.http.asgi import REQUEST_ID
from bodega.http.mounts import Mount, Receive, Send
from bodega.http.response import Response
from bodega.journal.exchange import LONGEST_BODY, Entry
from bodega.journal.recorder import Journal
from bodega.masking import MASK, is_card_number
from bodega.storable import pairs_of
from bodega.storage.tx import Busy
from bodega.storefront.front import at_host

PLAIN = frozenset(
    {
        "action", "again", "countryCode", "credit", "from", "method", "owed", "product_id", "qty",
        "remove", "sameBilling", "shippingOption", "step",
    }
)  # fmt: skip
"""Fields of the pages' forms whose values are kept."""

_MOST_FIELDS = 200


def noted(mount: Mount, stores: Stores, journal: Journal) -> Mount:
    """The mount, with each request kept in the journal of the store whose shop it was for."""

    async def watched(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        began, content = perf_counter(), bytearray()
        status, headers = 0, list[tuple[bytes, bytes]]()

        async def read() -> Mapping[str, Any]:
            message = await receive()
            content.extend(message.get("body", b"")[: LONGEST_BODY - len(content)])
            return message

        async def tell(message: Mapping[str, Any]) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            await send(message)

        await mount(scope, read, tell)
        try:
            found = await at_host(stores, scope)
        except Busy:
            return
        if found is None or not status:
            return
        us = int((perf_counter() - began) * 1_000_000)
        journal.note_exchange(_entry(scope, status, "", us, headers), found[0], form(bytes(content)), b"")

    return watched


def note_struck_page(journal: Journal) -> Callable[[OpenStore, Mapping[str, Any], bytes, Response], None]:
    """Records requests for pages that a fault answered."""

    def note(store: OpenStore, scope: Mapping[str, Any], content: bytes, response: Response) -> None:
        entry = _entry(scope, response.status, response.reason, 0, response.headers)
        journal.note_exchange(entry, store, form(content[:LONGEST_BODY]), response.body)

    return note


def _entry(scope: Mapping[str, Any], status: int, reason: str, us: int, headers: list[tuple[bytes, bytes]]) -> Entry:
    return Entry(
        0, wall(), str(scope.get(REQUEST_ID) or ""), scope["method"], scope["path"],
        question(scope.get("query_string", b"").decode("latin-1")), 0, status, reason, "", us,
        dict(scope["headers"]), headers, scope["scheme"] == "https",
    )  # fmt: skip


def form(content: bytes) -> bytes:
    """A form that was sent, as it is kept."""
    try:
        pairs = pairs_of(content.decode("utf-8", "replace"), _MOST_FIELDS)
    except ValueError:
        return MASK.encode()
    return "&".join(
        f"{MASK if is_card_number(name) else quote_plus(name)}="
        f"{quote_plus(value) if not value or _is_plain(name, value) else MASK}"
        for name, value in pairs
    ).encode()


def question(text: str) -> str:
    """The query of an address, as it is kept: secret parameters are masked by their names later."""
    parts = (part.partition("=") for part in text.split("&"))
    return "&".join(
        f"{name}{equals}{MASK if is_card_number(unquote_plus(value)) else value}" for name, equals, value in parts
    )


def _is_plain(name: str, value: str) -> bool:
    return (name in PLAIN or name.startswith("qty-")) and not is_card_number(value)
