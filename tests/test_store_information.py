"""The store itself: information, time, tasks (rules 7, 15, 29, 122 and design section on 202)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

NOW = 1_795_341_600  # 2026-11-22T10:00:00Z


def test_store_information_is_what_the_owner_set(server: Any) -> None:
    """Rule 122."""
    shop = server.shop(name="Corner Shop", country="Denmark", country_code="DK", currency="DKK", domain="shop.test")
    shown = shop.get("/v2/store").json
    assert {name: shown[name] for name in ("name", "country", "country_code", "currency", "domain", "secure_url")} == {
        "name": "Corner Shop", "country": "Denmark", "country_code": "DK", "currency": "DKK", "domain": "shop.test",
        "secure_url": "https://shop.test",
    }  # fmt: skip
    assert (shown["id"], shown["plan_is_trial"]) == (shop.name, False)
    shop.change(settings={"name": "Main Street"})
    assert shop.get("/v2/store").json["name"] == "Main Street"
    shop.close()


def test_store_information_changes_its_entity_tag_with_the_settings(shop: Shop) -> None:
    """RFC 9110 8.8.3."""
    first = shop.get("/v2/store").headers["etag"]
    assert shop.get("/v2/store", headers={"if-none-match": first}).status == 304
    shop.change(settings={"name": "Main Street"})
    again = shop.get("/v2/store", headers={"if-none-match": first})
    assert (again.status, again.json["name"]) == (200, "Main Street")
    assert again.headers["etag"] != first


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/v2/store", "/v2/time", "/v2/tasks", "/v3/tasks"])
def test_the_store_is_read_only(shop: Shop, path: str, method: str) -> None:
    """Rule 122."""
    reply = shop.request(method, path, {"name": "Mine"})
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_store_information_in_xml(shop: Shop) -> None:
    """Rule 15."""
    reply = shop.get("/v2/store.xml")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml")
    assert f"<store><id>{shop.name}</id><account_uuid>".encode() in reply.body
    assert shop.get("/v2/store.json").json == shop.get("/v2/store").json


def test_the_old_name_leads_to_the_store(shop: Shop) -> None:
    """RFC 9110 15.4.2: same host, query kept."""
    reply = shop.get("/v2/store_information?x=1")
    assert (reply.status, reply.headers["location"]) == (301, f"https://localhost:8443/stores/{shop.name}/v2/store?x=1")


def test_the_time_is_that_of_the_stores_clock(shop: Shop) -> None:
    """Whole seconds, with no scope."""
    token = shop.account("store_v2_orders_read_only")
    shop.freeze(NOW + 0.7)
    assert shop.get("/v2/time").json == {"time": NOW}
    assert b"<time><time>%d</time></time>" % NOW in shop.get("/v2/time.xml").body
    assert shop.get("/v2/time", token=token).status == 200
    assert shop.get("/v2/store", token=token).status == 403


# Tasks.


@pytest.mark.parametrize(("path", "tasks"), [("/v2/brands", "/v2/tasks"), ("/v3/catalog/brands", "/v3/tasks")])
def test_a_write_can_be_left_to_a_task(shop: Shop, path: str, tasks: str) -> None:
    """202 with the task and its Location; later the reply that the request would have had."""
    reply = shop.post(path, {"name": "Acme"}, headers={"prefer": "respond-async"})
    task = reply.json.get("data", reply.json)
    assert reply.status == 202
    assert reply.headers["location"] == f"https://localhost:8443/stores/{shop.name}{tasks}/{task['id']}"
    done = shop.settle(task["id"])
    assert (done["state"], done["response"]["status"]) == ("done", 201 if path == "/v2/brands" else 200)
    assert shop.get("/v2/brands/1").json["name"] == "Acme"
    for shown in (shop.get(f"/v2/tasks/{task['id']}").json, shop.get(f"/v3/tasks/{task['id']}").data):
        assert (shown["id"], shown["state"], shown["request"]["method"]) == (task["id"], "done", "POST")
    assert [row["id"] for row in shop.get("/v2/tasks?state=done").json] == [task["id"]]
    assert [row["id"] for row in shop.get("/v3/tasks?state=done").data] == [task["id"]]


def test_a_task_that_is_refused_keeps_the_refusal(shop: Shop) -> None:
    """Its response is the one that the request would have had."""
    shop.brand("Acme")
    done = shop.settle(shop.task("POST", "/v3/catalog/brands", {"name": "ACME"}))
    assert (done["state"], done["response"]["status"]) == ("failed", 409)


def test_a_store_without_tasks_lists_none(shop: Shop) -> None:
    """Rules 6 and 7."""
    assert shop.get("/v2/tasks").status == 204
    assert shop.get("/v3/tasks").data == []
    for path in ("/v2/tasks/1", "/v3/tasks/1"):
        assert shop.get(path).status == 404


def test_deleting_a_large_v2_collection_is_a_task(shop: Shop) -> None:
    """Over 250 rows nobody waits; with a filter, or below, the answer is 204."""
    for number in range(251):
        shop.brand(f"B {number}")
    reply = shop.delete("/v2/brands")
    assert reply.status == 202
    done = shop.settle(reply.json["id"])
    assert (done["state"], done["progress"], done["response"]["status"]) == ("done", 251, 204)
    assert shop.get("/v2/brands").status == 204
