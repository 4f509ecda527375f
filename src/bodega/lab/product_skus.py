"""What belongs to a product of an exported CSV file besides its own line: lines of SKUs, and columns of pictures."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bodega.law.refusal import Refusal

Ask = Callable[..., Awaitable[Any]]
"""A request of the store's API: method, target, body; its data."""

KINDS = {"S": "dropdown", "RB": "radio_buttons", "RT": "rectangles", "CS": "swatch"}
"""How an option is chosen, by the letters before its name."""

_PART = re.compile(r"\[(\w+)\](.+?)=(.*)", re.DOTALL)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ADJUSTED = re.compile(r"\[(FIXED|ADD|REMOVE)\]\s*([\d.]+)")
_PICTURE = re.compile(r"Product Image (File|URL) - (\d+)")


class Chosen(NamedTuple):
    """A value of an option."""

    kind: str
    option: str
    label: str
    colours: tuple[str, ...]


class Sku(NamedTuple):
    """A line of a SKU."""

    number: int
    row: Mapping[str, str]


def chosen(text: str) -> list[Chosen]:
    """The values of a SKU: `[RT]Size=Small,[CS]Colour=Red:#ff0000`. Raises ValueError with a sentence."""
    found = []
    for part in re.split(r",(?=\[)", text.strip()):
        one = _PART.fullmatch(part.strip())
        if one is None or one[1].upper() not in KINDS:
            raise ValueError(f"{part[:60]} is no option of a kind that is known: {', '.join(KINDS)}.")
        label = one[3].partition(":#")[0].strip()
        kind, colours = KINDS[one[1].upper()], tuple(_COLOUR.findall(one[3]))
        found.append(Chosen("rectangles" if kind == "swatch" and not colours else kind, one[2].strip(), label, colours))
    return found


def variant(row: Mapping[str, str], price: float) -> dict[str, Any]:
    """The members of a variant that a line gives besides its options; prices may be relative to the product's."""
    body: dict[str, Any] = {"sku": row.get("Product Code/SKU", "").strip()}
    if adjusted := _ADJUSTED.search(row.get("Price", "")):
        amount = float(adjusted[2])
        body["price"] = round(
            {"FIXED": amount, "ADD": price + amount, "REMOVE": max(0, price - amount)}[adjusted[1]], 4
        )
    for column, member in (
        ("Product UPC/EAN", "upc"), ("Global Trade Item Number", "gtin"), ("Manufacturer Part Number", "mpn"),
        ("Bin Picking Number", "bin_picking_number"),
    ):  # fmt: skip
        if text := row.get(column, "").strip():
            body[member] = text
    for column, member in (
        ("Current Stock Level", "inventory_level"), ("Low Stock Level", "inventory_warning_level"),
    ):  # fmt: skip
        if re.fullmatch(r"\d{1,9}", text := row.get(column, "").strip()):
            body[member] = int(text)
    if row.get("Allow Purchases?", "").strip().upper() in ("N", "NO"):
        body["purchasing_disabled"] = True
    return body


async def add_skus(ask: Ask, product: int, price: float, skus: Sequence[Sku]) -> dict[int, list[str]]:
    """Makes a product's options and variants; what is wrong with a line, by its number."""
    problems: dict[int, list[str]] = {sku.number: [] for sku in skus}
    read: list[tuple[Sku, list[Chosen]]] = []
    for sku in skus:
        try:
            read.append((sku, chosen(sku.row["Product Name"])))
        except ValueError as error:
            problems[sku.number].append(str(error))
    wanted: dict[str, dict[str, Chosen]] = {}
    for _, values in read:
        for one in values:
            wanted.setdefault(one.option, {}).setdefault(one.label, one)
    home = f"/v3/catalog/products/{product}"
    try:
        ids = {name: await _option(ask, home, name, list(labels.values())) for name, labels in wanted.items()}
    except Refusal as refusal:
        return {number: [*told, f"The option is refused: {refusal.message}"] for number, told in problems.items()}
    for sku, values in read:
        named = [{"option_id": ids[one.option][0], "id": ids[one.option][1][one.label]} for one in values]
        try:
            await ask("POST", f"{home}/variants", {**variant(sku.row, price), "option_values": named})
        except Refusal as refusal:
            problems[sku.number] += [f"{one.field}: {one.message}" for one in refusal.faults] or [refusal.message]
    return problems


async def _option(ask: Ask, home: str, name: str, values: Sequence[Chosen]) -> tuple[int, dict[str, int]]:
    kind = values[0].kind
    listed = [
        {
            "label": one.label,
            "sort_order": place,
            **({"value_data": {"colors": list(one.colours)}} if kind == "swatch" else {}),
        }
        for place, one in enumerate(values)
    ]
    made = await ask("POST", f"{home}/options", {"display_name": name, "type": kind, "option_values": listed})
    return int(made["id"]), {one["label"]: int(one["id"]) for one in made["option_values"]}


def _is_below(file: Path, folder: Path) -> bool:
    return file.is_file() and file.resolve().is_relative_to(folder.resolve())


def pictures(row: Mapping[str, str], folder: Path | None) -> Iterator[tuple[str, dict[str, Any] | Path | None]]:
    """The pictures of a product in their order: each as text, with the body of its POST, its file below the folder, or
    None where it cannot be had."""
    numbered: dict[int, dict[str, str]] = {}
    for column, text in row.items():
        if (found := _PICTURE.fullmatch(column)) and text.strip():
            numbered.setdefault(int(found[2]), {})[found[1]] = text.strip()
    for number, told in sorted(numbered.items()):
        name = told.get("URL") or told["File"]
        body = {
            "description": row.get(f"Product Image Description - {number}", "").strip(),
            "is_thumbnail": row.get(f"Product Image Is Thumbnail - {number}", "").strip().upper() in ("Y", "YES", "1"),
        }
        file = folder / told["File"] if folder is not None and "File" in told else None
        if urlsplit(name).scheme in ("http", "https"):
            yield name, {"image_url": name, **body}
        elif file is not None and folder is not None and _is_below(file, folder):
            yield name, file
        else:
            yield name, None
