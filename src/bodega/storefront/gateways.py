"""Payment gateways: apps that take the payments of a checkout (docs/payments.md). The shopper pays on their page.

What is held is taken only when there is an order, and given back when there can be none. Whatever ends in between, a
worker, the network, the shopper's browser, is gone on with: each request carries the name of its attempt, by which a
gateway knows that it came again, and an attempt that is not settled is looked at until it is. No call is made while a
transaction is open.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal
from secrets import token_hex
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from bodega.access.open_store import OpenStore
from bodega.access.providers import PAYMENT, Provider, provider_of, registered
from bodega.http.app_context import AppContext
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.orders import order
from bodega.resources.payments import attempts, paying
from bodega.resources.payments.attempts import PaymentAttempt
from bodega.storage import query
from bodega.storage.outside import Answer, Ask
from bodega.storage.unit import Unit
from bodega.storefront.ordering import placed
from bodega.storefront.shoppers_api import ShopperRefused, ShoppersApi

LOOK_AGAIN = 120
"""Seconds until an attempt whose shopper does not come back is looked at again; twice as many each time after."""

GIVEN_UP = 86_400
"""Seconds after which a payment that was begun and not made is called off."""

SETTLED = ("paid", "closed")


class Begun(msgspec.Struct):
    """A gateway's answer to `begin`: its name of the payment, and the page where the shopper makes it."""

    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[!-~]{1,2000}$")]


class Standing(msgspec.Struct):
    """A gateway's answer to `look`, `capture` and `cancel`: what is held or taken of a payment."""

    state: Literal["open", "authorized", "captured", "canceled", "failed"]
    amount: Decimal
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Outcome(NamedTuple):
    """How far a payment is: the id of the order that it paid, or why there is none."""

    order_id: int = 0
    words: str = ""


def offered(store: OpenStore) -> tuple[Provider, ...]:
    """The gateways of a store."""
    return registered(store.settings, PAYMENT)


def _judged(kind: Any, body: bytes) -> str:
    try:
        msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"answered with something else: {error}"
    return ""


async def _asked(app: AppContext, store: OpenStore, gateway: str, operation: str, body: Mapping[str, Any]) -> Any:
    """What a gateway answers; None if it did not. Nothing may be open."""
    provider = provider_of(store.settings, PAYMENT, gateway)
    if provider is None or app.consult is None:
        return None
    kind: Any = Begun if operation == "begin" else Standing
    ask = Ask(
        kind=PAYMENT,
        provider=provider.id,
        operation=operation,
        url=f"{provider.url}/{operation}",
        content=msgspec.json.encode(body),
        client_id=provider.client_id,
        signed=True,
        judge=functools.partial(_judged, kind),
    )
    answer: Answer = await app.consult(store, ask)
    return None if answer.body is None else msgspec.json.decode(answer.body, type=kind)


async def begin(api: ShoppersApi, cart: Cart, amount: Decimal, gateway: str, back: str) -> str:
    """Where the shopper pays; empty if the gateway cannot be asked. `back` is the address that the gateway leads back
    to, with `?attempt=KEY`. An attempt at the same cart for the same amount goes on. Raises ShopperRefused."""

    async def open_one(unit: Unit) -> PaymentAttempt:
        row = await unit.get(CARTS, cart.id)
        if row is None or row.entity.order_id:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        for known in await unit.where(attempts.TABLE, "cart_id = $1", cart.id):
            one: PaymentAttempt = known.entity
            same = (one.gateway, one.amount, one.edition) == (gateway, amount, row.entity.edition)
            if same and one.stage in ("begun", "open"):
                return one
        made = PaymentAttempt(
            key=token_hex(16), cart_id=cart.id, gateway=gateway, amount=amount, currency=cart.currency_code,
            edition=row.entity.edition, created=unit.now, due=unit.now + LOOK_AGAIN,
        )  # fmt: skip
        kept: PaymentAttempt = (await unit.insert(attempts.TABLE, made)).entity
        return kept

    one = await api.write(open_one)
    if one.url:
        return one.url
    body = {
        "id": one.key, "store": api.store.record.hash, "checkout_id": cart.uuid, "amount": str(one.amount),
        "currency": one.currency, "email": cart.email, "return_url": f"{back}?attempt={one.key}",
        "cancel_url": f"{back}?attempt={one.key}",
        "items": [{"name": item.name, "quantity": item.quantity} for item in cart.items],
    }  # fmt: skip
    begun: Begun | None = await _asked(api.app, api.store, gateway, "begin", body)
    if begun is None:
        return ""
    told: Begun = begun

    async def keep(unit: Unit) -> None:
        await _staged(unit, one.id, stage="open", reference=told.reference, url=told.url)

    await api.write(keep)
    return told.url


async def _staged(unit: Unit, attempt_id: int, **facts: Any) -> None:
    row = await unit.get(attempts.TABLE, attempt_id)
    if row is not None:
        await unit.update(attempts.TABLE, row, replace(row.entity, **facts))


async def attempt_of(store: OpenStore, key: str) -> PaymentAttempt | None:
    """The attempt of this name."""
    assert store.rows is not None
    row = await query.one(store.rows.reader, attempts.TABLE, "key = $1", key) if len(key) <= 64 else None
    found: PaymentAttempt | None = None if row is None else row.entity
    return found


async def settle(api: ShoppersApi, one: PaymentAttempt) -> Outcome:
    """Takes an attempt as far as it goes now: to an order that is paid, or to nothing. Any number of callers may do so
    at the same time."""
    if one.stage == "paid":
        return Outcome(one.order_id)
    if one.stage == "closed":
        return Outcome(words="The payment was not made. Nothing was ordered.")
    if one.stage == "refused":
        return await _given_back(api, one)
    if one.stage == "ordered":
        return await _taken(api, one)
    return await _looked(api, one)


async def _looked(api: ShoppersApi, one: PaymentAttempt) -> Outcome:
    if not one.reference:
        await _later(api, one, closes=True)
        return Outcome(words="The payment was not begun. Try again.")
    found: Standing | None = await _asked(api.app, api.store, one.gateway, "look", {"reference": one.reference})
    if found is None:
        await _later(api, one)
        return Outcome(words="The gateway does not answer just now. Nothing was ordered yet.")
    if found.state == "open":
        if api.store.time() - one.created > GIVEN_UP:
            return await _given_back(api, one)
        await _later(api, one)
        return Outcome(words="The payment was not made. Nothing was ordered.")
    if found.state in ("canceled", "failed"):
        await _write(api, one, stage="closed", due=0)
        return Outcome(words="The payment was declined. Nothing was ordered.")
    return await _ordered(api, one, found)


async def _ordered(api: ShoppersApi, one: PaymentAttempt, found: Standing) -> Outcome:
    """The money is held: now there is an order, or it goes back."""

    async def order_it(unit: Unit) -> PaymentAttempt:
        held = await unit.get(attempts.TABLE, one.id)
        row = await unit.get(CARTS, one.cart_id)
        if held is None or row is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        now: PaymentAttempt = held.entity
        if now.stage not in ("begun", "open"):
            return now
        if row.entity.order_id or row.entity.edition != now.edition or found.currency != now.currency:
            raise Refusal(Reason.PAYMENT_STATE, "The cart has changed since the payment was begun.")
        made = await placed(unit, one.cart_id)
        if paying.owed(made.entity) != now.amount or found.amount != now.amount:
            raise Refusal(Reason.PAYMENT_STATE, "What is owed has changed since the payment was begun.")
        await paying.take(unit, made, now.amount, f"{now.gateway}.card", pending=True, reference=now.reference)
        new = replace(now, stage="ordered", order_id=made.entity.id, due=unit.now)
        await unit.update(attempts.TABLE, held, new)
        return new

    try:
        now = await api.write(order_it)
    except ShopperRefused as refused:
        await _write(api, one, stage="refused", due=api.store.time())
        await _given_back(api, replace(one, stage="refused"))
        return Outcome(words=f"Nothing was ordered, and the payment is given back: {refused}")
    return await settle(api, now)


async def _taken(api: ShoppersApi, one: PaymentAttempt) -> Outcome:
    """There is an order: the money is taken. Until it is, the order awaits its payment."""
    body = {"id": f"{one.key}-capture", "reference": one.reference, "amount": str(one.amount), "currency": one.currency}
    found: Standing | None = await _asked(api.app, api.store, one.gateway, "capture", body)
    if found is None or found.state != "captured":
        await _later(api, one)
        return Outcome(one.order_id)

    async def record(unit: Unit) -> None:
        held = await unit.get(attempts.TABLE, one.id)
        row = await unit.get(order.TABLE, one.order_id)
        if held is None or held.entity.stage != "ordered":
            return
        if row is not None and paying.owed(row.entity):
            await paying.take(unit, row, one.amount, f"{one.gateway}.card", reference=one.reference)
        await unit.update(attempts.TABLE, held, replace(held.entity, stage="paid", due=0))

    await api.write(record)
    return Outcome(one.order_id)


async def _given_back(api: ShoppersApi, one: PaymentAttempt) -> Outcome:
    """What is held goes back to the shopper."""
    found: Standing | None = await _asked(api.app, api.store, one.gateway, "cancel", {"reference": one.reference})
    if found is None or found.state not in ("canceled", "failed"):
        await _later(api, one)
    else:
        await _write(api, one, stage="closed", due=0)
    return Outcome(words="The payment was called off. Nothing was ordered.")


async def _later(api: ShoppersApi, one: PaymentAttempt, *, closes: bool = False) -> None:
    """Looks again, each time after twice as long; an attempt that no gateway knows of ends after a day."""
    now = api.store.time()
    age = max(now - one.created, LOOK_AGAIN)
    if closes and age > GIVEN_UP:
        await _write(api, one, stage="closed", due=0)
    else:
        await _write(api, one, due=now + min(age, GIVEN_UP))


async def _write(api: ShoppersApi, one: PaymentAttempt, **facts: Any) -> None:
    await api.write(lambda unit: _staged(unit, one.id, **facts))


async def settle_due(app: AppContext, store: OpenStore) -> None:
    """Goes on with the attempts of a store that are due. Raises Busy."""
    assert store.rows is not None
    api = ShoppersApi(app, store, "")
    for attempt_id in await query.values(store.rows.reader, attempts.DUE, store.time()):
        row = await query.get(store.rows.reader, attempts.TABLE, attempt_id)
        if row is not None:
            await settle(api, row.entity)
