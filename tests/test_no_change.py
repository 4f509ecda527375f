"""A write that changes no value is no write: no event, the same version, dates and statistics, for every resource."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from bodega.kit.route import Route
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from replies.shipping_v3 import PROVIDERS
from shop import Reply, Server, Shop
from test_published_replies import Asked

PUTS = {f"/v{route.version}/{route.template}": route for route in ROUTES if "PUT" in route.actions and not route.moved}
TRIED = 8
"""Rows of each kind."""

LEFT_OUT = {"/v3/catalog/trees": ("channels",), "/v2/orders/{order_id}/shipments/{id}": ("items",)}
"""What an update must not bring (rule 40), or only without members that are shown (rule 1)."""

ONLY_WHOLE = {
    "/v3/checkouts/{checkout_id:text}": "the message is required",
    "/v3/promotions/settings": "its published form requires every member",
    "/v3/settings/store/locale": "its published form requires the language",
    "/v3/settings/storefront/search": "its published form requires every member",
    "/v2/blog/posts/{id}": "rule 109: a PUT that does not say is_published takes the post back",
    "/v3/hooks/admin": "the list of addresses is required",
    "/v3/channels/{channel_id}/currency-assignments": "both members are required",
}
PAIRED = ("_ex_tax", "_inc_tax", "wrapping_cost_tax")
"""Members that come in pairs or not at all (rule 77)."""

WRAPPED: dict[str, Callable[[Any], Any]] = {
    "/v3/inventory/locations/{location_id}/items": lambda shown: {
        "settings": [{"identity": item["identity"], **item["settings"]} for item in shown]
    },
}
"""Bodies that hold what was read in another form."""

NO_ROW = {
    "/v3/tax/classes": "only V2 shows them: test_tax.py sets the same names again",
    "/v3/carts/{cart_id:text}/items/{item_id:text}": "the cart shows it",
    "/v3/pricelists/records": "the records of one list are shown: their own PUT is held to it",
    "/v3/pricelists/{price_list_id}/assignments": "nothing shows it at this path",
    "/v3/checkouts/{checkout_id:text}/billing-address/{address_id:text}": "the checkout shows it: test_checkouts.py",
    "/v3/checkouts/{checkout_id:text}/consignments/{consignment_id:text}": "the checkout shows it",
    "/v3/checkouts/{checkout_id:text}/fees": "the checkout shows them",
    "/v3/inventory/adjustments/absolute": "nothing shows an adjustment: test_inventory.py sets the same level again",
    "/v3/form-fields/{field_id}": "of Bodega's own, of which no sample has one: test_storefront_feedback.py",
    "/v2/shipping/carrier/connection": "nothing shows a connection",
    "/v3/channels/{channel_id}/site/checkout-url": "the site shows it",
    "/v3/sites/{site_id}/certificate": "it asks for the private key, which nothing shows",
}


@pytest.fixture(scope="module")
def asked(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A store with a row of everything, some time after the last write, and a listener."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("same"), None)))
    shop = server.shop(**PROVIDERS)
    found = Asked(shop)
    shop.freeze(time.time() + 1000)
    shop.watch()
    yield found
    runner.run(server.app.stop())


def standing(shop: Shop) -> dict[str, tuple[Any, ...]]:
    """Every table's statistics; those of deliveries move by themselves, and the store's with them."""
    sql = "SELECT name, revision, modified, total, next_id FROM table_statistics WHERE name NOT IN ('*', 'deliveries')"
    return {row[0]: row[1:] for row in shop.select(sql)}


def written_back(route: Route, reply: Reply) -> Any:
    """What a client sends that read this: the whole object, in V2 without what cannot be written (rule 1) and without
    links."""
    shown = reply.json
    if route.version == 3:
        data = shown["data"] if isinstance(shown, dict) and "data" in shown else shown
        left_out = LEFT_OUT.get(f"/v3/{route.template}", ())
        return [{n: v for n, v in row.items() if n not in left_out} for row in data] if left_out else data
    wires = route.actions["PUT"].endpoint.v2.wires  # type: ignore[union-attr]
    left_out = LEFT_OUT.get(f"/v2/{route.template}", ())
    return {
        name: value
        for name, value in shown.items()
        if name not in left_out
        and "PUT" not in wires[name].refused
        and not (isinstance(value, dict) and "resource" in value)
    }


def bodies(route: Route, whole: Any) -> Iterator[Any]:
    """The whole object, and each of its members alone."""
    yield whole
    shape = getattr(getattr(route.actions["PUT"], "endpoint", None), "v2", None)
    needed = {wire.name for wire in shape.wires.values() if "PUT" in wire.required} if shape is not None else set()
    if isinstance(whole, dict) and not needed and f"/v{route.version}/{route.template}" not in ONLY_WHOLE:
        yield from ({name: value} for name, value in whole.items() if name != "id" and not name.endswith(PAIRED))


def includes(route: Route) -> str:
    """All that the GET can show inside and a body may bring."""
    listing, shape = getattr(route.actions.get("GET"), "listing", None), getattr(route.actions["PUT"], "endpoint", None)
    nested = shape.v3.nested if shape is not None and shape.v3 is not None else {}
    return ",".join(name for name in (listing.includes if listing is not None else ()) if name in nested)


@pytest.mark.parametrize("template", PUTS)
def test_writing_back_what_was_read_changes_nothing(asked: Asked, template: str) -> None:
    route, shop = PUTS[template], asked.shop
    if template in NO_ROW:
        return
    tried = 0
    for path in islice(asked.paths(route), TRIED):
        inside = includes(route)
        target = f"{path}?include={inside}" if inside else path
        before = shop.get(target)
        if before.status != 200 or not (whole := written_back(route, before)):
            continue
        for body in bodies(route, whole[:10] if isinstance(whole, list) else whole):
            stood = standing(shop)
            shop.events()
            reply = shop.put(path, WRAPPED.get(template, lambda shown: shown)(body))
            assert reply.status < 300, (path, body, reply.body)
            assert shop.events() == [], (path, body)
            assert standing(shop) == stood, (path, body, set(standing(shop).items()) - set(stood.items()))
        after = shop.get(target)
        assert after.body == before.body
        assert after.headers["etag"] == before.headers["etag"], path
        assert after.headers.get("last-modified") == before.headers.get("last-modified"), path
        tried += 1
    assert tried, "there is no row"


def test_a_write_that_changes_nothing_is_answered_on_both_databases(shop: Shop) -> None:
    """PostgreSQL trusts what was read before the transaction, and makes sure of it."""
    made = shop.product(price=10, sku="A")
    path = f"/v3/catalog/products/{made}"
    shop.freeze(time.time() + 1000)
    before = shop.get(path)
    for body in ({"price": 10}, {"price": 10.0, "name": "Hammer"}):
        reply = shop.put(path, body)
        assert (reply.status, reply.data["date_modified"]) == (200, before.data["date_modified"])
        assert reply.headers["etag"] == before.headers["etag"]
    assert shop.put(path, {"price": 11}).headers["etag"] != before.headers["etag"]
    stale = shop.put(path, {"price": 11}, headers={"if-match": before.headers["etag"]})
    assert stale.status == 412
    assert shop.put(path, {"price": 10}).data["price"] == 10
