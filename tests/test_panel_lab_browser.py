"""The lab's pages that no link of a seeded store leads to, in a real browser: axe finds nothing on them, and none is
wider than a phone. And what scripts add: operations offered as one types, and work that is followed to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

import axe
from bodega import passwords
from bodega.access import owners
from bodega.lab import copies
from bodega.lab.seed import Amounts, seed
from bodega.storage.creating import create_store
from chromium import DESK, House, driver, serving
from npm import needs_npm

__all__ = ["driver"]
pytestmark = [pytest.mark.browser, needs_npm]

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"
LAB = "/manage/stores/corner/lab"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with a lab, and a store that changed since its snapshot."""
    with serving(tmp_path_factory.mktemp("lab-browser"), lab=True) as started:
        stores = started.app.stores

        async def make() -> None:
            record = await create_store(stores.backend, "corner", "sandbox", {"name": "Corner shop"}, int(time.time()))
            hashed = await passwords.hashed(PASSWORD)
            await owners.add(stores.registry.tx, EMAIL, "corner", hashed, int(time.time()))
            await copies.snapshot(stores.backend, record, "before")
            store = await stores.get("corner")
            await seed(store, Amounts(products=12))

        started.run(make())
        yield started


@pytest.fixture
def page(house: House, driver: Any) -> Iterator[Any]:
    """The owner's page."""
    context = driver.new_context(base_url=house.url, viewport=DESK, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    made = context.new_page()
    made.goto("/manage")
    made.get_by_label("E-mail address").fill(EMAIL)
    made.get_by_label("Password").fill(PASSWORD)
    made.get_by_role("button", name="Sign in").click()
    made.get_by_role("button", name="Sign out").wait_for()
    yield made
    context.close()


def test_pages_of_what_was_done_are_for_everybody(page: Any, request: pytest.FixtureRequest) -> None:
    script, wrong = axe.source(request), []

    def look(name: str) -> None:
        wrong.extend(axe.wrong_on(page, name, script))
        page.set_viewport_size(DESK)

    page.goto(f"{LAB}/diff?from=before&resource=products")
    look("rows that differ")
    page.goto(f"{LAB}/faults/new")
    page.get_by_label("Answered with").select_option("503")
    page.get_by_label("Late by").fill("2-1")
    page.get_by_role("button", name="Show it in words").click()
    page.get_by_text("Not saved.").wait_for()
    look("a fault that is refused")
    page.get_by_label("Late by").fill("1-2")
    page.get_by_role("button", name="Show it in words").click()
    page.get_by_role("heading", name="In words").wait_for()
    look("a fault in words")
    page.goto(f"{LAB}/states?theme=catalogue")
    page.get_by_role("button", name="Make the state: Without a category").click()
    page.get_by_role("heading", name="Requests that show it").wait_for()
    look("a state that was made")
    page.goto(f"{LAB}/snapshots")
    page.get_by_label("Name of the new store").fill("corner-two")
    page.get_by_role("button", name="Make the fork").click()
    page.get_by_role("heading", name="The store corner-two was made").wait_for()
    look("a fork")
    page.goto(f"{LAB}/diff?origin=corner&from=before".replace("/corner/", "/corner-two/"))
    look("a fork and its origin")
    assert not wrong, "\n".join(wrong)


def test_operations_are_offered_as_one_types(page: Any) -> None:
    page.goto(f"{LAB}/faults/new")
    page.get_by_label("Operation").press_sequentially("variants put")
    offered = page.locator("#f-operation-list option[value='PUT /v3/catalog/variants']")
    offered.wait_for(state="attached")


def test_work_is_followed_to_its_end(house: House, page: Any, request: pytest.FixtureRequest) -> None:
    lab = house.app._api._mounts["manage"].panel.lab
    gates: list[asyncio.Event] = []

    async def begin() -> str:
        gates.append(asyncio.Event())

        async def job(work: Any) -> None:
            work.count("products", 7)
            await gates[0].wait()

        return str(lab.works.begin("corner", "Filling the store", f"{LAB}/clock", job).key)

    async def end() -> None:
        gates[0].set()

    where = "/".join((LAB, "work", house.run(begin())))
    page.goto(where)
    page.get_by_text("under way").wait_for()
    wrong = list(axe.wrong_on(page, "work", axe.source(request)))
    house.run(end())
    page.get_by_role("link", name="Go on").wait_for()
    assert page.url.endswith(where), "the page was left"
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("heading", name="Clock").wait_for()
    assert not wrong, "\n".join(wrong)
