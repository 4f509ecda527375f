"""The operations of carts: made, read, changed item by item, deleted (rules 30 and 119)."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from msgspec import UNSET
from msgspec.structs import replace

from bodega.kit.actions import Action
from bodega.kit.body import Changes
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.events import channel_of, events
from bodega.kit.fields import moment
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Emptied, Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.carts import basket, items, redirects
from bodega.resources.carts.cart import SCOPE, TABLE, Cart, CartItem, fire_cart_event, told
from bodega.resources.carts.document import BANNERS, LINKS, OPTIONS, cart_members, document
from bodega.resources.carts.drafts import Certificates, CurrencyDraft, CustomItems, ItemDraft, Items
from bodega.resources.carts.metafields import delete_with_cart
from bodega.resources.carts.settings import SETTINGS, language_of
from bodega.resources.customers.customer import TABLE as CUSTOMERS
from bodega.resources.store import channel_currencies, channels
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import dangling
from bodega.storage.query import Row
from bodega.storage.unit import Unit

MEMBERS = (
    "id customer_id channel_id email currency tax_included base_amount discount_amount manual_discount_amount"
    " cart_amount coupons discounts line_items created_time updated_time locale version"
)
WRITTEN = "customer_id channel_id locale"
_KEPT = " ".join(name for name in Cart.__struct_fields__ if name not in WRITTEN.split())
_BODY = {"line_items": Items, "custom_items": CustomItems, "gift_certificates": Certificates}


async def _nothing(_context: Any, _ids: Any) -> dict[int, bytes]:
    return {}


INCLUDES = {name: Include(_nothing) for name in (LINKS, *OPTIONS.values(), BANNERS)}
"""What a query may ask for; `document.py` puts it into the cart."""


def _shape(read_only: str, **write_only: Any) -> V3Shape:
    return V3Shape(
        Cart,
        required="",
        read_only=read_only,
        write_only=write_only,
        view=lambda cart: cart_members(cart, {}, ""),
        members=MEMBERS,
    )


post = _shape(_KEPT, currency=CurrencyDraft, **_BODY)
put = _shape(f"{_KEPT} channel_id locale", version=int)
more = _shape(f"{_KEPT} {WRITTEN}", version=int, **_BODY)
one = _shape(f"{_KEPT} {WRITTEN}", version=int, line_item=ItemDraft)
linked = _shape(f"{_KEPT} {WRITTEN}", query_params=redirects.Parameters)
last = _shape(f"{_KEPT} {WRITTEN}", version=int)

_LIST = Listing(TABLE, 3, "", includes=INCLUDES, shown=post.shown, always=("id",))


def _endpoint(home: str, shape: V3Shape) -> Endpoint:
    return Endpoint(3, TABLE, _LIST, SCOPE, home, v3=shape, key="uuid")


async def _document(context: Context, cart: Cart) -> bytes:
    links = await redirects.links(context, cart) if LINKS in context.query.include else None
    return await document(context, cart, links)


async def _whole(context: Context, row: Row) -> bytes:
    return b'{"data":' + await _document(context, row.entity) + b',"meta":{}}'


async def _created(context: Context, row: Row) -> Created:
    """The cart as it is now, with its address: so published also for what changes one."""
    made = Created(ready=await _whole(context, row), state=Validator(row.version, row.modified))
    made.location = f"{context.base.url}/carts/{row.entity.uuid}"
    return made


class _OnCart(Action):
    """An action on the cart that the path names first."""

    files = True

    async def find(self, context: Context) -> Found:
        found = await self.selection.item(replace(context, ids=context.ids[:1]))
        if found.row.entity(TABLE).order_id:
            raise Refusal(Reason.NO_SUCH_ENTITY)  # it became an order
        return found

    async def shown(self, context: Context, row: Row) -> Shown:
        """The cart as it is now."""
        return Shown(ready=await _whole(context, row), state=Validator(row.version, row.modified))


class ShowCart(_OnCart):
    """GET."""

    async def answer(self, context: Context, found: Found) -> Outcome:
        return await self.shown(context, found.row.decoded(TABLE, held=False))


class CreateCart(Action):
    """POST: a cart has at least one item."""

    anew = True
    writes = True
    body = True
    files = True

    def read(self, content: Any) -> Any:
        return post.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        return await _created(context, await place(unit, write.draft))


async def place(unit: Unit, draft: Changes) -> Row:
    """Makes a cart. Raises Refusal."""
    if not any(draft.get(name) for name in items.PARTS):
        raise refuse_faults([missing("line_items")])
    faults: list[Fault] = []
    channel_id, customer_id = draft.get("channel_id", channels.DEFAULT), draft.get("customer_id", 0)
    channel = await unit.get(channels.TABLE, channel_id)
    if channel is None:
        faults.append(dangling("channel_id", "The channel does not exist.", [channel_id]))
    elif channel.entity.status in channels.ENDED:
        faults.append(invalid("channel_id", f"must be a channel that sells: {channel_id} is {channel.entity.status}"))
    elif not (await SETTINGS.of(unit.tx, channel_id)).allow_purchasing:
        faults.append(invalid("channel_id", f"must be a channel that sells: {channel_id} does not allow purchasing"))
    email = await _email_of(unit, customer_id, faults)
    currency: CurrencyDraft | None = draft.get("currency")
    sold_in = (await channel_currencies.of_channels(unit.tx, [channel_id]))[channel_id]
    code = sold_in.default if currency is None else currency.code.upper()
    if code not in sold_in.enabled:
        faults.append(
            invalid("currency.code", f"must be one of those of channel {channel_id}: {', '.join(sold_in.enabled)}")
        )
    if faults:
        raise refuse_faults(faults)
    now = moment(unit.now)
    cart = Cart(
        uuid=str(uuid4()),
        customer_id=customer_id,
        channel_id=channel_id,
        email=email,
        currency_code=code,
        locale=draft.get("locale") or (await language_of(unit)),
        date_created=now,
        date_modified=now,
        redirect_key=secrets.token_urlsafe(24),
    )
    money = await basket.money_of_cart(unit.tx, cart)
    cart.currency_code = money.code
    cart.items = await items.added(unit, cart, draft)
    await basket.reprice(unit, cart)
    return await unit.insert(TABLE, cart)


async def _email_of(unit: Unit, customer_id: int, faults: list[Fault]) -> str:
    if not customer_id:
        return ""
    row = await unit.get(CUSTOMERS, customer_id)
    if row is None:
        faults.append(dangling("customer_id", "The customer does not exist.", [customer_id]))
        return ""
    email: str = row.entity.email
    return email


async def held(unit: Unit, write: Write) -> Row:
    """The cart inside the transaction, once its version is that of the body (rule 30). Raises Refusal."""
    row = await unit.get(TABLE, write.found.entity_id)
    if write.recheck is not None:
        write.recheck(None if row is None else Validator(row.version, row.modified))
    if row is None or row.entity.order_id:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    version = (write.draft or {}).get("version", UNSET)
    if version is not UNSET and version != row.entity.edition:
        details = {"version": row.entity.edition}
        raise Refusal(Reason.VERSION_CONFLICT, details=details)
    return row


async def saved(unit: Unit, old: Row, cart: Cart) -> Row:
    """Prices and writes a changed cart: one more edition; an abandoned one is active again. What says nothing new is
    not written."""
    cart.status = "active"
    await basket.reprice(unit, cart)
    if cart == old.entity:
        return old
    cart.edition = old.entity.edition + 1
    cart.date_modified = moment(unit.now)
    return await unit.update(TABLE, old, cart)


class ChangeCart(_OnCart):
    """PUT: another customer."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return put.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await held(unit, write)
        faults: list[Fault] = []
        customer_id = write.draft.get("customer_id", old.entity.customer_id)
        email = await _email_of(unit, customer_id, faults)
        if faults:
            raise refuse_faults(faults)
        changed = replace(old.entity, customer_id=customer_id, email=email)
        return await _created(context, await saved(unit, old, changed))


class AddItems(_OnCart):
    """POST of items."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return more.read(content, creating=False)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await held(unit, write)
        if not any(write.draft.get(name) for name in items.PARTS):
            raise refuse_faults([missing("line_items")])
        if not (await SETTINGS.of(unit.tx, old.entity.channel_id)).allow_purchasing:
            raise refuse_faults([invalid("line_items", "cannot be added: the channel does not allow purchasing")])
        changed = replace(old.entity, items=await items.added(unit, old.entity, write.draft))
        row = await saved(unit, old, changed)
        await tell_of_items(unit, old.entity.items, row.entity)
        return await _created(context, row)


class ChangeItem(_OnCart):
    """PUT of an item: a quantity of 0 removes it."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        draft = one.read(content, creating=False)
        if "line_item" not in draft:
            raise refuse_faults([missing("line_item")])
        return draft

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        items.item_of(found.row.entity(TABLE), context.ids[1])
        return found

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await held(unit, write)
        item = items.item_of(old.entity, context.ids[1])
        if not item.product_id or not item.is_mutable:
            what = "added by a promotion" if item.product_id else "not from the catalogue"
            raise refuse_faults([invalid("line_item", f"cannot be changed: the item is {what}")])
        kept = await items.changed(unit, old.entity, item, write.draft["line_item"])
        return await leave(self, unit, context, old, kept)


class DropItem(_OnCart):
    """DELETE of an item; with the last one the cart goes."""

    writes = True
    body = False

    async def find(self, context: Context) -> Found:
        found = await super().find(context)
        items.item_of(found.row.entity(TABLE), context.ids[1])
        return found

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await held(unit, write)
        gone = items.item_of(old.entity, context.ids[1])
        kept = [item for item in old.entity.items if gone.id not in (item.id, item.parent_id)]
        return await leave(self, unit, context, old, kept)


async def leave(action: _OnCart, unit: Unit, context: Context, old: Row, kept: list[CartItem]) -> Outcome:
    """The cart with the items that are left, as it is shown."""
    row = await left(unit, old, kept)
    return Emptied() if row is None else await action.shown(context, row)


async def left(unit: Unit, old: Row, kept: list[CartItem]) -> Row | None:
    """The cart with the items that are left; None: without any it is deleted (rule 119)."""
    if not any(not item.added_by_promotion for item in kept):
        await tell_of_items(unit, old.entity.items, replace(old.entity, items=[]))
        await unit.delete(TABLE, [old.entity.id])
        return None
    row = await saved(unit, old, replace(old.entity, items=kept))
    await tell_of_items(unit, old.entity.items, row.entity)
    return row


class DropCart(_OnCart):
    """DELETE."""

    writes = True

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        old = await held(unit, write)
        await unit.delete(TABLE, [old.entity.id])
        return Emptied()


class MakeLinks(_OnCart):
    """POST of redirect URLs."""

    anew = True
    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return linked.read(content, creating=False) if content.strip() else {}

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        row = await held(unit, write)
        made = await redirects.links(context, row.entity, write.draft.get("query_params", {}))
        return Created(ready=json({"data": made, "meta": {}}), state=Validator(row.version, row.modified))


async def tell_of_items(unit: Unit, before: list[CartItem], cart: Cart) -> None:
    """Fires the events of line items: those that came, changed in quantity, or went."""
    was = {item.id: item for item in before}
    now = {item.id: item for item in cart.items}
    changes = [
        ("created", [key for key in now if key not in was]),
        ("updated", [key for key in now if key in was and now[key].quantity != was[key].quantity]),
        ("deleted", [key for key in was if key not in now]),
    ]
    for word, ids in changes:
        for item_id in ids:
            data = {"type": "cart_line_item", "id": item_id, "cartId": cart.uuid}
            await fire_cart_event(unit, cart, f"lineItem/{word}", data)


async def tell_of_first_items(unit: Unit, old: Cart | None, new: Cart) -> None:
    """Rule 132: a new cart is told of as created and updated, and its items as created."""
    if old is None:
        await fire_cart_event(unit, new, "updated")
        await tell_of_items(unit, [], new)


POST = _endpoint("", post)
PUT = _endpoint("", put)
MORE = _endpoint("", more)
ONE = _endpoint("", one)
LINKED = _endpoint("", linked)
LAST = _endpoint("", last)

routes = (
    route("carts", 3, POST=CreateCart(POST)),
    route("carts/{cart_id:text}", 3, GET=ShowCart(POST), PUT=ChangeCart(PUT), DELETE=DropCart(LAST)),
    route("carts/{cart_id:text}/redirect_urls", 3, POST=MakeLinks(LINKED)),
    route("carts/{cart_id:text}/items", 3, POST=AddItems(MORE)),
    route("carts/{cart_id:text}/items/{item_id:text}", 3, PUT=ChangeItem(ONE), DELETE=DropItem(LAST)),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_delete=(delete_with_cart,),
            after_write=(tell_of_first_items,),
            signals=(
                *events("store/cart", data=told),
                *events("store/channel/#/cart", data=told, channels=channel_of),
            ),
        ),
    ),
    routes=routes,
)
