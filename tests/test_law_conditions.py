"""Validators and preconditions (RFC 9110 8.8, 13), for items and collections, in every form, and under concurrency."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from bodega.clock import Clock
from bodega.dates import http_date
from forms import FORMS, V2, V3, XML, Desk, Form, emptied
from shop import Reply, Server, Shop

NOON = 1_700_000_000
"""A moment to stop a store's clock at, in UTC seconds."""


def frozen(shop: Shop, epoch: float) -> Shop:
    """Stops the store's clock, and waits until the server knows."""
    shop.change(clock=Clock(frozen=epoch))
    Desk(shop, V3).known(lambda store: store.clock.frozen == epoch)
    return shop


def on_date(shop: Shop, epoch: float) -> None:
    """Lets what follows happen at a time in UTC seconds."""
    frozen(shop, epoch)


# Validators


def changes(desk: Desk) -> list[tuple[str, Callable[[], Reply]]]:
    """Writes that change the list of brands, each as a name and a request."""
    return [
        ("create", lambda: desk.ask("POST", desk.path("brands"), {"name": "Best"})),
        ("update", lambda: desk.ask("PUT", desk.path("brands/1"), {"page_title": "New"})),
        ("update again", lambda: desk.ask("PUT", desk.path("brands/1"), {"page_title": "Newer"})),
        ("delete", lambda: desk.ask("DELETE", desk.path("brands/2"))),
        ("bulk delete", lambda: desk.ask("DELETE", desk.path("brands") + "?name=Acme")),
    ]


def test_every_write_moves_the_tag_of_the_list_within_one_second(server: Server) -> None:
    """RFC 9110 8.8.1: whole seconds hide changes, and the newest row's time misses deletes."""
    shop = frozen(server.shop(), NOON)
    for form in FORMS:
        desk = Desk(emptied(shop), form)
        desk.shop.brand()
        seen = [desk.ask("GET", desk.path("brands")).headers["etag"]]
        for name, write in changes(desk):
            assert write().status < 300, name
            reply = desk.ask("GET", desk.path("brands"), headers={"if-none-match": ", ".join(seen)})
            assert reply.status in (200, 204), name
            seen.append(reply.headers["etag"])
        assert len(set(seen)) == len(seen)


def test_every_write_moves_the_tag_of_the_item_and_tells_it(desk: Desk) -> None:
    """RFC 9110 8.8.3: the tag of a write's reply is the one that a read gives next."""
    desk.shop.brand()
    path = desk.path("brands/1")
    seen = [desk.ask("GET", path).headers["etag"]]
    for title in ("One", "Two", "Two"):
        written = desk.ask("PUT", path, {"page_title": title})
        assert desk.ask("GET", path).headers["etag"] == written.headers["etag"]
        seen.append(written.headers["etag"])
    assert len(set(seen)) == 3
    assert seen[-1] == seen[-2]  # a write that changes no value is none


def test_another_rows_change_leaves_the_tag_of_an_item_alone(desk: Desk) -> None:
    """RFC 9110 8.8.1: a tag that moves for nothing makes caches useless."""
    desk.shop.brand("Acme")
    etag = desk.ask("GET", desk.path("brands/1")).headers["etag"]
    desk.shop.brand("Best")
    assert desk.ask("GET", desk.path("brands/1")).headers["etag"] == etag


def test_a_change_of_what_is_shown_inside_moves_the_tag(room: Shop) -> None:
    """RFC 9110 8.8.1: a brand that goes away changes its products."""
    brand = room.brand()
    product = room.product(brand_id=brand, sku="H-1")
    item, shown = f"/v3/catalog/products/{product}", f"/v3/catalog/products/{product}?include=variants"
    before = [room.get(path).headers["etag"] for path in (item, shown)]
    room.delete(f"/v3/catalog/brands/{brand}")
    after = [room.get(path).headers["etag"] for path in (item, shown)]
    assert not set(before) & set(after)
    room.put(item, {"sku": "H-2"})
    assert room.get(shown).headers["etag"] not in (*before, *after)


def test_a_change_of_a_product_with_its_variants_is_judged_by_the_tag_of_that_view(room: Shop) -> None:
    """RFC 9110 13.1.1: the tag that GET gave for a URL is the one that PUT to it asks for."""
    path = f"/v3/catalog/products/{room.product(sku='H-1')}?include=variants"
    first = room.get(path).headers["etag"]
    second = room.put(path, {"sku": "H-2"}, headers={"if-match": first})
    assert (second.status, second.data["variants"][0]["sku"]) == (200, "H-2")
    assert second.headers["etag"] == room.get(path).headers["etag"]
    assert room.put(path, {"sku": "H-3"}, headers={"if-match": first}).status == 412
    assert room.put(path, {"sku": "H-3"}, headers={"if-match": second.headers["etag"]}).status == 200


def test_each_form_on_the_wire_has_a_strong_tag_of_its_own(room: Shop) -> None:
    """RFC 9110 8.8.3.3: JSON, XML, and each of them zipped; 304 tells the tag of the form the caller holds."""
    room.brand(meta_description="d" * 5_000)
    tags = {}
    for form in (V2, XML):
        for coding in ("identity", "gzip"):
            headers = {"accept-encoding": coding}
            desk = Desk(room, form)
            whole = desk.ask("GET", "/v2/brands/1", headers=headers)
            assert (whole.headers.get("content-encoding") == "gzip") is (coding == "gzip")
            etag = tags[form.name, coding] = whole.headers["etag"]
            known = desk.ask("GET", "/v2/brands/1", headers={**headers, "if-none-match": etag})
            assert (known.status, known.headers["etag"], known.headers["vary"]) == (304, etag, whole.headers["vary"])
            assert desk.ask("PUT", "/v2/brands/1", {"name": "A"}, headers={"if-match": f"W/{etag}"}).status == 412
    assert len(set(tags.values())) == 4
    assert not any(etag.startswith("W/") for etag in tags.values())
    plain = Desk(room, V2).ask("GET", "/v2/brands/1").body
    zipped = Desk(room, V2).ask("GET", "/v2/brands/1", headers={"accept-encoding": "gzip"}).body
    assert gzip.decompress(zipped) == plain
    assert (
        Desk(room, V2).ask("PUT", "/v2/brands/1", {"name": "A"}, headers={"if-match": tags["V2-JSON", "gzip"]}).status
        == 200
    )


def test_a_tag_depends_on_the_resource_and_never_on_the_caller(room: Shop) -> None:
    """contract/http.md, RFC 9111 3.5: and what is said to one account is not kept for another."""
    room.brand()
    other = Desk(room, V3).account("store_v2_products_read_only")
    mine, theirs = room.get("/v3/catalog/brands/1"), room.get("/v3/catalog/brands/1", token=other)
    assert mine.headers["etag"] == theirs.headers["etag"]
    assert mine.headers["cache-control"].startswith("private")


# Preconditions


class Condition(NamedTuple):
    """Headers with {etag}, {date}, {earlier} and {later} in them, and the status that a read and a write give."""

    headers: dict[str, str]
    read: int
    write: int
    cites: str


CONDITIONS = [
    Condition({"if-none-match": "{etag}"}, 304, 412, "13.1.2"),
    Condition({"if-none-match": "W/{etag}"}, 304, 412, "13.1.2: weak comparison"),
    Condition({"if-none-match": '"x", {etag}'}, 304, 412, "13.1.2: a list"),
    Condition({"if-none-match": "*"}, 304, 412, "13.1.2"),
    Condition({"if-none-match": '"x"'}, 200, 200, "13.1.2"),
    Condition({"if-match": "{etag}"}, 200, 200, "13.1.1"),
    Condition({"if-match": '"x", {etag}'}, 200, 200, "13.1.1: a list"),
    Condition({"if-match": "*"}, 200, 200, "13.1.1"),
    Condition({"if-match": '"x"'}, 412, 412, "13.1.1"),
    Condition({"if-match": "W/{etag}"}, 412, 412, "13.1.1: strong comparison"),
    Condition({"if-unmodified-since": "{date}"}, 200, 200, "13.1.4"),
    Condition({"if-unmodified-since": "{earlier}"}, 412, 412, "13.1.4"),
    Condition({"if-unmodified-since": "yesterday"}, 200, 200, "13.1.4: no date is no condition"),
    Condition({"if-modified-since": "{date}"}, 304, 200, "13.1.3: for reads only"),
    Condition({"if-modified-since": "{later}"}, 304, 200, "13.1.3"),
    Condition({"if-modified-since": "{earlier}"}, 200, 200, "13.1.3"),
    Condition({"if-modified-since": "yesterday"}, 200, 200, "13.1.3: no date is no condition"),
    Condition({"if-match": '"x"', "if-none-match": "{etag}"}, 412, 412, "13.2.2: step 1 before step 3"),
    Condition({"if-match": "{etag}", "if-unmodified-since": "{earlier}"}, 200, 200, "13.2.2: step 2 only without 1"),
    Condition({"if-match": "{etag}", "if-none-match": "{etag}"}, 304, 412, "13.2.2: then step 3"),
    Condition({"if-none-match": '"x"', "if-modified-since": "{later}"}, 200, 200, "13.2.2: step 4 only without 3"),
    Condition({"if-unmodified-since": "{earlier}", "if-none-match": "{etag}"}, 412, 412, "13.2.2: step 2 before 3"),
]


@pytest.fixture(scope="module")
def noon(server: Server) -> Shop:
    """A store whose only brands were made when its clock stood still."""
    shop = frozen(server.shop(), NOON)
    shop.brand("Acme", meta_description="short")
    return shop


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: f"{condition.cites}-{condition.headers}")
def test_preconditions_are_judged_in_order_for_items_and_collections(
    noon: Shop, form: Form, condition: Condition
) -> None:
    """RFC 9110 13.2.2; the row tells the section."""
    desk = Desk(noon, form)
    for path in ("brands/1", "brands"):
        etag = desk.ask("GET", desk.path(path)).headers["etag"]
        dates = {"date": NOON, "earlier": NOON - 1, "later": NOON + 1}
        words = {"etag": etag, **{name: http_date(epoch).decode() for name, epoch in dates.items()}}
        headers = {name: value.format(**words) for name, value in condition.headers.items()}
        assert desk.ask("GET", desk.path(path), headers=headers).status == condition.read
        assert desk.ask("HEAD", desk.path(path), headers=headers).status == condition.read
        if path == "brands":  # nothing matches, so nothing changes; what a PUT does is 200, what this does is 204
            reply = desk.ask("DELETE", desk.path(path) + "?name=Nobody", headers=headers)
            assert reply.status == {200: 204}.get(condition.write, condition.write)
        else:
            reply = desk.ask("PUT", desk.path(path), {"name": "Acme"}, headers=headers)
            assert reply.status == condition.write


@pytest.mark.parametrize("path", ["/v2/time", "/v2/store"])
def test_what_is_one_of_its_kind_can_be_conditioned_too(noon: Shop, path: str) -> None:
    """RFC 9110 13.1.1: `*` names whatever is there."""
    first = noon.get(path, headers={"if-match": "*"})
    assert first.status == 200
    assert noon.get(path, headers={"if-none-match": first.headers["etag"]}).status == 304
    assert noon.get(path, headers={"if-match": '"x"'}).status == 412


def test_a_create_can_ask_that_the_list_is_as_it_was_read(desk: Desk) -> None:
    """RFC 9110 13.1.1: the target of a POST to a collection is the collection."""
    desk.shop.brand("Acme")
    etag = desk.ask("GET", desk.path("brands")).headers["etag"]
    made = desk.ask("POST", desk.path("brands"), {"name": "Best"}, headers={"if-match": etag})
    late = desk.ask("POST", desk.path("brands"), {"name": "Cheap"}, headers={"if-match": etag})
    assert (made.status, late.status) == (200 if desk.form is V3 else 201, 412)
    assert desk.shop.rows("brands") == 2


def test_a_bulk_update_can_ask_that_the_list_is_as_it_was_read(room: Shop) -> None:
    """RFC 9110 13.1.1"""
    product = room.product()
    etag = room.get("/v3/catalog/products").headers["etag"]
    names = [[{"id": product, "name": name}] for name in ("Mallet", "Axe")]
    got = [room.put("/v3/catalog/products", draft, headers={"if-match": etag}).status for draft in names]
    assert got == [200, 412]


def together(shop: Shop, requests: list[tuple[str, str, Any, dict[str, str]]]) -> list[int]:
    """Requests that are all under way at once: method, path, JSON, headers; their statuses."""
    server = shop.server
    found: list[int] = []

    async def one(method: str, path: str, draft: Any, headers: dict[str, str]) -> None:
        body = Desk(shop, V3).body(draft) if draft is not None else b""
        given = {"host": "localhost", "x-auth-token": shop.token, "content-type": "application/json", **headers}
        given["content-length"] = str(len(body))
        target, _, query = f"/stores/{shop.name}{path}".partition("?")
        scope = {
            "type": "http",
            "method": method,
            "scheme": "https",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)  # every request has read its row before any is written
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                found.append(message["status"])

        await server.app(scope, receive, send)

    async def all_of_them() -> None:
        await asyncio.gather(*(one(*request) for request in requests))

    server.run(all_of_them())
    return sorted(found)


def test_of_two_changes_of_the_same_copy_one_is_refused(room: Shop) -> None:
    """RFC 9110 13.1.1: the lost update; both have read the row before either writes."""
    room.brand()
    for turn in range(5):
        etag = room.get("/v3/catalog/brands/1").headers["etag"]
        put = [("PUT", "/v3/catalog/brands/1", {"page_title": f"{turn}-{n}"}, {"if-match": etag}) for n in range(2)]
        assert together(room, put) == [200, 412]


def test_of_a_change_and_a_delete_of_the_same_copy_one_is_refused(room: Shop) -> None:
    """RFC 9110 13.1.1"""
    room.brand()
    etag = room.get("/v3/catalog/brands/1").headers["etag"]
    path = "/v3/catalog/brands/1"
    got = together(
        room, [("PUT", path, {"page_title": "x"}, {"if-match": etag}), ("DELETE", path, None, {"if-match": etag})]
    )
    assert got in ([200, 412], [204, 412])


@pytest.mark.parametrize("first", ["POST", "DELETE"])
def test_of_two_changes_of_the_same_list_one_is_refused(room: Shop, first: str) -> None:
    """RFC 9110 13.1.1: a group of writes shares a transaction, yet each sees what the one before it did."""
    room.brand()
    etag = room.get("/v3/catalog/brands").headers["etag"]
    made = ("POST", "/v3/catalog/brands", {"name": "Best"}, {"if-match": etag})
    gone = ("DELETE", "/v3/catalog/brands?name=Acme", None, {"if-match": etag})
    got = together(room, [made, gone] if first == "POST" else [gone, made])
    assert got in ([200, 412], [204, 412])


# Rule 12


def test_a_date_filters_a_v2_list_and_is_a_condition_in_v3(server: Server) -> None:
    """Rule 12; RFC 9110 13.1.3 in V3. A part of a list has no tag: it must not be taken for the whole."""
    shop = frozen(server.shop(), NOON)
    shop.brand("Old")
    on_date(shop, NOON + 100)
    shop.brand("New")
    since = {"if-modified-since": http_date(NOON + 50).decode()}
    for form in (V2, XML):
        desk = Desk(shop, form)
        reply = desk.ask("GET", "/v2/brands", headers=since)
        assert reply.status == 200
        found = desk.read(reply)
        names = [brand["name"] for brand in (found if isinstance(found, list) else found.values())]
        assert names == ["New"]
        assert "etag" not in reply.headers
        assert "last-modified" not in reply.headers
        later = {"if-modified-since": http_date(NOON + 100).decode()}
        none = desk.ask("GET", "/v2/brands", headers=later)
        assert (none.status, none.body) == (304, b"")
        assert desk.ask("GET", "/v2/brands?name=Old", headers=since).status == 304
        assert desk.ask("GET", "/v2/brands/1", headers=since).status == 304  # of an item it is a condition
        assert desk.read(desk.ask("GET", "/v2/brands/count", headers=since))["count"] in (2, "2")
    whole = Desk(shop, V3).ask("GET", "/v3/catalog/brands", headers=since)
    assert [brand["name"] for brand in whole.data] == ["Old", "New"]


def test_a_tag_wins_over_a_date_in_a_v2_list(noon: Shop) -> None:
    """RFC 9110 13.1.3: If-Modified-Since is ignored beside If-None-Match, so it filters nothing."""
    headers = {"if-modified-since": http_date(NOON + 50).decode(), "if-none-match": '"x"'}
    reply = noon.get("/v2/brands", headers=headers)
    assert (reply.status, len(reply.json)) == (200, 1)
