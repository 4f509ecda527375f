"""What a tax provider is told of orders: commit, adjust, void; both databases, real calls."""

from __future__ import annotations

from typing import Any

import pytest

from receiver import Received, Receiver
from shop import Shop
from test_checkouts import PATH, done
from test_tax_providers import ACCOUNT, CONNECTION, acme, asked, quoted, register, sent

__all__ = ["acme"]


def placed(shop: Shop) -> int:
    """An order whose tax the provider computed; nobody has paid."""
    data = sent(shop)
    return int(done(shop.post(f"{PATH}/{data['id']}/orders"))["id"])


def paid(shop: Shop) -> int:
    """The same, paid."""
    order = placed(shop)
    assert shop.put(f"/v2/orders/{order}", {"status_id": 11}).status == 200
    return order


def told(shop: Shop, receiver: Receiver, operation: str, times: int = 1) -> list[Received]:
    """The calls of an operation, once there are so many."""
    shop.wait_for(lambda: len(asked(receiver, operation)) >= times)
    shop.wait_for(lambda: not shop.select("SELECT 1 FROM tax_documents WHERE due > 0"))
    return asked(receiver, operation)


def document(shop: Shop) -> Any:
    """The tax document of the only order."""
    import json

    ((doc,),) = shop.select("SELECT doc FROM tax_documents")
    return json.loads(doc)


def test_an_order_is_committed_once_it_is_paid(shop: Shop, acme: Receiver) -> None:
    order = placed(shop)
    assert shop.get(f"/v2/orders/{order}").json["tax_provider_id"] == "acme"
    assert not asked(acme, "commit")
    shop.put(f"/v2/orders/{order}", {"status_id": 11})
    (got,) = told(shop, acme, "commit")
    body = got.json
    (one,) = body["documents"]
    assert (body["id"], body["currency_code"]) == (str(order), "USD")
    assert (one["id"], one["shipping"]["id"], one["handling"]["id"]) == ("shipping_1", "shipping_1", "handling_1")
    assert one["shipping"]["price"] == {"amount": 7.5, "tax_inclusive": False}
    (item,) = one["items"]
    assert (item["id"], item["quantity"], item["price"]["amount"]) == ("product_1", 2, 20)
    assert (item["item_code"], item["tax_class"]["code"]) == ("12345", "PC040100")
    assert one["destination_address"]["region_code"] == "TX"
    shop.put(f"/v2/orders/{order}", {"staff_notes": "Fast"})
    shop.put(f"/v2/orders/{order}", {"status_id": 10})
    assert document(shop)["state"] == "committed"
    assert len(asked(acme, "commit")) == 1


@pytest.mark.parametrize("status", [5, 6, 4, 1])
def test_an_order_that_is_cancelled_or_no_longer_paid_is_voided(shop: Shop, acme: Receiver, status: int) -> None:
    order = paid(shop)
    told(shop, acme, "commit")
    shop.put(f"/v2/orders/{order}", {"status_id": status})
    (got,) = told(shop, acme, "void")
    assert (got.path, got.body) == (f"/tax/void?id={order}", b"")
    assert document(shop)["state"] == "voided"


def test_an_order_that_was_never_paid_is_not_told_of(shop: Shop, acme: Receiver) -> None:
    order = placed(shop)
    shop.put(f"/v2/orders/{order}", {"status_id": 5})
    shop.pause(1.5)
    assert not asked(acme, "commit") + asked(acme, "void")


def test_a_refund_in_part_adjusts_and_the_rest_voids(shop: Shop, acme: Receiver) -> None:
    order = paid(shop)
    told(shop, acme, "commit")
    line = shop.get(f"/v2/orders/{order}/products").json[0]["id"]
    path = f"/v3/orders/{order}/payment_actions"
    items = [{"item_type": "PRODUCT", "item_id": line, "quantity": 1}]
    quote = shop.post(f"{path}/refund_quotes", {"items": items}).data
    pay = [{"provider_id": "custom", "amount": quote["total_refund_amount"], "offline": True}]
    assert shop.post(f"{path}/refunds", {"items": items, "payments": pay}).status == 201
    (got,) = told(shop, acme, "adjust")
    assert got.path == f"/tax/adjust?id={order}"
    (item,) = got.json["documents"][0]["items"]
    assert (item["quantity"], item["price"]["amount"]) == (1, 10)
    assert got.json["adjust_description"]
    shop.put(f"/v2/orders/{order}", {"status_id": 4})
    told(shop, acme, "void")


def test_a_changed_order_is_adjusted(shop: Shop, acme: Receiver) -> None:
    order = paid(shop)
    told(shop, acme, "commit")
    line = shop.get(f"/v2/orders/{order}/products").json[0]["id"]
    assert shop.put(f"/v2/orders/{order}", {"products": [{"id": line, "quantity": 1}]}).status == 200
    (got,) = told(shop, acme, "adjust")
    assert got.json["documents"][0]["items"][0]["quantity"] == 1


def test_the_name_that_the_provider_gives_is_used_later(shop: Shop, acme: Receiver) -> None:
    def named(got: Received) -> Any:
        status, body, headers = quoted(got)
        return status, body.replace(b'"id": "1"', b'"id": "doc & 9"', 1), headers

    acme.answer = lambda got: named(got) if got.path == "/tax/commit" else quoted(got)
    order = paid(shop)
    told(shop, acme, "commit")
    shop.put(f"/v2/orders/{order}", {"status_id": 5})
    (got,) = told(shop, acme, "void")
    assert got.path == "/tax/void?id=doc+%26+9"


def test_a_provider_that_fails_is_told_again_after_a_pause(shop: Shop, acme: Receiver) -> None:
    shop.freeze(1_800_000_000)
    acme.answer = lambda got: (500, b"", {}) if got.path == "/tax/commit" else quoted(got)
    paid(shop)
    shop.wait_for(lambda: document(shop)["tries"] == 1)
    assert "500" in document(shop)["said"]
    acme.answer = quoted
    shop.freeze(1_800_000_061)
    shop.wait_for(lambda: document(shop)["state"] == "committed")
    assert len(asked(acme, "commit")) == 2


def test_what_is_left_over_is_told_after_a_restart(shop: Shop, acme: Receiver) -> None:
    """The document is written with the order: a process that dies before the call loses nothing."""
    shop.freeze(1_800_000_000)
    register(shop, acme, **{"providers.allow_private": False})
    acme.answer = quoted
    register(shop, acme)
    order = placed(shop)
    register(shop, acme, **{"providers.allow_private": False})
    shop.put(f"/v2/orders/{order}", {"status_id": 11})
    shop.wait_for(lambda: document(shop)["tries"] == 1)
    shop.close()
    register(shop, acme)
    shop.freeze(1_800_000_100)
    shop.get(f"/v2/orders/{order}")
    told(shop, acme, "commit")


def test_the_connection_may_go(shop: Shop, acme: Receiver) -> None:
    order = placed(shop)
    assert shop.delete(CONNECTION).status == 200
    shop.put(f"/v2/orders/{order}", {"status_id": 11})
    shop.wait_for(lambda: "no connection" in document(shop)["said"])
    assert not asked(acme, "commit")
    assert shop.put(CONNECTION, ACCOUNT).status == 200


def test_a_store_may_submit_orders_when_they_are_placed(shop: Shop, acme: Receiver) -> None:
    done(shop.put("/v3/tax/settings", {"document_submission_strategy": "ON_ORDER_CREATION"}))
    order = placed(shop)
    shop.put(f"/v2/orders/{order}", {"status_id": 7})
    told(shop, acme, "commit")
