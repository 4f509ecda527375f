"""What the engine of prices needs to know of products: read in a fixed number of statements, whatever is bought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from bodega.aside import Turn
from bodega.domain.pricing.basket import BasketItem, BulkPrice, CatalogPrice, GroupDiscount, ListPrice
from bodega.resources.catalog import bulk_pricing
from bodega.resources.catalog.options import rule
from bodega.resources.catalog.options.adjusting import adjusters_of
from bodega.resources.catalog.options.rule import Rule
from bodega.resources.customers import groups
from bodega.resources.customers.groups import Discount
from bodega.resources.pricing.shopper_prices import list_prices
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

ZERO = Decimal(0)
T = TypeVar("T")


class Choice(NamedTuple):
    """What is bought, before its price: `answers` are a value's id or a text by the id of the product's modifier.

    Without a `variant_id` it is the product's base variant, or the product itself while its options are open.
    """

    key: str
    product_id: int
    quantity: int = 1
    variant_id: int = 0
    answers: Mapping[int, str] = {}


class ProductFacts(msgspec.Struct, frozen=True, gc=False):
    """What prices need of a product, decoded from its row."""

    id: int
    name: str
    type: Literal["physical", "digital"]
    price: Decimal
    sale_price: Decimal = ZERO
    retail_price: Decimal = ZERO
    map_price: Decimal = ZERO
    tax_class_id: int = 0
    categories: tuple[int, ...] = ()
    brand_id: int = 0
    base_variant_id: int | None = None


class NamedValue(msgspec.Struct, frozen=True, gc=False):
    """A variant's value of an option."""

    id: int = 0
    label: str = ""
    option_id: int = 0
    option_display_name: str = ""


class VariantFacts(msgspec.Struct, frozen=True, gc=False):
    """What prices need of a variant; None is the product's."""

    id: int
    product_id: int
    price: Decimal | None = None
    sale_price: Decimal | None = None
    retail_price: Decimal | None = None
    map_price: Decimal | None = None
    option_values: tuple[NamedValue, ...] = ()


class _PricedAlone(VariantFacts, frozen=True, gc=False, rename={"option_values": "-"}):
    """A variant whose values nobody asks for: half of the work of reading it."""


_product = msgspec.json.Decoder(ProductFacts).decode
_variant = msgspec.json.Decoder(VariantFacts).decode
_priced_alone = msgspec.json.Decoder(_PricedAlone).decode


class PriceFacts(msgspec.Struct, frozen=True):
    """What was read: each by the id of the product, the list prices by that of the variant, and `names` of modifiers
    and their values by the ids that a choice answers with."""

    products: Mapping[int, ProductFacts]
    variants: Mapping[int, VariantFacts]
    rules: Mapping[int, Sequence[Rule]]
    tiers: Mapping[int, tuple[BulkPrice, ...]]
    prices: Mapping[int, ListPrice]
    group: tuple[int, Sequence[Discount]] = (0, ())
    custom_fields: Mapping[int, Mapping[str, frozenset[str]]] = {}
    names: Mapping[int, str] = {}
    labels: Mapping[int, str] = {}

    def variants_of(self, product_id: int) -> list[VariantFacts]:
        """The variants of a product that were read."""
        return [one for one in self.variants.values() if one.product_id == product_id]

    def item(self, choice: Choice) -> BasketItem | None:
        """The item of a choice, as the engine takes it; None if the product or variant does not exist."""
        owner = self.products.get(choice.product_id)
        if owner is None:
            return None
        variant_id = choice.variant_id or owner.base_variant_id or 0
        variant = self.variants.get(variant_id)
        if variant_id and (variant is None or variant.product_id != owner.id):
            return None
        return BasketItem(
            key=choice.key,
            quantity=choice.quantity,
            kind=owner.type,
            name=owner.name,
            product_id=owner.id,
            variant_id=variant_id,
            brand_id=owner.brand_id,
            categories=frozenset(owner.categories),
            options=self._options(variant, choice.answers),
            custom_fields=self.custom_fields.get(owner.id, {}),
            catalog=self.catalog_price(owner, variant, choice.answers),
            tax_class=owner.tax_class_id,
        )

    def catalog_price(
        self, owner: ProductFacts, variant: VariantFacts | None, answers: Mapping[int, str]
    ) -> CatalogPrice:
        """The prices of a variant, or of a product whose variant is open."""
        chosen = dict(answers)
        if variant is not None:
            chosen |= {value.option_id: str(value.id) for value in variant.option_values}
        found = price_of(owner, variant)
        return replace(
            found,
            adjusters=adjusters_of(self.rules.get(owner.id, ()), chosen, 0 if variant is None else variant.id),
            tiers=self.tiers.get(owner.id, ()),
            group_discount=group_discount(*self.group, owner),
            list_price=None if variant is None else self.prices.get(variant.id),
        )

    def _options(self, variant: VariantFacts | None, answers: Mapping[int, str]) -> dict[str, str]:
        found = {} if variant is None else {one.option_display_name: one.label for one in variant.option_values}
        for option, answer in answers.items():
            name = self.names.get(option)
            if name is not None:
                label = self.labels.get(int(answer)) if answer.isascii() and answer.isdigit() else None
                found[name] = answer if label is None else label
        return found


class Priced(Protocol):
    """What a product says of its prices, however it was read; so does a variant, where None is its product's."""

    @property
    def price(self) -> Any: ...
    @property
    def sale_price(self) -> Any: ...
    @property
    def retail_price(self) -> Any: ...
    @property
    def map_price(self) -> Any: ...


def price_of(owner: Priced, variant: Priced | None) -> CatalogPrice:
    """The prices of a product and its variant, without rules, bulk prices, price list and group."""
    own = NO_VARIANT if variant is None else variant
    return CatalogPrice(
        price=owner.price,
        sale_price=owner.sale_price,
        retail_price=owner.retail_price,
        map_price=owner.map_price,
        variant_price=own.price,
        variant_sale_price=own.sale_price,
        variant_retail_price=own.retail_price,
        variant_map_price=own.map_price,
    )


NO_VARIANT = VariantFacts(id=0, product_id=0)


def group_discount(group_id: int, rules: Iterable[Discount], owner: ProductFacts) -> GroupDiscount | None:
    """Rule 103: the rule for the product, else the best of those for its categories, else that for everything.

    What is best for the shopper depends on the price, so percentages are compared at the product's price.
    """
    named = [one for one in rules if one.type != "price_list"]
    for target, matching in (
        ("product", [one for one in named if one.product_id == owner.id]),
        ("category", [one for one in named if one.category_id in owner.categories]),
        ("all", [one for one in named if one.type == "all"]),
    ):
        if matching:
            best = min(matching, key=lambda one: _left(owner.sale_price or owner.price, one))
            return GroupDiscount(group_id, str(best.method), Decimal(best.amount), target)
    return None


def _left(price: Decimal, rule: Discount) -> Decimal:
    amount = Decimal(rule.amount)
    if rule.method == "fixed":
        return amount
    return price - (amount if rule.method == "price" else price * amount / 100)


async def facts(
    tx: Tx,
    choices: Sequence[Choice],
    *,
    group_id: int = 0,
    channel_id: int = 1,
    currency: str,
    for_promotions: bool = False,
    all_variants: bool = False,
    with_values: bool = True,
) -> PriceFacts:
    """Reads what decides the prices of choices: at most nine statements and those of the price list.

    `for_promotions` reads what only they ask for: custom fields and the names of modifiers. `all_variants` reads every
    variant of the products, for the range of their prices, some thousand with a statement; unless `with_values`, and
    where no rule asks for them, without their values of options.
    """
    ids = sorted({choice.product_id for choice in choices if choice.product_id})
    products = {one.id: one for one in await decoded(tx, "products", ids, _product)}
    ids = list(products)
    rules = await rules_of(tx, ids)
    if all_variants:
        variants = await _variants_of(tx, ids, _variant if with_values or rules else _priced_alone)
    else:
        wanted = {choice.variant_id for choice in choices} | {one.base_variant_id or 0 for one in products.values()}
        variants = await decoded(tx, "variants", sorted(wanted - {0}), _variant)
    found = {one.id: one for one in variants}
    group_rules = await _group_rules(tx, group_id)
    named = next((rule.price_list_id for rule in group_rules if rule.type == "price_list"), 0)
    return PriceFacts(
        products=products,
        variants=found,
        rules=rules,
        tiers=await tiers_of(tx, ids),
        prices=await list_prices(
            tx,
            list(found),
            group_id=group_id,
            channel_id=channel_id,
            currency=currency,
            of_group=named,
            has_discounts=any(rule.type != "price_list" for rule in group_rules),
        ),
        group=(group_id, group_rules),
        custom_fields=await _custom_fields(tx, ids) if for_promotions else {},
        **(await _names(tx, choices) if for_promotions else {}),
    )


_TOGETHER = 2_000
"""Variants that are read with one statement, and decoded before others have a turn."""

_PAGE = f"SELECT doc FROM variants WHERE {{}} ORDER BY product_id, id LIMIT {_TOGETHER}"


async def _variants_of(tx: Tx, products: Sequence[int], decode: Callable[[bytes], VariantFacts]) -> list[VariantFacts]:
    """All variants of products."""
    if not products:
        return []
    test = f"product_id IN ({numbered_placeholders(len(products))})"
    some = await tx.rows(_PAGE.format(test), *products)
    found = [decode(doc) for (doc,) in some]
    turn = Turn()
    while len(some) == _TOGETHER:
        await turn.breathe()
        place = len(products)
        after = f"{test} AND (product_id, id) > (${place + 1}, ${place + 2})"
        some = await tx.rows(_PAGE.format(after), *products, found[-1].product_id, found[-1].id)
        found += [decode(doc) for (doc,) in some]
    return found


async def decoded(tx: Tx, table: str, ids: Sequence[int], decode: Callable[[bytes], T], column: str = "id") -> list[T]:
    """The rows of a table whose `column` is one of these ids, each decoded as far as is needed."""
    if not ids:
        return []
    sql = f"SELECT doc FROM {table} WHERE {column} IN ({numbered_placeholders(len(ids))})"
    return [decode(doc) for (doc,) in await tx.rows(sql, *ids)]


async def rules_of(tx: Tx, products: Sequence[int]) -> dict[int, list[Rule]]:
    """The rules of products, in the order in which they are processed."""
    found: dict[int, list[Rule]] = {}
    for one in await query.entities_of(tx, rule.TABLE, products, "product_id", order="sort_order, id"):
        found.setdefault(one.product_id, []).append(one)
    return found


async def tiers_of(tx: Tx, products: Sequence[int]) -> dict[int, tuple[BulkPrice, ...]]:
    """The bulk prices of products, by quantity."""
    found: dict[int, tuple[BulkPrice, ...]] = {}
    for one in await query.entities_of(tx, bulk_pricing.TABLE, products, "product_id", order="quantity_min"):
        tier = BulkPrice(one.quantity_min, one.quantity_max, one.type, one.amount, one.id)
        found[one.product_id] = (*found.get(one.product_id, ()), tier)
    return found


async def _group_rules(tx: Tx, group_id: int) -> Sequence[Discount]:
    row = await query.get(tx, groups.TABLE, group_id) if group_id else None
    found: Sequence[Discount] = () if row is None else row.entity.discount_rules
    return found


async def _custom_fields(tx: Tx, products: Sequence[int]) -> dict[int, dict[str, frozenset[str]]]:
    if not products:
        return {}
    found: dict[int, dict[str, frozenset[str]]] = {}
    placeholders = numbered_placeholders(len(products))
    sql = f"SELECT product_id, name, value FROM custom_fields WHERE product_id IN ({placeholders})"
    for owner, name, value in await tx.rows(sql, *products):
        fields = found.setdefault(owner, {})
        fields[name] = fields.get(name, frozenset()) | {value}
    return found


class _Named(msgspec.Struct, frozen=True):
    id: int
    display_name: str


_named = msgspec.json.Decoder(_Named).decode


async def _names(tx: Tx, choices: Sequence[Choice]) -> dict[str, dict[int, str]]:
    """The names of the modifiers that are answered, and of the values that answer them."""
    options = sorted({option for choice in choices for option in choice.answers})
    if not options:
        return {}
    values = {value for choice in choices for value in choice.answers.values()}
    numbers = sorted({int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 11})
    labels: dict[int, str] = {}
    if numbers:
        sql = f"SELECT id, label FROM option_values WHERE id IN ({numbered_placeholders(len(numbers))})"
        labels = await query.pairs(tx, sql, *numbers)
    names = {one.id: one.display_name for one in await decoded(tx, "product_options", options, _named)}
    return {"names": names, "labels": labels}
