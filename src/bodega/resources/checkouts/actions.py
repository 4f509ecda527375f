"""What all operations of checkouts have in common: a cart and its checkout are read, changed, priced and kept together.

A checkout is a cart: it has the same id and the same version, and each change of it is one of the cart.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from bodega.access.settings import with_defaults
from bodega.domain.pricing.quote import Quote
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.carts import basket
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import changing, checkout, costs
from bodega.resources.checkouts.checkout import SCOPE, Checkout
from bodega.resources.checkouts.document import BANNERS, LINES, MEMBERS, OPTIONS, Offered, document, members
from bodega.resources.providers.shipping_rates import Asking
from bodega.storage.query import Row
from bodega.storage.unit import Unit


async def _nothing(_context: Any, _ids: Any) -> dict[int, bytes]:
    return {}


INCLUDES = {name: Include(_nothing) for name in (*LINES, OPTIONS, BANNERS)}
"""What a query may ask for; `document.py` puts it into the checkout."""


def shape_of(required: str = "", **written: Any) -> V3Shape:
    """The shape of a checkout, with what one operation takes besides."""
    return V3Shape(
        Checkout,
        required=required,
        read_only=" ".join(Checkout.__struct_fields__),
        write_only={"version": int, **written},
        view=lambda of: members(Cart(uuid=""), of, {}, ""),
        members=MEMBERS,
    )


_LIST = Listing(CARTS, 3, "", includes=INCLUDES, shown=MEMBERS.split(), always=("id",))


def _endpoint(shape: V3Shape) -> Endpoint:
    return Endpoint(3, CARTS, _LIST, SCOPE, "", v3=shape, key="uuid")


class ShowCheckout(Action):
    """GET. A cart at whose checkout nothing was said yet has one as well."""

    files = True

    def __init__(self, shape: V3Shape) -> None:
        super().__init__(_endpoint(shape))
        self.shape = shape

    def read(self, content: Any) -> Any:
        return self.shape.read(content, creating=True)

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(replace(context, ids=context.ids[:1]))
        of = await context.reader.row("SELECT version, modified FROM checkouts WHERE id = $1", found.entity_id)
        if of is None or found.state is None:
            return found
        return replace(found, state=Validator.of_all(found.state, Validator(*of)))

    async def answer(self, context: Context, found: Found) -> Outcome:
        cart = found.row.decoded(CARTS, held=False).entity
        of = await costs.checkout_of(context.reader, found.entity_id) or Checkout(cart_id=cart.id)
        return await self.shown(context, cart, of, found.state)

    async def shown(self, context: Context, cart: Cart, of: Checkout, state: Validator | None) -> Shown:
        """The checkout as it is now."""
        offered = await _offered(context, cart, of) if OPTIONS in context.query.include else {}
        ready = b'{"data":' + await document(context, cart, of, offered) + b',"meta":{}}'
        return Shown(ready=ready, state=state)


async def _offered(context: Context, cart: Cart, of: Checkout) -> Offered:
    money = await basket.money_of_cart(context.reader, cart)
    known = await costs.weights_of(context.reader, cart)
    owed = {item.id: item.extended_sale_price - item.coupon_amount for item in cart.items}
    asking = Asking(with_defaults(context.record.settings), context.outside)
    return {
        one.id: await costs.options_of(context.reader, cart, one, owed, money, known, asking) for one in of.consignments
    }


class ChangeCheckout(ShowCheckout):
    """A write. `change` says what becomes of the checkout and its cart; then both are priced and kept."""

    writes = True
    body = True

    async def change(self, unit: Unit, cart: Cart, of: Checkout, draft: Any, ids: tuple[Any, ...]) -> None:
        """Changes both. Raises Refusal."""
        raise NotImplementedError

    async def priced(self, unit: Unit, before: Cart, cart: Cart, answer: Quote, draft: Any) -> None:
        """Looks at what a change came to. Raises Refusal."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old, kept = await held(unit, write)
        draft = write.draft
        refuse_other_version(old.entity, draft)

        async def change(cart: Cart, of: Checkout) -> None:
            await self.change(unit, cart, of, draft, context.ids)

        async def judge(cart: Cart, answer: Quote) -> None:
            await self.priced(unit, old.entity, cart, answer, draft)

        made = await changing.write_changed(unit, old, kept, change, judge)
        if made is None:
            return await self.shown(context, old.entity, changing.copy_of(kept, old.entity), write.found.state)
        row, own = made
        state = Validator.of_all(Validator(row.version, row.modified), Validator(own.version, own.modified))
        return await self.shown(context, row.entity, own.entity, state)


async def held(unit: Unit, write: Write) -> tuple[Row, Row | None]:
    """The rows of the cart and of its checkout inside the transaction. Raises Refusal."""
    row = await unit.get(CARTS, write.found.entity_id)
    kept = None if row is None else await unit.get(checkout.TABLE, row.entity.id)
    if write.recheck is not None:
        states = [Validator(one.version, one.modified) for one in (row, kept) if one is not None]
        write.recheck(None if row is None else states[0] if len(states) == 1 else Validator.of_all(*states))
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return row, kept


def refuse_other_version(cart: Cart, draft: Any) -> None:
    """Rule 30: a body that names a version is meant for that one. Raises Refusal."""
    drafts = draft if isinstance(draft, list) else [draft]
    for one in drafts:
        said = one.get("version", UNSET) if isinstance(one, dict) else one.version
        if said is not UNSET and said != cart.edition:
            raise Refusal(Reason.VERSION_CONFLICT, details={"version": cart.edition})


def refuse(faults: list[Fault]) -> None:
    """Raises Refusal if there are any."""
    if faults:
        raise refuse_faults(faults)
