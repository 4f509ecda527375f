"""Values that are refused wherever they come in, and writes that say nothing (section 6 of the reports)."""

from typing import Any

import pytest

from bodega.kit.actions import Create
from shop import Shop

LONG = "a" * 255
HAMMER = {"name": "Saw", "type": "physical", "price": 1, "weight": 1}
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
    ("PUT", "/v3/catalog/brands/1", {"image_url": "javascript:alert(1)"}, 422),
    ("PUT", "/v3/catalog/brands/1", {"image_url": "https://img.test/picture"}, 422),
    ("PUT", "/v3/catalog/categories/1", {"image_url": " data:image/png;base64,AA.png"}, 422),
    ("PUT", "/v3/catalog/categories/1", {"image_url": "https://img.test/"}, 422),
    ("PUT", "/v2/brands/1", {"image_file": "javascript:alert(1)"}, 400),
    ("PUT", "/v2/categories/1", {"image_file": "vbscript:x"}, 400),
]


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    assert (shop.product(), shop.brand(), shop.category()) == (1, 1, 1)
    return shop


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_a_value_that_cannot_be_is_refused(stocked: Shop, method: str, path: str, body: Any, status: int) -> None:
    reply = stocked.request(method, path, body)
    assert (reply.status, reply.reason) == (status, "FIELD_INVALID"), reply.body


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
    reply = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=headers)
    assert (reply.status, reply.reason) == (422, "FIELD_INVALID"), reply.body
