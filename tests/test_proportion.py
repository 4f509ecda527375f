"""Work is in proportion to what may be stored, and never on the loop for long: nobody else waits for a large body
(docs/decisions/0029-proportion.md)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest

from bodega.kit.actions import Action
from bodega.kit.body import respect_size
from bodega.kit.bounds import DEEP, LOOSE, MAX_VALUES, AtMost, bound_of, excess, too_many_values
from bodega.kit.images import UploadImage
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from extremes import Extreme, extremes
from held import Wait, beside
from replies import rows
from replies.shipping_v3 import PROVIDERS
from shop import Server, Shop
from test_mutated_bodies import TRIES, Trial

LONGEST_WAIT = 0.25
"""Seconds of this process's own time that another client may wait."""
XML = "application/xml"


def writes() -> dict[tuple[Any, ...], str]:
    """Every write that takes a body, once for each declaration, with a path."""
    return {
        _key(method, action): f"{method} /v{route.version}/{route.template}"
        for route in ROUTES
        for method, action in route.actions.items()
        if _is_read(action)
    }


def _is_read(action: Action) -> bool:
    return action.body and not isinstance(action, UploadImage)


def _key(method: str, action: Action) -> tuple[Any, ...]:
    endpoint = getattr(action, "endpoint", None)
    shape = None if endpoint is None else (endpoint.v2 if endpoint.version == 2 else endpoint.v3)
    return (type(action), method, id(shape or endpoint or action))


UNREACHED = {"POST /v3/orders/{order_id}/payment_actions/void", "PUT /v3/form-fields/{field_id}"}
"""Writes that no row of the tests leads to: of this one the body is not read."""


class Probe:
    """Sends the extremes of writes, each in a transaction that is undone, and keeps what was wrong."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.todo = writes()
        self.wrong: list[str] = []
        self.waits: list[tuple[float, str]] = []

    def send(self, path: str) -> None:
        """All extremes of the writes at a path, unless they were sent to another one."""
        for method, action in _writes_at(path):
            if self.todo.pop(_key(method, action), None) is None:
                continue
            self.trial.trying = True
            for extreme in extremes(action):
                body = json.dumps(extreme.body).encode()
                assert len(body) < 10 << 20, (method, path, len(body))
                wait = beside(self.trial.shop, method, path, body, product=self.trial.names.get("hammer", 0))
                told = f"{method} {path} {extreme.place or 'largest'}"
                self.waits.append((wait.longest, f"{told}: {wait.target}"))
                self.wrong += _faults(told, extreme, wait)
            self.trial.trying = False


def test_the_largest_and_the_first_too_large_body_of_every_write_hold_nobody_up(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One item more than may be is refused as such; whatever is sent, a second client is answered in time."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("large"), None)))
    shop = server.shop()
    monkeypatch.setattr("test_mutated_bodies.mutations", lambda *_: ())
    shop.change(settings=PROVIDERS)
    trial = Trial(shop, monkeypatch)
    probe = Probe(trial)
    for row in rows():
        list(trial.go_on(row))
        probe.send(trial.path_of(row))
    for operation in list(probe.todo.values()):
        for path in _paths(shop, operation.partition(" ")[2].strip("/").split("/")):
            probe.send(path)
            break
    runner.run(server.app.stop())
    assert not probe.wrong, "\n".join([f"{len(probe.wrong)}:", *probe.wrong[:30]])
    assert not set(probe.todo.values()) - UNREACHED
    slow = [f"{seconds * 1000:.0f} ms: {what}" for seconds, what in sorted(probe.waits, reverse=True)[:10]]
    assert max(probe.waits)[0] < LONGEST_WAIT, "\n".join(slow)


def _paths(shop: Shop, segments: list[str], known: str = "") -> Iterator[str]:
    """Paths of a route, with ids that its collections list."""
    if not segments:
        yield known
        return
    segment, *rest = segments
    if not segment.startswith("{"):
        yield from _paths(shop, rest, f"{known}/{segment}")
        return
    reply = shop.get(known)
    listed = reply.json if reply.status == 200 else []
    for item in (listed["data"] if isinstance(listed, dict) else listed)[:5]:
        yield from _paths(shop, rest, f"{known}/{next(item[key] for key in ('id', 'uuid', 'type_id') if key in item)}")


def _writes_at(path: str) -> Iterator[tuple[str, Action]]:
    version, _, below = path.partition("?")[0].strip("/").partition("/")
    match = TRIES[int(version[1:])].find(tuple(below.split("/")))
    for method, action in match.route.actions.items() if match is not None else ():
        if _is_read(action):
            yield method, action


BY_UUID = "PUT /v3/segments"
"""The write whose items name rows by an id that no body here can know."""


def _faults(told: str, extreme: Extreme, wait: Wait) -> Iterator[str]:
    reply = wait.reply
    told = f"{told}: {reply.status} {reply.body[:300]!r}"
    too_many = b"list of at most" in reply.body or b"maximum items" in reply.body
    if reply.status >= 500 or (reply.status == 404 and not told.startswith(BY_UUID)):
        yield told
    elif extreme.place and (reply.status not in (400, 413, 422) or not too_many):
        yield f"not refused as too long: {told}"
    elif not extreme.place and too_many:
        yield f"refused as too long: {told}"


PRODUCT = {"name": "Hammer", "type": "physical", "weight": 1, "price": 1}


def product(**more: Any) -> bytes:
    return json.dumps({**PRODUCT, **more}).encode()


def _rules(number: int) -> list[dict[str, Any]]:
    return [
        {"quantity_min": 2 * at + 1, "quantity_max": 2 * at + 2, "type": "price", "amount": 1} for at in range(number)
    ]


def _variants(number: int) -> list[dict[str, Any]]:
    return [
        {
            "sku": f"S-{at}",
            "option_values": [
                {"option_display_name": "Size", "label": f"size {at % 25}"},
                {"option_display_name": "Colour", "label": f"colour {at // 25}"},
            ],
        }
        for at in range(number)
    ]


def _fields(number: int) -> list[dict[str, Any]]:
    return [{"name": f"field {at}", "value": "x"} for at in range(number)]


PRODUCTS, POSTS, BRANDS = "/v3/catalog/products", "/v2/blog/posts", "/v2/brands"
TOO_LARGE: dict[str, tuple[str, Any, int]] = {
    "4,000 bulk pricing rules": (PRODUCTS, lambda: product(bulk_pricing_rules=_rules(4_000)), 422),
    "8,000 bulk pricing rules": (PRODUCTS, lambda: product(bulk_pricing_rules=_rules(8_000)), 422),
    "120,000 bulk pricing rules": (PRODUCTS, lambda: product(bulk_pricing_rules=_rules(120_000)), 413),
    "60,000 variants": (PRODUCTS, lambda: product(variants=_variants(60_000)), 413),
    "250,000 custom fields": (PRODUCTS, lambda: product(custom_fields=_fields(250_000)), 413),
    "20,000 faulty images": (PRODUCTS, lambda: product(images=[{}] * 20_000, videos=[{}] * 20_000), 422),
    "800,000 tags": (POSTS, lambda: json.dumps({"title": "t", "body": "b", "tags": ["t"] * 800_000}).encode(), 413),
    "100,000 tags": (POSTS, lambda: json.dumps({"title": "t", "body": "b", "tags": ["t"] * 100_000}).encode(), 400),
    "100,000 keywords as text": (
        BRANDS,
        lambda: json.dumps({"name": "b", "meta_keywords": "a," * 100_000}).encode(),
        400,
    ),
    "millions of lists": (PRODUCTS, lambda: b"[" + b"[]," * 3_000_000 + b"1]", 413),
    "millions of unknown objects": (PRODUCTS, lambda: b'{"zz":[' + b"{}," * 3_000_000 + b"1]}", 413),
    "millions of unknown objects in V2": (BRANDS, lambda: b'{"zz":[' + b"{}," * 3_000_000 + b"1]}", 413),
    "millions of fractions": (BRANDS, lambda: b'{"zz":[' + b"1.5," * 2_000_000 + b"1]}", 413),
    "a deep body": (PRODUCTS, lambda: b"[" * 9_000_000, 413),
    "a deep body of few values": (PRODUCTS, lambda: b'{"name":' + b"[" * 200_000, 400),
    "a number of a million digits": (BRANDS, lambda: b'{"name":"b","sort_order":' + b"1" * 1_000_000 + b"}", 400),
    "a price of eight million digits": (PRODUCTS, lambda: b'{"price":1.' + b"1" * 8_000_000 + b"}", 422),
    "a price of eight million digits as text": ("/v2/products", lambda: b'{"price":"' + b"1" * 8_000_000 + b'"}', 400),
    "a name of eight megabytes": (PRODUCTS, lambda: product(name="n" * 8_000_000), 422),
    "an e-mail address of eight megabytes": ("/v3/customers", lambda: b'[{"email":"' + b"a@" * 4_000_000 + b'"}]', 422),
}


@pytest.fixture(scope="module")
def large(server_on_sqlite: Server) -> Shop:
    """A store with one product."""
    shop = server_on_sqlite.shop()
    assert shop.product() == 1
    return shop


@pytest.mark.parametrize("case", TOO_LARGE)
def test_a_body_out_of_proportion_is_refused_before_its_items_are_looked_at(large: Shop, case: str) -> None:
    """Of bodies some of which once held the loop for seconds: nobody waits for the answer, and nothing has changed."""
    path, made, status = TOO_LARGE[case]
    wait = beside(large, "POST", path, made())
    assert wait.reply.status == status, wait.reply.body[:300]
    assert wait.longest < LONGEST_WAIT, wait
    assert large.rows("products") == 1


@pytest.mark.parametrize(
    "text",
    [
        b"<brand " + b" ".join(b'a%d="1"' % at for at in range(600_000)) + b"/>",
        b"<brand a='" + b"x" * 8_000_000 + b"'/>",
        b"<brand><!--" + b"x" * 8_000_000 + b"--></brand>",
        b"<brand>" + b"<a/>" * 1_000_000 + b"</brand>",
        b"<brand>" + b"<a>" * 1_000_000,
        b"<brand><name>" + b"&lt;" * 2_000_000 + b"</name></brand>",
    ],
    ids=["attributes", "a long attribute", "a long comment", "elements", "depth", "a long name"],
)
def test_xml_out_of_proportion_is_refused_while_it_is_read(large: Shop, text: bytes) -> None:
    wait = beside(large, "POST", BRANDS, text, content_type=XML)
    assert wait.reply.status == 400
    assert wait.longest < LONGEST_WAIT, wait


def _places() -> list[dict[str, str]]:
    return [{"country_iso2": "US", "zip": f"{at:05}"} for at in range(40_000)]


ADDRESS = {
    "first_name": "A", "last_name": "B", "street_1": "1 Main St", "city": "Austin", "state": "Texas", "zip": "78701",
    "country": "United States", "country_iso2": "US", "email": "a@example.com",
}  # fmt: skip
LARGE: dict[str, tuple[str, Any]] = {
    "a product with all its parts": (
        PRODUCTS,
        lambda: product(
            name="Drill",
            description="x" * 1_000_000,
            variants=_variants(600),
            custom_fields=_fields(200),
            bulk_pricing_rules=_rules(250),
            videos=[{"video_id": f"abcdefgh{at:03}"} for at in range(250)],
        ),
    ),
    "a text of nine megabytes": (PRODUCTS, lambda: product(name="Saw", description="<p>a, b</p>" * 800_000)),
    "40,000 postal codes": (
        "/v2/shipping/zones",
        lambda: json.dumps({"name": "Zips", "type": "zip", "locations": _places()}).encode(),
    ),
    "an order of 1,000 lines": (
        "/v2/orders",
        lambda: json.dumps(
            {"billing_address": ADDRESS, "products": [{"product_id": 1, "quantity": 1} for _ in range(1_000)]}
        ).encode(),
    ),
    "250 metafields of 30,000 characters": (
        "/v3/catalog/products/metafields",
        lambda: json.dumps(
            [
                {
                    "resource_id": 1,
                    "namespace": "n",
                    "key": f"k{at}",
                    "value": "v" * 30_000,
                    "permission_set": "app_only",
                }
                for at in range(250)
            ]
        ).encode(),
    ),
    "a post with scripts that never end": (
        POSTS,
        lambda: json.dumps(
            {"title": "t", "body": "<script>" * 120_000, "tags": [f"t{at}" for at in range(250)]}
        ).encode(),
    ),
    "a post with tags that never end": (POSTS, lambda: json.dumps({"title": "u", "body": "<" * 900_000}).encode()),
}


def test_the_largest_writes_and_reads_hold_nobody_up(embedded: Server) -> None:
    """They are carried out, and others are answered meanwhile: also when what was written is listed, or deleted."""
    shop = embedded.shop()
    assert shop.product() == 1
    for name, (path, made) in LARGE.items():
        wait = beside(shop, "POST", path, made())
        assert wait.reply.status in (200, 201), (name, wait.reply.body[:300])
        assert wait.longest < LONGEST_WAIT, (name, wait.longest)
    for path in (
        f"{PRODUCTS}?limit=250&include=variants,images,custom_fields,bulk_pricing_rules,videos",
        "/v2/products?limit=250",
        "/v2/products.xml?limit=250",
        "/v2/shipping/zones",
        "/v2/shipping/zones.xml",
        "/v2/blog/posts?limit=250",
        "/v2/orders?include=consignments.line_items",
        f"{PRODUCTS}/1/metafields?limit=250",
    ):
        wait = beside(shop, "GET", path, accept_encoding="gzip")
        assert wait.reply.status == 200, (path, wait.reply.body[:300])
        assert wait.longest < LONGEST_WAIT, (path, wait.longest)
    wait = beside(shop, "DELETE", f"{PRODUCTS}?id:in=2,3")
    assert wait.reply.status == 204
    assert wait.longest < LONGEST_WAIT, wait.longest


def test_a_held_loop_is_noticed(large: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: a step that computes for a second makes the second client wait."""
    read = respect_size

    def slow(body: bytes) -> None:
        end = time.process_time() + 1
        while time.process_time() < end:
            pass
        read(body)

    monkeypatch.setattr("bodega.http.steps.execution.respect_size", slow)
    monkeypatch.setattr("bodega.http.steps.execution.aside", _at_once)
    assert beside(large, "POST", PRODUCTS, product(description="x" * 100_000, name="")).longest > 3 * LONGEST_WAIT


async def _at_once(work: Any) -> Any:
    return work()


class Inner(msgspec.Struct):
    """An object with a list."""

    codes: Annotated[list[str], AtMost(2)] = []


WHERE = [
    (Annotated[list[int], AtMost(2)], [1, 2], None),
    (Annotated[list[int], AtMost(2)], [1, 2, 3], ("", 2)),
    (Annotated[list[int], AtMost(2)], "1,2,3", ("", 2)),
    (Annotated[list[int], AtMost(2)], "1,2", None),
    (Annotated[list[int], AtMost(2)] | None, [1, 2, 3], ("", 2)),
    (Annotated[list[Inner], AtMost(2)], [{}, {"codes": ["a"] * 3}], (".1.codes", 2)),
    (Annotated[list[Inner], AtMost(2)], [Inner(), Inner(["a"] * 3)], (".1.codes", 2)),
    (Annotated[dict[str, Inner], AtMost(2)], {"a": {"codes": ["a"] * 3}}, (".a.codes", 2)),
    (Annotated[dict[str, Inner], AtMost(2)], {"a": {}, "b": {}, "c": {}}, ("", 2)),
    (dict[str, Any], {"a": [0] * LOOSE}, ("", LOOSE)),
    (dict[str, Any], {"a": [0] * (LOOSE - 1)}, None),
    (Any, json.loads("[" * (DEEP + 1) + "]" * (DEEP + 1)), ("", LOOSE)),
    (Any, json.loads("[" * DEEP + "]" * DEEP), None),
]


@pytest.mark.parametrize(("kind", "value", "found"), WHERE)
def test_a_list_that_is_too_long_is_found_from_the_outside_in(kind: Any, value: Any, found: Any) -> None:
    bound = bound_of(kind)
    assert bound is not None
    assert excess(value, bound) == found


def test_values_are_counted_outside_of_texts() -> None:
    """A text may hold as many commas and brackets as it likes, escaped quotes included."""
    many = MAX_VALUES + 10
    assert too_many_values(b"[" + b"1," * many + b"1]")
    assert too_many_values(b"[" + b'"a",' * many + b"1]")
    assert too_many_values(b'{"a":[' + b"{}," * many + b"1]}")
    for text in ("," * many, '",[' * many, '\\",{' * many, "\\\\" * many):
        assert not too_many_values(json.dumps({"a": text, "b": [text]}).encode())
    assert not too_many_values(b"[" + b"1," * (MAX_VALUES - 10) + b"1]")
