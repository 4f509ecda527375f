"""What owners can see and change in the panel: accounts, status, settings, tasks, the law; safe against all that is
shown."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bodega.access.plans import COUNTERS
from bodega.access.scopes import ALL, SCOPES
from bodega.access.settings import SETTINGS
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason, Step
from bodega.panel import permissions, settings
from bodega.panel.assets import static_files
from bodega.panel.web import CSP
from bodega.storage.registry import Account, digest
from panel import Browser, Page, base, house, signed_in
from shop import Shop


def accounts(shop: Shop) -> dict[str, Account]:
    """The store's accounts by name."""
    found = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    return {account.name: account for account in found}


def secret(page: Page, name: str) -> str:
    """What a page shows to be copied."""
    found = re.search(rf'id="{name}"[^>]*>([^<]+)<', page.text)
    assert found is not None
    return found[1]


# Accounts


def test_an_account_is_made_with_the_permissions_that_were_chosen(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/accounts/new")
    chosen = {"may.store_v2_products": "read", "may.store_v2_orders": "modify"}
    made = browser.post(page, "/accounts", name="ERP", quota="77", **chosen)
    account = accounts(shop)["ERP"]
    assert account.scopes == {"store_v2_products_read_only", "store_v2_orders"}
    assert (account.kind, account.per_window) == ("oauth", 77)
    token = secret(made, "token")
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=token).status == 200
    assert shop.post("/v3/catalog/brands", {"name": "x"}, token=token).status == 403
    assert token not in browser.get(f"{base(shop)}/accounts/{account.client_id}").text, "it is shown once"


def test_a_basic_account_gets_a_user_name_and_a_quota_an_hour(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/accounts/new")
    made = browser.post(page, "/accounts", name="Old client", kind="basic", preset="modify")
    account = accounts(shop)["Old client"]
    assert (account.kind, account.username, account.per_hour) == ("basic", "old-client", 20_000)
    assert account.scopes >= ALL
    assert secret(made, "username") == "old-client"


@pytest.mark.parametrize(
    ("preset", "reads", "writes"),
    [("read", 200, 403), ("catalogue", 200, 200), ("orders", 200, 403), ("modify", 200, 200)],
)
def test_a_preset_goes_before_what_is_chosen_row_by_row(shop: Shop, preset: str, reads: int, writes: int) -> None:
    browser = signed_in(shop)
    made = browser.post(browser.get(f"{base(shop)}/accounts/new"), "/accounts", name="All", preset=preset)
    token = secret(made, "token")
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=token).status == reads
    assert shop.post("/v3/catalog/brands", {"name": "x"}, token=token).status == writes


WRONG = [({"name": ""}, "1 to 100"), ({"name": "a" * 101}, "1 to 100"), ({"name": "a\nb"}, "1 to 100")]
WRONG += [({"name": "x", "quota": quota}, "whole number") for quota in ("-1", "many", "99999999999", "1e3")]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_a_wrong_form_makes_no_account_and_keeps_what_was_typed(
    shop: Shop, fields: dict[str, str], message: str
) -> None:
    browser = signed_in(shop)
    chosen = {"may.store_v2_orders": "read"}
    page = browser.post(browser.get(f"{base(shop)}/accounts/new"), "/accounts", **fields, **chosen)
    assert (page.status, message in page.text) == (422, True)
    assert page.form("/accounts").fields["may.store_v2_orders"] == "read"
    assert set(accounts(shop)) == {"test"}


def test_permissions_and_quota_are_changed_in_place(shop: Shop) -> None:
    browser = signed_in(shop)
    account = accounts(shop)["test"]
    here = f"{base(shop)}/accounts/{account.client_id}"
    form = browser.get(here).form(account.client_id)
    assert form.fields["may.store_v2_products"] == "modify"
    page = browser.post(browser.get(here), account.client_id, quota="5", **{"may.store_v2_products": "none"})
    assert browser.follow(page).status == 200
    changed = accounts(shop)["test"]
    assert changed.scopes == account.scopes - {"store_v2_products", "default"}
    assert (changed.per_window, changed.quota_epoch) == (5, account.quota_epoch + 1)
    browser.post(browser.get(here), account.client_id)
    assert accounts(shop)["test"].quota_epoch == changed.quota_epoch, "the same quota goes on counting"
    browser.post(browser.get(here), account.client_id, hour="70")
    assert (accounts(shop)["test"].per_window, accounts(shop)["test"].per_hour) == (5, 70)
    assert "5 in 30 s, 70 an hour" in browser.get(f"{base(shop)}/accounts").text
    browser.post(browser.get(here), account.client_id, hour="")
    assert accounts(shop)["test"].per_hour < 0, "left empty, it has only its window"
    shop.server.hear()
    assert shop.get("/v3/catalog/products").status == 403


def test_an_account_is_disabled_enabled_and_revoked(shop: Shop) -> None:
    browser = signed_in(shop)
    here = f"{base(shop)}/accounts/{accounts(shop)['test'].client_id}"
    for status in (401, 200):
        browser.post(browser.get(here), "/disabled")
        shop.server.hear()
        assert shop.get("/v2/time").status == status
    browser.post(browser.get(here), "/revoke")
    shop.server.hear()
    assert shop.get("/v2/time").status == 401
    assert accounts(shop) == {}
    assert browser.get(here).status == 404


def test_when_an_account_was_last_used_is_shown_at_once_and_kept(shop: Shop) -> None:
    """Without a write at every request: the registry is told by and by."""
    browser = signed_in(shop)
    assert "never" in browser.get(f"{base(shop)}/accounts").text
    shop.get("/v2/time")
    assert "just now" in browser.get(f"{base(shop)}/accounts").text
    client = accounts(shop)["test"].client_id
    server = shop.server
    sql = "SELECT used FROM account_uses WHERE client_id = $1"
    assert server.run(server.backend.registry.tx.row(sql, client)) is None
    server.run(server.app.journal_sync._note())
    assert server.run(server.backend.registry.tx.row(sql, client))[0] == pytest.approx(time.time(), abs=10)
    assert client not in server.app.journal_sync.last_used()
    assert "just now" in browser.get(f"{base(shop)}/accounts").text


def test_the_use_of_many_accounts_is_noted_in_few_writes_and_of_revoked_ones_not_at_all(shop: Shop) -> None:
    for _ in range(3):
        shop.get("/v2/time", token=shop.account("store_v2_products"))
    gone = shop.account()
    shop.get("/v2/time", token=gone)
    server = shop.server
    everybody = server.run(server.backend.registry.accounts(shop.name))
    [revoked] = [account for account in everybody if account.token_digest == digest(gone)]
    server.run(server.backend.registry.drop_account(shop.name, revoked.client_id))
    used = server.app._api._notes._journal.stores[shop.name].used
    assert len(used) == 4
    used |= {f"nobody-{number}": 1 for number in range(450)}
    server.run(server.app.journal_sync._note())
    sql = "SELECT u.client_id FROM account_uses u JOIN accounts a ON a.client_id = u.client_id WHERE a.store = $1"
    noted = {row[0] for row in server.run(server.backend.registry.tx.rows(sql, shop.name))}
    assert noted == {account.client_id for account in accounts_of(shop) if account.scopes == {"store_v2_products"}}
    assert server.app._api._notes._journal.stores[shop.name].used == {}


def accounts_of(shop: Shop) -> list[Account]:
    found: list[Account] = shop.server.run(shop.server.backend.registry.accounts(shop.name))
    return found


def test_the_matrix_has_every_scope_once() -> None:
    rows = permissions.matrix()
    named = [scope for row in rows for scope in (row.reads, row.modifies) if scope]
    assert sorted(named) == sorted(SCOPES.keys() - {"default"})
    assert len({row.title for row in rows if row.key.startswith("store_")}) == sum(
        r.key.startswith("store_") for r in rows
    )


@pytest.mark.parametrize("row", permissions.matrix(), ids=lambda row: row.key)
def test_a_choice_grants_its_scope_and_is_shown_again(row: permissions.Permission) -> None:
    for level in permissions.LEVELS:
        granted = permissions.chosen({f"may.{row.key}": [level]}, "")
        assert granted == (
            {row.scope(level)} if row.scope(level) else ({row.reads} if level == "modify" else frozenset())
        )
        assert row.level(granted) == (level if row.scope(level) else ("read" if level == "modify" else "none"))


def test_the_matrix_shows_what_is_served_and_what_an_account_has_anyway(shop: Shop) -> None:
    keys = permissions.served(house(shop.server).api.routes.values())
    groups = permissions.grouped(keys, frozenset())
    shown = [row.key for group in groups for row in group.rows]
    assert len(shown) == len(set(shown))
    assert set(shown) == {row.key for row in permissions.matrix()} & keys
    assert {"store_translations", "account_read"}.isdisjoint(shown)
    granted = frozenset({"store_translations_read_only", "account_read"})
    kept = {row.key for group in permissions.grouped(keys, granted) for row in group.rows}
    assert kept - set(shown) == {"store_translations", "account_read"}
    assert {group.title for group in groups} == set(permissions.GROUPS), "no row stands under the rest by mistake"


def test_every_scope_that_the_code_asks_for_has_a_row_that_is_shown(shop: Shop) -> None:
    keys = permissions.served(house(shop.server).api.routes.values())
    source = "".join(
        path.read_text() for path in Path(permissions.__file__).parents[1].rglob("*.py")
        if path.name not in ("scopes.py", "permissions.py")
    )  # fmt: skip
    for scope in SCOPES:
        readable = permissions.row_of(scope)
        asked = f'"{scope}"' in source
        assert not asked or scope == "default" or (readable is not None and readable.key in keys), scope


def test_what_an_account_has_and_is_not_served_survives_its_form(shop: Shop) -> None:
    browser = signed_in(shop)
    account = accounts(shop)["test"]
    scopes = account.scopes | {"store_translations"}
    shop.server.run(shop.server.backend.registry.save_account(msgspec.structs.replace(account, scopes=scopes)))
    here = f"{base(shop)}/accounts/{account.client_id}"
    page = browser.get(here)
    assert "store_translations_read_only" in page.text, "among the scopes that it comes to"
    browser.post(page, account.client_id, quota="7")
    assert "store_translations" in accounts(shop)["test"].scopes


@pytest.mark.parametrize("preset", permissions.PRESETS, ids=lambda preset: preset.key)
def test_a_preset_names_rows_that_there_are(preset: permissions.Preset) -> None:
    keys = {row.key for row in permissions.matrix()} | {"*"}
    assert preset.reads | preset.modifies <= keys
    assert permissions.chosen({}, preset.key)


def test_to_modify_is_to_read() -> None:
    assert permissions.effective({"store_cart", "default"}) == ["store_cart", "store_cart_read_only"]


# The store


def test_maintenance_closes_the_store_and_not_the_panel(shop: Shop) -> None:
    browser = signed_in(shop)
    browser.post(browser.get(f"{base(shop)}/status"), "/maintenance", retry_after="77")
    shop.server.hear()
    reply = shop.get("/v2/time")
    assert (reply.status, reply.headers["retry-after"]) == (503, "77")
    page = browser.get(f"{base(shop)}/status")
    assert (page.status, "closed for maintenance" in page.text) == (200, True)
    browser.post(page, "/maintenance")
    shop.server.hear()
    assert shop.get("/v2/time").status == 200


@pytest.mark.parametrize("seconds", ["0", "86401", "soon", ""])
def test_a_retry_after_that_is_none_closes_nothing(shop: Shop, seconds: str) -> None:
    browser = signed_in(shop)
    page = browser.post(browser.get(f"{base(shop)}/status"), "/maintenance", retry_after=seconds)
    assert (page.status, "whole number of seconds" in page.text) == (422, True)
    assert shop.get("/v2/time").status == 200


def test_a_suspended_store_has_its_panel_too(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.change(settings={"suspended": True})
    assert shop.get("/v2/time").reason == "SUSPENDED"
    for path in ("", "/accounts", "/journal", "/settings", "/status", "/tasks", "/apps", "/law"):
        assert browser.get(base(shop) + path).status == 200, path


def test_a_store_that_is_being_upgraded_has_its_panel_too(shop: Shop) -> None:
    browser = signed_in(shop)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    rows, store.rows = store.rows, None
    try:
        for path in ("", "/accounts", "/journal", "/settings", "/status", "/tasks", "/apps", "/law"):
            page = browser.get(base(shop) + path)
            assert (page.status, "being upgraded" in page.text) == (200, True), path
        assert browser.get(f"{base(shop)}/tasks/1").status == 404
    finally:
        store.rows = rows


def test_usage_is_shown_beside_the_limits_of_the_plan(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.change(plan="trial", limits={"brands": 4})
    for name in ("a", "b", "c"):
        shop.brand(name)
    page = browser.get(f"{base(shop)}/status").text
    assert 'aria-label="3 of 4 brands"' in page
    assert "0 of 50" in page
    assert {name.capitalize() in page for name in COUNTERS} == {True}
    assert "USD ($)" in page


def test_the_authoritys_certificate_can_be_downloaded(shop: Shop, tmp_path: Any) -> None:
    browser = signed_in(shop)
    assert browser.get("/manage/ca.pem").status == 404
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    panel = house(shop.server)
    panel.ca = tmp_path / "ca.pem"
    try:
        page = browser.get("/manage/ca.pem")
        assert (page.text, page.header("content-type")) == ("-----BEGIN CERTIFICATE-----\n", "application/x-pem-file")
        assert Browser(shop.server).get("/manage/ca.pem").status == 303
    finally:
        panel.ca = None


# Settings


def test_every_setting_is_on_one_page_with_its_meaning(shop: Shop) -> None:
    browser = signed_in(shop)
    index = browser.get(f"{base(shop)}/settings").text
    found = {name: browser.get(f"{base(shop)}/settings/{name}").text for name in settings.placed()}
    assert all(f"/settings/{name}" in index for name in found)
    for key, setting in SETTINGS.items():
        assert [name for name, text in found.items() if f'id="{key}"' in text] == [settings.page_of(key)], key
        assert setting.meaning[1:20].split("'")[0] in found[settings.page_of(key)], key
    assert browser.get(f"{base(shop)}/settings/nothing").status == 404


def test_settings_are_found_by_their_words_and_changed_where_they_are_found(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/settings?q=Journal+megabytes")
    assert [key for key in page.form("/settings").fields if key in SETTINGS] == ["journal.keep_megabytes"]
    saved = browser.post(page, "/settings", **{"journal.keep_megabytes": "7"})
    assert saved.header("location").endswith("/settings?q=Journal%20megabytes&done=saved")
    assert shop.server.run(shop.server.backend.registry.store(shop.name)).settings == {"journal.keep_megabytes": 7}
    wrong = browser.post(page, "/settings", **{"journal.keep_megabytes": "many"})
    assert (wrong.status, 'id="journal.keep_megabytes-wrong"' in wrong.text) == (422, True)
    assert "No setting is called so" in browser.get(f"{base(shop)}/settings?q=zebra").text


def test_settings_are_saved_as_the_command_line_would(shop: Shop) -> None:
    browser = signed_in(shop)
    for name, changed in {
        "shop": {"name": "Ladder & Sons"},
        "money": {"currency": "EUR", "prices_include_tax": "true", "decimal_places": "3"},
        "answering": {"journal": "full"},
        "connections": {"webhooks.retry_seconds": "5,10"},
    }.items():
        page = browser.post(browser.get(f"{base(shop)}/settings/{name}"), "/settings", **changed)
        assert page.header("location").endswith(f"/settings/{name}?done=saved")
        shop.server.hear()
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    assert record.settings == {
        "name": "Ladder & Sons", "currency": "EUR", "prices_include_tax": True, "journal": "full",
        "webhooks.retry_seconds": [5, 10], "decimal_places": 3,
    }  # fmt: skip
    assert shop.get("/v2/store").json["name"] == "Ladder & Sons"
    form = browser.get(f"{base(shop)}/settings/money").form("/settings")
    del form.fields["prices_include_tax"]
    browser.ask("POST", form.action, form.fields)
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    assert record.settings["prices_include_tax"] is False


def test_a_wrong_setting_saves_nothing_and_all_of_them_are_told(shop: Shop) -> None:
    browser = signed_in(shop)
    wrong = {"currency_symbol": "Fr", "currency": "euro", "decimal_places": "9", "weight_units": "Stones"}
    page = browser.post(browser.get(f"{base(shop)}/settings/money"), "/settings", **wrong)
    assert (page.status, page.text.count('class="wrong"')) == (422, 3)
    assert page.form("/settings").fields["currency_symbol"] == "Fr"
    assert "weight_units" in page.form("/settings").fields, "though it is on another page"
    assert shop.server.run(shop.server.backend.registry.store(shop.name)).settings == {}


def test_a_form_that_lacks_settings_leaves_them_alone(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.change(settings={"suspended": True, "currency": "CHF"})
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    browser.ask("POST", f"{base(shop)}/settings", {"form_token": token, "name": "Only this"})
    stored = shop.server.run(shop.server.backend.registry.store(shop.name)).settings
    assert stored == {"suspended": True, "currency": "CHF", "name": "Only this"}


# Tasks


def test_tasks_are_listed_and_shown_with_what_they_were_asked_and_answered(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "No task yet" in browser.get(f"{base(shop)}/tasks").text
    asked = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers={"Prefer": "respond-async"})
    shop.settle(asked.data["id"])
    page = browser.get(f"{base(shop)}/tasks")
    assert f"/tasks/{asked.data['id']}" in page.text
    one = browser.get(f"{base(shop)}/tasks/{asked.data['id']}").text
    assert "{&#34;name&#34;: &#34;Acme&#34;}" in one
    assert '<span class="pill s2">200</span>' in one
    assert "No task is failed" in browser.get(f"{base(shop)}/tasks?state=failed").text
    for wrong in ("0", "99", "x", "1" * 30):
        assert browser.get(f"{base(shop)}/tasks/{wrong}").status == 404
    assert browser.get(f"{base(shop)}/tasks?page=999999&state=nonsense").status == 200


# The law


def test_the_law_is_drawn_from_the_registry_with_this_stores_counts(shop: Shop) -> None:
    browser = signed_in(shop)
    for _ in range(3):
        shop.get("/v3/catalog/products/99")
    page = browser.get(f"{base(shop)}/law").text
    for step in Step:
        assert f">{step.word}</text>" in page
    for reason in Reason:
        assert f'id="{reason.name}"' in page
    for outcome in OUTCOMES:
        assert f">{outcome.__name__}</text>" in page
    counted = re.search(r'id="NO_SUCH_ENTITY".*?<text class="count" [^>]*>(\d+)<', page, re.DOTALL)
    assert counted is not None
    assert counted[1] == "3"
    assert f"{base(shop)}/journal/" in page.partition("Every status")[2], "an example of 404"


def test_the_overview_counts_requests_by_status(shop: Shop) -> None:
    browser = signed_in(shop)
    for _ in range(4):
        shop.get("/v2/time")
    shop.get("/v3/nowhere")
    page = browser.get(base(shop)).text
    assert "2xx 4" in page
    assert "4xx 1" in page
    assert '<rect class="s2"' in page
    assert '<polyline class="p50"' in page
    assert "NO_SUCH_RESOURCE" in page


# Safe to look at

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
PLACES = ("", "/accounts", "/journal", "/settings", "/status", "/tasks", "/apps", "/law", "/accounts/new", "/apps/new",
          "/products", "/products/new", "/categories", "/categories/new", "/brands", "/brands/new", "/locations",
          "/locations/new", "/locations/1", "/price-lists", "/price-lists/new", "/tax", "/tax/new", "/tax/1",
          "/promotions", "/promotions/new", "/customers", "/customers/new", "/customer-groups", "/customer-groups/new",
          "/webhooks", "/webhooks/new")  # fmt: skip


class Inline(HTMLParser):
    """Finds what runs or looks by itself: scripts and styles inside the page, handlers, pictures, script addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inside = tag in ("style", "img", "iframe", "object") or (tag == "script" and "src" not in given)
        leads = [value for name, value in attrs if name in ("href", "src", "action", "formaction")]
        acts = [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if inside or acts or any((value or "").strip().lower().startswith("javascript:") for value in leads):
            self.found.append(f"{tag} {given}")


def inline(page: Page) -> list[str]:
    parser = Inline()
    parser.feed(page.text)
    return parser.found


def links(page: Page, inside: str) -> set[str]:
    return set(re.findall(rf'href="({re.escape(inside)}[^"#?]*)"', page.text))


def test_nothing_that_a_client_or_an_owner_wrote_becomes_markup(shop: Shop) -> None:
    """Every field that the panel shows, on every page that shows it."""
    browser = signed_in(shop)
    shop.change(settings={"name": EVIL, "currency_symbol": EVIL[:10], "journal": "full"})
    browser.post(browser.get(f"{base(shop)}/accounts/new"), "/accounts", name=EVIL, kind="basic")
    urls = {"auth_url": "https://app.example/?a=%3Cscript%3E&b=1"}
    app = browser.post(browser.get(f"{base(shop)}/apps/new"), "/apps", name=EVIL, **urls)
    headers = {"User-Agent": EVIL, "X-Custom": EVIL, "Prefer": "respond-async", "Referer": EVIL}
    task = shop.post("/v3/catalog/brands", {"name": EVIL, EVIL: EVIL}, headers=headers)
    shop.settle(task.data["id"])
    shop.get(f"/v3/catalog/products/{EVIL}")
    shop.request(EVIL.upper(), "/v3/catalog/products")
    shop.get(f"/v3/catalog/products?name={EVIL}&limit=9999", headers=headers)
    shop.post("/v2/brands", {EVIL: EVIL}, headers={"Host": EVIL})
    shop.get("/v2/time", token=EVIL)
    browser.get(f"{base(shop)}/nothing{EVIL}")
    pages = {path: browser.get(base(shop) + path) for path in PLACES}
    found = links(pages["/journal"], f"{base(shop)}/journal/") | links(pages["/accounts"], f"{base(shop)}/accounts/")
    found |= links(pages["/tasks"], f"{base(shop)}/tasks/") | {app.header("location").partition("?")[0]}
    assert len(found) > 8
    pages |= {path: browser.get(path) for path in found}
    pages["stores"] = browser.get("/manage/stores")
    pages["missing"] = browser.get(
        f"{base(shop)}/accounts/{accounts(shop)['test'].client_id}?missing={EVIL}&done={EVIL}"
    )
    pages["filter"] = browser.get(f"{base(shop)}/journal?path={EVIL}&status={EVIL}&account={EVIL}&reason={EVIL}")
    pages["sign-in"] = Browser(shop.server).sign_in(EVIL, EVIL, EVIL)
    install = browser.post(browser.get(app.header("location").partition("?")[0]), "/install")
    pages["install"] = install
    shown = 0
    for path, page in pages.items():
        assert page.status in (200, 403), path
        assert inline(page) == [], path
        shown += "&lt;script&gt;" in page.text
    assert shown > 10, "what was written is shown, as text"


def every_page(shop: Shop, browser: Browser) -> list[Page]:
    shop.get("/v3/nowhere")
    pages = [browser.get(base(shop) + path) for path in PLACES]
    pages += [browser.get("/manage" + path) for path in ("", "/you", "/stores", "/nothing", "/ca.pem")]
    files = ("panel.css", "panel.js", "htmx.min.js", "icon.svg", "none")
    pages += [browser.get("/manage/static/" + name) for name in files]
    pages += [browser.get(link) for link in links(pages[2], f"{base(shop)}/journal/")]
    pages += [Browser(shop.server).get("/manage/sign-in"), browser.ask("POST", f"{base(shop)}/maintenance", {})]
    pages += [browser.ask("PUT", base(shop)), browser.get(f"{base(shop)}/journal.har")]
    return pages


def test_every_page_forbids_frames_and_everything_inline(shop: Shop) -> None:
    """Click-jacking, and injected scripts and styles."""
    for page in every_page(shop, signed_in(shop)):
        assert page.header("content-security-policy") == CSP, page.path
        assert page.header("x-frame-options") == "DENY", page.path
        assert page.header("x-content-type-options") == "nosniff", page.path
        assert page.header("referrer-policy") == "same-origin", page.path
        assert "/static/" in page.path or inline(page) == [], page.path


def test_the_policy_is_as_strict_as_was_decided() -> None:
    wanted = {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"}
    assert wanted <= set(CSP.split("; "))
    assert "unsafe" not in CSP
    assert "*" not in CSP


def colours() -> list[dict[str, str]]:
    """The palette in the light and in the dark."""
    sheet = static_files()["panel.css"][1].decode()
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in sheet.split(":root {")[1:3])
    return [light, light | dark]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


ROWS_PER_TRIP = [(text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "card", "sunk")]
ROWS_PER_TRIP += [
    ("accent-ink", "accent"),
    ("accent", "accent-soft"),
    ("ink", "s4-soft"),
    ("ink", "s5-soft"),
    ("ink", "s2-soft"),
]
ROWS_PER_TRIP += [(f"s{n}", ground) for n in (2, 3, 4, 5) for ground in (f"s{n}-soft", "card")]


@pytest.mark.parametrize(("text", "ground"), ROWS_PER_TRIP)
def test_what_is_written_can_be_read(text: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5, in both palettes."""
    for palette in colours():
        light, dark = sorted((luminance(palette[text]), luminance(palette[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_pages_are_not_kept_by_browsers_and_files_are(shop: Shop) -> None:
    browser = signed_in(shop)
    assert browser.get(base(shop)).header("cache-control") == "no-store"
    found = re.search(r'href="(/manage/static/panel.css\?[0-9a-f]{12})"', browser.get(base(shop)).text)
    assert found is not None
    assert "immutable" in browser.get(found[1]).header("cache-control")
    assert browser.ask("HEAD", base(shop)).text == ""


def test_every_field_has_a_label_and_every_page_a_heading(shop: Shop) -> None:
    for page in every_page(shop, signed_in(shop)):
        if "<html" not in page.text:
            continue
        assert '<html lang="en">' in page.text
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page.text))
        for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page.text):
            if 'type="hidden"' in tag or 'type="radio"' in tag or 'aria-hidden="true"' in tag:
                continue
            if 'aria-label="' in tag:
                continue
            name = re.search(r'\bid="([^"]+)"', tag)
            assert name is not None, tag
            assert name[1] in labelled, (page.path, tag)
        ids = re.findall(r'\bid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), page.path
        assert page.text.count("<main") == 1
        assert 'href="#content"' in page.text
