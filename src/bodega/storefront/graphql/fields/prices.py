"""Prices of products and variants, by the engine that the API, carts and orders use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.aside import Turn
from bodega.domain.pricing.basket import Basket, BasketItem, TaxPolicy
from bodega.domain.pricing.shown import BulkTier, Shelf, ShownPrices, Span, TaxPrice
from bodega.resources.pricing.buyer import Buyer
from bodega.resources.pricing.facts import Choice, PriceFacts, VariantFacts, facts
from bodega.resources.pricing.policy import Money
from bodega.resources.settings.storefront import PRODUCT
from bodega.resources.store.currencies import Currency
from bodega.resources.tax.rates_at import policy_at
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import batch, plain

Args = Mapping[str, Any]


_NOTHING_OF_ITS_OWN = (None, None, None, None, 0)
"""Of a variant: it costs what its product does."""


class Read(NamedTuple):
    """What the prices of products are made of."""

    facts: PriceFacts
    shelf: Shelf
    money: Money
    variants: Mapping[int, list[VariantFacts]]
    known: dict[Any, ShownPrices]
    told: dict[Any, dict[str, Any]]
    """The answers, by what they depend on."""

    def prices(self, product_id: int, variant: VariantFacts | None, answers: Mapping[int, str]) -> ShownPrices:
        """The prices of a product or a variant of it. Most variants of a product cost the same."""
        key: Any
        if product_id in self.facts.rules:  # the price depends on what is chosen
            key = (product_id, variant and variant.id, *sorted(answers.items()))
        elif variant is None:
            key = product_id
        else:
            listed = variant.id if variant.id in self.facts.prices else 0
            own = (variant.price, variant.sale_price, variant.retail_price, variant.map_price, listed)
            key = product_id if own == _NOTHING_OF_ITS_OWN else (product_id, own)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.shelf.prices(self.item(product_id, variant, answers))
        return found

    def unlike(self, product_id: int, variants: Sequence[VariantFacts]) -> Iterable[VariantFacts]:
        """Of variants of a product whose prices are the same the last one."""
        if product_id in self.facts.rules:
            return variants
        listed = self.facts.prices
        return {
            (one.price, one.sale_price, one.retail_price, one.map_price, one.id if one.id in listed else 0): one
            for one in variants
        }.values()

    def item(self, product_id: int, variant: VariantFacts | None, answers: Mapping[int, str]) -> BasketItem:
        owner = self.facts.products[product_id]
        catalog = self.facts.catalog_price(owner, variant, answers)
        return BasketItem(key="", quantity=1, catalog=catalog, tax_class=owner.tax_class_id)


def written(amount: Decimal, currency: Currency) -> str:
    """An amount as shoppers read it."""
    sign = "-" if amount < 0 else ""
    number = f"{abs(amount):,.{currency.decimal_places}f}"
    number = number.replace(",", "\0").replace(".", currency.decimal_token).replace("\0", currency.thousands_token)
    leads = currency.token_location == "left"  # noqa: S105 - no password
    return f"{sign}{currency.token}{number}" if leads else f"{sign}{number}{currency.token}"


def money_as(amount: Decimal, currency: Currency) -> dict[str, Any]:
    """An amount of the answer."""
    return {"currencyCode": currency.currency_code, "value": amount, "currency": currency}


def _written(money: Mapping[str, Any]) -> str:
    return written(money["value"], money["currency"])


plain("Money", formatted=_written, formattedV2=_written)


async def _read(asking: Asking, ids: Sequence[int], code: str | None, *, with_values: bool = False) -> Read | None:
    """What the prices of products are made of; `with_values` where a shopper has chosen some."""

    async def make() -> Read | None:
        money = await asking.money(code)
        if money is None:
            return None
        buyer = await asking.buyer()
        found = await facts(
            asking.reader,
            [Choice(str(one), one) for one in sorted(set(ids))],
            group_id=buyer.shopper.group_id,
            channel_id=asking.channel_id,
            currency=money.code,
            all_variants=True,
            with_values=with_values,
        )
        policy = await _policy(asking, buyer)
        basket = Basket(
            items=(), currency=money.code, places=money.places, exchange=money.rate, channel_id=asking.channel_id,
            shopper=buyer.shopper, tax=policy,
        )  # fmt: skip
        variants: dict[int, list[VariantFacts]] = {}
        for one in found.variants.values():
            variants.setdefault(one.product_id, []).append(one)
        return Read(found, Shelf(basket), money, variants, {}, {})

    return await asking.once(("prices", code, with_values, tuple(ids)), make)


async def _policy(asking: Asking, buyer: Buyer) -> TaxPolicy:
    shopper = buyer.shopper

    async def make() -> TaxPolicy:
        return await policy_at(
            asking.reader,
            None,
            operator=asking.store.settings,
            customer_id=shopper.customer_id,
            group_id=shopper.group_id,
            exempt=buyer.exempt,
        )

    if asking.customer_id:  # it depends on the address
        return await asking.once("tax policy", make)
    return await asking.kept(("tax policy", shopper.group_id), ("tax_settings", "tax_zones", "tax_rates"), make)


async def _hidden(asking: Asking) -> bool:
    found = await asking.setting(PRODUCT)
    return not found.show_product_price or (found.hide_price_from_guests and not asking.customer_id)


def _tier(tier: BulkTier, amount: Any) -> dict[str, Any]:
    known = {"minimumQuantity": tier.minimum, "maximumQuantity": tier.maximum or None}
    if tier.discount_type == "percent":
        return {**known, "__typename": "BulkPricingPercentageDiscount", "percentOff": tier.discount_amount}
    value = amount(tier.tax_discount_amount[0])
    if tier.discount_type == "fixed":
        return {**known, "__typename": "BulkPricingFixedPriceDiscount", "price": value}
    return {**known, "__typename": "BulkPricingRelativePriceDiscount", "priceAdjustment": value}


def _told(read: Read, found: ShownPrices, items: Sequence[BasketItem], *, with_tax: bool) -> dict[str, Any]:
    """The prices of what is chosen, and the range of those that may still be chosen."""

    def amount(price: TaxPrice) -> Decimal:
        return price.tax_inclusive if with_tax else price.tax_exclusive

    def told(price: TaxPrice | None) -> Any:
        return None if price is None else money_as(amount(price), read.money.currency)

    calculated: Span = (found.calculated_price, found.calculated_price)
    retail: Span | None = None if found.retail_price is None else (found.retail_price, found.retail_price)
    if items:
        calculated, retail = read.shelf.span(items)
    return {
        "price": told(found.calculated_price),
        "basePrice": told(found.price),
        "salePrice": told(found.sale_price),
        "retailPrice": told(found.retail_price),
        "mapPrice": told(found.minimum_advertised_price),
        "saved": told(found.saved),
        "priceRange": {"min": told(calculated[0]), "max": told(calculated[1])},
        "retailPriceRange": {"min": told(retail[0]), "max": told(retail[1])} if retail else None,
        "bulkPricing": [_tier(one, amount) for one in found.bulk_pricing],
    }


@batch("Product.prices")
async def _prices(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    if await _hidden(asking):
        return [None] * len(things)
    chosen = any(isinstance(thing.more, dict) and thing.more for thing in things)
    ids = [thing.row.id for thing in things]
    read = await _read(asking, ids, args.get("currencyCode"), with_values=chosen)
    if read is None:
        return [None] * len(things)
    turn, with_tax = Turn(), bool(args.get("includeTax"))
    made: list[Any] = []
    for thing in things:
        row = thing.row
        if row.is_price_hidden or row.id not in read.facts.products:
            made.append(None)
            continue
        picked = thing.more if isinstance(thing.more, dict) else {}
        key = ("product", row.id, with_tax, *sorted(picked.items()))
        if key not in read.told:
            read.told[key] = _of_product(read, row.id, picked, with_tax=with_tax)
            await turn.breathe()
        made.append(read.told[key])
    return made


def _of_product(read: Read, product_id: int, picked: Mapping[int, int], *, with_tax: bool) -> dict[str, Any]:
    sold = read.variants.get(product_id, [])
    fitting = [one for one in sold if _fits(one, picked)] if picked else sold
    answers = {option: str(value) for option, value in picked.items()}
    variant = fitting[0] if len(fitting) == 1 else None
    found = read.prices(product_id, variant, answers)
    open_ones = fitting if variant is None and len(fitting) > 1 else []
    items = [read.item(product_id, one, answers) for one in read.unlike(product_id, open_ones)]
    return _told(read, found, items, with_tax=with_tax)


def _fits(variant: VariantFacts, picked: Mapping[int, int]) -> bool:
    return all(picked.get(value.option_id, value.id) == value.id for value in variant.option_values)


@batch("Variant.prices")
async def _variant_prices(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    if await _hidden(asking):
        return [None] * len(things)
    read = await _read(asking, sorted({thing.row.product_id for thing in things}), args.get("currencyCode"))
    if read is None:
        return [None] * len(things)
    turn, with_tax = Turn(), bool(args.get("includeTax"))
    made: list[Any] = []
    for thing in things:
        variant = read.facts.variants.get(thing.row.id)
        if variant is None or thing.more.is_price_hidden:
            made.append(None)
            continue
        found = read.prices(thing.row.product_id, variant, {})
        key = ("variant", id(found), with_tax)
        if key not in read.told:
            read.told[key] = _told(read, found, (), with_tax=with_tax)
            await turn.breathe()
        made.append(read.told[key])
    return made


@batch("Product.priceRanges")
async def _ranges(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return list(await _prices(asking, things, args))
