"""The lab's pages: faults and the clock, by forms as a browser sends them, with and without a lab, under each role."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from bodega.access import team
from bodega.lab.control.problem import Problem
from bodega.lab.control.works import MOST_KEPT, Work, Works
from bodega.panel import lab as lab_pages
from bodega.panel import pages
from panel import Browser, Page, base, house, signed_in
from shop import Shop
from test_panel_safe import at
from test_panel_team import staff

PAGES = ("/lab/faults", "/lab/faults/new", "/lab/clock")


@pytest.fixture
def without_lab(shop: Shop) -> Any:
    """The panel of a server without a lab."""
    panel = house(shop.server)
    kept, panel.lab = panel.lab, None
    yield
    panel.lab = kept


def done(browser: Browser, page: Page) -> Page:
    """Where a form leads, once its work has ended."""
    while "/lab/work/" in page.header("location"):
        there = browser.get(page.header("location"))
        if "Go on" in there.text:
            link = re.search(r'<a class="button main" href="([^"]+)">Go on', there.text)
            assert link is not None
            return browser.get(link[1].replace("&amp;", "&"))
        browser.server.run(asyncio.sleep(0.05))
    return browser.follow(page) if page.status == 303 else page


def beside(page: Page, field: str) -> str:
    """What is said beside a field."""
    found = re.search(rf'id="f-{re.escape(field)}-wrong">([^<]*)<', page.text)
    return found[1] if found else ""


# Where there is no lab, and who may


def test_without_a_lab_its_pages_say_so_and_do_nothing(shop: Shop, without_lab: Any) -> None:
    browser = signed_in(shop)
    assert "/lab/faults" not in browser.get(base(shop)).text
    for page in pages.every():
        if "/lab/" not in page.pattern.pattern:
            continue
        path = at(page, shop, "0")
        if page.method == "GET":
            told = browser.get(path)
            assert (told.status, "bodega serve --lab" in told.text) == (200, True), path
        else:
            token = browser.get("/manage/you").form("/password").fields["form_token"]
            assert browser.ask("POST", path, {"form_token": token}).status == 409, path


@pytest.mark.parametrize("role", team.ROLES)
def test_the_lab_is_for_owners_admins_and_developers(shop: Shop, role: str) -> None:
    may = role in ("owner", "admin", "developer")
    browser = staff(shop, role)
    assert ("/lab/faults" in browser.get(base(shop)).text) is may
    for path in PAGES:
        assert browser.get(base(shop) + path).status == (200 if may else 403), path


# Faults


def new_fault(shop: Shop, browser: Browser, **fields: Any) -> Page:
    """What the form of a new fault leads to."""
    return browser.post(browser.get(f"{base(shop)}/lab/faults/new"), "/lab/faults", **fields)


def test_a_fault_strikes_is_counted_and_goes(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "No faults." in browser.get(f"{base(shop)}/lab/faults").text
    page = new_fault(shop, browser, operation="GET /v3/catalog/products", status="503", retry_after="7", count="3")
    assert page.header("location").endswith("/lab/faults?done=made")
    first = shop.get("/v3/catalog/products")
    assert (first.status, first.headers["retry-after"]) == (503, "7")
    assert shop.get("/v3/catalog/brands").status == 200
    listed = browser.follow(page)
    assert "Requests GET /v3/catalog/products" in listed.text
    assert "answered 503, asked to retry after 7 s" in listed.text
    assert "at most 3 times" in listed.text
    assert re.findall(r'class="number">([^<]+)</td>', listed.text) == ["1", "1", "2"]
    (rule,) = re.findall(r"/lab/faults/([0-9a-f]+)/delete", listed.text)
    gone = browser.post(listed, f"/{rule}/delete")
    assert "The fault was deleted." in browser.follow(gone).text
    assert shop.get("/v3/catalog/products").status == 200
    token = listed.form(f"/{rule}/delete").fields["form_token"]
    again = browser.ask("POST", f"{base(shop)}/lab/faults/{rule}/delete", {"form_token": token})
    assert (again.status, "There is no such rule" in again.text) == (404, True)


def test_all_faults_are_deleted_at_once(shop: Shop) -> None:
    browser = signed_in(shop)
    for status in ("500", "429"):
        assert new_fault(shop, browser, status=status).status == 303
    page = browser.post(browser.get(f"{base(shop)}/lab/faults"), "/lab/faults/clear")
    assert "No faults." in browser.follow(page).text
    assert shop.get("/v3/catalog/products").status == 200


def test_a_fault_is_shown_in_words_before_it_is_added(shop: Shop) -> None:
    browser = signed_in(shop)
    client = next(iter(shop.server.run(shop.server.backend.registry.accounts(shop.name)))).client_id
    page = new_fault(
        shop, browser, method="post, PUT", path="/v3/orders/*", account=client, latency="200-800", broken="true",
        every="2", probability="0.5", preview="yes",
    )  # fmt: skip
    assert page.status == 200
    assert f"Requests POST/PUT /v3/orders/*, of the account {client}" in page.text
    assert "200 to 800 ms late, with a body that cannot be parsed, every 2nd, with a chance of 50 %." in page.text
    assert "Bodega-Fault: latency=200-800;broken" in page.text
    assert page.form("/lab/faults").fields["latency"] == "200-800", "what was typed is gone"
    assert "No faults." in browser.get(f"{base(shop)}/lab/faults").text
    webhook = new_fault(shop, browser, webhook="delayed", delay="90", scope="store/order/*", preview="yes")
    assert "Deliveries of store/order/*</strong>: it is sent 90 s late, every time." in webhook.text


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"operation": "GET /v3/catalog/prodcts", "status": "500"}, "operation", "Did you mean GET /v3/"),
        ({"operation": "products", "status": "500"}, "operation", "This must be a method and a path"),
        ({"path": "v3/orders", "status": "500"}, "path", "This must begin with a slash"),
        ({"status": "500", "reason": "NO_SUCH_ENTITY"}, "status", "This is not that of NO_SUCH_ENTITY"),
        ({"latency": "800-200"}, "latency", "This must name the least first."),
        ({"status": "500", "probability": "2"}, "probability", "This must be a number from 0 to 1."),
        ({"status": "500", "count": "many"}, "count", "This must be a whole number"),
        ({"status": "500", "until": "tomorrow"}, "until", "This must be a time"),
        ({"latency": "5", "retry_after": "5"}, "retry_after", "This needs a status or a reason."),
        ({"status": "500", "delay": "5"}, "delay", "This is for webhooks"),
        ({"webhook": "dropped", "path": "/v3/*"}, "path", "This does not go with a webhook"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_fault_stands_beside_its_field(
    shop: Shop, fields: dict[str, str], field: str, says: str
) -> None:
    browser = signed_in(shop)
    for more in ({}, {"preview": "yes"}):
        page = new_fault(shop, browser, **fields, **more)
        assert page.status == 422
        assert says in beside(page, field), (beside(page, field), fields)
        assert {name: page.form("/lab/faults").fields[name] for name in fields} == fields
    assert "No faults." in browser.get(f"{base(shop)}/lab/faults").text


def test_a_fault_that_does_nothing_is_refused(shop: Shop) -> None:
    page = new_fault(shop, signed_in(shop), operation="GET /v3/catalog/products")
    assert (page.status, "Choose what happens" in page.text) == (422, True)


def test_operations_are_offered_as_one_types(shop: Shop) -> None:
    browser = signed_in(shop)
    found = browser.get(f"{base(shop)}/lab/faults/operations?operation=put+variants", headers={"hx-request": "true"})
    offered = re.findall(r'<option value="([^"]+)">', found.text)
    assert "PUT /v3/catalog/variants" in offered
    assert all("PUT" in one and "variants" in one for one in offered)
    every = browser.get(f"{base(shop)}/lab/faults/operations").text
    assert every.count("<option") == 30


# The clock


def clock(shop: Shop, browser: Browser) -> Page:
    """Its page."""
    return browser.get(f"{base(shop)}/lab/clock")


def test_the_clock_is_moved_ahead_stopped_and_let_run(shop: Shop) -> None:
    browser = signed_in(shop)
    page = done(browser, browser.post(clock(shop, browser), "/clock/stop", now="2030-01-31T12:00:00Z"))
    assert "The clock stands still." in page.text
    assert "31 January 2030, 12:00:00 UTC" in page.text
    assert shop.get("/v3/catalog/products").headers["date"] == "Thu, 31 Jan 2030 12:00:00 GMT"
    page = done(browser, browser.post(page, "/clock/advance", span="7d"))
    assert "7 February 2030, 12:00:00 UTC" in page.text
    page = done(browser, browser.post(page, "/clock/advance", by="1h30m"))
    assert "7 February 2030, 13:30:00 UTC" in page.text
    page = done(browser, browser.post(page, "/clock/advance", to="2030-03-01T00:00:00Z"))
    assert "1 March 2030, 00:00:00 UTC" in page.text
    page = done(browser, browser.post(page, "/clock/run"))
    assert "It follows the server's." in page.text


def test_what_became_due_on_the_way_is_told(shop: Shop) -> None:
    browser = signed_in(shop)
    done(browser, browser.post(clock(shop, browser), "/clock/stop", now="2030-01-31T12:00:00Z"))
    hook = {"scope": "store/product/created", "destination": "https://receiver.invalid/a", "is_active": True}
    assert shop.post("/v3/hooks", hook).status in (200, 201)
    product = {"name": "Lamp", "type": "physical", "weight": 1, "price": 9}
    assert shop.post("/v3/catalog/products", product).status in (200, 201)
    page = clock(shop, browser)
    page = done(browser, browser.post(page, "/clock/advance", span="7d"))
    told = re.search(r"Something became due at ([0-9]+) moments? on the way", page.text)
    assert told is not None, page.text
    assert int(told[1]) >= 2, "the attempts of a delivery"
    assert "Nothing became due on the way" in done(browser, browser.post(page, "/clock/advance", span="1h")).text


@pytest.mark.parametrize(
    ("action", "fields", "field", "says"),
    [
        ("advance", {}, "span", "Choose how far."),
        ("advance", {"span": "1h", "by": "2h"}, "by", "Fill in one of these only."),
        ("advance", {"by": "3 days"}, "by", "write it as 48h"),
        ("advance", {"to": "soon"}, "to", "Write it as 2030-01-31T12:00:00Z."),
        ("advance", {"to": "2001-01-01"}, "to", "This is not ahead"),
        ("stop", {"now": "noon"}, "now", "Write it as 2030-01-31T12:00:00Z."),
    ],
)
def test_what_is_wrong_with_a_time_stands_beside_its_field(
    shop: Shop, action: str, fields: dict[str, str], field: str, says: str
) -> None:
    browser = signed_in(shop)
    page = browser.post(clock(shop, browser), f"/clock/{action}", **fields)
    assert page.status == 422
    assert says in beside(page, field)
    assert "It follows the server" in clock(shop, browser).text


# Work that takes a while


def test_long_work_has_a_page_and_stands_in_the_way_of_other_work(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_pages, "QUICK_SECONDS", 0.01)
    browser, lab = signed_in(shop), house(shop.server).lab
    assert lab is not None
    gate: list[asyncio.Event] = []

    async def begin() -> Any:
        gate.append(asyncio.Event())

        async def job(work: Any) -> None:
            work.count("products", 7)
            await gate[0].wait()
            raise Problem(409, "It did not work.")

        return lab.works.begin(shop.name, "Filling", f"{base(shop)}/lab/clock?done=moved", job)

    work = shop.server.run(begin())
    shop.server.run(asyncio.sleep(0.01))
    page = browser.get(f"{base(shop)}/lab/work/{work.key}")
    assert ("under way" in page.text, "<dt>Products</dt><dd>7</dd>" in page.text) == (True, True)
    assert 'hx-trigger="every 1s"' in page.text
    other = browser.post(clock(shop, browser), "/clock/advance", span="1h")
    assert (other.status, "Something else is being done in this store" in other.text) == (409, True)
    assert shop.get("/v3/catalog/products").status == 200, "clients wait for it"
    gate[0].set()
    shop.server.run(asyncio.sleep(0.01))
    page = browser.get(f"{base(shop)}/lab/work/{work.key}")
    assert ("It did not work." in page.text, "every 1s" in page.text) == (True, False)
    assert f'href="{base(shop)}/lab/clock">Go on' in page.text, "the next page says that it worked"
    assert browser.post(clock(shop, browser), "/clock/advance", span="1h").status == 303
    stranger = signed_in(shop.server.shop())
    assert stranger.get(f"{base(shop)}/lab/work/{work.key}").status == 404
    assert browser.get(f"{base(shop)}/lab/work/0").status == 404


def test_work_ends_with_the_server_and_old_work_is_forgotten(runner: asyncio.Runner) -> None:
    works = Works()

    async def nothing(_work: Work) -> str:
        return "done"

    async def for_ever(_work: Work) -> None:
        await asyncio.Event().wait()

    async def all_of_it() -> list[Work]:
        begun = []
        for _ in range(MOST_KEPT + 20):
            begun.append(works.begin("s", "Nothing", "/", nothing))
            assert await works.wait(begun[-1], 5)
        begun.append(works.begin("s", "Endless", "/", for_ever))
        assert not await works.wait(begun[-1], 0.01)
        assert works.of("s") is begun[-1]
        await works.stop()
        return begun

    *ended, endless = runner.run(all_of_it())
    assert {one.answer for one in ended} == {"done"}
    assert sum(works.find("s", one.key) is not None for one in ended) == MOST_KEPT
    assert works.find("another", endless.key) is None
    assert (endless.ended, endless.problem is not None and endless.problem.status) == (True, 503)
