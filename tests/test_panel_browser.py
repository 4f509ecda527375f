"""The control panel in a real browser: each flow, with scripts and without, at a desk and on a phone.

Screenshots are kept in build/screenshots.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from msgspec.structs import replace

from bodega import passwords
from bodega.access import owners
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.storage.creating import create_store
from chromium import DESK, PHONE, House, driver, keep_picture, serving

__all__ = ["driver"]
pytestmark = pytest.mark.browser

EMAIL, PASSWORD, TOKEN = "owner@example.com", "correct horse battery", "a-token"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with one store, one account, one owner and some brands."""
    with serving(tmp_path_factory.mktemp("browser")) as started:
        registry = started.app.stores.registry

        async def fill() -> None:
            settings = {"name": "Corner shop", "journal": "full"}
            record = await create_store(started.app.stores.backend, "corner", "sandbox", settings, int(time.time()))
            await registry.save_store(replace(record, limits={"brands": 100, "products": 50}))
            await add_account(registry, record, "ERP connector", TOKEN, ALL, client_id="erp", per_window=100_000)
            scopes = frozenset({"store_v2_products_read_only"})
            await add_account(registry, record, "Report", "reader", scopes, client_id="report", per_window=100_000)
            hashed = await passwords.hashed(PASSWORD)
            await owners.add(registry.tx, EMAIL, "corner", hashed, int(time.time()))

        started.run(fill())
        for number in range(16):
            ask(started, "POST", "/v3/catalog/brands", {"name": f"Brand {number}"})
        yield started


def ask(house: House, method: str, path: str, body: Any = None, token: str = TOKEN) -> int:
    """A request to the store's API: its status."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/stores/corner{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def until(page: Any, so: Callable[[], bool]) -> None:
    """Looks again and again; the policy forbids what Playwright would wait with."""
    give_up = time.monotonic() + 60
    while not so():
        assert time.monotonic() < give_up
        page.wait_for_timeout(50)


class Tab:
    """A page of one kind of browser. What the policy or a script complains of fails the test."""

    def __init__(
        self, driver: Any, house: House, *, script: bool, viewport: dict[str, int], dark: bool = False
    ) -> None:
        self.kind = (
            f"{'phone' if viewport is PHONE else 'desk'}{'' if script else '-no-script'}{'-dark' if dark else ''}"
        )
        self.context = driver.new_context(
            base_url=house.url, viewport=viewport, java_script_enabled=script,
            color_scheme="dark" if dark else "light", has_touch=viewport is PHONE, is_mobile=viewport is PHONE,
        )  # fmt: skip
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self.hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.script = script
        self.viewport = viewport

    def hear(self, message: Any) -> None:
        """A page that was refused is no complaint: tests look at those, too."""
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def sign_in(self) -> None:
        self.page.goto("/manage")
        self.page.get_by_label("E-mail address").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("heading", name="Overview").wait_for()

    def go(self, path: str) -> Any:
        self.page.goto(f"/manage/stores/corner{path}")
        return self.page

    def shoot(self, name: str) -> None:
        """Keeps a picture, and sees that nothing is wider than the screen."""
        keep_picture(self.page, f"{name}-{self.kind}")
        if self.script:
            assert self.page.evaluate("document.documentElement.scrollWidth") <= self.viewport["width"], name

    def close(self) -> None:
        self.context.close()


KINDS = {
    "desk": (True, DESK, False),
    "phone": (True, PHONE, False),
    "desk-no-script": (False, DESK, False),
    "phone-dark": (True, PHONE, True),
}


@pytest.fixture(params=KINDS)
def tab(request: pytest.FixtureRequest, driver: Any, house: House) -> Iterator[Tab]:
    """An owner's tab in each kind of browser."""
    script, viewport, dark = KINDS[request.param]
    made = Tab(driver, house, script=script, viewport=viewport, dark=dark)
    made.sign_in()
    yield made
    made.close()
    assert made.complaints == []


@pytest.fixture
def desk(driver: Any, house: House) -> Iterator[Tab]:
    """An owner's tab at a desk, with scripts."""
    made = Tab(driver, house, script=True, viewport=DESK)
    made.sign_in()
    yield made
    made.close()


@pytest.fixture
def plain(driver: Any, house: House) -> Iterator[Tab]:
    """An owner's tab without scripts."""
    made = Tab(driver, house, script=False, viewport=DESK)
    made.sign_in()
    yield made
    made.close()


def test_signing_in_and_out(driver: Any, house: House) -> None:
    for name, (script, viewport, dark) in KINDS.items():
        tab = Tab(driver, house, script=script, viewport=viewport, dark=dark)
        tab.page.goto("/manage/stores/corner/journal")
        tab.page.get_by_label("E-mail address").fill(EMAIL)
        tab.page.get_by_label("Password").fill("not the password")
        tab.page.get_by_role("button", name="Sign in").click()
        tab.page.get_by_role("alert").wait_for()
        tab.shoot("sign-in")
        tab.page.get_by_label("Password").fill(PASSWORD)
        tab.page.keyboard.press("Enter")
        tab.page.get_by_role("heading", name="Journal").wait_for()
        if script:
            assert tab.page.evaluate("document.cookie") == "", name
        tab.page.get_by_role("button", name="Sign out").click()
        tab.page.get_by_role("heading", name="Sign in").wait_for()
        tab.page.goto("/manage/stores/corner")
        assert "/sign-in" in tab.page.url
        tab.close()


def test_every_page_fits_its_screen(house: House, tab: Tab) -> None:
    ask(house, "GET", "/v3/nowhere")
    ask(house, "POST", "/v3/catalog/brands", {"name": "Brand 1"})
    ask(house, "GET", "/v3/catalog/products?limit=9999")
    pages = {
        "overview": "", "accounts": "/accounts", "account-new": "/accounts/new", "account": "/accounts/report",
        "journal": "/journal", "tasks": "/tasks", "apps": "/apps", "app-new": "/apps/new", "law": "/law",
        "status": "/status", "settings": "/settings", "settings-money": "/settings/money",
    }  # fmt: skip
    for name, path in pages.items():
        tab.go(path)
        tab.shoot(name)
    tab.page.goto("/manage/you")
    tab.shoot("you")


def test_an_account_is_made_copied_and_used(house: House, tab: Tab) -> None:
    name = f"Made on {tab.kind}"
    page = tab.go("/accounts")
    page.get_by_role("link", name="New account").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Products: read", exact=True).check()
    page.get_by_role("button", name="Create the account").first.click()
    page.get_by_text("Copy the secrets now").wait_for()
    token = page.locator("#token").inner_text()
    tab.shoot("account-made")
    assert ask(house, "GET", "/v3/catalog/brands", token=token) == 200
    assert ask(house, "POST", "/v3/catalog/brands", {"name": "x"}, token=token) == 403
    if tab.script:
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy the token").click()
        page.get_by_text("Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == token
    else:
        assert page.get_by_role("button", name="Copy the token").count() == 0
    page.get_by_role("link", name="Done").click()
    page.locator("summary", has_text="Revoke").click()
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_text("The account was revoked").wait_for()
    assert ask(house, "GET", "/v3/catalog/brands", token=token) == 401


def test_a_403_leads_to_the_permission_that_is_missing(house: House, tab: Tab) -> None:
    assert ask(house, "POST", "/v3/catalog/brands", {"name": "Refused"}, token="reader") == 403
    page = tab.go("/journal?status=403")
    page.locator(".lines a").first.click()
    page.get_by_role("heading", name="How it was judged").wait_for()
    answering = page.locator("[aria-current=step]").inner_text()
    assert "require_scope" in answering
    assert "403 SCOPE_MISSING" in answering
    tab.shoot("entry-403")
    page.get_by_role("link", name=re.compile("^Give Report store_v2_products")).click()
    page.locator("tr.wanted").wait_for()
    tab.shoot("account-missing")
    page.get_by_label("Products: modify", exact=True).check()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()
    assert ask(house, "POST", "/v3/catalog/brands", {"name": f"Granted {tab.kind}"}, token="reader") == 200
    page.get_by_label("Products: read", exact=True).check()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Saved.").wait_for()


def test_a_column_of_the_matrix_is_chosen_at_once(desk: Tab, plain: Tab) -> None:
    page = desk.go("/accounts/new")
    page.locator("[data-choose=read]").click()
    assert page.get_by_label("Products: read", exact=True).is_checked()
    assert page.get_by_label("Payment methods: read", exact=True).is_checked()
    assert page.get_by_label("Customer log-in: none", exact=True).is_checked(), "this one cannot be read only"
    page.locator("[data-choose=none]").click()
    assert page.get_by_label("Products: none", exact=True).is_checked()
    page.get_by_label("What it may do").select_option("orders")
    assert page.get_by_label("Orders: modify", exact=True).is_checked()
    assert page.get_by_label("Products: read", exact=True).is_checked()
    assert "store_v2_orders, store_v2_orders_read_only" in page.locator("#effective").inner_text()
    page.get_by_label("Find a permission").fill("store_v2_orders")
    assert page.locator("#matrix tr[id]:visible").count() == 1
    assert page.evaluate("document.documentElement.scrollHeight") < 2000
    assert plain.go("/accounts/new").locator("[data-choose]:visible").count() == 0


def test_maintenance_and_the_panel_that_goes_on(house: House, tab: Tab) -> None:
    page = tab.go("/status")
    page.get_by_label("Retry-After, in seconds").fill("90")
    page.get_by_role("button", name="Close for maintenance").click()
    page.get_by_text("every request is answered with 503.").wait_for()
    assert ask(house, "GET", "/v2/time") == 503
    tab.shoot("status-closed")
    page.get_by_role("button", name="Open the store").click()
    page.get_by_text("The store is open.").first.wait_for()
    assert ask(house, "GET", "/v2/time") == 200


CURRENCIES = dict(zip(("desk", "phone", "desk-no-script", "phone-dark"), ("EUR", "CHF", "GBP", "SEK"), strict=True))


def test_settings_tell_what_is_wrong_where_it_is_wrong(tab: Tab) -> None:
    page = tab.go("/settings/money")
    page.get_by_label("Currency", exact=True).fill("euro")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").wait_for()
    assert "three capital letters" in page.locator(".wrong").inner_text()
    tab.shoot("settings-wrong")
    page.get_by_label("Currency", exact=True).fill(CURRENCIES[tab.kind])
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()


def test_the_journal_filters_as_one_types_and_shows_what_comes(house: House, desk: Tab) -> None:
    page = desk.go("/journal")
    ask(house, "GET", "/v3/somewhere-else")
    page.get_by_label("Path").fill("somewhere-else")
    page.locator(".lines a", has_text="somewhere-else").first.wait_for()
    until(page, lambda: all("somewhere" in text for text in page.locator(".target").all_inner_texts()))
    before = page.locator(".lines a").count()
    ask(house, "GET", "/v3/somewhere-else")
    until(page, lambda: page.locator(".lines a").count() == before + 1)
    assert "path=somewhere-else" in page.url
    assert desk.complaints == []


def test_the_journal_filters_without_scripts(house: House, plain: Tab) -> None:
    ask(house, "GET", "/v3/somewhere-plain")
    page = plain.go("/journal")
    page.get_by_label("Path").fill("somewhere-plain")
    page.get_by_role("button", name="Filter").click()
    page.locator(".lines a").first.wait_for()
    assert page.locator(".lines a").count() == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="Export HAR").click()
    archive = json.loads(Path(download.value.path()).read_text())
    assert [entry["response"]["status"] for entry in archive["log"]["entries"]] == [404]


def test_the_law_leads_from_a_reason_to_its_requests(house: House, tab: Tab) -> None:
    ask(house, "GET", "/v3/nowhere")
    page = tab.go("/law")
    page.locator("a[href$='reason=NO_SUCH_RESOURCE']:visible").first.click()
    page.get_by_role("heading", name="Journal").wait_for()
    assert "reason=NO_SUCH_RESOURCE" in page.url
    assert set(page.locator(".lines .reason").all_inner_texts()) == {"NO_SUCH_RESOURCE"}


def test_the_keyboard_alone_is_enough(desk: Tab) -> None:
    page = desk.go("")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Team").wait_for()


def test_no_other_site_can_frame_the_panel(driver: Any, house: House, desk: Tab) -> None:
    """Click-jacking: a frame of another origin stays empty."""

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'<iframe id="f" src="{house.url}/manage/stores/corner/status"></iframe>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Evil) as evil:
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        desk.page.goto(f"http://127.0.0.1:{evil.server_port}/")
        desk.page.wait_for_timeout(500)
        framed = [frame for frame in desk.page.frames if frame is not desk.page.main_frame]
        assert all("Maintenance" not in frame.content() for frame in framed)
        evil.shutdown()
    assert any(
        "frame-ancestors" in message or "Refused to frame" in message or "frame" in message
        for message in desk.complaints
    )


def test_what_clients_wrote_runs_nothing(house: House, desk: Tab) -> None:
    """A stored script in a brand, a header and a path, looked at in a browser that would run it."""
    evil = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
    ask(house, "POST", "/v3/catalog/brands", {"name": evil, evil: evil})
    ask(house, "GET", "/v3/catalog/" + urllib.request.quote(evil))  # type: ignore[attr-defined]
    page = desk.go("/journal")
    for place in range(2):
        page.locator(".lines a").nth(place).click()
        page.get_by_role("heading", name="How it was judged").wait_for()
        assert page.evaluate("window.ran") is None
        desk.go("/journal")
    assert desk.complaints == []


# An app, installed as its developer would


class App:
    """A developer's app: it exchanges its code when its auth callback is opened, and verifies what comes later."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client_id = self.secret = ""
        self.token: dict[str, Any] = {}
        self.opened: list[tuple[str, dict[str, Any]]] = []
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                message = app.answer(parts.path, query)
                self.send_response(200 if message else 404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(f"<h1>{message}</h1>".encode())

            def log_message(self, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str, query: dict[str, str]) -> str:
        if path == "/auth":
            sent = {
                "client_id": self.client_id, "client_secret": self.secret, "code": query["code"],
                "scope": query["scope"], "context": query["context"], "grant_type": "authorization_code",
                "redirect_uri": f"{self.url}/auth",
            }  # fmt: skip
            request = urllib.request.Request(
                f"{self.house.url}/oauth2/token", json.dumps(sent).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as reply:
                self.token = json.load(reply)
            return "Installed by the app"
        if "signed_payload_jwt" in query:
            claims = jwt.decode(query["signed_payload_jwt"], self.secret, algorithms=["HS256"], audience=self.client_id)
            self.opened.append((path, claims))
            return f"Opened {path} for {claims['user']['email']}"
        return ""


def test_an_app_is_registered_installed_opened_and_uninstalled(house: House, tab: Tab) -> None:
    app = App(house)
    page = tab.go("/apps")
    page.get_by_role("link", name="Register an app").first.click()
    page.get_by_label("Name", exact=True).fill(f"My app {tab.kind}")
    for label, path in (("Auth", "/auth"), ("Load", "/load"), ("Uninstall", "/uninstall"), ("Remove user", "/remove")):
        page.get_by_label(f"{label} callback", exact=True).fill(app.url + path)
    page.get_by_label("Products: read", exact=True).check()
    page.get_by_role("button", name="Register").first.click()
    page.get_by_text("The app was registered.").wait_for()
    app.client_id = page.locator("#client-id").inner_text()
    page.locator("summary", has_text="Client secret").click()
    app.secret = page.locator("#client-secret").inner_text()
    tab.shoot("app")
    here = page.url.partition("?")[0]
    page.get_by_role("button", name="Install").click()
    page.get_by_role("heading", name="Installed by the app").wait_for()
    assert app.token["context"] == "stores/corner"
    assert ask(house, "GET", "/v3/catalog/brands", token=app.token["access_token"]) == 200
    page.goto(here)
    tab.shoot("app-installed")
    page.get_by_role("link", name="Open", exact=True).click()
    page.frame_locator("iframe").get_by_role("heading", name=f"Opened /load for {EMAIL}").wait_for()
    tab.shoot("app-frame")
    with tab.context.expect_page() as opened:
        page.get_by_role("link", name="Open in a window").click()
    opened.value.get_by_role("heading", name=f"Opened /load for {EMAIL}").wait_for()
    opened.value.close()
    page.goto(here)
    page.locator("summary", has_text="Uninstall").click()
    page.get_by_role("button", name=f"Uninstall My app {tab.kind}").click()
    page.get_by_role("heading", name=f"Opened /uninstall for {EMAIL}").wait_for()
    assert ask(house, "GET", "/v3/catalog/brands", token=app.token["access_token"]) == 401
    assert [path for path, _ in app.opened] == ["/load", "/load", "/uninstall"]
    app.server.shutdown()
    app.server.server_close()


def test_a_task_is_followed_to_its_end(house: House, tab: Tab) -> None:
    request = urllib.request.Request(
        f"{house.url}/stores/corner/v3/catalog/brands", json.dumps({"name": f"Later {tab.kind}"}).encode(),
        {"X-Auth-Token": TOKEN, "Content-Type": "application/json", "Prefer": "respond-async"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as reply:
        task = json.load(reply)["data"]["id"]
    page = tab.go("/tasks")
    page.get_by_role("link", name=str(task), exact=True).click()
    page.get_by_role("heading", name=f"Task {task}").wait_for()
    give_up = time.monotonic() + 60
    while page.get_by_text("done", exact=True).count() == 0:
        assert time.monotonic() < give_up
        page.wait_for_timeout(100)
        page.reload()
    tab.shoot("task")


def test_the_link_of_dev_opens_the_panel_once(driver: Any, house: House) -> None:
    registry = house.app.stores.registry
    token = house.run(owners.invite(registry.tx, "corner", "new@example.com", int(time.time()), 60))
    tab = Tab(driver, house, script=True, viewport=DESK)
    tab.page.goto(f"/manage/welcome/{token}")
    tab.shoot("welcome")
    tab.page.get_by_role("button", name="Open the panel").click()
    tab.page.get_by_role("heading", name="Overview").wait_for()
    tab.page.goto(f"/manage/welcome/{token}")
    tab.page.get_by_text("This link was already used").wait_for()
    tab.close()
