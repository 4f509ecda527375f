"""Which rows of docs/differences.md touch an operation.

Rows of its last table name their operations. Of the others the subject's words tell: `_TOUCHES` says which operations a
word stands for. A row in which no such word occurs is about all of them, and stands at the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from bodega import manual
from bodega.kit.route import unnamed

PAGE = "differences.md"

_TOUCHES: tuple[tuple[str, str], ...] = (
    (r"categor(y|ies)\b|tree", "* /v?/*categories*|* /v3/catalog/trees*"),
    (r"brand", "* /v?/*brands*"),
    (r"metafield", "* /v3/*metafields*"),
    (r"image|thumbnail|picture", "* /v?/*products*|* /v?/*images*|* /v?/*/image|* /v?/*brands*"),
    (r"review", "* /v?/*products/{}/reviews*"),
    (r"custom field", "* /v?/*products/{}/custom*fields*"),
    (r"configurable field", "* /v2/products/{}/configurable*"),
    (r"\bbulk pricing", "* /v3/catalog/products*|* /v2/orders*|* /v3/carts*"),
    (r"option|modifier|checkbox|adjuster|value_data|value that stands", "* /v2/option*|* /v?/*products/{}/*options*"
     "|* /v3/catalog/products/{}/modifiers*|* /v2/products/{}/rules*"),
    (r"\brules? (that|\(rule 65\))|price rules", "* /v2/products/{}/rules*|* /v3/catalog/products/{}/complex-rules*"),
    (r"variant|\bSKU|base_variant", "* /v3/catalog/variants*|* /v3/catalog/products*|* /v2/products*/skus*"),
    (r"summary", "GET /v3/catalog/summary"),
    (r"\bproducts?\b|custom_url|include_sku", "* /v?/*catalog/products*|* /v2/products*"),
    (r"webhook|\bhooks?\b|scopes of webhooks|`hash` of an event|blocked domains", "* /v?/hooks*"),
    (r"customer group|members of the group|of a group's rule|group discounts", "* /v2/customer_groups*"),
    (r"customers?\b|passwords?\b|segments|addresses, attributes|V3 addresses|duplicate address|e-mail address",
     "* /v?/customers*"),
    (r"stored payment instruments", "GET /v3/customers/{}/stored-instruments"),
    (r"shopper profiles", "* /v3/segments*|* /v3/shopper-profiles*"),
    (r"wishlist", "* /v3/wishlists*"),
    (r"promotion|end_date|`items` of a promotion|free_shipping", "* /v3/promotions*"),
    (r"coupon", "* /v2/coupons*"),
    (r"gift certificate", "* /v2/gift_certificates*"),
    (r"banner", "* /v2/banners*"),
    (r"currenc(y|ies)", "* /v2/currencies*|* /v3/channels*currency-assignments"),
    (r"tax class|`/v3/tax/classes`", "* /v2/tax_classes*|* /v3/tax/classes"),
    (r"`/v3/tax/zones`", "* /v3/tax/zones"),
    (r"`/v3/tax/rates`", "* /v3/tax/rates"),
    (r"`/v3/tax/products/properties`", "* /v3/tax/properties|* /v3/tax/products/properties|* /v3/tax/customers"),
    (r"`/v3/tax/settings`", "* /v3/tax/settings"),
    (r"tax exemption|prices with tax", "* /v2/orders*|* /v3/carts*"),
    (r"countries", "* /v2/countries*"),
    (r"payments/methods|payment methods", "GET /v?/payments/methods"),
    (r"redirects of several|PUT of a redirect|`url` of a redirect", "* /v2/redirects*|* /v3/storefront/redirects*"),
    (r"listing", "* /v3/channels/*listings"),
    (r"\bsites?\b|`urls`|\broute\b", "* /v3/sites*|* /v3/channels/{}/site*"),
    (r"channel", "* /v3/channels*"),
    (r"V3 pages|\bpage(s)? (below|that)|`blog` page|PUT of a page", "* /v3/content/pages*|* /v2/pages*"),
    (r"template of an e-mail", "* /v3/marketing/email-templates*"),
    (r"abandoned cart e-mails|those settings without", "* /v3/marketing/abandoned-cart-emails*"),
    (r"file of an export", "* /v3/storefront/redirects/imex*"),
    (r"scripts", "* /v3/content/scripts*"),
    (r"stock|inventory|location|relative adjustments", "* /v3/inventory/*"),
    (r"pickup", "* /v3/pickup/*|* /v3/orders/pickups"),
    (r"\border(s|'s)?\b|shipping address|billing address|consignments|half a pair|totals that were given"
     r"|wrapping_id|`refunded_amount`|empty list of fees|shipment|of a line", "* /v2/orders*"),
    (r"order settings", "* /v3/orders/settings*"),
    (r"refund|payment actions", "* /v3/orders/{}/payment_actions*"),
    (r"\bcart\b", "* /v3/carts*|* /v3/checkouts*"),
    (r"page widgets", "* /v3/content/page-widgets"),
    (r"widget", "* /v3/content/widget*|* /v3/content/placements*"),
    (r"theme", "* /v3/themes*|GET /v3/channels/{}/active-theme"),
    (r"infrastructure hosting", "* /v3/infrastructure/*"),
    (r"requestlogs", "GET /v2/requestlogs"),
    (r"systemlogs", "GET /v3/store/systemlogs"),
    (r"settings of V3|web analytics|prelaunch_password", "* /v3/settings/*"),
    (r"store information", "GET /v2/store"),
    (r"carrier", "* /v2/shipping/carrier/connection"),
    (r"shipping zone", "* /v2/shipping/zones*"),
    (r"\btasks\b", "* /v?/tasks*"),
    (r"price list", "* /v3/pricelists*"),
    (r"`POST /v3/pricing/products`", "POST /v3/pricing/products"),
    (r"form fields", "* /v3/form-fields*|GET /v3/customers/form-field-values"),
    (r"storefront (order|cart|refusal|requests)", "* /api/storefront*"),
)  # fmt: skip


class Choice(NamedTuple):
    """A row: what it is about, what the sources say of it, and what is done here. `operations` are shell patterns of
    labels whose parameters have no names; none where it is about all operations."""

    subject: str
    said: str
    here: str
    operations: tuple[str, ...]


@cache
def choices() -> tuple[Choice, ...]:
    """All rows; none where the pages were not installed."""
    return tuple(_rows(manual.text(PAGE) or ""))


def _rows(text: str) -> Iterator[Choice]:
    heads: list[str] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            heads = []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not heads:
            heads = cells
        elif not set(line) <= set("|- "):
            yield _choice(heads, cells)


def _choice(heads: list[str], cells: list[str]) -> Choice:
    if heads[0] == "operations":
        named = re.findall(r"`([^`]+)`", cells[0])
        return Choice(f"members that are taken and not shown: {cells[1]}", "", cells[2], tuple(map(unnamed, named)))
    return Choice(cells[0], "; or ".join(cells[1:-1]), cells[-1], tuple(_touched(cells[0])))


def _touched(subject: str) -> Iterator[str]:
    found: set[str] = set()
    for words, operations in _TOUCHES:
        if re.search(words, subject):
            found.update(operations.split("|"))
    yield from sorted(found)


def choices_of(operation: str) -> list[Choice]:
    """The rows that touch an operation, as `GET /v3/catalog/brands/{id}`, beside those that are about all."""
    label = unnamed(operation)
    return [one for one in choices() if any(fnmatchcase(label, pattern) for pattern in one.operations)]


def about_all() -> list[Choice]:
    """The rows that are about all operations."""
    return [one for one in choices() if not one.operations]


def patterns() -> tuple[tuple[str, str], ...]:
    """The words, and the operations that they stand for."""
    return _TOUCHES
