"""Which items of a cart go where: several consignments share them, and an item may be split between two."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from msgspec import UNSET
from msgspec.structs import replace

from bodega.access.accounts import SHOPPERS_CLIENT
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing
from bodega.resources.carts.cart import Cart, CartItem
from bodega.resources.checkouts.checkout import Checkout, CheckoutConsignment
from bodega.resources.checkouts.drafts import NEEDED, ConsignmentDraft, ItemOfConsignment, PickupChoice, settled
from bodega.resources.inventory import pickup_methods
from bodega.storage.unit import Unit

SENT = ("physical", "custom")


def new_id(unit: Unit) -> str:
    """The id of an address or a consignment."""
    return unit.outside.once(lambda: uuid4().hex[:13])


def needed_by(unit: Unit) -> tuple[str, ...]:
    """What an address that is sent to needs: shoppers ask what sending costs before they say who they are."""
    return tuple(name for name in NEEDED if name != "email" or unit.client_id != SHOPPERS_CLIENT)


async def added(unit: Unit, cart: Cart, of: Checkout, draft: ConsignmentDraft, name: str, faults: list[Fault]) -> None:
    """Adds a consignment to a checkout; its items leave the consignments that they were in."""
    made = CheckoutConsignment(id=new_id(unit))
    if not draft.line_items:
        faults.append(missing(f"{name}line_items"))
    else:
        made.item_ids = assigned(unit, cart, of, draft.line_items, f"{name}line_items", faults)
    if draft.address:
        made.address = settled(draft.address, f"{name}address.", faults, needed=needed_by(unit))
        made.address.id = new_id(unit)
    if draft.pickup_option:
        await collect(unit, made, draft.pickup_option, name, faults)
    elif not draft.address:
        faults.append(missing(f"{name}address"))
    of.consignments.append(made)


async def collect(unit: Unit, one: CheckoutConsignment, choice: PickupChoice, name: str, faults: list[Fault]) -> None:
    """Makes a consignment one that is collected: it has no shipping option."""
    if await unit.get(pickup_methods.TABLE, choice.pickup_method_id) is None:
        faults.append(invalid(f"{name}pickup_option.pickup_method_id", "must be a pickup method of the store"))
    one.pickup_method_id, one.option_id, one.custom_shipping = choice.pickup_method_id, "", None


def assigned(
    unit: Unit,
    cart: Cart,
    of: Checkout,
    wanted: Sequence[ItemOfConsignment],
    name: str,
    faults: list[Fault],
    own: CheckoutConsignment | None = None,
) -> list[str]:
    """The ids of the items of a consignment, which no other one has then. Of an item that is not wanted whole, the rest
    is an item of its own, and stays where the item was."""
    there = {item.id: item for item in cart.items}
    ids: list[str] = []
    for place, one in enumerate(wanted):
        item = there.get(one.item_id)
        if item is None or item.kind not in SENT:
            faults.append(invalid(f"{name}.{place}.item_id", "must be a physical item of the cart"))
        elif one.item_id in ids:
            faults.append(invalid(f"{name}.{place}.item_id", "must not be named twice"))
        elif one.quantity > item.quantity:
            faults.append(invalid(f"{name}.{place}.quantity", f"must be at most {item.quantity}"))
        else:
            if one.quantity < item.quantity:
                _split(unit, cart, of, item, one.quantity)
            ids.append(one.item_id)
    taken = set(ids)
    for other in of.consignments:
        if other is not own:
            other.item_ids = [item_id for item_id in other.item_ids if item_id not in taken]
    of.consignments = [other for other in of.consignments if other is own or other.item_ids]
    return ids


def _split(unit: Unit, cart: Cart, of: Checkout, item: CartItem, quantity: int) -> None:
    rest = replace(item, id=unit.outside.once(lambda: str(uuid4())), quantity=item.quantity - quantity)
    cart.items = [
        part
        for one in cart.items
        for part in ((replace(one, quantity=quantity), rest) if one.id == item.id else (one,))
    ]
    for other in of.consignments:
        if item.id in other.item_ids:
            other.item_ids = [*other.item_ids, rest.id]


def find(of: Checkout, consignment_id: str) -> CheckoutConsignment:
    """The consignment of this id. Raises Refusal."""
    found = next((one for one in of.consignments if one.id == consignment_id), None)
    if found is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return found


def is_set(value: object) -> bool:
    """Whether a body has a member."""
    return value is not UNSET and value is not None
