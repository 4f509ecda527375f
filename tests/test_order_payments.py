"""How orders are paid and refunded (rules 87 and 88), in V3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from shop import Reply, Shop
from test_orders import BUYER, WORK, lines, place, ship

PAID = [2, 3, 8, 9, 10, 11]


def transactions(shop: Shop, order: Any) -> list[tuple[str, float]]:
    """What was paid and given back."""
    return [(one["event"], one["amount"]) for one in shop.get(f"/v3/orders/{order['id']}/transactions").data]


def act(shop: Shop, order: Any, action: str, body: Any = None) -> Reply:
    """A payment action."""
    return shop.post(f"/v3/orders/{order['id']}/payment_actions/{action}", {} if body is None else body)


def product(shop: Shop, order: Any, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """Pieces of the first line, as an item of a refund."""
    return {"item_type": "PRODUCT", "item_id": lines(shop, order)[0]["id"], "quantity": quantity, **more}


def refund(shop: Shop, order: Any, *items: Any, provider: str = "custom", **more: Any) -> Reply:
    """A refund of what a quote says."""
    quote = act(shop, order, "refund_quotes", {"items": list(items), **more})
    if quote.status != 201:
        return quote
    amount = quote.data["total_refund_amount"]
    body = {"items": list(items), "payments": [{"provider_id": provider, "amount": amount}], **more}
    return act(shop, order, "refunds", body)


@pytest.mark.parametrize("status", range(15))
def test_the_status_says_whether_an_order_is_paid(shop: Shop, status: int) -> None:
    """Rule 88: a new order in a paid status was paid outside of the store; the others were not."""
    order = place(shop, status_id=status)
    assert transactions(shop, order) == ([("purchase", 6)] if status in PAID else [])
    shown = shop.get(f"/v2/orders/{order['id']}/transactions").json
    assert isinstance(shown["data"], list), "connectors read `data` in V2 as well"


def test_an_order_is_paid_once(shop: Shop) -> None:
    """Rule 88: when it comes to a paid status, however often it leaves and comes back."""
    order = place(shop, payment_method="Cash on Delivery")
    path = f"/v2/orders/{order['id']}"
    for status in (7, 11, 2, 7, 11):
        assert shop.put(path, {"status_id": status}).status == 200
    assert transactions(shop, order) == [("purchase", 6)]
    told = shop.get(f"/v3/orders/{order['id']}/transactions").data[0]
    assert (told["gateway"], told["method"], told["offline"]) == (
        "cod",
        "offline",
        {"display_name": "Cash on Delivery"},
    )
    assert (told["order_id"], told["currency"]) == (str(order["id"]), "USD")


def test_a_shipment_of_an_unpaid_order_counts_as_paid(shop: Shop) -> None:
    """Rules 88 and 89: Shipped is a paid status."""
    order = place(shop, status_id=7)
    ship(shop, order, 1)
    assert transactions(shop, order) == [("purchase", 6)]


def authorized(shop: Shop, **more: Any) -> Any:
    """An order that waits for a payment at a provider."""
    return place(shop, status_id=7, payment_method="Test Payment Gateway", payment_provider_id="ch_1", **more)


def test_an_authorised_payment_is_captured(shop: Shop) -> None:
    order = authorized(shop)
    assert order["payment_status"] == "authorized"
    assert act(shop, order, "capture").status == 201
    now = shop.get(f"/v2/orders/{order['id']}").json
    assert (now["payment_status"], now["status_id"]) == ("captured", 11)
    assert transactions(shop, order) == [("authorization", 6), ("capture", 6)]
    told = shop.get(f"/v3/orders/{order['id']}/transactions").data[1]
    assert (told["reference_transaction_id"], told["test"], told["gateway_transaction_id"]) == (1, True, "ch_1")
    for again in ("capture", "void"):
        reply = act(shop, order, again)
        assert (reply.status, reply.reason) == (422, "PAYMENT_STATE")


def test_a_payment_may_be_told_later(shop: Shop) -> None:
    """And a status of paid ones, told with it, makes it a purchase; the payment's own status stays."""
    order = place(shop, status_id=7)
    assert shop.put(f"/v2/orders/{order['id']}", {"payment_provider_id": "ch_1"}).json["payment_status"] == "authorized"
    assert transactions(shop, order) == [("authorization", 6)]
    other = place(shop, status_id=7)
    told = {"payment_provider_id": "ch_2", "status_id": 11}
    assert shop.put(f"/v2/orders/{other['id']}", told).json["payment_status"] == ""
    assert transactions(shop, other) == [("purchase", 6)]


def test_an_authorised_payment_is_voided(shop: Shop) -> None:
    order = authorized(shop)
    assert act(shop, order, "void").status == 201
    assert shop.get(f"/v2/orders/{order['id']}").json["payment_status"] == "void"
    assert transactions(shop, order) == [("authorization", 6), ("void", 6)]
    assert refund(shop, order, product(shop, order)).reason == "PAYMENT_STATE"


def test_a_status_of_paid_orders_captures_what_was_authorised(shop: Shop) -> None:
    order = authorized(shop)
    assert shop.put(f"/v2/orders/{order['id']}", {"status_id": 11}).json["payment_status"] == "captured"
    assert transactions(shop, order) == [("authorization", 6), ("capture", 6)]


def test_nothing_is_captured_of_an_order_that_is_not_there(shop: Shop) -> None:
    for action in ("capture", "void", "refund_quotes", "refunds"):
        assert shop.post(f"/v3/orders/9/payment_actions/{action}", {}).status == 404


def test_an_order_is_paid_before_it_is_refunded(shop: Shop) -> None:
    """Rule 87."""
    order = place(shop)
    reply = act(shop, order, "refund_quotes", {"items": [product(shop, order)]})
    assert (reply.status, reply.reason) == (422, "PAYMENT_STATE")


def test_pieces_are_refunded_at_what_was_paid_for_them(shop: Shop) -> None:
    """Rule 87: after their share of the discount, with their tax; in the end exactly the whole."""
    line = {**WORK, "quantity": 3, "price_ex_tax": "3.33", "price_inc_tax": "3.66"}
    order = place(shop, line, discount_amount="0.50", status_id=11)
    given = []
    for count in (1, 2, 3):
        reply = refund(shop, order, product(shop, order, reason="Broken"))
        assert reply.status == 201, reply.body
        given.append(Decimal(str(reply.data["total_amount"])))
        now = shop.get(f"/v2/orders/{order['id']}").json
        assert (now["status_id"], now["payment_status"]) == (
            (4, "refunded") if count == 3 else (14, "partially refunded")
        )
        sold = lines(shop, order)[0]
        assert (sold["quantity_refunded"], sold["is_refunded"]) == (count, count == 3)
    assert sum(given) == Decimal(order["total_inc_tax"])
    assert refund(shop, order, product(shop, order)).reason == "PAYMENT_STATE"
    events = transactions(shop, order)
    assert sum(Decimal(str(amount)) for event, amount in events if event == "refund") == Decimal(order["total_inc_tax"])


def test_a_quote_says_what_a_refund_will_be(shop: Shop) -> None:
    """Rule 87: amounts must match, else the refund is refused and changes nothing."""
    order = place(shop, {**WORK, "quantity": 2}, status_id=11, payment_method="Check")
    items = [product(shop, order, adjustments=[{"amount": -1.5, "description": "Opened"}])]
    quote = act(shop, order, "refund_quotes", {"items": items}).data
    assert (quote["order_id"], quote["total_refund_amount"], quote["adjustment"]) == (order["id"], 4.5, 0)
    assert quote["total_refund_tax_amount"] == 0.75
    methods = [[way["provider_id"] for way in ways] for ways in quote["refund_methods"]]
    assert methods == [["cheque"], ["custom"]]
    wrong = {"items": items, "payments": [{"provider_id": "cheque", "amount": 6}]}
    assert act(shop, order, "refunds", wrong).status == 422
    assert shop.get("/v3/orders/payment_actions/refunds").data == []
    two = [{"provider_id": "cheque", "amount": 4}, {"provider_id": "custom", "amount": 0.5}]
    made = act(shop, order, "refunds", {"items": items, "payments": two})
    assert made.status == 201
    assert [way["amount"] for way in made.data["payments"]] == [4, 0.5]


def test_costs_and_amounts_are_refunded_up_to_what_they_were(shop: Shop) -> None:
    """Rule 87: shipping, handling, fees, wrapping; an amount of the order has no tax; over the payment it is cut."""
    fee = {"display_name_customer": "Deposit", "cost_ex_tax": 2, "cost_inc_tax": 2}
    wrapped = {**WORK, "wrapping_id": 1, "wrapping_cost_ex_tax": 1, "wrapping_cost_inc_tax": "1.2"}
    order = place(
        shop, wrapped, status_id=11, shipping_cost_ex_tax=4, shipping_cost_inc_tax=5, base_handling_cost=3, fees=[fee]
    )
    assert order["total_inc_tax"] == "17.2000"
    address = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]["id"]
    shipping = {"item_type": "SHIPPING", "item_id": address}
    made = refund(shop, order, {**shipping, "amount": 2.5})
    assert (made.data["total_amount"], made.data["total_tax"]) == (2.5, 0.5)
    assert made.data["items"][0]["requested_amount"] == 2.5
    assert refund(shop, order, {**shipping, "amount": 2.51}).status == 422
    assert refund(shop, order, {**shipping, "amount": 1.5}, {**shipping, "amount": 1.01}).status == 422
    others = [
        {"item_type": "HANDLING", "item_id": address, "amount": 3},
        {"item_type": "FEE", "item_id": 1, "amount": 2},
        {"item_type": "GIFT_WRAPPING", "item_id": lines(shop, order)[0]["id"], "quantity": 1},
    ]
    assert refund(shop, order, *others).data["total_amount"] == 6.2
    assert all(refund(shop, order, one).status == 422 for one in others), "none of them a second time"
    quote = act(
        shop, order, "refund_quotes", {"items": [{"item_type": "ORDER", "item_id": order["id"], "amount": 100}]}
    )
    assert (quote.data["total_refund_amount"], quote.data["adjustment"]) == (8.5, -91.5)
    made = refund(shop, order, {"item_type": "ORDER", "item_id": order["id"], "amount": 100})
    assert (made.data["total_amount"], made.data["total_tax"]) == (8.5, 0)
    assert shop.get(f"/v2/orders/{order['id']}").json["status"] == "Refunded"


REFUSED: list[tuple[Any, str]] = [
    ({}, "items"),
    ({"items": []}, "items"),
    ({"items": [{"item_type": "PRODUCT", "item_id": 9, "quantity": 1}]}, "items.0.item_id"),
    ({"items": [{"item_type": "PRODUCT", "item_id": 1}]}, "items.0.quantity"),
    ({"items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 2}]}, "items.0.quantity"),
    ({"items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 1}] * 2}, "items.1.quantity"),
    ({"items": [{"item_type": "SHIPPING", "item_id": 9, "amount": 1}]}, "items.0.item_id"),
    ({"items": [{"item_type": "SHIPPING", "item_id": 1}]}, "items.0.amount"),
    ({"items": [{"item_type": "ORDER", "item_id": 9, "amount": 1}]}, "items.0.item_id"),
    ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": -1}]}, "items.0.amount"),
    ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": 0.001}]}, "items.0.amount"),
    ({"items": [{"item_type": "THING", "item_id": 1, "amount": 1}]}, "items"),
    ({"items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 1, "adjustments": [{"amount": 1}]}]}, "items"),
    ({"tax_adjustment_amount": 7}, "tax_adjustment_amount"),
    (
        {"tax_adjustment_amount": 1, "items": [{"item_type": "ORDER", "item_id": 1, "amount": 1}]},
        "tax_adjustment_amount",
    ),
    ({"items": [{"item_type": "PRODUCT", "item_id": 1, "quantity": 1, "amount": 1}]}, "items.0.amount"),
    ({"items": [{"item_type": "ORDER", "item_id": 1, "amount": 1, "quantity": 2}]}, "items.0.quantity"),
    (
        {"items": [{"item_type": "ORDER", "item_id": 1, "amount": 1, "adjustments": [{"amount": -1}]}]},
        "items.0.adjustments",
    ),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_a_bad_refund_is_refused_and_changes_nothing(shop: Shop, body: Any, field: str) -> None:
    """Rules 21 and 87."""
    order = place(shop, status_id=11)
    before = shop.get(f"/v2/orders/{order['id']}").body
    payments = [{"provider_id": "custom", "amount": 1}]
    for action, more in (("refund_quotes", {}), ("refunds", {"payments": payments})):
        reply = act(shop, order, action, {**body, **more})
        assert reply.status == 422, reply.body
        assert field in reply.json["errors"] or field in str(reply.json), reply.body
    assert shop.get(f"/v2/orders/{order['id']}").body == before
    assert shop.rows("order_refunds") == 0


PAYMENTS_REFUSED: list[Any] = [
    [],
    [{"provider_id": "paypal", "amount": 6}],
    [{"provider_id": "storecredit", "amount": 6}],
    [{"provider_id": "custom", "amount": 5}],
    [{"provider_id": "custom", "amount": 0}, {"provider_id": "custom", "amount": 6}],
]


@pytest.mark.parametrize("payments", PAYMENTS_REFUSED)
def test_money_goes_back_by_known_ways_and_in_full(shop: Shop, payments: Any) -> None:
    """Rule 87; a guest has no store credit."""
    order = place(shop, status_id=11)
    reply = act(shop, order, "refunds", {"items": [product(shop, order)], "payments": payments})
    assert reply.status == 422, reply.body
    assert shop.rows("order_refunds") == 0


def test_a_customer_can_be_given_store_credit(shop: Shop) -> None:
    """Rule 87: it goes to where the customer can spend it, and not outside of the store."""
    jane = {"first_name": "Jane", "last_name": "Doe", "email": "jane@shop.test"}
    who = shop.post("/v2/customers", jane).json["id"]
    order = place(shop, {**WORK, "quantity": 2}, status_id=11, customer_id=who)
    for credit in ("6.0000", "12.0000"):
        made = refund(shop, order, product(shop, order), provider="storecredit")
        assert (made.status, made.data["payments"][0]["offline"]) == (201, False), made.body
        assert shop.get(f"/v2/customers/{who}").json["store_credit"] == credit
    told = shop.get(f"/v3/orders/{order['id']}/transactions").data[-1]
    assert (told["event"], told["method"], told["gateway"]) == ("refund", "store_credit", "storecredit")


def test_a_merchant_may_reckon_otherwise(shop: Shop) -> None:
    """merchant_calculated_override; tax_adjustment_amount. Neither exceeds what was paid."""
    order = place(shop, status_id=11)
    override = {"merchant_calculated_override": {"total_amount": 2, "total_tax": 0.25}}
    made = refund(shop, order, product(shop, order), **override)
    assert (made.data["total_amount"], made.data["total_tax"]) == (2, 0.25)
    assert made.data["uses_merchant_override_values"] is True
    made = act(shop, order, "refunds", {"tax_adjustment_amount": 0.5})
    assert (made.status, made.data["total_amount"], made.data["items"]) == (201, 0.5, [])
    over = {"merchant_calculated_override": {"total_amount": 3.51, "total_tax": 0}}
    item = {"item_type": "ORDER", "item_id": order["id"], "amount": 1}
    assert act(shop, order, "refund_quotes", {"items": [item], **over}).status == 422


def test_refunds_are_listed_and_filtered(shop: Shop) -> None:
    """Rules 20 and 24: over all orders, and of one."""
    orders = [place(shop, status_id=11) for _ in range(2)]
    made = [refund(shop, order, product(shop, order)).data for order in orders]
    path = "/v3/orders/payment_actions/refunds"

    def found(query: str) -> list[int]:
        return [one["id"] for one in shop.get(f"{path}?{query}").data]

    ids = [one["id"] for one in made]
    assert found("") == ids
    assert found("order_id:in=2") == found(f"id:in={ids[1]}") == [ids[1]]
    assert found(f"transaction_id={made[0]['payments'][0]['transaction_id']}") == [ids[0]]
    assert found("created:min=2100-01-01") == []
    assert found("created:max=2100-01-01") == ids
    assert [one["id"] for one in shop.get(f"/v3/orders/{orders[1]['id']}/payment_actions/refunds").data] == [ids[1]]
    assert shop.get(f"{path}/{ids[0]}").data == made[0]
    assert shop.get(f"{path}?order_id=1").status == 422


SCOPES = [
    ("store_v2_orders", "refund_quotes", 422),
    ("store_v2_transactions", "refund_quotes", 422),
    ("store_v2_orders_read_only", "refund_quotes", 403),
    ("store_v2_products", "capture", 403),
]


@pytest.mark.parametrize(("scope", "action", "status"), SCOPES)
def test_either_scope_opens_payment_actions(shop: Shop, scope: str, action: str, status: int) -> None:
    """Contract: scopes.tsv, and what the operations say."""
    order = place(shop)
    token = shop.account(scope)
    path = f"/v3/orders/{order['id']}/payment_actions/{action}"
    reply = shop.post(path, {}, token=token)
    assert reply.status == status, reply.body
    reads = shop.get("/v3/orders/payment_actions/refunds", token=token).status
    assert reads == (403 if scope == "store_v2_products" else 200)


def test_transactions_have_a_scope_of_their_own(shop: Shop) -> None:
    order = place(shop, status_id=11)
    path = f"/v3/orders/{order['id']}/transactions"
    assert shop.get(path, token=shop.account("store_v2_orders")).status == 403
    assert shop.get(path, token=shop.account("store_v2_transactions_read_only")).status == 200
    assert BUYER["zip"] == "78701"


def test_an_order_without_particulars_has_the_recorded_ones(shop: Shop) -> None:
    """Section 2 of the reports: what a shop shows of an order that says nothing of its payment."""
    order = place(shop)
    assert (order["payment_method"], order["custom_status"], order["credit_card_type"]) == ("Manual", "Pending", None)
    assert (order["staff_notes"], order["customer_message"], order["cart_id"]) == (None, None, None)
    assert shop.put(f"/v2/orders/{order['id']}", {"staff_notes": "Fragile"}).json["staff_notes"] == "Fragile"
    told = shop.put(f"/v2/orders/{order['id']}", {"status_id": 2, "payment_provider_id": "X"}).json
    assert told["payment_status"] == order["payment_status"]
