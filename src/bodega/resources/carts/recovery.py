"""Winning back the shoppers who left a cart: which e-mails are due when, by the store's clock, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment, epoch, moment
from bodega.kit.resource import Resource
from bodega.resources import outbox
from bodega.resources.carts import abandoned_emails
from bodega.resources.carts.abandoned_settings import SETTINGS, AbandonedCartSettings
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.carts.redirects import PAGE
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import usual_address
from bodega.resources.customers import customer, subscribers
from bodega.resources.marketing.mail_template import Template, render
from bodega.resources.settings.selling import email_statuses
from bodega.resources.settings.shop import store_profile
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.table import Reference
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

AT_ONCE = 100
TYPE = "abandoned_cart_email"
TO_MERCHANT, OF_RECOVERY = "abandoned_cart_merchant_email", "converted_cart_merchant_email"


class Notice(Entity, kw_only=True):
    """An e-mail about a cart that is due at a time; without an e-mail it waits for the merchant's digest."""

    cart_id: Id
    email_id: Id | None = None
    channel_id: Id = channels.DEFAULT
    due: Moment = ""


TABLE = stored(
    "abandoned_cart_notices",
    Notice,
    noun="notice",
    columns="cart_id email_id channel_id due",
    computed={"waits_for": ("INTEGER", lambda notice: None if notice.due else notice.channel_id)},
    indexed="cart_id email_id due waits_for",
    references=[
        Reference("cart_id", "carts", "cart_id", "The cart does not exist.", "CASCADE"),
        Reference("email_id", "abandoned_cart_emails", "email_id", "The e-mail does not exist.", "CASCADE"),
    ],
)


async def left(unit: Unit, cart: Cart) -> None:
    """A cart was left: its shopper is written to when that is due, the merchant at once or with the digest."""
    settings = await SETTINGS.of(unit.tx, cart.channel_id)
    await _forget(unit, cart.id)
    if settings.enable_notification and await _agrees(unit, cart, settings):
        for email in await abandoned_emails.of_channel(unit.tx, cart.channel_id):
            due = moment(epoch(cart.date_modified) + 60 * email.notify_at_minutes)
            await unit.insert(TABLE, Notice(cart_id=cart.id, email_id=email.id, channel_id=cart.channel_id, due=due))
    if settings.email_merchant_when_cart_is_abandoned and settings.merchant_email_address:
        await _tell_the_merchant(unit, cart, settings)


async def _forget(unit: Unit, cart_id: int) -> None:
    sql = "SELECT id FROM abandoned_cart_notices WHERE cart_id = $1"
    await unit.delete(TABLE, await query.values(unit.tx, sql, cart_id))


async def _agrees(unit: Unit, cart: Cart, settings: AbandonedCartSettings) -> bool:
    """Whether the shopper may be written to: where consent is required, the one of a customer or a subscriber."""
    if not settings.marketing_emails_require_customer_consent:
        return True
    row = await unit.get(customer.TABLE, cart.customer_id) if cart.customer_id else None
    if row is not None and row.entity.accepts_product_review_abandoned_cart_emails:
        return True
    found = await query.one(unit.tx, subscribers.TABLE, "email_key = $1", caseless(cart.email))
    return found is not None and "abandoned_cart" in found.entity.consents


async def _tell_the_merchant(unit: Unit, cart: Cart, settings: AbandonedCartSettings) -> None:
    recipient = settings.merchant_email_address
    if settings.merchant_abandoned_cart_email_frequency_type == "individual":
        await _put(unit, TO_MERCHANT, cart, recipient, "A cart was abandoned", _summary([cart]))
        return
    await unit.insert(TABLE, Notice(cart_id=cart.id, channel_id=cart.channel_id))
    rows = await unit.where(TABLE, "waits_for = $1", cart.channel_id)
    if len(rows) < settings.merchant_abandoned_cart_digest_email_frequency:
        return
    carts = await query.entities_of(unit.tx, CARTS, [row.entity.cart_id for row in rows])
    await _put(unit, TO_MERCHANT, cart, recipient, f"{len(carts)} carts were abandoned", _summary(carts))
    await unit.delete(TABLE, [row.entity.id for row in rows])


async def recovered(unit: Unit, cart: Cart) -> None:
    """A cart that was abandoned has become an order: nobody is reminded of it any more."""
    settings = await SETTINGS.of(unit.tx, cart.channel_id)
    await _forget(unit, cart.id)
    if cart.token and settings.email_merchant_when_cart_is_converted and settings.merchant_email_address:
        subject = f"An abandoned cart has become order {cart.order_id}"
        await _put(unit, OF_RECOVERY, cart, settings.merchant_email_address, subject, _summary([cart]))


def _summary(carts: Sequence[Cart]) -> str:
    return "\n".join(f"{cart.email}: {_money(cart.cart_amount)} {cart.currency_code}" for cart in carts)


async def send(unit: Unit) -> None:
    """Puts the e-mails that are due into the outbox, of carts that are still abandoned."""
    due = await unit.where(TABLE, "due > '' AND due <= $1", moment(unit.now), order=f"due, id LIMIT {AT_ONCE}")
    sent: set[int] = set()
    for notice in due:
        row = await unit.get(CARTS, notice.entity.cart_id)
        email = await unit.get(abandoned_emails.TABLE, notice.entity.email_id)
        if row is not None and email is not None and row.entity.id not in sent:
            settings = await SETTINGS.of(unit.tx, row.entity.channel_id)
            wanted = settings.enable_notification and await _sends(unit, row.entity.channel_id)
            if row.entity.status == "abandoned" and email.entity.is_active and wanted:
                await _remind(unit, row.entity, email)
                if not settings.email_customer_until_cart_is_recovered:
                    sent.add(row.entity.id)
    await unit.delete(TABLE, [notice.entity.id for notice in due])
    for cart in sorted(sent):
        await _forget(unit, cart)


async def _sends(unit: Unit, channel_id: int) -> bool:
    """Whether the channel sends e-mails of this kind at all."""
    return (await email_statuses(unit.tx, channel_id)).abandoned_cart_email


async def _remind(unit: Unit, cart: Cart, email: Row) -> None:
    template: Template = email.entity.template
    data = await _facts(unit, cart, email.entity.coupon_code)
    try:
        subject, body = render(template, data, cart.locale)
    except ValueError as error:  # it says too much for one e-mail
        subject, body = template.subject, f"This e-mail could not be made: it {error}."
    await _put(unit, TYPE, cart, cart.email, subject, body)
    await unit.update(abandoned_emails.TABLE, email, replace(email.entity, sent_num=email.entity.sent_num + 1))


async def _facts(unit: Unit, cart: Cart, coupon_code: str) -> dict[str, Any]:
    """What a template can show."""
    row = await unit.get(customer.TABLE, cart.customer_id) if cart.customer_id else None
    name = f"{row.entity.first_name} {row.entity.last_name}" if row is not None else cart.email
    site = await sites.site_of(unit.tx, cart.channel_id)
    profile = await store_profile(unit.tx, cart.channel_id, unit.terms.settings)
    domain = str(unit.terms.settings.get("domain") or "")
    own = usual_address(unit.terms.store, domain, cart.channel_id)
    origin = (site.url if site is not None else "") or own
    link = f"{origin.rstrip('/')}/{PAGE}?" + urlencode({"action": "recover", "token": cart.token})
    items = [
        {"name": one.name, "quantity": one.quantity, "sku": one.sku, "price": _money(one.extended_sale_price)}
        for one in cart.items
    ]
    return {
        "store": {"name": profile.store_name, "url": origin},
        "customer": {"name": name, "email": cart.email},
        "cart": {"id": cart.uuid, "items": items, "total": _money(cart.cart_amount), "currency": cart.currency_code},
        "notification": {"checkout_link": link, "checkout": {"link": link}},
        "coupon_code": coupon_code,
    }


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


async def _put(unit: Unit, type_id: str, cart: Cart, recipient: str, subject: str, body: str) -> None:
    mail = outbox.Mail(
        type_id=type_id,
        channel_id=cart.channel_id,
        cart_id=cart.uuid,
        recipient=recipient,
        subject=subject,
        body=body,
        date_created=moment(unit.now),
    )
    await unit.insert(outbox.TABLE, mail)


RESOURCE = Resource(aggregates=(Aggregate(TABLE),))
DUE = "SELECT 1 FROM abandoned_cart_notices WHERE due > '' AND due <= $1 LIMIT 1"
