"""What the published API has and this server has not is told apart from a path that nobody knows."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

import bodega
from bodega.app import routes
from bodega.cli import main
from bodega.cli.routes import ASKED_OF
from bodega.http.documented import (
    CALLED,
    HOSTS,
    OUTSIDE,
    VERSIONS,
    Operation,
    Unserved,
    documented,
    is_parameter,
    is_served,
)
from bodega.http.nearest import Near, Nearest
from bodega.http.router import Match, by_version
from bodega.http.steps.routing import find_route
from bodega.kit.route import Route, moved
from bodega.kit.singleton import Singleton
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storefront.rest.table import OPERATIONS
from published import ABSENT, SHARED, table
from shop import Reply, Shop

TRIES = by_version(routes())
ANSWERED = [each for each in documented() if each.version in VERSIONS and not is_served(each, TRIES)]
"""The documented operations that this server does not serve, and that a request could name."""

PLACES = {0: "/api/", 2: "/v2/", 3: "/v3/"}


def asked(shop: Shop, operation: Operation) -> Reply:
    """The reply to a request for an operation."""
    path = "/".join("7" if is_parameter(segment) else segment for segment in operation.segments)
    if operation.version in OUTSIDE:
        return shop.request(operation.method, f"/api/storefront/{path}", base="", headers={"host": host(shop)})
    if operation.version == "payments":
        return shop.request(operation.method, f"/{path}")
    return shop.request(operation.method, f"/v{VERSIONS[operation.version]}/{path}")


def host(shop: Shop) -> str:
    """The store's own host."""
    return f"store-{shop.name}.localhost:8443"


def test_every_documented_operation_that_is_not_served_says_so(shop: Shop) -> None:
    """404 `NOT_SERVED_HERE`, also where its path is served by other methods: then Allow names those, and no other.
    Today there is none; `Unserved` is held to what there could be below."""
    for operation in ANSWERED:
        reply = asked(shop, operation)
        assert (reply.status, reply.reason) == (404, "NOT_SERVED_HERE"), operation
        assert operation.group in json.dumps(reply.json), operation
        match = served_path(operation)
        assert reply.headers.get("allow") == (match and match.route.allow), operation


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_documented_method_that_is_not_served_beside_others_says_so(method: str) -> None:
    """Whichever method a server lacked, on each path: the operation is told, and Allow has what is left."""
    left = [replace(route, actions={name: act for name, act in route.actions.items() if name != method})
            for route in routes()]  # fmt: skip
    app = SimpleNamespace(routes=by_version(left), unserved=Unserved(left))
    judged = 0
    for operation in documented():
        match = served_path(operation) if operation.version in VERSIONS else None
        if match is None or operation.method != method or method not in match.route.actions:
            continue
        segments = tuple("7" if is_parameter(segment) else segment for segment in operation.segments)
        for asked_by in [method, *(["HEAD"] if method == "GET" else [])]:
            asking = SimpleNamespace(method=asked_by, version=VERSIONS[operation.version], segments=segments, prefix="")
            with pytest.raises(Refusal) as refused:
                find_route(app, asking)
            assert refused.value.reason is Reason.NOT_SERVED_HERE, operation
            assert method in refused.value.details["methods"]
            ((name, allow),) = refused.value.headers
            assert name == b"allow"
            assert {*allow.decode().split(", ")} == {*match.route.actions, "OPTIONS"} - {method} | (
                {"HEAD"} if "GET" in match.route.actions and method != "GET" else set()
            ), operation
            judged += 1
    assert judged > 40


def served_path(operation: Operation) -> Match | None:
    """What a request for the operation finds, whatever its method."""
    version = VERSIONS[operation.version]
    segments = tuple("7" if is_parameter(segment) else segment for segment in operation.segments)
    return TRIES[version].find(segments) if version else None


def test_a_method_that_nobody_documents_is_refused_as_that(shop: Shop) -> None:
    """405 (RFC 9110 15.5.6) on every served path for each method that is neither served nor documented."""
    documented_on = {(each.version[:2], each.method, each.path) for each in documented()}
    for operation in documented():
        match = served_path(operation) if operation.version in VERSIONS else None
        for method in {"GET", "POST", "PUT", "DELETE"}:
            if match is None or method in match.route.actions or method in methods_of(operation, documented_on):
                continue
            reply = asked(shop, operation._replace(method=method))
            assert (reply.status, reply.reason) == (405, "METHOD_NOT_ALLOWED"), (method, operation)
            assert reply.headers["allow"] == match.route.allow


def methods_of(operation: Operation, documented_on: set[tuple[str, str, str]]) -> set[str]:
    """The methods that are documented on the operation's path, whatever its parameters are called."""
    bare = [("" if is_parameter(segment) else segment) for segment in operation.segments]
    return {
        method
        for version, method, path in documented_on
        if version == operation.version[:2] and like(path.strip("/").split("/"), bare)
    }


def like(segments: list[str], bare: list[str]) -> bool:
    """Whether a documented path could be meant by another one: a parameter may be any word."""
    pairs = zip(segments, bare, strict=False)
    return len(segments) == len(bare) and all(is_parameter(one) or one == other for one, other in pairs)


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
    ("/v3/products", "/v3/catalog/products"),
    ("/v3/products/7/variants", "/v3/catalog/products/{product_id}/variants"),
    ("/v3/brands/7", "/v3/catalog/brands/{id}"),
    ("/v3/catalog/customers", "/v3/customers"),
    ("/v3/catalog/orders/7/shipments", "/v2/orders/{order_id}/shipments"),
    ("/v2/variants", "/v3/catalog/variants"),
]


@pytest.mark.parametrize(("path", "nearest"), NEAR, ids=[path[:40] for path, _ in NEAR])
def test_an_unknown_path_names_the_nearest_that_is_served(shop: Shop, path: str, nearest: str | None) -> None:
    """It stays NO_SUCH_RESOURCE; ids are compared as ids, words as words, and long paths not at all."""
    reply = shop.get(path)
    assert (reply.status, reply.reason) == (404, "NO_SUCH_RESOURCE")
    body = reply.json[0] if path.startswith("/v2") else reply.json
    assert body.get("details", {}) == ({"nearest_path": nearest} if nearest else {})


ELSEWHERE = [
    ("/v2/themes", "/v3/themes"),
    ("/v2/infrastructure/projects", "/v3/infrastructure/projects"),
    ("/v3/rates", "/v3/tax/rates"),
]


@pytest.mark.parametrize(("path", "documented_path"), ELSEWHERE, ids=[path for path, _ in ELSEWHERE])
def test_a_path_that_is_documented_elsewhere_is_named_with_a_note_that_it_is_not_served(
    path: str, documented_path: str
) -> None:
    """Only what is served is named without the note; `/v2/promotions` is not mistyped `/v2/options`."""
    version, segments = int(path[2]), tuple(path.split("/")[2:])
    assert Unserved(routes()).nearest.find(version, segments) == Near(documented_path, served=is_now(documented_path))


def is_now(path: str) -> bool:
    """Whether a path is served by now."""
    return path in {f"/v{route.version}/{route.template}" for route in routes()}


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


def test_the_missing_operations_are_listed_by_host_and_group() -> None:
    """`bodega routes --missing`: people, programs, and one group of them."""
    found = json.loads(CliRunner().invoke(main, ["routes", "--missing", "--json"]).stdout)
    lacking = {(each.version, each.method, each.path) for each in documented() if not is_served(each, TRIES)}
    assert {(one["version"], one["method"], one["path"]) for one in found} == lacking
    hosts = {(one["version"], one["host"]) for one in found}
    assert hosts <= set(HOSTS.items()), "each version of the list is of one host"
    shown = CliRunner().invoke(main, ["routes", "--missing"]).stdout
    heads = {host: shown.index(f"{head}: {sum(one['host'] == host for one in found)}\n")
             for host, head in ASKED_OF.items() if host in {one["host"] for one in found}}  # fmt: skip
    assert sorted(heads, key=heads.__getitem__) == [host for host in ASKED_OF if host in heads]
    assert f"{len(found)} documented operations are not served." in shown
    chosen = json.loads(CliRunner().invoke(main, ["routes", "--missing", "--group", "storefront", "--json"]).stdout)
    assert chosen == [one for one in found if one["group"].partition(".")[0] == "storefront"]


def test_every_version_of_the_list_has_a_host_with_a_heading() -> None:
    assert {each.version for each in documented()} <= HOSTS.keys()
    assert {*HOSTS.values()} == ASKED_OF.keys()


def test_the_operations_of_providers_are_those_that_the_code_asks_for() -> None:
    """Each is the one text that an `ask` of the resources names; `test_tax_providers.py` and its neighbours see them
    arrive."""
    named = set()
    for file in (Path(bodega.__file__).parent / "resources").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("_ask", "tax_messages.ask"):
                named |= {
                    arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    assert named == CALLED
    assert {each.path.strip("/") for each in documented() if each.host == "provider"} == CALLED


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


def test_every_documented_operation_for_shoppers_is_served() -> None:
    named = {(each.method, each.path) for each in documented() if each.version == "storefront"}
    assert named == {(one.method, one.path) for one in OPERATIONS} | {
        ("GET", "/customer/current.jwt"), ("GET", "/login/token/{jwt_token}"),
    }  # fmt: skip
