"""The editor of HTML texts in a real browser: what nobody edited stays letter for letter, what is edited is clean."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from bodega import passwords
from bodega.access import owners
from bodega.access.accounts import add_account
from bodega.access.scopes import ALL
from bodega.panel.fields import Field, drafted
from bodega.storage.creating import create_store
from chromium import DESK, House, driver, serving
from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import LAMP, PRODUCTS

__all__ = ["driver"]

EMAIL, PASSWORD, TOKEN = "owner@example.com", "correct horse battery", "a-token"
ODD = [
    "Plain text,\r\nin two lines\rand a half",
    "\n\nbegins with empty lines & an ampersand &amp; &nbsp; &euro; &#8364; ",
    "<P CLASS=x style='color: red'>Upper <B>case</b>, <i>never closed<p>and <b><i>crossed</b></i>",
    "<p onclick=\"ran()\">a</p><!-- kept --><script>ran()</script><iframe src='//a.example'></iframe>",
    "<table><tr><td width=3>no body<td>two</table><ul><li>a<li>b</ul><img src=x onerror=ran()><br/><hr>",
    "<!doctype html><html><head><title>x</title></head><body>whole</body></html>",
    "</div></p> 1 < 2 > 0 <unknown-tag a=b>x</unknown-tag> {{braces}} <a href='javascript:ran()'>x</a>",
]


@pytest.mark.parametrize("text", ODD)
def test_a_form_that_nobody_edited_changes_nothing(shop: Shop, text: str) -> None:
    """Without scripts: the text area ends lines in its own way, which is no change."""
    key = shop.post(PRODUCTS, LAMP | {"description": text}).data["id"]
    stored = shop.get(f"{PRODUCTS}/{key}").data["description"]
    browser = signed_in(shop)
    saved = browser.post(browser.get(f"{base(shop)}/products/{key}"), f"/products/{key}")
    assert "done=unchanged" in saved.header("location")
    saved = browser.post(browser.get(f"{base(shop)}/products/{key}"), f"/products/{key}", name="Lantern")
    assert "done=saved" in saved.header("location")
    assert shop.get(f"{PRODUCTS}/{key}").data["description"] == stored


@pytest.mark.parametrize("kind", ["long", "html"])
def test_a_text_area_changes_what_was_typed_and_not_the_ends_of_lines(kind: str) -> None:
    fields, now = [Field("text", "Text", kind)], {"text": "a\r\nb\rc"}
    was = json.dumps(now)
    assert drafted(fields, {"was": [was], "text": ["a\r\nb\r\nc"]}, now).draft == {}
    assert drafted(fields, {"was": [was], "text": ["a\r\nb\r\nd"]}, now).draft == {"text": "a\nb\nd"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with a store, an account and an owner."""
    with serving(tmp_path_factory.mktemp("editor")) as started:
        stores = started.app.stores

        async def make() -> None:
            record = await create_store(stores.backend, "corner", "sandbox", {"name": "Shop"}, int(time.time()))
            await add_account(stores.registry, record, "ERP", TOKEN, ALL, client_id="erp", per_window=100_000)
            hashed = await passwords.hashed(PASSWORD)
            await owners.add(stores.registry.tx, EMAIL, "corner", hashed, int(time.time()))

        started.run(make())
        yield started


def ask(house: House, method: str, path: str, body: Any = None) -> Any:
    """The data of a request to the API."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-Auth-Token": TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/stores/corner{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())["data"]


@pytest.fixture(scope="module")
def page(house: House, driver: Any) -> Iterator[Any]:
    """A signed-in tab. What the policy or a script complains of fails the module."""
    context = driver.new_context(base_url=house.url, viewport=DESK)
    context.set_default_timeout(20_000)
    tab, complaints = context.new_page(), []
    # An image of the odd HTML that is not there, and styles that the policy reports where a text is read and not shown.
    known = ("Failed to load resource", "Applying inline style")
    tab.on(
        "console",
        lambda said: said.type == "error" and not said.text.startswith(known) and complaints.append(said.text),
    )
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto("/manage")
    tab.get_by_label("E-mail address").fill(EMAIL)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Overview").wait_for()
    yield tab
    context.close()
    assert complaints == []


class Described:
    """A product with a description, its page open in the editor."""

    made = 0

    def __init__(self, house: House, page: Any, text: str) -> None:
        Described.made += 1
        body = LAMP | {"name": f"Lamp {Described.made}", "sku": f"L-{Described.made}", "description": text}
        self.house, self.page = house, page
        self.key = ask(house, "POST", "/v3/catalog/products", body)["id"]
        page.goto(f"/manage/stores/corner/products/{self.key}")
        self.text = page.locator(".rich-text")

    def press(self, name: str) -> None:
        """Presses a button of the toolbar."""
        self.page.get_by_role("toolbar").get_by_role("button", name=name, exact=True).click()

    def select(self, selector: str) -> None:
        """Selects what an element of the text holds."""
        self.text.locator(selector).first.select_text()

    def saved(self) -> str:
        """Saves, and says what is stored."""
        self.page.get_by_role("button", name="Save", exact=True).click()
        self.page.get_by_role("status").wait_for()
        return str(ask(self.house, "GET", f"/v3/catalog/products/{self.key}")["description"])


@pytest.mark.browser
@pytest.mark.parametrize("text", ODD)
def test_opening_and_saving_leaves_odd_html_as_it_is(house: House, page: Any, text: str) -> None:
    one = Described(house, page, text)
    page.get_by_label("Name", exact=False).first.fill(f"Renamed {one.key}")
    if one.text.is_visible():
        one.text.focus()
    one.press("HTML view")
    one.press("HTML view")
    assert one.saved() == ask(house, "GET", f"/v3/catalog/products/{one.key}")["description"]
    assert ask(house, "GET", f"/v3/catalog/products/{one.key}")["name"] == f"Renamed {one.key}"


@pytest.mark.browser
def test_blocks_that_nobody_edited_stay_as_they_were(house: House, page: Any) -> None:
    before = "<P CLASS=x style='color: red'>Upper &euro;</P>\n"
    after = "\n<!-- kept --><script>ran()</script><div  data-x=1 ><IMG src='https://a.example/x.png'/></div>"
    one = Described(house, page, f"{before}<p id=mid>Middle</p>{after}")
    assert not one.text.is_visible(), "a text with scripts opens as HTML"
    one.press("HTML view")
    assert one.text.locator("script, iframe, [style], [onclick]").count() == 0
    one.text.locator("p", has_text="Middle").click()
    page.keyboard.press("End")
    page.keyboard.type(" ground")
    assert one.saved() == f'{before}<p id="mid">Middle ground</p>{after}'


@pytest.mark.browser
def test_text_is_formatted_from_the_toolbar(house: House, page: Any) -> None:
    one = Described(house, page, "<p>First</p><p>Second</p><p>Third</p><p>Fourth</p>")
    one.select("p >> nth=0")
    one.press("Bold")
    one.press("Heading")
    one.select("p >> nth=0")
    one.press("Italic")
    one.select("p >> nth=1")
    one.press("Bulleted list")
    one.select("p >> nth=-1")
    one.press("Link")
    page.get_by_label("Address of the link").fill("javascript:ran()")
    page.keyboard.press("Enter")
    page.get_by_text("Enter an address, such as").wait_for()
    page.get_by_label("Address of the link").fill("/fourth?a=1&b=2")
    page.keyboard.press("Enter")
    assert one.saved() == (
        "<h2><strong>First</strong></h2><p><em>Second</em></p><ul><li>Third</li></ul>"
        '<p><a href="/fourth?a=1&amp;b=2">Fourth</a></p>'
    )


@pytest.mark.browser
def test_images_tables_and_undo(house: House, page: Any) -> None:
    one = Described(house, page, "<p>Text</p>")
    one.text.locator("p").click()
    one.press("Image")
    page.get_by_label("Address of the image").fill("https://pictures.example/a.png")
    page.get_by_label("What it shows").fill("A lamp")
    page.get_by_role("button", name="Insert").click()
    stored = one.saved()
    assert '<img src="https://pictures.example/a.png" alt="A lamp">' in stored
    one.press("Table")
    one.press("Undo")
    assert one.saved() == stored
    one.text.locator("p").click()
    one.press("Table")
    assert "<table><tbody><tr><th>" in one.saved()


@pytest.mark.browser
def test_what_is_pasted_is_cleaned(house: House, page: Any) -> None:
    one = Described(house, page, "")
    one.text.click()
    html = (
        "<meta charset=utf-8><style>p{}</style><h2 style='color:red' onclick='ran()'>Title</h2><p class=MsoNormal>"
        "<span lang=EN>Text</span> <a href='javascript:ran()'>bad</a> <a href='https://a.example/?a=1&amp;b=2'>good</a>"
        "<script>ran()</script><img src=x onerror=ran()></p>"
    )
    one.text.evaluate(
        """(text, html) => { const data = new DataTransfer(); data.setData("text/html", html);
        text.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""",
        html,
    )
    stored = one.saved()
    assert "<h2>Title</h2>" in stored
    assert '<a href="https://a.example/?a=1&amp;b=2">good</a>' in stored
    for word in ("style", "class", "onclick", "javascript", "script", "onerror", "span", "lang"):
        assert word not in stored, stored


@pytest.mark.browser
def test_the_toolbar_is_one_stop_with_arrows(house: House, page: Any) -> None:
    one = Described(house, page, "<p>Text</p>")
    bar = page.get_by_role("toolbar", name="Format")
    assert bar.locator("button[tabindex='0']").count() == 1
    one.text.focus()
    page.keyboard.press("Shift+Tab")
    for key, name in (
        ("ArrowRight", "Italic"),
        ("End", "HTML view"),
        ("ArrowRight", "Bold"),
        ("ArrowLeft", "HTML view"),
    ):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == name
    page.keyboard.press("Enter")
    area = page.get_by_role("textbox", name="Description", exact=True)
    assert area.input_value() == "<p>Text</p>"
    area.fill("<p>Typed <b>HTML</b></p>")
    page.get_by_role("toolbar").get_by_role("button", name="HTML view").click()
    assert one.text.locator("b").inner_text() == "HTML"
    assert one.saved() == "<p>Typed <b>HTML</b></p>"
