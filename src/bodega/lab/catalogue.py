"""The sample catalogue: a believable general store, the same for the same seed, of any size.

Nothing here is random. Product `k` of a seed is computed from the two numbers, so it does not depend on how many
products are made, in which order, or by which Python. Names and SKUs are unique by construction: kinds are distributed
in rounds, one of each kind a round, and every round moves each kind on to a combination of line, make, size and
choice that it has not had before. What is chosen when one is bought (`ProductKind.varies`) is no part of the
combination, and no part of the name.

Weights are in kilograms, lengths in centimetres.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from math import gcd
from typing import Any, NamedTuple

from bodega.lab.deterministic import DeterministicRandom, mix
from bodega.lab.words import Branch, BrandWords, Department, Make, ProductKind, Size, words

MAX_VARIANTS = 12
"""Of one sample product."""

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


def with_parents(places: Iterable[int]) -> set[int]:
    """Indexes into `categories()`, and those of the categories that they are in: a shop shows a product in each."""
    known, found = categories(), set[int]()
    for place in places:
        at: int | None = place
        while at is not None and at not in found:
            found.add(at)
            at = known[at].parent
    return found


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
    article = article_of(seed, k)
    rng = DeterministicRandom(seed, k)
    stock, kind, make, size = article.stock, article.stock.kind, article.make, article.size
    name, brand = article.name, article.brand.name
    physical = not kind.digital
    second_hand = rng.one_in(16) and kind.second_hand
    grams = kind.grams * make.weight_percent * size.weight_percent * (97 + rng.roll(7)) // 1_000_000
    heavy = grams > 5000
    width, depth, height = stock.boxes[article.size_index]
    prices = _prices(article, rng, percent=65 if second_hand else 100)
    level = 0 if rng.one_in(30) else 5 + rng.roll(240)
    lead = rng.pick(kind.leads)
    upc = upc_of(seed, k)
    tracked = physical and not rng.one_in(25)
    availability = "disabled" if rng.one_in(100) else "preorder" if physical and rng.one_in(100) else "available"
    return {
        "name": name,
        "type": "physical" if physical else "digital",
        "sku": sku_of(article, k),
        "description": _description(article, lead, rng),
        "weight": Decimal(grams).scaleb(-3),
        "width": width,
        "depth": depth,
        "height": height,
        **prices,
        "categories": [place for i, place in enumerate(stock.categories) if i == 0 or rng.one_in(2)],
        "brand": article.brand_index,
        "inventory_level": level if physical and not kind.varies else 0,
        "inventory_warning_level": 5 + 5 * rng.roll(3) if physical else 0,
        "inventory_tracking": "none" if not tracked else "variant" if kind.varies else "product",
        "is_free_shipping": physical and (rng.one_in(50) or prices["price"] > 150),
        "is_visible": not rng.one_in(33),
        "is_featured": rng.one_in(12),
        "warranty": rng.pick(stock.warranties),
        "bin_picking_number": f"{article.aisle:02d}-{article.line_index + 1:03d}" if physical else "",
        "upc": upc,
        "gtin": f"00{upc}",
        "mpn": f"{brand[:2].upper()}{article.aisle:02d}{article.slot:05d}",
        "search_keywords": ", ".join([stock.keywords, *map(str.lower, (make.name, *article.choices, brand))]),
        "availability": availability,
        "availability_description": _DISPATCH["digital" if not physical else "heavy" if heavy else "parcel"],
        "preorder_message": "Order now; sent as soon as it arrives." if availability == "preorder" else "",
        "sort_order": rng.roll(10),
        "condition": second_hand or "New",
        "is_condition_shown": bool(second_hand),
        "order_quantity_minimum": 2 if rng.one_in(6) and prices["price"] < 6 and physical else 0,
        "order_quantity_maximum": 1 if not physical else 10 if rng.one_in(12) else 0,
        "gift_wrapping_options_type": "none" if heavy or not physical else "any",
        "page_title": f"{name} | {brand}",
        "meta_keywords": [*kind.keywords, make.name.lower(), *map(str.lower, article.choices)],
        "meta_description": f"{name}, from {brand}. {lead}",
        "view_count": rng.roll(5000),
    }


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


class Stock(NamedTuple):
    """A kind with everything that can be computed before any product is made."""

    kind: ProductKind
    department: Department
    department_name: str
    categories: tuple[int, ...]
    brands: tuple[tuple[int, BrandWords], ...]
    choices: tuple[str, ...]
    boxes: tuple[tuple[Decimal, Decimal, Decimal], ...]
    warranties: tuple[str, ...]
    keywords: str
    name: str
    fixed_choices: int
    plain_size: int
    combinations: int
    stride: int


class Article(NamedTuple):
    """What a product is: one combination of one kind. `aisle` numbers the kind, `slot` the combination.

    `sizes` and `choices` are what it comes in, more than one where that is chosen when it is bought; `size` is then the
    plain one, by which the product itself is priced and weighed.
    """

    stock: Stock
    aisle: int
    slot: int
    name: str
    line: str
    line_index: int
    brand_index: int
    brand: BrandWords
    make: Make
    size: Size
    size_index: int
    sizes: tuple[Size, ...]
    choices: tuple[str, ...]


def article_of(seed: int, k: int) -> Article:
    """The article for product `k`: no two k of a seed meet the same one."""
    kinds, lines = _shelf(), words().lines
    round_, place = divmod(k, len(kinds))
    deal, steps = mix(mix(seed) ^ round_), _steps(len(kinds))
    aisle = (place * steps[deal % len(steps)] + (deal >> 32)) % len(kinds)
    stock = kinds[aisle]

    series, turn = divmod(round_, stock.combinations)
    slot = (turn * stock.stride + mix(seed + aisle)) % stock.combinations
    rest, line_index = divmod(slot, len(lines))
    rest, choice_index = divmod(rest, stock.fixed_choices)
    size_index, make_index = divmod(rest, len(stock.kind.makes))
    size_index = stock.plain_size if "size" in stock.kind.varies else size_index
    make, size = stock.kind.makes[make_index], stock.kind.sizes[size_index]
    sizes = stock.kind.sizes if "size" in stock.kind.varies else (size,)
    choices = (
        _assortment(stock, len(sizes), deal + slot) if stock.fixed_choices == 1 else (stock.choices[choice_index],)
    )
    line = f"{lines[line_index]} Series {series + 1}" if series else lines[line_index]
    name = stock.name.format(line=line, make=make.name, size=size.name, choice=choices[0])
    # Within a kind, a line always belongs to the same brand, as it would in a shop.
    brand_index, brand = stock.brands[line_index % len(stock.brands)]
    return Article(
        stock=stock,
        aisle=aisle,
        slot=slot,
        name=name,
        line=line,
        line_index=line_index,
        brand_index=brand_index,
        brand=brand,
        make=make,
        size=size,
        size_index=size_index,
        sizes=sizes,
        choices=choices,
    )


def sku_of(article: Article, k: int) -> str:
    """The SKU of product `k`; its variants' begin with it."""
    return f"{article.stock.kind.code}-{article.line[:3].upper()}-{k + 1:05d}"


def upc_of(seed: int, k: int) -> str:
    """Another for each k below 10,000,000,000."""
    return upc_a(40_000_000_000 + (k * 6_180_339_887 + mix(seed)) % 10_000_000_000)


def _assortment(stock: Stock, sizes: int, deal: int) -> tuple[str, ...]:
    """The choices that a product comes in: at least two, and with its sizes no more than MAX_VARIANTS."""
    rng = DeterministicRandom(deal, stock.combinations)
    count = 2 + rng.roll(min(MAX_VARIANTS // sizes, len(stock.choices)) - 1)
    first = rng.roll(len(stock.choices))
    return (stock.choices * 2)[first : first + count]


def _prices(article: Article, rng: DeterministicRandom, percent: int) -> dict[str, Decimal]:
    """retail_price >= price > sale_price > cost_price; lines differ in price; a sale price is rare."""
    tier = 85 + article.line_index * 37 % 41
    usual = article.stock.kind.price * article.make.price_percent * article.size.price_percent
    cents = charm(usual * tier * percent // 1_000_000)
    cost = cents * (42 + rng.roll(20)) // 100
    retail = charm(cents * (110 + rng.roll(20)) // 100)
    sale = charm(cents * (74 + rng.roll(16)) // 100)
    prices = {
        "price": money(cents),
        "cost_price": money(cost),
        "retail_price": money(retail if retail > cents and rng.one_in(3) else cents),
    }
    if rng.one_in(7) and cost < sale < cents:
        prices["sale_price"] = money(sale)
    return prices


def money(cents: int) -> Decimal:
    """An amount with two places."""
    return Decimal(cents).scaleb(-2)


def _description(article: Article, lead: str, rng: DeterministicRandom) -> str:
    """A paragraph, a list of facts and three or four points, and a word about the brand."""
    kind, make = article.stock.kind, article.make
    labels, start = kind.labels, rng.roll(len(kind.points))
    points = "</li><li>".join((kind.points * 2)[start : start + 3 + rng.roll(2)])
    brand = article.brand.name.replace("&", "&amp;")
    closing = rng.pick(article.stock.department.closings).format(line=article.line, brand=brand)
    return (
        f"<p>{lead} {make.sentence}</p>\n"
        f"<ul><li>{labels[0]}: {make.name}</li><li>{labels[1]}: {', '.join(size.name for size in article.sizes)}</li>"
        f"<li>{labels[2]}: {', '.join(article.choices)}</li><li>{points}</li></ul>\n"
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
def _shelf() -> tuple[Stock, ...]:
    return tuple(_stock(kind) for kind in words().kinds)


def _stock(kind: ProductKind) -> Stock:
    index = {category.name: i for i, category in enumerate(_tree())}
    places = tuple(index[name] for name in kind.categories)
    department_name = _path(places[0])[-1]
    department = words().departments[department_name]
    working_in = {name for place in places for name in _path(place)}
    choices = words().palettes[kind.palette]
    fixed_choices = 1 if "choice" in kind.varies else len(choices)
    fixed_sizes = 1 if "size" in kind.varies else len(kind.sizes)
    combinations = len(words().lines) * fixed_choices * len(kind.makes) * fixed_sizes
    return Stock(
        kind=kind,
        department=department,
        department_name=department_name,
        categories=places,
        brands=tuple((i, brand) for i, brand in enumerate(words().brands) if brand.category in working_in),
        choices=choices,
        boxes=tuple(_box(kind, size) for size in kind.sizes),
        warranties=(kind.warranty,) if kind.warranty else department.warranties,
        keywords=", ".join(kind.keywords),
        name=_without(kind.name, kind.varies),
        fixed_choices=fixed_choices,
        plain_size=next((place for place, size in enumerate(kind.sizes) if size.price_percent == 100), 0),
        combinations=combinations,
        stride=_stride(combinations),
    )


def _without(template: str, varies: Sequence[str]) -> str:
    """The template of a name, without what the buyer chooses later."""
    for axis in varies:
        template = template.replace(f", {{{axis}}}", "")
    return template


def _path(index: int) -> list[str]:
    """The names of a category and of those above it, the top-level one last."""
    category = _tree()[index]
    return [category.name, *([] if category.parent is None else _path(category.parent))]


def _box(kind: ProductKind, size: Size) -> tuple[Decimal, Decimal, Decimal]:
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
