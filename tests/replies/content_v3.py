"""Web pages, redirects and scripts of V3; templates of e-mails, and e-mails to shoppers who left a cart."""

from replies import Differs, Row

_CSV = b"Domain,Old Path,Manual URL/Path,Dynamic Target Type,Dynamic Target ID\n"
_FORM = {"content-type": "multipart/form-data; boundary=edge"}
_FILE = (
    b'--edge\r\nContent-Disposition: form-data; name="import_file"; filename="r.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n" + _CSV + b"nowhere.test,/a,/b,," + b"\r\n--edge--\r\n"
)
_TEMPLATE = {"subject": "Hello", "body": "<p>Hello</p>", "translations": [{"locale": "en", "keys": {"a": "b"}}]}

ROWS = [
    Row("POST", "/v3/content/pages", {"type": "page", "name": "Of us", "body": "<p>We</p>"}, name="of_us"),
    Row("POST", "/v3/content/pages", [{"type": "raw", "name": "robots", "body": "x"}], name="raw_page"),
    Row("POST", "/v3/content/pages", {"type": "link", "name": "Out", "link": "https://other.test/"}, name="link_page"),
    Row(
        "POST",
        "/v3/content/pages",
        {"type": "contact_form", "name": "Write", "email": "a@example.com", "contact_fields": "rma"},
        name="contact_page",
    ),
    Row("PUT", "/v3/content/pages/{of_us}", {"is_visible": True}),
    Row("PUT", "/v3/content/pages", [{"id": "{raw_page}", "is_visible": True}]),
    Row("POST", "/v3/content/pages", {}, status=422),
    Row(
        "PUT",
        "/v3/storefront/redirects",
        [
            {"from_path": "/from/", "site_id": 1, "to": {"type": "url", "url": "/to/"}},
            {"from_path": "/of/", "site_id": 1, "to": {"type": "product", "entity_id": "{hammer}"}},
        ],
        name="from",
    ),
    Row("PUT", "/v3/storefront/redirects", [{}], status=422),
    Row("POST", "/v3/storefront/redirects/imex/import", _FILE, name="import_job", headers=_FORM),
    Row(
        "POST",
        "/v3/content/scripts",
        {"name": "Chat", "src": "https://chat.test/a.js", "kind": "src", "consent_category": "essential",
         "integrity_hashes": ["sha384-Dgtw"]},
        name="script", key="uuid",
    ),
    Row("POST", "/v3/content/scripts", {"name": "Tag", "html": "<script></script>", "consent_category": "analytics"}),
    Row("PUT", "/v3/content/scripts/{script}", {"description": "Talks"}),
    Row("POST", "/v3/content/scripts", {}, status=422),
    Row("PUT", "/v3/marketing/email-templates/invoice_email", _TEMPLATE, name="invoice", key="type_id"),
    Row("POST", "/v3/marketing/abandoned-cart-emails", {"is_active": True, "coupon_code": "TEN"}, name="left_email"),
    Row("PUT", "/v3/marketing/abandoned-cart-emails/{left_email}", {"notify_at_minutes": 120}),
    Row("POST", "/v3/marketing/abandoned-cart-emails", {"notify_at_minutes": 1}, status=422),
    Row("PUT", "/v3/marketing/abandoned-cart-emails/settings?channel_id=1", {"use_global": True}),
]  # fmt: skip
PATHS = {
    "/v3/marketing/email-templates/{template_name:text}": ["/v3/marketing/email-templates/{invoice}"],
    "/v3/marketing/abandoned-cart-emails/settings": ["/v3/marketing/abandoned-cart-emails/settings?channel_id=1"],
    "/v3/storefront/redirects/imex/import/{uuid:text}/events": [],
    "/v3/storefront/redirects/imex/export/{uuid:text}/events": [],
    "/v3/storefront/redirects/imex/export/{uuid:text}/download": [],
}
DIFFERS = [
    Differs("POST /v3/content/pages", "data", "anyOf", "a list is answered with a list, as the text says"),
    Differs(
        "POST /v3/content/pages", "name", "body", "the schema of the body is one of several, each of which needs it"
    ),
    Differs(
        "POST /v3/content/pages", "type", "body", "the schema of the body is one of several, each of which needs it"
    ),
    Differs("GET /v3/content/pages/{pageId}", "meta.pagination", "absent", "one page has no pages"),
    Differs("GET /v2/redirects*", "forward.ref", "type", "of a manual redirect it is the address, as the text says"),
    Differs("GET /v3/storefront/redirects/imex/*", "", "empty", "events and a file are no JSON"),
    Differs("POST /v3/marketing/abandoned-cart-emails", "errors", "type", "an object by fields, as everywhere else"),
]
