"""The customer's V3 shapes, and what is shown inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from bodega.kit.bounds import AtMost
from bodega.kit.context import Context
from bodega.kit.fields import clean_decimal
from bodega.kit.includes import Include
from bodega.kit.render import json
from bodega.kit.v3_shape import V3Shape
from bodega.resources.customers import addresses, attribute_values, form_fields
from bodega.resources.customers.customer import HIDDEN, Credentials, Credit, Customer
from bodega.storage.table import numbered_placeholders


async def store_credit(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """Store credit, in the one currency in which it is kept."""
    if not ids:
        return {}
    sql = f"SELECT id, store_credit FROM customers WHERE id IN ({numbered_placeholders(len(ids))})"
    found = await context.reader.rows(sql, *ids)
    return {owner: json([{"amount": clean_decimal(Decimal(credit) / 10_000)}]) for owner, credit in found}


async def none_yet(_call: Context, _ids: Sequence[int]) -> dict[int, bytes]:
    """Segments and shopper profiles do not exist yet, so the lists are empty."""
    return {}


INCLUDES: Mapping[str, Include] = MappingProxyType(
    {
        "storecredit": Include(store_credit, member="store_credit_amounts", tables="customers"),
        "shopper_profile_id": Include(none_yet, empty=b"null"),
        "segment_ids": Include(none_yet),
        "formfields": form_fields.include("customer_id"),
        "addresses": addresses.INCLUDE,
        "address_count": addresses.COUNT,
        "attributes": attribute_values.INCLUDE,
        "attribute_count": attribute_values.COUNT,
    }
)
"""What V3 shows inside a customer, most of it on request."""

_WISHES: dict[str, Any] = {"authentication": Credentials, "store_credit_amounts": Annotated[list[Credit], AtMost(100)]}
_READ_ONLY = "id registration_ip_address date_created date_modified"

POST_SHAPE = V3Shape(
    Customer,
    required="email first_name last_name",
    read_only=_READ_ONLY,
    hidden=HIDDEN,
    write_only=_WISHES,
    nested={
        "form_fields": form_fields.nested("customer_id"),
        "addresses": addresses.NESTED,
        "attributes": attribute_values.NESTED,
    },
)
PUT_SHAPE = V3Shape(
    Customer,
    required="",
    read_only=_READ_ONLY,
    hidden=HIDDEN,
    write_only=_WISHES,
    nested={"form_fields": form_fields.nested("customer_id")},
)
"""A PUT does not change addresses and attributes: they have paths of their own."""
