"""What the published API has and this server has not is told apart from a path that nobody knows."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner

from bodega.app import routes
from bodega.cli import main
from bodega.http.documented import OUTSIDE, VERSIONS, Operation, Unserved, documented, is_parameter, is_served
from bodega.http.nearest import Nearest
from bodega.http.router import by_version
from bodega.kit.actions import Singleton
from bodega.kit.route import Route, moved
from published import ABSENT, SHARED, table
from shop import Shop

TRIES = by_version(routes())
ANSWERED = [each for each in documented() if each.version in VERSIONS and not is_served(each, TRIES)]
"""The documented operations that this server does not serve, and that a request could name."""

PLACES = {0: "/api/", 2: "/v2/", 3: "/v3/"}


def asked(shop: Shop, operation: Operation) -> tuple[int, str, object]:
    """What a request for an operation is answered."""
    path = "/".join("7" if is_parameter(segment) else segment for segment in operation.segments)
    if operation.version in OUTSIDE:
        reply = shop.request(operation.method, f"/api/storefront/{path}", base="", headers={"host": host(shop)})
    elif operation.version == "payments":
        reply = shop.request(operation.method, f"/{path}")
    else:
        reply = shop.request(operation.method, f"/v{VERSIONS[operation.version]}/{path}")
    return reply.status, reply.reason, reply.json


def host(shop: Shop) -> str:
    """The store's own host."""
    return f"store-{shop.name}.localhost:8443"


def test_every_documented_operation_that_is_not_served_says_so(shop: Shop) -> None:
    """404 `NOT_SERVED_HERE`, or 405 with the operation in its details where the path is served by other methods."""
    assert len(ANSWERED) > 100
    for operation in ANSWERED:
        status, reason, body = asked(shop, operation)
        told = json.dumps(body)
        assert (status, reason) in ((404, "NOT_SERVED_HERE"), (405, "METHOD_NOT_ALLOWED")), operation
        if status == 405:
            assert f"{operation.method} {operation.path}" in told, operation
        else:
            assert operation.group in told, operation


def test_every_documented_operation_that_is_served_is_not_refused_so(shop: Shop) -> None:
    """The list knows more than what is lacking: nothing that is served may be told to be missing."""
    unserved = Unserved(routes())
    served = [each for each in documented() if each.version in VERSIONS and is_served(each, TRIES)]
    assert len(served) > 400
    for operation in served:
        segments = tuple("7" if is_parameter(segment) else segment for segment in operation.segments)
        lacking = unserved.find(VERSIONS[operation.version], segments)
        assert lacking is None or operation.method not in lacking.methods, operation


NEAR = [
    ("/v3/catalog/product", "/v3/catalog/products"),
    ("/v3/catalog/product/7", "/v3/catalog/products/{id}"),
    ("/v3/catalog/products/7/image", "/v3/catalog/products/{product_id}/images"),
    ("/v3/catalogue/brands", "/v3/catalog/brands"),
    ("/v3/orders", "/v2/orders"),
    ("/v2/catalog/brands", "/v3/catalog/brands"),
    ("/v3/customer", "/v3/customers"),
    ("/v2/order", "/v2/orders"),
    ("/v2/orders/7/shipment", "/v2/orders/{order_id}/shipments"),
    ("/v2/coupon", "/v2/coupons"),
    ("/v3/Catalog/Products", "/v3/catalog/products"),
    ("/v2/bicycles", None),
    ("/v3/" + "x/" * 40, None),
    ("/v3/catalog/" + "products" * 20, None),
    ("/v9/catalog/products/x", None),
]


@pytest.mark.parametrize(("path", "nearest"), NEAR, ids=[path[:40] for path, _ in NEAR])
def test_an_unknown_path_names_the_nearest_that_is_served(shop: Shop, path: str, nearest: str | None) -> None:
    """It stays NO_SUCH_RESOURCE; ids are compared as ids, words as words, and long paths not at all."""
    reply = shop.get(path)
    assert (reply.status, reply.reason) == (404, "NO_SUCH_RESOURCE")
    body = reply.json[0] if path.startswith("/v2") else reply.json
    found = body.get("details", {}).get("nearest_path")
    assert found == nearest


def test_a_path_that_is_served_by_words_only_is_not_taken_for_one_that_is_missing(shop: Shop) -> None:
    """An id that is no number is a mistake of the caller, whatever else is documented there."""
    assert shop.get("/v3/catalog/brands/acme").reason == "NO_SUCH_RESOURCE"


def test_hostile_paths_cost_little() -> None:
    """Bounded: a few hundred templates, short paths, each pair of words compared once."""
    nearest, unserved = Nearest(routes()), Unserved(routes())
    unserved.find(3, ("x",))
    began = time.perf_counter()
    for turn in range(20):
        words = tuple(("catalogproductsvariantsmetafields" + str(turn))[place : place + 39] for place in range(8))
        nearest.find(3, words)
        unserved.find(3, ("7",) * 4_000)
    assert time.perf_counter() - began < 20 * 0.5, "half a second each would be far too much, even on a busy machine"


def test_a_documented_path_is_found_whatever_its_parameters_hold() -> None:
    """A parameter may be a word, too; a word of the path comes before it."""
    unserved = Unserved([moved("store_information", 2, "store"), Route(3, "carts", {"POST": Singleton("x", dict, "")})])
    found = unserved.find(3, ("carts", "8d9c-uuid"))
    assert found is not None
    assert (found.path, found.group, found.served) == ("/carts/{cartId}", "carts", False)
    assert unserved.find(3, ("carts",)) is None
    assert unserved.find(3, ("bicycles",)) is None
    assert unserved.find(9, ("carts",)) is None


def test_the_missing_operations_are_listed_by_group() -> None:
    """`bodega routes --missing`: people, programs, and one group of them."""
    found = json.loads(CliRunner().invoke(main, ["routes", "--missing", "--json"]).stdout)
    lacking = {(each.version, each.method, each.path) for each in documented() if not is_served(each, TRIES)}
    assert {(one["version"], one["method"], one["path"]) for one in found} == lacking
    shown = CliRunner().invoke(main, ["routes", "--missing"]).stdout
    assert "v3 carts\n" in shown
    assert f"{len(found)} documented operations are not served." in shown
    chosen = json.loads(CliRunner().invoke(main, ["routes", "--missing", "--group", "carts", "--json"]).stdout)
    assert {one["group"] for one in chosen} == {"carts"}


@pytest.mark.parametrize("options", [["--group", "bicycles"], ["--wave", "1"], ["--coverage", __file__]])
def test_a_choice_of_missing_operations_that_names_nothing_is_a_usage_error(options: list[str]) -> None:
    result = CliRunner().invoke(main, ["routes", "--missing", *options])
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
def test_the_list_that_ships_and_the_routes_cover_the_published_operations() -> None:
    """Where the published list lies beside the repository: each of its operations is served, or told to be missing."""
    known = {each[:3] for each in documented()}
    for line in table("operations"):
        operation = Operation(line["version"], line["method"], line["path"], line["group"])
        assert operation[:3] in known or is_served(operation, TRIES), operation


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)
def test_every_operation_of_the_first_two_waves_is_served() -> None:
    """`bodega routes --coverage` has nothing left in them."""
    waves = [line for line in table("operations") if line["wave"] in ("1", "2")]
    lacking = [
        operation
        for line in waves
        if not is_served(
            operation := Operation(*(line[name] for name in ("version", "method", "path", "group"))), TRIES
        )
    ]
    assert lacking == []
