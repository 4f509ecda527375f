"""Templates of e-mails, e-mails to shoppers who left a cart, and the outbox where both are seen (decision 55)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.domain import mail_text
from bodega.resources import SWEEPS
from bodega.resources.marketing.template_texts import TEXTS
from bodega.tasks.sweep import sweep_all
from shop import Shop
from statistics_check import check_statistics

TEMPLATES, EMAILS = "/v3/marketing/email-templates", "/v3/marketing/abandoned-cart-emails"
SETTINGS, OUTBOX = "/v3/abandoned-carts/settings", "/v3/outbox"
NOW = 1_795_341_600  # 2026-11-22T10:00:00Z
WRITTEN = {
    "subject": "Hi from {{store.name}}",
    "body": '<p>{{lang "hello" name=store.name}}</p>',
    "translations": [{"locale": "en", "keys": {"hello": "Hello from {name}"}}],
}


def second_channel(shop: Shop) -> int:
    made = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"})
    return int(made.data["id"])


def test_there_is_a_template_of_every_published_type(shop: Shop) -> None:
    """All can be read, and all the phrases that they ask for are there."""
    templates = shop.get(TEMPLATES).data
    assert [one["type_id"] for one in templates] == list(TEXTS)
    assert len(templates) == 12
    for one in templates:
        mail_text.check(one["subject"])
        assert mail_text.phrases_of(one["body"]) <= one["translations"][0]["keys"].keys()
        assert shop.get(f"{TEMPLATES}/{one['type_id']}").data == one


def test_a_channel_has_the_stores_template_until_it_has_its_own(shop: Shop) -> None:
    channel = second_channel(shop)
    path = TEMPLATES + "/invoice_email"
    first = shop.get(path).data
    put = shop.put(path, {"type_id": "invoice_email", **WRITTEN})
    assert (put.status, put.data) == (200, {"type_id": "invoice_email", **WRITTEN})
    assert shop.get(path).data == shop.get(f"{path}?channel_id={channel}").data == put.data
    own = shop.put(f"{path}?channel_id={channel}", {"subject": "Ours"})
    assert own.data == {**put.data, "subject": "Ours"}
    assert shop.get(path).data == put.data
    listed = {one["type_id"]: one for one in shop.get(f"{TEMPLATES}?channel_id={channel}").data}
    assert listed["invoice_email"] == own.data
    assert listed["product_review_email"] == shop.get(TEMPLATES + "/product_review_email").data
    restored = shop.delete(f"{path}?channel_id={channel}")
    assert (restored.status, restored.data) == (200, put.data)
    assert shop.get(f"{path}?channel_id={channel}").data == put.data
    assert first != put.data
    check_statistics(shop)


IN_NO_LANGUAGE = [{"locale": "en\r\nBcc: x", "keys": {}}]
BAD: list[tuple[str, str, Any, int, str]] = [
    ("GET", TEMPLATES + "/welcome", None, 404, "NO_SUCH_ENTITY"),
    ("GET", TEMPLATES + "?channel_id=99", None, 404, "NO_SUCH_ENTITY"),
    ("GET", TEMPLATES + "?channel_id=x", None, 422, "QUERY_INVALID"),
    ("GET", TEMPLATES + "?limit_id=1", None, 422, "FILTER_REFUSED"),
    ("DELETE", TEMPLATES + "/invoice_email", None, 422, "FILTER_REQUIRED"),
    ("PUT", TEMPLATES + "/invoice_email", {"body": "{{#if a}}"}, 422, "FIELD_INVALID"),
    ("PUT", TEMPLATES + "/invoice_email", {"subject": "{{store.name"}, 422, "FIELD_INVALID"),
    ("PUT", TEMPLATES + "/invoice_email", {"body": 5}, 422, "FIELD_INVALID"),
    ("POST", EMAILS, {"notify_at_minutes": 61}, 422, "FIELD_INVALID"),
    ("POST", EMAILS, {"template": {"subject": "x"}}, 422, "FIELD_INVALID"),
    ("POST", EMAILS, {"template": {**WRITTEN, "body": "{{/if}}"}}, 422, "FIELD_INVALID"),
    ("PUT", TEMPLATES + "/invoice_email", {"translations": IN_NO_LANGUAGE}, 422, "FIELD_INVALID"),
    ("POST", EMAILS, {"template": {**WRITTEN, "translations": IN_NO_LANGUAGE}}, 422, "FIELD_INVALID"),
    ("POST", EMAILS + "?channel_id=99", {}, 409, "DANGLING_REFERENCE"),
    ("GET", EMAILS + "/99", None, 404, "NO_SUCH_ENTITY"),
    ("GET", EMAILS + "/settings", None, 422, "QUERY_INVALID"),
    ("GET", EMAILS + "/settings?channel_id=99", None, 404, "NO_SUCH_ENTITY"),
    ("PUT", EMAILS + "/settings?channel_id=1", {}, 422, "FIELD_MISSING"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), BAD)
def test_a_bad_request_is_refused(shop: Shop, method: str, path: str, body: Any, status: int, reason: str) -> None:
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)


def test_emails_are_of_the_store_or_of_a_channel(shop: Shop) -> None:
    channel = second_channel(shop)
    made = shop.post(EMAILS, {"is_active": True, "coupon_code": "TEN", "notify_at_minutes": 120, "template": WRITTEN})
    assert made.status == 200
    assert made.data == {
        "id": 1, "is_active": True, "coupon_code": "TEN", "notify_at_minutes": 120, "template": WRITTEN, "sent_num": 0,
    }  # fmt: skip
    own = shop.post(f"{EMAILS}?channel_id={channel}", {}).data
    default = shop.get(EMAILS + "/default").json
    assert own["template"] == default  # nothing is around it
    assert [one["id"] for one in shop.get(EMAILS).data] == [1]
    assert [one["id"] for one in shop.get(f"{EMAILS}?channel_id={channel}").data] == [2]
    assert shop.put(EMAILS + "/1", {"is_active": False}).data == {**made.data, "is_active": False}
    assert shop.get(f"{EMAILS}/settings?channel_id={channel}").json == {"use_global": True}
    assert shop.put(f"{EMAILS}/settings?channel_id={channel}", {"use_global": False}).json == {"use_global": False}
    assert shop.get(f"{EMAILS}/settings?channel_id={channel}").json == {"use_global": False}
    assert shop.put(EMAILS + "/settings", {"use_global": False}).json == {"use_global": False}
    assert shop.get(EMAILS + "/settings?channel_id=1").json == {"use_global": False}
    assert shop.delete(EMAILS + "/1").status == 204
    assert shop.get(EMAILS).data == []
    check_statistics(shop)


@pytest.mark.parametrize("path", [TEMPLATES, EMAILS, EMAILS + "/default", OUTBOX])
def test_emails_have_a_scope(shop: Shop, path: str) -> None:
    """Letters that were sent hold what only their readers should: they are with the customers."""
    scope = "store_v2_customers_read_only" if path == OUTBOX else "store_v2_information_read_only"
    assert shop.get(path, token=shop.account(scope)).status == 200
    if path == OUTBOX:
        assert shop.get(path, token=shop.account("store_v2_information")).reason == "SCOPE_MISSING"
    assert shop.get(path, token=shop.account("store_v2_content")).reason == "SCOPE_MISSING"


def a_cart(shop: Shop, **more: Any) -> Any:
    product = shop.product("Hammer")
    person = [{"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"}]
    customer = shop.post("/v3/customers", person).data[0]["id"]
    body = {"line_items": [{"quantity": 2, "product_id": product}], "customer_id": customer, **more}
    return shop.post("/v3/carts", body).data


def mails(shop: Shop) -> list[tuple[str, str]]:
    return [(one["recipient"], one["subject"]) for one in shop.get(OUTBOX).data]


def later(shop: Shop, minutes: int) -> None:
    shop.freeze(NOW + 60 * minutes)

    async def sweep() -> None:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        await sweep_all(store, SWEEPS)

    shop.server.run(sweep())


def test_the_link_of_an_email_leads_to_the_shop(shop: Shop) -> None:
    """To the site of the cart's channel, the domain of the store, or the address that it always has."""
    shop.put(SETTINGS, {"enable_notification": True})
    body = "{{store.url}} {{notification.checkout_link}}"
    shop.post(EMAILS, {"is_active": True, "notify_at_minutes": 60, "template": {**WRITTEN, "body": body}})
    north = second_channel(shop)
    shop.post("/v3/customers", [{"first_name": "Ada", "last_name": "Byron", "email": "ada@example.com"}])
    item = {"name": "Mug", "quantity": 1, "list_price": 4, "sku": "M"}

    def told(minutes: int, channel: int) -> str:
        shop.freeze(NOW + 60 * minutes)
        body = {"custom_items": [item], "customer_id": 1, "channel_id": channel}
        assert shop.post("/v3/carts", body).status == 201
        later(shop, minutes + 61)
        url, link = max(shop.get(f"{OUTBOX}?limit=50").data, key=lambda mail: mail["id"])["body"].split()
        assert link.startswith(f"{url}/cart.php?action=recover&")
        return str(url)

    assert told(0, 1) == f"https://store-{shop.name}.localhost"
    assert told(1_000, north) == f"https://store-{shop.name}-{north}.localhost"
    shop.change(settings={"domain": "shop.example.com"})
    assert told(2_000, 1) == "https://shop.example.com"
    shop.post(f"/v3/channels/{north}/site", {"url": "https://north.example.com"})
    assert told(3_000, north) == "https://north.example.com"


def test_a_shopper_who_left_a_cart_is_written_to_by_the_clock(shop: Shop) -> None:
    """Each e-mail when it is due, and none after the cart was ordered or without the notification."""
    shop.freeze(NOW)
    for minutes, subject in ((60, "First"), (120, "Second"), (180, "Third")):
        body = "{{#each cart.items}}{{quantity}} {{name}};{{/each}}{{coupon_code}}"
        template = {**WRITTEN, "subject": subject, "body": body}
        email = {"is_active": True, "notify_at_minutes": minutes, "coupon_code": "TEN", "template": template}
        shop.post(EMAILS, email)
    shop.post(EMAILS, {"is_active": False, "template": WRITTEN})
    shop.put(SETTINGS, {"enable_notification": True, "email_customer_until_cart_is_recovered": True})
    cart = a_cart(shop)
    later(shop, 59)
    assert mails(shop) == []
    later(shop, 61)
    assert mails(shop) == [("ada@example.com", "First")]
    mail = shop.get(OUTBOX).data[0]
    assert (mail["body"], mail["type_id"], mail["cart_id"]) == ("2 Hammer;TEN", "abandoned_cart_email", cart["id"])
    assert shop.get(EMAILS + "/1").data["sent_num"] == 1
    later(shop, 121)
    assert [subject for _to, subject in mails(shop)] == ["First", "Second"]
    shop.delete(f"/v3/carts/{cart['id']}")
    later(shop, 500)
    assert len(mails(shop)) == 2
    later(shop, 60 * 24 * 31)
    assert mails(shop) == []
    check_statistics(shop)


SETTLED: list[tuple[dict[str, Any], list[str]]] = [
    ({"enable_notification": False}, []),
    ({"enable_notification": True}, ["Hi from My store"]),  # once, unless they go on until the cart is recovered
    ({"enable_notification": True, "marketing_emails_require_customer_consent": True}, []),
    (
        {"email_merchant_when_cart_is_abandoned": True, "merchant_email_address": "shop@example.com"},
        ["A cart was abandoned"],
    ),
    (
        {
            "email_merchant_when_cart_is_abandoned": True, "merchant_email_address": "shop@example.com",
            "merchant_abandoned_cart_email_frequency_type": "digest",
            "merchant_abandoned_cart_digest_email_frequency": 2,
        },
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "subjects"), SETTLED)
def test_the_settings_of_abandoned_carts_are_followed(
    shop: Shop, settings: dict[str, Any], subjects: list[str]
) -> None:
    shop.freeze(NOW)
    for minutes in (60, 120):
        shop.post(EMAILS, {"is_active": True, "notify_at_minutes": minutes, "template": WRITTEN})
    shop.put(SETTINGS, settings)
    a_cart(shop)
    later(shop, 61)
    later(shop, 121)
    assert [subject for _to, subject in mails(shop)] == subjects


def test_the_merchant_gets_a_digest_when_enough_carts_were_left(shop: Shop) -> None:
    shop.freeze(NOW)
    shop.put(SETTINGS, SETTLED[-1][0])
    cart = a_cart(shop)
    body = {"line_items": [{"quantity": 1, "product_id": 1}], "customer_id": 1}
    shop.post("/v3/carts", body)
    assert cart["id"]
    later(shop, 61)
    assert mails(shop) == [("shop@example.com", "2 carts were abandoned")]


def test_a_shopper_who_agreed_is_written_to_where_consent_is_required(shop: Shop) -> None:
    shop.freeze(NOW)
    shop.post(EMAILS, {"is_active": True, "template": WRITTEN})
    shop.put(SETTINGS, {"enable_notification": True, "marketing_emails_require_customer_consent": True})
    shop.post("/v3/customers/subscribers", {"email": "ada@example.com", "consents": ["abandoned_cart"]})
    a_cart(shop)
    later(shop, 61)
    assert [to for to, _subject in mails(shop)] == ["ada@example.com"]


RENDERED = [
    ("Hi {{name}}", "Hi &lt;Ada&gt;"),
    ("Hi {{{name}}}", "Hi <Ada>"),
    ("{{! nobody sees it }}{{!-- {{nor}} this --}}x", "x"),
    ("{{#if items}}some{{else}}none{{/if}}", "some"),
    ("{{#unless items}}none{{/unless}}", ""),
    ("{{#each items}}{{@index}}{{this.name}}{{../name}},{{/each}}", "0a&lt;Ada&gt;,1b&lt;Ada&gt;,"),
    ("{{#each words}}{{this}};{{/each}}", "x;y;"),
    ("{{#each none}}a{{else}}nothing{{/each}}", "nothing"),
    ('{{lang "hello" name=who}}', "Hello Ada"),
    ("{{unknown.deep}}", ""),
    ("{{ store.name }}", "Shop"),
]
DATA = {"name": "<Ada>", "who": "Ada", "items": [{"name": "a"}, {"name": "b"}], "words": ["x", "y"],
        "store": {"name": "Shop"}}  # fmt: skip


@pytest.mark.parametrize(("template", "text"), RENDERED)
def test_what_comes_of_a_template(template: str, text: str) -> None:
    assert mail_text.render(template, DATA, {"hello": "Hello {name}"}) == text


UNREADABLE = [
    "{{",
    "{{}}",
    "{{#if a}}",
    "{{/if}}",
    "{{else}}",
    "{{#with a}}{{/with}}",
    "{{help me now}}",
    "{{#if}}{{/if}}",
]


@pytest.mark.parametrize("template", UNREADABLE)
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|opens|closes|does|uses)"):
        mail_text.check(template)


def test_blocks_in_blocks_end(shop: Shop) -> None:
    """What multiplies without end is no e-mail."""
    deep = "{{#each items}}" * 9 + "x" + "{{/each}}" * 9
    with pytest.raises(ValueError, match="pieces"):
        mail_text.render(deep, {"items": [{"items": list(range(9))}] * 9}, {})
