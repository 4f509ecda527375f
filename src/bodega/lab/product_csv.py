"""Products from the CSV file that the hosted service exports for bulk edits, one row a product, SKU or rule."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.lab.product_skus import Sku, add_skus, pictures
from bodega.law.refusal import Refusal

NAME, SKU, PRICE, CATEGORY, TYPE = "Product Name", "Product Code/SKU", "Price", "Category", "Item Type"
_TEXTS = {
    "Product Code/SKU": "sku", "Product Description": "description", "Search Keywords": "search_keywords",
    "Page Title": "page_title", "Meta Description": "meta_description", "Product UPC/EAN": "upc",
    "Global Trade Item Number": "gtin", "Manufacturer Part Number": "mpn", "Bin Picking Number": "bin_picking_number",
    "Product Warranty": "warranty", "Product Availability": "availability_description",
}  # fmt: skip
_NUMBERS = {
    "Price": "price", "Cost Price": "cost_price", "Retail Price": "retail_price", "Sale Price": "sale_price",
    "Product Weight": "weight", "Product Width": "width", "Product Height": "height", "Product Depth": "depth",
    "Fixed Shipping Cost": "fixed_cost_shipping_price",
}  # fmt: skip
_WHOLE = {
    "Current Stock Level": "inventory_level", "Low Stock Level": "inventory_warning_level", "Sort Order": "sort_order",
    "Minimum Purchase Quantity": "order_quantity_minimum", "Maximum Purchase Quantity": "order_quantity_maximum",
}  # fmt: skip
_FLAGS = {"Product Visible?": "is_visible", "Free Shipping": "is_free_shipping", "Show Product Condition?":
          "is_condition_shown"}  # fmt: skip
_TRACKING = {"by product": "product", "by option": "variant", "none": "none", "": "none"}
_CURRENCY = r"(?:[^\W\d_]{1,3}|[^\W\d_]{0,2}[$\u00a2-\u00a5\u20a0-\u20cf])"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?:{_CURRENCY}\s*)?(?P<inner>-?)"
    rf"(?P<whole>[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]{{1,15}})(?P<part>\.[0-9]{{1,10}})?(?:\s*{_CURRENCY})?"
)
"""A number with a point, maybe with commas between thousands, and with a currency at one of its ends."""

MOST_COLUMNS = 500
"""A file has so many columns: those of an export, and the pictures and options of its products."""

_FORMULA = frozenset("=+-@\t\r")
"""What a text begins with that a spreadsheet would take for a formula."""
_GUARD = "'"
"""The sign that keeps it from that; a text that begins like a guarded one gets another, so that it comes back."""

COLUMNS = (NAME, TYPE, "Product Type", *_TEXTS, *_NUMBERS, *_WHOLE, *_FLAGS, "Track Inventory", "Product Condition",
           "Allow Purchases?", "Meta Keywords")  # fmt: skip
"""The columns of an export."""


def record(one: Mapping[str, Any]) -> list[str]:
    """A product of the API as a row of an export."""

    def text(value: Any) -> str:
        shown = "" if value is None else str(value)
        return _GUARD + shown if shown[:1] in _FORMULA or _is_guarded(shown) else shown

    tracking = {"product": "by product", "variant": "by option"}.get(one["inventory_tracking"], "none")
    return [
        text(one["name"]), "Product", "D" if one["type"] == "digital" else "P",
        *(text(one[member]) for member in _TEXTS.values()),
        *(str(one[member] or 0) for member in _NUMBERS.values()),
        *(str(one[member] or 0) for member in _WHOLE.values()),
        *("Y" if one[member] else "N" for member in _FLAGS.values()),
        tracking, one["condition"], "N" if one["availability"] == "disabled" else "Y",
        text(", ".join(one["meta_keywords"])),
    ]  # fmt: skip


def _is_guarded(text: str) -> bool:
    return text[:1] == _GUARD and (text[1:2] in _FORMULA or text[1:2] == _GUARD)


class NoProducts(ValueError):
    """A file that is no such export; the message is a sentence."""


class Line(msgspec.Struct, frozen=True):
    """What became of a line, counted from 1 with the head: `id` is that of the product, 0 if none was made or it was
    only tried; `problems` say why, `left_out` what of it was not taken."""

    number: int
    name: str
    id: int = 0
    problems: list[str] = []
    left_out: list[str] = []


def rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows with their lines. Raises NoProducts."""
    reader = csv.reader(file)
    try:
        named = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
        if len(named) > MOST_COLUMNS:
            raise NoProducts(f"The file has {len(named):,} columns, and may have {MOST_COLUMNS}.")
        if NAME not in named or PRICE not in named:
            raise NoProducts(f"This is no export of products: it has no columns {NAME} and {PRICE}.")
        for row in reader:
            if row:
                yield reader.line_num, dict.fromkeys(named, "") | dict(zip(named, row, strict=False))
    except (csv.Error, UnicodeDecodeError) as error:
        raise NoProducts(f"This is no CSV file: {error}.") from error


def number(text: str) -> float | None:
    """A number as spreadsheets write it, maybe with a currency; None for anything that could be read in two ways."""
    found = _NUMBER.fullmatch(text)
    if found is None or (found["sign"] and found["inner"]):
        return None
    amount = float(found["whole"].replace(",", "") + (found["part"] or ""))
    return -amount if "-" in (found["sign"], found["inner"]) else amount


def product(row: Mapping[str, str], *, new: bool = True) -> tuple[dict[str, Any], list[str]]:
    """The body of a POST, or of a PUT if it is not `new`, and what is wrong with the row. A PUT changes only what the
    row says: columns that the file lacks, and empty cells, leave the product as it is."""
    row = {column: text[1:] if _is_guarded(text) else text for column, text in row.items()}
    name = row[NAME].strip()
    body: dict[str, Any] = {"name": name} if name or new else {}
    problems = []
    if new:
        digital = row.get("Product Type", "").strip().upper().startswith("D")
        body |= {"weight": 0, "type": "digital" if digital else "physical"}
    for column, member in _TEXTS.items():
        if text := row.get(column, "").strip():
            body[member] = text
    for column, member in _NUMBERS.items():
        if text := row.get(column, "").strip():
            amount = number(text)
            if amount is None:
                problems.append(f"{column} is {text[:40]}, and must be a number, as 1250.50 or 1,250.50.")
            else:
                body[member] = amount
    for column, member in _WHOLE.items():
        if text := row.get(column, "").strip():
            if re.fullmatch(r"-?\d{1,10}", text):
                body[member] = int(text)
            else:
                problems.append(f"{column} is {text[:40]}, and must be a whole number.")
    for column, member in _FLAGS.items():
        if text := row.get(column, "").strip().upper():
            body[member] = text in ("Y", "YES", "TRUE", "1")
    if row.get("Allow Purchases?", "").strip().upper() in ("N", "NO", "FALSE", "0"):
        body["availability"] = "disabled"
    tracking = row.get("Track Inventory", "").strip().lower()
    if tracking in _TRACKING and (tracking or new):
        body["inventory_tracking"] = _TRACKING[tracking]
    elif tracking:
        problems.append(f"Track Inventory is {tracking[:40]}, and must be none, by product or by option.")
    if condition := row.get("Product Condition", "").strip().capitalize():
        body["condition"] = condition
    if brand := row.get("Brand Name", "").strip():
        body["brand_name"] = brand
    if keywords := row.get("Meta Keywords", "").strip():
        body["meta_keywords"] = [word.strip() for word in keywords.split(",") if word.strip()]
    return body, problems


def paths(text: str) -> list[list[str]]:
    """The categories of a product: paths with `/` between names, `;` between paths; `\\/` is a name's own."""
    found = []
    for path in text.split(";"):
        names = [part.replace("\0", "/").strip() for part in path.replace("\\/", "\0").split("/")]
        if any(names):
            found.append([name for name in names if name])
    return found


async def load(
    app: AppContext,
    store: OpenStore,
    file: IO[str],
    *,
    dry_run: bool = False,
    told: Callable[[int], None] = lambda _: None,
    folder: Path | None = None,
) -> AsyncIterator[Line]:
    """Adds the products of a file, line by line, as a client's POST would; a line that is refused changes nothing. The
    lines of SKUs after a product become its variants; its pictures are fetched, or read below `folder`. `told` gets the
    number of each line that was read. Raises NoProducts."""

    async def ask(method: str, target: str, body: Any = None) -> Any:
        content, kind = b"", "application/json"
        if isinstance(body, Path):
            content, kind = uploaded(body)
        elif body is not None:
            content = msgspec.json.encode(body)
        headers = {"content-type": kind}
        answer = await carry_out(app, store, "import", method, target, content, headers, origin="http://localhost")
        return msgspec.json.decode(answer.body)["data"]

    known: dict[tuple[int, str], int] = {}
    for number, row, skus, others in _grouped(rows(file)):
        told(number)
        for other, what in others:
            yield Line(other, what, left_out=[f"a row of the kind {what}"])
        if not row:
            continue
        body, problems = product(row)
        name = body["name"]
        if skus:
            body.pop("inventory_level", None)
        if problems or dry_run:
            yield Line(number, name, 0, problems)
            for sku in skus:
                yield Line(sku.number, sku.row[NAME], 0, ["Its product was refused."] if problems else [])
            continue
        left_out: list[str] = []
        try:
            made = await ask("POST", "/v3/catalog/products", body)
            wanted = [await _category(ask, known, path) for path in paths(row.get(CATEGORY, ""))]
            if wanted:
                await ask("PUT", f"/v3/catalog/products/{made['id']}", {"categories": sorted(set(wanted))})
        except Refusal as refusal:
            faults = [f"{fault.field}: {fault.message}" for fault in refusal.faults] or [refusal.message]
            yield Line(number, name, 0, faults, left_out)
            for sku in skus:
                yield Line(sku.number, sku.row[NAME], 0, ["Its product was refused."])
        else:
            for picture, wanted_picture in pictures(row, folder):
                why = "no such file was given" if wanted_picture is None else ""
                if wanted_picture is not None:
                    why = await _pictured(ask, int(made["id"]), wanted_picture)
                left_out += [f"Picture {picture}: {why}."] if why else []
            yield Line(number, name, int(made["id"]), [], left_out)
            if skus:
                told_of = await add_skus(ask, int(made["id"]), float(body.get("price", 0)), skus)
                for sku in skus:
                    yield Line(sku.number, sku.row[NAME], 0, told_of[sku.number])


async def _pictured(ask: Any, product_id: int, wanted: Any) -> str:
    """Why a picture was not taken; empty if it was."""
    try:
        await ask("POST", f"/v3/catalog/products/{product_id}/images", wanted)
    except Refusal as refusal:
        return "; ".join(one.message.rstrip(".") for one in refusal.faults) or refusal.message.rstrip(".")
    return ""


def uploaded(file: Path) -> tuple[bytes, str]:
    """A file as a form with one member, `image_file`, and its media type."""
    boundary = "bodega-import-7d1f0c"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image_file"; filename="{file.name}"\r\n\r\n'
    return head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode(), (
        f"multipart/form-data; boundary={boundary}"
    )


Group = tuple[int, Mapping[str, str], list[Sku], list[tuple[int, str]]]
"""A product's line and row with the lines of its SKUs; or a line of another kind, and which."""


def _grouped(lines: Iterator[tuple[int, Mapping[str, str]]]) -> Iterator[Group]:
    """Each product with the lines of SKUs after it, and what else there is, in the order of the file."""
    number = 0
    row: Mapping[str, str] = {}
    skus: list[Sku] = []
    for here, found in lines:
        kind = found.get(TYPE, "Product").strip().lower() or "product"
        if kind == "product":
            if row:
                yield number, row, skus, []
            number, row, skus = here, found, []
        elif kind == "sku" and row:
            skus.append(Sku(here, found))
        else:
            if row:
                yield number, row, skus, []
            yield here, {}, [], [(here, kind)]
            number, row, skus = here, {}, []
    if row:
        yield number, row, skus, []


async def _category(ask: Any, known: dict[tuple[int, str], int], path: list[str]) -> int:
    """The id of a category by its path; what is missing of it is made."""
    parent = 0
    for name in path:
        key = parent, name.casefold()
        if key not in known:
            page = 1
            while True:
                found = await ask("GET", f"/v3/catalog/categories?parent_id={parent}&limit=250&page={page}")
                known |= {(parent, one["name"].casefold()): one["id"] for one in found}
                if len(found) < 250:
                    break
                page += 1
        if key not in known:
            made = await ask("POST", "/v3/catalog/categories", {"name": name, "parent_id": parent})
            known[key] = made["id"]
        parent = known[key]
    return parent
