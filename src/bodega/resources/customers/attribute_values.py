"""Attribute values: the values of the store's attributes for each customer."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.dates import parse_moment
from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Moment
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import create_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, refuse_faults
from bodega.resources.customers import attributes, customer
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.operands import SqlTest
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

MAX_CUSTOMERS = 10
"""The most customers whose values one request may change."""
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)\s*")
MAX_SHOWN = 10
"""The most values that are shown inside a customer, and that can be created with one."""


class AttributeValue(Entity, kw_only=True):
    """Always text, whatever the attribute's type. A PUT calls it `value`, every reply `attribute_value`."""

    attribute_id: Id
    attribute_value: Line
    customer_id: Id = 0
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "customer_attribute_values",
    AttributeValue,
    noun="attribute value",
    columns="customer_id attribute_id date_created date_modified",
    indexed="attribute_id",
    uniques=[Unique(("customer_id", "attribute_id"), "attribute_id", "The customer has a value of this attribute.")],
    references=[
        Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE"),
        Reference("attribute_id", "customer_attributes", "attribute_id", "The attribute does not exist.", "CASCADE"),
    ],
)

_OWN = "id date_created date_modified"
v3 = V3Shape(
    AttributeValue,
    required="attribute_id value customer_id",
    read_only=f"{_OWN} attribute_value",
    write_only={"value": Annotated[str, msgspec.Meta(max_length=255)]},
)
in_customer = V3Shape(AttributeValue, required="attribute_id attribute_value", read_only=f"{_OWN} customer_id")

OF_NAME = SqlTest("attribute_id IN (SELECT id FROM customer_attributes WHERE name_key IN ({placeholders}))")


async def _known(unit: Unit, asked: Changes) -> int:
    """The id of the customer's value of the attribute, 0 if there is none: a PUT need not contain it."""
    sql = "SELECT id FROM customer_attribute_values WHERE customer_id = $1 AND attribute_id = $2"
    return int(await query.value(unit.tx, sql, asked["customer_id"], asked["attribute_id"]) or 0)


V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":id :customer_id :attribute_id date_created date_modified",
        mapped={"name": FilterField(OF_NAME, caseless)},
    ),
    "store_v2_customers",
    "customers/attribute-values",
    v3=v3,
    created=200,
    batch=Batch(
        MAX_CUSTOMERS * attributes.MAXIMUM, whole=True, creates=True, refused=Reason.LIST_REFUSED, finds=_known
    ),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), V3.scope, V3.home, idle_delete=True)


class Upsert(UpdateMany):
    """PUT: values of at most ten customers (rule 25)."""

    def read(self, content: Any) -> Any:
        drafts = super().read(content)
        if len({draft.get("customer_id") for draft in drafts}) > MAX_CUSTOMERS:
            message = f"The values of at most {MAX_CUSTOMERS} customers can be changed at once."
            raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": MAX_CUSTOMERS})
        return drafts


routes = (
    collection("customers/attribute-values", V3, "GET")
    .also(route("customers/attribute-values", 3, PUT=Upsert(V3)))
    .also(collection("customers/attribute-values", DELETE, "DELETE"))
    .at_most(PUT=3),
)


async def normalize_value_member(
    _unit: Unit, changes: Changes, old: AttributeValue | None, _notes: list[Fault]
) -> None:
    """Accepts both names of the member, and keeps a value with its customer and its attribute."""
    if "value" in changes:
        changes["attribute_value"] = changes.pop("value")
    for name in ("customer_id", "attribute_id"):
        if old is not None and changes.get(name, getattr(old, name)) != getattr(old, name):
            raise refuse_faults([invalid(name, "must be that of the value with this id")])


async def check_value_type(unit: Unit, _old: AttributeValue | None, new: AttributeValue) -> None:
    """The value must match the attribute's type: number or date; an empty text is always valid."""
    row = await unit.get(attributes.TABLE, new.attribute_id)
    if row is None or not new.attribute_value:
        return
    if row.entity.type == "number" and not _NUMBER.fullmatch(new.attribute_value):
        raise refuse_faults([invalid("value", "must be a number, as the attribute is one")])
    if row.entity.type == "date" and not _is_date(new.attribute_value):
        raise refuse_faults([invalid("value", "must be a date, as the attribute is one")])


def _is_date(text: str) -> bool:
    """Any documented form of a date, including days before 1970, such as birthdays."""
    for read in (parse_moment, datetime.datetime.fromisoformat):
        try:
            read(text.strip())
        except ValueError:
            continue
        return True
    return False


# Attribute values inside a customer


async def of_customers(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The first ten values of each customer."""
    if not ids:
        return {}
    sql = (
        "SELECT customer_id, doc FROM (SELECT id, customer_id, doc, row_number() OVER"
        " (PARTITION BY customer_id ORDER BY id) AS place FROM customer_attribute_values"
        f" WHERE customer_id IN ({numbered_placeholders(len(ids))})) a"
        f" WHERE place <= {MAX_SHOWN} ORDER BY customer_id, id"
    )
    found: dict[int, list[bytes]] = {}
    for owner, doc in await context.reader.rows(sql, *ids):
        found.setdefault(owner, []).append(doc)
    return {owner: b"[" + b",".join(docs) + b"]" for owner, docs in found.items()}


async def how_many(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The number of values of each customer."""
    if not ids:
        return {}
    placeholders = numbered_placeholders(len(ids))
    sql = (
        "SELECT customer_id, count(*) FROM customer_attribute_values"
        f" WHERE customer_id IN ({placeholders}) GROUP BY customer_id"
    )
    return {owner: b"%d" % count for owner, count in await context.reader.rows(sql, *ids)}


async def _write(unit: Unit, parent: customer.Customer, drafts: list[Changes], notes: list[Fault]) -> None:
    for draft in drafts:
        await create_one(unit, IN_CUSTOMER, {**draft, "customer_id": parent.id}, notes)


IN_CUSTOMER = Endpoint(3, TABLE, V3.listing, V3.scope, "", v3=in_customer)
INCLUDE = Include(of_customers, tables=TABLE.name)
COUNT = Include(how_many, empty=b"0", tables=TABLE.name)
NESTED = Nested(in_customer, _write, new=True, maximum=MAX_SHOWN)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(normalize_value_member,),
            before_write=(check_value_type,),
        ),
    ),
    routes=routes,
)
