"""What orders tell (contract: webhooks.tsv; rule 132: created also for incomplete orders)."""

from __future__ import annotations

from typing import Any

from bodega.resources.catalog.variants import SKU_OFFSET
from bodega.resources.orders import messages
from bodega.storage.unit import Unit
from shop import Shop
from test_orders import WORK, lines, place, ship


def heard(shop: Shop, *words: str) -> list[tuple[str, Any]]:
    """The events since the last call whose scopes begin with one of these."""
    return [(scope, data) for scope, data in shop.events() if scope.startswith(words or "store/order")]


def test_an_order_tells_of_its_life(shop: Shop) -> None:
    """Each on the scope of the store, and on that of the channel."""
    shop.watch()
    order = place(shop, status_id=0)
    named = {"type": "order", "id": order["id"]}
    assert heard(shop, "store/order", "store/channel") == [
        ("store/order/created", named),
        ("store/channel/1/order/created", named),
    ]
    path = f"/v2/orders/{order['id']}"
    shop.put(path, {"staff_notes": "x"})
    assert heard(shop) == [("store/order/updated", named)]
    shop.put(path, {"status_id": 11})
    moved = {"previous_status_id": 0, "new_status_id": 11}
    paid = {**named, "transaction": {"transaction_id": 1}}
    assert heard(shop) == [
        ("store/order/transaction/created", paid),
        ("store/order/updated", named),
        ("store/order/statusUpdated", {**named, "status": moved}),
    ]
    shop.delete(path)
    assert heard(shop) == [("store/order/archived", named)]
    shop.delete(path)
    assert heard(shop) == [], "it is there already"


def test_what_belongs_to_an_order_tells_of_it(shop: Shop) -> None:
    order = place(shop, {**WORK, "quantity": 2}, status_id=11)
    named = {"type": "order", "id": order["id"]}
    shop.watch()
    shipment = ship(shop, order, 1).json["id"]
    told = {"type": "shipment", "id": shipment, "orderId": order["id"]}
    shop.put(f"/v2/orders/{order['id']}/shipments/{shipment}", {"comments": "x"})
    shop.delete(f"/v2/orders/{order['id']}/shipments/{shipment}")
    assert heard(shop, "store/shipment") == [
        (f"store/shipment/{word}", told) for word in ("created", "updated", "deleted")
    ]
    item = {"item_type": "PRODUCT", "item_id": lines(shop, order)[0]["id"], "quantity": 1}
    body = {"items": [item], "payments": [{"provider_id": "custom", "amount": 6}]}
    refund = shop.post(f"/v3/orders/{order['id']}/payment_actions/refunds", body).data["id"]
    message = {**named, "refund": {"refund_id": refund}}
    assert heard(shop, "store/order/refund", "store/channel/1/order/refund") == [
        ("store/order/refund/created", message),
        ("store/channel/1/order/refund/created", message),
    ]

    async def write(unit: Unit) -> None:
        await unit.insert(messages.TABLE, messages.OrderMessage(order_id=order["id"], message="Where is it?"))

    shop.write(write)
    message = {**named, "message": {"order_message_id": 1}}
    assert heard(shop, "store/order/message") == [("store/order/message/created", message)]
    field = {"namespace": "erp", "key": "n", "value": "1", "permission_set": "app_only"}
    shop.post(f"/v3/orders/{order['id']}/metafields", field)
    assert [scope for scope, _ in heard(shop)] == ["store/order/metafield/created"]


def test_stock_that_an_order_takes_has_its_own_events(shop: Shop) -> None:
    hammer = shop.product(inventory_tracking="product", inventory_level=5)
    values = [{"option_display_name": "Size", "label": "S"}]
    variants = [{"sku": "S", "inventory_level": 4, "option_values": values}]
    shirt = shop.product("Shirt", inventory_tracking="variant", variants=variants)
    variant = shop.get(f"/v3/catalog/products/{shirt}/variants").data[0]["id"]
    shop.watch()
    place(shop, {"product_id": hammer, "quantity": 2}, {"product_id": shirt, "variant_id": variant, "quantity": 1})
    told = heard(shop, "store/product/inventory", "store/sku/inventory")
    level = {"method": "absolute"}
    of_hammer = {"type": "product", "id": hammer, "inventory": {**level, "product_id": hammer, "value": 3}}
    of_shirt = {"type": "product", "id": shirt, "inventory": {**level, "product_id": shirt, "value": 3}}
    sku = {"product_id": shirt, "method": "absolute", "value": 3, "variant_id": variant}
    assert told == [
        ("store/product/inventory/order/updated", of_hammer),
        ("store/product/inventory/order/updated", of_shirt),
        ("store/sku/inventory/order/updated", {"type": "sku", "id": variant + SKU_OFFSET, "inventory": sku}),
    ]


def test_an_order_that_is_refused_tells_nothing(shop: Shop) -> None:
    hammer = shop.product(inventory_tracking="product", inventory_level=1)
    shop.watch()
    body = {"billing_address": {"zip": "78701"}, "products": [{"product_id": hammer, "quantity": 2}]}
    assert shop.post("/v2/orders", body).status == 409
    assert shop.events() == []
