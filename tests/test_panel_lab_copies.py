"""Snapshots, forks and what differs, on the lab's pages of the panel."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bodega.access import owners
from panel import Browser, Page, add_owner, base, signed_in
from shop import Shop
from test_panel_lab import beside, done

PRODUCTS = "/v3/catalog/products"
LAMP = {"name": "Lamp", "type": "physical", "weight": 1, "price": 9}


def copies(shop: Shop, browser: Browser) -> Page:
    """The page of snapshots and forks."""
    return browser.get(f"{base(shop)}/lab/snapshots")


def take(shop: Shop, browser: Browser, name: str) -> Page:
    """The page after a snapshot was taken."""
    return done(browser, browser.post(copies(shop, browser), "/lab/snapshots", name=name))


def counted(page: Page) -> dict[str, tuple[int, ...]]:
    """The counts of a table by the kind in its first column."""
    rows = re.findall(r'<tr><td><a [^>]*href="[^"]*resource=(\w+)">.*?</tr>', page.text, re.DOTALL)
    whole = re.findall(r'<tr><td><a [^>]*href="[^"]*resource=\w+">.*?</tr>', page.text, re.DOTALL)
    return {
        name: tuple(map(int, re.findall(r'class="number">([0-9]+)<', row)))
        for name, row in zip(rows, whole, strict=True)
    }


def test_a_snapshot_is_taken_told_apart_from_now_and_gone_back_to(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "No snapshots yet." in copies(shop, browser).text
    kept = shop.post(PRODUCTS, LAMP).data["id"]
    lost = shop.post(PRODUCTS, {**LAMP, "name": "Bulb"}).data["id"]
    assert "The snapshot was taken." in take(shop, browser, "before").text
    new = shop.post(PRODUCTS, {**LAMP, "name": "Shade"}).data["id"]
    shop.put(f"{PRODUCTS}/{kept}", {"price": 12, "name": "Lantern"})
    shop.delete(f"{PRODUCTS}/{lost}")
    page = browser.get(f"{base(shop)}/lab/diff?from=before")
    assert counted(page)["products"] == (1, 1, 1)
    rows = browser.get(f"{base(shop)}/lab/diff?from=before&resource=products")
    assert "1 added, 1 changed, 1 removed." in rows.text
    assert re.search(r'<td class="mono break">price</td><td[^>]*>9</td><td[^>]*>12</td>', rows.text)
    assert re.search(r'<td class="mono break">name</td><td[^>]*>Lamp</td><td[^>]*>Lantern</td>', rows.text)
    confirm = browser.get(f"{base(shop)}/lab/snapshots/before/restore")
    assert counted(confirm)["products"] == (1, 1, 1)
    page = done(browser, browser.post(confirm, "/before/restore"))
    assert "The store is as it was in the snapshot." in page.text
    assert shop.get(f"{PRODUCTS}/{kept}").data["name"] == "Lamp"
    assert (shop.get(f"{PRODUCTS}/{lost}").status, shop.get(f"{PRODUCTS}/{new}").status) == (200, 404)
    assert "Nothing differs." in browser.get(f"{base(shop)}/lab/diff?from=before").text
    assert "Nothing: the store is as it was" in browser.get(f"{base(shop)}/lab/snapshots/before/restore").text
    page = browser.follow(browser.post(page, "/before/delete"))
    assert ("The snapshot was deleted." in page.text, "No snapshots yet." in page.text) == (True, True)
    assert browser.get(f"{base(shop)}/lab/snapshots/before/restore").status == 404
    assert browser.get(f"{base(shop)}/lab/diff?from=before").status == 404


def test_two_snapshots_are_compared_page_by_page(shop: Shop) -> None:
    browser = signed_in(shop)
    take(shop, browser, "a")
    for number in range(23):
        shop.post(PRODUCTS, {**LAMP, "name": f"Lamp {number:02}", "description": "long " * 100})
    page = take(shop, browser, "b")
    assert ("<option>a</option>" in page.text, "<option>b</option>" in page.text) == (True, True)
    first = browser.get(f"{base(shop)}/lab/diff?from=a&to=b&resource=products")
    assert "23 added, 0 changed, 0 removed." in first.text
    assert "long " * 30 not in first.text
    seen, link = re.findall(r"Lamp \d\d</span>", first.text), re.search(r'rel="next" href="([^"]+)"', first.text)
    while link is not None:
        following = browser.get(link[1].replace("&amp;", "&"))
        seen += re.findall(r"Lamp \d\d</span>", following.text)
        link = re.search(r'rel="next" href="([^"]+)"', following.text)
    assert seen == [f"Lamp {number:02}</span>" for number in range(23)]
    assert len(first.text.encode()) < 60 * 1024


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 422), ("?from=never", 404), ("?origin=elsewhere", 404), ("?from=a&resource=prodcts", 422),
        ("?from=a&to=never", 404), ("?from=a&resource=products&after=x", 200),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_said(shop: Shop, path: str, status: int) -> None:
    browser = signed_in(shop)
    take(shop, browser, "a")
    page = browser.get(f"{base(shop)}/lab/diff{path}")
    assert (page.status, "<h1" in page.text) == (status, True)


@pytest.mark.parametrize("name", ["", "../up", "a b", ".hidden", "x" * 65])
def test_a_snapshot_needs_a_name_that_a_file_can_have(shop: Shop, name: str) -> None:
    browser = signed_in(shop)
    page = take(shop, browser, name)
    assert page.status == 422
    assert beside(page, "name") in ("Fill this in.", "This value cannot be used. 1 to 64 letters, digits, dots, hyphens"
                                    " and underscores. It replaces an older one of its name.")  # fmt: skip
    assert "No snapshots yet." in page.text


def shop_of(shop: Shop, name: str, token: str) -> Shop:
    """Another store of the same server."""
    other = Shop(shop.server, name)
    other.token = token
    return other


def fork(shop: Shop, browser: Browser, **fields: Any) -> Page:
    """Where the form of a fork leads."""
    return done(browser, browser.post(copies(shop, browser), "/lab/forks", **fields))


def test_a_fork_is_a_store_of_whoever_made_it_and_is_compared_with_its_origin(shop: Shop) -> None:
    browser, name = signed_in(shop), f"{shop.name}-two"
    key = shop.post(PRODUCTS, LAMP).data["id"]
    page = fork(shop, browser, hash=name)
    assert f"The store {name} was made" in page.text
    token = re.search(r'id="token"[^>]*>([^<]+)<', page.text)
    assert token is not None
    assert token[1] not in (f"{name}-token", "")
    assert browser.get(page.path).status == 404, "the token is shown twice"
    two = shop_of(shop, name, token[1])
    assert two.get(f"{PRODUCTS}/{key}").data["name"] == "Lamp"
    assert browser.get(f"/manage/stores/{name}").status == 200
    two.put(f"{PRODUCTS}/{key}", {"price": 10})
    shop.put(f"{PRODUCTS}/{key}", {"price": 11})
    shop.post(PRODUCTS, {**LAMP, "name": "Only in the first"})
    there = browser.get(f"/manage/stores/{name}/lab/snapshots")
    assert f"<option>{shop.name}</option>" in there.text
    compared = browser.get(f"/manage/stores/{name}/lab/diff?origin={shop.name}")
    assert counted(compared)["products"] == (0, 1, 1), "both gave the same versions to their rows"
    rows = browser.get(f"/manage/stores/{name}/lab/diff?origin={shop.name}&resource=products").text
    assert re.search(r'<td class="mono break">price</td><td[^>]*>11</td><td[^>]*>10</td>', rows)
    assert shop.server.run(owners.by_email(shop.server.backend.registry.tx, f"{shop.name}@example.com")).stores == (
        shop.name, name,
    )  # fmt: skip
    stranger = Browser(shop.server)
    stranger.sign_in(add_owner(shop, f"other@{shop.name}.example"))
    assert stranger.get(f"{base(shop)}/lab/diff?origin={name}").status == 404, "who has no part in the other store"


def test_a_fork_is_made_of_a_snapshot(shop: Shop) -> None:
    browser, name = signed_in(shop), f"{shop.name}-old"
    take(shop, browser, "empty")
    shop.post(PRODUCTS, LAMP)
    page = fork(shop, browser, hash=name, snapshot="empty")
    token = re.search(r'id="token"[^>]*>([^<]+)<', page.text)
    assert token is not None
    assert shop_of(shop, name, token[1]).get(PRODUCTS).data == []


@pytest.mark.parametrize(("wanted", "status"), [("", 422), ("Big Shop", 422), ("x" * 41, 422), ("{same}", 409)])
def test_a_fork_needs_a_name_that_is_free(shop: Shop, wanted: str, status: int) -> None:
    page = fork(shop, signed_in(shop), hash=wanted.format(same=shop.name))
    assert page.status == status
    assert beside(page, "hash") != "", page.text
