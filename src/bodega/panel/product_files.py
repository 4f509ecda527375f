"""Products as CSV files: an export that is sent while it is read, and an import that becomes tasks.

The columns are those of the hosted service's export for bulk edits; a file that was exported here can be changed and
imported again: a row with a Product ID changes that product, one without makes a new one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, NamedTuple

from bodega.aside import aside
from bodega.kit.upload import Upload
from bodega.lab import product_csv
from bodega.panel import api
from bodega.panel.catalogue import PRODUCTS
from bodega.panel.products import HERE
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go, without_rows

pages = Pages()

ID = "Product ID"
PAGE = 250
MOST_ROWS = 2_000
"""So many rows of a file are imported; more are refused, so that nobody fills the queue of tasks by one form."""

AT_ONCE = 10
LATER = "respond-async"


def _text(row: list[Any]) -> bytes:
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n").writerow(row)
    return made.getvalue().encode()


async def _lines(request: PanelRequest) -> AsyncIterator[bytes]:
    """The file, page by page of the list: no more than a page is in memory."""
    yield "\N{ZERO WIDTH NO-BREAK SPACE}".encode() + _text([ID, *product_csv.COLUMNS])
    last = 0
    while True:
        reply = await api.send_request(
            request, "GET", PRODUCTS, limit=PAGE, sort="id", include="", **{"id:greater": str(last)}
        )
        if reply.refused or not reply.data:
            return
        yield b"".join(_text([one["id"], *product_csv.record(one)]) for one in reply.data)
        last = reply.data[-1]["id"]


@pages.get(HERE + "/export")
async def export(request: PanelRequest) -> Reply:
    """All products as a file."""
    if request.shop.rows is None:
        raise without_rows(request.shop)
    headers = [
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"content-disposition", b'attachment; filename="products.csv"'),
        (b"cache-control", b"no-store"),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, stream=_lines(request))


@pages.get(HERE + "/import")
async def form(request: PanelRequest) -> Reply:
    """The form."""
    return show(request, "product_import.html", problems=[], message="")


class _Read(NamedTuple):
    """What a file asks for: products that change, new ones; or why nothing is done."""

    changes: list[dict[str, Any]]
    new: list[dict[str, Any]]
    problems: list[str]


def _read(content: bytes) -> _Read:
    """Reads a file up to its limits. Raises NoProducts."""
    found, seen = _Read([], [], []), dict[int, int]()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise product_csv.NoProducts("This is no text in UTF-8.") from error
    for count, (number, row) in enumerate(product_csv.rows(io.StringIO(text, newline=""))):
        if count >= MOST_ROWS:
            raise product_csv.NoProducts(f"The file has more than {MOST_ROWS:,} products. Import it in parts.")
        key = row.get(ID, "").strip()
        body, wrong = product_csv.product(row, new=not key)
        if key and not (key.isascii() and key.isdigit() and len(key) < 10):
            wrong.append(f"{ID} is {key[:40]}, and must be a whole number.")
        elif key and (before := seen.setdefault(int(key), number)) != number:
            wrong.append(f"{ID} {key} is on line {before} already.")
        found.problems.extend(f"Line {number}: {why}" for why in wrong)
        if key and not wrong:
            if body.get("inventory_tracking", "product") != "product":
                body.pop("inventory_level", None)  # it is the sum of its variants'
            found.changes.append({"id": int(key), **body})
        elif not wrong:
            found.new.append(body)
    return found


@pages.post(HERE + "/import", files=True)
async def import_file(request: PanelRequest) -> Reply:
    """Reads a file; if every row can be read, tasks change and make its products."""
    given = request.files.get("file")
    if not isinstance(given, Upload) or not given.content:
        return _refused(request, "Choose a CSV file first.")
    content = given.content
    try:
        changes, new, problems = await aside(lambda: _read(content))
    except product_csv.NoProducts as error:
        return _refused(request, str(error))
    if problems or not (changes or new):
        return _refused(request, "" if problems else "The file has no products.", problems)
    asked: list[tuple[str, Any]] = [
        ("PUT", changes[place : place + AT_ONCE]) for place in range(0, len(changes), AT_ONCE)
    ]
    for method, body in [*asked, *(("POST", one) for one in new)]:
        reply = await api.send_request(request, method, PRODUCTS, body, prefer=LATER)
        if reply.refused:
            return _refused(request, sentence_of(reply))
    return go(f"{request.base}/tasks?done=imported", *SAFE)


def _refused(request: PanelRequest, message: str, problems: list[str] | None = None) -> Reply:
    return show(
        request, "product_import.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, message=message, problems=problems or []
    )
