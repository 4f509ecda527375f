"""What a rule depends on: it names all members that it reads or sets, so that an update which leaves them runs without
it; and a column is known to follow from all members from which it is computed."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from decimal import Decimal
from operator import attrgetter
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from bodega.kit.v3_shape import LONG_NUMBER
from bodega.resources import MODEL, TABLES
from bodega.resources.catalog import product, stock_keeping, variants
from bodega.storage import query
from bodega.storage.query import StoredRow, stored_sql
from bodega.storage.reading import members_read
from bodega.storage.rules import Rules, depends_on, members_of
from bodega.storage.table import Table, with_number
from bodega.storage.unit import Unit
from shop import Shop

OURS = ("bodega.resources", "bodega.domain")
NEW: Any = {"name": "Hammer", "type": "physical", "weight": 1, "price": 5}

WRITES = [
    pytest.param(table, rule, id=f"{table.name}-{rule.__name__}")
    for table in TABLES
    for rule in (
        *MODEL.rules_of(table).before_write,
        *MODEL.rules_of(table).extra_statements,
        *MODEL.rules_of(table).after_write,
    )
    if members_of(rule) is not None
]
DRAFTS = [
    pytest.param(table, rule, id=f"{table.name}-{rule.__name__}")
    for table in TABLES
    for rule in MODEL.rules_of(table).before_validate
    if members_of(rule) is not None
]


def named(function: Callable[..., Any], seen: set[int]) -> Iterator[str]:
    """Names by which a function, or one of ours that it uses, reads or sets attributes of what it is given."""
    if not isinstance(function, FunctionType) or id(function.__code__) in seen:
        return
    seen.add(id(function.__code__))
    held = dict(
        zip(function.__code__.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()), strict=True)
    )
    yield from _in_code(function.__code__, {**function.__globals__, **held}, seen)


def _in_code(code: CodeType, known: dict[str, Any], seen: set[int]) -> Iterator[str]:
    of: Any = None  # what the last instruction loaded, if it is a global
    for step in dis.get_instructions(code):
        before, of = of, None
        if step.opname in ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE") and step.argval in known:
            of = known[step.argval]
            yield from _used(of, seen)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR"):
            if before is None:
                yield step.argval
            elif isinstance(before, ModuleType):
                of = getattr(before, step.argval, None)
                yield from _used(of, seen)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _in_code(inner, known, seen)


def _used(held: Any, seen: set[int]) -> Iterator[str]:
    """The same of a global that is used: a function, the members that an attrgetter reads, names for getattr."""
    if isinstance(held, FunctionType) and held.__module__.startswith(OURS):
        yield from named(held, seen)
    elif isinstance(held, attrgetter):
        yield from held.__reduce__()[1]
    elif isinstance(held, str):
        yield held
    elif isinstance(held, tuple) and all(isinstance(one, str) for one in held):
        yield from held


def missing(table: Table, rule: Any) -> set[str]:
    """Members that a rule uses and does not name. The id never changes."""
    used = {*named(rule, set())} & {*table.entity.__struct_fields__} - {"id"}
    return used - (members_of(rule) or frozenset())


@pytest.mark.parametrize(("table", "rule"), WRITES)
def test_a_rule_names_every_member_on_which_it_depends(table: Table, rule: Any) -> None:
    assert missing(table, rule) - ALSO_NAMED.get(rule.__name__, set()) == set()


ALSO_NAMED = {
    "write_base_variant": {"calculated_price"},
    "update_inheriting_variants": {"calculated_price"},
    "apply_option_set": {"name", "sort_order", "type"},
    "fire_stock_events": {"product_id", "sku_id"},
}
"""Names that stand in a rule's code for the member of something else, or for what it tells once one of its members has
changed."""


def test_a_member_that_a_rule_does_not_name_is_found() -> None:
    @depends_on("price")
    async def forgetful(_unit: Any, _old: Any, new: Any) -> None:
        new.price = stock_keeping.base_variant(new).calculated_price

    @depends_on("price")
    async def sets(_unit: Any, _old: Any, new: Any) -> None:
        new.name = str(new.price)

    assert {"sku", "base_variant_id", "weight"} <= missing(product.TABLE, forgetful)
    assert missing(product.TABLE, sets) == {"name"}


class Untouchable:
    """Neither a unit nor a value that a rule may look at."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return object.__getattribute__(self, name)
        raise AssertionError(f"it was asked for its {name}")


@pytest.mark.parametrize(("table", "rule"), DRAFTS)
def test_a_rule_has_nothing_to_do_for_a_draft_without_its_members(table: Table, rule: Any) -> None:
    members = members_of(rule)
    assert members is not None
    draft = {name: Untouchable() for name in table.entity.__struct_fields__ if name not in members}
    for old in (None, Untouchable()):
        given, notes = dict(draft), list[Any]()
        with pytest.raises(StopIteration):
            rule(Untouchable(), given, old, notes).send(None)
        assert given == draft
        assert notes == []


def test_what_a_function_reads_is_known_or_said_to_be_unknown() -> None:
    def read(function: Callable[[Any], Any]) -> Any:
        return members_read(function, variants.Variant)

    assert read(attrgetter("upc")) == {"upc"}
    assert read(lambda variant: variant.sku or variant.upc) == {"sku", "upc"}
    assert read(lambda variant: variant.is_base) == {"option_values"}, "a property reads members as well"
    assert read(lambda variant: str(variant)) is None, "handed on"
    assert read(lambda variant: getattr(variant, "sku")) is None  # noqa: B009
    assert read(lambda variant: [variant.sku for _ in range(2)]) is None, "by an inner function"
    assert read(lambda variant: variant.unheard_of) is None
    assert read(print) is None


def test_most_columns_are_looked_at_only_when_they_may_change() -> None:
    unknown = {(table.name, column.name) for table in TABLES for column in table.columns if column.follows is None}
    assert unknown <= {
        ("product_rules", "modifier_id"), ("product_rules", "modifier_value_id"), ("customer_addresses", "core"),
    }  # fmt: skip


def test_a_number_in_a_document_is_replaced_where_it_is_the_member_and_not_in_a_text() -> None:
    text = '"calculated_price":1,'
    variant = variants.Variant(id=7, product_id=1, sku=text, calculated_price=Decimal("1.5"))
    doc, _ = variants.TABLE.encode(variant)
    for value in (Decimal("0.25"), Decimal(12), 3, 0):
        changed = variants.TABLE.decode(with_number(doc, "calculated_price", value), None)
        assert changed == msgspec.structs.replace(variant, calculated_price=Decimal(value))
    assert variants.TABLE.decode(with_number(doc, "price", Decimal(4)), None).price == 4
    assert variants.TABLE.decode(with_number(with_number(doc, "price", Decimal(4)), "price", None), None) == variant


@pytest.mark.parametrize("hears", [False, True])
def test_variants_that_inherit_are_patched_in_document_and_column(shop: Shop, *, hears: bool) -> None:
    if hears:
        hook = {"scope": "store/sku/updated", "destination": "https://h.example/"}
        assert shop.post("/v3/hooks", hook).status in (200, 201)
    number = shop.post("/v3/catalog/products", {**NEW, "variants": [_variant("a"), _variant("b", price=9)]}).data["id"]

    async def change(unit: Unit) -> tuple[list[Any], list[int]]:
        row = await unit.get(product.TABLE, number)
        assert row is not None
        wanted = msgspec.structs.replace(row.entity, price=Decimal("7.25"), weight=Decimal(3))
        await unit.update(product.TABLE, row, wanted, ("price", "weight"))
        of_it = "SELECT calculated_price FROM variants WHERE product_id = $1 ORDER BY id"
        kept = await unit.where(variants.TABLE, "product_id = $1", number)
        return [each.entity for each in kept], await query.values(unit.tx, of_it, number)

    kept, columns = shop.write(change)
    assert [(one.calculated_price, one.calculated_weight) for one in kept] == [(Decimal("7.25"), 3), (9, 3)]
    assert columns == [72_500, 90_000]


def test_rows_that_were_patched_are_not_shown_as_they_were_made(shop: Shop) -> None:
    number = shop.post("/v3/catalog/products", NEW).data["id"]

    async def patch(unit: Unit) -> None:
        owner = await unit.get(product.TABLE, number)
        assert owner is not None
        rows = await query.named(unit.tx, StoredRow, stored_sql(variants.TABLE, "product_id = $1"), number)
        unit.made.note(product.TABLE.name, owner.entity, owner.doc)  # as if they were new in this unit
        unit.made.note(variants.TABLE.name, rows[0].entity(variants.TABLE), rows[0].doc)
        assert unit.made.children(variants.TABLE, "product_id", [number]) is not None
        new = SimpleNamespace(calculated_price=Decimal(8), calculated_weight=Decimal(2))
        await unit.patch(variants.TABLE, [(rows[0], new)], stock_keeping.INHERITED)
        assert unit.made.children(variants.TABLE, "product_id", [number]) is None
        kept = await unit.get(variants.TABLE, rows[0].id)
        assert kept is not None
        assert (kept.entity.calculated_price, kept.entity.calculated_weight) == (8, 2)

    shop.write(patch)


def _variant(label: str, **members: Any) -> dict[str, Any]:
    return {"sku": label, "option_values": [{"option_display_name": "Size", "label": label}], **members}


def test_a_shared_row_is_read_again_once_its_table_changed_or_something_was_taken_back(shop: Shop) -> None:
    number = shop.post("/v3/catalog/products", NEW).data["id"]

    async def work(unit: Unit) -> None:
        first = await unit.shared.get(product.TABLE, number)
        assert first is not None
        assert await unit.shared.get(product.TABLE, number) is first
        first.entity.view_count = 8
        await unit.rewrite(product.TABLE, first)
        assert await unit.shared.get(product.TABLE, number) is first, "it is what is stored now"
        mark = unit.statistics.mark()
        unit.statistics.touch(product.TABLE.name, unit.now)
        again = await unit.shared.get(product.TABLE, number)
        assert again is not None
        assert again is not first
        assert again.entity.view_count == 8
        unit.statistics.restore(mark)
        last = await unit.shared.get(product.TABLE, number)
        assert last is not first
        assert last is not again

    shop.write(work)


def _rules() -> Iterator[Rules[Any]]:
    return (MODEL.rules_of(table) for table in TABLES)


def test_every_rule_that_is_declared_runs_for_a_new_row_or_an_update() -> None:
    for rules in _rules():
        assert [rule for rule, _ in rules.on_update.before_write] == list(rules.before_write)
        assert [rule for rule, _ in rules.on_update.extra_statements] == list(rules.extra_statements)
        assert [rule for rule, _ in rules.on_update.after_write] == list(rules.after_write)
        assert [rule for rule, _ in rules.drafted] == list(rules.before_validate)


@pytest.mark.parametrize(
    ("written", "shown"),
    [("5", 5), ('"\\u0035"', 5), ("5.5000", 5.5), ('"5.5"', 5.5), ("5e1", 50), ("0." + "0" * LONG_NUMBER, 0)],
)
def test_a_number_is_read_by_its_text_whatever_came_before(shop: Shop, written: str, shown: float) -> None:
    number = shop.post("/v3/catalog/products", NEW).data["id"]
    for _ in range(2):
        reply = shop.request("PUT", f"/v3/catalog/products/{number}", body=b'{"price":%b}' % written.encode(),
                             headers={"content-type": "application/json"})  # fmt: skip
        assert (reply.status, reply.data["price"]) == (200, shown)


@pytest.mark.parametrize("written", ['"5_0"', '"\u0665"', "null", '"NaN"', "-1", "true", "1e30"])
def test_what_is_no_number_is_refused_every_time(shop: Shop, written: str) -> None:
    number = shop.post("/v3/catalog/products", NEW).data["id"]
    for _ in range(2):
        reply = shop.request("PUT", f"/v3/catalog/products/{number}", body=b'{"price":%b}' % written.encode(),
                             headers={"content-type": "application/json"})  # fmt: skip
        assert (reply.status, reply.reason) == (422, "FIELD_INVALID"), reply.body
