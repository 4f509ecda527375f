"""Values that are refused wherever they come in, and writes that say nothing (section 6 of the reports)."""

from typing import Any

import pytest

from bodega.kit.actions import Create
from bodega.kit.v2_members import Wire
from bodega.resources import ROUTES
from shop import Shop

LONG = "a" * 255
HAMMER = {"name": "Saw", "type": "physical", "price": 1, "weight": 1}
OLD = {"name": "Axe", "type": "physical", "price": 1, "weight": 1, "categories": [], "availability": "available"}
JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
HOOK = {"scope": "store/order/*", "destination": "https://example.com/"}
WORK = {"name": "Assembly", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}
FOUND = {"billing_address": {"zip": "78701", "country_iso2": "US"}}
ORDER = {**FOUND, "products": [WORK]}
PICKUP = {"pickup_method_id": 1, "line_items": [WORK]}
REFUSED: list[tuple[str, str, Any, int]] = [
    ("PUT", "/v3/catalog/products/1", {"custom_url": {"url": ""}}, 422),
    ("PUT", "/v3/catalog/products/1", {"custom_url": {"url": "  "}}, 422),
    ("PUT", "/v3/catalog/products/1", {"custom_url": {"url": "http://x.test/q"}}, 422),
    ("PUT", "/v3/catalog/products/1", {"custom_url": {"url": "javascript:alert(1)"}}, 422),
    ("PUT", "/v3/catalog/brands/1", {"custom_url": {"url": ""}}, 422),
    ("PUT", "/v3/catalog/categories/1", {"custom_url": {"url": "https://x.test/"}}, 422),
    ("PUT", "/v2/products/1", {"custom_url": "http://x.test/q"}, 400),
    ("POST", "/v3/catalog/trees/categories", [{"name": "A", "tree_id": 1, "url": {"path": LONG}}], 422),
    ("POST", "/v3/catalog/trees/categories", [{"name": "A", "tree_id": 1, "url": {"path": "http://x.test/"}}], 422),
    ("POST", "/v3/catalog/products/1/reviews", {"title": "A", "date_reviewed": ""}, 422),
    ("PUT", "/v3/catalog/products/1", {"price": "1_000"}, 422),
    ("PUT", "/v3/catalog/products/1", {"weight": "\N{ARABIC-INDIC DIGIT THREE}"}, 422),
    ("POST", "/v3/catalog/products/1/variants", {"sku": "S", "price": "1_0", "option_values": []}, 422),
    ("PUT", "/v3/catalog/brands/1", {"image_url": "javascript:alert(1)"}, 422),
    ("PUT", "/v3/catalog/brands/1", {"image_url": "https://img.test/picture"}, 422),
    ("PUT", "/v3/catalog/categories/1", {"image_url": " data:image/png;base64,AA.png"}, 422),
    ("PUT", "/v3/catalog/categories/1", {"image_url": "https://img.test/"}, 422),
    ("PUT", "/v2/brands/1", {"image_file": "javascript:alert(1)"}, 400),
    ("PUT", "/v2/categories/1", {"image_file": "vbscript:x"}, 400),
    ("PUT", "/v3/catalog/products/1/variants/1", {"image_url": "NaN"}, 422),
    ("PUT", "/v3/catalog/products/1", {"custom_url": {"url": "/a/", "create_redirect": 1}}, 422),
    ("POST", "/v2/products", {**OLD, "option_set_display": "nowhere"}, 400),
    ("POST", "/v2/products", {**OLD, "keyword_filter": {"a": 1}}, 400),
    ("POST", "/v2/products", {**OLD, "rating_total": [1]}, 400),
    ("POST", "/v2/products", {**OLD, "number_sold": "many"}, 400),
    ("POST", "/v2/products", {**OLD, "date_created": "yesterday"}, 400),
    ("POST", "/v2/customers", {**JANE, "registration_ip_address": "somewhere"}, 400),
    ("POST", "/v2/customers", {**JANE, "registration_ip_address": "999.1.1.1"}, 400),
    ("POST", "/v2/hooks", {**HOOK, "created_at": "early"}, 400),
    ("POST", "/v2/orders", {**ORDER, "items_total": {}}, 400),
    ("POST", "/v2/orders", {**ORDER, "products": [{**WORK, "variant_id": 1}]}, 400),
    ("POST", "/v2/orders", {**ORDER, "products": [{**WORK, "product_options": [{"id": 1, "value": "a"}]}]}, 400),
    (
        "POST",
        "/v2/orders",
        {**FOUND, "consignments": {"pickups": [{**PICKUP, "location": {"country_alpha2": "60"}}]}},
        400,
    ),
]


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    assert (shop.product(), shop.brand(), shop.category()) == (1, 1, 1)
    return shop


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_a_value_that_cannot_be_is_refused(stocked: Shop, method: str, path: str, body: Any, status: int) -> None:
    reply = stocked.request(method, path, body)
    assert (reply.status, reply.reason) == (status, "FIELD_INVALID"), reply.body


STRANGE: list[tuple[str, str]] = [
    ("/v2/orders?status_id=99", "status_id must be a whole number from 0 to 14"),
    ("/v2/orders/count?status_id=-1", "status_id must be a whole number from 0 to 14"),
    ("/v2/hooks?scope=store/nothing", "scope must be a scope of a webhook event"),
    ("/v3/hooks?scope=store/nothing", "scope must be a scope of a webhook event"),
    ("/v3/channels?platform:in=square,nowhere", "platform:in must be one of acquia, amazon"),
]


@pytest.mark.parametrize(("path", "why"), STRANGE)
def test_a_filter_of_a_few_values_refuses_all_others(stocked: Shop, path: str, why: str) -> None:
    """A field of a few numbers is like one of a few words."""
    reply = stocked.get(path)
    assert (reply.status, reply.reason) == (400 if path.startswith("/v2") else 422, "QUERY_INVALID")
    assert why in reply.body.decode()


def test_what_a_new_product_of_v2_brings_is_kept(stocked: Shop) -> None:
    """The members that a PUT refuses: dates, ratings and what was sold elsewhere; without dates it is made now."""
    stocked.freeze(1_800_000_000)
    dates = dict.fromkeys(("date_created", "date_modified", "date_last_imported"), "Fri, 21 Sep 2012 02:31:01 +0000")
    brought = {**dates, "rating_total": 9, "rating_count": 2, "number_sold": 7}
    made = stocked.post("/v2/products", {**OLD, **brought}).json
    shown = stocked.get(f"/v2/products/{made['id']}").json
    assert {name: shown[name] for name in brought} == brought
    for name, value in brought.items():
        assert stocked.put(f"/v2/products/{shown['id']}", {name: value}).reason == "FIELD_READ_ONLY"
    blank = stocked.post("/v2/products", {**OLD, "name": "B", "date_created": "", "date_modified": None}).json
    assert blank["date_created"] == blank["date_modified"] == "Fri, 15 Jan 2027 08:00:00 +0000"


SENT_BACK = [
    (f"{route.template} {wire.name}", wire)
    for route in ROUTES
    if route.fields is not None
    for wire in route.fields.wires.values()
    if not wire.writable and not wire.refused
]


def test_there_are_members_that_only_the_store_writes() -> None:
    assert len(SENT_BACK) > 40


@pytest.mark.parametrize("wire", [wire for _, wire in SENT_BACK], ids=[name for name, _ in SENT_BACK])
def test_what_only_the_store_writes_is_read_all_the_same(wire: Wire) -> None:
    """Whole objects are sent back, and what could never have been shown is refused."""
    for nothing in (None, ""):
        wire.read(nothing)
    for strange in ([1], {"a": 1}, True):
        if wire.holds is not None or (
            wire.word in ("resource", "object", "object_array", "array") and strange is not True
        ):
            continue
        if wire.word in ("boolean", "int", "decimal") and strange is True:
            continue
        with pytest.raises(ValueError, match="must"):
            wire.read(strange)


TAKEN: list[tuple[str, Any]] = [
    ("/v3/catalog/brands/1", {"image_url": "https://img.test/a.png?size=1"}),
    ("/v3/catalog/brands/1", {"image_url": ""}),
    ("/v3/catalog/categories/1", {"image_url": "a/b.jpeg"}),
    ("/v3/catalog/products/1", {"custom_url": {}}),
    ("/v3/catalog/products/1", {"custom_url": {"url": "old-hammer", "is_customized": True}}),
    ("/v2/products/1", {"custom_url": ""}),
]


@pytest.mark.parametrize(("path", "body"), TAKEN)
def test_its_neighbours_are_taken(stocked: Shop, path: str, body: Any) -> None:
    assert stocked.put(path, body).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/products/1", 400),
        ("/v2/brands/1", 400),
        ("/v3/catalog/products/1", 422),
        ("/v3/catalog/brands/1", 422),
        ("/v3/catalog/categories/1", 422),
        ("/v3/customers/settings", 422),
        ("/v3/orders/settings", 422),
    ],
)
def test_a_put_without_a_body_says_nothing(stocked: Shop, path: str, status: int) -> None:
    reply = stocked.request("PUT", path)
    assert (reply.status, reply.reason) == (status, "FIELD_MISSING")


def test_what_a_rule_stumbles_over_is_the_fault_of_its_item(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One item of a list does not take the others along, whatever it makes a step raise."""
    from bodega.kit import write

    real = write.build

    def build(table: Any, changes: Any, now: int) -> Any:
        if changes.get("name") == "Bad":
            raise ValueError("a reader forgot to look")
        return real(table, changes, now)

    monkeypatch.setattr(write, "build", build)
    items = [{"name": name, "tree_id": 1} for name in ("Good", "Bad", "Better")]
    reply = stocked.post("/v3/catalog/trees/categories", items)
    assert reply.status == 207
    assert reply.json["meta"]["success"] == 2
    assert [told["errors"] for told in reply.json["errors"]]
    assert stocked.post("/v3/catalog/products", {**HAMMER, "name": "Bad"}).status == 422


@pytest.mark.parametrize("step", ["prefetch", "perform"])
@pytest.mark.parametrize("headers", [{}, {"prefer": "respond-async"}], ids=["at once", "as a task"])
def test_what_a_step_cannot_take_is_a_fault_of_the_body(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str, headers: dict[str, str]
) -> None:
    """Told before the 202 as well: both ways to a write judge alike."""

    async def fail(*_args: Any) -> None:
        raise ArithmeticError("no such number")

    monkeypatch.setattr(Create, step, fail)
    monkeypatch.setattr(Create, "fetches", lambda *_: True)
    reply = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=headers)
    assert (reply.status, reply.reason) == (422, "FIELD_INVALID"), reply.body
