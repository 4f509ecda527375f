"""Customers and their groups in the panel."""

from __future__ import annotations

import re

import pytest

from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message, new_id

ADA = {"first_name": "Ada", "last_name": "Example", "email": "ada@example.com"}
HOME = {"first_name": "Ada", "last_name": "Example", "street_1": "1 High Street", "city": "London",
        "country": "United Kingdom"}  # fmt: skip


def test_a_customer_is_made_changed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    group = shop.post("/v2/customer_groups", {"name": "Trade"}).json["id"]
    form = browser.get(f"{base(shop)}/customers/new")
    key = new_id(browser.post(form, "/customers", **ADA, customer_group_id=str(group), store_credit="2.5"))
    made = shop.get(f"/v2/customers/{key}").json
    assert (made["first_name"], made["customer_group_id"], made["store_credit"]) == ("Ada", group, "2.5000")
    page = browser.get(f"{base(shop)}/customers/{key}")
    assert browser.post(page, f"/customers/{key}").header("location").endswith("done=unchanged")
    assert browser.post(page, f"/customers/{key}", notes="Likes\r\ntea").status == 303
    assert shop.get(f"/v2/customers/{key}").json["notes"] == "Likes\ntea"
    assert browser.post(browser.get(f"{base(shop)}/customers/{key}"), "/delete").status == 303
    assert shop.get(f"/v2/customers/{key}").status == 404


WRONG = [({"email": "nobody"}, "email"), ({"email": "GRACE@example.com"}, "email"), ({"first_name": ""}, "first_name"),
         ({"store_credit": "a lot"}, "store_credit")]  # fmt: skip


@pytest.mark.parametrize(("typed", "field"), WRONG)
def test_what_the_api_refuses_is_told_beside_the_field(shop: Shop, typed: dict[str, str], field: str) -> None:
    browser = signed_in(shop)
    shop.post("/v2/customers", {**ADA, "email": "grace@example.com"})
    key = shop.post("/v2/customers", ADA).json["id"]
    page = browser.post(browser.get(f"{base(shop)}/customers/{key}"), f"/customers/{key}", phone="12345", **typed)
    assert (page.status, bool(message(page))) == (422, True)
    assert page.form(f"/customers/{key}").fields["phone"] == "12345"
    assert shop.get(f"/v2/customers/{key}").json["phone"] == ""


FOUND = [("?q=ada", ["Ada Example"]), ("?q=GRACE@example.com", ["Grace Example"]), ("?q=nobody", []),
         ("?group=1", ["Grace Example"]), ("?group=0", ["Ada Example"])]  # fmt: skip


@pytest.mark.parametrize(("query", "names"), FOUND)
def test_customers_are_found_by_name_address_and_group(shop: Shop, query: str, names: list[str]) -> None:
    browser = signed_in(shop)
    shop.post("/v2/customer_groups", {"name": "Trade"})
    shop.post("/v2/customers", ADA)
    grace = {**ADA, "first_name": "Grace", "email": "grace@example.com", "customer_group_id": 1}
    shop.post("/v2/customers", grace)
    page = browser.get(f"{base(shop)}/customers{query}")
    assert (page.status, re.findall(r'<a class="whole break" [^>]+>([^<]+)<', page.text)) == (200, names)


def test_addresses_are_added_changed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post("/v2/customers", ADA).json["id"]
    here, path = f"{base(shop)}/customers/{key}", f"/v2/customers/{key}/addresses"
    page = browser.post(browser.get(here), "/addresses", **{f"new.{name}": text for name, text in HOME.items()})
    assert page.status == 303, message(page)
    (address,) = shop.get(path).json
    assert (address["country_iso2"], address["phone"], address["state"]) == ("GB", "", "")
    twice = browser.post(browser.get(here), "/addresses", **{f"new.{name}": text for name, text in HOME.items()})
    assert (twice.status, bool(message(twice))) == (422, True)
    one = f"/addresses/{address['id']}"
    nowhere = browser.post(browser.get(here), one, **{f"a{address['id']}.country": "Atlantis"})
    assert any("name of a country" in text for text in message(nowhere)), message(nowhere)
    assert browser.post(browser.get(here), one, **{f"a{address['id']}.city": "Leeds"}).status == 303
    assert shop.get(path).json[0]["city"] == "Leeds"
    form = browser.get(here).form(one)
    assert browser.ask("POST", form.action + "/delete", form.fields).status == 303
    assert shop.get(path).status == 204


def test_a_password_is_set_and_never_shown(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post("/v2/customers", ADA).json["id"]
    here = f"{base(shop)}/customers/{key}"
    page = browser.follow(browser.post(browser.get(here), "/password", password=" a new 1 ", reset="true"))
    assert "a new 1" not in page.text
    valid = shop.post("/v3/customers/validate-credentials", {"email": ADA["email"], "password": " a new 1 "})
    assert valid.json["is_valid"] is True
    assert shop.get(f"/v2/customers/{key}").json["reset_pass_on_login"] is True


def test_what_the_store_likes_to_know_is_answered_and_forgotten(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.post("/v3/customers/attributes", [{"name": "Shoe size", "type": "number"}, {"name": "Pet", "type": "string"}])
    key = shop.post("/v2/customers", ADA).json["id"]
    here = f"{base(shop)}/customers/{key}"
    values = f"/v3/customers/attribute-values?customer_id:in={key}"
    page = browser.post(browser.get(here), "/attributes", **{"attribute.1": "42", "attribute.2": "cat"})
    assert page.status == 303, message(page)
    assert [one["attribute_value"] for one in shop.get(values).data] == ["42", "cat"]
    wrong = browser.post(browser.get(here), "/attributes", **{"attribute.1": "large"})
    assert (wrong.status, bool(message(wrong))) == (422, True)
    browser.post(browser.get(here), "/attributes", **{"attribute.1": "", "attribute.2": "dog"})
    assert [one["attribute_value"] for one in shop.get(values).data] == ["dog"]


def test_groups_are_made_with_so_much_off_and_keep_their_other_prices(shop: Shop) -> None:
    browser = signed_in(shop)
    shelf = shop.post("/v3/catalog/categories", {"name": "Light", "parent_id": 0}).data["id"]
    page = browser.post(
        browser.get(f"{base(shop)}/customer-groups/new"), "/customer-groups", name="Trade", percent="10"
    )
    assert page.status == 303, message(page)
    (group,) = shop.get("/v2/customer_groups").json
    assert group["discount_rules"] == [{"type": "all", "method": "percent", "amount": "10.0000"}]
    other = {"type": "category", "category_id": shelf, "method": "price", "amount": "3.0000"}
    shop.put(f"/v2/customer_groups/{group['id']}", {"discount_rules": [other, *group["discount_rules"]]})
    here = f"{base(shop)}/customer-groups/{group['id']}"
    assert browser.post(browser.get(here), here).header("location").endswith("done=unchanged")
    browser.post(browser.get(here), here, percent="", is_default="true")
    (group,) = shop.get("/v2/customer_groups").json
    assert (group["discount_rules"], group["is_default"]) == ([other], True)
    wrong = browser.post(browser.get(here), here, percent="101")
    assert any("100 per cent" in text for text in message(wrong)), message(wrong)
    assert browser.post(browser.get(here), "/delete").status == 303
    assert shop.get("/v2/customer_groups").status == 204
