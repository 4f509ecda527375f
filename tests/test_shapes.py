"""The two wire forms: what V2 and V3 take, refuse and show (rules 1 to 4, 13, 15 to 19, 21)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from shop import Reply, Server, Shop

NEW = {"v2": "/v2/products", "v3": "/v3/catalog/products"}
XML = {"content-type": "application/xml", "accept": "application/xml"}
REQUIRED = {"name", "type", "price", "weight", "categories", "availability"}


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Shop]:
    """One store for all tests here that do not mind each other; it has category 1."""
    made = server.shop()
    made.category("Tools")
    yield made
    made.close()


_names = iter(range(1_000_000))


def fresh() -> str:
    """A name that no product has yet."""
    return f"Thing {next(_names)}"


def good(version: str, **more: Any) -> dict[str, Any]:
    """Everything that a new product needs."""
    body = {"name": fresh(), "type": "physical", "price": "10", "weight": 1, "availability": "available"}
    return {**body, "categories": [1], **more} if version == "v2" else {**body, "price": 10, **more}


def told(reply: Reply) -> dict[str, str]:
    """What a V2 refusal says of each field, by name."""
    assert all(set(error) <= {"status", "message", "details"} for error in reply.json)
    return {re.findall(r"'(\w+)'", error["message"])[0]: error["message"] for error in reply.json}


# Rules 1 to 4: what V2 refuses.


@pytest.mark.parametrize(
    ("path", "missing"),
    [("products", REQUIRED), ("categories", {"name"}), ("brands", {"name"})],
)
def test_v2_names_every_required_field_that_is_missing(store: Shop, path: str, missing: set[str]) -> None:
    """Rules 3 and 41."""
    reply = store.post(f"/v2/{path}", {})
    assert (reply.status, reply.reason) == (400, "FIELD_MISSING")
    assert told(reply) == {name: f"The required field '{name}' was not supplied." for name in missing}


@pytest.mark.parametrize("path", ["products", "categories", "brands"])
def test_v2_refuses_an_unknown_field(store: Shop, path: str) -> None:
    """Rule 2."""
    reply = store.post(f"/v2/{path}", {**good("v2"), "colour": "red"})
    assert (reply.status, reply.reason) == (400, "FIELD_UNKNOWN")
    assert told(reply)["colour"] == "The field 'colour' is not supported by this resource."


@pytest.mark.parametrize(
    ("path", "name", "method"),
    [
        ("products", "id", "POST"),
        ("products", "calculated_price", "POST"),
        ("products", "primary_image", "POST"),
        ("products", "images", "POST"),
        ("products", "id", "PUT"),
        ("products", "calculated_price", "PUT"),
        ("products", "rating_total", "PUT"),
        ("products", "rating_count", "PUT"),
        ("products", "number_sold", "PUT"),
        ("products", "date_created", "PUT"),
        ("products", "date_modified", "PUT"),
        ("products", "date_last_imported", "PUT"),
        ("products", "brand", "PUT"),
        ("products", "option_set", "PUT"),
        ("products", "tax_class", "PUT"),
        ("categories", "id", "POST"),
        ("categories", "parent_category_list", "PUT"),
        ("brands", "id", "PUT"),
    ],
)
def test_v2_refuses_a_read_only_field(store: Shop, path: str, name: str, method: str) -> None:
    """Rule 1; the request is rejected as a whole."""
    made = store.post(f"/v2/{path}", good("v2") if path == "products" else {"name": fresh()}).json
    target = f"/v2/{path}/{made['id']}" if method == "PUT" else f"/v2/{path}"
    reply = store.request(method, target, {"name": fresh(), name: made[name]})
    assert (reply.status, reply.json[0]["status"]) == (400, 400)
    message = f"The field '{name}' cannot be written to. Please remove it from your request before trying again."
    assert told(reply)[name] == message
    assert store.get(f"/v2/{path}/{made['id']}").json["name"] == made["name"]


@pytest.mark.parametrize("name", ["rating_total", "date_created", "number_sold", "keyword_filter"])
def test_v2_passes_over_what_the_store_keeps_itself_when_a_product_is_made(store: Shop, name: str) -> None:
    """Rule 1 lists these for PUT only, or not at all: a copied product may bring them."""
    shown = store.post("/v2/products", good("v2")).json
    made = store.post("/v2/products", good("v2", **{name: shown[name]}))
    assert made.status == 201
    assert made.json[name] == store.get(f"/v2/products/{made.json['id']}").json[name]


INVALID = [
    # member, V2 value, V3 value, the reason in words
    ("price", "ten", "ten", "price must be a number."),
    ("price", True, True, "price must be a number."),
    ("price", [1], [1], "price must be a number."),
    ("price", None, None, "price must be a number."),
    ("price", "-1", -1, "price must not be negative."),
    ("price", 10_000_000_000, 10_000_000_000, "price must be a number from 0 to 9999999999."),
    ("price", "Infinity", None, "price must be a number."),
    ("price", "one", "NaN", None),
    ("price", "sNaN", "sNaN", None),
    ("price", "1e9999999", "1e9999999", "price must be a number from 0 to 9999999999."),
    ("weight", {"kg": 1}, {"kg": 1}, "weight must be a number."),
    ("name", "", "", None),
    ("name", " \t ", " \t ", "name must not be blank."),
    ("name", "n" * 251, "n" * 251, "name must be a string of at most 250 characters."),
    ("name", ["Hammer"], ["Hammer"], "name must be a string."),
    ("name", True, True, "name must be a string."),
    ("name", "Ham\0mer", "Ham\0mer", "name must not contain the NUL character."),
    ("type", "liquid", "liquid", "type must be one of physical, digital."),
    ("type", 5, 5, "type must be one of physical, digital."),
    ("sku", "s" * 256, "s" * 256, "sku must be a string of at most 255 characters."),
    ("warranty", "w" * 70_000, "w" * 70_000, "warranty must be a string of at most 65535 characters."),
    ("search_keywords", "k" * 65_536, "k" * 65_536, "search_keywords must be a string of at most 65535 characters."),
    ("upc", "1" * 15, "1" * 15, "upc must be a string of at most 14 characters."),
    ("is_visible", "perhaps", "perhaps", "is_visible must be true or false."),
    ("is_visible", None, None, "is_visible must be true or false."),
    ("is_visible", [], [], "is_visible must be true or false."),
    ("sort_order", "first", "first", "sort_order must be a whole number."),
    ("sort_order", 1.5, 1.5, "sort_order must be a whole number."),
    ("sort_order", True, True, "sort_order must be a whole number."),
    ("sort_order", 2**31, 2**31, "sort_order must be a whole number of at most 2147483647."),
    ("sort_order", -(2**31) - 1, -(2**31) - 1, "sort_order must be a whole number of at least -2147483648."),
    ("brand_id", -1, -1, "brand_id must be a whole number of at least 0."),
    ("brand_id", 10**30, 10**30, "brand_id must be a whole number of at most 1000000000."),
    ("total_sold", 10**30, 10**30, "total_sold must be a whole number of at most 2147483647."),
    ("inventory_level", "many", "many", "inventory_level must be a whole number."),
    ("tax_class_id", 256, 256, "tax_class_id must be a whole number of at most 255."),
    ("categories", "Tools", "Tools", None),
    ("categories", ["Tools"], ["Tools"], None),
    ("categories", {"id": 1}, {"id": 1}, None),
    ("categories", [-1], [-1], "categories must be a list, each item a whole number of at least 0."),
    ("categories", [2**31], [2**31], "categories must be a list, each item a whole number of at most 2147483647."),
    ("related_products", "all", "all", None),
    ("related_products", [-2], [-2], "related_products must be a list, each item a whole number of at least -1."),
    ("preorder_release_date", "soon", "soon", "preorder_release_date must be a date, as 2026-11-22T10:00:00Z."),
    ("preorder_release_date", "2026-02-30", "2026-02-30", None),
    ("preorder_release_date", [], [], None),
    ("meta_keywords", ["a\0b"], ["a\0b"], "meta_keywords must not contain the NUL character."),
    ("custom_url", "/a\0b/", {"url": "/a\0b/"}, "custom_url must not contain the NUL character."),
    ("open_graph_title", "a\0b", "a\0b", "open_graph_title must not contain the NUL character."),
    ("description", "a\0b", "a\0b", "description must not contain the NUL character."),
    ("condition", "Broken", "Broken", "condition must be one of New, Used, Refurbished."),
]


@pytest.mark.parametrize(("name", "value", "_v3", "why"), INVALID)
def test_v2_refuses_an_invalid_value(store: Shop, name: str, value: Any, _v3: Any, why: str | None) -> None:
    """Rule 4."""
    reply = store.post("/v2/products", good("v2", **{name: value}))
    assert (reply.status, reply.reason) == (400, "FIELD_INVALID"), reply.body
    assert reply.json[0]["message"] == f"The field '{name}' is invalid."
    message = reply.json[0]["details"]["invalid_reason"]
    assert message.startswith(f"{name} must ")
    assert why in (None, message) or (
        why.startswith("categories must be a list") and message.startswith("categories must be")
    )


@pytest.mark.parametrize(("name", "_v2", "value", "why"), INVALID)
def test_v3_refuses_an_invalid_value(store: Shop, name: str, _v2: Any, value: Any, why: str | None) -> None:
    """Rule 21."""
    reply = store.post("/v3/catalog/products", good("v3", **{name: value}))
    assert (reply.status, reply.reason) == (422, "FIELD_INVALID"), reply.body
    message = reply.json["errors"].get(name, "")
    if reply.json["title"] == "JSON data is missing or invalid":  # another type
        assert all(text.startswith("error.expected.js") for text in reply.json["errors"].values())
        assert f"{name} must " in reply.json["detail"]
        assert why is None or why in reply.json["detail"]
        return
    assert (reply.json["status"], reply.json["title"]) == (422, f"Invalid field(s): {name}")
    assert message.startswith(f"{name} must ")
    assert why in (None, message)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("custom_url", None, "custom_url must be an object."),
        ("custom_url", "/x/", "custom_url must be an object."),
        ("custom_url", {"url": 5}, "custom_url must be an object whose url is a string."),
        ("custom_url", {"url": "/" + "u" * 255},
         "custom_url must be an object whose url is a string of at most 255 characters."),
        ("custom_url", {"url": "u" * 255},
         "custom_url must have a url of at most 255 characters, its first slash included."),
        ("meta_keywords", "a,b", "meta_keywords must be a list."),
        ("meta_keywords", [5], "meta_keywords must be a list, each item a string."),
        ("categories", ["a"], "categories must be a list, each item a whole number."),
        ("brand_name", "b" * 256, "brand_name must be a string of at most 255 characters."),
        ("sku", None, "sku must be a string."),
    ],
)  # fmt: skip
def test_v3_says_where_in_a_member_the_fault_lies(store: Shop, field: str, value: Any, why: str) -> None:
    """Rule 21."""
    reply = store.post("/v3/catalog/products", good("v3", **{field: value}))
    told_so = reply.json
    if told_so["title"] == "JSON data is missing or invalid":
        ((path, message),) = told_so["errors"].items()
        assert path.partition(".")[0] == field
        assert message.startswith("error.expected.js")
        assert told_so["detail"].startswith(why)
    else:
        assert told_so["errors"] == {field: why}
    assert reply.status == 422


def test_every_faulty_field_is_told_at_once(store: Shop) -> None:
    """Rules 1 to 4 and 21: the reason that is judged first speaks, the others are told beside it."""
    v2 = store.post("/v2/products", {"id": 7, "colour": "red", "price": "x", "is_visible": 3, "name": fresh()})
    assert (v2.status, v2.reason) == (400, "FIELD_UNKNOWN")
    assert set(told(v2)) == {"id", "colour", "price", "is_visible", *(REQUIRED - {"name", "price"})}
    v3 = store.post("/v3/catalog/products", {"price": "x", "is_visible": 3, "name": fresh(), "colour": "red"})
    assert (v3.status, v3.reason) == (422, "FIELD_MISSING")
    assert set(v3.json["errors"]) == {"price", "is_visible", "type", "weight"}


@pytest.mark.parametrize("version", NEW)
@pytest.mark.parametrize(
    ("number", "status"),
    [
        (b"1e400", "invalid"),
        (b"-1e400", "invalid"),
        (b"1e99999999999999999999", "malformed"),
        (b"NaN", "malformed"),
        (b"Infinity", "malformed"),
        (b"-0", "0"),
        (b"1e-9", "0"),
        (b"0.00005", "0"),
        (b"1.00015", "1.0002"),
        (b"12.3400", "12.34"),
        (b"1E2", "100"),
        (b"9999999999", "9999999999"),
        (b"9" * 5000, None),
    ],
)
def test_a_strange_number_is_rounded_or_refused(store: Shop, version: str, number: bytes, status: str | None) -> None:
    """Rules 4, 17 and 21: decimals have four places."""
    body = b'{"type":"physical","weight":1,"availability":"available","categories":[1],"name":"%s","price":%s}'
    sent = body % (fresh().encode(), number)
    reply = store.post(NEW[version], body=sent, headers={"content-type": "application/json"})
    if status == "malformed":
        assert (reply.status, reply.reason) == (400, "MALFORMED_BODY")
    elif status in ("invalid", None):
        assert (400 if version == "v2" else 422, "FIELD_INVALID") == (reply.status, reply.reason) or status is None
        assert reply.status in (400, 422)
    else:
        shown = store.get(f"/v2/products/{(reply.json.get('data') or reply.json)['id']}").json
        assert shown["price"] == f"{float(status):.4f}"


@pytest.mark.parametrize("text", ["1_000", "\uff11\uff12", "0x10", "NaN", "1e", "--1", "1,5"])
def test_v2_text_that_is_no_number_is_refused(store: Shop, text: str) -> None:
    """Rule 4: only ASCII digits are digits."""
    reply = store.post("/v2/products", good("v2", price=text, sort_order=text))
    assert reply.status == 400
    assert set(told(reply)) == {"price", "sort_order"}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"[{}]", b'"text"', b"5", b"{", b'{"name":}', b"\xff\xfe", b'{"name":"\\ud800"}']
)
@pytest.mark.parametrize("path", ["/v2/brands", "/v3/catalog/brands"])
def test_a_body_that_is_no_object_is_refused(store: Shop, path: str, body: bytes) -> None:
    """Rules 3 and 21: nothing at all misses its required fields, the rest cannot be read."""
    reply = store.post(path, body=body, headers={"content-type": "application/json"})
    assert reply.status == (422 if body == b"" and "v3" in path else 400)
    assert reply.reason == ("MALFORMED_BODY" if body else "FIELD_MISSING")


def test_a_deeply_nested_body_is_refused(store: Shop) -> None:
    """RFC 9110 15.5.1."""
    body = b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for path in NEW.values():
        reply = store.post(path, body=body, headers={"content-type": "application/json"})
        assert (reply.status, reply.reason) == (400, "MALFORMED_BODY")


@pytest.mark.parametrize("version", NEW)
def test_a_description_of_a_megabyte_is_fine(store: Shop, version: str) -> None:
    """No source limits a product's description."""
    text = "é" * 500_000
    reply = store.post(NEW[version], good(version, description=text))
    identity = (reply.json.get("data") or reply.json)["id"]
    assert store.get(f"/v3/catalog/products/{identity}").data["description"] == text


# Rules 16, 17: forms of values.


def test_v2_shows_decimals_as_text_with_four_places(store: Shop) -> None:
    """Rule 17; V3 has numbers, exact."""
    made = store.post("/v2/products", good("v2", price="89", cost_price="0.1", weight="0.3", sale_price=12.34567)).json
    decimals = {name: made[name] for name in ("price", "cost_price", "weight", "sale_price", "retail_price")}
    assert decimals == {
        "price": "89.0000", "cost_price": "0.1000", "weight": "0.3000", "sale_price": "12.3457",
        "retail_price": "0.0000",
    }  # fmt: skip
    body = store.get(f"/v3/catalog/products/{made['id']}").body
    assert b'"price":89,' in body
    assert b'"cost_price":0.1,' in body
    assert b'"sale_price":12.3457,' in body


def test_dates_are_rfc_2822_in_v2_and_iso_without_fractions_in_v3(store: Shop) -> None:
    """Rules 16 and 17."""
    made = store.post("/v2/products", good("v2")).json
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", made["date_created"])
    assert {made[name] for name in ("preorder_release_date", "date_last_imported", "event_date_start")} == {""}
    shown = store.get(f"/v3/catalog/products/{made['id']}").data
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", shown["date_created"])
    assert (shown["preorder_release_date"], shown["date_last_imported"]) == (None, "")


@pytest.mark.parametrize("version", NEW)
@pytest.mark.parametrize(
    "given",
    [
        "2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00", "2026-11-22T12:00:00.250+02:00", "2026-11-22 10:00:00",
        "Sun, 22 Nov 2026 10:00:00 +0000", "Sun, 22 Nov 2026 02:00:00 -0800", "1795341600",
    ],
)  # fmt: skip
def test_dates_are_read_in_every_documented_form(store: Shop, version: str, given: str) -> None:
    """Rule 16."""
    reply = store.post(NEW[version], good(version, preorder_release_date=given))
    identity = (reply.json.get("data") or reply.json)["id"]
    assert store.get(f"/v2/products/{identity}").json["preorder_release_date"] == "Sun, 22 Nov 2026 10:00:00 +0000"
    assert store.get(f"/v3/catalog/products/{identity}").data["preorder_release_date"] == "2026-11-22T10:00:00+00:00"


@pytest.mark.parametrize(("version", "unset"), [("v2", ""), ("v2", None), ("v3", None), ("v3", "")])
def test_a_date_can_be_unset_again(store: Shop, version: str, unset: str | None) -> None:
    """Rule 16."""
    made = store.post(NEW[version], good(version, preorder_release_date="2026-11-22")).json
    identity = (made.get("data") or made)["id"]
    assert store.put(f"{NEW[version]}/{identity}", {"preorder_release_date": unset}).status == 200
    assert store.get(f"/v2/products/{identity}").json["preorder_release_date"] == ""
    assert store.get(f"/v3/catalog/products/{identity}").data["preorder_release_date"] is None


def test_v3_strings_are_never_null(store: Shop) -> None:
    """Typed clients break on null in sku, description, page_title and their like."""
    shown = store.post("/v3/catalog/products", good("v3")).data
    nulls = {name for name, value in shown.items() if value is None}
    assert nulls == {"option_set_id", "preorder_release_date"}
    assert None not in store.get(f"/v3/catalog/categories/{store.category(fresh())}").data.values()
    assert None not in store.get(f"/v3/catalog/brands/{store.brand(fresh())}").data.values()


@pytest.mark.parametrize(
    ("name", "sent", "v2", "v3"),
    [
        ("related_products", "-1", "-1", [-1]),
        ("related_products", "1,2", "1,2", [1, 2]),
        ("related_products", "", "", []),
        ("meta_keywords", "red, green", "red, green", ["red", "green"]),
        ("meta_keywords", ["red", "green"], "red, green", ["red", "green"]),
        ("meta_keywords", None, "", []),
        ("search_keywords", None, "", ""),
        ("sku", 123, "123", "123"),
        ("is_featured", "true", True, True),
        ("is_featured", 1, True, True),
        ("sort_order", "-5", -5, -5),
        ("categories", ["1", "1"], [1], [1]),
        ("categories", "1", [1], [1]),
        ("categories", [], [], []),
        ("inventory_tracking", "simple", "simple", "product"),
        ("inventory_tracking", "sku", "sku", "variant"),
        ("inventory_level", 10**40, 2_147_483_647, 2_147_483_647),
    ],
)
def test_v2_values_are_read_into_the_v3_form(store: Shop, name: str, sent: Any, v2: Any, v3: Any) -> None:
    """Rules 47, 49 and 51, and the types of the V2 fields."""
    made = store.post("/v2/products", good("v2", **{name: sent}))
    assert (made.status, made.json[name]) == (201, v2)
    assert store.get(f"/v3/catalog/products/{made.json['id']}").data[name] == v3


@pytest.mark.parametrize("name", ["rating_total", "is_open_graph_thumbnail", "avalara_product_tax_code"])
def test_a_v2_name_reads_the_v3_field(store: Shop, name: str) -> None:
    """The versions name some fields differently."""
    fields = {
        "rating_total": ("reviews_rating_sum", 9),
        "is_open_graph_thumbnail": ("open_graph_use_image", False),
        "avalara_product_tax_code": ("product_tax_code", "P000"),
    }
    v3_name, value = fields[name]
    made = store.post("/v3/catalog/products", good("v3", **{v3_name: value})).data
    assert store.get(f"/v2/products/{made['id']}").json[name] == value


# Rule 19 and the clients' habit: partial writes, whole objects written back.


@pytest.mark.parametrize("path", ["/v2/products", "/v3/catalog/products"])
def test_a_put_leaves_what_it_does_not_name(store: Shop, path: str) -> None:
    """Rule 19."""
    made = store.product(fresh(), sku=fresh(), price=7, description="Old", custom_url={"url": f"/{fresh()}/"})
    before = store.get(f"/v3/catalog/products/{made}").data
    assert store.put(f"{path}/{made}", {"price": "8.5"}).status == 200
    after = store.get(f"/v3/catalog/products/{made}").data
    assert after == {**before, "price": 8.5, "calculated_price": 8.5, "date_modified": after["date_modified"]}


FULL = {
    "sku": "F-1", "description": "<b>x</b>", "sale_price": 5, "meta_keywords": ["a", "b"], "related_products": [1, 2],
    "preorder_release_date": "2030-01-01T00:00:00Z", "availability": "preorder", "inventory_tracking": "product",
    "inventory_level": 3, "upc": "123", "layout_file": "x.html", "condition": "Used", "order_quantity_maximum": 4,
    "custom_url": {"url": "/full/", "is_customized": True},
}  # fmt: skip


@pytest.mark.parametrize("more", [{}, FULL], ids=["a plain product", "a full product"])
@pytest.mark.parametrize("path", ["/v2/products", "/v3/catalog/products"])
def test_a_product_written_back_as_it_was_shown_is_unchanged(shop: Shop, path: str, more: dict[str, Any]) -> None:
    """Clients write back whole objects: in V3 all of it, in V2 every writable member."""
    shop.freeze(1_795_341_600)
    category = shop.category()
    made = shop.product(brand_name="Acme", categories=[category], **more)
    before = shop.get(f"/v3/catalog/products/{made}").data
    shown = shop.get(f"{path}/{made}").json
    body = written_back(shop, "products", shown) if "v2" in path else shown["data"]
    reply = shop.put(f"{path}/{made}", body)
    assert reply.status == 200, reply.body
    assert shop.get(f"/v3/catalog/products/{made}").data == before


@pytest.mark.parametrize("kind", ["categories", "brands"])
@pytest.mark.parametrize("version", ["v2", "v3/catalog"])
def test_a_category_or_brand_written_back_as_it_was_shown_is_unchanged(shop: Shop, kind: str, version: str) -> None:
    """As for products."""
    more = {"meta_keywords": ["a", "b"], "page_title": "T", "parent_id": 0}
    made = shop.post(f"/v3/catalog/{kind}", {"name": "Shop Mac", **more}).data
    shown = shop.get(f"/{version}/{kind}/{made['id']}").json
    body = written_back(shop, kind, shown) if version == "v2" else shown["data"]
    reply = shop.put(f"/{version}/{kind}/{made['id']}", body)
    assert reply.status == 200, reply.body
    assert shop.get(f"/v3/catalog/{kind}/{made['id']}").data == made


def written_back(shop: Shop, kind: str, shown: dict[str, Any]) -> dict[str, Any]:
    """What OPTIONS says may be written of what was shown."""
    fields = shop.request("OPTIONS", f"/v2/{kind}/1").json["fields"]
    writable = {field["name"] for field in fields if "PUT" in field["writable_methods"]}
    return {name: value for name, value in shown.items() if name in writable}


# Rule 13.


def test_options_describes_the_fields(store: Shop) -> None:
    """Rule 13: a length only where there is one."""
    reply = store.request("OPTIONS", "/v2/brands")
    assert reply.headers["allow"] == "GET, POST, DELETE, HEAD, OPTIONS"
    fields = {field.pop("name"): field for field in reply.json["fields"]}
    writable = {"writable_methods": ["POST"]}
    assert fields["id"] == {"type": "int", "writable_methods": [], "required_methods": []}
    assert fields["name"] == {"type": "string", "length": 255, **writable, "required_methods": ["POST"]}
    assert fields["meta_description"] == {"type": "text", "length": 65535, **writable, "required_methods": []}
    item = store.request("OPTIONS", "/v2/brands/1")
    assert item.headers["allow"] == "GET, PUT, DELETE, HEAD, OPTIONS"
    assert item.json["fields"][1] == {
        "name": "name", "type": "string", "length": 255, "writable_methods": ["PUT"], "required_methods": []
    }  # fmt: skip


# Rule 15: XML.


def test_a_product_can_be_made_and_read_in_xml(store: Shop) -> None:
    """Rule 15."""
    name = fresh()
    body = (
        f"<product><name>{name} &amp; more</name><type>physical</type><price>9.5</price><weight>1</weight>"
        "<availability>available</availability><categories><value>1</value></categories><is_visible>true</is_visible>"
        "<related_products>1,2</related_products><preorder_release_date></preorder_release_date><sku>007</sku></product>"
    )
    made = store.post("/v2/products", body=body.encode(), headers=XML)
    assert (made.status, made.headers["content-type"]) == (201, "application/xml")
    identity = made.headers["location"].rpartition("/")[2]
    text = store.get(f"/v2/products/{identity}.xml").body.decode()
    for part in (
        f"<product><id>{identity}</id><keyword_filter>NULL</keyword_filter><name>{name} &amp; more</name>",
        "<price>9.5000</price>", "<categories><value>1</value></categories>", "<is_visible>true</is_visible>",
        f"<link rel=\"resource\" href=\"https://localhost:8443/stores/{store.name}/v2/products/{identity}/images\">",
    ):  # fmt: skip
        assert part in text
    shown = store.get(f"/v3/catalog/products/{identity}").data
    assert (shown["sku"], shown["price"], shown["categories"], shown["related_products"]) == ("007", 9.5, [1], [1, 2])


def test_a_category_can_be_made_and_read_in_xml(store: Shop) -> None:
    """Rule 15."""
    name = fresh()
    body = f'<?xml version="1.0"?><category><name>{name}</name><parent_id>1</parent_id><page_title/></category>'
    made = store.post("/v2/categories", body=body.encode(), headers=XML)
    assert made.status == 201
    identity = int(made.headers["location"].rpartition("/")[2])
    text = store.get(f"/v2/categories/{identity}", headers={"accept": "application/xml"}).body.decode()
    assert f"<parent_category_list><value>1</value><value>{identity}</value></parent_category_list>" in text
    assert store.get(f"/v3/catalog/categories/{identity}").data["parent_id"] == 1
    listed = store.get("/v2/categories.xml").body.decode()
    assert listed.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<categories><category><id>1</id>')


@pytest.mark.parametrize(
    "body",
    [
        b"<product>", b"<product><name>x</product>", b"product", b"<!DOCTYPE x [<!ENTITY a 'b'>]><product/>",
        b"<product>x<name>y</name></product>",
    ],
)  # fmt: skip
def test_broken_xml_is_refused_in_xml(store: Shop, body: bytes) -> None:
    """RFC 9110 15.5.1; the error is in the caller's format."""
    reply = store.post("/v2/products", body=body, headers=XML)
    assert (reply.status, reply.reason, reply.headers["content-type"]) == (400, "MALFORMED_BODY", "application/xml")
    assert b"<errors><error><status>400</status><message>" in reply.body


def test_faults_of_an_xml_document_are_told_as_of_json(store: Shop) -> None:
    """Rules 2 and 4."""
    body = b"<brand><name></name><colour>red</colour></brand>"
    reply = store.post("/v2/brands", body=body, headers=XML)
    assert reply.status == 400
    assert b"The field 'colour' is not supported by this resource." in reply.body
    assert b"The field 'name' is invalid." in reply.body


# Links.


@pytest.mark.parametrize(
    ("base", "host", "url"),
    [
        (None, "localhost:8443", "https://localhost:8443/stores/{name}/v2/products/{id}/images"),
        (None, "api.shop.test", "https://api.shop.test/stores/{name}/v2/products/{id}/images"),
        ("/api", "store-{name}.shop.test:444", "https://store-{name}.shop.test:444/api/v2/products/{id}/images.json"),
    ],
)
def test_links_lead_back_where_the_request_came_in(store: Shop, base: str | None, host: str, url: str) -> None:
    """Clients follow `url` as it stands; only the store's own host has the suffix."""
    made = store.product(fresh())
    host = host.format(name=store.name)
    shown = store.get(f"/v2/products/{made}", base=base, headers={"host": host}).json
    resource = f"/products/{made}/images"
    assert shown["images"] == {"url": url.format(name=store.name, id=made), "resource": resource}


def test_a_link_to_nothing_is_null(store: Shop) -> None:
    """`brand` and `option_set` are links only when there is one."""
    shown = store.get(f"/v2/products/{store.product(fresh())}").json
    assert (shown["brand"], shown["option_set"]) == (None, None)
    brand = store.brand(fresh())
    assert (
        store.get(f"/v2/products/{store.product(fresh(), brand_id=brand)}").json["brand"]["resource"]
        == f"/brands/{brand}"
    )
