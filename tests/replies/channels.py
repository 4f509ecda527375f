"""Channels (rule 116), with what they have: currencies, menus, metafields, listings, sites."""

from pems import pem_for
from replies import Differs, Row

NORTH = "/v3/channels/{north}"
FIELD = {"namespace": "erp", "key": "code", "value": "N", "permission_set": "write", "description": "d"}
LISTED = {
    "product_id": "{gown}",
    "state": "active",
    "name": "Gown",
    "description": "d",
    "external_id": "x",
    "variants": [
        {
            "product_id": "{gown}",
            "variant_id": "{gown_m}",
            "state": "pending",
            "name": "M",
            "description": "d",
            "external_id": "y",
        }
    ],
}
PEM = pem_for("north.example.com", "www.north.example.com")
CERTIFICATE = {
    "certificate": PEM.certificate,
    "private_key": PEM.private_key,
    "intermediate_certificates": PEM.issuer,
}
MONEY = {"enabled_currencies": ["USD"], "default_currency": "USD"}
SECTIONS = {
    "bigcommerce_protected_app_sections": ["social", "domains"],
    "custom_app_sections": [{"title": "Overview", "query_path": "overview"}],
}

ROWS = [
    Row(
        "POST",
        "/v3/channels",
        {"name": "Corner shop", "type": "pos", "platform": "custom", "status": "connected"},
        name="corner_shop",
    ),
    Row("PUT", "/v3/channels/{corner_shop}", {"name": "Corner store"}),
    Row("POST", "/v3/channels", {}, status=422),
    Row("POST", "/v3/channels", {"name": "North", "type": "storefront", "platform": "next"}, name="north"),
    Row("POST", f"{NORTH}/currency-assignments", MONEY, key="channel_id"),
    Row("PUT", f"{NORTH}/currency-assignments", MONEY),
    Row("PUT", f"{NORTH}/currency-assignments", {}, status=422),
    Row("POST", "/v3/channels/currency-assignments", [{"channel_id": "{north}", **MONEY}]),
    Row("PUT", "/v3/channels/currency-assignments", [{"channel_id": "{north}", **MONEY}]),
    Row("PUT", "/v3/channels/currency-assignments", [{}], status=422),
    Row("DELETE", "/v3/channels/{corner_shop}/currency-assignments"),
    Row("POST", "/v3/channels/{corner_shop}/currency-assignments", MONEY, key="channel_id"),
    Row("POST", "/v3/channels/1/currency-assignments", MONEY, key="channel_id"),
    Row("POST", f"{NORTH}/channel-menus", SECTIONS),
    Row("POST", f"{NORTH}/channel-menus", {"custom_app_sections": [{}]}, status=422),
    Row("DELETE", "/v3/channels/{corner_shop}/channel-menus"),
    Row("POST", f"{NORTH}/metafields", FIELD, name="north_code"),
    Row("PUT", f"{NORTH}/metafields/{{north_code}}", {"value": "2"}),
    Row("POST", f"{NORTH}/metafields", {**FIELD, "key": "second"}, name="second"),
    Row("DELETE", f"{NORTH}/metafields/{{second}}"),
    Row("POST", "/v3/channels/metafields", [{**FIELD, "key": "third", "resource_id": "{north}"}], name="third"),
    Row("PUT", "/v3/channels/metafields", [{"id": "{third}", "value": "3"}]),
    Row("DELETE", "/v3/channels/metafields", ["{third}"]),
    Row("POST", "/v3/channels/{corner_shop}/listings", [LISTED], name="listed", key="listing_id"),
    Row("POST", "/v3/channels/{corner_shop}/listings", [{}], status=422),
    Row("PUT", "/v3/channels/{corner_shop}/listings", [{**LISTED, "listing_id": "{listed}"}]),
    Row("PUT", "/v3/channels/{corner_shop}/listings", [{}], status=422),
    Row("POST", f"{NORTH}/site", {"url": "https://north.example.com"}, name="north_site"),
    Row("PUT", f"{NORTH}/site", {"url": "https://www.north.example.com/"}),
    Row("PUT", f"{NORTH}/site/checkout-url", {"url": "http://checkout.example.com"}),
    Row("DELETE", f"{NORTH}/site/checkout-url"),
    Row("PUT", f"{NORTH}/site/checkout-url", {"url": "https://pay.example.net"}, status=422),
    Row("PUT", f"{NORTH}/site/checkout-url", {"url": "https://pay.example.com"}),
    Row("PUT", "/v3/sites/{north_site}", {"url": "https://north.example.com/"}),
    Row("POST", "/v3/sites", {"url": "https://corner.example.org", "channel_id": "{corner_shop}"}, name="corner_site"),
    Row("DELETE", "/v3/channels/{corner_shop}/site"),
    Row("POST", "/v3/sites", {"url": "https://till.example.org", "channel_id": "{corner_shop}"}, name="till_site"),
    Row("DELETE", "/v3/sites/{till_site}"),
    Row(
        "POST",
        "/v3/sites/{north_site}/routes",
        {"type": "product", "matching": "*", "route": "/p"},
        name="north_route",
    ),
    Row("POST", "/v3/sites/{north_site}/routes", {}, status=422),
    Row(
        "PUT", "/v3/sites/{north_site}/routes", [{"type": "cart", "matching": "*", "route": "/cart"}], name="cart_route"
    ),
    Row("PUT", "/v3/sites/{north_site}/routes", [{}], status=422),
    Row(
        "PUT",
        "/v3/sites/{north_site}/routes/{north_route}",
        {"type": "product", "matching": "*", "route": "/product"},
    ),
    Row("DELETE", "/v3/sites/{north_site}/routes/{cart_route}"),
    Row("PUT", "/v3/sites/{north_site}/certificate", {"certificate": CERTIFICATE}),
]

BARE = "the schema is that of a metafield, without what is around every reply"
OF_PAGES = "its pages are counted as those of every other list"
NEEDED = "without it nothing could be made"

DIFFERS = [
    Differs("GET /v3/channels", "data.currencies", "extra", "only the schema of one channel has what is included"),
    Differs("* /v3/channels/{channel_id}/metafields*", "data", "extra", BARE),
    Differs("* /v3/channels/{channel_id}/metafields*", "meta", "extra", BARE),
    Differs("GET /v3/channels/{channel_id}/metafields*", "*", "absent", BARE),
    Differs("GET /v3/sites", "meta.pagination.*", "extra", OF_PAGES),
    Differs("GET /v3/sites", "meta.pagination.*", "absent", OF_PAGES),
    Differs("POST /v3/sites", "*", "body", NEEDED),
    Differs("POST /v3/channels/{channel_id}/site", "url", "body", NEEDED),
    Differs("POST /v3/sites/{site_id}/routes", "*", "body", NEEDED),
    Differs("POST /v3/sites/{site_id}/routes", "status", "type", "a number, as in the body of every other error"),
    Differs("GET /v3/sites/{site_id}/routes", "meta.pagination.*", "extra", OF_PAGES),
    Differs("GET /v3/sites/{site_id}/routes", "meta.pagination.*", "absent", OF_PAGES),
    Differs("DELETE /v3/sites/{site_id}", "*", "type", "a reply of 204 has no body: RFC 9110 15.3.5"),
]
