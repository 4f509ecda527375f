"""The console of an operation's page in a real browser: what is sent, and what of the answer is seen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

import axe
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import DESK, PHONE, House, driver, keep_picture, serving
from npm import needs_npm

__all__ = ["driver"]
pytestmark = pytest.mark.browser

TOKEN = "a-token"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with one store and one account."""
    with serving(tmp_path_factory.mktemp("console")) as started:
        registry = started.app.stores.registry

        async def fill() -> None:
            record = await create_store(started.app.stores.backend, "corner", "sandbox", {}, int(time.time()))
            await add_account(registry, record, "Console", TOKEN, ALL, client_id="console", per_window=100_000)

        started.run(fill())
        yield started


@pytest.fixture
def page(house: House, driver: Any) -> Iterator[Any]:
    """A page at a desk, which fails on any error of a script and on anything that is asked of another host."""
    context = driver.new_context(viewport=DESK, base_url=house.url)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    opened.on("request", lambda asked: errors.append(asked.url) if not asked.url.startswith(house.url) else None)
    yield opened
    context.close()
    assert errors == []


def send(page: Any, *, answered: str = "200") -> None:
    """Sends, and waits for the answer."""
    from playwright.sync_api import expect

    page.get_by_role("button", name="Send").click()
    expect(page.locator("#status")).to_have_text(re.compile(f"^{answered}"), timeout=PATIENCE)


def test_an_operation_is_found_from_the_documentation_and_tried(page: Any) -> None:
    """The body of the example is taken; the answer shows status, headers, body, and the path through the law."""
    page.goto("/docs")
    page.goto("/docs/api")
    page.get_by_role("link", name="The stores API, version 3").click()
    page.get_by_role("link", name="POST /catalog/brands", exact=True).click()
    page.get_by_label("Store (its hash)").fill("corner")
    page.get_by_label("Token (X-Auth-Token)").fill(TOKEN)
    send(page)
    made = json.loads(page.locator("#reply").text_content())
    assert made["data"]["name"] == "Acme"
    steps = page.locator("#trace li").all_text_contents()
    assert steps[0].startswith("require_tls")
    assert len(steps) > 10
    assert "x-request-id" in page.locator("#headers").text_content()
    command = page.locator("#command").text_content()
    assert "curl -i -X POST" in command
    assert TOKEN not in command
    keep_picture(page, "console-desk")


def test_a_refusal_is_told_with_its_reason(page: Any) -> None:
    page.goto("/docs/api/v3/postCatalogBrands")
    page.get_by_label("Store (its hash)").fill("corner")
    page.get_by_label("Token (X-Auth-Token)").fill(TOKEN)
    page.get_by_label("Body", exact=True).fill('{"page_title": "no name"}')
    send(page, answered="422 FIELD_MISSING")
    assert page.locator("#why a").get_attribute("href") == "/docs/status-codes#field_missing"
    page.get_by_label("Token (X-Auth-Token)").fill("wrong")
    send(page, answered="401 CREDENTIALS_WRONG")


def test_parameters_of_path_and_query_are_sent_in_v2_too(page: Any) -> None:
    page.goto("/docs/api/v2/getTime")
    page.get_by_label("Store (its hash)").fill("corner")
    page.get_by_label("Token (X-Auth-Token)").fill(TOKEN)
    send(page)
    page.goto("/docs/api/v3/getCatalogBrands")
    assert page.get_by_label("Store (its hash)").input_value() == "corner"  # kept in this tab
    page.locator('[name="limit"]').fill("1")
    page.locator('[name="name"]').fill("Nobody's & own")
    send(page)
    assert json.loads(page.locator("#reply").text_content())["data"] == []
    assert "name=Nobody%27s+%26+own" in page.locator("#command").text_content()


def test_a_phone_has_no_sideways_strip(house: House, driver: Any) -> None:
    context = driver.new_context(viewport=PHONE, base_url=house.url)
    opened = context.new_page()
    for path in ("/docs/api", "/docs/api/v3", "/docs/api/v3/putCatalogProductsById"):
        opened.goto(path)
        wide = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    keep_picture(opened, "console-phone")
    context.close()


@needs_npm
@pytest.mark.parametrize("look", ["light", "dark"])
def test_nothing_keeps_anybody_from_the_pages(
    house: House, driver: Any, request: pytest.FixtureRequest, look: str
) -> None:
    """axe finds nothing: labels, contrast, headings, regions that can be scrolled by keys."""
    script = axe.source(request)
    context = driver.new_context(viewport=DESK, base_url=house.url, bypass_csp=True, color_scheme=look)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    for path in ("/docs/api", "/docs/api/storefront", "/docs/api/v3/postCatalogBrands", "/docs/api/v2/getOrders"):
        opened.goto(path)
        opened.evaluate(script)
        found = opened.evaluate("async () => (await axe.run()).violations.map(one => one.id + ' ' + one.nodes[0].html)")
        assert found == [], path
    context.close()
