"""Customers as they see themselves: their account and their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.resources.customers import addresses, attribute_values, attributes, customer, groups, subscribers
from bodega.resources.customers.metafields import OF_CUSTOMERS
from bodega.resources.geography import places
from bodega.resources.metafields import FOR_SHOPPERS
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storefront.graphql.asking import Asking, Thing, connection, part, parts_of
from bodega.storefront.graphql.execution import batch, plain, shaped
from bodega.storefront.graphql.fields.complaints import WrongInput
from bodega.storefront.graphql.fields.prices import money_as

Args = Mapping[str, Any]
NONE: list[Any] = []


async def signed_in(asking: Asking) -> customer.Customer | None:
    """The customer who asks; None for a guest."""
    found = await asking.rows(customer.TABLE, [asking.customer_id])
    shopper: customer.Customer | None = found.get(asking.customer_id)
    return shopper


async def customer_thing(asking: Asking) -> Thing | None:
    """The customer who asks, as an object of the answer."""
    who = await signed_in(asking)
    return None if who is None else Thing("Customer", who)


@batch("Query.customer")
async def _me(asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
    return [await customer_thing(asking)] * len(things)


plain(
    "Customer",
    entityId=lambda thing: thing.row.id,
    company=lambda thing: thing.row.company,
    customerGroupId=lambda thing: thing.row.customer_group_id,
    email=lambda thing: thing.row.email,
    firstName=lambda thing: thing.row.first_name,
    lastName=lambda thing: thing.row.last_name,
    notes=lambda _thing: "",  # the staff's own
    phone=lambda thing: thing.row.phone,
    taxExemptCategory=lambda thing: thing.row.tax_exempt_category,
    attributes=lambda thing: Thing("CustomerAttributes", thing.row),
)


@batch("Customer.customerGroupName")
async def _group(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await asking.rows(groups.TABLE, [thing.row.customer_group_id for thing in things])
    return [found[one.row.customer_group_id].name if one.row.customer_group_id in found else None for one in things]


async def _counts(asking: Asking, table: str, things: Sequence[Thing]) -> list[int]:
    ids = [thing.row.id for thing in things]
    sql = (
        f"SELECT customer_id, count(*) FROM {table} WHERE customer_id IN ({numbered_placeholders(len(ids))})"
        " GROUP BY customer_id"
    )
    found = await query.pairs(asking.reader, sql, *ids)
    return [found.get(one, 0) for one in ids]


@batch("Customer.addressCount")
async def _address_count(asking: Asking, things: Sequence[Thing], _args: Args) -> list[int]:
    return await _counts(asking, addresses.TABLE.name, things)


@batch("Customer.attributeCount")
async def _attribute_count(asking: Asking, things: Sequence[Thing], _args: Args) -> list[int]:
    return await _counts(asking, attribute_values.TABLE.name, things)


@batch("Customer.storeCredit")
async def _credit(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    own = await asking.once("own currency", lambda: currencies.default(asking.reader))
    return [[money_as(thing.row.store_credit or Decimal(0), own)] for thing in things]


@batch("CustomerAttributes.attribute")
async def _attribute(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    wanted = args["entityId"]
    named = (await asking.rows(attributes.TABLE, [wanted])).get(wanted)
    if named is None:
        return [WrongInput(f"There is no attribute {wanted}.")] * len(things)
    ids = [thing.row.id for thing in things]
    test = f"attribute_id = $1 AND customer_id IN ({numbered_placeholders(len(ids), 2)})"
    rows = await query.entities(asking.reader, attribute_values.TABLE, test, wanted, *ids)
    held = {one.customer_id: one for one in rows}
    return [
        {"entityId": wanted, "name": named.name, "value": held[one].attribute_value if one in held else None}
        for one in ids
    ]


shaped(CustomerAttribute="entityId name value")


@batch("Customer.metafields")
async def _metafields(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    """Those that shoppers may see."""
    ids = [thing.row.id for thing in things]
    test = f"namespace = $1 AND resource_id IN ({numbered_placeholders(len(ids), 2)})"
    rows = await query.entities(asking.reader, OF_CUSTOMERS, test, args["namespace"], *ids)
    keys = args.get("keys") or ()
    seen = [one for one in rows if one.permission_set in FOR_SHOPPERS and (not keys or one.key in keys)]
    return [connection([Thing("Metafields", one) for one in seen if one.resource_id == of], args) for of in ids]


@batch("Customer.isSubscribedToNewsletter")
async def _subscribed(asking: Asking, things: Sequence[Thing], _args: Args) -> list[bool]:
    keys = [caseless(thing.row.email) for thing in things]
    test = f"email_key IN ({numbered_placeholders(len(keys))})"
    found = await query.entities(asking.reader, subscribers.TABLE, test, *keys)
    agreed = {caseless(one.email) for one in found if "marketing_newsletter" in one.consents}
    return [one in agreed for one in keys]


@batch("Customer.addresses")
async def _addresses(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    owners = [thing.row.id for thing in things]
    found = await parts_of(asking, addresses.TABLE.name, "customer_id", owners, args)
    rows = await asking.rows(addresses.TABLE, [one for ids, _, _ in found.values() for one in ids])
    made = []
    for owner in owners:
        ids, start, total = found.get(owner, (NONE, 0, 0))
        made.append(part([Thing("CustomerAddress", rows[one]) for one in ids if one in rows], start, total))
    return made


def _country(thing: Thing) -> places.Country | None:
    return places.country(thing.row.country_code)


def _state_id(thing: Thing) -> int | None:
    of, name = _country(thing), thing.row.state_or_province
    found = None if of is None or not name else places.state(of, name)
    return None if found is None else found.id


plain(
    "CustomerAddress",
    entityId=lambda thing: thing.row.id,
    firstName=lambda thing: thing.row.first_name,
    lastName=lambda thing: thing.row.last_name,
    address1=lambda thing: thing.row.address1,
    address2=lambda thing: thing.row.address2 or None,
    addressType=lambda thing: thing.row.address_type.upper(),
    city=lambda thing: thing.row.city,
    country=lambda thing: thing.row.country or None,
    countryId=lambda thing: getattr(_country(thing), "id", None),
    countryCode=lambda thing: thing.row.country_code,
    stateOrProvince=lambda thing: thing.row.state_or_province or None,
    stateId=_state_id,
    phone=lambda thing: thing.row.phone or None,
    postalCode=lambda thing: thing.row.postal_code or None,
    company=lambda thing: thing.row.company or None,
)
