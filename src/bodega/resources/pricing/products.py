"""The prices of products for a channel, a currency and a shopper: a calculation, which writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.domain.pricing.basket import Basket, BasketItem
from bodega.domain.pricing.shown import Shelf, TaxPrice, range_of
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity
from bodega.kit.fields import Id
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.resources.catalog import product
from bodega.resources.geography.destination import destination
from bodega.resources.pricing.buyer import Buyer, buyer_of
from bodega.resources.pricing.facts import Choice, PriceFacts, ProductFacts, VariantFacts, facts
from bodega.resources.pricing.policy import Money, money_of
from bodega.resources.store import channels
from bodega.resources.store.channel_currencies import enabled_currencies
from bodega.resources.tax.rates_at import policy_at
from bodega.storage import query

MAXIMUM = 250
"""The most items of one request; no limit is published."""
AT_ONCE = 50
_DECIMALS = (Decimal,)


class ChosenValue(msgspec.Struct, kw_only=True):
    """A value of one of the product's options or modifiers."""

    option_id: Id
    value_id: Id


class PriceItem(msgspec.Struct, kw_only=True):
    """A product, with as much of its configuration as is known."""

    product_id: Id | UnsetType = UNSET
    variant_id: Id | UnsetType = UNSET
    options: Annotated[list[ChosenValue], AtMost(MAXIMUM)] | UnsetType = UNSET


class PriceRequest(Entity, kw_only=True):
    """What a caller wants to know: the prices of items, in a channel and a currency, for a shopper."""

    channel_id: Id
    currency_code: Annotated[str, msgspec.Meta(max_length=3)]
    country_code: Annotated[str, msgspec.Meta(max_length=2)] = ""
    customer_group_id: Id = 0
    customer_id: Id = 0
    items: Annotated[list[PriceItem], AtMost(MAXIMUM)]


v3 = V3Shape(PriceRequest, required="channel_id currency_code items")
V3 = Endpoint(
    3,
    product.TABLE,
    Listing(product.TABLE, 3, ""),
    "store_v2_products",
    "",
    v3=v3,
)


class Resolved(NamedTuple):
    """An item with its product; `variant` is None while the options leave several, which are `among`."""

    asked: PriceItem
    owner: ProductFacts
    variant: VariantFacts | None
    among: Sequence[VariantFacts]
    answers: dict[int, str]


class CalculatePrices(Action):
    """POST: the prices of products. Nothing is written, so a scope for reading is enough."""

    body = calculates = True

    def parse(self, query: str) -> Query:
        return NO_QUERY

    def read(self, content: Any) -> Any:
        return v3.read(content, creating=True)

    async def answer_to(self, context: Context, found: Found, draft: Any) -> Outcome:
        faults: list[Fault] = []
        money, buyer = await _who(context, draft, faults)
        asked: list[PriceItem] = draft["items"]
        faults += [missing(f"items.{place}.product_id") for place, item in enumerate(asked) if not item.product_id]
        if faults or money is None:
            raise refuse_faults(faults)
        choices = [Choice(str(place), item.product_id or 0) for place, item in enumerate(asked)]
        read = await facts(
            context.reader,
            choices,
            group_id=buyer.shopper.group_id,
            channel_id=draft["channel_id"],
            currency=money.code,
            all_variants=True,
        )
        resolved = [_resolved(read, item, f"items.{place}", faults) for place, item in enumerate(asked)]
        if faults:
            raise refuse_faults(faults)
        country = draft.get("country_code", "")
        policy = await policy_at(
            context.reader,
            destination(country) if country else None,
            operator=context.record.settings,
            customer_id=buyer.shopper.customer_id,
            group_id=buyer.shopper.group_id,
            exempt=buyer.exempt,
        )
        shelf = Shelf(
            Basket(
                items=(),
                currency=money.code,
                places=money.places,
                exchange=money.rate,
                channel_id=draft["channel_id"],
                shopper=buyer.shopper,
                tax=policy,
            )
        )
        shown = [_shown(shelf, read, one) for one in resolved if one is not None]
        return Shown(ready=json({"data": shown, "meta": {}}))


async def _who(context: Context, draft: dict[str, Any], faults: list[Fault]) -> tuple[Money | None, Buyer]:
    """The currency and the shopper. A group that is named replaces the customer's own."""
    reader = context.reader
    if not await query.existing(reader, channels.TABLE.name, [draft["channel_id"]]):
        faults.append(invalid("channel_id", "must be the id of a channel"))
    money = await money_of(reader, draft["currency_code"]) if draft["currency_code"] else None
    if money is None or money.code not in await enabled_currencies(reader, draft["channel_id"]):
        faults.append(invalid("currency_code", "must be a currency in which the channel sells"))
    customer_id, group_id = draft.get("customer_id", 0), draft.get("customer_group_id", 0)
    if customer_id and not await query.existing(reader, "customers", [customer_id]):
        faults.append(invalid("customer_id", "must be the id of a customer"))
    if group_id and not await query.existing(reader, "customer_groups", [group_id]):
        faults.append(invalid("customer_group_id", "must be the id of a customer group"))
    buyer = await buyer_of(reader, customer_id)
    if group_id:
        buyer = buyer._replace(shopper=msgspec.structs.replace(buyer.shopper, group_id=group_id))
    return money, buyer


def _resolved(read: PriceFacts, item: PriceItem, name: str, faults: list[Fault]) -> Resolved | None:
    owner = read.products.get(item.product_id or 0)
    if owner is None:
        faults.append(invalid(f"{name}.product_id", "must be the id of a product"))
        return None
    sold = read.variants_of(owner.id)
    answers = {one.option_id: str(one.value_id) for one in (item.options or ())}
    if item.variant_id:
        sold = [variant for variant in sold if variant.id == item.variant_id]
        if not sold:
            faults.append(invalid(f"{name}.variant_id", f"must be a variant of the product {owner.id}"))
            return None
    among = [variant for variant in sold if _fits(variant, answers)]
    if not among:
        faults.append(invalid(f"{name}.options", "must be the options of a variant that there is"))
        return None
    return Resolved(item, owner, among[0] if len(among) == 1 else None, among, answers)


def _fits(variant: VariantFacts, answers: dict[int, str]) -> bool:
    return all(answers.get(value.option_id, str(value.id)) == str(value.id) for value in variant.option_values)


def _item(read: PriceFacts, one: Resolved, variant: VariantFacts | None) -> BasketItem:
    catalog = read.catalog_price(one.owner, variant, one.answers)
    return BasketItem(key="", quantity=1, catalog=catalog, tax_class=one.owner.tax_class_id)


def _shown(shelf: Shelf, read: PriceFacts, one: Resolved) -> dict[str, Any]:
    """The prices of an item; of a product with variants, also the range of those that its options leave."""
    owner, variant = one.owner, one.variant
    given: dict[str, Any] = msgspec.to_builtins(one.asked)
    shown: dict[str, Any] = {"product_id": owner.id}
    if variant is not None:
        shown["variant_id"] = variant.id
    shown |= {"options": given.get("options", []), "reference_request": given}
    shown |= msgspec.to_builtins(shelf.prices(_item(read, one, variant)), builtin_types=_DECIMALS)
    shown.setdefault("bulk_pricing", [])
    if owner.base_variant_id is None:
        each = [shelf.prices(_item(read, one, possible)) for possible in one.among]
        retail = [price.retail_price for price in each if price.retail_price is not None]
        shown["price_range"] = _range([price.calculated_price for price in each])
        if retail:
            shown["retail_price_range"] = _range(retail)
    return shown


def _range(prices: Sequence[TaxPrice]) -> Any:
    return msgspec.to_builtins(range_of(prices), builtin_types=_DECIMALS)


routes = (route("pricing/products", 3, POST=CalculatePrices(V3)).at_most(POST=AT_ONCE),)

RESOURCE = Resource(routes=routes)
