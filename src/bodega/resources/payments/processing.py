"""Processing a payment: on a path and with credentials of its own. The instruments are those for tests.

An order is paid once: a request that comes again with the same token answers with the same transaction, and an order
that is paid takes no other payment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from bodega.access.payment_tokens import PaymentGrant
from bodega.access.settings import with_defaults
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import Line
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.resources.customers import stored_instruments
from bodega.resources.customers.stored_instruments import StoredCard
from bodega.resources.marketing import gift_certificate_codes as codes
from bodega.resources.orders import order
from bodega.resources.orders.order import Order
from bodega.resources.payments import access_tokens, paying
from bodega.resources.payments.access_tokens import PaymentToken
from bodega.resources.payments.cards import SENTENCES, Card, Verdict, brand_of, digits_of, verdict_on
from bodega.resources.payments.paying import CARD, CERTIFICATE, CREDIT
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

Unset = UnsetType
Token = Annotated[str, msgspec.Meta(min_length=64, max_length=64)]
Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
Year = Annotated[int, msgspec.Meta(ge=1970, le=9999)]
Kind = Literal[
    "card", "stored_card", "stored_paypal_account", "stored_bank_account", "gift_certificate", "store_credit",
    "tokenized_card",
]  # fmt: skip


class Instrument(msgspec.Struct, kw_only=True):
    """What is paid with. Which members it needs depends on its type."""

    type: Kind
    cardholder_name: Line | Unset = UNSET
    number: Annotated[str, msgspec.Meta(max_length=40)] | Unset = UNSET
    expiry_month: Month | Unset = UNSET
    expiry_year: Year | Unset = UNSET
    verification_value: Annotated[str, msgspec.Meta(min_length=3, max_length=4)] | Unset = UNSET
    issue_month: Month | Unset = UNSET
    issue_year: Year | Unset = UNSET
    issue_number: int | Unset = UNSET
    token: Token | Unset = UNSET
    gift_certificate_code: Line | Unset = UNSET
    iin: Line | Unset = UNSET
    last_four_digits: Line | Unset = UNSET
    expiration_month: Line | Unset = UNSET
    expiration_year: Line | Unset = UNSET


class PaymentDraft(msgspec.Struct, kw_only=True):
    """A payment: an instrument, by a method that the order accepts."""

    instrument: Instrument
    payment_method_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    save_instrument: bool = False


NEEDED: dict[str, tuple[str, ...]] = {
    "card": ("cardholder_name", "number", "expiry_month", "expiry_year"),
    "stored_card": ("token",),
    "stored_paypal_account": ("token",),
    "stored_bank_account": ("token",),
    "tokenized_card": ("token",),
    "gift_certificate": ("gift_certificate_code",),
    "store_credit": (),
}
TEST = "payments.test"
"""The setting that offers the test gateway: where it is off, nobody pays by a card that costs nothing."""

METHODS = {"gift_certificate": CERTIFICATE, "store_credit": CREDIT}
"""The method of each instrument; of all others the card's."""

v3 = V3Shape(
    PaymentToken,
    required="payment",
    read_only=" ".join(PaymentToken.__struct_fields__),
    write_only={"payment": PaymentDraft},
    view=lambda _token: {},
    members="id transaction_type status",
)
V3 = Endpoint(
    3, access_tokens.TABLE, Listing(access_tokens.TABLE, 3, ""), access_tokens.SCOPE, "", v3=v3, secret=True
)  # fmt: skip


def read_payment(content: Any) -> PaymentDraft:
    """The payment that a body says. Raises Refusal."""
    draft: PaymentDraft = v3.read(content, creating=True)["payment"]
    one, at = draft.instrument, "payment.instrument"
    faults: list[Fault] = [missing(f"{at}.{name}") for name in NEEDED[one.type] if not getattr(one, name)]
    if isinstance(one.number, str) and one.number and not digits_of(one.number):
        faults.append(invalid(f"{at}.number", "must be the number of a card"))
    if draft.payment_method_id != METHODS.get(one.type, CARD):
        faults.append(invalid("payment.payment_method_id", "must be a method that takes this instrument"))
    if faults:
        raise refuse_faults(faults)
    return draft


class ProcessPayment(Action):
    """POST."""

    writes = True
    body = True

    def read(self, content: Any) -> Any:
        return read_payment(content)

    async def find(self, context: Context) -> Found:
        assert context.grant is not None
        return Found(entity_id=await held_by(context.reader, context.grant))

    async def prefetch(self, context: Context, found: Found, draft: Any) -> None:
        """Wrong codes of gift certificates are counted, for the order and by the network address: they are worth money.
        They are counted apart, since the request is refused for them."""
        if draft.instrument.type != "gift_certificate" or not context.may_fetch:
            return
        assert context.grant is not None
        assert context.apart is not None
        counted = codes.of_payment(context.grant.order_id, context.grant.address)
        await codes.may_guess(context.reader, context.now, counted)
        if not await codes.is_right(context.reader, str(draft.instrument.gift_certificate_code)):
            await context.apart(lambda unit: codes.count_wrong(unit, counted))

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        return Created(ready=json({"data": await processed(unit, write.found.entity_id, write.draft)}))


async def held_by(reader: Tx, grant: PaymentGrant) -> int:
    """The id of the token that grants this. Raises Refusal."""
    row = await query.one(reader, access_tokens.TABLE, "jti = $1", grant.jti)
    if row is None or row.entity.order_id != grant.order_id or row.entity.expires != grant.exp:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return int(row.entity.id)


async def processed(unit: Unit, token_id: int, draft: PaymentDraft) -> dict[str, Any]:
    """What came of a payment by a token: a second one with it is the first. Raises Refusal."""
    held = await unit.get(access_tokens.TABLE, token_id)
    row = None if held is None else await unit.get(order.TABLE, held.entity.order_id)
    if held is None or row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    kept: PaymentToken = held.entity
    if not kept.transaction_id:
        if not paying.owed(row.entity):
            message = "The order has nothing left to pay."
            raise Refusal(Reason.PAYMENT_STATE, message, details={"payment_status": row.entity.payment_status})
        transaction, pending = await charge(unit, row, draft)
        kept = msgspec.structs.replace(kept, transaction_id=transaction, pending=pending)
        await unit.update(access_tokens.TABLE, held, kept)
    return {
        "id": str(kept.transaction_id),
        "transaction_type": "purchase",
        "status": "pending" if kept.pending else "success",
    }


async def charge(unit: Unit, row: Row, draft: PaymentDraft) -> tuple[int, bool]:
    """Pays what is owed of an order; the transaction, and whether it waits for the shopper. Raises Refusal."""
    one = draft.instrument
    if one.type == "gift_certificate":
        return await paying.by_certificate(unit, row, str(one.gift_certificate_code)), False
    if one.type == "store_credit":
        return await paying.by_credit(unit, row), False
    if not with_defaults(unit.terms.settings)[TEST]:
        raise Refusal(Reason.PAYMENT_STATE, "This store takes no cards here: its test gateway is off.")
    card, verdict, token = await _card(unit, row.entity, one)
    if verdict in SENTENCES:
        raise Refusal(Reason.PAYMENT_DECLINED, SENTENCES[verdict], details={"decline_code": verdict})
    if draft.save_instrument and one.type == "card" and card is not None:
        token = await _save(unit, row.entity, card, verdict)
    pending = verdict == "needs_confirmation"
    more: dict[str, Any] = {} if card is None else {"credit_card": _told(card)}
    amount = paying.owed(row.entity)
    made = await paying.take(unit, row, amount, CARD, pending, payment_instrument_token=token, **more)
    return made, pending


async def _card(unit: Unit, of: Order, one: Instrument) -> tuple[Card | None, Verdict, str | None]:
    """The card of an instrument, what the test gateway says to it, and its token if it is stored. Raises Refusal."""
    if one.type == "tokenized_card":
        return None, "approved", None
    if one.type != "card":
        found = await query.one(
            unit.tx, stored_instruments.TABLE, "token = $1 AND customer_id = $2", one.token, of.customer_id
        )
        if found is None or one.type != "stored_card":
            raise refuse_faults([invalid("payment.instrument.token", "must be a stored instrument of the customer")])
        kept: StoredCard = found.entity
        card = Card(kept.brand, kept.issuer_identification_number, kept.last_4, kept.expiry_month, kept.expiry_year)  # type: ignore[arg-type]
        return card, _dated(unit, card, kept.verdict), kept.token  # type: ignore[arg-type]
    digits = digits_of(str(one.number))
    assert isinstance(one.expiry_month, int)
    assert isinstance(one.expiry_year, int)
    card = Card(brand_of(digits), digits[:6], digits[-4:], one.expiry_month, one.expiry_year)
    return card, _dated(unit, card, verdict_on(digits)), None


def _dated(unit: Unit, card: Card, verdict: Verdict) -> Verdict:
    """A card that has expired by the store's clock is declined."""
    now = datetime.fromtimestamp(unit.now, UTC)
    return "expired_card" if (card.expiry_year, card.expiry_month) < (now.year, now.month) else verdict


def _told(card: Card) -> dict[str, Any]:
    return {
        "card_type": card.brand.lower(),
        "card_iin": card.iin,
        "card_last4": card.last_4,
        "card_expiry_month": card.expiry_month,
        "card_expiry_year": card.expiry_year,
    }


async def _save(unit: Unit, of: Order, card: Card, verdict: Verdict) -> str | None:
    """Keeps a card for the customer, for the next order; a guest has nowhere to keep one."""
    if not of.customer_id:
        return None
    billing = of.billing_address
    made = StoredCard(
        customer_id=of.customer_id,
        token=token_hex(32),
        brand=card.brand,
        expiry_month=card.expiry_month,
        expiry_year=card.expiry_year,
        issuer_identification_number=card.iin,
        last_4=card.last_4,
        is_default=not await stored_instruments.of_customer(unit.tx, of.customer_id),
        billing_address={
            "first_name": billing.first_name,
            "last_name": billing.last_name,
            "email": billing.email,
            "company": billing.company,
            "address1": billing.street_1,
            "address2": billing.street_2,
            "city": billing.city,
            "state_or_province": billing.state,
            "country_code": billing.country_iso2,
            "postal_code": billing.zip,
            "phone": billing.phone,
        },
        verdict=verdict,
    )
    await unit.insert(stored_instruments.TABLE, made)
    return made.token


RESOURCE = Resource(routes=(route("payments", 3, POST=ProcessPayment(V3)),))
