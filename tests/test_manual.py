"""The docs for programs: `llms.txt` and every page as Markdown, from a checkout and from an installed wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bodega import manual
from shop import Reply, Server

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
PATIENCE = 300


def get(server: Server, path: str, method: str = "GET") -> Reply:
    return server.send(method, path, [("host", "localhost")], b"", "https")


def test_every_page_is_served_as_it_was_written(embedded: Server) -> None:
    assert list(manual.names()) == PAGES
    for name in PAGES:
        page = get(embedded, f"/docs/{name}")
        assert page.status == 200, name
        assert page.headers["content-type"].startswith("text/markdown; charset=utf-8")
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.body == (ROOT / "docs" / name).read_bytes()
    head = get(embedded, "/docs/faults.md", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == (ROOT / "docs" / "faults.md").stat().st_size
    assert get(embedded, "/docs/faults.md", "POST").status == 405


@pytest.mark.parametrize(
    "path",
    ["/docs/../README.md", "/docs/nothing.md", "/docs//faults.md", "/docs/..%2fREADME.md",
     "/docs/decisions/../faults.md", "/docs/navigation.toml", "/llms.txt/", "/docs/.md"],
)  # fmt: skip
def test_nothing_else_is_served_as_a_page(embedded: Server, path: str) -> None:
    page = get(embedded, path)
    assert page.status != 200
    assert "markdown" not in page.headers["content-type"]


def test_a_link_between_pages_leads_to_a_page_that_is_served() -> None:
    for name in PAGES:
        for target in re.findall(r"\]\(([^)\s#:]+\.md)", manual.text(name) or ""):
            there = (ROOT / "docs" / name).parent.joinpath(target).resolve()
            if there.is_relative_to(ROOT / "docs"):
                assert there.relative_to(ROOT / "docs").as_posix() in PAGES, (name, target)


@pytest.mark.parametrize("path", ["/llms.txt", "/docs/llms.txt"])
def test_the_index_is_served_and_each_of_its_links_leads_somewhere(embedded: Server, path: str) -> None:
    index = get(embedded, path)
    assert index.status == 200
    assert index.headers["content-type"] == "text/plain; charset=utf-8"
    text = index.body.decode()
    links = re.findall(r"^- \[.+?\]\((.+?)\): .+\.$", text, re.MULTILINE)
    assert len(links) == text.count("\n- ")
    assert {link for link in links if get(embedded, link).status != 200} == set()
    assert {f"/docs/{name}" for name in PAGES if not name.startswith(("decisions/0", manual.HOME))} == set(links)
    kinds = re.findall(r"^## ([\w-]+)", text, re.MULTILINE)
    assert list(dict.fromkeys(kinds)) == ["Tutorials", "How-to", "Reference", "Explanation", "Optional"]
    assert text.startswith("# Bodega\n\n> ")


def test_the_front_page_leads_to_the_index(embedded: Server) -> None:
    assert b'href="/llms.txt"' in get(embedded, "/").body


def test_the_index_in_the_repository_is_current() -> None:
    """Mended by `make docs`; checked as there, in a process of its own."""
    assert (ROOT / "llms.txt").read_text("utf-8") == manual.index("docs/")
    command = [sys.executable, "-m", "bodega.docs", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_page_without_a_heading_or_prose_has_a_name_all_the_same() -> None:
    assert manual.described("x.md", "| a |\n") == manual.Page("x.md", "x.md", "", False)
    page = manual.described("y.md", "# Why\n\n```\ncode.\n```\n\n- a list\n\nSo [it](z.md) is. And more.\n")
    assert (page.title, page.says) == ("Why", "So it is.")


def test_a_sentence_ends_neither_within_code_nor_within_a_link() -> None:
    page = manual.described("z.md", "# Why\n\nSend `Authorization: Bearer. T` to it. [a.md](a.md) has more.\n")
    assert page.says == "Send `Authorization: Bearer. T` to it."


LISTED = [page for page in manual.pages() if f"(docs/{page.name})" in manual.index("docs/")]


@pytest.mark.parametrize("page", LISTED, ids=lambda page: page.name)
def test_what_the_index_says_of_a_page_is_a_sentence_about_it(page: manual.Page) -> None:
    """Whole, and not a remark on what stands above it: the page begins with it, unless a drawing does."""
    assert re.match(r"(?:[A-Z]|`bodega )", page.says), page.says
    assert len(page.says.split()) >= 6, page.says
    assert page.says.endswith(".")
    for opened, closed in ("``", "()", "[]"):
        assert page.says.count(opened) == page.says.count(closed), page.says
    assert page.says.count("`") % 2 == 0, page.says
    outside = re.sub(r"`[^`]*`", "code", page.says)
    assert not re.search(r"\w[.?!] \w", outside), "one sentence"


def test_an_installed_wheel_has_the_pages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(tmp_path / "site")
    source = ROOT / "src"
    code = {path.relative_to(source).as_posix() for path in (source / "bodega").rglob("*") if path.is_file()}
    assert {name for name in code - names if "__pycache__" not in name} == set()
    assert {name.partition("/")[0] for name in names} <= {"bodega", "bodega-0.1.0.dist-info"}
    pages = {name.removeprefix("bodega/pages/") for name in names if name.startswith("bodega/pages/")}
    assert pages == {*PAGES, manual.NAVIGATION}
    asked = (
        "from bodega import manual, reference; print(manual.__file__); print(len(manual.names()));"
        "print(reference.written_page('/docs/faults.md')[0].decode()[:8]); print(manual.index('')[:8])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}, text=True,
        capture_output=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    place, *told = done.stdout.splitlines()
    assert Path(place) == tmp_path / "site" / "bodega" / "manual.py"
    assert told == [str(len(PAGES)), "# Faults", "# Bodega"]
