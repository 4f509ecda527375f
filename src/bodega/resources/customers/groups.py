"""Customer groups: which categories their members see, and their discounts."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.complaint import Absent, Misfit, typed
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INTEGER, NAME, FieldType, Id, Ids, Moment, as_is, clean_decimal, moment, structured
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.customers import customer
from bodega.storage import query
from bodega.storage.conflicts import dangling
from bodega.storage.table import Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_RULES = 1000
MAX_PERCENT = Decimal(100)
AT_ONCE = 250
"""The number of members that are read at a time when their group is deleted."""

TARGETS = {"all": "", "category": "category_id", "product": "product_id", "price_list": "price_list_id"}
"""The member that a rule of each type names."""


class Access(msgspec.Struct, omit_defaults=True):
    """`categories` are those that members see when `type` is specific."""

    type: Literal["all", "specific", "none"]
    categories: Ids = []

    def __post_init__(self) -> None:
        if self.type != "specific" and self.categories:
            raise ValueError("must have categories only where its type is specific")


class Discount(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A discount rule: per cent off, an amount off, or a price, for everything, a category or a product; or a price
    list."""

    type: Literal["all", "category", "product", "price_list"]
    method: Literal["percent", "fixed", "price"] | None = None
    amount: str = ""
    category_id: Id = 0
    product_id: Id = 0
    price_list_id: Id = 0


def _read_rules(value: Any) -> list[Discount]:
    """Rule 103: each rule is complete and of its type, a price list stands alone, and at most one rule is for
    everything."""
    if value in (None, ""):
        return []
    if not isinstance(value, list) or len(value) > MAX_RULES:
        raise ValueError(f"must be a list of at most {MAX_RULES} rules")
    rules = [_read_rule(rule) for rule in value]
    kinds = [rule.type for rule in rules]
    if "price_list" in kinds and len(kinds) > 1:
        raise ValueError("must have no other rule beside one of type price_list")
    if kinds.count("all") > 1:
        raise ValueError("must have at most one rule of type all")
    targets = [
        (rule.type, rule.category_id or rule.product_id) for rule in rules if rule.type in ("category", "product")
    ]
    if len(set(targets)) < len(targets):
        raise ValueError("must have one rule at most for each category and product")
    return rules


def _read_rule(rule: Any) -> Discount:
    if not isinstance(rule, dict) or rule.get("type") not in list(TARGETS):
        raise Misfit("must have rules whose type is one of " + ", ".join(TARGETS), ".type")
    kind = rule["type"]
    needed = {"type", TARGETS[kind]} - {""} | (set() if kind == "price_list" else {"method", "amount"})
    missing, unknown = sorted(needed - rule.keys()), sorted(rule.keys() - needed)
    if missing:
        raise Absent(f"must have {missing[0]} in a rule of type {kind}", f".{missing[0]}")
    if unknown:
        raise ValueError(f"must not have {unknown[0]} in a rule of type {kind}")
    made = dict(rule)
    for name in [name for name in rule if name.endswith("_id")]:
        made[name] = _read_member(name, rule[name], INTEGER.read)
    if any(not value for name, value in made.items() if name.endswith("_id")):
        raise Misfit(f"must have {TARGETS[kind]} in a rule of type {kind}", f".{TARGETS[kind]}")
    if kind != "price_list":
        amount = _read_member("amount", rule["amount"], _amount)
        if rule["method"] == "percent" and amount > MAX_PERCENT:
            raise Misfit("must take at most 100 per cent off", ".amount")
        made["amount"] = f"{amount:.4f}"
    found: Discount = typed(made, Discount)
    return found


def _amount(value: Any) -> Decimal:
    return clean_decimal("true" if isinstance(value, bool) else str(value))


def _is(why: str) -> str:
    return why.replace("must be ", "is ").replace("must not be ", "is not ")


def _read_member(name: str, value: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise Misfit(f"must have rules whose {name} {_is(str(error))}", f".{name}") from None


_Rules = Annotated[list[Discount], AtMost(MAX_RULES)]
RULES = FieldType("object_array", msgspec.to_builtins, _read_rules, as_is, holds=_Rules)
ACCESS = structured(Access)


class CustomerGroup(Entity, kw_only=True):
    """New customers join the group with `is_default`; at most one group is for guests."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    is_default: bool = False
    category_access: Annotated[Access, ACCESS] = msgspec.field(default_factory=lambda: Access("all"))
    discount_rules: Annotated[list[Discount], RULES] = []
    is_group_for_guests: bool = False
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "customer_groups",
    CustomerGroup,
    noun="customer group",
    columns="name is_default is_group_for_guests date_created date_modified",
    computed={"name_key": ("TEXT", lambda group: caseless(group.name))},
    indexed="name_key",
    uniques=[
        Unique(("is_default",), "is_default", "The store has a default group already.", "is_default"),
        Unique(
            ("is_group_for_guests",),
            "is_group_for_guests",
            "The store has a group for guests already.",
            "is_group_for_guests",
        ),
    ],  # rule 103
)

v2 = V2Shape(
    CustomerGroup,
    "customer_groups",
    "customer_group",
    "id? name* is_default category_access discount_rules is_group_for_guests date_created? date_modified?",
)

V2 = Endpoint(
    2,
    TABLE,
    Listing(
        TABLE,
        2,
        "name:like is_default is_group_for_guests date_created:min,max date_modified:min,max min_id max_id",
    ),
    "store_v2_customers",
    "customer_groups",
    v2=v2,
    created=200,
)

routes = (
    collection("customer_groups", V2, "GET POST DELETE").at_most(GET=40, POST=40),
    item("customer_groups/{id}", V2).at_most(DELETE=40),
    count("customer_groups/count", V2),
)

ROLES = ("is_default", "is_group_for_guests")


async def check_group_references(unit: Unit, _old: CustomerGroup | None, new: CustomerGroup) -> None:
    """Categories and products that a group names must exist. Rule 114: a group to which a price list is assigned has no
    discounts of its own."""
    rules = new.discount_rules
    faults = [
        *await _missing(unit, "category_access.categories", "categories", "category", new.category_access.categories),
        *await _missing(
            unit, "discount_rules.category_id", "categories", "category", [rule.category_id for rule in rules]
        ),
        *await _missing(unit, "discount_rules.product_id", "products", "product", [rule.product_id for rule in rules]),
    ]
    if faults:
        raise refuse_faults(faults)
    if any(rule.type != "price_list" for rule in rules) and new.id:
        sql = "SELECT price_list_id FROM price_list_assignments WHERE customer_group_id = $1 ORDER BY id LIMIT 1"
        assigned = await query.value(unit.tx, sql, new.id)
        if assigned is not None:
            raise refuse_faults([invalid("discount_rules", f"must be empty: price list {assigned} is assigned")])


async def _missing(unit: Unit, field: str, table: str, noun: str, ids: Iterable[int]) -> list[Fault]:
    wanted = list(dict.fromkeys(one for one in ids if one))
    there = set(await query.existing(unit.tx, table, wanted))
    gone = [one for one in wanted if one not in there]
    return [dangling(field, f"A {noun} does not exist.", gone)] if gone else []


async def keep_one_default_group(unit: Unit, _old: CustomerGroup | None, new: CustomerGroup) -> None:
    """Rule 103: a group that becomes the default, or that of guests, replaces the previous one."""
    for role in ROLES:
        if getattr(new, role):
            await _resign(unit, role, new.id)


async def _resign(unit: Unit, role: str, keep: int) -> None:
    for (other,) in await unit.tx.rows(f"SELECT id FROM customer_groups WHERE {role} AND id <> $1", keep):
        row = await unit.get(TABLE, other)
        assert row is not None
        setattr(row.entity, role, False)
        await unit.rewrite(TABLE, row)


async def holder(tx: Tx, role: str) -> int:
    """The id of the group in this role, 0 when there is none."""
    return int(await query.value(tx, f"SELECT id FROM customer_groups WHERE {role} ORDER BY id LIMIT 1") or 0)


async def appoint(unit: Unit, role: str, group: int) -> None:
    """Gives a role to a group, or to none (0). Raises Refusal."""
    if await holder(unit.tx, role) == group:
        return
    if not group:
        await _resign(unit, role, 0)
        return
    row = await unit.get(TABLE, group)
    if row is None:
        raise refuse_faults([invalid("customer_group_settings", f"names group {group}, which does not exist")])
    await unit.update(TABLE, row, msgspec.structs.replace(row.entity, **{role: True}, date_modified=moment(unit.now)))


async def unassign_members(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 103: members of a deleted group are in no group afterwards."""
    placeholders = numbered_placeholders(len(ids))
    last = 0
    while True:
        sql = (
            f"SELECT id FROM customers WHERE customer_group_id IN ({placeholders}) AND id > ${len(ids) + 1}"
            f" ORDER BY id LIMIT {AT_ONCE}"
        )
        members = await query.values(unit.tx, sql, *ids, last)
        if not members:
            return
        for member in members:
            row = await unit.get(customer.TABLE, member)
            assert row is not None
            alone = msgspec.structs.replace(row.entity, customer_group_id=0, date_modified=customer.present(unit))
            await unit.update(customer.TABLE, row, alone)
        last = members[-1]


async def remove_categories_from_groups(unit: Unit, ids: Sequence[int]) -> None:
    """Removes a deleted category from groups."""
    await _forget(unit, of_categories=set(ids))


async def remove_products_from_groups(unit: Unit, ids: Sequence[int]) -> None:
    """Removes the prices of a deleted product from groups."""
    await _forget(unit, of_products=set(ids))


async def _forget(unit: Unit, *, of_categories: Container[int] = (), of_products: Container[int] = ()) -> None:
    if not unit.statistics.total(TABLE.name):
        return
    for (group,) in await unit.tx.rows("SELECT id FROM customer_groups ORDER BY id"):
        row = await unit.get(TABLE, group)
        assert row is not None
        seen, rules = row.entity.category_access.categories, row.entity.discount_rules
        kept = [one for one in seen if one not in of_categories]
        left = [rule for rule in rules if rule.category_id not in of_categories and rule.product_id not in of_products]
        if len(kept) < len(seen) or len(left) < len(rules):
            row.entity.category_access = Access(row.entity.category_access.type, kept)
            row.entity.discount_rules = left
            await unit.rewrite(TABLE, row)
