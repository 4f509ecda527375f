"""A public client, unmodified, with carts, checkouts and prices of a started server: `test_real_client.py` says how it
comes here."""

# ruff: noqa: F811 - a fixture that is imported is used by its name

import bigc
import bigc.exceptions
import pytest

from test_real_client import kind, second, served, shared, store  # noqa: F401 - fixtures

ADDRESS = {
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "jane@example.com",
    "address1": "1 Main Street",
    "city": "Austin",
    "state_or_province": "Texas",
    "state_or_province_code": "TX",
    "postal_code": "78701",
    "country_code": "US",
    "phone": "1",
}


@pytest.fixture
def product(second: bigc.BigCommerceAPI) -> int:
    """A product at 10."""
    made = second.products_v3.create({"name": "Hammer", "type": "physical", "weight": 1, "price": 10})
    return int(made["id"])


def test_a_second_client_fills_a_cart_and_empties_it(second: bigc.BigCommerceAPI, product: int) -> None:
    carts = second.carts_v3
    cart = carts.create({"line_items": [{"product_id": product, "quantity": 1}]})
    assert carts.get(cart["id"])["cart_amount"] == 10
    more = carts.add_line_items(cart["id"], {"line_items": [{"product_id": product, "quantity": 2}]})
    (line,) = more["line_items"]["physical_items"]
    assert line["quantity"] == 3
    fewer = carts.update_line_item(cart["id"], line["id"], {"line_item": {"product_id": product, "quantity": 2}})
    assert fewer["cart_amount"] == 20
    links = carts.create_redirect_url(cart["id"])
    assert links["cart_url"].startswith("http")
    assert carts.update(cart["id"], {"customer_id": 0})["id"] == cart["id"]
    carts.delete_line_item(cart["id"], line["id"])
    with pytest.raises(bigc.exceptions.DoesNotExistError):
        carts.get(cart["id"])


def test_a_second_client_asks_for_prices(second: bigc.BigCommerceAPI, product: int) -> None:
    asked = {"channel_id": 1, "currency_code": "USD", "customer_group_id": 0, "items": [{"product_id": product}]}
    (found,) = second.pricing_v3.get_pricing(asked)
    assert (found["product_id"], found["calculated_price"]["as_entered"]) == (product, 10)


def test_a_second_client_turns_a_cart_into_an_order(second: bigc.BigCommerceAPI) -> None:
    song = second.products_v3.create({"name": "Song", "type": "digital", "weight": 0, "price": 3})
    cart = second.carts_v3.create({"line_items": [{"product_id": song["id"], "quantity": 2}]})
    checkouts = second.checkouts_v3
    assert checkouts.get(cart["id"])["grand_total"] == 6
    billed = checkouts.add_billing_address(cart["id"], ADDRESS)
    assert billed["billing_address"]["email"] == ADDRESS["email"]
    with pytest.raises(bigc.exceptions.BigCommerceException):
        checkouts.add_coupon(cart["id"], {"coupon_code": "NOTHING"})
    placed = checkouts.create_order(cart["id"])
    order = second.orders_v2.get(placed["id"])
    assert (float(order["total_inc_tax"]), order["items_total"]) == (6, 2)
