"""Saved views of lists: filters, order and columns under a name, of one person or shared, and which opens first."""

from __future__ import annotations

import re
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import pytest

from bodega.access import owners
from bodega.access.saved_views import LONGEST_NAME, MOST
from bodega.panel import pages, views
from panel import Browser, Page, base, signed_in
from shop import Shop
from test_panel_catalogue import LAMP, PRODUCTS
from test_panel_team import staff


def tabs(page: Page) -> list[tuple[str, str]]:
    """The views over a list: names and where they lead."""
    nav = re.search(r'<nav class="tabs views".*?</nav>', page.text, re.S)
    assert nav is not None, page.text
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+?) ?(?:<span[^>]*>shared</span>)?</a>', nav[0])
    return [(name, href.replace("&amp;", "&")) for href, name in found]


def here(page: Page) -> str:
    """The view that is open."""
    found = re.search(r'<nav class="tabs views".*?aria-current="page">([^<]+?) ?<', page.text, re.S)
    return found[1] if found else ""


def headings(page: Page) -> list[str]:
    """The columns of a list."""
    return re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', page.text)


def save(browser: Browser, shop: Shop, target: str, name: str, **more: str) -> Page:
    """Saves what a list is asked for as a view."""
    path = target.partition("?")[0]
    return browser.post(browser.get(base(shop) + target), f"/views{path}", name=name, **more)


def stored(shop: Shop) -> list[str]:
    """The names of the store's views."""
    tx = shop.server.backend.registry.tx
    rows = shop.server.run(tx.rows("SELECT name FROM panel_views WHERE store = $1 ORDER BY name", shop.name))
    return [str(name) for (name,) in rows]


SAVED = [
    ("/products", "show=hidden&sort=price&column=sku&column=price", ["Product", "SKU", "Price"]),
    ("/orders", "status=11&from=2026-01-01&column=total", ["Order", "Total"]),
    ("/customers", "q=Ann&column=email", ["Customer", "E-mail"]),
]


@pytest.mark.parametrize(("path", "query", "columns"), SAVED)
def test_filters_order_and_columns_are_kept_under_a_name(shop: Shop, path: str, query: str, columns: list[str]) -> None:
    shop.post(PRODUCTS, LAMP | {"is_visible": False})
    shop.post("/v3/customers", [{"first_name": "Ann", "last_name": "Lee", "email": "ann@example.com"}])
    browser = signed_in(shop)
    made = save(browser, shop, f"{path}?{query}&page=3", "Mine")
    assert made.status == 303
    page = browser.follow(made)
    assert "The view was saved." in page.text
    asked = parse_qs(urlsplit(dict(tabs(page))["Mine"]).query)
    del asked["view"]
    assert asked == parse_qs(query), "the page of the list is not part of a view"
    assert here(page) == "Mine"
    assert "alert" not in page.text.partition("<main")[2]
    if path != "/orders":
        assert headings(page) == columns


def test_the_same_name_replaces_a_view_which_says_when_it_was_changed(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.follow(save(browser, shop, "/products?show=hidden", "Mine"))
    assert "Save the changed view" not in page.text
    target = dict(tabs(page))["Mine"].replace("show=hidden", "show=out").removeprefix(base(shop))
    assert "Save the changed view" in browser.get(base(shop) + target).text
    again = browser.follow(save(browser, shop, target, "Mine"))
    assert [name for name, _ in tabs(again)] == ["All products", "Mine"]
    assert "show=out" in dict(tabs(again))["Mine"]


def test_a_view_is_of_one_person_unless_it_is_shared(shop: Shop) -> None:
    owner = signed_in(shop)
    clerk = staff(shop, "orders")
    assert save(owner, shop, "/orders?status=1", "Private").status == 303
    assert save(owner, shop, "/orders?status=2", "Shared", shared="true").status == 303
    page = clerk.get(f"{base(shop)}/orders")
    assert [name for name, _ in tabs(page)] == ["All orders", "Shared"]
    key = parse_qs(urlsplit(dict(tabs(owner.get(f"{base(shop)}/orders")))["Private"]).query)["view"][0]
    assert "This view no longer exists" in clerk.get(f"{base(shop)}/orders?view={key}").text
    token = clerk.get("/manage/you").form("/password").fields["form_token"]
    for what in ("rename", "delete", "first"):
        form = {"form_token": token, "name": "Taken"}
        assert clerk.ask("POST", f"{base(shop)}/views/orders/{key}/{what}", form).status == 404
    assert clerk.ask("POST", f"{base(shop)}/views/products/{key}/delete", {"form_token": token}).status == 404
    assert stored(shop) == ["Private", "Shared"]


def test_who_only_sees_a_list_keeps_views_and_neither_shares_nor_changes_shared_ones(shop: Shop) -> None:
    owner, support = signed_in(shop), staff(shop, "support")
    save(owner, shop, "/orders?status=2", "Shared", shared="true")
    assert save(support, shop, "/orders?status=1", "Mine").status == 303
    refused = save(support, shop, "/orders?status=1", "Ours", shared="true")
    assert (refused.status, "save the view for yourself" in refused.text) == (422, True)
    page = support.get(f"{base(shop)}/views/orders")
    assert len([form for form in page.forms if form.action.endswith("/delete")]) == 1
    key = parse_qs(urlsplit(dict(tabs(support.get(f"{base(shop)}/orders")))["Shared"]).query)["view"][0]
    token = page.form("/first").fields["form_token"]
    answer = support.ask("POST", f"{base(shop)}/views/orders/{key}/delete", {"form_token": token})
    assert answer.status == 403
    assert stored(shop) == ["Mine", "Shared"]
    assert staff(shop, "catalogue").get(f"{base(shop)}/views/orders").status == 403


def test_a_list_opens_with_the_view_that_somebody_chose(shop: Shop) -> None:
    browser, other = signed_in(shop), staff(shop, "admin")
    assert save(browser, shop, "/orders?status=1", "First", first="true", shared="true").status == 303
    opened = browser.get(f"{base(shop)}/orders")
    assert (opened.status, "status=1" in opened.header("location")) == (303, True)
    told = browser.get(f"{base(shop)}/orders?done=archived")
    assert "The order was archived." in browser.follow(told).text
    assert other.get(f"{base(shop)}/orders").status == 200, "it is a choice of one person"
    whole = browser.get(f"{base(shop)}/orders?view=all")
    assert (whole.status, here(whole)) == (200, "All orders")
    assert whole.form("/orders").fields["view"] == "all", "so an emptied search shows everything"
    for link in re.findall(r'href="(\?[^"]*)"', whole.text):
        assert browser.get(f"{base(shop)}/orders{link}".replace("&amp;", "&")).status == 200
    browser.post(browser.get(f"{base(shop)}/views/orders"), "/first")
    assert browser.get(f"{base(shop)}/orders").status == 200


def test_a_view_is_renamed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    for name in ("One", "Two"):
        save(browser, shop, "/customers?q=a", name, first="true")
    there = f"{base(shop)}/views/customers"
    clash = browser.post(browser.get(there), "/rename", name=" Two ")
    assert (clash.status, "Another view is called “Two” already." in clash.text) == (422, True)
    assert browser.post(browser.get(there), "/rename", name="").status == 422
    assert browser.post(browser.get(there), "/rename", name="Three").status == 303
    assert stored(shop) == ["Three", "Two"]
    for _ in range(2):
        assert browser.post(browser.get(there), "/delete").status == 303
    assert stored(shop) == []
    assert browser.get(f"{base(shop)}/customers").status == 200, "and the list opens as it did"


def test_views_are_bounded_in_number_and_size(shop: Shop) -> None:
    browser = signed_in(shop)
    for number in range(MOST):
        assert save(browser, shop, "/customers", f"View {number}").status == 303
    full = save(browser, shop, "/customers", "One more")
    assert (full.status, f"There are {MOST} views already" in full.text) == (422, True)
    assert save(browser, shop, "/customers?q=b", "View 3").status == 303, "a kept one can still be replaced"
    assert save(browser, shop, "/customers", "Shared", shared="true").status == 303
    for name, query in (
        ("x" * (LONGEST_NAME + 1), ""),
        ("  ", ""),
        ("Long", "q=" + "a" * 2_000),
        ("Many", "&a=1" * 500),
    ):
        refused = save(browser, shop, "/orders", name, query=query)
        assert refused.status == 422, (name, query)
    assert len(stored(shop)) == MOST + 1


def test_only_filters_and_columns_of_the_list_are_kept(shop: Shop) -> None:
    browser = signed_in(shop)
    query = "q=a&evil=1&view=x&page=9&column=email&done=deleted&form_token=secret"
    page = browser.follow(save(browser, shop, "/customers", "<b>&", query=query))
    assert "&lt;b&gt;&amp;" in page.text
    tx = shop.server.backend.registry.tx
    ((kept,),) = shop.server.run(tx.rows("SELECT query FROM panel_views WHERE store = $1", shop.name))
    assert kept == "q=a&column=email"


def test_a_view_whose_filter_no_longer_exists_says_so(shop: Shop) -> None:
    browser = signed_in(shop)
    group = shop.post("/v2/customer_groups", {"name": "Trade"}).json["id"]
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).data["id"]
    category = shop.post("/v3/catalog/categories", {"name": "Lamps", "parent_id": 0}).data["id"]
    before = {
        f"/customers?group={group}": f"Group “{group}”",
        f"/products?brand={brand}": f"Brand “{brand}”",
        f"/products?category={category}": f"Category “{category}”",
    }
    kept = {target: browser.follow(save(browser, shop, target, target[-15:])) for target in before}
    assert all("no longer exists" not in page.text for page in kept.values())
    for path in (f"/v2/customer_groups/{group}", f"/v3/catalog/brands/{brand}", f"/v3/catalog/categories/{category}"):
        assert shop.delete(path).status == 204
    for target, says in before.items():
        page = browser.get(dict(tabs(kept[target]))[target[-15:]])
        assert page.status == 200
        assert f"asks for what no longer exists: {says}." in page.text
    tx = shop.server.backend.registry.tx
    shop.server.run(tx.run("UPDATE panel_views SET query = 'colour=red&column=weight' WHERE store = $1", shop.name))
    page = browser.get(f"{base(shop)}/customers?view=all")
    page = browser.get(next(there for name, there in tabs(page) if name != "All customers"))
    assert "no longer exists: the filter “colour”, the column “weight”." in page.text


def test_what_somebody_saved_goes_when_they_leave(shop: Shop) -> None:
    owner, clerk = signed_in(shop), staff(shop, "orders")
    save(clerk, shop, "/orders?status=1", "Mine", first="true")
    save(clerk, shop, "/orders?status=2", "Ours", shared="true", first="true")
    tx = shop.server.backend.registry.tx
    person = shop.server.run(owners.by_email(tx, f"orders@{shop.name}.example"))
    shop.server.run(owners.remove(tx, person.id, shop.name))
    assert stored(shop) == ["Ours"]
    assert "Ours" in dict(tabs(owner.get(f"{base(shop)}/orders")))


def test_every_declared_list_has_a_page_of_its_views(shop: Shop) -> None:
    assert pages.every()
    browser = signed_in(shop)
    assert len(views.LISTS) >= 3
    for key, of in views.LISTS.items():
        assert tabs(browser.get(f"{base(shop)}/{of.path}?view=all"))[0][1].endswith("?view=all")
        assert browser.get(f"{base(shop)}/views/{key}").status == 200
    assert browser.get(f"{base(shop)}/views/nothing").status == 404


FILTERED = {
    "products": "q=lamp", "orders": "status=11", "customers": "q=Ann", "carts": "customer=1", "promotions": "q=ten",
    "redirects": "keyword=/old", "tasks": "state=done", "journal": "status=4xx&method=POST", "brands": "q=Acme",
    "team-changes": "who=sam@example.com&where=customers/7",
}  # fmt: skip


def test_every_list_keeps_its_filters_under_a_name_and_opens_with_it(shop: Shop) -> None:
    assert set(FILTERED) == set(views.LISTS)
    browser = signed_in(shop)
    for key, of in views.LISTS.items():
        asked = parse_qs(FILTERED[key])
        assert set(asked) <= set(of.filters), key
        form = browser.get(f"{base(shop)}/{of.path}?{FILTERED[key]}&page=2")
        made = browser.post(form, f"/views/{key}", name="Mine", first="true")
        page = browser.follow(made)
        assert ("The view was saved." in page.text, here(page)) == (True, "Mine"), key
        opened = browser.get(f"{base(shop)}/{of.path}")
        kept = parse_qs(urlsplit(opened.header("location")).query)
        del kept["view"]
        assert (opened.status, kept) == (303, asked), key
        whole = browser.get(f"{base(shop)}/{of.path}?view=all")
        assert (whole.status, here(whole)) == (200, f"All {of.title.lower()}"), key
        gone = browser.post(browser.get(f"{base(shop)}/views/{key}"), "/delete")
        assert gone.status == 303, key
        assert browser.get(f"{base(shop)}/{of.path}").status == 200, key
    assert stored(shop) == []


NO_LISTS = {
    "_parts.html": "the period of charts", "customer_merge.html": "looks for one customer", "frame.html": "the search",
    "lab_snapshots.html": "chooses two states", "permissions.html": "chooses a row",
    "permissions_account.html": "chooses a row", "report.html": "chooses a run", "shop_page.html": "a channel",
    "webhook.html": "the deliveries of one webhook", "workbench.html": "an event", "workbench_event.html": "an event",
}  # fmt: skip


def test_every_list_that_is_filtered_has_views() -> None:
    """By their templates: a form that asks (GET) filters a list, or stands here with what else it does."""
    folder = files("bodega.panel") / "templates"
    asking = {one.name for one in folder.iterdir() if 'method="get"' in one.read_text()}
    assert {name for name in asking if "_views.html" not in (folder / name).read_text()} == set(NO_LISTS)


def test_the_journal_is_followed_in_its_view_and_saved_as_it_is_filtered_now(shop: Shop) -> None:
    browser = signed_in(shop)
    save(browser, shop, "/journal?status=4xx", "Refused", first="true")
    shop.get("/v3/nowhere")
    swapped = browser.get(f"{base(shop)}/journal?method=GET", headers={"HX-Request": "true"})
    assert 'name="query" value="method=GET" hx-swap-oob="true"' in swapped.text
    alone = browser.get(f"{base(shop)}/journal", headers={"HX-Request": "true"})
    assert (alone.status, "<html" in alone.text) == (200, False), "a list that is followed is not led elsewhere"
