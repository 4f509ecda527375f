"""Customers in both versions, and their rules."""

from __future__ import annotations

from dataclasses import replace

from bodega import passwords
from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.fields import clean_decimal
from bodega.kit.filters import Filter, FilterField
from bodega.kit.listing import Listing
from bodega.kit.parameters import listed
from bodega.kit.route import collection, count, item
from bodega.kit.route import listed as whole_lists
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers.customer import (
    TABLE,
    Authentication,
    Credentials,
    Customer,
    as_z,
    v2,
)
from bodega.resources.customers.customer_shapes import INCLUDES, POST_SHAPE, PUT_SHAPE
from bodega.storage import query
from bodega.storage.conflicts import dangling
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_customers"
MAX_AT_ONCE = 10
"""Rules 25 and 102."""


async def keep_only_hashes(_call: Context, draft: Changes, _customer: int, _before: str) -> None:
    """Rule 98: a password is hashed before anything is written, and only the hash is kept."""
    asked = draft.pop("credentials", None)
    if isinstance(draft.get("authentication"), Credentials):
        asked = draft.pop("authentication")
    if asked is None:
        return
    if asked.new_password is not None:
        draft["password"] = await passwords.hashed(asked.new_password)
    if asked.force_password_reset is not None:
        draft["authentication"] = Authentication(asked.force_password_reset)


V2 = Endpoint(
    2,
    TABLE,
    Listing(
        TABLE,
        2,
        "first_name last_name company phone store_credit customer_group_id tax_exempt_category min_id max_id"
        " min_date_created max_date_created min_date_modified max_date_modified",
        mapped={"email": Filter("email_key", "eq", caseless)},
    ),
    SCOPE,
    "customers",
    v2=v2,
    created=200,
    delete_cap=100,  # rule 23
    prefetch=keep_only_hashes,
    secret=True,
)

_LIST = Listing(
    TABLE,
    3,
    ":id :company :customer_group_id :phone :registration_ip_address date_created date_modified",
    mapped={
        ":email": FilterField("email_key"),
        ":name": FilterField("name_key"),
        "name:like": Filter("name_key", "like_any", listed(caseless)),
    },
    sorts="date_created:asc date_created:desc last_name:asc last_name:desc date_modified:asc date_modified:desc",
    includes=INCLUDES,
    inside="address_count attribute_count",
    cursor=True,
)
_TERMS = Batch(MAX_AT_ONCE, whole=True, refused=Reason.LIST_REFUSED)  # rule 97
POST = Endpoint(
    3,
    TABLE,
    _LIST,
    SCOPE,
    "customers",
    v3=POST_SHAPE,
    created=200,
    batch=_TERMS,
    prefetch=keep_only_hashes,
    secret=True,
    told=("storecredit",),
)
PUT = replace(POST, v3=PUT_SHAPE, created=201)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, "customers", idle_delete=True)  # rule 22

routes = (
    collection("customers", V2, "GET POST DELETE"),
    item("customers/{id}", V2),
    count("customers/count", V2),
    collection("customers", POST, "GET")
    .also(whole_lists("customers", POST, "POST"))
    .also(whole_lists("customers", PUT, "PUT"))
    .also(collection("customers", DELETE, "DELETE"))
    .at_most(PUT=3),
)


async def accept_store_credit(_unit: Unit, changes: Changes, _old: Customer | None, _notes: list[Fault]) -> None:
    """V3 lists store credit by currency; only one amount is kept."""
    amounts = changes.pop("store_credit_amounts", None)
    if amounts is None:
        return
    try:
        if len(amounts) > 1:
            raise ValueError("must have at most one amount")
        changes["store_credit"] = clean_decimal(amounts[0].amount if amounts else 0)
    except ValueError as error:
        raise refuse_faults([invalid("store_credit_amounts", str(error))]) from None


async def check_channels(unit: Unit, _old: Customer | None, new: Customer) -> None:
    """Rule 102: the channels of a customer must exist."""
    if not new.channel_ids:
        return
    new.channel_ids = list(dict.fromkeys(new.channel_ids))
    placeholders = numbered_placeholders(len(new.channel_ids))
    there = set(await query.values(unit.tx, f"SELECT id FROM channels WHERE id IN ({placeholders})", *new.channel_ids))
    missing = [channel for channel in new.channel_ids if channel not in there]
    if missing:
        raise refuse_faults([dangling("channel_ids", "A channel does not exist.", missing)])


async def show_dates_with_z(_unit: Unit, _old: Customer | None, new: Customer) -> None:
    """Writes the dates of customers in the one form that every client can read."""
    new.date_created, new.date_modified = as_z(new.date_created), as_z(new.date_modified)


async def store_only_hashes(_unit: Unit, _old: Customer | None, new: Customer) -> None:
    """Rule 98: only a hash is stored, whichever way the password came."""
    assert type(new.authentication) is Authentication
    assert not new.password or new.password.startswith("$argon2id$")
