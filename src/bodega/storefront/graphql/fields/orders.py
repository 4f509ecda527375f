"""Orders as those see them who placed them: a customer all their own, a guest the one whose cart they know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hmac import compare_digest
from typing import Any

from bodega.kit.fields import moment
from bodega.resources.carts.metafields import OF_CARTS
from bodega.resources.geography import places
from bodega.resources.metafields import FOR_SHOPPERS
from bodega.resources.orders import coupons, order, payments, taxes
from bodega.resources.orders.metafields import OF_ORDERS
from bodega.resources.orders.order import Order
from bodega.resources.store import currencies
from bodega.resources.store.currencies import Currency
from bodega.resources.store.order_statuses import NAMES
from bodega.storage import query
from bodega.storage.table import Table, numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id, part, parts_of
from bodega.storefront.graphql.execution import batch, plain, plain_with, shaped
from bodega.storefront.graphql.fields.complaints import WrongInput
from bodega.storefront.graphql.fields.prices import money_as

Args = Mapping[str, Any]
KINDS = ("Order", "OrderWithPayments")
INCOMPLETE = 0
"""The status of what never became an order for its shopper."""

SEEN = f"status_id <> {INCOMPLETE} AND NOT is_deleted"
LARGEST = 2**31 - 1
NONE: list[Any] = []
MASKED = "XXXX"


def status_word(status_id: int) -> str:
    """A status as a member of the enumeration."""
    return NAMES[status_id].upper().replace(" ", "_")


_STATUSES = {status_word(number): number for number in NAMES}


async def currency_of(asking: Asking, code: str) -> Currency:
    """The currency of an order; all currencies are read at once."""

    async def read() -> dict[str, Currency]:
        return {one.currency_code: one for one in await query.entities(asking.reader, currencies.TABLE)}

    known = await asking.once("currencies of orders", read)
    return (
        known[code] if code in known else await asking.once("own currency", lambda: currencies.default(asking.reader))
    )


async def rows_of(
    asking: Asking, table: Table, orders: Sequence[int], column: str = "order_id"
) -> dict[int, list[Any]]:
    """What orders have in a table of their own, by the order; each read once for all of them."""
    wanted = sorted(set(orders))

    async def read() -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        for one in await query.entities_of(asking.reader, table, wanted, column):
            found.setdefault(int(one.order_id), []).append(one)
        return found

    return await asking.once((table.name, tuple(wanted)), read)


async def order_thing(asking: Asking, kind: str, row: Order) -> Thing:
    """An order as an object of the answer; what is more of it is its currency."""
    return Thing(kind, row, await currency_of(asking, row.default_currency_code))


@batch("Customer.orders")
async def _orders(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    """The newest first."""
    filters, tests, values = args.get("filters") or {}, [SEEN], list[Any]()
    if filters.get("status"):
        values.append(_STATUSES[filters["status"]])
        tests.append(f"status_id = ${len(values)}")
    between = filters.get("dateRange") or {}
    for name, sign in (("from", ">="), ("to", "<=")):
        if between.get(name):
            values.append(_moment(str(between[name])))
            tests.append(f"date_created {sign} ${len(values)}")
    owners = [thing.row.id for thing in things]
    found = await parts_of(
        asking,
        order.TABLE.name,
        "customer_id",
        owners,
        args,
        order="date_created DESC, id DESC",
        test=" AND ".join(tests),
        values=values,
    )
    rows = await asking.rows(order.TABLE, [one for ids, _, _ in found.values() for one in ids])
    made = []
    for owner in owners:
        ids, start, total = found.get(owner, (NONE, 0, 0))
        made.append(part([await order_thing(asking, "Order", rows[one]) for one in ids if one in rows], start, total))
    return made


def _moment(text: str) -> str:
    """A time in the form of the dates of orders. Raises WrongInput."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongInput("A date is written as 2026-01-31T00:00:00Z.") from None
    return moment(int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()))


@batch("Site.order")
async def _order(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    wanted = args.get("filter") or {}
    number = wanted.get("entityId", 0)
    row = (await asking.rows(order.TABLE, [number])).get(number)
    if row is None or not await _is_theirs(asking, row, wanted.get("cartEntityId") or ""):
        return [None] * len(things)
    return [await order_thing(asking, "OrderWithPayments", row)] * len(things)


async def _is_theirs(asking: Asking, row: Order, cart_id: str) -> bool:
    """Whether the order is that of the customer who asks; a guest's is theirs who know the id of its cart."""
    if row.is_deleted or row.status_id == INCOMPLETE:
        return False
    if cart_id and not compare_digest(cart_id.encode(), row.cart_id.encode()):
        return False
    return row.customer_id == asking.customer_id if row.customer_id else bool(cart_id and row.cart_id)


# Amounts


def _either(name: str) -> Callable[[Order], Decimal]:
    """An amount as the prices of the order are: with tax or without."""

    def found(row: Order) -> Decimal:
        amount: Decimal = getattr(row, f"{name}_{'inc' if row.is_tax_inclusive_pricing else 'ex'}_tax")
        return amount

    return found


_AMOUNTS: Mapping[str, Callable[[Order], Decimal]] = {
    "subTotal": _either("subtotal"),
    "wrappingCostTotal": _either("wrapping_cost"),
    "shippingCostTotal": _either("shipping_cost"),
    "handlingCostTotal": _either("handling_cost"),
    "taxTotal": lambda row: row.total_inc_tax - row.total_ex_tax,
    "totalIncTax": lambda row: row.total_inc_tax,
}


def address_of(found: Any) -> dict[str, Any]:
    """An address of an order."""
    return {
        "firstName": found.first_name or None, "lastName": found.last_name or None, "company": found.company or None,
        "address1": found.street_1 or None, "address2": found.street_2 or None, "city": found.city or None,
        "stateOrProvince": found.state or None, "stateOrProvinceCode": state_code(found),
        "country": found.country, "countryCode": found.country_iso2, "postalCode": found.zip,
        "phone": found.phone or None, "email": found.email or None,
    }  # fmt: skip


def state_code(found: Any) -> str | None:
    """The abbreviation of the state of an address, if its country has such a state."""
    country = places.country(found.country_iso2 or found.country)
    state = None if country is None or not found.state else places.state(country, found.state)
    return None if state is None else state.state_abbreviation


async def _discounts(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await rows_of(asking, coupons.TABLE, [thing.row.id for thing in things])
    made = []
    for thing in things:
        used = [
            {"couponCode": one.code, "discountedAmount": money_as(one.discount, thing.more)}
            for one in found.get(thing.row.id, ())
        ]
        made.append(
            {"nonCouponDiscountTotal": money_as(thing.row.discount_amount, thing.more), "couponDiscounts": used}
        )
    return made


async def _taxes(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    """Each of the taxes of an order, by its name."""
    found = await rows_of(asking, taxes.TABLE, [thing.row.id for thing in things])
    made = []
    for thing in things:
        sums: dict[str, Decimal] = {}
        for one in found.get(thing.row.id, ()):
            sums[one.name] = sums.get(one.name, Decimal(0)) + one.line_amount
        made.append([{"name": name, "amount": money_as(amount, thing.more)} for name, amount in sums.items()])
    return made


async def _metafields(asking: Asking, things: Sequence[Thing], args: Args, table: Table, member: str) -> list[Any]:
    ids = [getattr(thing.row, member) for thing in things]
    test = f"namespace = $1 AND resource_id IN ({numbered_placeholders(len(ids), 2)})"
    rows = await query.entities(asking.reader, table, test, args["namespace"], *ids)
    keys = args.get("keys") or ()
    seen = [one for one in rows if one.permission_set in FOR_SHOPPERS and (not keys or one.key in keys)]
    return [connection([Thing("Metafields", one) for one in seen if one.resource_id == of], args) for of in ids]


async def _own_metafields(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return await _metafields(asking, things, args, OF_ORDERS, "id")


async def _cart_metafields(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return await _metafields(asking, things, args, OF_CARTS, "cart_id")


for _kind in KINDS:
    plain(
        _kind,
        id=lambda thing: node_id("Order", thing.row.id),
        entityId=lambda thing: thing.row.id,
        orderedAt=lambda thing: {"utc": thing.row.date_created},
        updatedAt=lambda thing: {"utc": thing.row.date_modified or thing.row.date_created},
        status=lambda thing: {"value": status_word(thing.row.status_id), "label": NAMES[thing.row.status_id]},
        billingAddress=lambda thing: address_of(thing.row.billing_address),
        isTaxIncluded=lambda thing: thing.row.is_tax_inclusive_pricing,
        consignments=lambda thing: Thing("OrderConsignments", thing.row, thing.more),
        customerMessage=lambda thing: thing.row.customer_message or None,
        totalProductQuantity=lambda thing: thing.row.items_total,
    )
    for _name, _amount in _AMOUNTS.items():

        def _told(_asking: Asking, thing: Thing, _args: Args, found: Callable[[Order], Decimal] = _amount) -> Any:
            return money_as(found(thing.row), thing.more)

        plain_with(f"{_kind}.{_name}")(_told)
    batch(f"{_kind}.discounts")(_discounts)
    batch(f"{_kind}.taxes")(_taxes)
    batch(f"{_kind}.metafields")(_own_metafields)
    batch(f"{_kind}.cartMetafields")(_cart_metafields)

_ADDRESS = (
    "firstName lastName company address1 address2 city stateOrProvince stateOrProvinceCode country countryCode"
    " postalCode phone email"
)
shaped(
    OrderStatus="value label",
    OrderBillingAddress=_ADDRESS,
    OrderShippingAddress=_ADDRESS,
    OrderDiscounts="nonCouponDiscountTotal couponDiscounts",
    OrderCouponDiscount="couponCode discountedAmount",
    OrderTax="name amount",
    Payment="paymentMethodId paymentMethodName amount detail",
    GiftCertificatePaymentInstrument="code",
    CreditCardPaymentInstrument="brand last4",
)


# Payments

_PAYS = ("purchase", "authorization", "pending", "settled")


@batch("OrderWithPayments.payments")
async def _payments(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await rows_of(asking, payments.TABLE, [thing.row.id for thing in things], "order_ref")
    wanted = (args.get("filters") or {}).get("status")
    made = []
    for thing in things:
        paid = [one for one in found.get(thing.row.id, ()) if one.event in _PAYS]
        shown = [_payment(thing, one) for one in paid if wanted is None or _came_to(one) == wanted]
        made.append(connection(shown, args))
    return made


def _came_to(one: payments.Transaction) -> str:
    if one.status == "error":
        return "FAILURE"
    return "PENDING" if one.event == "pending" else "SUCCESS"


def _payment(thing: Thing, one: payments.Transaction) -> dict[str, Any]:
    certificate, card = one.gift_certificate, one.credit_card
    detail: dict[str, Any] | None = None
    if certificate:
        detail = {"__typename": "GiftCertificatePaymentInstrument", "code": _masked(str(certificate.get("code", "")))}
    elif isinstance(card, dict) and card.get("card_last4"):
        kind = "CreditCardPaymentInstrument"
        detail = {"__typename": kind, "brand": str(card.get("card_type", "")), "last4": str(card["card_last4"])}
    return {
        "paymentMethodId": one.payment_method_id or one.gateway,
        "paymentMethodName": thing.row.payment_method if not certificate else "Gift Certificate",
        "amount": money_as(one.amount, thing.more),
        "detail": detail,
    }


def _masked(code: str) -> str:
    """The code of a certificate that may have something left: enough to tell it from others."""
    return f"{MASKED}{code[-4:]}"
