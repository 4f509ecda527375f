"""The sample catalogue: a believable general store, the same for the same seed, of any size.

Nothing here is random. Product `k` of a seed is found by arithmetic on the two numbers, so it does not depend on how
many products are made, in which order, or by which Python. Names and SKUs are unique by construction: kinds are dealt
out in rounds, one of each kind a round, and every round moves each kind on to a combination of line, make, size and
choice that it has not had before.

Weights are in kilograms, lengths in centimetres.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import gcd
from typing import Any, NamedTuple

from bodega.lab.words import Branch, Brand, Department, Kind, Make, Size, words

_MASK = (1 << 64) - 1
_DISPATCH = {
    "digital": "Ready to download at once",
    "parcel": "Usually sent within one working day",
    "heavy": "Sent by carrier within three working days",
}


@dataclass(frozen=True, slots=True)
class SampleCategory:
    """A category; `parent` is an index into `categories()` and always smaller than its own, None at the top."""

    name: str
    parent: int | None
    description: str
    sort_order: int


@dataclass(frozen=True, slots=True)
class SampleBrand:
    """An invented brand; `search_keywords` are separated by commas."""

    name: str
    page_title: str
    search_keywords: str


def categories() -> list[SampleCategory]:
    """The category tree, parents before their children."""
    return list(_tree())


def brands() -> list[SampleBrand]:
    """The brands; `product()["brand"]` is an index into this list."""
    return [
        SampleBrand(
            name=brand.name,
            page_title=f"{brand.name}: {brand.speciality}",
            search_keywords=", ".join((brand.name.lower(), brand.speciality, brand.category.lower())),
        )
        for brand in words().brands
    ]


def product(seed: int, k: int) -> dict[str, Any]:
    """Product `k` (from 0) of a seed, as the body of a V3 `POST /catalog/products`.

    Decimals are `decimal.Decimal`. Two fields hold indexes that the caller turns into ids: `categories` into
    `categories()`, and `brand` (in place of `brand_id`) into `brands()`.
    """
    article = _article(seed, k)
    dice = Dice(seed, k)
    stock, kind, make, size = article.stock, article.stock.kind, article.make, article.size
    name, brand, choice = article.name, article.brand.name, article.choice
    physical = not kind.digital
    second_hand = dice.one_in(16) and kind.second_hand
    grams = kind.grams * make.weight_percent * size.weight_percent * (97 + dice.roll(7)) // 1_000_000
    heavy = grams > 5000
    width, depth, height = stock.boxes[article.size_index]
    prices = _prices(article, dice, percent=65 if second_hand else 100)
    level = 0 if dice.one_in(30) else 5 + dice.roll(240)
    lead = dice.pick(kind.leads)
    upc = upc_a(40_000_000_000 + (k * 6_180_339_887 + mix(seed)) % 10_000_000_000)
    availability = "disabled" if dice.one_in(100) else "preorder" if physical and dice.one_in(100) else "available"
    return {
        "name": name,
        "type": "physical" if physical else "digital",
        "sku": f"{kind.code}-{article.line[:3].upper()}-{k + 1:05d}",
        "description": _description(article, lead, dice),
        "weight": Decimal(grams).scaleb(-3),
        "width": width,
        "depth": depth,
        "height": height,
        **prices,
        "categories": [place for i, place in enumerate(stock.categories) if i == 0 or dice.one_in(2)],
        "brand": article.brand_index,
        "inventory_level": level if physical else 0,
        "inventory_warning_level": 5 + 5 * dice.roll(3) if physical else 0,
        "inventory_tracking": "none" if not physical or dice.one_in(25) else "product",
        "is_free_shipping": physical and (dice.one_in(50) or prices["price"] > 150),
        "is_visible": not dice.one_in(33),
        "is_featured": dice.one_in(40),
        "warranty": dice.pick(stock.warranties),
        "bin_picking_number": f"{article.aisle:02d}-{article.line_index + 1:03d}" if physical else "",
        "upc": upc,
        "gtin": f"00{upc}",
        "mpn": f"{brand[:2].upper()}{article.aisle:02d}{article.slot:05d}",
        "search_keywords": f"{stock.keywords}, {make.name.lower()}, {choice.lower()}, {brand.lower()}",
        "availability": availability,
        "availability_description": _DISPATCH["digital" if not physical else "heavy" if heavy else "parcel"],
        "preorder_message": "Order now; sent as soon as it arrives." if availability == "preorder" else "",
        "sort_order": dice.roll(10),
        "condition": second_hand or "New",
        "is_condition_shown": bool(second_hand),
        "order_quantity_minimum": 2 if dice.one_in(6) and prices["price"] < 6 else 0,
        "order_quantity_maximum": 1 if not physical else 10 if dice.one_in(12) else 0,
        "gift_wrapping_options_type": "none" if heavy or not physical else "any",
        "page_title": f"{name} | {brand}",
        "meta_keywords": [*kind.keywords, make.name.lower(), choice.lower()],
        "meta_description": f"{name}, from {brand}. {lead}",
        "view_count": dice.roll(5000),
    }


class Dice:
    """Throws that depend on a seed and a number only; about 120 bits' worth before they run out and give 0."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int, k: int) -> None:
        first = mix(mix(seed) + k)
        self._bits = first << 64 | mix(first)

    def roll(self, sides: int) -> int:
        """A number from 0 up to, not including, `sides`."""
        self._bits, face = divmod(self._bits, sides)
        return face

    def one_in(self, sides: int) -> bool:
        """True about once in so many throws."""
        self._bits, face = divmod(self._bits, sides)
        return face == 1

    def pick(self, from_: tuple[str, ...]) -> str:
        """One of these."""
        self._bits, face = divmod(self._bits, len(from_))
        return from_[face]


def mix(number: int) -> int:
    """64 well-mixed bits of a number (the splitmix64 step), the same on every Python and machine."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ number >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ number >> 27) * 0x94D049BB133111EB) & _MASK
    return number ^ number >> 31


def charm(cents: int) -> int:
    """The nearest price at or below that ends in .99 or, under 20, also in .50; never below 0.99."""
    whole, rest = divmod(cents, 100)
    if rest == 99 or whole == 0:
        return whole * 100 + 99
    if rest >= 50 and whole < 20:
        return whole * 100 + 50
    return whole * 100 - 1


def upc_a(eleven: int) -> str:
    """Twelve digits: the given eleven and their UPC-A check digit. Codes that begin with 4 belong to no company."""
    digits = f"{eleven:011d}"
    return f"{digits}{-(3 * sum(map(int, digits[::2])) + sum(map(int, digits[1::2]))) % 10}"


class _Stock(NamedTuple):
    """A kind with all that can be worked out before any product is made."""

    kind: Kind
    department: Department
    categories: tuple[int, ...]
    brands: tuple[tuple[int, Brand], ...]
    choices: tuple[str, ...]
    boxes: tuple[tuple[Decimal, Decimal, Decimal], ...]
    warranties: tuple[str, ...]
    keywords: str
    combinations: int
    stride: int


class _Article(NamedTuple):
    """What a product is: one combination of one kind. `aisle` numbers the kind, `slot` the combination."""

    stock: _Stock
    aisle: int
    slot: int
    name: str
    line: str
    line_index: int
    brand_index: int
    brand: Brand
    make: Make
    size: Size
    size_index: int
    choice: str


def _article(seed: int, k: int) -> _Article:
    """The article for product `k`: no two k of a seed meet the same one."""
    shelf, lines = _shelf(), words().lines
    round_, place = divmod(k, len(shelf))
    deal, steps = mix(mix(seed) ^ round_), _steps(len(shelf))
    aisle = (place * steps[deal % len(steps)] + (deal >> 32)) % len(shelf)
    stock = shelf[aisle]

    series, turn = divmod(round_, stock.combinations)
    slot = (turn * stock.stride + mix(seed + aisle)) % stock.combinations
    rest, line_index = divmod(slot, len(lines))
    rest, choice_index = divmod(rest, len(stock.choices))
    size_index, make_index = divmod(rest, len(stock.kind.makes))
    make, size, choice = stock.kind.makes[make_index], stock.kind.sizes[size_index], stock.choices[choice_index]
    line = f"{lines[line_index]} Series {series + 1}" if series else lines[line_index]
    name = stock.kind.name.format(line=line, make=make.name, size=size.name, choice=choice)
    # Within a kind, a line always belongs to the same brand, as it would in a shop.
    brand_index, brand = stock.brands[line_index % len(stock.brands)]
    return _Article(stock, aisle, slot, name, line, line_index, brand_index, brand, make, size, size_index, choice)


def _prices(article: _Article, dice: Dice, percent: int) -> dict[str, Decimal]:
    """retail_price >= price > sale_price > cost_price; some lines are dearer than others; a sale price is rare."""
    tier = 85 + article.line_index * 37 % 41
    usual = article.stock.kind.price * article.make.price_percent * article.size.price_percent
    cents = charm(usual * tier * percent // 1_000_000)
    cost = cents * (42 + dice.roll(20)) // 100
    retail = charm(cents * (110 + dice.roll(20)) // 100)
    sale = charm(cents * (74 + dice.roll(16)) // 100)
    prices = {
        "price": _money(cents),
        "cost_price": _money(cost),
        "retail_price": _money(retail if retail > cents and dice.one_in(3) else cents),
    }
    if dice.one_in(7) and cost < sale < cents:
        prices["sale_price"] = _money(sale)
    return prices


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _description(article: _Article, lead: str, dice: Dice) -> str:
    """A paragraph, a list of facts and three or four points, and a word about the brand."""
    kind, make = article.stock.kind, article.make
    labels, start = kind.labels, dice.roll(len(kind.points))
    points = "</li><li>".join((kind.points * 2)[start : start + 3 + dice.roll(2)])
    brand = article.brand.name.replace("&", "&amp;")
    closing = dice.pick(article.stock.department.closings).format(line=article.line, brand=brand)
    return (
        f"<p>{lead} {make.sentence}</p>\n"
        f"<ul><li>{labels[0]}: {make.name}</li><li>{labels[1]}: {article.size.name}</li>"
        f"<li>{labels[2]}: {article.choice}</li><li>{points}</li></ul>\n"
        f"<p>{closing}</p>"
    )


@cache
def _tree() -> tuple[SampleCategory, ...]:
    def grow(branches: tuple[Branch, ...], parent: int | None) -> None:
        for order, branch in enumerate(branches):
            grown.append(SampleCategory(branch.name, parent, branch.description, order))
            grow(branch.children, len(grown) - 1)

    grown: list[SampleCategory] = []
    grow(words().categories, None)
    return tuple(grown)


@cache
def _shelf() -> tuple[_Stock, ...]:
    return tuple(_stock(kind) for kind in words().kinds)


def _stock(kind: Kind) -> _Stock:
    index = {category.name: i for i, category in enumerate(_tree())}
    places = tuple(index[name] for name in kind.categories)
    department = words().departments[_path(places[0])[-1]]
    working_in = {name for place in places for name in _path(place)}
    choices = words().palettes[kind.palette]
    combinations = len(words().lines) * len(choices) * len(kind.makes) * len(kind.sizes)
    return _Stock(
        kind=kind,
        department=department,
        categories=places,
        brands=tuple((i, brand) for i, brand in enumerate(words().brands) if brand.category in working_in),
        choices=choices,
        boxes=tuple(_box(kind, size) for size in kind.sizes),
        warranties=(kind.warranty,) if kind.warranty else department.warranties,
        keywords=", ".join(kind.keywords),
        combinations=combinations,
        stride=_stride(combinations),
    )


def _path(index: int) -> list[str]:
    """The names of a category and of those above it, the top-level one last."""
    category = _tree()[index]
    return [category.name, *([] if category.parent is None else _path(category.parent))]


def _box(kind: Kind, size: Size) -> tuple[Decimal, Decimal, Decimal]:
    """The plain box, each side grown with the cube root of the weight, to a millimetre."""
    percent = round((size.weight_percent * 10_000) ** (1 / 3))
    width, depth, height = (Decimal(side * percent // 10).scaleb(-1) for side in kind.box)
    return width, depth, height


def _stride(combinations: int) -> int:
    """A step near the golden section that visits every combination once before it repeats."""
    step = combinations * 618 // 1000
    while gcd(step, combinations) != 1:
        step += 1
    return step


@cache
def _steps(kinds: int) -> tuple[int, ...]:
    """The steps by which a round may walk over all kinds without meeting one twice."""
    return tuple(step for step in range(1, kinds) if gcd(step, kinds) == 1)
