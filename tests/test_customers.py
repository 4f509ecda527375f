"""Customers in both versions (rules 22, 23, 25, 97 to 99, 102)."""

from __future__ import annotations

from typing import Any

import pytest

from people import HOME, JANE
from shop import Reply, Shop

V3 = "/v3/customers"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def made(shop: Shop, **more: Any) -> int:
    """A new customer's id."""
    reply = shop.post(V3, [{**JANE, **more}])
    assert reply.status == 200, reply.body
    return int(reply.data[0]["id"])


def many(shop: Shop, count: int) -> list[int]:
    """The ids of so many new customers."""
    ids: list[int] = []
    for first in range(0, count, 10):
        names = range(first, min(first + 10, count))
        reply = shop.post(
            V3, [{"email": f"c{n}@example.com", "first_name": f"N{n}", "last_name": f"L{count - n:03}"} for n in names]
        )
        assert reply.status == 200, reply.body
        ids += [one["id"] for one in reply.data]
    return ids


def test_a_customer_goes_in_by_one_version_and_comes_out_by_both(shop: Shop) -> None:
    """Rules 16, 17, 97, 99: one customer, two forms."""
    shop.freeze(1_400_000_000)
    reply = shop.post(V3, [{**JANE, "company": "Acme", "store_credit_amounts": [{"amount": 43.15}]}])
    assert reply.status == 200
    assert reply.data == [
        {
            "id": 1,
            "email": "jane@example.com",
            "first_name": "Jane",
            "last_name": "Doe",
            "company": "Acme",
            "phone": "",
            "registration_ip_address": "",
            "notes": "",
            "tax_exempt_category": "",
            "customer_group_id": 0,
            "date_created": "2014-05-13T16:53:20Z",
            "date_modified": "2014-05-13T16:53:20Z",
            "authentication": {"force_password_reset": False},
            "accepts_product_review_abandoned_cart_emails": False,
            "origin_channel_id": 1,
            "channel_ids": None,
            "address_count": 0,
            "attribute_count": 0,
            "store_credit_amounts": [{"amount": 43.15}],
        }
    ]
    assert shop.get(V3 + "?id:in=1&include=storecredit").data == reply.data
    shown = shop.get("/v2/customers/1").json
    links = shown.pop("addresses")
    assert links["resource"] == "/customers/1/addresses"
    assert links["url"].endswith("/v2/customers/1/addresses")
    assert shown == {
        "id": 1,
        "company": "Acme",
        "first_name": "Jane",
        "last_name": "Doe",
        "email": "jane@example.com",
        "phone": "",
        "date_created": "Tue, 13 May 2014 16:53:20 +0000",
        "date_modified": "Tue, 13 May 2014 16:53:20 +0000",
        "store_credit": "43.1500",
        "registration_ip_address": "",
        "customer_group_id": 0,
        "notes": "",
        "tax_exempt_category": "",
        "accepts_marketing": False,
        "form_fields": None,
        "reset_pass_on_login": False,
    }
    changed = shop.put("/v2/customers/1", {"store_credit": "12.5", "notes": "Likes trains"})
    assert (changed.status, changed.json["store_credit"]) == (200, "12.5000")
    assert shop.get(V3 + "?include=storecredit").data[0]["store_credit_amounts"] == [{"amount": 12.5}]
    assert shop.get(V3).data[0]["notes"] == "Likes trains"


def test_xml_goes_in_and_comes_out(shop: Shop) -> None:
    """Rule 15: lists are values, objects elements; the password goes in and never comes out."""
    as_xml = {"content-type": "application/xml", "accept": "application/xml"}
    rule = b"<value><type>all</type><method>percent</method><amount>5</amount></value>"
    group = b"<customer_group><name>Wholesale</name><discount_rules>" + rule + b"</discount_rules></customer_group>"
    made = shop.request("POST", "/v2/customer_groups", body=group, headers=as_xml)
    assert (made.status, b"<amount>5.0000</amount>" in made.body) == (200, True), made.body
    words = b"<password>sesame1</password><force_reset>true</force_reset>"
    names = b"<email>j@example.com</email><first_name>J</first_name><last_name>D</last_name>"
    person = b"<customer>" + names + b"<_authentication>" + words + b"</_authentication></customer>"
    reply = shop.request("POST", "/v2/customers", body=person, headers=as_xml)
    assert reply.status == 200, reply.body
    assert b'<addresses><link rel="resource"' in reply.body
    assert (b"<reset_pass_on_login>true" in reply.body, b"sesame1" in reply.body) == (True, False)


def test_a_v2_customer_is_created_counted_and_deleted(shop: Shop) -> None:
    """Rule 97; the published status of a create is 200."""
    reply = shop.post("/v2/customers", JANE)
    assert (reply.status, reply.json["id"]) == (200, 1)
    assert shop.get("/v2/customers/count").json == {"count": 1}
    assert b"<customer><id>1</id>" in shop.get("/v2/customers/1.xml").body
    assert shop.delete("/v2/customers/1").status == 204
    assert shop.get("/v2/customers").status == 204  # rule 7


REFUSED: list[tuple[str, str, Any, int, str]] = [
    # rule 97: what is required, and what an address looks like
    ("POST", V3, [{"first_name": "A", "last_name": "B"}], 422, "FIELD_MISSING"),
    ("POST", V3, [{**JANE, "email": "x" * 250 + "@example.com"}], 422, "FIELD_INVALID"),
    ("POST", V3, [{**JANE, "email": "nobody"}], 422, "FIELD_INVALID"),
    ("POST", V3, [{**JANE, "first_name": " "}], 422, "FIELD_INVALID"),
    ("POST", "/v2/customers", {"first_name": "A", "last_name": "B"}, 400, "FIELD_MISSING"),
    # rule 97: the e-mail address is one customer's, whatever its case
    ("POST", V3, [{**JANE, "email": "JANE@example.com"}], 422, "LIST_REFUSED"),
    ("PUT", V3, [{"id": 2, "email": "Jane@example.com"}], 422, "LIST_REFUSED"),
    ("POST", "/v2/customers", {**JANE, "email": "JANE@example.com"}, 409, "DUPLICATE"),
    # rule 99
    ("PUT", "/v2/customers/1", {"accepts_marketing": True}, 400, "FIELD_READ_ONLY"),
    ("PUT", "/v2/customers/1", {"addresses": []}, 400, "FIELD_READ_ONLY"),
    ("PUT", "/v2/customers/1", {"date_created": ""}, 400, "FIELD_READ_ONLY"),
    # rule 25
    ("POST", V3, [JANE] * 11, 413, "TOO_MANY_ITEMS"),
    ("PUT", V3, [{"id": 1}] * 11, 413, "TOO_MANY_ITEMS"),
    # rule 102
    ("PUT", V3, [{"id": 1, "origin_channel_id": 2}], 422, "FIELD_READ_ONLY"),
    ("PUT", V3, [{"id": 1, "channel_ids": []}], 422, "FIELD_INVALID"),
    ("PUT", V3, [{"id": 1, "channel_ids": [7]}], 422, "LIST_REFUSED"),
    ("POST", V3, [{**JANE, "email": "a@b.c", "origin_channel_id": 7}], 422, "LIST_REFUSED"),
    ("PUT", V3, [{"id": 1, "customer_group_id": 7}], 422, "LIST_REFUSED"),
    ("PUT", "/v2/customers/1", {"customer_group_id": 7}, 400, "DANGLING_REFERENCE"),
    ("PUT", V3, [{"id": 9, "first_name": "A"}], 422, "LIST_REFUSED"),
    ("PUT", V3, [{"first_name": "A"}], 422, "FIELD_MISSING"),
    ("PUT", V3, {"id": 1}, 422, "FIELD_INVALID"),
    ("PUT", V3, [{"id": 1, "store_credit_amounts": [{"amount": -1}]}], 422, "FIELD_INVALID"),
    ("PUT", V3, [{"id": 1, "store_credit_amounts": [{"amount": 1}, {"amount": 2}]}], 422, "FIELD_INVALID"),
    # rule 20
    ("GET", V3 + "?name:min=a", None, 422, "FILTER_REFUSED"),
    ("GET", V3 + "?sort=last_name", None, 422, "QUERY_INVALID"),
    ("GET", V3 + "?include=orders", None, 422, "QUERY_INVALID"),
    ("DELETE", V3 + "?email:in=jane@example.com", None, 422, "FILTER_REFUSED"),
    ("DELETE", V3 + "?id:in=x", None, 422, "QUERY_INVALID"),
    ("GET", "/v2/customers/9", None, 404, "NO_SUCH_ENTITY"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    made(shop)
    made(shop, email="john@example.com")
    before = shop.get(V3).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert shop.get(V3).body == before


def test_one_bad_item_keeps_the_whole_list_from_being_saved(shop: Shop) -> None:
    """Rule 97: a batch fails whole, 422, and says which item it was and who has the address."""
    made(shop)
    reply = shop.post(V3, [{**JANE, "email": "new@example.com"}, JANE])
    assert (reply.status, reply.reason) == (422, "LIST_REFUSED")
    assert list(reply.json["errors"]) == [".customer_create"]
    assert (reply.json["details"]["item"], shop.rows("customers")) == (1, 1)
    changed = shop.put(V3, [{"id": 1, "company": "Acme"}, {"id": 8, "company": "Acme"}])
    assert (changed.status, list(changed.json["errors"])) == (422, [".customer_update"])
    assert shop.get(V3).data[0]["company"] == ""
    twice = shop.post(V3, [{**JANE, "email": "twin@example.com"}, {**JANE, "email": "TWIN@example.com"}])
    assert (twice.status, shop.rows("customers")) == (422, 1)


def test_a_plan_holds_so_many_customers(shop: Shop) -> None:
    """Design section 1, step 16: 507 for the plan, and nobody of the list is saved."""
    shop.change(limits={"customers": 1})
    reply = shop.post(V3, [JANE, {**JANE, "email": "john@example.com"}])
    shop.change(limits={})
    assert (reply.status, reply.reason, shop.rows("customers")) == (507, "PLAN_LIMIT_REACHED", 0)


def test_a_conflict_in_a_list_is_told_before_a_limit_and_after_a_bad_field(shop: Shop) -> None:
    """Design section 1, steps 15 and 16; rule 97."""
    made(shop)
    shop.change(limits={"customers": 1})
    told = [shop.post(V3, body).reason for body in ([JANE, {"email": "x"}], [JANE], [{**JANE, "email": "a@b.c"}])]
    shop.change(limits={})
    assert told == ["FIELD_MISSING", "LIST_REFUSED", "PLAN_LIMIT_REACHED"]


def test_a_put_changes_what_it_names_and_takes_whole_objects_back(shop: Shop) -> None:
    """Rule 19; clients send back what they read, with members that cannot be written."""
    made(shop, phone="1")
    whole = shop.get(V3 + "?include=addresses,storecredit,attributes,formfields").data[0]
    reply = shop.put(V3, [{**whole, "company": "Acme", "_authentication": {"force_reset": True}}])
    assert reply.status == 200, reply.body
    assert (reply.data[0]["company"], reply.data[0]["phone"]) == ("Acme", "1")


LISTED = [
    ("?email:in=JANE@example.com,nobody@example.com", ["Jane"]),
    ("?name:in=john DOE", ["John"]),
    ("?name:like=oe,mit", ["Jane", "John", "Ann"]),
    ("?name:like=ane d", ["Jane"]),
    ("?company:in=Acme", ["John"]),
    ("?phone:in=1,2", ["John"]),
    ("?customer_group_id:in=0&id:in=2,3", ["John", "Ann"]),
    ("?sort=last_name:desc", ["Ann", "John", "Jane"]),
    ("?sort=date_created:desc&limit=1", ["Ann"]),
    ("?date_created:min=2014-05-14", ["Ann"]),
    ("?date_created:max=2014-05-14", ["Jane", "John", "Ann"]),
    ("?registration_ip_address:in=10.0.0.1", ["John"]),
]


@pytest.fixture
def people(shop: Shop) -> Shop:
    """Three customers; the last came a day later."""
    shop.freeze(1_400_000_000)
    made(shop)
    made(shop, email="john@example.com", first_name="John", company="Acme", phone="1")
    shop.put("/v2/customers/2", {"registration_ip_address": "10.0.0.1"})
    shop.freeze(1_400_086_400)
    made(shop, email="ann@example.com", first_name="Ann", last_name="smith")
    return shop


@pytest.mark.parametrize(("query", "names"), LISTED)
def test_a_list_shows_who_was_asked_for(people: Shop, query: str, names: list[str]) -> None:
    """Rules 20 and 21; filters of the published table."""
    assert [one["first_name"] for one in people.get(V3 + query).data] == names


V2_LISTED = [
    ("?email=JANE@example.com", ["Jane"]),
    ("?last_name=Doe&min_id=2", ["John"]),
    ("?company=Acme", ["John"]),
    ("?phone=1", ["John"]),
    ("?store_credit=0&max_id=1", ["Jane"]),
    ("?customer_group_id=0&min_date_created=2014-05-14", ["Ann"]),
]


@pytest.mark.parametrize(("query", "names"), V2_LISTED)
def test_a_v2_list_shows_who_was_asked_for(people: Shop, query: str, names: list[str]) -> None:
    """Filters of the published table."""
    found = people.get("/v2/customers" + query).json
    assert [one["first_name"] for one in found] == names
    assert people.get("/v2/customers/count" + query).json == {"count": len(names)}


def _all_by_cursor(shop: Shop, limit: int) -> list[int]:
    ids: list[int] = []
    path = f"{V3}?limit={limit}"
    while True:
        page = shop.get(path).json
        ids += [one["id"] for one in page["data"]]
        cursors = page["meta"]["cursor_pagination"]
        if "next" not in cursors["links"]:
            return ids
        path = V3 + cursors["links"]["next"]


def test_pages_are_walked_by_number_and_by_cursor(shop: Shop) -> None:
    """contract/wire.md 3: page 1 tells both, later pages their number, `after` only the cursor."""
    ids = many(shop, 23)
    assert _all_by_cursor(shop, 5) == ids
    first, second = shop.get(V3 + "?limit=10").json["meta"], shop.get(V3 + "?limit=10&page=2").json["meta"]
    assert (set(first), set(second)) == ({"pagination", "cursor_pagination"}, {"pagination"})
    assert (first["pagination"]["total"], first["pagination"]["total_pages"]) == (23, 3)
    after = shop.get(f"{V3}?limit=10&after={first['cursor_pagination']['end_cursor']}").json
    assert set(after["meta"]) == {"cursor_pagination"}
    assert [one["id"] for one in after["data"]] == ids[10:20]
    back = shop.get(f"{V3}?limit=10&before={after['meta']['cursor_pagination']['start_cursor']}").data
    assert [one["id"] for one in back] == ids[:10]
    assert shop.get(V3 + "?limit=10&page=4").json["data"] == []


def test_a_delete_takes_who_it_names_and_nobody_without_a_name(shop: Shop) -> None:
    """Rules 22 and 24: without id:in 204 and nothing happens; ids that nobody has are fine."""
    many(shop, 4)
    assert shop.delete(V3).status == 204
    assert shop.rows("customers") == 4
    assert shop.delete(V3 + "?id:in=2,3,99").status == 204
    assert [one["id"] for one in shop.get(V3).data] == [1, 4]


def test_a_v2_delete_without_a_filter_takes_all_and_with_one_a_hundred(shop: Shop) -> None:
    """Rules 22 and 23."""
    many(shop, 120)
    assert shop.delete("/v2/customers?min_id=1").status == 204
    assert shop.rows("customers") == 20
    assert shop.delete("/v2/customers").status == 204
    assert shop.rows("customers") == 0


def test_all_that_hangs_on_a_customer_goes_with_them(shop: Shop) -> None:
    """And the table statistics knows it: the next totals are right."""
    shop.post("/v3/customers/attributes", [{"name": "Age", "type": "number"}])
    whole = {
        "addresses": [{**HOME, "form_fields": [{"name": "Door", "value": "left"}]}],
        "attributes": [{"attribute_id": 1, "attribute_value": "7"}],
        "form_fields": [{"name": "Size", "value": "L"}],
    }
    customer = made(shop, **whole)
    shop.put(f"/v3/customers/{customer}/consent", {"allow": ["essential"]})
    field = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "app_only"}
    shop.post(f"/v3/customers/{customer}/metafields", field)
    hanging = "customer_addresses customer_attribute_values form_field_values customer_consents customer_metafields"
    assert [shop.rows(table) for table in hanging.split()] == [1, 1, 2, 1, 1]
    assert shop.delete(f"{V3}?id:in={customer}", token=shop.account()).status == 204
    assert [shop.rows(table) for table in hanging.split()] == [0, 0, 0, 0, 0]
    assert shop.get("/v3/customers/addresses").json["meta"]["pagination"]["total"] == 0


def test_a_new_customer_brings_addresses_attributes_and_answers(shop: Shop) -> None:
    """The reply shows what the body brought; each can be asked for later."""
    shop.post("/v3/customers/attributes", [{"name": "Age", "type": "number"}])
    reply = shop.post(
        V3,
        [
            {
                **JANE,
                "addresses": [{**HOME, "id": 99, "form_fields": [{"name": "Door", "value": ["left", "blue"]}]}],
                "attributes": [{"attribute_id": 1, "attribute_value": "42"}],
                "form_fields": [{"name": "Size", "value": "L"}, {"name": "Shoe", "value": 42.5}],
            }
        ],
    )
    assert reply.status == 200, reply.body
    (jane,) = reply.data
    assert (jane["address_count"], jane["attribute_count"]) == (1, 1)
    (home,) = jane["addresses"]
    assert (home["id"], home["customer_id"], home["country"]) == (1, 1, "United States")
    assert home["form_fields"] == [{"address_id": 1, "name": "Door", "value": ["left", "blue"]}]
    assert [(one["attribute_id"], one["attribute_value"]) for one in jane["attributes"]] == [(1, "42")]
    assert jane["form_fields"] == [
        {"customer_id": 1, "name": "Size", "value": "L"},
        {"customer_id": 1, "name": "Shoe", "value": 42.5},
    ]
    asked = "addresses,attributes,formfields,storecredit,shopper_profile_id,segment_ids"
    whole = shop.get(f"{V3}?include={asked}").data[0]
    assert {name: whole[name] for name in jane} == jane
    assert (whole["shopper_profile_id"], whole["segment_ids"]) == (None, [])
    plain = shop.get(V3).data[0]
    assert not {"addresses", "attributes", "form_fields", "store_credit_amounts"} & set(plain)
    assert shop.get("/v2/customers/1").json["form_fields"] == [
        {"name": "Size", "value": "L"},
        {"name": "Shoe", "value": "42.5"},
    ]


BAD_PARTS: list[tuple[dict[str, Any], str]] = [
    ({"addresses": [{**HOME, "country_code": "XX"}]}, "0.country_code"),
    ({"addresses": [{"city": "Austin"}]}, "0.addresses.0.first_name"),
    ({"addresses": [HOME] * 11}, "0.addresses"),
    ({"addresses": [HOME, HOME]}, ".customer_create"),
    ({"attributes": [{"attribute_id": 9, "attribute_value": "x"}]}, ".customer_create"),
    ({"form_fields": [{"name": "Size", "value": {"a": 1}}]}, "0.form_fields.0.value"),
    ({"form_fields": [{"name": "Size", "value": True}]}, "0.form_fields.0.value"),
]


@pytest.mark.parametrize(("part", "field"), BAD_PARTS)
def test_a_bad_part_keeps_the_customer_out(shop: Shop, part: dict[str, Any], field: str) -> None:
    """Rules 21 and 97: the fault is named, and nothing is left behind."""
    reply = shop.post(V3, [{**JANE, **part}])
    assert reply.status == 422, reply.body
    assert field in reply.json["errors"], reply.json["errors"]
    assert (shop.rows("customers"), shop.rows("customer_addresses"), shop.rows("form_field_values")) == (0, 0, 0)


def test_a_put_leaves_addresses_and_attributes_alone_and_takes_answers(shop: Shop) -> None:
    """customers.v3: sub-resources are not updated by a customer's PUT, form fields are."""
    made(shop, addresses=[HOME], form_fields=[{"name": "Size", "value": "L"}])
    reply = shop.put(
        V3,
        [{"id": 1, "addresses": [{"city": "x"}], "form_fields": [{"name": "Size", "value": "M"}]}],
    )
    assert (reply.status, reply.data[0]["form_fields"][0]["value"]) == (200, "M")
    assert shop.get("/v3/customers/addresses").data[0]["city"] == "Austin"
    assert shop.rows("form_field_values") == 1


def test_answers_beside_addresses_are_shown_inside_these_as_well(shop: Shop) -> None:
    """The reply to a write shows what its body brought as a GET that asks for both does."""
    body = {**JANE, "addresses": [HOME], "form_fields": [{"name": "Size", "value": "L"}]}
    told = shop.post(V3, [body]).data[0]
    assert [address["form_fields"] for address in told["addresses"]] == [[]]
    asked = shop.get(f"{V3}?include=addresses,formfields").data[0]
    assert asked["addresses"] == told["addresses"]
    assert "form_fields" not in shop.get(f"{V3}?include=addresses").data[0]["addresses"][0]


def test_a_customer_of_a_channel_without_global_logins_belongs_to_it(shop: Shop) -> None:
    """Rule 102: channel_ids; the default storefront takes global logins, others do not."""
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "custom"})
    assert shop.post(V3, [{**JANE, "origin_channel_id": 2}]).data[0]["channel_ids"] == [2]
    shop.put("/v3/customers/settings/channels/2", {"allow_global_logins": True})
    assert shop.post(V3, [{**JANE, "email": "b@c.d", "origin_channel_id": 2}]).data[0]["channel_ids"] is None
    assert shop.put(V3, [{"id": 1, "channel_ids": [1, 2, 1]}]).data[0]["channel_ids"] == [1, 2]


def test_a_list_that_was_read_is_known_again(shop: Shop) -> None:
    """RFC 9110 13.1.2: the entity tag moves with what is shown inside."""
    made(shop)
    etag = shop.get(V3).headers["etag"]
    assert shop.get(V3, headers={"If-None-Match": etag}).status == 304
    shop.post("/v3/customers/addresses", [{**HOME, "customer_id": 1}])
    again: Reply = shop.get(V3, headers={"If-None-Match": etag})
    assert (again.status, again.data[0]["address_count"]) == (200, 1)
    etag = shop.get("/v2/customers/1").headers["etag"]
    shop.put("/v3/customers/form-field-values", [{"customer_id": 1, "name": "Size", "value": "L"}])
    assert shop.get("/v2/customers/1", headers={"If-None-Match": etag}).json["form_fields"]
