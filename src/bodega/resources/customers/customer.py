"""The customer as it is stored, and its V2 form. Those of V3 are in customer_shapes.py."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from bodega import passwords
from bodega.domain import guesses
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import (
    EMAIL,
    FLAG,
    IP_ADDRESS,
    NAME,
    FieldType,
    Id,
    Line,
    Long,
    Moment,
    Money,
    as_is,
    clean_text,
    moment,
)
from bodega.kit.v2_members import Alias, BatchLoaded, Linked
from bodega.kit.v2_shape import V2Shape
from bodega.resources.customers import logins
from bodega.resources.store import channels
from bodega.storage.table import Reference, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100), NAME]
Phone = Annotated[str, msgspec.Meta(max_length=50)]
_NEAR = rf".{{0,{passwords.LONGEST}}}"
_PASSWORD = re.compile(rf"(?s)(?={_NEAR}[^\W\d_])(?={_NEAR}\d).{{{passwords.SHORTEST},{passwords.LONGEST}}}")
"""A letter, a digit, and neither too short nor too long."""
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=250), EMAIL]
"""Rule 97."""


class Authentication(msgspec.Struct):
    """What is shown of how a customer signs in."""

    force_password_reset: bool = False


class Credentials(msgspec.Struct):
    """How a customer is to sign in; never stored in this form (`customers.keep_only_hashes`)."""

    force_password_reset: bool | None = None
    new_password: str | None = None

    def __post_init__(self) -> None:
        """A password that is easily guessed is refused."""
        if self.new_password is not None and not _PASSWORD.fullmatch(self.new_password):
            length = f"{passwords.SHORTEST} to {passwords.LONGEST}"
            raise ValueError(f"must have a password of {length} characters, with letters and digits")


class Credit(msgspec.Struct):
    """V3's form of store credit."""

    amount: Any = 0


HIDDEN = "store_credit password"
UPDATING = (
    "email first_name last_name company phone registration_ip_address notes tax_exempt_category customer_group_id"
    " authentication accepts_product_review_abandoned_cart_emails channel_ids store_credit password"
)
"""The members whose change is an update of the customer."""


class Customer(Entity, kw_only=True):
    """`customer_group_id` 0 is no group; with `channel_ids` None the customer can sign in at every channel with global
    logins.

    `store_credit` is in the store's default currency; `password` an argon2id hash, empty if there is none.
    """

    email: Email
    first_name: Name
    last_name: Name
    company: Line = ""
    phone: Phone = ""
    registration_ip_address: Annotated[str, msgspec.Meta(max_length=30), IP_ADDRESS] = ""
    notes: Long = ""
    tax_exempt_category: Line = ""
    customer_group_id: Id = 0
    date_created: Moment = ""
    date_modified: Moment = ""
    authentication: Authentication = msgspec.field(default_factory=Authentication)
    accepts_product_review_abandoned_cart_emails: bool = False
    origin_channel_id: Id = channels.DEFAULT
    channel_ids: Annotated[list[Id], msgspec.Meta(min_length=1), AtMost(1_000)] | None = None
    store_credit: Money = Decimal(0)
    password: str = ""


def present(unit: Unit) -> str:
    """The store's present time in the form of customers: some clients can only read these dates with a Z."""
    return as_z(moment(unit.now))


def as_z(date: str) -> str:
    """A time of day in UTC, with a Z."""
    return date.replace("+00:00", "Z")


def _in_order(date: str) -> str:
    """The form of all other dates, by which lists are filtered and sorted."""
    return date.replace("Z", "+00:00")


def full_name(person: Any) -> str:
    """First and last name for filters, in lower case."""
    return caseless(f"{person.first_name} {person.last_name}")


TABLE = stored(
    "customers",
    Customer,
    noun="customer",
    columns="first_name last_name company phone registration_ip_address tax_exempt_category customer_group_id"
    " store_credit origin_channel_id",
    computed={
        "date_created": ("TEXT", lambda customer: _in_order(customer.date_created)),
        "date_modified": ("TEXT", lambda customer: _in_order(customer.date_modified)),
        "email_key": ("TEXT", lambda customer: caseless(customer.email)),
        "name_key": ("TEXT", full_name),
        "last_name_key": ("TEXT", lambda customer: caseless(customer.last_name)),
        "group_ref": ("INTEGER", lambda customer: customer.customer_group_id or None),
    },
    indexed="email_key customer_group_id date_created date_modified last_name_key",
    hidden=HIDDEN,
    references=[
        Reference("group_ref", "customer_groups", "customer_group_id", "The customer group does not exist."),
        Reference("origin_channel_id", "channels", "origin_channel_id", "The channel does not exist."),
    ],
    counter="customers",
    more_schema=f"{guesses.GUESSES}\n{logins.SCHEMA}",
)


def access_changed(old: Customer, new: Customer) -> dict[str, Any] | None:
    """The payload of a change of the channels at which a customer can sign in."""
    if old.channel_ids == new.channel_ids:
        return None
    return {"type": "customer", "id": new.id, "channel_ids": new.channel_ids}


# V2


def _read_credentials(value: Any) -> Credentials:
    """Rule 98: V2 may contain a confirmation of the password."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    password, again = value.get("password"), value.get("password_confirmation")
    for word in (password, again):
        if word is not None and not isinstance(word, str):
            raise ValueError("must have a password that is a string")
        clean_text(word or "")
    if again is not None and again != password:
        raise ValueError("must have the same password twice")
    force = value.get("force_reset")
    return Credentials(None if force is None else FLAG.read(force), password)


class SpelledTwice(msgspec.Struct):
    """The member `_authentication` of V2."""

    password: str | None = None
    password_confirmation: str | None = None
    force_reset: bool | None = None


CREDENTIALS = FieldType("object", as_is, _read_credentials, as_is, holds=SpelledTwice)
RESET = FieldType(
    "boolean", lambda shown: shown.force_password_reset, lambda value: Authentication(FLAG.read(value)), as_is
)


async def _form_fields(context: Context, found: Sequence[Customer]) -> Mapping[int, Any]:
    """The answers of these customers in the sign-up form; None for one who gave none."""
    ids = [customer.id for customer in found]
    if not ids:
        return {}
    placeholders = numbered_placeholders(len(ids))
    sql = f"SELECT customer_id, doc FROM form_field_values WHERE customer_id IN ({placeholders}) ORDER BY id"
    answers: dict[int, list[dict[str, Any]]] = {}
    for customer_id, doc in await context.reader.rows(sql, *ids):
        value = msgspec.json.decode(doc)
        answers.setdefault(customer_id, []).append({"name": value["name"], "value": _as_text(value["value"])})
    return answers


def _as_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


v2 = V2Shape(
    Customer,
    "customers",
    "customer",
    "id! _authentication^ company first_name* last_name* email* phone date_created! date_modified! store_credit"
    " registration_ip_address customer_group_id notes tax_exempt_category accepts_marketing! addresses form_fields!"
    " reset_pass_on_login",
    {
        "_authentication": Alias("credentials", CREDENTIALS),
        "accepts_marketing": Alias("accepts_product_review_abandoned_cart_emails"),  # rule 99
        "addresses": Linked("/customers/{e.id}/addresses"),
        "form_fields": BatchLoaded(_form_fields, "object"),
        "reset_pass_on_login": Alias("authentication", RESET),
    },
)
