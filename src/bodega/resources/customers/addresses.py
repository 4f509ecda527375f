"""Addresses of customers. No customer has the same one twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events
from bodega.kit.fields import NAME, STRING, FieldType, Id, Line, as_is
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.route import listed as whole_lists
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import create_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers import customer, form_fields
from bodega.resources.geography import places
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.unit import Unit

MAX_SHOWN = 10
"""The most addresses that are shown inside a customer, and that can be created with one."""
MAX_AT_ONCE = 50

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
_WHO = ("first_name", "last_name", "company", "phone", "address_type")
_WHERE = ("address1", "address2", "city", "country_code", "state_or_province", "postal_code")
CORE = (*_WHO, *_WHERE)
"""Rule 101: addresses of a customer that agree in these are the same."""


class Address(Entity, kw_only=True):
    """`country_code` has two letters, `country` is the name that follows from it."""

    first_name: Name
    last_name: Name
    company: Line = ""
    address1: Line
    address2: Line = ""
    city: Annotated[str, msgspec.Meta(max_length=100)]
    state_or_province: Annotated[str, msgspec.Meta(max_length=100)] = ""
    postal_code: Annotated[str, msgspec.Meta(max_length=30)] = ""
    country_code: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
    phone: Annotated[str, msgspec.Meta(max_length=50)] = ""
    address_type: Literal["residential", "commercial"] = "residential"
    customer_id: Id = 0
    country: str = ""


def _core(address: Address) -> str:
    message = "\x1f".join(getattr(address, name) for name in CORE)
    return hashlib.sha256(message.encode()).hexdigest()


TABLE = stored(
    "customer_addresses",
    Address,
    noun="address",
    columns="customer_id company",
    computed={"core": ("TEXT", _core), "name_key": ("TEXT", customer.full_name)},
    indexed="customer_id",
    uniques=[Unique(("customer_id", "core"), "address1", "The customer has this address already.")],  # rule 101
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)

# V2


def _country_name(value: Any) -> str:
    """Rule 100: the full name of a country; a code is accepted as well."""
    found = places.country(STRING.read(value))
    if found is None:
        raise ValueError("must be the full name of a country")
    return found.country_iso2


def _state(value: Any) -> str:
    """Rule 100: a state may be a space, but not null."""
    if value is None:
        raise ValueError("must not be null; where there is no state, send a space")
    text: str = STRING.read(value)
    return text


def _name_of(code: str) -> str:
    found = places.country(code)
    return found.country if found is not None else code


COUNTRY = FieldType("string", _name_of, _country_name, as_is)
STATE = FieldType("string", as_is, _state, as_is)

v2 = V2Shape(
    Address,
    "addresses",
    "address",
    "id! customer_id? first_name* last_name* company street_1* street_2 city* state* zip* country* country_iso2! phone*"
    " address_type",
    {
        "street_1": Alias("address1"),
        "street_2": Alias("address2"),
        "state": Alias("state_or_province", STATE),
        "zip": Alias("postal_code"),
        "country": Alias("country_code", COUNTRY),
        "country_iso2": Alias("country_code", STRING),
    },
)

_SCOPE = "store_v2_customers"
_ALL = Listing(TABLE, 2, "")
V2 = Endpoint(
    2,
    TABLE,
    _ALL,
    _SCOPE,
    "customers/{}/addresses",
    v2=v2,
    created=200,
    parents=(Parent("customer_id", customer.TABLE),),
)
EVERYBODYS = Endpoint(2, TABLE, _ALL, _SCOPE, "", v2=v2)

# V3

_ANSWERS = {"form_fields": form_fields.nested("address_id")}
post = V3Shape(
    Address,
    required="customer_id first_name last_name address1 city country_code state_or_province postal_code",
    read_only="id country",
    nested=_ANSWERS,
)
put = V3Shape(Address, required="", read_only="id customer_id country", nested=_ANSWERS)
in_customer = V3Shape(
    Address,
    required="first_name last_name address1 city country_code",
    read_only="id customer_id country",
    nested=_ANSWERS,
)

_LIST = Listing(
    TABLE,
    3,
    ":id :company :customer_id",
    mapped={":name": FilterField("name_key")},
    includes={"formfields": form_fields.include("address_id")},
)
_TERMS = Batch(MAX_AT_ONCE, whole=True, refused=Reason.LIST_REFUSED, omits=frozenset({Reason.DUPLICATE}))  # rule 101
POST = Endpoint(3, TABLE, _LIST, _SCOPE, "customers/addresses", v3=post, created=200, batch=_TERMS)
PUT = Endpoint(3, TABLE, _LIST, _SCOPE, "customers/addresses", v3=put, batch=_TERMS)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), _SCOPE, "customers/addresses", idle_delete=True)

routes = (
    collection("customers/{customer_id}/addresses", V2, "GET POST DELETE"),
    item("customers/{customer_id}/addresses/{id}", V2),
    count("customers/{customer_id}/addresses/count", V2),
    collection("customers/addresses", EVERYBODYS, "GET"),
    item("customers/addresses/{id}", EVERYBODYS, "GET"),
    count("customers/addresses/count", EVERYBODYS),
    collection("customers/addresses", POST, "GET")
    .also(whole_lists("customers/addresses", POST, "POST"))
    .also(whole_lists("customers/addresses", PUT, "PUT"))
    .also(collection("customers/addresses", DELETE, "DELETE"))
    .at_most(POST=10, PUT=3),
)


async def resolve_country(_unit: Unit, changes: Changes, _old: Address | None, _notes: list[Fault]) -> None:
    """Looks up the country, and sets its code and its name."""
    if "country_code" not in changes:
        return
    found = places.country(changes["country_code"])
    if found is None or found.country_iso2 != changes["country_code"].upper():
        raise refuse_faults([invalid("country_code", "must be a country code of ISO 3166, as US")])
    changes["country_code"], changes["country"] = found.country_iso2, found.country


# Addresses inside a customer


async def of_customers(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The first ten addresses of each customer, with their answers if form fields are included, too."""
    if not ids:
        return {}
    sql = (
        "SELECT id, customer_id, doc FROM (SELECT id, customer_id, doc, row_number() OVER"
        " (PARTITION BY customer_id ORDER BY id) AS place FROM customer_addresses"
        f" WHERE customer_id IN ({numbered_placeholders(len(ids))})) a"
        f" WHERE place <= {MAX_SHOWN} ORDER BY customer_id, id"
    )
    rows = await context.reader.rows(sql, *ids)
    answers = None
    if _asked(context):
        answers = await form_fields.read("address_id", context, [address for address, _owner, _doc in rows])
    found: dict[int, list[bytes]] = {}
    for address, owner, doc in rows:
        shown = doc if answers is None else doc[:-1] + b',"form_fields":' + answers.get(address, b"[]") + b"}"
        found.setdefault(owner, []).append(shown)
    return {owner: b"[" + b",".join(docs) + b"]" for owner, docs in found.items()}


def _asked(context: Context) -> bool:
    """Whether form fields are included, or an address in the body contained some."""
    drafts = context.brought if isinstance(context.brought, list) else []
    brought = any("form_fields" in address for draft in drafts for address in draft.get("addresses", ()))
    return brought or "formfields" in context.query.include


async def how_many(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The number of addresses of each customer."""
    if not ids:
        return {}
    placeholders = numbered_placeholders(len(ids))
    mine = f"customer_id IN ({placeholders}) GROUP BY customer_id"
    sql = f"SELECT customer_id, count(*) FROM customer_addresses WHERE {mine}"
    return {owner: b"%d" % count for owner, count in await context.reader.rows(sql, *ids)}


async def _write(unit: Unit, parent: customer.Customer, drafts: list[Changes], notes: list[Fault]) -> None:
    for draft in drafts:
        await create_one(unit, IN_CUSTOMER, {**draft, "customer_id": parent.id}, notes)


IN_CUSTOMER = Endpoint(3, TABLE, _LIST, _SCOPE, "", v3=in_customer)
INCLUDE = Include(of_customers, tables="customer_addresses form_field_values")
COUNT = Include(how_many, empty=b"0", tables="customer_addresses")
NESTED = Nested(in_customer, _write, new=True, maximum=MAX_SHOWN)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(resolve_country,),
            signals=events(
                "store/customer/address",
                kind="customer",
                more=lambda address: {"address": {"customer_id": address.customer_id}},
            ),
        ),
    ),
    routes=routes,
)
