"""Coupons: a code that a shopper enters for a discount (rule 105)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.complaint import Misfit
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Count, FieldType, Id, Line, Moment, Money, as_is, structured
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.parameters import one_of
from bodega.kit.route import collection, count, item
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.geography import places
from bodega.resources.shipping.methods import words_in_use
from bodega.storage import query
from bodega.storage.table import Reference, Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

Type = Literal[
    "per_item_discount",
    "per_total_discount",
    "shipping_discount",
    "free_shipping",
    "percentage_discount",
    "promotion",
]
_LETTERS = re.compile(r"[A-Za-z0-9_ -]+")


def clean_coupon_code(value: str) -> str:
    """Letters, digits, blanks, underscores and hyphens."""
    if not isinstance(value, str) or not _LETTERS.fullmatch(value) or not value.strip():
        raise ValueError("must have only letters, digits, blanks, underscores and hyphens")
    return value


CODE = FieldType("string", as_is, clean_coupon_code, clean_coupon_code)

Codes = Annotated[list[str], AtMost(10_000)]


class AppliesTo(msgspec.Struct, kw_only=True):
    """The discounted products or categories; category 0 means everything."""

    entity: Literal["products", "categories"]
    ids: Annotated[list[Id], AtMost(10_000)] = []


_APPLIES = structured(AppliesTo)
ENTITIES = ("categories", "products")


def _read_applies_to(value: Any) -> AppliesTo:
    if isinstance(value, dict) and not value.get("entity"):
        raise Misfit(f"must have an entity that is one of {', '.join(ENTITIES)}", "->entity")
    read: AppliesTo = _APPLIES.read(value)
    return read


APPLIES_TO = _APPLIES._replace(read=_read_applies_to)


class RestrictedTo(msgspec.Struct, kw_only=True):
    """Restricts the destination of the order: countries by code, their states, postal codes in them."""

    countries: str | Codes | UnsetType = UNSET
    states: Annotated[dict[str, Codes], AtMost(1_000)] | UnsetType = UNSET
    zips: Annotated[dict[str, Codes], AtMost(1_000)] | UnsetType = UNSET

    def named(self) -> list[str]:
        """The codes of all named countries."""
        listed = self.countries.split(",") if isinstance(self.countries, str) else self.countries or []
        return [code.strip() for code in (*listed, *(self.states or {}), *(self.zips or {})) if code.strip()]


_PLACES = structured(RestrictedTo)
RESTRICTED_TO = _PLACES._replace(
    show=lambda places: _PLACES.show(places) or [], read=lambda value: _PLACES.read({} if value == [] else value)
)
"""A coupon that is not restricted shows an empty list, as PHP writes an empty object; clients send it back."""


class Coupon(Entity, kw_only=True):
    """The type decides whether `amount` is money or a percentage. `num_uses` counts orders; a limit of 0 is none.

    One with a `promotion_id` is a code of that promotion, which decides what it gives; `is_bulk` if those are many.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100), NAME]
    type: Type
    amount: Money
    min_purchase: Money = Decimal(0)
    expires: Moment = ""
    enabled: bool = True
    code: Annotated[str, msgspec.Meta(max_length=50), CODE]
    applies_to: Annotated[AppliesTo, APPLIES_TO]
    num_uses: Count = 0
    max_uses: Count = 0
    max_uses_per_customer: Count = 0
    restricted_to: Annotated[RestrictedTo, RESTRICTED_TO] = msgspec.field(default_factory=RestrictedTo)
    shipping_methods: Annotated[list[Line], AtMost(1_000), structured(Annotated[list[str], AtMost(1_000)])] = []
    date_created: Moment = ""
    promotion_id: Id | None = None
    is_bulk: bool = False


USES = """
CREATE TABLE coupon_uses (
    coupon_id INTEGER NOT NULL REFERENCES coupons(id) ON DELETE CASCADE,
    shopper TEXT NOT NULL,
    uses INTEGER NOT NULL,
    PRIMARY KEY (coupon_id, shopper)
);
""".strip()
"""How often each shopper redeemed a coupon: a customer by id, a guest by e-mail address."""

TABLE = stored(
    "coupons",
    Coupon,
    noun="coupon",
    columns="name code type enabled",
    computed={
        "name_key": ("TEXT", lambda coupon: caseless(coupon.name) if coupon.promotion_id is None else None),
        "code_key": ("TEXT", lambda coupon: caseless(coupon.code)),
        "promotion_id": ("INTEGER", lambda coupon: coupon.promotion_id),
        "of_promotion": ("BOOLEAN", lambda coupon: coupon.promotion_id is not None),
    },
    indexed="promotion_id",
    references=[Reference("promotion_id", "promotions", "promotion_id", "The promotion does not exist.", "CASCADE")],
    more_schema=USES,
    uniques=[
        Unique(("name_key",), "name", "A coupon of this name exists."),
        Unique(("code_key",), "code", "A coupon with this code exists."),
    ],
)

v2 = V2Shape(
    Coupon,
    "coupons",
    "coupon",
    "id! name* type* amount* min_purchase expires enabled code* applies_to* num_uses! max_uses max_uses_per_customer"
    " restricted_to shipping_methods date_created!",
)
_type = one_of((*get_args(Type), "promotion"))  # the published words, of which a coupon made here has no `promotion`
V2 = Endpoint(
    2,
    TABLE,
    Listing(
        TABLE,
        2,
        "id name min_id max_id",
        mapped={
            "code": Filter("code_key", "eq", caseless),
            "type": Filter("type", "eq", _type),
            "exclude_type": Filter("type", "ne", _type),
        },
    ),
    "store_v2_marketing",
    "coupons",
    v2=v2,
)
DELETE = Endpoint(2, TABLE, Listing(TABLE, 2, "id:in"), V2.scope, V2.home, v2=v2)

routes = (
    collection("coupons", V2, "GET POST").also(collection("coupons", DELETE, "DELETE")),
    item("coupons/{id}", V2),
    count("coupons/count", V2),
)


async def clear_applies_to(_unit: Unit, changes: Changes, old: Coupon | None, _notes: list[Fault]) -> None:
    """Rule 105: a PUT without `applies_to` empties it."""
    if old is not None:
        changes.setdefault("applies_to", AppliesTo(entity=old.applies_to.entity))


async def check_discount(_unit: Unit, _old: Coupon | None, new: Coupon) -> None:
    """A percentage is at most 100; countries are those of ISO 3166."""
    faults = []
    if new.type == "percentage_discount" and new.amount > 100:
        faults.append(invalid("amount", "must be at most 100 for a percentage_discount"))
    unknown = [code for code in new.restricted_to.named() if len(code) != 2 or places.country(code) is None]
    if unknown:
        why = "names countries that do not exist: " + ", ".join(unknown)
        faults.append(invalid("restricted_to", why, inside=".countries"))
    if faults:
        raise refuse_faults(faults)


async def check_targets(unit: Unit, old: Coupon | None, new: Coupon) -> None:
    """Rule 44: what a coupon is given to apply to exists; what is deleted later stays named."""
    before = old.applies_to if old is not None else None
    same = before.ids if before is not None and before.entity == new.applies_to.entity else []
    fresh = sorted(set(new.applies_to.ids) - set(same) - {0})
    gone = set(fresh) - set(await query.existing(unit.tx, new.applies_to.entity, fresh)) if fresh else set()
    if gone:
        noun = "category" if new.applies_to.entity == "categories" else "product"
        why = f"names what does not exist: {noun} {', '.join(map(str, sorted(gone)))}"
        raise refuse_faults([invalid("applies_to", why, inside=f".{new.applies_to.entity}")])


async def check_shipping_methods(unit: Unit, old: Coupon | None, new: Coupon) -> None:
    """Rule 105: a shipping method must be enabled when it is added to a coupon."""
    fresh = set(new.shipping_methods) - set(old.shipping_methods if old is not None else [])
    if fresh and (idle := sorted(fresh - await words_in_use(unit))):
        raise refuse_faults([invalid("shipping_methods", "names methods that are not enabled: " + ", ".join(idle))])
