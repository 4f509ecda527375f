"""Carts of shoppers, by GraphQL: the same rows and prices as those of the admin API, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bodega.storefront.baskets import merge_carts
from bodega.storefront.shoppers_api import ShoppersApi
from shop import Shop
from storefront import Window

NOBODY: Mapping[str, str] = {}


@pytest.fixture
def window(shop: Shop) -> Window:
    """Three products at 10, 20 and 30; a customer."""
    window = Window(shop)
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, weight=place)
    shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    return window


def admin_cart(shop: Shop, *lines: tuple[int, int], **more: Any) -> str:
    items = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    made = shop.post("/v3/carts", {"line_items": items, **more})
    assert made.status == 201, made.body
    return str(made.data["id"])


def merged(shop: Shop, customer_id: int, guest: str, channel_id: int = 1) -> str:
    """What becomes of a guest's cart at sign-in."""
    app: Any = shop.server.app

    async def run() -> str:
        store = await app.stores.get(shop.name)
        assert store is not None
        return await merge_carts(ShoppersApi(app._api._app, store, "http://x"), customer_id, guest, channel_id)

    return str(shop.server.run(run()))


def quantities(shop: Shop, cart: str) -> dict[int, int]:
    lines = shop.get(f"/v3/carts/{cart}").data["line_items"]["physical_items"]
    return {one["product_id"]: one["quantity"] for one in lines}


def test_at_sign_in_the_guests_cart_becomes_the_customers(window: Window) -> None:
    shop = window.shop
    guest = admin_cart(shop, (1, 2))
    assert merged(shop, 1, "") == ""
    assert merged(shop, 1, guest) == guest
    data = shop.get(f"/v3/carts/{guest}").data
    assert (data["customer_id"], data["email"], data["version"]) == (1, "jane@example.com", 2)
    assert merged(shop, 1, "") == guest


def test_at_sign_in_two_carts_become_one(window: Window) -> None:
    shop = window.shop
    own = admin_cart(shop, (1, 2), customer_id=1)
    guest = admin_cart(shop, (1, 1), (2, 3))
    shop.watch()
    assert merged(shop, 1, guest) == own
    assert quantities(shop, own) == {1: 3, 2: 3}
    assert shop.get(f"/v3/carts/{own}").data["cart_amount"] == 90
    assert shop.get(f"/v3/carts/{guest}").status == 404
    fired = [scope for scope, _ in shop.events()]
    assert {"store/cart/deleted", "store/cart/updated", "store/cart/lineItem/created"} <= set(fired)


def test_nobody_is_kept_from_signing_in_by_stock(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 3})
    own = admin_cart(shop, (1, 1), customer_id=1)
    guest = admin_cart(shop, (1, 3))
    assert merged(shop, 1, guest) == own
    assert quantities(shop, own) == {1: 3}


def test_the_cart_of_another_shopper_is_left_alone_at_sign_in(window: Window) -> None:
    shop = window.shop
    shop.post("/v3/customers", [{"email": "joe@example.com", "first_name": "Joe", "last_name": "Doe"}])
    theirs = admin_cart(shop, (1, 1), customer_id=2)
    own = admin_cart(shop, (2, 1), customer_id=1)
    for guessed in (theirs, "nothing", "x" * 500):
        assert merged(shop, 1, guessed) == own
    assert quantities(shop, theirs) == {1: 1}
    assert quantities(shop, own) == {2: 1}


def euros(shop: Shop) -> None:
    """Prices in euros, at half the number of dollars."""
    euro = {
        "country_iso2": "FR", "currency_code": "EUR", "currency_exchange_rate": "0.5", "name": "Euro", "token": "€",
        "token_location": "left", "decimal_token": ".", "thousands_token": ",", "decimal_places": 2, "enabled": True,
        "is_transactional": True,
    }  # fmt: skip
    assert shop.post("/v2/currencies", euro).status in (200, 201)
    reply = shop.put("/v3/channels/1/currency-assignments",
                     {"enabled_currencies": ["USD", "EUR"], "default_currency": "USD"})  # fmt: skip
    assert reply.status == 200, reply.body


def test_two_carts_of_different_currencies_become_one_in_the_customers(window: Window) -> None:
    shop = window.shop
    euros(shop)
    own = admin_cart(shop, (1, 2), customer_id=1)
    custom = [{"name": "Own", "quantity": 1, "list_price": 3}]
    guest = admin_cart(shop, (2, 1), currency={"code": "EUR"}, custom_items=custom)
    assert merged(shop, 1, guest) == own
    data = shop.get(f"/v3/carts/{own}").data
    assert (data["currency"], data["cart_amount"]) == ({"code": "USD"}, 46)
    assert data["line_items"]["custom_items"][0]["list_price"] == 6


def test_at_sign_in_the_prices_are_those_of_the_customers_group(window: Window) -> None:
    shop = window.shop
    group = {"name": "Friends", "discount_rules": [{"type": "all", "method": "percent", "amount": "10.0000"}]}
    number = shop.post("/v2/customer_groups", group).json["id"]
    shop.put("/v3/customers", [{"id": 1, "customer_group_id": number}])
    guest = admin_cart(shop, (1, 2))
    assert shop.get(f"/v3/carts/{guest}").data["cart_amount"] == 20
    assert merged(shop, 1, guest) == guest
    assert shop.get(f"/v3/carts/{guest}").data["cart_amount"] == 18


MADE = "{ cart { entityId version lineItems { physicalItems { entityId quantity } } } }"
WHOLE = """
fragment Whole on Cart { id entityId currencyCode isTaxIncluded baseAmount { value } discountedAmount { value }
  amount { value currencyCode formattedV2 } version locale createdAt { utc } updatedAt { utc }
  discounts { entityId discountedAmount { value } }
  metafields(namespace: "storefront") { edges { node { entityId key value } } }
  lineItems { totalQuantity
    physicalItems { __typename entityId productEntityId variantEntityId sku name brand url path quantity
      listPrice { value } salePrice { value } extendedSalePrice { value } originalPrice { value }
      retailPrice { value } image { url(width: 80) } imageUrl isMutable isShippingRequired allowGiftWrapping
      baseCatalogProduct { entityId } catalogProductWithOptionSelections { name prices { price { value } } }
      selectedOptions { __typename entityId name
        ... on CartSelectedMultipleChoiceOption { value valueEntityId }
        ... on CartSelectedCheckboxOption { value valueEntityId }
        ... on CartSelectedTextFieldOption { text } ... on CartSelectedMultiLineTextFieldOption { text }
        ... on CartSelectedNumberFieldOption { number } ... on CartSelectedDateFieldOption { date { utc } } } }
    digitalItems { name } customItems { name sku quantity listPrice { value } }
    giftCertificates { name theme amount { value } sender { name email } recipient { name email } message } } }
"""
READ = "query($id: String) { site { cart(entityId: $id) { ...Whole } } }" + WHOLE


def create(window: Window, *lines: dict[str, Any], headers: Mapping[str, str] = NOBODY, **more: Any) -> Any:
    """The new cart of a shopper."""
    query = f"mutation($input: CreateCartInput!) {{ cart {{ createCart(input: $input) {MADE} }} }}"
    found = window.ask(query, {"input": {"lineItems": list(lines), **more}}, **headers)
    return found["cart"]["createCart"]["cart"]


def change(window: Window, name: str, said: dict[str, Any], told: str = MADE, **headers: str) -> Any:
    """The result of a mutation of carts."""
    return window.ask(_mutation(name, told), {"input": said}, **headers)["cart"][name]


def refused(window: Window, name: str, said: dict[str, Any], told: str = MADE, **headers: str) -> str:
    return window.message(_mutation(name, told), {"input": said}, **headers)


def _mutation(name: str, told: str) -> str:
    mark = "" if name == "createCartRedirectUrls" else "!"
    return f"mutation($input: {name[0].upper()}{name[1:]}Input{mark}) {{ cart {{ {name}(input: $input) {told} }} }}"


def read(window: Window, cart: str, **headers: str) -> Any:
    return window.ask(READ, {"id": cart}, **headers)["site"]["cart"]


def line(product: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"productEntityId": product, "quantity": quantity, **more}


def test_a_shopper_makes_a_cart_that_the_store_shows(window: Window) -> None:
    made = create(window, line(1, 2), line(2))
    assert made["version"] == 1
    found, shown = read(window, made["entityId"]), window.shop.get(f"/v3/carts/{made['entityId']}").data
    assert found["amount"] == {"value": 40, "currencyCode": "USD", "formattedV2": "$40.00"}
    assert (shown["cart_amount"], shown["customer_id"], shown["channel_id"]) == (40, 0, 1)
    first, second = found["lineItems"]["physicalItems"]
    assert found["lineItems"]["totalQuantity"] == 3
    assert (first["name"], first["listPrice"], first["extendedSalePrice"]) == ("Hammer", {"value": 10}, {"value": 20})
    assert (first["url"], first["path"]) == (f"https://{window.host}/hammer/", "/hammer/")
    assert first["baseCatalogProduct"] == {"entityId": 1}
    assert (second["isShippingRequired"], second["isMutable"], second["image"]) == (True, True, None)
    assert found["createdAt"] == {"utc": "2030-03-17T17:46:40+00:00"}


def test_a_cart_is_found_by_its_global_id(window: Window) -> None:
    jane = window.signed_in(1)
    cart = create(window, line(1), headers=jane)["entityId"]
    ids = window.ask("query($id: String) { site { cart(entityId: $id) { id } checkout(entityId: $id) { id } } }",
                     {"id": cart}, **jane)["site"]  # fmt: skip
    query = "query($id: ID!) { node(id: $id) { __typename id } }"
    for kind in ("Cart", "Checkout"):
        found = ids[kind.lower()]["id"]
        assert window.ask(query, {"id": found}, **jane)["node"] == {"__typename": kind, "id": found}
        assert window.ask(query, {"id": found})["node"] is None


def test_nothing_is_told_of_what_is_no_cart(window: Window) -> None:
    assert read(window, "") is None
    assert window.ask("{ site { cart { entityId } } }")["site"]["cart"] is None
    assert read(window, "00000000-0000-0000-0000-000000000000") is None


def test_lines_come_change_and_go(window: Window) -> None:
    cart = create(window, line(1))["entityId"]
    made = change(window, "addCartLineItems", {"cartEntityId": cart, "data": {"lineItems": [line(1, 2), line(3)]}})
    assert made["cart"]["version"] > 1
    first, second = made["cart"]["lineItems"]["physicalItems"]
    assert (first["quantity"], second["quantity"]) == (3, 1)
    said = {"cartEntityId": cart, "lineItemEntityId": first["entityId"], "data": {"lineItem": line(1, 7)}}
    made = change(window, "updateCartLineItem", said)["cart"]
    assert made["lineItems"]["physicalItems"][0] == {"entityId": first["entityId"], "quantity": 7}
    assert quantities(window.shop, cart) == {1: 7, 3: 1}
    gone = "{ deletedLineItemEntityId deletedCartEntityId cart { entityId } }"
    said = {"cartEntityId": cart, "lineItemEntityId": first["entityId"]}
    assert change(window, "deleteCartLineItem", said, gone) == {
        "deletedLineItemEntityId": first["entityId"], "deletedCartEntityId": None, "cart": {"entityId": cart},
    }  # fmt: skip
    said = {"cartEntityId": cart, "lineItemEntityId": second["entityId"]}
    assert change(window, "deleteCartLineItem", said, gone) == {
        "deletedLineItemEntityId": second["entityId"], "deletedCartEntityId": cart, "cart": None,
    }  # fmt: skip
    assert read(window, cart) is None
    assert window.shop.get(f"/v3/carts/{cart}").status == 404


def test_a_quantity_of_nothing_removes_a_line(window: Window) -> None:
    made = create(window, line(1), line(2))
    first, second = made["lineItems"]["physicalItems"]
    for item in (first, second):
        said = {"cartEntityId": made["entityId"], "lineItemEntityId": item["entityId"]}
        left = change(window, "updateCartLineItem", {**said, "data": {"lineItem": {"quantity": 0}}})["cart"]
    assert left is None


def test_fewer_than_no_pieces_of_anything_are_refused_and_remove_nothing(window: Window) -> None:
    cart = create(window, line(1, 2), giftCertificates=[CERTIFICATE])["entityId"]
    before = read(window, cart)
    item = before["lineItems"]["physicalItems"][0]["entityId"]
    gift = window.shop.get(f"/v3/carts/{cart}").data["line_items"]["gift_certificates"][0]["id"]
    for quantity in (-1, -2_147_483_648):
        few = {"giftCertificate": {**CERTIFICATE, "quantity": quantity}}
        for name, said in (
            ("createCart", {"lineItems": [line(1, quantity)]}),
            ("addCartLineItems", {"cartEntityId": cart, "data": {"lineItems": [line(1, quantity)]}}),
            ("addCartLineItems", {"cartEntityId": cart, "data": {"giftCertificates": [few["giftCertificate"]]}}),
            ("updateCartLineItem", {"cartEntityId": cart, "lineItemEntityId": item,
                                    "data": {"lineItem": line(1, quantity)}}),
            ("updateCartLineItem", {"cartEntityId": cart, "lineItemEntityId": gift, "data": few}),
        ):  # fmt: skip
            told = refused(window, name, said)
            assert told.startswith("FIELD_INVALID"), (name, said, told)
            assert "quantity" in told
    consignment = {"address": {"firstName": "A", "lastName": "B", "address1": "1 Main St", "city": "Austin",
                               "countryCode": "US", "shouldSaveAddress": False},
                   "lineItems": [{"lineItemEntityId": item, "quantity": -1}]}  # fmt: skip
    told = window.message(
        "mutation($input: AddCheckoutShippingConsignmentsInput!) { checkout {"
        " addCheckoutShippingConsignments(input: $input) { checkout { entityId } } } }",
        {"input": {"checkoutEntityId": cart, "data": {"consignments": [consignment]}}},
    )
    assert told.startswith("FIELD_INVALID: "), told
    assert "quantity" in told
    assert read(window, cart) == before


def test_a_cart_of_more_pieces_than_can_be_counted_is_not_made(window: Window) -> None:
    most = 2_147_483_647
    told = refused(window, "createCart", {"lineItems": [line(1, most), line(2, most)]})
    assert told.startswith("FIELD_INVALID: ")
    assert str(most) in told
    assert window.shop.rows("carts") == 0
    cart = create(window, line(1, most))["entityId"]
    for name, said in (
        ("addCartLineItems", {"cartEntityId": cart, "data": {"lineItems": [line(2)]}}),
        ("addCartLineItems", {"cartEntityId": cart, "data": {"giftCertificates": [CERTIFICATE]}}),
    ):
        assert str(most) in refused(window, name, said)
    assert read(window, cart)["lineItems"]["totalQuantity"] == most


def test_at_sign_in_two_carts_become_one_as_far_as_there_is_room(window: Window) -> None:
    shop, most = window.shop, 2_147_483_647
    own = admin_cart(shop, (1, most - 2), customer_id=1)
    guest = admin_cart(shop, (1, 1), (2, 3), (3, 1))
    assert merged(shop, 1, guest) == own
    assert quantities(shop, own) == {1: most - 1, 2: 1}


def test_the_locale_of_a_cart_is_the_tag_of_a_language(window: Window) -> None:
    for wrong in ("x" * 70_000, "en\r\nBcc: x"):
        assert refused(window, "createCart", {"lineItems": [line(1)], "locale": wrong}).startswith("FIELD_INVALID")
    assert window.shop.rows("carts") == 0
    assert read(window, create(window, line(1), locale="de-CH")["entityId"])["locale"] == "de-CH"


def test_a_cart_is_deleted(window: Window) -> None:
    cart = create(window, line(1))["entityId"]
    told = change(window, "deleteCart", {"cartEntityId": cart}, "{ deletedCartEntityId }")
    assert told == {"deletedCartEntityId": cart}
    assert read(window, cart) is None


def test_options_are_chosen_and_shown_as_their_kinds(window: Window) -> None:
    shop = window.shop
    shop.post("/v3/catalog/products", {"name": "Shirt", "type": "physical", "price": 30, "weight": 1, "variants": [
        {"sku": f"S-{size}", "option_values": [{"option_display_name": "Size", "label": size}]}
        for size in "SL"]})  # fmt: skip
    named: dict[str, Any] = {}
    for kind, config in (
        ("checkbox", {"checkbox_label": "Wrap", "checked_by_default": False}), ("text", {}), ("multi_line_text", {}),
        ("numbers_only_text", {"number_limited": False}), ("date", {}),
    ):  # fmt: skip
        asked = {"type": kind, "display_name": kind, "required": False, "config": config}
        named[kind] = shop.post("/v3/catalog/products/4/modifiers", asked).data
    (size,) = shop.get("/v3/catalog/products/4/options").data
    large = next(one["id"] for one in size["option_values"] if one["label"] == "L")
    wrap = named["checkbox"]["option_values"][0]["id"]
    chosen = {
        "multipleChoices": [{"optionEntityId": size["id"], "optionValueEntityId": large}],
        "checkboxes": [{"optionEntityId": named["checkbox"]["id"], "optionValueEntityId": wrap}],
        "textFields": [{"optionEntityId": named["text"]["id"], "text": "Jane"}],
        "multiLineTextFields": [{"optionEntityId": named["multi_line_text"]["id"], "text": "a\nb"}],
        "numberFields": [{"optionEntityId": named["numbers_only_text"]["id"], "number": 3}],
        "dateFields": [{"optionEntityId": named["date"]["id"], "date": "2030-05-01T00:00:00Z"}],
    }
    cart = create(window, line(4, 2, selectedOptions=chosen))["entityId"]
    (item,) = read(window, cart)["lineItems"]["physicalItems"]
    assert item["sku"] == "S-L"
    told = {one["__typename"]: {**one, "__typename": ""} for one in item["selectedOptions"]}
    assert told["CartSelectedMultipleChoiceOption"]["value"] == "L"
    assert told["CartSelectedMultipleChoiceOption"]["valueEntityId"] == large
    assert told["CartSelectedCheckboxOption"]["valueEntityId"] == wrap
    assert told["CartSelectedTextFieldOption"]["text"] == "Jane"
    assert told["CartSelectedMultiLineTextFieldOption"]["text"] == "a\nb"
    assert told["CartSelectedNumberFieldOption"]["number"] == 3
    assert told["CartSelectedDateFieldOption"]["date"] == {"utc": "2030-05-01T00:00:00Z"}
    # A new quantity with the same choices, as a cart page sends it.
    said = {"cartEntityId": cart, "lineItemEntityId": item["entityId"]}
    line_item = line(4, 5, variantEntityId=item["variantEntityId"], selectedOptions=chosen)
    change(window, "updateCartLineItem", {**said, "data": {"lineItem": line_item}})
    (again,) = read(window, cart)["lineItems"]["physicalItems"]
    assert (again["quantity"], again["selectedOptions"]) == (5, item["selectedOptions"])
    variant = f"/v3/catalog/products/4/variants/{item['variantEntityId']}"
    assert item["image"] is None
    shop.put(variant, {"image_url": "https://example.com/large.png"})
    (again,) = read(window, cart)["lineItems"]["physicalItems"]
    assert "https://example.com/large.png" in (again["image"]["url"], again["imageUrl"])
    by_sku = create(window, {"sku": "S-S", "quantity": 1})["entityId"]
    assert read(window, by_sku)["lineItems"]["physicalItems"][0]["sku"] == "S-S"
    wrong = {"lineItems": [line(4)]}
    assert "FIELD" in refused(window, "createCart", wrong) or "OPTION" in refused(window, "createCart", wrong)


CERTIFICATE = {
    "name": "For you", "theme": "BIRTHDAY", "amount": 25, "quantity": 1, "message": "Enjoy",
    "sender": {"name": "Jane", "email": "jane@example.com"}, "recipient": {"name": "Joe", "email": "joe@example.com"},
}  # fmt: skip


def test_gift_certificates_are_bought(window: Window) -> None:
    cart = create(window, giftCertificates=[CERTIFICATE])["entityId"]
    more = {"giftCertificates": [{**CERTIFICATE, "theme": "NONE", "amount": 10}]}
    change(window, "addCartLineItems", {"cartEntityId": cart, "data": more})
    first, second = read(window, cart)["lineItems"]["giftCertificates"]
    assert (first["theme"], first["amount"], first["message"]) == ("BIRTHDAY", {"value": 25}, "Enjoy")
    assert first["sender"] == {"name": "Jane", "email": "jane@example.com"}
    assert second["theme"] == "GENERAL"
    made = window.shop.get(f"/v3/carts/{cart}").data["line_items"]["gift_certificates"]
    told = {"cartEntityId": cart, "lineItemEntityId": made[0]["id"]}
    said = {**told, "data": {"giftCertificate": {**CERTIFICATE, "amount": 40}}}
    change(window, "updateCartLineItem", said)
    assert read(window, cart)["amount"]["value"] == 50
    wrong = {**told, "data": {"giftCertificate": {**CERTIFICATE, "amount": 4000}}}
    assert refused(window, "updateCartLineItem", wrong).startswith("FIELD_INVALID")
    assert refused(window, "updateCartLineItem", {**told, "data": {}}) != ""


def test_wrong_lines_are_refused_with_the_reason(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 3})
    shop.put("/v3/catalog/products/3", {"is_visible": False})
    secret = shop.product("Secret", is_price_hidden=True, availability="disabled")
    assert refused(window, "createCart", {"lineItems": [line(secret)]}).startswith("FIELD_INVALID")
    few = refused(window, "createCart", {"lineItems": [line(1, 4)]})
    assert few.startswith("OUT_OF_STOCK: Not enough stock: ")
    assert "not sold here" in refused(window, "createCart", {"lineItems": [line(3)]})
    assert "not sold here" in refused(window, "createCart", {"lineItems": [line(99)]})
    assert "not sold here" in refused(window, "createCart", {"lineItems": [{"sku": "none", "quantity": 1}]})
    assert refused(window, "createCart", {"lineItems": [line(2, 0)]}).startswith("FIELD_INVALID")
    assert refused(window, "createCart", {"lineItems": [line(2, -1)]}) != ""
    assert refused(window, "createCart", {"lineItems": []}).startswith("FIELD_MISSING")
    assert refused(window, "createCart", {"lineItems": [line(2)], "currencyCode": "XXX"}) != ""
    cart = create(window, line(1, 3))
    said = {"cartEntityId": cart["entityId"], "data": {"lineItems": [line(1)]}}
    assert "Not enough stock: " in refused(window, "addCartLineItems", said)
    (item,) = cart["lineItems"]["physicalItems"]
    said = {"cartEntityId": cart["entityId"], "lineItemEntityId": item["entityId"], "data": {"lineItem": line(1, 4)}}
    assert "Not enough stock: " in refused(window, "updateCartLineItem", said)
    assert quantities(shop, cart["entityId"]) == {1: 3}
    for wrong in ("none", "../../customers", "x" * 99, ""):
        said = {"cartEntityId": cart["entityId"], "lineItemEntityId": wrong}
        assert refused(window, "deleteCartLineItem", said).startswith("NO_SUCH_ENTITY")
        changed = {**said, "data": {"lineItem": line(1, 2)}}
        assert refused(window, "updateCartLineItem", changed).startswith("NO_SUCH_ENTITY")


def test_a_change_is_meant_for_a_version(window: Window) -> None:
    made = create(window, line(1), line(2))
    cart, (item, _) = made["entityId"], made["lineItems"]["physicalItems"]
    on = {"cartEntityId": cart, "version": 9}
    of_line = {**on, "lineItemEntityId": item["entityId"]}
    for name, said in (
        ("addCartLineItems", {**on, "data": {"lineItems": [line(1)]}}),
        ("updateCartLineItem", {**of_line, "data": {"lineItem": line(1, 3)}}),
        ("deleteCartLineItem", of_line),
        ("unassignCartFromCustomer", on),
    ):
        assert refused(window, name, said).startswith("VERSION_CONFLICT"), name
    change(window, "deleteCartLineItem", {**of_line, "version": 1})
    assert quantities(window.shop, cart) == {2: 1}


def test_a_cart_in_another_currency_is_a_new_one(window: Window) -> None:
    shop = window.shop
    euros(shop)
    cart = create(window, line(1, 2), giftCertificates=[CERTIFICATE])["entityId"]
    field = {"cartEntityId": cart, "data": {"key": "gift", "value": "yes"}}
    change(window, "createCartMetafield", field, "{ metafield { entityId } errors { __typename } }")
    said = {"cartEntityId": cart, "data": {"currencyCode": "EUR"}}
    new = change(window, "updateCartCurrency", said)["cart"]["entityId"]
    assert new != cart
    assert read(window, cart) is None
    found = read(window, new)
    assert (found["currencyCode"], found["amount"]["value"], found["amount"]["formattedV2"]) == ("EUR", 22.5, "€22.50")
    assert [one["node"]["value"] for one in found["metafields"]["edges"]] == ["yes"]
    shown = shop.get(f"/v3/carts/{new}").data
    assert (shown["currency"], shown["cart_amount"]) == ({"code": "EUR"}, 22.5)
    wrong = {"cartEntityId": new, "data": {"currencyCode": "GBP"}}
    assert refused(window, "updateCartCurrency", wrong).startswith("FIELD_INVALID")
    assert read(window, new) is not None


def test_a_cart_of_a_customer_is_only_theirs(window: Window) -> None:
    shop = window.shop
    shop.post("/v3/customers", [{"email": "joe@example.com", "first_name": "Joe", "last_name": "Doe"}])
    jane, joe = window.signed_in(1), window.signed_in(2)
    made = create(window, line(1), headers=jane)
    cart, (item,) = made["entityId"], made["lineItems"]["physicalItems"]
    assert shop.get(f"/v3/carts/{cart}").data["customer_id"] == 1
    assert read(window, cart, **jane) is not None
    on = {"cartEntityId": cart}
    of_line = {**on, "lineItemEntityId": item["entityId"]}
    kinds = "errors { __typename }"
    before = shop.get(f"/v3/carts/{cart}").data
    for other in ({}, joe):
        assert read(window, cart, **other) is None
        for name, said in (
            ("addCartLineItems", {**on, "data": {"lineItems": [line(1)]}}),
            ("updateCartLineItem", {**of_line, "data": {"lineItem": line(1, 3)}}),
            ("deleteCartLineItem", of_line),
            ("updateCartCurrency", {**on, "data": {"currencyCode": "USD"}}),
            ("assignCartToCustomer", on),
            ("unassignCartFromCustomer", on),
        ):
            assert refused(window, name, said, **other) == "NO_SUCH_ENTITY: The cart does not exist.", name
        said = on
        assert refused(window, "deleteCart", said, "{ deletedCartEntityId }", **other).startswith("NO_SUCH_ENTITY")
        for name, said, told in (
            ("createCartRedirectUrls", on, f"{{ redirectUrls {{ embeddedCheckoutUrl }} {kinds} }}"),
            ("createCartMetafield", {**on, "data": {"key": "a", "value": "b"}}, f"{{ {kinds} }}"),
            ("updateCartMetafield", {**on, "metafieldEntityId": 1, "data": {"value": "b"}}, f"{{ {kinds} }}"),
            ("deleteCartMetafield", {**on, "metafieldEntityId": 1}, f"{{ {kinds} }}"),
        ):
            assert change(window, name, said, told, **other)["errors"] == [{"__typename": "NotFoundError"}], name
    assert shop.get(f"/v3/carts/{cart}").data == before


def test_a_guests_cart_is_given_to_a_customer_and_back(window: Window) -> None:
    jane = window.signed_in(1)
    cart = create(window, line(1))["entityId"]
    assert refused(window, "assignCartToCustomer", {"cartEntityId": cart}) != ""
    change(window, "assignCartToCustomer", {"cartEntityId": cart}, **jane)
    assert read(window, cart) is None
    change(window, "unassignCartFromCustomer", {"cartEntityId": cart}, **jane)
    assert read(window, cart) is not None
    assert window.shop.get(f"/v3/carts/{cart}").data["customer_id"] == 0


def test_metafields_are_kept_with_a_cart(window: Window) -> None:
    shop = window.shop
    cart, other = create(window, line(1))["entityId"], create(window, line(1))["entityId"]
    told = "{ metafield { entityId key value } errors { __typename ... on ValidationError { path message } } }"
    on = {"cartEntityId": cart}
    made = change(window, "createCartMetafield", {**on, "data": {"key": "gift", "value": "yes"}}, told)
    number = made["metafield"]["entityId"]
    assert made == {"metafield": {"entityId": number, "key": "gift", "value": "yes"}, "errors": []}
    again = change(window, "createCartMetafield", {**on, "data": {"key": "gift", "value": "no"}}, told)
    assert again == {"metafield": None, "errors": [{"__typename": "AlreadyExistsError"}]}
    wrong = change(window, "createCartMetafield", {**on, "data": {"key": "k" * 65, "value": "no"}}, told)
    assert wrong["errors"][0]["__typename"] == "ValidationError"
    said = {**on, "metafieldEntityId": number}
    changed = change(window, "updateCartMetafield", {**said, "data": {"value": "no"}}, told)
    assert changed["metafield"]["value"] == "no"
    assert [one["value"] for one in shop.get(f"/v3/carts/{cart}/metafields").data] == ["no"]
    nowhere = {"cartEntityId": other, "metafieldEntityId": number}
    gone = "{ deletedMetafieldEntityId errors { __typename } }"
    nothing = {"deletedMetafieldEntityId": None, "errors": [{"__typename": "NotFoundError"}]}
    assert change(window, "deleteCartMetafield", nowhere, gone) == nothing
    hidden = shop.post(f"/v3/carts/{cart}/metafields", {"namespace": "storefront", "key": "secret", "value": "x",
                                                        "permission_set": "read"}).data["id"]  # fmt: skip
    of_app = {**on, "metafieldEntityId": hidden}
    refused_ = {"deletedMetafieldEntityId": None, "errors": [{"__typename": "NotAuthorisedError"}]}
    assert change(window, "deleteCartMetafield", of_app, gone) == refused_
    assert [one["node"]["key"] for one in read(window, cart)["metafields"]["edges"]] == ["gift"]
    keyed = 'query($id: String) { site { cart(entityId: $id) { metafields(namespace: "storefront", keys: ["x"]) {'
    found = window.ask(keyed + " edges { node { key } } } } } }", {"id": cart})["site"]["cart"]
    assert found["metafields"]["edges"] == []
    assert change(window, "deleteCartMetafield", said, gone) == {"deletedMetafieldEntityId": number, "errors": []}
    assert read(window, cart)["metafields"]["edges"] == []


def test_redirect_urls_open_the_checkout(window: Window) -> None:
    cart = create(window, line(1))["entityId"]
    told = "{ redirectUrls { redirectedCheckoutUrl embeddedCheckoutUrl } errors { ... on NotFoundError { message } } }"
    said = {"cartEntityId": cart, "queryParams": [{"key": "utm", "value": "x y"}]}
    made = change(window, "createCartRedirectUrls", said, told)
    assert made["errors"] == []
    assert cart in made["redirectUrls"]["redirectedCheckoutUrl"]
    assert "utm=x+y" in made["redirectUrls"]["redirectedCheckoutUrl"]
    assert "embedded=1" in made["redirectUrls"]["embeddedCheckoutUrl"]
    assert change(window, "createCartRedirectUrls", {}, told)["errors"] == [{"message": "The cart does not exist."}]


def test_a_cart_costs_the_same_number_of_statements_whatever_its_size(window: Window) -> None:
    brand = window.shop.post("/v3/catalog/brands", {"name": "Acme"}).data["id"]
    for number in range(20):
        window.shop.product(f"Thing {number}", brand_id=brand)
    small = create(window, line(4))["entityId"]
    large = create(window, *(line(4 + number) for number in range(20)))["entityId"]
    spent = []
    for cart in (small, large):
        read(window, cart)
        with window.counted() as given:
            found = read(window, cart)
        spent.append(len(given))
    assert len(found["lineItems"]["physicalItems"]) == 20
    assert found["lineItems"]["physicalItems"][0]["brand"] == "Acme"
    assert spent[0] == spent[1]
    assert spent[0] < 32
