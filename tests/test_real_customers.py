"""Public clients, unmodified, with the customers of a started server: `test_real_client.py` says how they come here."""

# ruff: noqa: F811 - a fixture that is imported is used by its name

from typing import Any

import bigc
import bigc.exceptions
import pytest
from bigcommerce.api import BigcommerceApi
from bigcommerce.exception import ClientRequestException

from test_real_client import api, kind, second, served, shared, store  # noqa: F401 - fixtures

JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
HOME = {
    "first_name": "Jane",
    "last_name": "Doe",
    "street_1": "1 Main Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country": "United States",
    "phone": "1",
}
V3_HOME = {
    "first_name": "Jane",
    "last_name": "Doe",
    "address1": "1 Main Street",
    "city": "Austin",
    "state_or_province": "Texas",
    "postal_code": "78701",
    "country_code": "US",
}


def test_customers_are_created_read_updated_counted_listed_and_deleted(api: BigcommerceApi) -> None:
    made = api.Customers.create(**JANE, _authentication={"password": "sesame1", "password_confirmation": "sesame1"})
    assert api.Customers.get(made.id) == made
    changed = made.update(store_credit="12.5", company="Acme")
    assert (changed.store_credit, changed.company, changed.form_fields) == ("12.5000", "Acme", None)
    assert (api.Customers.count(), api.Customers.all(email="JANE@example.com")) == (1, [changed])
    assert [one.id for one in api.Customers.iterall()] == [made.id]
    with pytest.raises(ClientRequestException, match="e-mail") as refused:
        api.Customers.create(**JANE)
    assert refused.value.status_code == 409
    made.delete()
    assert (api.Customers.count(), list(api.Customers.iterall())) == (0, [])


def test_addresses_hang_on_a_customer(api: BigcommerceApi) -> None:
    """The client finds an address again by the `customer_id` that it echoes."""
    customer = api.Customers.create(**JANE)
    home = api.CustomerAddresses.create(customer.id, **HOME)
    assert (home.customer_id, home.country_iso2) == (customer.id, "US")
    assert customer.addresses() == [home]
    assert customer.addresses(home.id) == home
    assert home.update(street_2="Upstairs").street_2 == "Upstairs"
    assert api.CustomerAddresses.count(customer.id) == 1
    home.delete()
    api.CustomerAddresses.create(customer.id, **HOME)
    api.CustomerAddresses.delete_all(customer.id)
    assert api.CustomerAddresses.count(customer.id) == 0


def test_groups_take_and_lose_members(api: BigcommerceApi) -> None:
    group = api.CustomerGroups.create(
        name="Wholesale", discount_rules=[{"type": "all", "method": "percent", "amount": "5"}]
    )
    assert group.discount_rules == [{"type": "all", "method": "percent", "amount": "5.0000"}]
    member = api.Customers.create(**JANE, customer_group_id=group.id)
    assert group.update(name="Retail").name == "Retail"
    assert (api.CustomerGroups.count(), [one.name for one in api.CustomerGroups.all()]) == (1, ["Retail"])
    group.delete()
    assert api.Customers.get(member.id).customer_group_id == 0
    api.Customers.delete_all()
    assert api.Customers.count() == 0


def test_a_second_client_does_its_round_with_customers(second: bigc.BigCommerceAPI) -> None:
    """It walks by cursor, sends V2's `_authentication` to V3, and takes an empty list for a duplicate."""
    customers = second.customers_v3
    drafts: list[dict[str, Any]] = [{**JANE, "email": f"{n}@example.com"} for n in range(10)]
    drafts[0]["_authentication"] = {"force_reset": True}
    made = [one["id"] for one in customers.create_many(drafts)]
    made.append(customers.create(JANE)["id"])
    assert [one["id"] for one in customers.all()] == made
    cursors = second.api_v3.get_many("/customers", page_size=3, cursor=True)
    assert [one["id"] for one in cursors] == made
    assert [one["id"] for one in second.api_v3.get_many("/customers", page_size=3)] == made
    assert customers.get(made[1])["email"] == "1@example.com"
    assert customers.update(made[1], {"company": "Acme"})["company"] == "Acme"
    assert customers.update_form_field(made[0], {"name": "Size", "value": "L"})["value"] == "L"
    customers.delete_many(params={"id:in": made[2:]})
    assert [one["id"] for one in customers.all()] == made[:2]
    with pytest.raises(bigc.exceptions.DoesNotExistError):
        customers.get(made[5])
    with pytest.raises(bigc.exceptions.InvalidDataError) as invalid:
        customers.create({**JANE, "email": "0@example.com"})
    assert list(invalid.value.errors) == [".customer_create"]


def test_a_second_client_keeps_addresses_and_groups(second: bigc.BigCommerceAPI) -> None:
    customers, groups = second.customers_v3, second.customer_groups_v2
    customer = customers.create(JANE)["id"]
    home = customers.create_address({**V3_HOME, "customer_id": customer})
    assert (home["country"], customers.get_address(home["id"])) == ("United States", home)
    with pytest.raises(bigc.exceptions.InvalidDataError, match="already exists"):
        customers.create_address({**V3_HOME, "customer_id": customer})
    assert customers.update_address(home["id"], {"city": "Dallas"})["city"] == "Dallas"
    assert len(list(customers.all_addresses(params={"customer_id:in": customer}))) == 1
    customers.delete_address(home["id"])
    assert list(customers.all_addresses()) == []
    group = groups.create({"name": "Wholesale", "is_default": True})
    assert groups.update(group["id"], {"name": "Retail"}) == {**groups.get(group["id"]), "name": "Retail"}
    assert customers.create({**JANE, "email": "b@example.com"})["customer_group_id"] == group["id"]
    assert [one["id"] for one in groups.all()] == [group["id"]]
    groups.delete(group["id"])
    assert list(groups.all()) == []
