"""What is personal: declared once, and each member that looks personal is declared, or listed as not personal."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import bodega
from bodega.kit.hints import hints_of
from bodega.resources import MODEL, TABLES
from bodega.resources.carts import cart
from bodega.resources.content.contact_messages import TABLE as MESSAGES
from bodega.resources.content.contact_messages import ContactMessage
from bodega.resources.orders import messages
from bodega.resources.outbox import TABLE as OUTBOX
from bodega.resources.outbox import Mail
from bodega.resources.payments.attempts import TABLE as ATTEMPTS
from bodega.resources.payments.attempts import PaymentAttempt
from bodega.resources.personal import erasing, merging
from bodega.resources.personal.declared import PERSONAL, Below
from bodega.resources.personal.finding import AT_ONCE, Person, search
from bodega.storage import schema
from bodega.storage.unit import Unit
from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message
from test_panel_customer_care import ADA, HOME, TWIN, at, customer, known
from test_panel_orders import BUYER, LAMP, place

LOOKS = re.compile(
    r"(?:^|_)(?:e?mails?|(?:first|last|full|user|common)_?name|author|phone(?:_number)?|ip(?:_address(?:_v6)?)?|company(?:_name)?"
    r"|address(?:_?line)?_?[12]?|street(?:_[12])?|city|zip|postal_codes?|recipient|sender|birth\w*|customer_id|user_id"
    r"|form_fields|custom_fields|customer_message|staff_notes|notes|comments|message|billing_address|shipping_address"
    r"|geoip_\w+|last_4|payment_instrument_token)$"
)  # fmt: skip
"""The names of members that look personal."""

LOOKS_BESIDE = re.compile(r"(?:name|text|title|value|token|body|subject|digest|password)$")
"""The same in a table that has personal members."""

OF_EVERYBODY = "what all shoppers read"
OF_THE_SHOP = "the shop's own address, or that of its staff"
A_PLACE = "where taxes, shipping or promotions apply, not where somebody lives"
A_SWITCH = "whether something is sent, or how often"

NOT_PERSONAL = {
    "variants.purchasing_disabled_message": OF_EVERYBODY,
    "products.preorder_message": OF_EVERYBODY,
    "products.base_own.purchasing_disabled_message": OF_EVERYBODY,
    "product_rules.purchasing_disabled_message": OF_EVERYBODY,
    "inventory_settings.default_out_of_stock_message": OF_EVERYBODY,
    "inventory_settings.show_out_of_stock_message": A_SWITCH,
    "storefront_product_settings.default_preorder_message": OF_EVERYBODY,
    "storefront_status.down_for_maintenance_message": OF_EVERYBODY,
    "storefront_status.prelaunch_message": OF_EVERYBODY,
    "shipping_settings.out_of_delivery_zone_message": OF_EVERYBODY,
    "redirect_jobs.errors.message": "what is wrong with a line of a file of redirects",
    "order_refunds.payments.declined_message": "why a gateway refused a refund",
    "order_refunds.user_id": OF_THE_SHOP,
    "site_certificates.common_name": "a domain of the shop",
    "store_profile.store_address": OF_THE_SHOP,
    "store_profile.store_email": OF_THE_SHOP,
    "store_profile.store_phone": OF_THE_SHOP,
    "inventory_notifications.low_stock_notification_address": OF_THE_SHOP,
    "inventory_notifications.out_of_stock_notification_address": OF_THE_SHOP,
    "abandoned_cart_settings.merchant_email_address": OF_THE_SHOP,
    "checkout_settings.order_confirmation_contact_email": OF_THE_SHOP,
    "blog_posts.author": OF_THE_SHOP,
    "web_pages.email": OF_THE_SHOP,
    "tax_provider_connections.username": OF_THE_SHOP,
    "shipping_zones.locations.zip": A_PLACE,
    "tax_zones.shopper_target_settings.locations.postal_codes": A_PLACE,
    "promotions.shipping_address": A_PLACE,
    "customers.accepts_product_review_abandoned_cart_emails": A_SWITCH,
    "hosting_uploads.is_zip": A_SWITCH,
    "order_products.name": "what was sold",
}
"""Members that look personal and are not, with why."""

SHOP_TABLES = ("locations.address", "order_pickups.location", "email_statuses")
"""Places of the shop with their addresses and telephones; and which e-mails it sends."""

REFERENCES = ("order_address_id",)


def paths(kind: type[msgspec.Struct], before: str = "", above: tuple[type, ...] = ()) -> Iterator[str]:
    """The paths of all members of an entity; what contains itself is entered once."""
    for name, hint in hints_of(kind).items():
        yield f"{before}{name}"
        for inner in structs(hint):
            if inner not in above:
                yield from paths(inner, f"{before}{name}.", (*above, inner))


def structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    else:
        for part in get_args(hint):
            yield from structs(part)


def test_each_member_that_looks_personal_is_declared_or_listed_as_not_personal() -> None:
    declared = {
        f"{one.table.name}.{path}" for one in PERSONAL for path in f"{one.members} {one.kept} {one.withheld}".split()
    }
    known = (*declared, *NOT_PERSONAL, *SHOP_TABLES)
    tables = {one.table.name for one in PERSONAL}
    looking = {
        f"{table.name}.{path}"
        for table in TABLES
        for path in paths(table.entity)
        if (LOOKS.search(path.rpartition(".")[2]) and path.rpartition(".")[2] not in REFERENCES)
        or (table.name in tables and LOOKS_BESIDE.match(path))
    }
    missing = {
        path for path in looking if not any(path == one or path.startswith(f"{one}.") for one in known)
        and not any(inner.startswith(f"{path}.") for inner in declared)
    }  # fmt: skip
    assert sorted(missing) == [], "declare them in resources/personal/declared.py"
    assert sorted(set(NOT_PERSONAL) - looking) == [], "they are listed and do not exist"


def test_what_is_declared_exists() -> None:
    placed: set[str] = set()
    for one in PERSONAL:
        members = set(paths(one.table.entity))
        for path in f"{one.members} {one.kept} {one.withheld}".split():
            assert path in members, f"{one.table.name} has no {path}"
        if isinstance(one.how, Below):
            assert one.how.table.name in placed
        placed.add(one.table.name)


def test_every_table_that_names_a_customer_moves_ends_or_stays_in_a_merge() -> None:
    naming = {
        table.name for table in TABLES
        if "customer_id" in table.members or any(each.target == "customers" for each in table.references)
    }  # fmt: skip
    handled = {table.name for table in (*merging.MOVES, *merging.ENDS, *merging.STAYS)}
    assert sorted(naming - handled) == []


def test_what_goes_with_a_customer_goes_with_the_database() -> None:
    deleted = {one.table.name for one in PERSONAL if one.fate == "deleted"}
    for one in PERSONAL:
        if one.fate == "goes":
            targets = {reference.target for reference in one.table.references if reference.on_delete == "CASCADE"}
            going = deleted | {other.table.name for other in PERSONAL if other.fate == "goes"}
            assert targets & going, f"{one.table.name} would stay"


BESIDE_THE_TABLES = {
    "coupon_uses": "erased",
    "customer_logins": "goes with the customer",
    "password_guesses": "a digest of the address, for minutes",
    "idempotency": "answers to repeated requests, for a day: the page of the erasure says so",
}
"""What no entity describes and may tell of a person, and why that is right."""

NOBODYS = {
    "account_uses",
    "attempts",
    "blog_post_tags",
    "category_sort_orders",
    "codes",
    "deliveries",
    "file_keys",
    "file_uses",
    "files",
    "hook_blocks",
    "hook_contacts",
    "hook_leases",
    "ledger",
    "migrations",
    "minutes",
    "page_index",
    "pages",
    "product_categories",
    "product_channels",
    "product_rule_options",
    "product_rule_values",
    "product_rule_variants",
    "product_search",
    "product_search_waiting",
    "product_texts",
    "promotion_channels",
    "redirect_job_parts",
    "shipping_method_channels",
    "shop_visits",
    "table_statistics",
    "tax_properties_of_customers",
    "tax_properties_of_products",
    "theme_templates",
    "urls",
    "variant_option_values",
}
"""What no entity describes and tells of nobody."""


def test_every_other_table_of_a_store_is_known_to_tell_of_nobody_or_is_dealt_with() -> None:
    made = set(re.findall(r"CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)", schema.create_all(TABLES)))
    files = (Path(bodega.__file__).parent / "storage" / "migrations").glob("*.sql")
    for file in files:
        made |= set(re.findall(r"CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)", file.read_text()))
    assert sorted(made - {table.name for table in TABLES} - NOBODYS - BESIDE_THE_TABLES.keys()) == []


EMAIL = ADA["email"]
PERSONAL_TEXTS = ("Ada", EMAIL, "555-0101", "12 Byron Lane", "Please ring", "A friend", "203.0.113.7", "TAX-4711",
                  "For you")  # fmt: skip


def everything(shop: Shop) -> dict[str, str]:
    """All that is stored, as text, by table."""
    found = {}
    for table in MODEL.tables:
        rows = shop.select(f"SELECT doc, rest FROM {table.name}")
        found[table.name] = " ".join(bytes(part).decode() for row in rows for part in row if part)
    for name, sql in (
        ("coupon_uses", "SELECT shopper FROM coupon_uses"),
        ("logins", "SELECT email_key FROM customer_logins"),
    ):
        found[name] = " ".join(text for (text,) in shop.select(sql))
    return found


def lived(shop: Shop) -> tuple[int, list[int]]:
    """Ada, as `known`, with what else a shopper leaves; her id, and the ids of orders: one of hers, one of a guest."""
    key, order = known(shop)
    answered = {"name": "Tax number", "value": "TAX-4711"}
    where = {**BUYER, "email": EMAIL.upper(), "first_name": "Ada", "form_fields": [answered]}
    shop.put(f"/v2/orders/{order}", {"ip_address": "203.0.113.7", "billing_address": {"form_fields": [answered]}})
    guest = place(shop, billing_address=where, shipping_addresses=[where], ip_address="203.0.113.7")["id"]
    shipped = shop.get(f"/v2/orders/{order}/shipping_addresses").json[0]["id"]
    line = shop.get(f"/v2/orders/{order}/products").json[0]["id"]
    parcel = {"order_address_id": shipped, "items": [{"order_product_id": line, "quantity": 1}], "comments": "A friend"}
    sent = shop.post(f"/v2/orders/{order}/shipments", parcel)
    assert sent.status == 201, sent.body
    lamp = shop.post("/v3/catalog/products", {**LAMP, "name": "Reviewed"}).data["id"]
    shop.post(f"/v3/catalog/products/{lamp}/reviews", {
        "title": "Good", "text": "Bright", "name": "Ada", "email": EMAIL.upper(), "status": "approved", "rating": 5,
        "date_reviewed": "2030-01-01T00:00:00Z"})  # fmt: skip
    basket = {"customer_id": key, "line_items": [{"product_id": lamp, "quantity": 1}]}
    assert shop.post("/v3/carts", basket).status == 201
    gift = {"to_name": "Bob", "to_email": "bob@example.com", "from_name": "Ada", "from_email": EMAIL,
            "customer_id": key, "amount": "10", "message": "For you"}  # fmt: skip
    assert shop.post("/v2/gift_certificates", gift).status in (200, 201)

    async def more(unit: Unit) -> None:
        mail = Mail(type_id="x", recipient=EMAIL, subject="Hello Ada", body="a link")
        await unit.insert(OUTBOX, mail)
        told = Mail(type_id="x", recipient="shop@example.com", subject="An order", body=f"of {EMAIL}")
        await unit.insert(OUTBOX, told)
        note = messages.OrderMessage(order_id=order, customer_id=key, subject="Ada asks", message="Please ring")
        await unit.insert(messages.TABLE, note)
        await unit.insert(MESSAGES, ContactMessage(page_id=1, full_name="Ada", email=EMAIL, comments="Please ring"))
        await unit.tx.run(
            "INSERT INTO coupon_uses (coupon_id, shopper, uses) SELECT id, $1, 1 FROM coupons", f"email {EMAIL}"
        )

    coupon = {
        "name": "Ten",
        "code": "TEN",
        "type": "per_total_discount",
        "amount": "1",
        "applies_to": {"entity": "categories", "ids": [0]},
    }
    shop.post("/v2/coupons", coupon)
    shop.write(more)
    return key, [order, guest]


def test_an_erasure_leaves_the_person_nowhere(shop: Shop) -> None:
    key, orders = lived(shop)
    before = everything(shop)
    assert {text for text in PERSONAL_TEXTS if not any(text in rows for rows in before.values())} == set()
    browser = signed_in(shop)
    browser.post(browser.get(f"{base(shop)}/customers/{key}"), f"/customers/{key}", last_name="Lovelace")
    page = browser.get(at(shop, key, "erase"))
    assert "In 3 orders" in page.text
    done = browser.post(page, "/erase", confirm=EMAIL)
    assert done.status == 303, message(done)
    after = everything(shop)
    left = {(table, text) for table, rows in after.items() for text in PERSONAL_TEXTS if text.lower() in rows.lower()}
    assert left == set()
    for order in orders:
        now = shop.get(f"/v2/orders/{order}").json
        assert (now["customer_id"], now["ip_address"], now["billing_address"]["form_fields"]) == (0, "", [])
        assert now["billing_address"]["state"] == "Texas"
    gift = shop.get("/v2/gift_certificates").json[0]
    assert (gift["to_email"], gift["from_email"]) == ("bob@example.com", "erased@example.invalid")
    assert gift["customer_id"] == 0
    assert gift["balance"] == "10.0000", "what was paid for stays"
    log = browser.get(f"{base(shop)}/team/changes").text
    assert "Lovelace" not in log
    assert "(erased with the customer)" in log
    assert f"/customers/{key}/erase" in log


def test_a_copy_has_all_that_is_known_and_nothing_to_act_for_the_person_with(shop: Shop) -> None:
    key, _ = lived(shop)
    found = json.loads(signed_in(shop).get(at(shop, key, "export")).text)
    full = {name for name, rows in found.items() if rows}
    assert full >= {
        "customers", "customer_addresses", "customer_attribute_values", "wishlists", "wishlist_items", "subscribers",
        "orders", "order_products", "order_shipping_addresses", "order_shipments", "order_messages", "carts", "reviews",
        "gift_certificates", "contact_messages", "mail_outbox",
    }  # fmt: skip
    assert len(found["orders"]) == 3, "what a guest of the same address ordered, too"
    secret = {"password", "token", "redirect_key", "digest", "body", "code"}
    assert [(table, name) for table, rows in found.items() for row in rows for name in row if name in secret] == []


def test_nobody_else_is_erased(shop: Shop) -> None:
    key, _ = known(shop)
    other = customer(shop, **{**TWIN, "email": f"x{EMAIL}"})
    shop.post(f"/v2/customers/{other}/addresses", HOME)
    theirs = place(shop, customer_id=other, billing_address={**BUYER, "email": EMAIL}, ip_address="203.0.113.9")["id"]
    browser = signed_in(shop)
    done = browser.post(browser.get(at(shop, key, "erase")), "/erase", confirm=EMAIL)
    assert done.status == 303, message(done)
    assert shop.get(f"/v2/customers/{other}").json["email"] == f"x{EMAIL}"
    order = shop.get(f"/v2/orders/{theirs}").json
    assert (order["customer_id"], order["ip_address"]) == (other, "203.0.113.9")
    assert len(shop.get(f"/v2/customers/{other}/addresses").json) == 1


def test_more_rows_than_are_read_at_once_are_searched(shop: Shop) -> None:
    async def many(unit: Unit) -> None:
        for number in range(AT_ONCE + 1):
            await unit.insert(MESSAGES, ContactMessage(page_id=1, email=f"{number}@example.com", comments="x"))
        await unit.insert(MESSAGES, ContactMessage(page_id=1, email=EMAIL.upper(), comments="x"))

    shop.write(many)
    found = shop.read(lambda tx: search(tx, Person(0, EMAIL)))
    assert found[MESSAGES.name] == [AT_ONCE + 2]


def test_orders_beyond_those_of_one_transaction_are_erased(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = lived(shop)
    monkeypatch.setattr(erasing, "ORDERS_AT_ONCE", 2)
    browser = signed_in(shop)
    done = browser.post(browser.get(at(shop, key, "erase")), "/erase", confirm=EMAIL)
    assert done.status == 303, message(done)
    assert [row for row in everything(shop).items() if EMAIL in row[1].lower()] == []


def test_nothing_is_erased_when_something_came_between(shop: Shop) -> None:
    key, _ = known(shop)
    browser = signed_in(shop)
    page = browser.get(at(shop, key, "erase"))
    place(shop, customer_id=key)
    before = everything(shop)
    refused = browser.post(page, "/erase", confirm=EMAIL)
    assert (refused.status, "changed meanwhile" in refused.text) == (422, True)
    assert everything(shop) == before
    assert browser.post(refused, "/erase", confirm=EMAIL).status == 303


def test_nothing_is_erased_while_a_payment_is_under_way(shop: Shop) -> None:
    key, _ = known(shop)
    lamp = shop.post("/v3/catalog/products", {**LAMP, "name": "Paid for"}).data["id"]
    shop.post("/v3/carts", {"customer_id": key, "line_items": [{"product_id": lamp, "quantity": 1}]})

    async def begin(unit: Unit) -> None:
        [row] = await unit.where(cart.TABLE, "customer_id = $1", key)
        amount = row.entity.cart_amount
        begun = PaymentAttempt(key="k", cart_id=row.entity.id, gateway="g", amount=amount, currency="USD", edition=1)
        begun.due = 1
        await unit.insert(ATTEMPTS, begun)

    shop.write(begin)
    browser = signed_in(shop)
    refused = browser.post(browser.get(at(shop, key, "erase")), "/erase", confirm=EMAIL)
    assert (refused.status, "A payment of this customer" in refused.text) == (422, True)
    assert shop.get(f"/v2/customers/{key}").status == 200


def at_once(shop: Shop, *jobs: Any) -> list[Any]:
    """What jobs come to that are written at once."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(store.write(job) for job in jobs))

    results: list[Any] = shop.server.run(all_of_them())
    return results


def two(shop: Shop) -> tuple[int, int]:
    """Two records of one person, the second with credit, an address and an order."""
    one, other = customer(shop, **{**ADA, "store_credit": "30"}), customer(shop, **{**TWIN, "store_credit": "10"})
    shop.post(f"/v2/customers/{other}/addresses", HOME)
    place(shop, customer_id=other)
    return one, other


def test_each_merged_into_the_other_at_once_leaves_one(shop: Shop) -> None:
    one, other = two(shop)
    results = at_once(
        shop, partial(merging.merge, stays=one, goes=other), partial(merging.merge, stays=other, goes=one)
    )
    assert results == ["", merging.GONE]
    assert float(shop.get(f"/v2/customers/{one}").json["store_credit"]) == 40
    assert {order["customer_id"] for order in shop.get("/v2/orders").json} == {one}


def test_one_merged_into_two_at_once_is_given_to_one_of_them(shop: Shop) -> None:
    one, other = two(shop)
    third = customer(shop, **{**ADA, "email": "third@example.com", "store_credit": "1"})
    results = at_once(
        shop, partial(merging.merge, stays=one, goes=other), partial(merging.merge, stays=third, goes=other)
    )
    assert results == ["", merging.GONE]
    credits = [float(shop.get(f"/v2/customers/{key}").json["store_credit"]) for key in (one, third)]
    assert credits == [40, 1]
    assert shop.get(f"/v2/customers/{third}/addresses").status == 204


def test_a_merge_into_a_customer_who_is_erased_keeps_the_other(shop: Shop) -> None:
    one, other = two(shop)
    results = at_once(
        shop,
        partial(erasing.erase, customer_id=one, email=ADA["email"], orders=0, searched={}),
        partial(merging.merge, stays=one, goes=other),
    )
    assert results == ["", merging.GONE]
    assert {order["customer_id"] for order in shop.get("/v2/orders").json} == {other}


def test_an_erasure_of_a_customer_who_was_merged_meanwhile_is_asked_again(shop: Shop) -> None:
    one, other = two(shop)
    results = at_once(
        shop,
        partial(merging.merge, stays=one, goes=other),
        partial(erasing.erase, customer_id=one, email=ADA["email"], orders=0, searched={}),
    )
    assert results == ["", erasing.CHANGED]
    assert {order["customer_id"] for order in shop.get("/v2/orders").json} == {one}


def test_a_merge_that_fails_at_last_changed_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two(shop)
    before = everything(shop)

    async def fail(*_: Any) -> None:
        raise RuntimeError("the last step")

    monkeypatch.setattr(merging, "_count_uses", fail)
    with pytest.raises(RuntimeError, match="the last step"):
        shop.write(partial(merging.merge, stays=one, goes=other))
    assert everything(shop) == before


def test_addresses_without_a_telephone_are_merged_with_the_answers_to_their_forms(shop: Shop) -> None:
    one, other = two(shop)
    plain = {"customer_id": other, "first_name": "A", "last_name": "E", "address1": "1 Quiet Lane", "city": "London",
             "state_or_province": "Kent", "postal_code": "K1", "country_code": "GB",
             "form_fields": [{"name": "Bell", "value": "3"}]}  # fmt: skip
    assert shop.post("/v3/customers/addresses", [plain]).status == 200
    browser = signed_in(shop)
    page = browser.post(browser.get(f"{at(shop, one, 'merge')}?with={other}"), "/merge")
    assert page.status == 303, message(page)
    found = shop.get(f"/v3/customers/addresses?customer_id:in={one}&include=formfields").data
    assert {row["address1"]: row["phone"] for row in found} == {HOME["street_1"]: HOME["phone"], "1 Quiet Lane": ""}
    answers = next(row["form_fields"] for row in found if row["address1"] == "1 Quiet Lane")
    assert [(answer["name"], answer["value"]) for answer in answers] == [("Bell", "3")]


def test_a_merge_moves_what_only_one_of_them_has_and_is_told_to_webhooks(shop: Shop) -> None:
    one, other = two(shop)
    lamp = shop.post("/v3/catalog/products", {**LAMP, "name": "In the cart"}).data["id"]
    shop.post("/v3/carts", {"customer_id": other, "line_items": [{"product_id": lamp, "quantity": 1}]})
    field = {"namespace": "n", "key": "k", "value": "v", "permission_set": "read"}
    shop.post(f"/v3/customers/{other}/metafields", field)
    shop.put("/v3/customers/form-field-values", [{"customer_id": other, "name": "Size", "value": "M"}])
    shop.put(f"/v3/customers/{other}/consent", {"allow": ["analytics"], "deny": []})
    shop.watch()
    assert shop.write(partial(merging.merge, stays=one, goes=other)) == ""
    scopes = [scope for scope, _ in shop.events()]
    assert {"store/order/updated", "store/customer/updated", "store/customer/deleted"} <= set(scopes)
    assert shop.select("SELECT customer_id FROM carts") == [(one,)]
    assert [row["value"] for row in shop.get(f"/v3/customers/{one}/metafields").data] == ["v"]
    assert [row["value"] for row in shop.get(f"/v2/customers/{one}").json["form_fields"]] == ["M"]
    assert shop.get(f"/v3/customers/{one}/consent").json["allow"] == ["analytics"]
    carts = shop.read(lambda tx: search(tx, Person(one, ADA["email"])))["carts"]
    assert len(carts) == 1, "and its shopper is written to at the address that is left"


def test_coupons_are_not_used_anew_after_a_merge(shop: Shop) -> None:
    one, other = two(shop)
    shop.post("/v2/coupons", {"name": "Ten", "code": "TEN", "type": "per_total_discount", "amount": "1",
                              "applies_to": {"entity": "categories", "ids": [0]}})  # fmt: skip

    async def used(unit: Unit) -> None:
        for shopper in (one, other):
            await unit.tx.run(
                "INSERT INTO coupon_uses (coupon_id, shopper, uses) SELECT id, $1, 2 FROM coupons",
                f"customer {shopper}",
            )

    shop.write(used)
    shop.write(partial(merging.merge, stays=one, goes=other))
    assert shop.select("SELECT shopper, uses FROM coupon_uses") == [(f"customer {one}", 4)]


def test_too_many_orders_are_not_merged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two(shop)
    place(shop, customer_id=other)
    monkeypatch.setattr(merging, "MOST_ORDERS", 1)
    browser = signed_in(shop)
    page = browser.post(browser.get(f"{at(shop, one, 'merge')}?with={other}"), "/merge")
    assert (page.status, "Merge the other one" in page.text) == (422, True)
    assert {order["customer_id"] for order in shop.get("/v2/orders").json} == {other}
