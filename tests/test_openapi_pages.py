"""The documents and the pages of operations, as a running server has them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.kit.route import unnamed
from bodega.openapi.choices import about_all, choices, choices_of, patterns
from bodega.openapi.document import document_of
from bodega.openapi.marks import MEANS
from bodega.openapi.pages import ABOUT, NAMES, document_named, operations
from shop import Reply, Server, Shop


def get(server: Server, path: str, method: str = "GET") -> Reply:
    """What a browser gets."""
    return server.send(method, path, [("host", "localhost")], b"", "https")


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_served_and_printed_by_the_command(embedded: Server, name: str) -> None:
    reply = get(embedded, f"/docs/openapi/{name}.json")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json == json.loads(json.dumps(document_named(name)))
    printed = CliRunner().invoke(main, ["openapi", name])
    assert json.loads(printed.output) == reply.json


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_has_a_page(embedded: Server, name: str) -> None:
    """Its mark, its errors, a console; the list leads to it."""
    listed = get(embedded, f"/docs/api/{name}").body.decode()
    for path, method, operation in operations(name):
        address = f"/docs/api/{name}/{operation['operationId']}"
        assert f'href="{address}"' in listed
        if method == "PUT" or name == "storefront":  # the others are made by the same code
            page = get(embedded, address)
            assert page.status == 200
            text = page.body.decode()
            assert f"{method} " in text
            assert f'data-method="{method}"' in text
            assert 'id="answer"' in text
            assert "/docs/status-codes#" in text, path


def test_what_no_page_has_is_not_found(embedded: Server) -> None:
    for path in ("/docs/api/v4", "/docs/api/v3/nothing", "/docs/openapi/v4.json", "/docs/api/a/b/c", "/docs/openapi"):
        assert get(embedded, path).status == (200 if path == "/docs/openapi" else 404)
    assert get(embedded, "/docs/api", "POST").status == 405
    head = get(embedded, "/docs/openapi/v2.json", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 100_000


def test_pages_load_nothing_from_elsewhere_and_run_only_their_own_script(embedded: Server) -> None:
    for path in ("/docs/api", "/docs/api/v3", "/docs/api/v3/postCatalogBrands"):
        page = get(embedded, path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        text = page.body.decode()
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", text) == []
        assert "<script>" not in text
        assert " style=" not in text
    for name, media in (("console.js", "text/javascript"), ("style.css", "text/css")):
        assert get(embedded, f"/docs/api/{name}").headers["content-type"].startswith(media)


def test_the_index_counts_operations_by_their_marks(embedded: Server) -> None:
    text = get(embedded, "/docs/api").body.decode()
    for name in NAMES:
        assert ABOUT[name] in text
        assert f'href="/docs/openapi/{name}.json"' in text
    assert all(mark in text for mark in MEANS)


def test_the_marks_of_a_version_add_up_to_its_operations(embedded: Server) -> None:
    """Each operation has one, as docs/how-to/openapi.md says; the pages of shops have none."""
    text = get(embedded, "/docs/api").body.decode()
    for name in ("v2", "v3"):
        row = re.search(rf'<a href="/docs/api/{name}">.*?</tr>', text, re.DOTALL)
        assert row is not None
        whole, *marks = map(int, re.findall(r"<td[^>]*>(\d+)</td>", row[0]))
        assert whole == sum(marks) == len(list(operations(name)))


def test_a_page_shows_the_differences_that_touch_its_operation(embedded: Server) -> None:
    text = get(embedded, "/docs/api/v3/getCatalogSummary").body.decode()
    assert "lowest_variant_price" in text
    marks = {str(one["x-parity"]) for name in NAMES for _, _, one in operations(name) if "x-parity" in one}
    assert marks <= set(MEANS)
    assert {"described", "guessed"} <= marks


def test_every_row_of_the_differences_touches_what_is_served() -> None:
    """A word in the table of words that no row has, or a pattern of nothing, is stale."""
    labels = {
        unnamed(f"{method} {path}" if name == "storefront" else f"{method} /{name}{path}")
        for name in NAMES
        for path, method, _ in operations(name)
    }
    named = {pattern for _, found in patterns() for pattern in found.split("|")}
    named |= {pattern for one in choices() for pattern in one.operations}
    assert [one for one in named if not any(fnmatchcase(label, one) for label in labels)] == []
    assert [words for words, _ in patterns() if not any(re.search(words, one.subject) for one in choices())] == []
    assert len(about_all()) < len(choices()) / 3
    assert len(document_of(3)["x-choices"]) == len(about_all())
    assert [one.subject for one in choices_of("GET /v3/catalog/summary")]


def test_an_example_on_a_page_is_a_body_that_the_server_takes(shop: Shop) -> None:
    body = document_of(3)["paths"]["/catalog/brands"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert shop.post("/v3/catalog/brands", body).status == 200


def test_a_server_starts_without_the_documents() -> None:
    """They are made when they are first asked for: nothing of them is imported before."""
    asked = "import sys, bodega.app; print([n for n in sys.modules if n.startswith('bodega.openapi')])"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.strip() == "[]"
