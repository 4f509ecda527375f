"""Orders at a storefront: those of V2 with the same totals, and nobody else's; on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from storefront import NOW, Window, nodes

LINES = """edges { node { entityId productEntityId name sku quantity brand refundedQuantity
  subTotalListPrice { value } subTotalSalePrice { value } productOptions { name value } image { altText }
  wrapping { name cost { value } } parentLineItemEntityId
  baseCatalogProduct { path } catalogProductWithOptionSelections { sku } } }"""
ADDRESS = """firstName lastName company address1 address2 city stateOrProvince stateOrProvinceCode country
  countryCode postalCode phone email"""
MONEY = "{ value currencyCode }"
ORDER = f"""id entityId orderedAt {{ utc }} updatedAt {{ utc }} status {{ value label }} isTaxIncluded
  totalProductQuantity customerMessage subTotal {MONEY} shippingCostTotal {MONEY} handlingCostTotal {MONEY}
  wrappingCostTotal {MONEY} taxTotal {MONEY} totalIncTax {MONEY} taxes {{ name amount {MONEY} }}
  discounts {{ nonCouponDiscountTotal {MONEY} couponDiscounts {{ couponCode discountedAmount {MONEY} }} }}
  billingAddress {{ {ADDRESS} }}
  consignments {{
    shipping {{ edges {{ node {{ entityId shippingAddress {{ {ADDRESS} }} shippingCost {MONEY} handlingCost {MONEY}
      shipments {{ edges {{ node {{ entityId shippedAt {{ utc }} shippingMethodName shippingProviderName tracking {{
        __typename ... on OrderShipmentNumberAndUrlTracking {{ number url }}
        ... on OrderShipmentUrlOnlyTracking {{ url }} ... on OrderShipmentNumberOnlyTracking {{ number }} }} }} }} }}
      lineItems {{ {LINES} }} }} }} }}
    email {{ giftCertificates {{ edges {{ node {{ recipientEmail
      lineItems {{ edges {{ node {{ entityId name salePrice {MONEY} refundedQuantity }} }} }} }} }} }} }}
    downloads {{ recipientEmail lineItems {{ edges {{ node {{ name quantity downloadFileUrls }} }} }} }}
    pickups {{ edges {{ node {{ entityId pickupMethodName locationName address {{ city country }}
      lineItems {{ edges {{ node {{ name }} }} }} }} }} }}
  }}"""
MINE = f"""query ($filters: OrdersFiltersInput, $first: Int, $after: String, $last: Int, $before: String) {{ customer {{
  orders(filters: $filters, first: $first, after: $after, last: $last, before: $before) {{
    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} edges {{ cursor node {{ {ORDER} }} }} }} }} }}"""
ONE = f"""query ($filter: OrderFilterInput) {{ site {{ order(filter: $filter) {{ {ORDER}
  payments {{ edges {{ node {{ paymentMethodId paymentMethodName amount {MONEY} detail {{ __typename
    ... on CreditCardPaymentInstrument {{ brand last4 }} ... on GiftCertificatePaymentInstrument {{ code }} }} }} }} }}
}} }} }}"""
BILLED = {
    "first_name": "Jane", "last_name": "Doe", "street_1": "1 Main St", "city": "Austin", "state": "Texas",
    "zip": "78701", "country": "United States", "country_iso2": "US", "email": "jane@example.com",
}  # fmt: skip

PLACE = {
    "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "address1": "1 Main St",
    "city": "Austin", "state_or_province": "Texas", "country_code": "US", "postal_code": "78701",
}  # fmt: skip


@pytest.fixture
def window(shop: Shop) -> Window:
    """Two products, and two customers."""
    window = Window(shop)
    for place, name in enumerate(("Hammer", "Saw"), start=1):
        shop.product(name, price=10 * place, weight=1, sku=f"sku-{place}")
    for name in ("Jane", "Eve"):
        shop.post("/v3/customers", [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"}])
    return window


def ordered(shop: Shop, *lines: tuple[int, int], customer_id: int = 1, **more: Any) -> int:
    """A new order of V2; its id."""
    products = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    body = {"customer_id": customer_id, "status_id": 11, "billing_address": BILLED, "products": products, **more}
    reply = shop.post("/v2/orders", body)
    assert reply.status == 200, reply.body
    return int(reply.json["id"])


def mine(window: Window, who: dict[str, str], **variables: Any) -> list[Any]:
    return nodes(window.ask(MINE, variables, **who)["customer"]["orders"])


def one(window: Window, who: dict[str, str], **wanted: Any) -> Any:
    return window.ask(ONE, {"filter": wanted}, **who)["site"]["order"]


def test_an_order_has_the_totals_of_v2(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    number = ordered(
        shop, (1, 2), (2, 1), shipping_cost_ex_tax=5, shipping_cost_inc_tax=6, discount_amount=3, customer_message="Hi"
    )
    kept = shop.get(f"/v2/orders/{number}").json
    (found,) = mine(window, jane)
    assert found["entityId"] == number
    assert found["status"] == {"value": "AWAITING_FULFILLMENT", "label": "Awaiting Fulfillment"}
    assert found["totalIncTax"] == {"value": float(kept["total_inc_tax"]), "currencyCode": "USD"}
    assert found["subTotal"]["value"] == float(kept["subtotal_ex_tax"]) == 40
    assert found["shippingCostTotal"]["value"] == 5
    assert found["taxTotal"]["value"] == float(kept["total_tax"])
    assert found["discounts"] == {
        "nonCouponDiscountTotal": {"value": 3, "currencyCode": "USD"}, "couponDiscounts": [],
    }  # fmt: skip
    assert (found["customerMessage"], found["totalProductQuantity"], found["isTaxIncluded"]) == ("Hi", 3, False)
    assert found["orderedAt"]["utc"].startswith("2030-03-17")
    address = found["billingAddress"]
    assert (address["stateOrProvince"], address["stateOrProvinceCode"], address["country"]) == (
        "Texas", "TX", "United States",
    )  # fmt: skip
    single = one(window, jane, entityId=number)
    assert {name: single[name] for name in found if name != "id"} == {
        name: found[name] for name in found if name != "id"
    }


def test_with_a_billing_address_only_it_is_one_consignment(window: Window) -> None:
    number = ordered(window.shop, (1, 2), (2, 1))
    (sent,) = nodes(one(window, window.signed_in(1), entityId=number)["consignments"]["shipping"])
    assert sent["shippingAddress"]["address1"] == "1 Main St"
    hammer, saw = nodes(sent["lineItems"])
    assert (hammer["name"], hammer["sku"], hammer["quantity"], hammer["productEntityId"]) == ("Hammer", "sku-1", 2, 1)
    assert (hammer["subTotalListPrice"]["value"], hammer["subTotalSalePrice"]["value"]) == (20, 20)
    assert hammer["baseCatalogProduct"]["path"] == "/hammer/"
    window.shop.put("/v3/catalog/products/2", {"is_visible": False})
    _, saw = nodes(nodes(one(window, window.signed_in(1), entityId=number)["consignments"]["shipping"])[0]["lineItems"])
    assert (saw["name"], saw["baseCatalogProduct"]) == ("Saw", None)


def test_shipments_tell_how_to_follow_them(window: Window) -> None:
    shop = window.shop
    number = ordered(shop, (1, 3), shipping_addresses=[{**BILLED, "street_1": "2 Side St"}])
    address = shop.get(f"/v2/orders/{number}/shipping_addresses").json[0]["id"]
    line = shop.get(f"/v2/orders/{number}/products").json[0]["id"]
    sent = ({"tracking_number": "1Z", "tracking_link": "https://track.example/1Z"},
            {"tracking_link": "https://track.example/"}, {"tracking_number": "77"})  # fmt: skip
    for each in sent:
        items = [{"order_product_id": line, "quantity": 1}]
        body = {"order_address_id": address, "items": items, "shipping_method": "Ground", **each}
        assert shop.post(f"/v2/orders/{number}/shipments", body).status == 201
    (part,) = nodes(one(window, window.signed_in(1), entityId=number)["consignments"]["shipping"])
    assert (part["entityId"], part["shippingAddress"]["address1"]) == (address, "2 Side St")
    found = nodes(part["shipments"])
    assert [each["tracking"] for each in found] == [
        {"__typename": "OrderShipmentNumberAndUrlTracking", "number": "1Z", "url": "https://track.example/1Z"},
        {"__typename": "OrderShipmentUrlOnlyTracking", "url": "https://track.example/"},
        {"__typename": "OrderShipmentNumberOnlyTracking", "number": "77"},
    ]
    assert {each["shippingMethodName"] for each in found} == {"Ground"}
    assert one(window, window.signed_in(1), entityId=number)["status"]["value"] == "SHIPPED"


def test_digital_products_coupons_and_certificates_stand_where_they_belong(window: Window) -> None:
    shop = window.shop
    shop.product("Song", price=4, type="digital")
    shop.post("/v2/coupons", {"name": "Off", "code": "OFF", "type": "per_total_discount", "amount": 2,
                              "enabled": True, "applies_to": {"entity": "categories", "ids": [0]}})  # fmt: skip
    cart = shop.post(
        "/v3/carts",
        {
            "customer_id": 1,
            "line_items": [{"product_id": 3, "quantity": 1}],
            "gift_certificates": [
                {"name": "Gift", "theme": "General", "amount": 25, "quantity": 2,
                 "sender": {"name": "Jane", "email": "jane@example.com"},
                 "recipient": {"name": "Bob", "email": "bob@example.com"}},
            ],
        },
    ).data["id"]  # fmt: skip
    shop.post(f"/v3/checkouts/{cart}/billing-address", PLACE)
    assert shop.post(f"/v3/checkouts/{cart}/coupons", {"coupon_code": "OFF"}).status == 200
    placed = shop.post(f"/v3/checkouts/{cart}/orders")
    assert placed.status == 200, placed.body
    number = placed.data["id"]
    shop.put(f"/v2/orders/{number}", {"status_id": 11})
    found = one(window, window.signed_in(1), entityId=number)
    (download,) = found["consignments"]["downloads"]
    assert (download["recipientEmail"], nodes(download["lineItems"])[0]["name"]) == ("jane@example.com", "Song")
    (mail,) = nodes(found["consignments"]["email"]["giftCertificates"])
    assert mail["recipientEmail"] == "bob@example.com"
    assert [each["salePrice"]["value"] for each in nodes(mail["lineItems"])] == [25, 25]
    assert nodes(found["consignments"]["shipping"]) == []
    (coupon,) = found["discounts"]["couponDiscounts"]
    assert coupon == {"couponCode": "OFF", "discountedAmount": {"value": 2, "currencyCode": "USD"}}


def test_payments_are_those_of_the_order(window: Window) -> None:
    shop = window.shop
    number = ordered(shop, (1, 1), payment_method="Cash")
    (paid,) = nodes(one(window, window.signed_in(1), entityId=number)["payments"])
    assert (paid["paymentMethodName"], paid["amount"]["value"], paid["detail"]) == ("Cash", 10, None)


def test_nobody_sees_the_orders_of_others(window: Window) -> None:
    shop, jane, eve = window.shop, window.signed_in(1), window.signed_in(2)
    number = ordered(shop, (1, 1))
    for who in (eve, {}):
        assert one(window, who, entityId=number) is None
        assert one(window, who, entityId=number, cartEntityId="") is None
    assert mine(window, eve) == []
    assert window.ask(MINE)["customer"] is None
    for wrong in (-1, 0, 2**31 - 1, number + 1):
        assert one(window, jane, entityId=wrong) is None
    assert window.ask("{ site { order { entityId } } }", **jane)["site"]["order"] is None
    shop.delete(f"/v2/orders/{number}")
    assert one(window, jane, entityId=number) is None
    assert mine(window, jane) == []


def bought(shop: Shop, customer_id: int) -> tuple[int, str]:
    """An order of a checkout, and the id of its cart."""
    cart = shop.post("/v3/carts", {"customer_id": customer_id, "line_items": [{"product_id": 3, "quantity": 1}]})
    cart_id = cart.data["id"]
    assert shop.post(f"/v3/checkouts/{cart_id}/billing-address", PLACE).status == 200
    placed = shop.post(f"/v3/checkouts/{cart_id}/orders")
    assert placed.status == 200, placed.body
    number = int(placed.data["id"])
    shop.put(f"/v2/orders/{number}", {"status_id": 11})
    return number, cart_id


def test_a_guest_sees_the_order_of_a_cart_whose_id_they_know(window: Window) -> None:
    shop = window.shop
    shop.product("Song", price=4, type="digital")
    number, cart = bought(shop, 0)
    assert one(window, {}, entityId=number) is None
    assert one(window, {}, entityId=number, cartEntityId=cart)["entityId"] == number
    assert one(window, {}, entityId=number, cartEntityId=f"{cart}x") is None
    own, cart = bought(shop, 1)
    assert one(window, {}, entityId=own, cartEntityId=cart) is None
    assert one(window, window.signed_in(2), entityId=own, cartEntityId=cart) is None
    assert one(window, window.signed_in(1), entityId=own, cartEntityId=cart)["entityId"] == own
    bare = ordered(shop, (1, 1), customer_id=0)
    assert one(window, {}, entityId=bare, cartEntityId="") is None


def test_orders_are_listed_from_the_newest_and_narrowed(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    for place in range(4):
        shop.freeze(NOW + place * 60)
        ordered(shop, (1, 1), status_id=10 if place == 1 else 11)
    ordered(shop, (1, 1), status_id=0)
    assert [each["entityId"] for each in mine(window, jane)] == [4, 3, 2, 1]
    page = window.ask(MINE, {"first": 3}, **jane)["customer"]["orders"]
    assert page["pageInfo"]["hasNextPage"]
    after = page["pageInfo"]["endCursor"]
    assert [each["entityId"] for each in mine(window, jane, first=3, after=after)] == [1]
    before = page["edges"][2]["cursor"]
    assert [each["entityId"] for each in mine(window, jane, last=2, before=before)] == [4, 3]
    assert [each["entityId"] for each in mine(window, jane, filters={"status": "COMPLETED"})] == [2]
    since = {"from": "2030-03-17T17:47:40Z"}
    assert [each["entityId"] for each in mine(window, jane, filters={"dateRange": since})] == [4, 3, 2]
    until = {"from": "2030-03-17T00:00:00Z", "to": "2030-03-17T17:46:40+00:00"}
    assert [each["entityId"] for each in mine(window, jane, filters={"dateRange": until})] == [1]
    assert window.codes(MINE, {"filters": {"dateRange": {"from": "yesterday"}}}, **jane)


def test_the_statements_of_orders_do_not_grow_with_them(window: Window) -> None:
    shop, jane = window.shop, window.signed_in(1)
    counts = []
    for orders in (1, 5):
        while shop.get("/v2/orders/count").json["count"] < orders:
            ordered(shop, (1, 1), (2, 2))
        with window.counted() as statements:
            assert len(mine(window, jane)) == orders
        counts.append(len(statements))
    assert counts[0] == counts[1]
