"""The site of the docs: built strictly, complete, whole in itself, and served at `/docs`."""

from __future__ import annotations

import asyncio
import posixpath
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from scripts import docs_site

from bodega import manual, reference, registries, site
from bodega.law.reasons import Reason
from chromium import DESK, PHONE, House, driver, serving

__all__ = ["driver"]

DOCS = Path(__file__).parent.parent / "docs"
MADE_BY_SERVER = ("/docs/api", "/manage", "/docs/openapi")
"""Addresses that a page may name, and that a server answers without the site."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of these docs, built anew."""
    to = tmp_path_factory.mktemp("site") / "site.zip"
    docs_site.built(DOCS, to)
    return to


@pytest.fixture(scope="module")
def built(archive: Path) -> site.Site:
    return site.Site(archive)


@pytest.fixture(scope="module")
def addresses(archive: Path) -> list[str]:
    """Every page, by its address on a server."""
    with zipfile.ZipFile(archive) as packed:
        names = [name.removesuffix(".html") for name in packed.namelist() if name.endswith(".html")]
    return [f"/docs/{name.removesuffix('index')}" for name in names if name != "404"]


def text_at(built: site.Site, address: str) -> str:
    found = built.at(address)
    assert found is not None, address
    assert found.status == 200, address
    assert not found.moved, address
    return found.body.decode()


# Complete


def test_everything_is_documented_and_every_page_is_in_the_navigation() -> None:
    assert registries.undocumented() == []


@pytest.mark.parametrize("registry", registries.registries(), ids=lambda one: one.kind)
def test_what_a_registry_has_and_no_page_explains_is_told(registry: registries.Registry) -> None:
    assert len(registry.names) > 3
    more = registry._replace(names=(*registry.names, "bodega is new"))
    assert registries.undocumented([more]) == [
        f"The {registry.kind} bodega is new is not explained on docs/{registry.page}."
    ]


def test_a_name_alone_explains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "| `said` | what it does |\n| 1 law | `also.said` | 404 |\n| `silent` | |\n| `dash` | - |\n"
    monkeypatch.setattr(manual, "text", lambda name: rows)
    found = registries.Registry("word", "x.md", ("said", "also.said", "silent", "dash"))
    assert [line.split()[2] for line in registries.undocumented([found])] == ["silent", "dash"]


def test_a_page_that_is_in_no_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = manual.navigation()
    monkeypatch.setattr(manual, "navigation", lambda: (first._replace(names=("none.md", *first.names[1:])), *rest))
    assert registries.undocumented([]) == [
        f"The page {first.names[0]} does not stand in the navigation.",
        "The navigation names none.md, which is no page.",
    ]


def test_the_four_kinds_of_pages() -> None:
    assert list(dict.fromkeys(group.kind for group in manual.navigation())) == [
        "Tutorials", "How-to", "Reference", "Explanation",
    ]  # fmt: skip


LIMITS = re.compile(r"^## (Limits|What is not defended)$", re.MULTILINE)
PROMISES = ("lab.md", "storefront.md")
"""Pages of the reference that promise something, besides all tutorials, how-to pages and pages of promises."""


def test_limits_stand_where_something_is_promised() -> None:
    promising = [
        name
        for group in manual.navigation()
        for name in group.names
        if group.kind in ("Tutorials", "How-to") or group.about == "Promises" or name in PROMISES
        if group.about != "Working on Bodega"
    ]
    assert len(promising) > 25
    assert [name for name in promising if not LIMITS.search(manual.text(name) or "")] == []


# Strict


def test_a_broken_link_and_a_broken_anchor_end_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    law = docs / "law.md"
    law.write_text(law.read_text("utf-8") + "\n[One](nothing.md), [two](faults.md#no-such-heading).\n", "utf-8")
    with pytest.raises(docs_site.NotBuilt) as wrong:
        docs_site.generate(docs, tmp_path / "work")
    assert re.findall(r"╭─\[ (\S+?):\d", wrong.value.message) == ["law.md", "law.md"]
    assert {"page does not exist", "anchor does not exist"} <= set(
        re.findall(r"[a-z]+ does not exist", wrong.value.message)
    )


def test_a_page_that_asks_another_host_ends_the_build() -> None:
    for tag in (
        '<script src="https://x.example/a.js">',
        '<link href="//x.example/a.css">',
        "<img src=http://x.example>",
    ):
        with pytest.raises(docs_site.NotBuilt):
            docs_site.finished("a.html", f"<html>{tag}</html>")
    assert docs_site.finished("a.html", '<a href="https://x.example/">x</a>')


# Whole


def test_every_page_and_every_anchor_that_a_page_names_is_there(built: site.Site, addresses: list[str]) -> None:
    names: dict[str, set[str]] = {}
    for address in addresses:
        for link in set(re.findall(r'(?:href|src)="([^"]+)"', text_at(built, address))):
            target = urlsplit(urljoin(f"http://here{address}", link.replace("&amp;", "&")))
            if target.netloc != "here" or target.path.startswith(MADE_BY_SERVER):
                continue
            if target.path.endswith(".md"):
                assert manual.text(target.path.removeprefix("/docs/")) is not None, (address, link)
                continue
            found = built.at(target.path)
            assert found is not None, (address, link)
            assert not found.moved, (address, link, found.moved)
            if target.fragment and not target.fragment.startswith("__"):
                if target.path not in names:
                    names[target.path] = set(re.findall(r'\bid="([^"]+)"', found.body.decode()))
                assert target.fragment in names[target.path], (address, link)


def test_every_page_of_the_docs_has_its_address_and_leads_to_its_markdown(built: site.Site) -> None:
    for name in manual.names():
        folder, _, file = name.rpartition("/")
        address = f"/docs/{folder}/" if file == "README.md" else f"/docs/{name.removesuffix('.md')}"
        text = text_at(built, address if name != manual.HOME else "/docs/")
        assert f'<link rel="alternate" type="text/markdown" href="{posixpath.basename(name)}">' in text, name
        assert f'<a href="{posixpath.basename(name)}">This page as Markdown</a>' in text, name


def test_nothing_names_a_host_but_for_links_to_follow(archive: Path, built: site.Site, addresses: list[str]) -> None:
    for address in addresses:
        text = text_at(built, address)
        assert "bodega.invalid" not in text, address
        assert docs_site.OUTSIDE.search(text) is None
        assert re.findall(r'\s(on\w+|style)="', re.sub(r"<code.*?</code>", "", text, flags=re.DOTALL)) == [], address
    with zipfile.ZipFile(archive) as packed:
        styles = [packed.read(name).decode() for name in packed.namelist() if name.endswith(".css")]
        assert styles
        assert [found for style in styles for found in re.findall(r"url\((?!\"?data:)([^)]*)\)|@import", style)] == []
        assert archive.stat().st_size < 2_000_000, "the wheel grows by it"


def test_a_reason_is_where_the_type_of_an_error_points(built: site.Site) -> None:
    text = text_at(built, "/docs/status-codes")
    assert [reason.name for reason in Reason if f'id="{reason.name.lower()}"' not in text] == []


def test_addresses_lead_to_their_one_form(built: site.Site) -> None:
    moves = {"/docs": "/docs/", "/docs/law/": "/docs/law", "/docs/decisions": "/docs/decisions/"}
    assert {path: getattr(built.at(path), "moved", None) for path in moves} == moves
    for path in ("/docs/site.json", "/docs/nothing", "/docs/../pyproject.toml", "/docs//law", "/docs/sitemap.xml"):
        assert built.at(path) is None, path


def test_the_same_pages_make_the_same_archive_and_other_pages_another_digest(tmp_path: Path, built: site.Site) -> None:
    assert built.pages == manual.digest(DOCS)
    shutil.copytree(DOCS, tmp_path / "docs")
    assert manual.digest(tmp_path / "docs") == built.pages
    (tmp_path / "docs" / "law.md").write_text("# Other\n")
    assert manual.digest(tmp_path / "docs") != built.pages


# Served


def asked(mount: reference.Mount, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """What the mount answers."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing has to be read")

    asyncio.run(mount({"method": method, "path": path}, receive, send))  # type: ignore[arg-type]
    head, body = sent
    headers = {name.decode(): value.decode() for name, value in head["headers"]}
    return head["status"], headers, body["body"]


def test_the_site_is_served_under_a_policy_that_lets_nothing_else_run(built: site.Site) -> None:
    mount = reference.pages((), lambda: built)
    status, headers, body = asked(mount, "/docs/faults")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert int(headers["content-length"]) == len(body)
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "unsafe" not in policy.partition("style-src")[0], "no script but those of the build"
    assert "http" not in policy
    assert set(docs_site.inline_scripts(body.decode())) <= set(re.findall("sha256-[^']+", policy))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-cache"
    [script] = set(re.findall(r'src="([^"]+\.js)"', body.decode()))
    status, headers, _ = asked(mount, f"/docs/{script.removeprefix('./')}")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in headers["cache-control"]
    status, headers, _ = asked(mount, "/docs")
    assert (status, headers["location"]) == (308, "/docs/")
    assert asked(mount, "/docs/faults", "HEAD")[::2] == (200, b"")
    assert asked(mount, "/docs/faults", "POST")[0] == 405
    assert asked(mount, "/docs/faults.md")[2] == (DOCS / "faults.md").read_bytes()
    status, headers, body = asked(mount, "/docs/nothing")
    assert status == 404
    assert b'href="/docs/assets/' in body, "a page that is not there may be at any depth"


def test_without_a_site_there_are_light_pages_at_the_same_addresses(addresses: list[str]) -> None:
    mount = reference.pages((), lambda: None)
    for address in ("/docs", *addresses):
        status, headers, body = asked(mount, address)
        assert status == 200, address
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src")
        assert b"<script" not in body
    contents = asked(mount, "/docs")[2].decode()
    assert {link for link in re.findall(r'href="(/docs/[^"]+)"', contents) if asked(mount, link)[0] != 200} == set()
    assert asked(mount, "/docs/nothing")[0] == 404


def test_a_site_that_is_older_than_the_pages_is_not_shown(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "site.zip"
    with zipfile.ZipFile(archive) as packed, zipfile.ZipFile(old, "w") as changed:
        for name in packed.namelist():
            body = packed.read(name)
            changed.writestr(name, body if name != site.FACTS else b'{"pages": "other", "scripts": []}')
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no archive")
    for path, there in ((archive, True), (old, False), (broken, False), (tmp_path / "none.zip", False)):
        monkeypatch.setattr(site, "ARCHIVE", path)
        site.installed.cache_clear()
        assert (site.installed() is not None) is there, path.name
    site.installed.cache_clear()


@pytest.fixture(scope="module")
def house(archive: Path, tmp_path_factory: pytest.TempPathFactory, driver: Any) -> Iterator[House]:
    """A server with the site."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "ARCHIVE", archive)
        site.installed.cache_clear()
        with serving(tmp_path_factory.mktemp("docs")) as started:
            yield started
    site.installed.cache_clear()


@pytest.mark.browser
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_browser_shows_it_and_finds_a_word(house: House, driver: Any, viewport: dict[str, int]) -> None:
    """The search has no server: its index is a file, and runs under the policy; nothing is asked of another host."""
    page = driver.new_page(viewport=viewport)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda made: complaints.append(made.url) if not made.url.startswith(house.url) else None)
    page.goto(f"{house.url}/docs")
    assert page.url == f"{house.url}/docs/"
    assert page.locator("h1").inner_text().startswith("Bodega")
    page.locator("label[for=__search]:visible, button.md-search__button:visible").first.click()
    page.keyboard.type("doubled webhooks", delay=20)
    found = page.locator("a[role=option]").first
    found.wait_for(timeout=60_000)
    found.click()
    page.wait_for_url(lambda url: url.rstrip("/") != f"{house.url}/docs")
    assert "doubled" in page.locator("article").inner_text()
    page.goto(f"{house.url}/docs/status-codes#maintenance")
    row = page.locator("tr#maintenance")
    row.wait_for()
    assert "503" in row.inner_text()
    assert row.evaluate("row => row.getBoundingClientRect().top") > 40, "the head of the page hides it"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no strip to scroll sideways"
    assert page.goto(f"{house.url}/docs/decisions/none").status == 404
    complaints = [one for one in complaints if "404" not in one]
    page.close()
    assert complaints == []
