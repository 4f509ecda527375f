"""Every page of the panel in a real browser on a seeded store: in light, in dark and on a phone. axe finds nothing on
any, nothing is wider than the screen, and a picture of each is kept in build/screenshots/panel.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import axe
from bodega import passwords
from bodega.access import apps, owners
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.lab import copies
from bodega.lab.faults import kept
from bodega.lab.seed import Amounts, seed
from bodega.storage.creating import create_store
from chromium import DESK, House, driver, keep_picture, serving
from npm import needs_npm
from test_panel_bounds import kind_of

__all__ = ["driver"]
pytestmark = [pytest.mark.browser, needs_npm]

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with a seeded store and its owner."""
    with serving(tmp_path_factory.mktemp("screens"), lab=True) as started:
        stores = started.app.stores

        async def make() -> None:
            settings = {"name": "Corner shop", "journal": "full"}
            record = await create_store(stores.backend, "corner", "sandbox", settings, int(time.time()))
            await add_account(stores.registry, record, "ERP connector", "a-token", ALL, client_id="erp")
            hashed = await passwords.hashed(PASSWORD)
            owner = await owners.add(stores.registry.tx, EMAIL, "corner", hashed, int(time.time()))
            urls = {**dict.fromkeys(("uninstall_url", "remove_user_url"), ""), "auth_url": f"{started.url}/auth",
                    "load_url": "http://localhost:9/load"}  # fmt: skip
            app = await apps.register(
                stores.registry, owner.id, "Route planner", frozenset(ALL), urls, int(time.time())
            )
            given = apps.Grant(app.client_id, "corner", owner.id, app.scopes)
            await apps.install(stores.registry, app, record, given, int(time.time()))
            store = await stores.get("corner")
            await seed(store, Amounts(products=30, customers=12, orders=14, promotions=4))
            await copies.snapshot(stores.backend, record, "before")
            await kept.add(stores.registry, "corner", {"match": {"path": "/v3/x"}, "effect": {"status": 503}}, 0)
            await seed(store, Amounts(products=31, customers=13))
            await copies.snapshot(stores.backend, record, "after")

        started.run(make())
        yield started


LEADS_ON = 'http-equiv="refresh" content="0;'
"""A page that is left at once, for that of an app elsewhere."""


def test_every_page_in_light_dark_and_on_a_phone(house: House, driver: Any, request: pytest.FixtureRequest) -> None:
    script = axe.source(request)
    context = driver.new_context(base_url=house.url, viewport=DESK, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/manage")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    left, kinds, wrong = (
        [
            f"/manage{path}"
            for path in ("/stores/corner", "/stores/corner/search?q=a", "/you", "/stores/corner/nowhere")
        ],
        set(),
        [],
    )
    while left:
        path = left.pop(0)
        kind = kind_of(path) or ("nowhere" if path.endswith("/nowhere") else "")
        if not kind or kind in kinds:
            continue
        kinds.add(kind)
        looked = context.request.get(path)
        if not looked.headers.get("content-type", "").startswith("text/html") or LEADS_ON in looked.text():
            continue
        page.goto(path)
        name = path.removeprefix("/manage/").removeprefix("stores/corner").strip("/").replace("/", "-") or "overview"

        def shoot(look: str, name: str = name) -> None:
            keep_picture(page, f"panel/{name.partition('?')[0]}-{look}")

        wrong += axe.wrong_on(page, path, script, shoot)
        links = page.eval_on_selector_all("a[href^='/manage']", "all => all.map(one => one.getAttribute('href'))")
        left += [link.partition("#")[0] for link in links]
    context.close()
    assert len(kinds) > 50
    assert not wrong, "\n".join(wrong)
