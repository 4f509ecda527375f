"""Puts into a cart what a body names: checked as the lines of an order are (rules 79, 106 and 119)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

from msgspec import UNSET
from msgspec.structs import replace

from bodega.kit.fields import INT32
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.carts.cart import Cart, CartItem, CartOption, Certificate, Person, Wrapping, pieces_of
from bodega.resources.carts.drafts import CertificateDraft, CustomDraft, ItemDraft, Selection
from bodega.resources.catalog import product, variants
from bodega.resources.catalog.product import Product
from bodega.resources.orders import catalog_items, conflicts
from bodega.resources.orders.catalog_items import CatalogItem
from bodega.resources.orders.drafts import LineDraft, OptionDraft
from bodega.storage.unit import Unit

PARTS = ("line_items", "custom_items", "gift_certificates")
"""The members of a body that hold items."""


async def added(unit: Unit, cart: Cart, draft: dict[str, Any]) -> list[CartItem]:
    """The items of the cart with those of a body: one like one that is there adds to its quantity. Raises Refusal."""
    faults: list[Fault] = []
    items = list(cart.items)
    named: dict[str, str] = {}
    for place, one in enumerate(draft.get("line_items") or ()):
        made = await of_catalogue(unit, one, f"line_items.{place}", faults)
        if made is not None:
            named.setdefault(_merge(items, made), f"line_items.{place}")
    for item in items:
        if item.id in named:
            await respect_quantity(unit, item, named[item.id], faults)
    items += [_custom(one) for one in draft.get("custom_items") or ()]
    items += [certificate_of(one) for one in draft.get("gift_certificates") or () for _ in range(one.quantity)]
    faults = faults or list(_too_many_pieces(cart, draft))
    if faults:
        raise refuse_faults(faults)
    await respect_stock(unit, items)
    there = {item.id for item in cart.items}
    again = {item.id: unit.outside.once(partial(str, item.id)) for item in items if item.id not in there}
    return [
        replace(one, id=again.get(one.id, one.id), parent_id=again.get(one.parent_id, one.parent_id)) for one in items
    ]


async def changed(unit: Unit, cart: Cart, item: CartItem, draft: ItemDraft) -> list[CartItem]:
    """The items of the cart after a change of one of the catalogue's: a quantity of 0 removes it. Raises Refusal."""
    if draft.quantity == 0:
        return [one for one in cart.items if one.id != item.id and one.parent_id != item.id]
    faults: list[Fault] = []
    if draft.product_id is UNSET:
        draft = replace(draft, product_id=item.product_id)
    same = draft.product_id == item.product_id
    if same and draft.variant_id is UNSET and draft.option_selections is UNSET:
        draft = replace(draft, variant_id=item.variant_id, option_selections=_answers(item))
    if draft.quantity is UNSET:
        draft = replace(draft, quantity=item.quantity)
    made = await of_catalogue(unit, draft, "line_item", faults)
    if made is not None:
        await respect_quantity(unit, made, "line_item", faults)
    if faults or made is None:
        raise refuse_faults(faults)
    made.id = item.id
    if draft.list_price is UNSET:
        made.custom_price = item.custom_price
    if draft.gift_wrapping is UNSET:
        made.wrapping = item.wrapping
    items = [made if one.id == item.id else one for one in cart.items]
    if pieces_of(items) > INT32:
        raise refuse_faults([invalid("line_item.quantity", TOO_MANY)])
    await respect_stock(unit, items)
    return items


TOO_MANY = f"must leave the cart at {INT32} pieces at most, of all its items"


def _too_many_pieces(cart: Cart, draft: Mapping[str, Any]) -> Iterable[Fault]:
    """The first item of a body with which the cart would hold more pieces than can be counted."""
    total = pieces_of(cart.items)
    for part in PARTS:
        for place, one in enumerate(draft.get(part) or ()):
            total += one.quantity or 0
            if total > INT32:
                return [invalid(f"{part}.{place}.quantity", TOO_MANY)]
    return []


def _answers(item: CartItem) -> Any:
    return [
        Selection(option_id=one.name_id, option_value=one.value if one.value_id is None else one.value_id)
        for one in item.options
    ]


async def of_catalogue(unit: Unit, draft: ItemDraft, name: str, faults: list[Fault]) -> CartItem | None:
    """A line of the catalogue; None if it is faulty: `faults` then has the reason."""
    before = len(faults)
    if draft.quantity is UNSET:
        faults.append(missing(f"{name}.quantity"))
    elif not draft.quantity:
        faults.append(invalid(f"{name}.quantity", "must be at least 1"))
    if not draft.product_id:
        faults.append(missing(f"{name}.product_id"))
    if len(faults) > before:
        return None
    selections = [] if draft.option_selections is UNSET else draft.option_selections
    asked = LineDraft(
        product_id=draft.product_id,
        variant_id=draft.variant_id,
        product_options=[OptionDraft(id=one.option, value=one.answer) for one in selections],
    )
    found = await catalog_items.found(unit, asked, name, faults)
    if found is None:
        return None
    owner, variant = found.product, found.variant
    if owner.availability == "disabled" or variant.purchasing_disabled:
        faults.append(invalid(f"{name}.product_id", f"must be a product that can be bought, as {owner.id} cannot"))
    if len(faults) > before:
        return None
    return CartItem(
        id=str(uuid4()),
        kind=owner.type,
        product_id=owner.id,
        variant_id=variant.id,
        sku=variant.sku,
        name=draft.name or owner.name,
        path=owner.custom_url.url,
        quantity=draft.quantity or 0,
        taxable=owner.tax_class_id != NOT_TAXED,
        custom_price=draft.list_price if isinstance(draft.list_price, Decimal) else None,
        options=_chosen(found),
        wrapping=_wrapped(draft) if owner.type == "physical" else None,
    )


NOT_TAXED = 1
"""The tax class of products that are not taxed."""


def _wrapped(draft: ItemDraft) -> Wrapping | None:
    """The gift wrapping of all pieces, in the first way that is named; a store keeps no kinds of it, and it is free."""
    given = draft.gift_wrapping
    if given is UNSET or given is None or not given.wrap_details:
        return None
    return Wrapping(name=WRAPPING, message=given.wrap_details[0].message)


WRAPPING = "Gift wrapping"


def _chosen(found: CatalogItem) -> list[CartOption]:
    return [
        CartOption(
            name_id=one.product_option_id,
            name=one.display_name,
            value=one.display_value,
            value_id=int(one.value) if one.value != one.display_value and one.value.isdigit() else None,
        )
        for one in found.chosen
    ]


def _custom(draft: CustomDraft) -> CartItem:
    return CartItem(
        id=str(uuid4()),
        kind="custom",
        name=draft.name,
        sku=draft.sku,
        image_url=draft.image_url,
        quantity=draft.quantity,
        custom_price=draft.list_price,
    )


def certificate_of(draft: CertificateDraft, item_id: str = "") -> CartItem:
    """The line of a gift certificate, under its id if it has one."""
    sender = Person(name=draft.sender.name, email=draft.sender.email)
    recipient = Person(name=draft.recipient.name, email=draft.recipient.email)
    return CartItem(
        id=item_id or str(uuid4()),
        kind="gift_certificate",
        name=draft.name,
        taxable=False,
        custom_price=draft.amount,
        certificate=Certificate(theme=draft.theme, sender=sender, recipient=recipient, message=draft.message),
    )


def _merge(items: list[CartItem], made: CartItem) -> str:
    """Puts a line among the others, or adds to the one that is like it; the id of the line that it is then."""
    for place, item in enumerate(items):
        if is_like(item, made):
            items[place] = replace(item, quantity=item.quantity + made.quantity)
            return item.id
    items.append(made)
    return made.id


def is_like(item: CartItem, made: CartItem) -> bool:
    """Whether what is put into a cart adds to the quantity of a line that is there."""
    return _likeness(item) == _likeness(made) and item.is_mutable


async def respect_quantity(unit: Unit, item: CartItem, name: str, faults: list[Fault]) -> None:
    """Rule 79: what counts is the quantity of the line, with what was in the cart before."""
    if item.quantity > INT32:
        faults.append(invalid(f"{name}.quantity", f"must leave the item at a quantity of at most {INT32}"))
        return
    row = await unit.get(product.TABLE, item.product_id)
    bounds = None if row is None else conflicts.too_few_or_many(row.entity, item.quantity, name)
    faults += [bounds] if bounds is not None else []


def _likeness(item: CartItem) -> tuple[Any, ...]:
    answers = tuple((one.name_id, one.value_id, one.value) for one in item.options)
    return (
        item.kind, item.product_id, item.variant_id, answers, item.custom_price, item.name, item.parent_id,
        item.wrapping and (item.wrapping.name, item.wrapping.message),
    )  # fmt: skip


async def respect_stock(unit: Unit, items: Sequence[CartItem]) -> None:
    """Rule 79: a cart asks for no more than there is; the order takes it. Raises Refusal."""
    wanted: dict[tuple[int, int], int] = {}
    for item in items:
        if item.product_id:
            key = (item.product_id, item.variant_id)
            wanted[key] = wanted.get(key, 0) + item.quantity
    faults = []
    for (product_id, variant_id), asked in wanted.items():
        row = await unit.get(product.TABLE, product_id)
        if row is None:
            continue
        owner: Product = row.entity
        if owner.inventory_tracking == "none":
            continue
        level = owner.inventory_level
        if owner.inventory_tracking == "variant" and owner.base_variant_id is None:
            variant = await unit.get(variants.TABLE, variant_id)
            level = variant.entity.inventory_level if variant is not None else 0
        else:
            asked = sum(many for (other, _), many in wanted.items() if other == product_id)
        if asked > level:
            faults.append(conflicts.out_of_stock(owner, variant_id, level, asked, 0))
    if faults:
        raise refuse_faults(faults)


def item_of(cart: Cart, item_id: str) -> CartItem:
    """The item of this id. Raises Refusal."""
    found = next((one for one in cart.items if one.id == item_id), None)
    if found is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return found
