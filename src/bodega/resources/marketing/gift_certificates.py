"""Gift certificates: prepaid money that is spent with a code (rule 106)."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import EMAIL, NAME, UNIX, Id, Moment, Money, moment
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.store import currencies
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

LONGEST_CODE = 20
LONGEST_MESSAGE = 250
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without characters that are easily confused when a code is read aloud."""

Template = Literal["", "birthday.html", "girl.html", "boy.html", "celebration.html", "christmas.html", "general.html"]
Person = Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
Address = Annotated[str, msgspec.Meta(max_length=255), EMAIL]


class GiftCertificate(Entity, kw_only=True):
    """`balance` is what is left of `amount`; `order_id` is the order that bought it, 0 if none did."""

    customer_id: Id = 0
    order_id: Id = 0
    code: Annotated[str, msgspec.Meta(max_length=255)] = ""
    to_name: Person
    to_email: Address
    from_name: Person
    from_email: Address
    amount: Money
    balance: Money
    status: Literal["pending", "active", "disabled", "expired"] = "active"
    template: Template = ""
    message: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)] = ""
    purchase_date: Moment = ""
    expiry_date: Moment = ""
    currency_code: Annotated[str, msgspec.Meta(max_length=3)] = ""


TABLE = stored(
    "gift_certificates",
    GiftCertificate,
    noun="gift certificate",
    columns="order_id to_name to_email from_name from_email",
    computed={"code_key": ("TEXT", lambda certificate: caseless(certificate.code))},
    indexed="order_id",
    uniques=[Unique(("code_key",), "code", "A gift certificate with this code exists.")],
)

v2 = V2Shape(
    GiftCertificate,
    "gift_certificates",
    "gift_certificate",
    "id! code amount* status balance message to_name* order_id! template to_email* from_name* from_email* customer_id"
    " expiry_date purchase_date currency_code",
    {"purchase_date": Alias("purchase_date", UNIX), "expiry_date": Alias("expiry_date", UNIX)},
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(
        TABLE,
        2,
        "min_id max_id order_id to_name to_email from_name from_email",
        sorts="id",
        mapped={"code": Filter("code_key", "eq", caseless)},
    ),
    "store_v2_marketing",
    "gift_certificates",
    v2=v2,
)

routes = (collection("gift_certificates", V2, "GET POST DELETE"), item("gift_certificates/{id}", V2))


def new_code() -> str:
    """A new code: four groups of three, such as ABC-2D3-XYZ-9KM."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(3)) for _ in range(4))


async def complete_certificate(unit: Unit, changes: Changes, old: GiftCertificate | None, _notes: list[Fault]) -> None:
    """Rule 106: missing members of a new one follow from the others; a code is truncated to 20 characters."""
    if changes.get("code"):
        changes["code"] = changes["code"][:LONGEST_CODE]
    elif old is None or "code" in changes:
        changes["code"] = old.code if old is not None else new_code()
    if old is not None:
        return
    changes.setdefault("balance", changes["amount"])
    changes["purchase_date"] = changes.get("purchase_date") or moment(unit.now)
    changes["currency_code"] = changes.get("currency_code") or (await currencies.default(unit.tx)).currency_code


async def check_amount(unit: Unit, old: GiftCertificate | None, new: GiftCertificate) -> None:
    """A certificate needs an amount, in a currency of the store."""
    faults = []
    if new.amount <= Decimal(0):
        faults.append(invalid("amount", "must be more than 0"))
    changed = old is None or old.currency_code != new.currency_code
    if changed and await _has_no(unit, new.currency_code):
        faults.append(invalid("currency_code", "must be a currency of the store"))
    if faults:
        raise refuse_faults(faults)


async def _has_no(unit: Unit, currency: Any) -> bool:
    return await unit.tx.row("SELECT 1 FROM currencies WHERE currency_code = $1", currency) is None


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(complete_certificate,),
            before_write=(check_amount,),
        ),
    ),
    routes=routes,
)
