"""What sample products have besides their own members: variants, bulk prices, reviews.

As with the products themselves, everything follows from the seed and the product's number. Most products have little of
it, as in a shop.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product as combined
from typing import Any

from bodega.lab.catalogue import Article, article_of, charm, money, sku_of, upc_of
from bodega.lab.deterministic import DeterministicRandom, mix
from bodega.lab.people import signature
from bodega.lab.words import Size, words

_SALT = 0xDE7A115
_VARIANT_UPCS = 500_000_000
"""UPCs of variants lie so far apart, in a range of product numbers that no catalogue reaches."""

_CHEAP = 60
_GLOWING = "5555555444433215"
"""Ratings in the order in which they are given."""

_DAY = 86_400
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Rows = list[dict[str, Any]]


def details(seed: int, k: int, body: dict[str, Any]) -> dict[str, Rows]:
    """The rows that belong to product `k`, by what they are; `body` is its own, as `catalogue.product` made it.

    Each is the body of a V3 POST below the product, except that a review says its `age`, in seconds, for its date.
    """
    article, rng = article_of(seed, k), DeterministicRandom(seed ^ _SALT, k)
    kind = article.stock.kind
    made: dict[str, Rows] = {}
    if kind.varies:
        made["options"] = _options(article)
        made["variants"] = _variants(seed, k, article, body)
    if rng.one_in(3):
        made["custom_fields"] = _facts(article, rng)
    if rng.one_in(8) and body["price"] < _CHEAP and not kind.digital:
        made["bulk_pricing_rules"] = _cheaper_by_the_dozen(body["price"], rng)
    if rng.one_in(6):
        made["reviews"] = [_review(DeterministicRandom(seed ^ _SALT, mix(k) - 1 - n)) for n in range(1 + rng.roll(4))]
    if rng.one_in(40):
        made["videos"] = [{"title": f"{body['name']} in use", "video_id": _video(seed, k), "sort_order": 0}]
    if not kind.digital and "Gifts" in kind.categories and rng.one_in(6):
        made["modifiers"] = _extras(with_message=rng.one_in(2))
    return made


def _options(article: Article) -> Rows:
    """What is chosen, as options of the types that suit it."""
    kind = article.stock.kind
    made: Rows = []
    if "size" in kind.varies:
        made.append({"display_name": kind.labels[1], "type": "rectangles", "option_values": [
            {"label": size.name, "sort_order": place} for place, size in enumerate(article.sizes)
        ]})  # fmt: skip
    if "choice" in kind.varies:
        colours = words().colours
        shown = all(choice in colours for choice in article.choices)
        made.append({"display_name": kind.labels[2], "type": "swatch" if shown else "dropdown", "option_values": [
            {"label": choice, "sort_order": place, **({"value_data": {"colors": [colours[choice]]}} if shown else {})}
            for place, choice in enumerate(article.choices)
        ]})  # fmt: skip
    return [{**option, "sort_order": place, "config": {}} for place, option in enumerate(made)]


def _variants(seed: int, k: int, article: Article, body: dict[str, Any]) -> Rows:
    """Every combination of what is chosen. A size with a price or weight of its own has it, the others inherit."""
    kind, sku, made = article.stock.kind, sku_of(article, k), []
    for place, (size, choice) in enumerate(combined(article.sizes, article.choices)):
        message, parts = [], [sku]
        if "size" in kind.varies:
            message.append({"option_display_name": kind.labels[1], "label": size.name})
            parts.append(code(size.name))
        if "choice" in kind.varies:
            message.append({"option_display_name": kind.labels[2], "label": choice})
            parts.append(code(choice))
        own = DeterministicRandom(seed ^ _SALT, mix(k) + place)
        level = 0 if own.one_in(14) else 2 + own.roll(60)
        made.append(
            {
                "sku": "-".join(parts),
                "option_values": message,
                **_of_size(size, article.size, body),
                "inventory_level": level,
                "inventory_warning_level": body["inventory_warning_level"] // 2,
                "upc": upc_of(seed, k + (place + 1) * _VARIANT_UPCS),
                "bin_picking_number": f"{body['bin_picking_number']}-{place + 1:02d}",
            }
        )
    if DeterministicRandom(seed ^ _SALT, mix(k)).one_in(10):
        made[-1] |= {"purchasing_disabled": True, "purchasing_disabled_message": "No longer made in this form."}
    return made


def _of_size(size: Size, plain: Size, body: dict[str, Any]) -> dict[str, Decimal]:
    """Price, cost and weight where they differ from those of the plain size, which are the product's."""
    own = {"cost_price": _times(body["cost_price"], size.price_percent, plain.price_percent)}
    if size.price_percent != plain.price_percent:
        for name in ("price", "sale_price", "retail_price"):
            if name in body:
                cents = int(body[name].scaleb(2)) * size.price_percent // plain.price_percent
                own[name] = money(charm(cents))
    if size.weight_percent != plain.weight_percent:
        grams = int(body["weight"].scaleb(3)) * size.weight_percent // plain.weight_percent
        own["weight"] = Decimal(grams).scaleb(-3)
    return own


def _times(amount: Decimal, percent: int, of: int) -> Decimal:
    return money(int(amount.scaleb(2)) * percent // of)


def code(label: str) -> str:
    """A short form of a word for SKUs: "PG" of Pine Green, "05M" of 0.5 m, "BAT" of Bath."""
    plain = "".join(letter for letter in label if letter.isalnum())
    parts = label.split()
    if len(plain) <= 4:
        return plain.upper()
    return ("".join(part[0] for part in parts) if len(parts) > 1 else plain[:3]).upper()


def _facts(article: Article, rng: DeterministicRandom) -> Rows:
    facts = article.stock.department.facts
    first = rng.roll(len(facts))
    chosen = (facts * 2)[first : first + 1 + rng.roll(len(facts))]
    return [{"name": name, "value": rng.pick(values)} for name, values in chosen]


def _cheaper_by_the_dozen(price: Decimal, rng: DeterministicRandom) -> Rows:
    """Two steps, in one of the three ways to say them."""
    few = 3 + rng.roll(4)
    many = few * 2 + 2
    steps = ((few, many - 1, 5), (many, 0, 12))
    way = rng.pick(("percent", "price", "fixed"))
    made: Rows = []
    for least, maximum, percent in steps:
        cents = int(price.scaleb(2))
        off = {"percent": Decimal(percent), "price": money(cents * percent // 100),
               "fixed": money(cents - cents * percent // 100)}[way]  # fmt: skip
        made.append({"quantity_min": least, "quantity_max": maximum, "type": way, "amount": off})
    return made


def _review(rng: DeterministicRandom) -> dict[str, Any]:
    """A few are not approved yet, and hardly any ever will not be."""
    rating = rng.pick(_GLOWING)
    title, text = rng.pick(words().reviews[rating])
    name, email = signature(rng)
    status = "disapproved" if rng.one_in(40) else "pending" if rng.one_in(8) else "approved"
    return {
        "title": title,
        "text": text,
        "rating": int(rating),
        "name": name,
        "email": email,
        "status": status,
        "age": rng.roll(700 * _DAY),
    }


def _video(seed: int, k: int) -> str:
    """An id of YouTube's form that is nobody's."""
    number = mix(mix(seed) ^ k)
    return "bodega" + "".join(_LETTERS[number >> 6 * place & 63] for place in range(5))


def _extras(*, with_message: bool) -> Rows:
    """What can accompany a present: a choice that costs extra, and a message."""
    box, message = words().extras.box, words().extras.message
    choices: Rows = [
        {"label": label, "sort_order": place, "is_default": place == 0}
        | ({"adjusters": {"price": {"adjuster": "relative", "adjuster_value": price}}} if price else {})
        for place, (label, price) in enumerate(box.choices)
    ]
    made: Rows = [
        {"display_name": box.name, "type": "dropdown", "required": True, "sort_order": 0, "option_values": choices}
    ]
    if with_message:
        config = {"text_characters_limited": True, "text_min_length": 0, "text_max_length": message.longest}
        made.append(
            {"display_name": message.name, "type": "text", "required": False, "sort_order": 1, "config": config}
        )
    return made
