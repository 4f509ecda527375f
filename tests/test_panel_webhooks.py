"""Webhooks, tasks and the plan in the panel."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bodega.access.plans import COUNTERS
from bodega.storage.unit import Unit
from bodega.tasks import queue
from panel import Browser, base, signed_in
from shop import Shop
from test_panel_catalogue import message

HOOK = {"scope": "store/category/*", "destination": "https://receiver.invalid/hook", "is_active": True,
        "headers": {"X-Api-Key": "sesame", "X-Plain": "shown"}}  # fmt: skip


def told(shop: Shop, **state: Any) -> int:
    """A hook with one delivery in this state: the id of the delivery."""
    hook = shop.post("/v3/hooks", HOOK).data["id"]
    shop.post("/v3/catalog/categories", {"name": "Light", "parent_id": 0})
    given = {"state": "failed", "attempts": 12, "next_at": 0, "tried_at": int(time.time()), "status": 500,
             "message": "Out of <order>", **state}  # fmt: skip
    sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(given, start=2))

    async def job(unit: Unit) -> int:
        await unit.tx.run(f"UPDATE deliveries SET {sets} WHERE hook_id = $1", hook, *given.values())
        found = await unit.tx.row("SELECT id FROM deliveries WHERE hook_id = $1", hook)
        assert found is not None
        return int(found[0])

    found: int = shop.server.run(shop.server.app.stores._open[shop.name].write(job))
    return found


def state_of(shop: Shop, delivery: int) -> tuple[str, int]:
    """State and tries of a delivery."""
    store = shop.server.app.stores._open[shop.name]
    assert store.rows is not None
    sql = "SELECT state, attempts FROM deliveries WHERE id = $1"
    row = shop.server.run(store.rows.reader.row(sql, delivery))
    return row[0], row[1]


def test_a_delivery_is_shown_with_request_answer_and_next_try(shop: Shop) -> None:
    delivery = told(shop)
    browser = signed_in(shop)
    listed = browser.get(f"{base(shop)}/webhooks").text
    assert "store/category/*" in listed
    page = browser.get(f"{base(shop)}/webhooks/1").text
    assert "store/category/created" in page
    one = browser.get(f"{base(shop)}/webhooks/1/deliveries/{delivery}").text
    assert "12 of 12" in one
    assert "Out of &lt;order&gt;" in one
    assert "webhook-id" in one
    assert "store/category/created" in one
    assert ("shown" in one, "sesame" in one) == (True, False), "credentials are masked"
    for missing in ("/webhooks/9", "/webhooks/1/deliveries/999", "/webhooks/2/deliveries/1", "/webhooks/x"):
        assert browser.get(base(shop) + missing).status == 404, missing


def test_a_delivery_is_sent_again_from_the_first_try(shop: Shop) -> None:
    delivery = told(shop)
    browser = signed_in(shop)
    here = f"{base(shop)}/webhooks/1/deliveries/{delivery}"
    assert browser.post(browser.get(here), "/again").status == 303
    assert state_of(shop, delivery)[1] < 12
    shop.put("/v3/hooks/1", {"is_active": False})
    page = browser.post(browser.get(here), "/again")
    assert (page.status, any("inactive" in text for text in message(page))) == (409, True)


@pytest.mark.parametrize("replay", [False, True])
def test_a_deactivated_hook_is_made_active_with_or_without_what_failed(shop: Shop, replay: bool) -> None:
    delivery = told(shop)
    browser = signed_in(shop)
    here = f"{base(shop)}/webhooks/1"
    assert browser.post(browser.get(here), "/active").status == 303
    assert shop.get("/v3/hooks/1").data["is_active"] is False
    page = browser.get(here)
    form = next(form for form in page.forms if form.action.endswith("/active") and ("replay" in form.fields) is replay)
    assert browser.ask("POST", form.action, form.fields).status == 303
    assert shop.get("/v3/hooks/1").data["is_active"] is True
    assert (state_of(shop, delivery)[0] == "failed") is not replay


def test_a_hook_is_made_for_an_account_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    client = shop.server.run(shop.server.backend.registry.accounts(shop.name))[0].client_id
    new = browser.get(f"{base(shop)}/webhooks/new")
    for wrong in ({"client": client, "scope": "store/nothing", "destination": "https://a.example"},
                  {"client": client, "scope": "store/category/*", "destination": "http://a.example"},
                  {"client": "stranger", "scope": "store/category/*", "destination": "https://a.example"}):  # fmt: skip
        page = browser.post(new, "/webhooks", **wrong)
        assert (page.status, bool(message(page))) == (422, True), wrong
    made = browser.post(new, "/webhooks", client=client, scope="store/category/*", destination="https://a.example/")
    assert made.status == 303
    (hook,) = shop.get("/v3/hooks").data
    assert (hook["client_id"], hook["scope"], hook["is_active"]) == (client, "store/category/*", True)
    assert browser.post(browser.get(f"{base(shop)}/webhooks/{hook['id']}"), "/delete").status == 303
    assert shop.get("/v3/hooks").data == []


def later(shop: Shop, name: str) -> int:
    """A task that makes a brand, ended: its id."""
    return shop.task("POST", "/v3/catalog/brands", {"name": name})


def test_a_task_that_failed_is_tried_again_as_a_new_one(shop: Shop) -> None:
    browser = signed_in(shop)
    first = shop.post("/v3/catalog/brands", {"name": "Lumen"}).data["id"]
    failed = later(shop, "Lumen")
    page = browser.get(f"{base(shop)}/tasks/{failed}")
    assert ">failed<" in page.text
    shop.request("DELETE", "/v3/catalog/brands?name=Lumen")
    assert shop.get(f"/v3/catalog/brands/{first}").status == 404
    made = browser.post(page, f"/tasks/{failed}/again")
    new = int(made.header("location").rpartition("/")[2].partition("?")[0])
    shop.settle(new)
    assert shop.get(f"/v3/tasks/{new}").data["state"] == "done"
    assert [brand["name"] for brand in shop.get("/v3/catalog/brands").data] == ["Lumen"]
    done = browser.get(f"{base(shop)}/tasks/{new}")
    assert "/again" not in done.text, "what was done is not done twice"
    assert browser.ask("POST", f"{base(shop)}/tasks/{new}/again", page.form("/again").fields).status == 409


def test_a_task_is_called_off(shop: Shop) -> None:
    browser = signed_in(shop)
    ended = later(shop, "Lumen")
    store = shop.server.app.stores._open[shop.name]

    async def job(unit: Unit) -> int:
        asked = queue.TaskRequest("POST", f"/stores/{shop.name}/v3/catalog/brands", {}, '{"name": "Never"}')
        row = await queue.enqueue(unit, asked, base="https://localhost", client_id="nobody")
        return int(row.entity.id)

    waiting = shop.server.run(store.write(job))
    page = browser.get(f"{base(shop)}/tasks/{waiting}")
    called_off = browser.post(page, f"/tasks/{waiting}/cancel")
    assert called_off.status == 303
    assert ">cancelled<" in browser.follow(called_off).text
    late = browser.ask("POST", f"{base(shop)}/tasks/{ended}/cancel", page.form("/cancel").fields)
    assert (late.status, any("already ended" in text for text in message(late))) == (409, True)


def plan(shop: Shop, browser: Browser, **fields: str) -> Any:
    """The plan's form, filled and sent."""
    return browser.post(browser.get(f"{base(shop)}/status"), "/plan", **fields)


def test_the_plan_and_the_limits_are_changed(shop: Shop) -> None:
    browser = signed_in(shop)
    assert plan(shop, browser, plan="trial", **{"limit.brands": "1"}).status == 303
    shop.server.hear()
    assert shop.post("/v3/catalog/brands", {"name": "One"}).status == 200
    assert shop.post("/v3/catalog/brands", {"name": "Two"}).status == 507
    page = browser.get(f"{base(shop)}/status").text
    assert "1 of 1" in page
    assert "0 of 50" in page
    assert plan(shop, browser, plan="sandbox", **{f"limit.{name}": "" for name in COUNTERS}).status == 303
    shop.server.hear()
    assert shop.post("/v3/catalog/brands", {"name": "Two"}).status == 200


@pytest.mark.parametrize("fields", [{"plan": "gold"}, {"plan": "pro", "limit.brands": "-1"},
                                    {"plan": "pro", "limit.brands": "9" * 13}])  # fmt: skip
def test_a_plan_that_cannot_be_changes_nothing(shop: Shop, fields: dict[str, str]) -> None:
    browser = signed_in(shop)
    page = plan(shop, browser, **fields)
    assert (page.status, bool(message(page))) == (422, True)
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    assert (record.plan, record.limits) == ("sandbox", {})
