"""Form field values: what customers answered in the sign-up and address forms of a store, by the name of the field.

The fields of a form are chosen in a control panel, and no operation lists them. A field is known by its answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec

from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, FieldType, Id, as_is, clean_text
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of, parser
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection
from bodega.kit.route import listed as whole_lists
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import create_one, update_one
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_AT_ONCE = 50
LONGEST = 65_535
GREATEST = 10**15
TYPES = ("checkboxes", "date", "multiline", "numbers", "password", "radiobuttons", "text", "picklist")


def clean_answer(value: Any) -> Any:
    """Text, a number, or a list of texts."""
    texts = value if isinstance(value, list) else [value]
    if all(isinstance(text, str) for text in texts) and sum(map(len, texts)) <= LONGEST:
        for text in texts:
            clean_text(text)
        return value
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and -GREATEST <= value <= GREATEST:
        return value
    raise ValueError(f"must be text or a list of texts of at most {LONGEST} characters, or a number up to {GREATEST}")


ANSWER = FieldType("object", as_is, clean_answer, clean_answer)


class FormFieldValue(Entity, kw_only=True):
    """An answer of a customer or for an address: one of the two ids is set."""

    customer_id: Id | None = None
    address_id: Id | None = None
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    value: Annotated[Any, ANSWER]


def looks_like(answer: FormFieldValue) -> str:
    """The type of field that fits this answer."""
    if isinstance(answer.value, list):
        return "checkboxes"
    if isinstance(answer.value, str):
        return "multiline" if "\n" in answer.value else "text"
    return "numbers"


TABLE = stored(
    "form_field_values",
    FormFieldValue,
    noun="form field value",
    columns="customer_id address_id",
    computed={"field_name": ("TEXT", lambda answer: answer.name), "field_type": ("TEXT", looks_like)},
    uniques=[
        Unique(("customer_id", "field_name"), "name", "The customer has answered this field already."),
        Unique(("address_id", "field_name"), "name", "This field is answered for the address already."),
    ],
    references=[
        Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE"),
        Reference("address_id", "customer_addresses", "address_id", "The address does not exist.", "CASCADE"),
    ],
)


def shown(answer: FormFieldValue) -> dict[str, Any]:
    """An answer with its owner: it has no id on the wire."""
    whose = "customer_id" if answer.customer_id else "address_id"
    return {whose: getattr(answer, whose), "name": answer.name, "value": answer.value}


v3 = V3Shape(FormFieldValue, required="name value", view=shown, members="customer_id address_id name value")
"""`check_owner` checks the owner of an answer."""


_number = parser("INTEGER", "customer_id")


async def known(tx: Tx, asked: Changes) -> int:
    """The id of the existing answer of the same field, 0 if none."""
    whose = "customer_id" if asked.get("customer_id") else "address_id"
    sql = f"SELECT id FROM form_field_values WHERE {whose} = $1 AND field_name = $2"
    return int(await query.value(tx, sql, asked.get(whose), asked["name"]) or 0)


async def _find(unit: Unit, asked: Changes) -> int:
    return await known(unit.tx, asked)


V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "customer_id address_id field_name",
        mapped={"field_type": FilterField("field_type", one_of(TYPES), ("in", "not_in", "not"))},
        cursor=True,
    ),
    "store_v2_customers",
    "customers/form-field-values",
    v3=v3,
    created=200,
    batch=Batch(MAX_AT_ONCE, whole=True, creates=True, refused=Reason.LIST_REFUSED, finds=_find),
)

routes = (
    collection("customers/form-field-values", V3, "GET")
    .also(whole_lists("customers/form-field-values", V3, "PUT"))
    .at_most(PUT=10),
)


async def check_owner(_unit: Unit, changes: Changes, old: FormFieldValue | None, _notes: list[Fault]) -> None:
    """An answer belongs to a customer or an address, and keeps its owner."""
    if old is not None:
        changes.pop("customer_id", None)
        changes.pop("address_id", None)
    elif bool(changes.get("customer_id")) == bool(changes.get("address_id")):
        raise refuse_faults([invalid("customer_id", "or else address_id is required, and only one of them")])


async def touch_customer(unit: Unit, _old: FormFieldValue | None, new: FormFieldValue) -> None:
    """Touches the customer: V2 shows the answers inside it, so its entity tag changes with them."""
    row = await unit.get(customer.TABLE, new.customer_id) if new.customer_id else None
    if row is not None:
        await unit.rewrite(customer.TABLE, row)


# Inside customers and addresses


async def read(owner: str, context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The answers of customers, or for addresses, as lists; `owner` is the column that names them."""
    if not ids:
        return {}
    sql = f"SELECT {owner}, doc FROM form_field_values WHERE {owner} IN ({numbered_placeholders(len(ids))}) ORDER BY id"
    found: dict[int, list[Any]] = {}
    for whose, doc in await context.reader.rows(sql, *ids):
        found.setdefault(whose, []).append(shown(TABLE.decode(doc, None)))
    return {whose: json(answers) for whose, answers in found.items()}


def include(owner: str) -> Include:
    """Answers shown inside their owner."""
    return Include(partial(read, owner), member="form_fields", tables=TABLE.name)


_INSIDE = V3Shape(FormFieldValue, required="name value", read_only="id customer_id address_id")
_FACET = Endpoint(3, TABLE, Listing(TABLE, 3, ""), "", "", v3=_INSIDE)


def nested(owner: str) -> Nested:
    """Answers in the body of their owner; fields that it does not name keep theirs."""

    async def write(unit: Unit, parent: Any, drafts: list[Changes], notes: list[Fault]) -> None:
        for draft in drafts:
            asked = {**draft, owner: parent.id}
            answered = await known(unit.tx, asked)
            if answered:
                await update_one(unit, _FACET, answered, asked, notes)
            else:
                await create_one(unit, _FACET, asked, notes)

    return Nested(_INSIDE, write, new=True, maximum=250)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(check_owner,),
            after_write=(touch_customer,),
        ),
    ),
    routes=routes,
)
