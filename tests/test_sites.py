"""Sites of channels: their URLs, routes and certificates."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bodega import masking
from bodega.lab.reset import empty
from bodega.storage import key_care
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from pems import pem_for
from shop import Shop
from statistics_check import check_statistics

SITES = "/v3/sites"
NORTH = {"name": "North", "type": "storefront", "platform": "next"}
TILL = {"name": "Till", "type": "pos", "platform": "square"}
URL = "https://www.north.example.com/"
HOME = "/v3/channels/2/site"


@pytest.fixture
def north(shop: Shop) -> Shop:
    """A store with a second storefront, channel 2, whose site is 2; channel 3 has none."""
    shop.post("/v3/channels", NORTH)
    shop.post("/v3/channels", TILL)
    assert shop.post(SITES, {"url": URL, "channel_id": 2}).status == 201
    return shop


def kinds(site: dict[str, Any]) -> dict[str, str]:
    """The URLs of a site by their types."""
    return {url["type"]: url["url"] for url in site["urls"]}


def test_the_stores_own_storefront_has_a_site_from_the_beginning(shop: Shop) -> None:
    own = f"https://store-{shop.name}.localhost"
    site = shop.get("/v3/channels/1/site").data
    assert (site["id"], site["channel_id"], site["url"], site["ssl_status"]) == (1, 1, own, "shared")
    assert kinds(site) == {"primary": own, "canonical": own}
    assert shop.get(SITES).data == [site] == [shop.get(SITES + "/1").data]
    information = shop.get("/v2/store").json
    assert (information["secure_url"], information["default_site_id"]) == (own, 1)
    check_statistics(shop)
    shop.write(empty)
    assert shop.get(SITES + "/1").data["url"] == own  # also after a reset


def test_its_address_follows_the_domain_of_the_store(shop: Shop) -> None:
    """One truth with GET /v2/store; and a validator that knows of it."""
    before = shop.get(SITES + "/1")
    shop.change(settings={"domain": "shop.example.com"})
    after = shop.get(SITES + "/1", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status, after.data["url"]) == (200, "https://shop.example.com")
    assert shop.get("/v2/store").json["secure_url"] == after.data["url"]
    assert kinds(after.data)["canonical"] == f"https://store-{shop.name}.localhost"
    assert shop.put(SITES + "/1", {"url": "https://own.example.com"}).data["url"] == "https://own.example.com"


def test_the_page_of_a_product_is_at_the_shop_for_whoever_asks(north: Shop) -> None:
    """Not at the address of the API that the caller used: in every reply that tells one whole."""
    hammer = north.product("Hammer", custom_url={"url": "/hammer/"})
    north.put("/v3/channels/2/currency-assignments", {"enabled_currencies": ["USD"], "default_currency": "USD"})
    carts = {}
    for channel in (1, 2):
        lines = [{"product_id": hammer, "quantity": 1}]
        made = north.post("/v3/carts", {"line_items": lines, "channel_id": channel})
        assert made.status == 201, made.body
        carts[channel] = made.data["id"]
    to = {"type": "product", "entity_id": hammer}
    north.put("/v3/storefront/redirects", [{"from_path": f"/old-{site}", "site_id": site, "to": to} for site in (1, 2)])

    def told(channel: int, host: str, scheme: str = "https", base: str | None = None) -> str:
        sent: Any = {"headers": {"host": host}, "scheme": scheme, "base": base}
        lines = [
            north.get(f"/v3/carts/{carts[channel]}", **sent).data["line_items"],
            north.get(f"/v3/checkouts/{carts[channel]}", **sent).data["cart"]["line_items"],
        ]
        seen = {line["physical_items"][0]["url"] for line in lines}
        links = north.get(f"/v3/carts/{carts[channel]}?include=redirect_urls", **sent).data["redirect_urls"]
        links |= {"again": north.post(f"/v3/carts/{carts[channel]}/redirect_urls", **sent).data["cart_url"]}
        seen |= {f"{link.partition('/cart.php?')[0]}/hammer/" for link in links.values()}
        redirects = north.get(f"/v3/storefront/redirects?include=to_url&site_id={channel}", **sent).data
        [url] = seen | {one["to_url"] for one in redirects}
        return str(url).removesuffix("/hammer/")

    own, site = f"store-{north.name}", URL.rstrip("/")
    assert told(1, "127.0.0.1:8080", "http") == f"http://{own}.localhost:8080"
    assert told(1, "api.shop.test") == f"https://{own}.localhost"
    assert told(1, f"{own}.shop.test:444", base="/api") == f"https://{own}.shop.test:444"
    assert told(1, "[::1]:8080", "http") == f"http://{own}.localhost:8080"
    assert told(2, "127.0.0.1:8080", "http") == site
    assert told(2, f"{own}.shop.test:444", base="/api") == site
    assert told(2, f"{site.partition('//')[2]}:8080", "http") == site.replace("https", "http") + ":8080"
    north.delete("/v3/channels/2/site")
    north.delete("/v3/storefront/redirects?id:in=2")
    assert told(2, "127.0.0.1:8080", "http") == f"http://{own}-2.localhost:8080"
    assert told(2, f"{own}.shop.test", base="/api") == f"https://{own}-2.shop.test"
    north.change(settings={"domain": "shop.example.com"})
    assert told(1, "127.0.0.1:8080", "http") == "https://shop.example.com"
    assert told(1, "shop.example.com:8443") == "https://shop.example.com:8443"


def test_a_site_is_the_same_by_its_channel_and_by_its_id(north: Shop) -> None:
    site = north.get(HOME).data
    assert site == north.get(SITES + "/2").data
    assert (site["id"], site["channel_id"], site["url"]) == (2, 2, URL)  # as it was entered, with its www
    moved = north.put(HOME, {"url": "https://north.example.com", "channel_id": 3})
    assert (moved.status, moved.data["channel_id"]) == (200, 2)
    assert north.get(SITES + "/2").data == moved.data
    assert north.delete(HOME).status == 200
    assert north.get(SITES + "/2").status == north.get(HOME).status == 404
    made = north.post(HOME, {"url": URL})
    assert (made.status, made.data["channel_id"]) == (200, 2)
    assert made.headers["location"].endswith("/v3/channels/2/site")
    assert north.delete(f"{SITES}/{made.data['id']}").status == 204
    check_statistics(north)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", SITES, {}, 422, "FIELD_MISSING"),
    ("POST", SITES, {"url": "https://north.example.org", "channel_id": 2}, 409, "DUPLICATE"),
    ("POST", SITES, {"url": "HTTP://WWW.north.example.com", "channel_id": 3}, 409, "DUPLICATE"),
    ("POST", SITES, {"url": "https://north.example.org", "channel_id": 9}, 409, "DANGLING_REFERENCE"),
    ("POST", SITES, {"url": "north.example.org", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", SITES, {"url": "ftp://north.example.org", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", SITES, {"url": "https://north.example.org/?a=1", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", SITES, {"url": "https://u:p@north.example.org", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", SITES, {"url": "https://no rth.example.org", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", SITES, {"url": "https://a.b:99999", "channel_id": 3}, 422, "FIELD_INVALID"),
    ("POST", "/v3/channels/9/site", {"url": "https://nine.example.org"}, 404, "NO_SUCH_ENTITY"),
    ("POST", HOME, {"url": "https://nine.example.org"}, 409, "DUPLICATE"),
    ("PUT", "/v3/channels/3/site", {"url": "https://nine.example.org"}, 404, "NO_SUCH_ENTITY"),
    ("DELETE", SITES + "/1", None, 422, "FIELD_INVALID"),
    ("DELETE", "/v3/channels/1/site", None, 422, "FIELD_INVALID"),
    ("GET", SITES + "?channel_id=1", None, 422, "FILTER_REFUSED"),
    ("GET", SITES + "?url_type:in=first", None, 422, "QUERY_INVALID"),
    ("PUT", HOME + "/checkout-url", {}, 422, "FIELD_MISSING"),
    ("PUT", HOME + "/checkout-url", {"url": "https://pay.example.net"}, 422, "FIELD_INVALID"),
    ("PUT", "/v3/channels/3/site/checkout-url", {"url": "https://pay.example.com"}, 404, "NO_SUCH_ENTITY"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    north: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    before = north.get(SITES).body
    reply = north.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert north.get(SITES).body == before


def test_a_checkout_has_a_url_of_its_own_in_the_main_domain(north: Shop) -> None:
    shown = north.put(HOME + "/checkout-url", {"url": "http://checkout.example.com"})
    assert shown.status == 200
    assert kinds(shown.json)["checkout"] == "https://checkout.example.com"  # HTTP is made HTTPS
    assert shown.json["is_checkout_url_customized"] is True
    assert north.get(HOME).data == shown.json
    assert [site["id"] for site in north.get(SITES + "?url_type:in=checkout").data] == [2]
    assert [site["id"] for site in north.get(SITES + "?url_type:in=primary,checkout").data] == [1, 2]
    assert north.put(HOME, {"url": "https://north.example.net"}).reason == "FIELD_INVALID"  # it would leave it behind
    assert north.put(HOME, {"url": "https://example.com"}).status == 200
    assert north.delete(HOME + "/checkout-url").json == {"data": {}, "meta": {}}
    site = north.get(HOME).data
    assert (site["is_checkout_url_customized"], "checkout" in kinds(site)) == (False, False)
    assert north.get(SITES + "?url_type:in=checkout").data == []


def test_main_domains() -> None:
    from bodega.resources.channels.addresses import main_domain

    hosts = {"a.example.com": "example.com", "a.b.example.co.uk": "example.co.uk", "example.de": "example.de"}
    assert {host: main_domain(host) for host in hosts} == hosts


def test_changes_of_a_site_are_told_to_those_of_its_channel(north: Shop) -> None:
    north.watch()
    north.put(HOME, {"url": "https://north.example.com"})
    north.put(HOME, {"url": "https://north.example.com"})
    north.put(HOME + "/checkout-url", {"url": "https://pay.example.com"})
    north.put(HOME + "/checkout-url", {"url": "https://pay.example.com"})
    north.delete(HOME + "/checkout-url")
    north.post(SITES + "/2/routes", {"type": "cart", "matching": "*", "route": "/cart"})
    scopes = [scope for scope, _data in north.events() if "/2/" in scope]
    assert scopes == [
        "store/channel/2/settings/site/updated",
        "store/channel/2/settings/site/checkoutUrl/updated",
        "store/channel/2/settings/site/checkoutUrl/deleted",
        "store/channel/2/settings/route/updated",
    ]


# Routes

ROUTES = SITES + "/2/routes"
GOODS = {"type": "product", "matching": "*", "route": "/{language}/{slug}?id={id}"}


def test_routes_are_made_listed_changed_and_deleted(north: Shop) -> None:
    made = north.post(ROUTES, GOODS)
    assert (made.status, made.data) == (201, {"id": 1, **GOODS})
    one = {"type": "product", "matching": "5", "route": "/five"}
    many = north.put(ROUTES, [{"id": 1, "route": "/p/{id}"}, one])
    assert (many.status, many.data) == (200, [{"id": 1, **GOODS, "route": "/p/{id}"}, {"id": 2, **one}])
    assert north.put(ROUTES + "/2", {"type": "brand", "matching": "5", "route": "/b"}).status == 201
    assert [route["id"] for route in north.get(ROUTES + "?type=brand").data] == [2]
    assert north.get(SITES + "/1/routes").data == []
    assert north.delete(ROUTES + "/1").status == 204
    assert [route["id"] for route in north.get(ROUTES).data] == [2]
    north.delete(SITES + "/2")
    assert north.rows("site_routes") == 0
    check_statistics(north)


BAD_ROUTES: list[tuple[str, str, Any, int, str]] = [
    ("POST", ROUTES, {"type": "product", "matching": "*"}, 422, "FIELD_MISSING"),
    ("POST", ROUTES, {**GOODS, "type": "video"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, {**GOODS, "matching": "all"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, {**GOODS, "matching": "0"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, {**GOODS, "matching": "7", "route": "/{sku}"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, {**GOODS, "matching": "7", "route": "/{id"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, {**GOODS, "matching": "7", "route": "p"}, 422, "FIELD_INVALID"),
    ("POST", ROUTES, GOODS, 409, "DUPLICATE"),
    ("PUT", ROUTES, [{**GOODS, "matching": "8"}, GOODS], 422, "LIST_REFUSED"),
    ("PUT", SITES + "/1/routes", [{"id": 1, **GOODS}], 422, "LIST_REFUSED"),
    ("GET", SITES + "/9/routes", None, 404, "NO_SUCH_ENTITY"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), BAD_ROUTES)
def test_a_bad_route_is_refused_and_changes_nothing(
    north: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """One route of a type for what it matches; a list is saved whole or not at all."""
    north.post(ROUTES, GOODS)
    before = north.get(ROUTES).body
    reply = north.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert north.get(ROUTES).body == before


# Certificates

PEM = pem_for("north.example.com", "*.north.example.com")
INSTALLED = {"certificate": PEM.certificate, "private_key": PEM.private_key, "intermediate_certificates": PEM.issuer}
CERTIFICATE = SITES + "/2/certificate"


def test_a_certificate_is_installed_and_its_key_is_never_shown(north: Shop) -> None:
    assert north.get(CERTIFICATE).data == {"status": "shared", "installed_certificate": None}
    done = north.put(CERTIFICATE, {"certificate": INSTALLED})
    assert (done.status, done.json) == (200, {"data": {}, "meta": {}})
    shown = north.get(CERTIFICATE)
    known = shown.data["installed_certificate"]
    assert (shown.data["status"], known["common_name"]) == ("dedicated", "north.example.com")
    assert known["subject_alternative_names"] == ["north.example.com", "*.north.example.com"]
    assert known["validity_not_after"] == "2100-01-01T00:00:00+00:00"
    assert (known["signing_algorithm"], known["issuer"]) == ("ecdsa-with-SHA256", "CN=Test authority")
    assert b"PRIVATE" not in shown.body
    assert north.get(HOME).data["ssl_status"] == "dedicated"
    assert north.get(SITES + "/certificates").data == [known]
    assert north.get(SITES + "/certificates?urls:in=www.north.example.com,https://b.example.com").data == [known]
    assert north.get(SITES + "/certificates?urls:in=b.example.com").data == []
    north.put(HOME, {"url": "https://other.example.com"})
    assert north.get(CERTIFICATE).data["status"] == north.get(HOME).data["ssl_status"] == "shared"
    north.put(HOME, {"url": URL})
    assert north.get(CERTIFICATE).data["status"] == north.get(HOME).data["ssl_status"] == "dedicated"
    check_statistics(north)


def test_the_private_key_is_sealed_in_the_registry(north: Shop) -> None:
    north.put(CERTIFICATE, {"certificate": INSTALLED})
    registry = north.server.backend.registry
    (kept,) = north.server.run(registry.tx.rows("SELECT name, sealed FROM site_keys WHERE store = $1", north.name))
    name, sealed = kept
    assert sealed.startswith("sealed:")
    assert PEM.private_key.split("\n")[1] not in sealed
    assert north.server.run(registry.kept_key(north.name, name.partition("/")[2])) == PEM.private_key
    assert north.server.run(registry.kept_key(north.name, "none")) == ""
    newest = registry.sealer.keys()[0]
    north.server.run(key_care.rotate(registry))
    ((again,),) = north.server.run(registry.tx.rows("SELECT sealed FROM site_keys WHERE store = $1", north.name))
    assert newest not in again
    assert north.server.run(registry.kept_key(north.name, name.partition("/")[2])) == PEM.private_key
    for table in ("site_certificates", "sites"):
        assert b"PRIVATE" not in b"".join(
            bytes(part or b"") for row in north.select(f"SELECT doc, rest FROM {table}") for part in row
        )


def test_the_private_key_is_masked_where_requests_are_kept() -> None:
    sent = json.dumps({"certificate": INSTALLED})
    kept = masking.body(sent, "application/json")
    assert "BEGIN CERTIFICATE" in str(kept)
    assert "PRIVATE" not in str(kept)


def test_a_private_key_that_nothing_opens_is_dropped_with_the_lost_key(tmp_path: Path) -> None:
    async def work() -> tuple[str, int, list[Any]]:
        backend = await open_backend(tmp_path / "data", None)
        await create_store(backend, "x", "sandbox", {}, 1)
        registry = backend.registry
        await key_care.prepare(registry)
        await registry.keep_key("x", "one", PEM.private_key)
        registry.sealer.path.unlink()
        lost = await registry.kept_key("x", "one")
        await key_care.replace(registry)
        await registry.keep_key("x", "two", PEM.private_key)
        await key_care.replace(registry)
        state = await key_care.state(registry)
        kept = await registry.tx.rows("SELECT name FROM site_keys")
        await backend.close()
        return lost, state.unreadable, kept

    assert asyncio.run(work()) == ("", 0, [("x/two",)])


OTHER = pem_for("north.example.com", "www.north.example.com")
BAD_PEMS: list[tuple[dict[str, Any], str]] = [
    ({"certificate": {**INSTALLED, "private_key": OTHER.private_key}}, "certificate.private_key"),
    ({"certificate": {**INSTALLED, "private_key": "none"}}, "certificate.private_key"),
    ({"certificate": {**INSTALLED, "certificate": "none"}}, "certificate.certificate"),
    (
        {"certificate": {**INSTALLED, "intermediate_certificates": OTHER.issuer}},
        "certificate.intermediate_certificates",
    ),
    ({"certificate": {**INSTALLED, "intermediate_certificates": "none"}}, "certificate.intermediate_certificates"),
    ({"certificate": INSTALLED, "url": "elsewhere.example.com"}, "url"),
    ({"certificate": {"certificate": PEM.certificate}}, "certificate"),
    ({}, "certificate"),
]


@pytest.mark.parametrize(("body", "field"), BAD_PEMS)
def test_a_bad_certificate_is_refused(north: Shop, body: dict[str, Any], field: str) -> None:
    reply = north.put(CERTIFICATE, body)
    assert reply.status == 422
    assert list(reply.json["errors"]) == [field]
    assert north.rows("site_certificates") == 0


def test_a_certificate_that_has_expired_or_is_for_another_host_is_refused(north: Shop) -> None:
    """By the store's clock."""
    old = pem_for("www.north.example.com", until=2030)
    body = {"certificate": {"certificate": old.certificate, "private_key": old.private_key}}
    north.freeze(1_893_456_000)  # 2030-01-01
    assert "has expired" in north.put(CERTIFICATE, body).json["errors"]["certificate.certificate"]
    north.freeze(1_893_455_999)
    assert north.put(CERTIFICATE, body).status == 200
    wrong = pem_for("a.b.north.example.com", "*.example.com")
    body = {"certificate": {"certificate": wrong.certificate, "private_key": wrong.private_key}}
    assert "must be valid for" in north.put(CERTIFICATE, body).json["errors"]["certificate.certificate"]


def test_a_checkout_can_have_a_certificate_of_its_own(north: Shop) -> None:
    north.put(HOME + "/checkout-url", {"url": "https://pay.north.example.com"})
    done = north.put(CERTIFICATE, {"certificate": INSTALLED, "url": "https://pay.north.example.com"})
    assert done.status == 200
    assert north.get(CERTIFICATE).data["status"] == "shared"  # that of the primary URL
    assert len(north.get(SITES + "/certificates").data) == 1


SCOPED = [
    ("GET", HOME, "store_sites_read_only", 200),
    ("GET", SITES, "store_channel_settings", 403),
    ("GET", HOME, "store_channel_settings", 403),
    ("GET", SITES + "/certificates", "store_sites_read_only", 200),
    ("DELETE", HOME, "store_sites_read_only", 403),
    ("DELETE", HOME, "store_sites", 200),
]


@pytest.mark.parametrize(("method", "path", "scope", "status"), SCOPED)
def test_sites_have_a_scope_of_their_own(north: Shop, method: str, path: str, scope: str, status: int) -> None:
    assert north.request(method, path, token=north.account(scope)).status == status
