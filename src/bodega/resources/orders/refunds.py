"""Refunds of orders in V3: quotes, refunds, and what they change. Rule 87: they never give stock back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.declare.actions import Action, ListAll, ShowItem
from bodega.declare.call import Call
from bodega.declare.entity import Entity, stored
from bodega.declare.facet import Facet, Within
from bodega.declare.fields import Id, Line, Moment, Money, clean_decimal, clean_moment, moment
from bodega.declare.listing import Filter, Listing, listed, parser
from bodega.declare.render import json
from bodega.declare.route import route
from bodega.declare.shape import V3Shape
from bodega.domain import refunds
from bodega.domain.refunds import Due
from bodega.domain.totals import Amount, rounded
from bodega.law.outcome import Created, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.resources.orders import fees, line, order, payments
from bodega.resources.orders import shipping_addresses as addresses
from bodega.resources.orders.order import Order
from bodega.resources.store.payment_methods import METHODS
from bodega.storage.table import Reference
from bodega.storage.unit import Row, Unit

ZERO = Decimal(0)
REFUNDED, PARTIALLY = 4, 14
CUSTOM, CREDIT = "custom", payments.CREDIT
TITLES = {CUSTOM: "Custom", CREDIT: "Store Credit", **{code: name for code, name, _ in METHODS}}
PIECES = ("PRODUCT", "GIFT_WRAPPING")
Type = Literal["PRODUCT", "GIFT_WRAPPING", "SHIPPING", "HANDLING", "ORDER", "FEE", "TAX"]
Reason_ = Annotated[str, msgspec.Meta(max_length=1000)]


class Adjustment(msgspec.Struct, kw_only=True):
    """What is kept back of a returned product: an amount below nothing."""

    amount: Decimal
    description: Line = ""

    def __post_init__(self) -> None:
        if not -clean_decimal(10**9) <= self.amount < 0:
            raise ValueError("must have an amount below 0")


class ItemDraft(msgspec.Struct, kw_only=True):
    """What is given back: pieces of a line, or an amount of something else."""

    item_type: Type
    item_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1)] | UnsetType = UNSET
    amount: Decimal | UnsetType = UNSET
    reason: Reason_ = ""
    adjustments: list[Adjustment] = []


class PaymentDraft(msgspec.Struct, kw_only=True):
    """By which provider how much goes back."""

    provider_id: Line
    amount: Decimal
    offline: bool = True


class Override(msgspec.Struct, kw_only=True):
    """The merchant's own reckoning."""

    total_amount: Decimal
    total_tax: Decimal


class Asked(Entity, kw_only=True):
    """The body of a quote or a refund."""

    items: list[ItemDraft] | UnsetType = UNSET
    payments: list[PaymentDraft] | UnsetType = UNSET
    merchant_calculated_override: Override | None = None
    tax_adjustment_amount: Decimal | None = None
    reason: Reason_ = ""


class RefundItem(msgspec.Struct, kw_only=True):
    """An item that was given back; pieces have no `requested_amount`."""

    item_type: Type
    item_id: int
    reason: str = ""
    quantity: int = 1
    requested_amount: Money | UnsetType = UNSET
    adjustments: list[Adjustment] = []


class RefundPayment(msgspec.Struct, kw_only=True):
    """What went back by one provider."""

    id: int
    provider_id: str
    amount: Money
    offline: bool
    is_declined: bool = False
    declined_message: str = ""
    transaction_id: str = ""


class Refund(Entity, kw_only=True):
    """Nobody changes a refund once it is made."""

    order_id: Id
    user_id: Id = 0
    created: Moment = ""
    reason: str = ""
    total_amount: Money = ZERO
    total_tax: Decimal = ZERO
    uses_merchant_override_values: bool = False
    payments: list[RefundPayment] = []
    items: list[RefundItem] = []


TABLE = stored(
    "order_refunds",
    Refund,
    noun="refund",
    columns="order_id",
    computed={"created": ("TEXT", lambda refund: refund.created)},
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
    event=order.tells("refund", "refund_id"),
)
asked = V3Shape(Asked, required="")
v3 = V3Shape(Refund, required="", read_only=" ".join(Refund.__struct_fields__))

_id = parser("INTEGER", "id")
OF_TRANSACTION = "id IN (SELECT refund_id FROM order_transactions x WHERE x.id IN ({marks}))"
MAPPED = {
    "created:min": Filter("created", "min", clean_moment),
    "created:max": Filter("created", "max", clean_moment),
    "order_id:in": Filter("order_id", "in", listed(_id)),
    "id:in": Filter("id", "in", listed(_id)),
    "transaction_id": Filter(OF_TRANSACTION, "test", lambda text: (_id(text),)),
}
ALL = Facet(
    3, TABLE, Listing(TABLE, 3, "", mapped=MAPPED), payments.EITHER, "orders/payment_actions/refunds", v3=v3
)  # fmt: skip
OF_ORDER = Facet(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={"transaction_id": MAPPED["transaction_id"]}),
    payments.EITHER,
    "orders/payment_actions/refunds",
    v3=v3,
    within=(Within("order_id", order.TABLE),),
)


class Books(NamedTuple):
    """An order with all that can be given back of it."""

    row: Row
    lines: dict[int, Row]
    addresses: dict[int, Row]
    fees: dict[int, Row]
    customer: Row | None = None

    @property
    def order(self) -> Order:
        """The order as it is."""
        found: Order = self.row.entity
        return found

    @property
    def left(self) -> Decimal:
        """What of the payment was not given back yet."""
        return self.order.paid - self.order.refunded


async def _books(unit: Unit, order_id: int) -> Books:
    row = await unit.get(order.TABLE, order_id)
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)

    async def of(table: Any) -> dict[int, Row]:
        sql = f"SELECT doc, rest, version, modified FROM {table.name} WHERE order_id = $1 ORDER BY id"
        found = [Row(table.decode(r[0], r[1]), r[2], r[3], r[0]) for r in await unit.tx.rows(sql, order_id)]
        return {one.entity.id: one for one in found}

    who = await unit.get(customer.TABLE, row.entity.customer_id) if row.entity.customer_id else None
    return Books(row, await of(line.TABLE), await of(addresses.TABLE), await of(fees.TABLE), who)


class Sum(NamedTuple):
    """What the items come to: parts that are taxed, and an amount that is not."""

    taxed: Amount
    plain: Decimal


def _reckoned(books: Books, items: Sequence[ItemDraft]) -> Sum:
    """The items of a refund, each within what is left of what it names. Raises Refusal naming every faulty one."""
    faults: list[Fault] = []
    taxed, plain = Amount(), ZERO
    done: Counter[tuple[str, int]] = Counter()
    for place, item in enumerate(items):
        name = f"items.{place}"
        if item.item_type in PIECES:
            part = _pieces(books, item, done, name, faults)
        else:
            part, more = _amount(books, item, done, name, faults)
            plain += more
        taxed = taxed.plus(part)
    if faults:
        raise refuse_faults(faults)
    return Sum(taxed, plain)


def _pieces(books: Books, item: ItemDraft, done: Counter[tuple[str, int]], name: str, faults: list[Fault]) -> Amount:
    row = books.lines.get(item.item_id)
    if row is None:
        faults.append(invalid(f"{name}.item_id", "must be a line of this order"))
        return Amount()
    sold: line.OrderLine = row.entity
    wrapped = item.item_type == "GIFT_WRAPPING"
    before = (sold.wrapping_refunded if wrapped else sold.quantity_refunded) + done[item.item_type, sold.id]
    left = sold.quantity - before
    if item.quantity is UNSET:
        faults.append(Fault(Reason.FIELD_MISSING, f"{name}.quantity", f"{name}.quantity is required."))
        return Amount()
    if item.quantity > left:
        said = f"{name}.quantity must be at most {left}: the rest was refunded already."
        context = {
            "invalid_reason": said,
            "available_quantity": left,
            "order_product_id": sold.id,
        }
        faults.append(Fault(Reason.FIELD_INVALID, f"{name}.quantity", said, context))
        return Amount()
    done[item.item_type, sold.id] += item.quantity
    whole = sold.wrapping if wrapped else sold.total.less(sold.discount)
    part = refunds.piece_by_piece(whole, sold.quantity, before, item.quantity, books.order.places)
    kept = sum((-one.amount for one in item.adjustments), ZERO)
    if kept > part.inc or (kept and wrapped):
        faults.append(invalid(f"{name}.adjustments", "must not exceed what the product brings back"))
        return Amount()
    return refunds.with_tax(part.inc - kept, part, books.order.places) if kept else part


def _amount(
    books: Books, item: ItemDraft, done: Counter[tuple[str, int]], name: str, faults: list[Fault]
) -> tuple[Amount, Decimal]:
    if item.amount is UNSET:
        faults.append(Fault(Reason.FIELD_MISSING, f"{name}.amount", f"{name}.amount is required."))
        return Amount(), ZERO
    places = books.order.places
    wanted = item.amount
    if wanted < 0 or rounded(wanted, places) != wanted:
        faults.append(invalid(f"{name}.amount", f"must be an amount of at most {places} places, not below 0"))
        return Amount(), ZERO
    if item.item_type == "ORDER":
        if item.item_id != books.order.id:
            faults.append(invalid(f"{name}.item_id", "must be the id of this order"))
        return Amount(), wanted
    if item.item_type == "TAX":
        return Amount(ZERO, wanted), ZERO
    whole, refunded = _cost(books, item)
    key = (item.item_type, item.item_id)
    if whole is None:
        what = "a fee" if item.item_type == "FEE" else "a shipping address"
        faults.append(invalid(f"{name}.item_id", f"must be {what} of this order"))
        return Amount(), ZERO
    left = whole.inc - refunded - done_amount(done, key)
    if wanted > left:
        faults.append(invalid(f"{name}.amount", f"must be at most {left}"))
        return Amount(), ZERO
    done[key] += int(wanted * 10_000)
    return refunds.with_tax(wanted, whole, places), ZERO


def done_amount(done: Mapping[tuple[str, int], int], key: tuple[str, int]) -> Decimal:
    """What earlier items of the same body gave back of this, kept in ten-thousandths."""
    return Decimal(done.get(key, 0)) / 10_000


def _cost(books: Books, item: ItemDraft) -> tuple[Amount | None, Decimal]:
    """What an item is about, whole, and what of it was given back."""
    one = books.order
    if item.item_type == "FEE":
        row = books.fees.get(item.item_id)
        return (None, ZERO) if row is None else (row.entity.cost, row.entity.refunded)
    if item.item_id not in books.addresses:
        return None, ZERO
    if item.item_type == "SHIPPING":
        return Amount(one.shipping_cost_ex_tax, one.shipping_cost_inc_tax), one.shipping_refunded
    return Amount(one.handling_cost_ex_tax, one.handling_cost_inc_tax), one.handling_refunded


def _due(books: Books, draft: Mapping[str, Any]) -> Due:
    """Rule 87: an order is paid before it is refunded. Raises Refusal."""
    if books.left <= 0:
        said = "The order has no payment that could be refunded."
        details = {"payment_status": books.order.payment_status, "refundable_amount": str(books.left)}
        raise Refusal(Reason.PAYMENT_STATE, said, details=details)
    items, alone = draft.get("items", UNSET), draft.get("tax_adjustment_amount")
    if items is UNSET and alone is None:
        raise refuse_faults([Fault(Reason.FIELD_MISSING, "items", "items is required.")])
    override: Override | None = draft.get("merchant_calculated_override")
    if override is not None:
        _respect(books, {"total_amount": override.total_amount, "total_tax": override.total_tax})
    if items is UNSET:
        _respect(books, {"tax_adjustment_amount": alone})
        made = refunds.due(Amount(ZERO, alone or ZERO), ZERO, books.left)
    elif not items:
        raise refuse_faults([invalid("items", "must name at least one item")])
    else:
        sums = _reckoned(books, items)
        made = refunds.due(sums.taxed, sums.plain, books.left)
    if override is not None:
        made = made._replace(amount=override.total_amount, tax=override.total_tax)
    if made.amount <= 0 and made.asked <= 0 and override is None:
        raise refuse_faults([invalid("items", "must come to more than 0")])
    return made


def _respect(books: Books, amounts: Mapping[str, Any]) -> None:
    places = books.order.places
    faults = [
        invalid(name, f"must be an amount of at most {places} places, from 0 to {books.left}")
        for name, amount in amounts.items()
        if not 0 <= amount <= books.left or rounded(amount, places) != amount
    ]
    if faults:
        raise refuse_faults(faults)


def _providers(books: Books) -> list[str]:
    """By which a refund can go: as it was paid, however the merchant likes, or as a customer's store credit, which is
    in the store's own currency."""
    one = books.order
    credit = [CREDIT] if books.customer and one.default_currency_code == one.store_default_currency_code else []
    return list(dict.fromkeys([payments.gateway_of(one), CUSTOM, *credit]))


def _quoted(books: Books, made: Due) -> dict[str, Any]:
    return {
        "order_id": books.order.id,
        "total_refund_amount": made.amount,
        "total_refund_tax_amount": made.tax,
        "order_level_refund_amount": made.order_level,
        "rounding": 0,
        "adjustment": made.adjustment,
        "tax_inclusive": True,
        "refund_methods": [
            [
                {
                    "provider_id": provider,
                    "provider_description": TITLES[provider],
                    "amount": made.amount,
                    "offline": provider != CREDIT,
                    "offline_provider": provider != CREDIT,
                    "offline_reason": "" if provider == CREDIT else "This provider pays outside of the store.",
                }
            ]
            for provider in _providers(books)
        ],
    }


class _OfOrder(Action):
    """An action on the payment of one order."""

    writes = True
    body = True

    def __init__(self) -> None:
        super().__init__(Facet(3, order.TABLE, Listing(order.TABLE, 3, ""), payments.EITHER, "orders"))

    async def find(self, call: Call) -> Validator:
        return await self._find_item(call)

    def read(self, content: Any) -> Any:
        return asked.read(content, creating=True)


class QuoteRefund(_OfOrder):
    """POST: what a refund would come to; it changes nothing."""

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        books = await _books(unit, call.entity_id)
        return Created(ready=json({"data": _quoted(books, _due(books, call.draft)), "meta": {}}))


class MakeRefund(_OfOrder):
    """POST: gives money back."""

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        books = await _books(unit, call.entity_id)
        if call.standing_still is not None:
            call.standing_still(Validator(books.row.version, books.row.modified))
        made = _due(books, call.draft)
        ways = _ways(books, made, call.draft)
        new = replace(books.order, refunded=books.order.refunded + made.amount, date_modified=moment(unit.now))
        new.status_id = REFUNDED if new.refunded >= new.paid else PARTIALLY
        new.payment_status = "refunded" if new.refunded >= new.paid else "partially refunded"
        refund_id = unit.ledger.next_id(TABLE.name)
        went = []
        for way in ways:
            if way.provider_id == CREDIT:
                await _credit(unit, books, way.amount)
            payment = payments.Payment("refund", way.amount, refund_id, way.provider_id)
            row = await payments.record(unit, new, payment)
            told = RefundPayment(
                id=row.entity.id,
                provider_id=way.provider_id,
                amount=way.amount,
                offline=way.provider_id != CREDIT,
                transaction_id=str(row.entity.id),
            )
            went.append(told)
        items = call.draft.get("items", UNSET)
        await _mark(unit, books, new, [] if items is UNSET else items)
        refund = Refund(
            order_id=new.id,
            created=moment(unit.now),
            reason=call.draft.get("reason", ""),
            total_amount=made.amount,
            total_tax=made.tax,
            uses_merchant_override_values=call.draft.get("merchant_calculated_override") is not None,
            payments=went,
            items=[_kept(item) for item in ([] if items is UNSET else items)],
        )
        row = await unit.insert(TABLE, refund)
        await unit.update(order.TABLE, books.row, new)
        return Created(
            ready=b'{"data":' + row.doc + b',"meta":{}}',
            location=f"{call.base.url}/{ALL.home}/{row.entity.id}",
        )


def _ways(books: Books, made: Due, draft: Mapping[str, Any]) -> list[PaymentDraft]:
    """By which providers the money goes; together they give back what the refund comes to (rule 87)."""
    given = draft.get("payments", UNSET)
    if given is UNSET and draft.get("items", UNSET) is UNSET:
        return [PaymentDraft(provider_id=_providers(books)[0], amount=made.amount)]
    if not given or given is UNSET:
        raise refuse_faults([Fault(Reason.FIELD_MISSING, "payments", "payments is required.")])
    faults = []
    for place, way in enumerate(given):
        name = f"payments.{place}"
        if way.provider_id == CREDIT and books.customer is None:
            faults.append(invalid(f"{name}.provider_id", "cannot be store credit: the order is a guest's"))
        elif way.provider_id not in _providers(books):
            faults.append(invalid(f"{name}.provider_id", "must be one of " + ", ".join(_providers(books))))
        if way.amount <= 0:
            faults.append(invalid(f"{name}.amount", "must be more than 0"))
    if faults:
        raise refuse_faults(faults)
    if sum((way.amount for way in given), ZERO) != made.amount:
        raise refuse_faults([invalid("payments", f"must come to {made.amount}, what a quote says")])
    return list(given)


async def _credit(unit: Unit, books: Books, amount: Decimal) -> None:
    """Store credit is kept with the customer."""
    assert books.customer is not None
    row = await unit.get(customer.TABLE, books.customer.entity.id)
    assert row is not None
    await unit.update(customer.TABLE, row, replace(row.entity, store_credit=row.entity.store_credit + amount))


async def _mark(unit: Unit, books: Books, new: Order, items: Sequence[ItemDraft]) -> None:
    """What was given back is counted where it came from, so that nothing is given back twice."""
    for item in items:
        if item.item_type in PIECES:
            row = books.lines[item.item_id]
            member = "quantity_refunded" if item.item_type == "PRODUCT" else "wrapping_refunded"
            assert item.quantity is not UNSET
            changed = replace(row.entity, **{member: getattr(row.entity, member) + item.quantity})
            books.lines[item.item_id] = await unit.update(line.TABLE, row, changed)
        elif item.item_type == "FEE":
            row = books.fees[item.item_id]
            changed = replace(row.entity, refunded=row.entity.refunded + item.amount)
            books.fees[item.item_id] = await unit.update(fees.TABLE, row, changed)
        elif item.item_type == "SHIPPING":
            new.shipping_refunded += item.amount  # type: ignore[operator]
        elif item.item_type == "HANDLING":
            new.handling_refunded += item.amount  # type: ignore[operator]


def _kept(item: ItemDraft) -> RefundItem:
    pieces = item.item_type in PIECES
    return RefundItem(
        item_type=item.item_type,
        item_id=item.item_id,
        reason=item.reason,
        quantity=item.quantity if pieces and item.quantity is not UNSET else 1,
        requested_amount=UNSET if pieces else item.amount,
        adjustments=item.adjustments,
    )


routes = (
    route("orders/{order_id}/payment_actions/refund_quotes", 3, POST=QuoteRefund()),
    route("orders/{order_id}/payment_actions/refunds", 3, GET=ListAll(OF_ORDER), POST=MakeRefund()),
    route("orders/payment_actions/refunds", 3, GET=ListAll(ALL)),
    route("orders/payment_actions/refunds/{id}", 3, GET=ShowItem(ALL)),
)
