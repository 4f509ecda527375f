"""Every outcome, produced by a request that is carried out, in V2 JSON, V2 XML and V3 JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from bodega.law.outcome import (
    OUTCOMES,
    Accepted,
    Created,
    Emptied,
    Outcome,
    PartlyDone,
    PartlyMissing,
    PartlyRefused,
    Shown,
)
from bodega.law.reasons import Step
from forms import FORMS, QUOTA_HEADERS, V2, V3, XML, Desk, Form, basic, path_to
from shop import Reply, Shop


class Done(NamedTuple):
    """A request that is carried out; `check` looks at what came of it."""

    outcome: type[Outcome]
    status: int
    forms: Sequence[Form]
    cites: str
    send: Callable[[Desk], Reply]
    check: Callable[[Desk, Reply], None]


DONE: list[Done] = []


def shown(desk: Desk) -> Reply:
    desk.shop.brand()
    return desk.ask("GET", desk.path("brands/1"))


def looks_shown(desk: Desk, reply: Reply) -> None:
    assert desk.read(reply)["name"] == "Acme"
    assert re.fullmatch(r'"\d+-x"' if desk.form is XML else r'"\d+"', reply.headers["etag"])
    assert reply.headers["vary"] == "accept, accept-encoding"
    assert reply.headers["cache-control"].startswith("private")
    assert reply.headers["last-modified"].endswith("GMT")


def created(desk: Desk) -> Reply:
    return desk.ask("POST", desk.path("brands"), {"name": "Acme"})


def looks_created(desk: Desk, reply: Reply) -> None:
    made = desk.ask("GET", reply.headers["location"].partition(desk.shop.name)[2])
    assert (made.status, made.body) == (200, reply.body)  # contract/http.md: Location answers 200 to GET
    assert made.headers["etag"] == reply.headers["etag"]


def accepted(desk: Desk) -> Reply:
    return desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers={"prefer": "respond-async"})


def looks_accepted(desk: Desk, reply: Reply) -> None:
    task = desk.read(reply)
    path = reply.headers["location"].partition(desk.shop.name)[2]
    assert path == f"/v{desk.form.version}/tasks/{task['id']}"
    assert task["state"] == "pending"
    assert reply.headers["preference-applied"] == "respond-async"  # RFC 7240 3
    ended = desk.shop.settle(int(task["id"]))
    assert ended["state"] == "done"
    assert desk.read(desk.ask("GET", path))["state"] == "done"


def emptied_one(desk: Desk) -> Reply:
    desk.shop.brand()
    return desk.ask("DELETE", desk.path("brands/1"))


def nothing_listed(desk: Desk) -> Reply:
    return desk.ask("GET", desk.path("brands"))


def looks_empty(_desk: Desk, reply: Reply) -> None:
    assert reply.body == b""
    assert "content-length" not in reply.headers  # RFC 9110 8.6
    assert "content-type" not in reply.headers


def partly_done(desk: Desk) -> Reply:
    return desk.ask("POST", desk.path("products"), desk.product(name="Hammer", inventory_level=-1))


def looks_partly_done(desk: Desk, reply: Reply) -> None:
    body = reply.json if desk.form is V3 else desk.read(reply)
    assert "stock" in (body["errors"]["inventory_level"] if desk.form is V3 else body["message"])
    assert desk.shop.rows("products") == 1


def partly_updated(desk: Desk) -> Reply:
    desk.shop.product()
    return desk.ask("PUT", desk.path("products"), [{"id": 1, "name": "Mallet"}, {"id": 2, "name": "Axe"}])


def looks_partly_updated(_desk: Desk, reply: Reply) -> None:
    assert [product["name"] for product in reply.data] == ["Mallet"]
    assert set(reply.json["errors"]) == {"2"}


def partly_refused(desk: Desk) -> Reply:
    desk.shop.brand()
    field = {"namespace": "erp", "value": "7", "permission_set": "read", "resource_id": 1}
    twice = [{**field, "key": "code"}, {**field, "key": "code"}]
    return desk.ask("POST", "/v3/catalog/brands/metafields", twice)


def looks_partly_refused(desk: Desk, reply: Reply) -> None:
    assert [field["key"] for field in reply.data] == ["code"]
    assert [error["status"] for error in reply.json["errors"]] == [409]
    assert reply.json["meta"] == {"total": 2, "success": 1, "failed": 1}
    assert desk.shop.rows("brand_metafields") == 1


def partly_missing(desk: Desk) -> Reply:
    desk.shop.post("/v3/content/pages", {"type": "page", "name": "About"})
    return desk.ask("DELETE", "/v3/content/pages?id:in=1,9")


def looks_partly_missing(desk: Desk, reply: Reply) -> None:
    assert reply.json["details"] == {"missing_ids": [9]}
    assert desk.shop.rows("web_pages") == 0


DONE += [
    Done(Shown, 200, FORMS, "RFC 9110 15.3.1", shown, looks_shown),
    Done(Shown, 200, [V3], "contract/http.md: most V3 creates are 200", created, looks_created),
    Done(Created, 201, [V2, XML], "RFC 9110 15.3.2", created, looks_created),
    Done(Accepted, 202, FORMS, "RFC 9110 15.3.3", accepted, looks_accepted),
    Done(Emptied, 204, FORMS, "RFC 9110 15.3.5", emptied_one, looks_empty),
    Done(Emptied, 204, [V2, XML], "rule 7", nothing_listed, looks_empty),
    Done(PartlyDone, 207, FORMS, "rule 48", partly_done, looks_partly_done),
    Done(PartlyDone, 207, [V3], "RFC 4918 11.1", partly_updated, looks_partly_updated),
    Done(PartlyRefused, 422, [V3], "as documented for metafields", partly_refused, looks_partly_refused),
    Done(PartlyMissing, 404, [V3], "as documented for pages", partly_missing, looks_partly_missing),
]


@pytest.mark.parametrize(
    ("done", "form"),
    [pytest.param(done, form, id=f"{form.name}-{done.send.__name__}") for done in DONE for form in done.forms],
)
def test_an_outcome_has_its_status_path_headers_and_body(room: Shop, done: Done, form: Form) -> None:
    """The row cites its section or rule."""
    desk = Desk(room, form)
    reply = done.send(desk)
    assert (reply.status, reply.reason) == (done.status, "")
    assert done.outcome.status == done.status
    assert reply.headers["bodega-path"] == path_to(Step.PERFORM, str(done.status))
    assert reply.headers["x-request-id"]
    assert [name for name in reply.headers if name.startswith("x-rate-limit")] == list(QUOTA_HEADERS)
    if reply.body:
        assert reply.headers["content-type"] == f"application/{form.media}"
        assert reply.headers["content-length"] == str(len(reply.body))
    done.check(desk, reply)


def test_every_outcome_has_a_row_in_the_table() -> None:
    """Design section 1, the answers."""
    assert {done.outcome for done in DONE} == set(OUTCOMES)


def test_an_empty_v3_list_is_200(room: Shop) -> None:
    """Rule 7"""
    reply = room.get("/v3/catalog/brands")
    assert (reply.status, reply.data, reply.json["meta"]["pagination"]["total"]) == (200, [], 0)


def test_a_basic_account_reads_what_is_left_of_its_hour(shop: Shop) -> None:
    """contract/wire.md 1: X-BC-ApiLimit-Remaining on every reply to Basic credentials, and no X-Rate-Limit-*."""
    headers = {"authorization": basic("user", shop.account(kind="basic", per_hour=9))}
    left = [
        shop.request(method, path, token="", headers=headers).headers
        for method, path in (("GET", "/v2/time"), ("GET", "/v2/nothing"), ("PUT", "/v2/time"), ("GET", "/v2/brands/1"))
    ]
    assert [reply["x-bc-apilimit-remaining"] for reply in left] == ["8", "7", "6", "5"]
    assert not any(name.startswith("x-rate-limit") for reply in left for name in reply)


@pytest.mark.parametrize(
    "path", ["/v2/brands", "/v2/brands/1", "/v2/brands/count", "/v2/store", "/v3/catalog/brands", "/v3/tasks"]
)
def test_allow_is_true_and_complete(room: Shop, path: str) -> None:
    """RFC 9110 10.2.1: exactly the methods that are not answered 405."""
    told = room.request("OPTIONS", path).headers["allow"].split(", ")
    asked = {method: room.request(method, path) for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")}
    assert {method for method, reply in asked.items() if reply.status != 405} == set(told)
    refusals = [reply for reply in asked.values() if reply.status == 405]
    assert refusals
    assert all(reply.headers["allow"].split(", ") == told for reply in refusals)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_faulty_field_is_named(room: Shop, form: Form) -> None:
    """Design section 1, step 15"""
    desk = Desk(room, form)
    reply = desk.ask("POST", desk.path("categories"), {"sort_order": "x", "page_title": "p" * 256})
    wrong = {"sort_order", "page_title", "name"} | ({"parent_id"} if form is V3 else set())
    if form is V3:
        assert set(reply.json["errors"]) == wrong
    else:
        told = reply.body.decode()
        assert all(f"'{name}'" in told for name in wrong), told
