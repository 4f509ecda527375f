"""Builds the lines of an order from a body: from the catalogue or custom, new, changed or removed (rule 92)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from bodega.domain.pricing.amounts import Amount
from bodega.domain.pricing.tax import percents
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, missing
from bodega.resources.catalog import product
from bodega.resources.orders import catalog_items, conflicts
from bodega.resources.orders.drafts import LineDraft
from bodega.resources.orders.line import OrderLine
from bodega.resources.pricing.policy import Money, Taxes
from bodega.storage.unit import Unit

PRICES = ("price_ex_tax", "price_inc_tax")
WRAPPING = ("wrapping_cost_ex_tax", "wrapping_cost_inc_tax")
NAMES = ("name", "name_customer", "name_merchant")


class LineBuilder(NamedTuple):
    """Builds lines with the store's taxes, the order's currency and the faults found so far."""

    unit: Unit
    money: Money
    taxes: Taxes
    faults: list[Fault]


def half_pairs(draft: LineDraft, name: str) -> list[Fault]:
    """Rule 77: a price is given both without and with tax, or not at all; wrapping needs both of its costs."""
    faults = []
    for pair in (PRICES, WRAPPING):
        given = draft.has(*pair)
        if len(given) == 1 or (pair is WRAPPING and draft.wrapping_id and not given):
            absent = [item for item in pair if item not in given]
            faults += [_other_half(name, item) if pair is PRICES else missing(f"{name}.{item}") for item in absent]
    faults += [
        invalid(f"{name}.{inc}", f"must not be less than {ex}")
        for ex, inc in (PRICES, WRAPPING)
        if len(draft.has(ex, inc)) == 2 and getattr(draft, inc) < getattr(draft, ex)
    ]
    if len({draft.name, draft.name_customer} - {UNSET}) == 2:
        faults.append(invalid(f"{name}.name_customer", "must be the same as name"))
    return faults


def _other_half(name: str, price: str) -> Fault:
    """A line without one of its two prices, in the words that the wire has for it."""
    why = f"{name}.{price} must be given: prices come both without and with tax."
    message = f"The field 'products.{price}' is invalid."
    return Fault(Reason.FIELD_INVALID, f"{name}.{price}", message, {"invalid_reason": why})


async def added(builder: LineBuilder, draft: LineDraft, name: str) -> OrderLine | None:
    """A new line; None if it is faulty: see `builder.faults`."""
    faults = half_pairs(draft, name)
    if draft.quantity is UNSET:
        faults.append(missing(f"{name}.quantity"))
    elif not draft.quantity:
        faults.append(invalid(f"{name}.quantity", "must be at least 1"))
    if not draft.product_id:
        faults += _faults_of_custom(draft, name)
        builder.faults.extend(faults)
        return None if faults else _named(_wrapped(_custom(draft, builder), draft), draft)
    found = await catalog_items.found(builder.unit, draft, name, faults)
    if found is not None and isinstance(draft.quantity, int) and draft.quantity:
        bounds = conflicts.too_few_or_many(found.product, draft.quantity, name)
        faults += [bounds] if bounds is not None else []
    builder.faults.extend(faults)
    if faults or found is None:
        return None
    return _named(_wrapped(await _of_catalogue(builder, draft, found), draft), draft)


def _faults_of_custom(draft: LineDraft, name: str) -> list[Fault]:
    """Rule 92: a custom line has at least one name, and both prices."""
    faults = [*_of_no_product(draft, name), *([] if draft.has(*NAMES) else [_nothing_named(name)])]
    return faults if draft.has(*PRICES) else [*faults, *(_other_half(name, item) for item in PRICES)]


def _nothing_named(name: str) -> Fault:
    """A line that says neither which product nor what else is sold."""
    why = f"{name} must have a product_id or a name."
    message = "The field 'products.product_id, products.name' is invalid."
    return Fault(Reason.FIELD_INVALID, f"{name}.name", message, {"invalid_reason": why})


def _of_no_product(draft: LineDraft, name: str) -> list[Fault]:
    """What only a line of the catalogue has, and a custom one must not be given."""
    given = [member for member in draft.has("product_id", "variant_id", "product_options") if getattr(draft, member)]
    return [invalid(f"{name}.{member}", "must not be sent: the line is none of the catalogue's") for member in given]


def _custom(draft: LineDraft, builder: LineBuilder) -> OrderLine:
    price = _given(draft)
    return OrderLine(
        order_id=0,
        name="",
        sku=draft.sku or "",
        upc=draft.upc or "",
        quantity=draft.quantity or 0,
        base_price=price.inc if builder.taxes.inclusive else price.ex,
        price_ex_tax=price.ex,
        price_inc_tax=price.inc,
    )


def _given(draft: LineDraft) -> Amount:
    assert isinstance(draft.price_ex_tax, Decimal)
    assert isinstance(draft.price_inc_tax, Decimal)
    return Amount(draft.price_ex_tax, draft.price_inc_tax)


async def _of_catalogue(builder: LineBuilder, draft: LineDraft, found: catalog_items.CatalogItem) -> OrderLine:
    """Rule 78: given prices take precedence and become the base price; else the catalogue's with the store's taxes."""
    owner = found.product
    quantity = draft.quantity or 0
    rate: Decimal | None = None
    if draft.has(*PRICES):
        price = _given(draft)
        base = price.inc if builder.taxes.inclusive else price.ex
    else:
        base = await catalog_items.price(builder.unit, found, quantity, builder.money.rate, builder.money.places)
        rate = builder.taxes.rate(owner.tax_class_id)
        price = builder.taxes.on(base, owner.tax_class_id, 4)
    made = described(found, quantity, base, price, rate)
    if rate is not None:
        made.percents = list(percents(builder.taxes.rates(owner.tax_class_id)))
    made.upc = draft.upc or made.upc
    return made


def described(
    found: catalog_items.CatalogItem, quantity: int, base: Decimal, price: Amount, rate: Decimal | None
) -> OrderLine:
    """A line of the catalogue at this price a piece: what the order tells of the product and the variant."""
    owner, variant = found.product, found.variant
    return OrderLine(
        order_id=0,
        product_id=owner.id,
        variant_id=variant.id,
        name=owner.name,
        sku=variant.sku,
        upc=variant.upc,
        type=owner.type,
        base_price=base,
        price_ex_tax=price.ex,
        price_inc_tax=price.inc,
        weight=variant.calculated_weight,
        width=owner.width if variant.width is None else variant.width,
        height=owner.height if variant.height is None else variant.height,
        depth=owner.depth if variant.depth is None else variant.depth,
        quantity=quantity,
        cost_price=variant.cost_price,
        fixed_shipping_cost=owner.fixed_cost_shipping_price,
        option_set_id=owner.option_set_id,
        bin_picking_number=variant.bin_picking_number,
        brand=found.brand,
        product_options=found.chosen,
        tax_class_id=owner.tax_class_id,
        rate=rate,
    )


def _named(line: OrderLine, draft: LineDraft) -> OrderLine:
    """`name` and `name_customer` are the same; the merchant's name of a line may differ."""
    customer = draft.name or draft.name_customer
    merchant = draft.name_merchant
    line.name = customer or line.name or merchant or ""
    line.name_merchant = merchant or line.name_merchant or line.name
    return line


def _wrapped(line: OrderLine, draft: LineDraft) -> OrderLine:
    """Wrapping applies to all pieces of the line; wrapping_id 0 alone removes it."""
    if draft.wrapping_id == 0 and not draft.has(*WRAPPING):
        return replace(
            line, wrapping_id=0, wrapping_name="", wrapping_message="", wrapping_cost_ex_tax=Decimal(0),
            wrapping_cost_inc_tax=Decimal(0),
        )  # fmt: skip
    named = ("wrapping_id", "wrapping_name", "wrapping_message", *WRAPPING)
    given = {name: getattr(draft, name) for name in draft.has(*named)}
    return replace(line, **{name: value for name, value in given.items() if value is not None})


class Merged(NamedTuple):
    """The lines after a PUT, and those that it removed."""

    kept: list[OrderLine]
    gone: list[OrderLine]


async def merged(builder: LineBuilder, lines: Sequence[OrderLine], drafts: Sequence[LineDraft], name: str) -> Merged:
    """Rule 92: each draft changes the line named by its id, or adds one; a quantity of 0 removes it."""
    kept = {line.id: line for line in lines}
    new: list[OrderLine] = []
    gone: list[OrderLine] = []
    for place, draft in enumerate(drafts):
        here = f"{name}.{place}"
        if draft.quantity == 0 or draft.id:
            line = _meant(kept.values(), draft)
            if line is None:
                builder.faults.append(invalid(f"{here}.id", "must be a line of this order"))
            elif draft.quantity == 0:
                builder.faults.extend(_sent_already(line, 0, here))
                gone.append(kept.pop(line.id))
            else:
                changed = await _changed(builder, line, draft, here)
                if changed is not None:
                    kept[line.id] = changed
            continue
        made = await added(builder, draft, here)
        if made is not None:
            new.append(made)
    if not kept and not new and not builder.faults:
        builder.faults.append(invalid(name, "must leave the order a line"))
    return Merged([*kept.values(), *new], gone)


def _meant(lines: Any, draft: LineDraft) -> OrderLine | None:
    """The line that a draft names by its id, or, to remove it, by its product and variant."""
    if draft.id:
        return next((line for line in lines if line.id == draft.id), None)
    variant = draft.variant_id or 0
    those = [line for line in lines if draft.product_id and line.product_id == draft.product_id]
    return next((line for line in those if not variant or line.variant_id == variant), None)


def _sent_already(line: OrderLine, quantity: int, name: str) -> list[Fault]:
    """Pieces that were sent or refunded cannot be removed from an order."""
    done = max(line.quantity_shipped, line.quantity_refunded)
    if quantity >= done:
        return []
    return [invalid(f"{name}.quantity", f"must be at least {done}, since so many were sent or refunded")]


async def _changed(builder: LineBuilder, line: OrderLine, draft: LineDraft, name: str) -> OrderLine | None:
    """A line changed by the members of a draft; with another product or variant it is built and priced anew."""
    quantity = line.quantity if draft.quantity is UNSET else draft.quantity
    other = bool(draft.product_id) and draft.product_id != line.product_id
    other |= bool(draft.variant_id) and draft.variant_id != line.variant_id
    if line.product_id and (other or draft.product_options is not UNSET):
        wanted = replace(draft, product_id=draft.product_id or line.product_id, quantity=quantity)
        made = await added(builder, wanted, name)
        builder.faults.extend(_sent_already(line, 0 if other else quantity, name))
        return None if made is None else _in_the_place_of(line, made)
    faults = half_pairs(draft, name) + _sent_already(line, quantity, name)
    if not line.product_id:
        faults += _of_no_product(draft, name)
    if line.product_id and quantity != line.quantity:
        faults += await _bounds(builder, line, quantity, name)
    builder.faults.extend(faults)
    if faults:
        return None
    changed = replace(line, quantity=quantity)
    if draft.has(*PRICES):
        price = _given(draft)
        changed.price_ex_tax, changed.price_inc_tax, changed.rate = price.ex, price.inc, None
        changed.percents, changed.decided_tax = [], None
        changed.base_price = price.inc if builder.taxes.inclusive else price.ex
    if draft.sku is not UNSET and not line.product_id:
        changed.sku = draft.sku
    if draft.upc is not UNSET:
        changed.upc = draft.upc
    return _named(_wrapped(changed, draft), draft)


async def _bounds(builder: LineBuilder, line: OrderLine, quantity: int, name: str) -> list[Fault]:
    row = await builder.unit.get(product.TABLE, line.product_id)
    if row is None:
        return []
    wrong = conflicts.too_few_or_many(row.entity, quantity, name)
    return [] if wrong is None else [wrong]


def _in_the_place_of(line: OrderLine, made: OrderLine) -> OrderLine:
    return replace(
        made,
        id=line.id,
        order_id=line.order_id,
        order_address_id=line.order_address_id if made.is_sent else 0,
        order_pickup_method_id=line.order_pickup_method_id,
        quantity_shipped=line.quantity_shipped,
        quantity_refunded=line.quantity_refunded,
    )
