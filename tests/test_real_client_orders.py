"""The official Python client, unmodified, with orders and what belongs to them, over HTTPS on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from bigcommerce.api import BigcommerceApi
from bigcommerce.exception import ClientRequestException

from served import Served, Store
from test_real_client import connect, product, served

__all__ = ["served"]
BUYER = {"first_name": "Jane", "last_name": "Doe", "zip": "78701", "country": "United States", "email": "j@shop.test"}
STOCK = {"inventory_tracking": "simple", "inventory_level": 20}


@pytest.fixture(scope="module")
def store(served: Served) -> Store:
    """One store for all of them."""
    return served.store()


@pytest.fixture(params=["oauth", "basic"])
def api(store: Store, request: pytest.FixtureRequest) -> Iterator[BigcommerceApi]:
    """A client of the emptied store, as an app and as a script of old."""
    store.run("store reset HASH")
    client = connect(store, str(request.param))
    with closing(client.connection._session):
        yield client


def place(api: BigcommerceApi, *products: Any, **more: Any) -> Any:
    """A new order."""
    line = {"name": "Assembly", "quantity": 1, "price_ex_tax": "5.00", "price_inc_tax": "6.00"}
    return api.Orders.create(billing_address=BUYER, products=list(products) or [line], **more)


def test_an_order_is_placed_read_changed_counted_listed_and_put_away(api: BigcommerceApi) -> None:
    """Rules 74 to 84."""
    hammer = product(api, "Hammer", **STOCK)
    order = place(api, {"product_id": hammer.id, "quantity": 3}, status_id=11)
    assert (order.status, order.total_inc_tax, order.order_source) == ("Awaiting Fulfillment", "30.0000", "external")
    assert api.Orders.get(order.id) == order
    assert api.Products.get(hammer.id).inventory_level == 17
    changed = order.update(staff_notes="Fragile", products=[{"id": order.products()[0].id, "quantity": 5}])
    assert (changed.total_inc_tax, changed.staff_notes) == ("50.0000", "Fragile")
    place(api)
    assert api.Orders.count() == len(list(api.Orders.iterall())) == 2
    assert [one.id for one in api.Orders.all(status_id=11)] == [order.id]
    assert [one.id for one in api.Orders.all(sort="date_created:desc", limit=1)]
    assert changed.delete() == {}
    assert api.Orders.count() == 1
    assert api.Orders.delete_all() == {}
    assert (api.Orders.count(), list(api.Orders.iterall())) == (0, [])


def test_what_belongs_to_an_order_is_found_below_it(api: BigcommerceApi) -> None:
    """`contract/clients.md`: sub-resources echo the id of their order, and lines have their options."""
    order = place(api, shipping_cost_ex_tax=4, shipping_cost_inc_tax=5)
    line, address, tax = order.products()[0], order.shipping_addresses()[0], order.taxes()[0]
    assert {line.order_id, address.order_id, tax.order_id} == {order.id}
    assert (line.product_options, address.cost_inc_tax) == ([], "5.0000")
    assert order.products(line.id) == line
    assert order.shipping_addresses(address.id) == address
    counted = [api.OrderProducts.count(), api.OrderShippingAddresses.count(), api.OrderShipments.count()]
    assert counted == [1, 1, 0]
    for nothing in (order.coupons(), order.messages(), order.shipments()):
        assert set(nothing) == {"_connection"}, "204 is an empty object to this client"


def test_an_order_is_shipped(api: BigcommerceApi) -> None:
    """Rule 89."""
    order = place(api, {"product_id": product(api, "Hammer").id, "quantity": 2}, status_id=11)
    items = [{"order_product_id": order.products()[0].id, "quantity": 1}]
    address = order.shipping_addresses()[0].id
    made = api.OrderShipments.create(order.id, order_address_id=address, items=items, tracking_number="1Z")
    assert api.Orders.get(order.id).status == "Partially Shipped"
    assert made.update(comments="At the door").comments == "At the door"
    with pytest.raises(ClientRequestException, match=r"^400 ") as caught:
        api.OrderShipments.create(order.id, order_address_id=address, items=[{**items[0], "quantity": 2}])
    assert b'"available_quantity":1' in caught.value.content
    api.OrderShipments.create(order.id, order_address_id=address, items=items)
    assert api.Orders.get(order.id).status == "Shipped"
    assert api.OrderShipments.count(order.id) == len(order.shipments()) == 2
    assert made.delete() == {}
    assert api.OrderShipments.delete_all(order.id) == {}
    assert api.OrderShipments.count(order.id) == 0


def test_links_of_an_order_are_followed_as_connectors_do(api: BigcommerceApi) -> None:
    """`contract/clients.md`: they GET the absolute url of products, shipping_addresses and coupons."""
    order = api.connection.get("orders", place(api).id)  # its own mapping hides members that are methods, too
    for name, status in (("products", 200), ("shipping_addresses", 200), ("coupons", 204)):
        url = order[name]["url"]
        reply = api.connection._session.get(url)
        assert reply.status_code == status
        assert urlsplit(url).netloc == api.connection.host
        assert not reply.content or reply.json()[0]["order_id"] == order["id"]


def test_an_order_that_cannot_be_is_an_exception(api: BigcommerceApi) -> None:
    hammer = product(api, "Hammer", **STOCK)
    faults = [
        ({"products": [{"product_id": hammer.id, "quantity": 21}]}, 409),
        ({"products": [{"product_id": 99, "quantity": 1}]}, 400),
        ({"products": []}, 400),
        ({"status": "Shipped"}, 400),
    ]
    for more, status in faults:
        line = {"product_id": hammer.id, "quantity": 1}
        with pytest.raises(ClientRequestException) as caught:
            api.Orders.create(**{"billing_address": BUYER, "products": [line], **more})
        assert caught.value.status_code == status
    assert (api.Products.get(hammer.id).inventory_level, api.Orders.count()) == (20, 0)


def test_buyers_on_many_connections_never_buy_more_than_there_is(api: BigcommerceApi, store: Store) -> None:
    """Rule 79: on PostgreSQL two processes take the orders."""
    hammer = product(api, "Hammer", **STOCK)
    account = store.account("--requests-per-window 10000")

    def buy(_number: int) -> int:
        client = BigcommerceApi(client_id=account["client_id"], store_hash=store.hash, access_token=account["token"])
        with closing(client.connection._session):
            try:
                place(client, {"product_id": hammer.id, "quantity": 1})
            except ClientRequestException as refused:
                return int(refused.status_code)
        return requests.codes.ok

    with ThreadPoolExecutor(10) as buyers:
        told = list(buyers.map(buy, range(30)))
    assert (told.count(200), told.count(409)) == (20, 10)
    assert (api.Products.get(hammer.id).inventory_level, api.Orders.count()) == (0, 20)


def test_coupons_go_round(api: BigcommerceApi) -> None:
    """Rule 105."""
    everything = {"entity": "categories", "ids": [0]}
    made = api.Coupons.create(name="Sale", code="SALE", type="percentage_discount", amount="5", applies_to=everything)
    assert api.Coupons.get(made.id) == made
    assert api.Coupons.all(code="SALE")[0].id == made.id
    assert made.delete() == {}
