"""Filters: each of every list against the same selection in Python, and what every list has in common."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodega.kit.filters import Filter
from bodega.kit.fixed import ReadFixed
from bodega.kit.listing import Listing
from bodega.kit.pairs import OfPairs
from bodega.kit.parameters import choices_of, integer, kind_of, numbers_of
from bodega.kit.strangers import STRANGERS
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources import ROUTES, TABLES
from bodega.resources.catalog import assignments, products, variants
from bodega.resources.catalog.options.option import V2_TYPES
from bodega.resources.content import redirect_jobs
from bodega.resources.customers import attribute_values
from bodega.resources.customers.form_fields import TYPES
from bodega.resources.inventory import items
from bodega.resources.marketing.promotions import promotions
from bodega.resources.orders import refunds
from bodega.storage.operands import AnyColumn, Flag, IsTrue, Member, SqlTest
from bodega.storage.plan import conditions_sql
from bodega.storage.sqlite.connection import numbered
from bodega.storage.sqlite.engine import in_memory
from shop import Server, Shop

Row = dict[str, Any]
World = dict[str, list[Row]]

BY_NAME = {table.name: table for table in TABLES}
LINKS: Mapping[str, Mapping[str, str]] = {
    "product_categories": {"product_id": "INTEGER", "category_id": "INTEGER"},
    "product_channels": {"product_id": "INTEGER", "channel_id": "INTEGER"},
    "promotion_channels": {"promotion_id": "INTEGER", "channel_id": "INTEGER"},
    "product_texts": {"product_id": "INTEGER", "description": "TEXT"},
    "blog_post_tags": {"post_id": "INTEGER", "tag_key": "TEXT"},
}
BESIDE = {
    assignments.IS_ON: "product_channels", products.LOW: "variants", attribute_values.OF_NAME: "customer_attributes",
    refunds.OF_TRANSACTION: "order_transactions", items.AT_LOCATION: "stock_levels", items.WITH_CODE: "locations",
    promotions.ON_CHANNELS: "promotion_channels", redirect_jobs.IN_STATUS: "tasks",
}  # fmt: skip
START = datetime(2025, 9, 4, tzinfo=UTC)
TEXTS = ("", "a", "Ab", "b%", "c_!", "AB c", "7")
MANY = range(-1, 6)


class Listed(NamedTuple):
    """A list and what it is asked by."""

    label: str
    listing: Listing
    columns: Mapping[str, str]
    action: Any


def lists(*versions: int) -> Iterator[Listed]:
    """Every list of these versions."""
    for served in ROUTES:
        action = served.actions.get("GET")
        listing = getattr(action, "listing", None)
        if served.version in versions and action is not None and action.is_list and listing is not None:
            columns: Mapping[str, str] = listing.table.types
            if isinstance(action, OfPairs):
                columns = dict.fromkeys(("id", action.pairs.owner, action.pairs.member), "INTEGER")
            yield Listed(f"/v{served.version}/{served.template}", listing, columns, action)


@cache
def different() -> list[Listed]:
    """The lists, each set of filters once."""
    seen: dict[Any, Listed] = {}
    for one in lists(2, 3):
        seen.setdefault((one.listing.table.name, tuple(one.columns), tuple(sorted(one.listing.filters))), one)
    return list(seen.values())


# Rows


def stored_value(dice: random.Random, one: Listed, column: str) -> Any:
    """A value that such a column may hold."""
    kind = kind_of(one.listing.table, column) if column in one.listing.table.types else "number"
    if kind == "choice":
        return dice.choice(choices_of(one.listing.table, column))
    coded = CODED.get((one.listing.table.name, column))
    if coded:
        return dice.choice(coded)[1]
    if kind == "date":
        shift = timedelta(days=dice.randrange(3), seconds=dice.choice((0, 1, 43_200, 86_399)))
        return dice.choice(("", (START + shift).isoformat()))
    few = numbers_of(one.listing.table, column)
    if few is not None:
        return dice.randint(*few)
    value = plain_value(dice, column, one.columns[column])
    return 0 if value is None and column in ("inventory_level", "inventory_warning_level") else value  # never unset


def plain_value(dice: random.Random, column: str, sql_type: str) -> Any:
    """A value of a type."""
    if sql_type == "BOOLEAN":
        return dice.random() < 0.5
    if sql_type == "BIGINT":
        return dice.choice((0, 10_000, 12_500, 30_000))
    if sql_type == "INTEGER":
        return dice.choice((None, *MANY)) if column != "id" else dice.choice(MANY)
    text = dice.choice(TEXTS)
    return text.casefold() if column.endswith("_key") else text


def tables_of(one: Listed) -> dict[str, Mapping[str, str]]:
    """The tables that the filters of a list look into, with their columns."""
    found: dict[str, Mapping[str, str]] = {one.listing.table.name: one.columns}
    for filtered in one.listing.filters.values():
        column = filtered.column if isinstance(filtered, Filter) else None
        inside = column.columns if isinstance(column, AnyColumn) else (column,)
        names = [part.table for part in inside if isinstance(part, Member)]
        for name in [*names, BESIDE.get(column, "")] if isinstance(column, IsTrue | SqlTest) else names:  # type: ignore[call-overload]
            if name:
                found.setdefault(name, LINKS.get(name) or BY_NAME[name].types)
    if one.listing.table.name == "order_refunds":
        found["order_transactions"] = {**BY_NAME["order_transactions"].types, "refund_id": "INTEGER"}
    return found


def world_of(dice: random.Random, one: Listed) -> World:
    """A few rows of each."""
    world: World = {}
    for name, columns in tables_of(one).items():
        main = name == one.listing.table.name
        rows = []
        for place in range(6):
            row = {
                column: stored_value(dice, one, column) if main else plain_value(dice, column, sql_type)
                for column, sql_type in columns.items()
            }
            if name in LINKS:  # nothing in a link is unset
                row = {column: 0 if value is None else value for column, value in row.items()}
            rows.append({**row, "id": place} if "id" in columns else row)
        world[name] = rows
    if "product_channels" in world:
        pairs = {(row["product_id"], row["channel_id"]) for row in world["product_channels"]}
        world["product_channels"] = [{"product_id": product, "channel_id": channel} for product, channel in pairs]
    return world


# What is asked, and what it means


def asked(dice: random.Random, one: Listed, found: Filter, operator: str) -> tuple[str, list[Any]]:
    """The text of a parameter, and the values that it stands for: of a date, its first and its last second."""
    column = found.column
    if isinstance(column, IsTrue):
        kind, column = "flag", ""
    elif isinstance(column, AnyColumn):
        kind, column = "text", ""
    elif isinstance(column, Member):
        sql_type = (LINKS.get(column.table) or BY_NAME[column.table].types)[column.column]
        kind, column = ("number" if sql_type == "INTEGER" else "text"), column.column
    elif column == redirect_jobs.IN_STATUS:
        word = dice.choice(redirect_jobs.STATES)
        return word, [word]
    elif isinstance(column, SqlTest):
        kind, column = ("text" if column in (attribute_values.OF_NAME, items.WITH_CODE) else "number"), ""
    else:
        assert isinstance(column, str), column
        kind = kind_of(one.listing.table, column) if column in one.listing.table.types else "number"
    many = dice.randrange(3) if operator in ("in", "not_in") or found.op == "like_any" else 1
    pairs = [one_asked(dice, one, kind, column, found) for _ in range(many)]
    if many != 1 or found.op == "like_any":
        pairs = [(text, value) for text, value in pairs if text]
    return ",".join(text for text, _ in pairs), [value for _, value in pairs]


def one_asked(dice: random.Random, one: Listed, kind: str, column: str, found: Filter) -> tuple[str, Any]:
    if kind == "flag":
        return dice.choice((("true", True), ("1", True), ("false", False), ("0", False)))
    if kind == "date":
        return date_asked(dice)
    words_of_a_field = CODED.get((one.listing.table.name, column))
    if words_of_a_field:
        return dice.choice(words_of_a_field)
    if kind == "choice":
        words = choices_of(one.listing.table, column)
        word = dice.choice(words)
        if one.listing.table.name == "reviews" and dice.random() < 0.5:
            return str(words.index(word)), word
        return dice.choice((word, word.upper())), word
    if kind == "text":
        text = dice.choice([text for text in TEXTS if text])
        return text, text.casefold() if column.endswith("_key") or column == "" or found.op == "like" else text
    if one.columns.get(column) == "BIGINT":
        number = dice.choice((0, 10_000, 12_500, 20_000))
        return str(number / 10_000), number
    if one.listing.version == 2 and one.listing.table is variants.TABLE and column == "id":
        number = dice.choice(MANY[2:])
        return str(number + variants.SKU_OFFSET), number
    few = numbers_of(one.listing.table, column)
    number = dice.choice(MANY) if few is None else dice.randint(*few)
    return str(number), number


CODED: Mapping[tuple[str, str], Sequence[tuple[str, str]]] = {
    ("options", "type"): [(code, word) for word, code in V2_TYPES.items()],
    ("form_field_values", "field_type"): [(word, word) for word in TYPES],
    ("channels", "platform"): [("square", "square"), ("etsy", "etsy"), ("custom", "custom")],
    ("hooks", "scope"): [(word, word) for word in ("store/cart/*", "store/cart/created", "store/app/uninstalled")],
}
"""What columns are asked by that hold other words than those of their type."""


def date_asked(dice: random.Random) -> tuple[str, tuple[str, str]]:
    """A day, a moment in any zone, a month."""
    form = dice.randrange(6)
    if form == 0:
        return "2025-09", ("2025-09-01T00:00:00+00:00", "2025-09-30T23:59:59+00:00")
    day = START + timedelta(days=dice.randrange(3))
    if form <= 2:
        return day.date().isoformat(), (day.isoformat(), day.replace(hour=23, minute=59, second=59).isoformat())
    at = day + timedelta(seconds=dice.choice((0, 1, 43_200, 86_399)))
    east = at.astimezone(timezone(timedelta(hours=2))).isoformat()
    text = {3: at.isoformat().replace("+00:00", "Z"), 4: at.isoformat(), 5: east}[form]
    return text, (at.isoformat(), at.isoformat())


def held(one: Listed, world: World, row: Row, found: Filter) -> list[Any]:
    """The values of a row that a filter is about."""
    column = found.column
    if isinstance(column, str):
        return [row[column]]
    if isinstance(column, Member):
        return [beside[column.column] for beside in world[column.table] if beside[column.owner] == row["id"]]
    if isinstance(column, AnyColumn):
        return [value for part in column.columns for value in held(one, world, row, found._replace(column=part))]
    if isinstance(column, Flag):
        return [bool(row[column.sql])]
    return [OURS[column](row, world)] if isinstance(column, IsTrue) else OURS[column](row, world)  # type: ignore[index]


def _low(row: Row, world: World) -> bool:
    tracked, level, warning = (row[f"inventory_{name}"] for name in ("tracking", "level", "warning_level"))
    if tracked == "product":
        return (warning or 0) > 0 and level is not None and level <= warning
    return tracked == "variant" and any(v["is_low"] and v["product_id"] == row["id"] for v in world["variants"])


def _out(row: Row, _world: World) -> bool:
    return row["inventory_tracking"] != "none" and row["inventory_level"] <= 0


def _channels(row: Row, world: World) -> list[Any]:
    kept = {pair["channel_id"] for pair in world["product_channels"] if pair["product_id"] == row["id"]}
    return sorted((kept - {None}) ^ {assignments.DEFAULT_CHANNEL})


def _holding(row: Row, world: World) -> list[Any]:
    """The locations that hold an item's own stock, or that of its product."""
    return [
        level["location_id"]
        for level in world["stock_levels"]
        if level["product_id"] == row["product_id"] is not None and level["variant_id"] in (0, row["id"])
    ]


def _status(row: Row, world: World) -> str:
    """The state of a job: that of its task, unless it has ended itself."""
    states = [task["state"] for task in world["tasks"] if task["id"] == row["task_id"] is not None]
    if row["state"] not in ("new", "working") or states in (["pending"], ["running"]):
        return str(row["state"])
    return "failed" if states == ["failed"] else "aborted"


OURS: Mapping[Any, Callable[[Row, World], Any]] = {
    products.LOW: _low,
    products.OUT_OF_STOCK: _out,
    assignments.IS_ON: _channels,
    attribute_values.OF_NAME: lambda row, world: [
        attribute["name_key"] for attribute in world["customer_attributes"] if attribute["id"] == row["attribute_id"]
    ],
    items.AT_LOCATION: lambda row, world: _holding(row, world),
    items.WITH_CODE: lambda row, world: [
        place["code_key"] for place in world["locations"] if place["id"] in _holding(row, world)
    ],
    redirect_jobs.IN_STATUS: lambda row, world: [_status(row, world)],
    promotions.ON_CHANNELS: lambda row, world: [
        *(MANY if row["is_everywhere"] else ()),
        *(pair["channel_id"] for pair in world["promotion_channels"] if pair["promotion_id"] == row["id"]),
    ],
    refunds.OF_TRANSACTION: lambda row, world: [
        paid["id"] for paid in world["order_transactions"] if paid["refund_id"] == row["id"]
    ],
}


def meets(operator: str, values: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether a row with these values is meant."""
    known = [value for value in values if value is not None]
    if operator in ("not", "not_in", "exclude"):
        return not meets("in", values, wanted)
    if operator in ("", "in"):
        return any(_same(value, one) for value in known for one in wanted)
    if operator == "like":
        return any(one.lower() in value.lower() for value in known for one in wanted)
    first, last = wanted[0] if isinstance(wanted[0], tuple) else (wanted[0], wanted[0])
    unset = isinstance(wanted[0], tuple)
    order: Mapping[str, Callable[[Any], bool]] = {
        "min": lambda value: value >= first,
        "max": lambda value: value <= last and not (unset and value == ""),
        "greater": lambda value: value > last,
        "less": lambda value: value < first and not (unset and value == ""),
    }
    return any(order[operator](value) for value in known)


def _same(value: Any, wanted: Any) -> bool:
    return bool(wanted[0] <= value <= wanted[1] if isinstance(wanted, tuple) else value == wanted)


def operator_of(name: str, found: Filter) -> str:
    """What a parameter's name says."""
    if found.op in ("like", "like_any"):
        return "like"
    if name[:4] in ("min_", "max_"):
        return name[:3]
    if name.startswith("exclude_"):
        return "exclude"
    return name.partition(":")[2]


ELSEWHERE: Mapping[str, Sequence[str]] = {
    "sites": ("url_type:in", "urls:in"),  # test_sites.py: which addresses a site has
    "site_certificates": ("urls:in",),  # test_sites.py
    # test_widgets.py, test_custom_templates.py: what rows belong to that the row belongs to
    "widgets": ("widget_template_kind", "widget_template_uuid", "site_id:in"),
    "placements": ("widget_template_kind", "widget_template_uuid", "widget_uuid", "site_id:in"),
    "custom_templates": ("is_valid",),
    "channel_listings": ("after",),  # test_channel_listings.py: a page begins behind a row
    "redirects": ("keyword",),  # test_content_v3.py: how a path begins
    # test_shopper_prices.py: whatever the case
    "price_records": (
        "sku",
        "sku:in",
        "currency",
        "currency:in",
        "currency:not_in",
        "currency:not",
        "currency:like",
    ),
}
"""Filters that mean something else than that a value stands in a column, and are tested by themselves."""


# The property


class Database(Protocol):
    dialect: str

    def make(self, tables: Mapping[str, Mapping[str, str]]) -> None: ...
    def fill(self, world: World) -> None: ...
    def ids(self, sql: str, values: Sequence[Any]) -> list[int]: ...


class Sqlite:
    dialect = "sqlite"

    def __init__(self) -> None:
        self.wire = in_memory()

    def make(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        for name, columns in tables.items():
            self.wire.execute(f"DROP TABLE IF EXISTS {name}")
            self.wire.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")

    def fill(self, world: World) -> None:
        for name, rows in world.items():
            self.wire.execute(f"DELETE FROM {name}")
            for row in rows:
                marks = ", ".join("?" * len(row))
                self.wire.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))

    def ids(self, sql: str, values: Sequence[Any]) -> list[int]:
        return [row[0] for row in self.wire.execute(numbered(sql), values)]


class Postgres:
    dialect = "postgresql"

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self.runner = runner
        self.wire = runner.run(asyncpg.connect(url))

    def make(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        for name, columns in tables.items():
            collated = {c: f'{t} COLLATE "C"' if t == "TEXT" else t for c, t in columns.items()}
            typed = ", ".join(f"{c} {t}" for c, t in collated.items())
            self.runner.run(self.wire.execute(f"DROP TABLE IF EXISTS {name}; CREATE TEMP TABLE {name} ({typed})"))

    def fill(self, world: World) -> None:
        for name, rows in world.items():
            self.runner.run(self.wire.execute(f"DELETE FROM {name}"))
            for row in rows:
                marks = ", ".join(f"${place}" for place in range(1, len(row) + 1))
                sql = f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})"
                self.runner.run(self.wire.execute(sql, *row.values()))

    def ids(self, sql: str, values: Sequence[Any]) -> list[int]:
        return [row[0] for row in self.runner.run(self.wire.fetch(sql, *values))]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def tables(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of bare tables: what a filter selects has nothing to do with keys and constraints."""
    if request.param == "sqlite":
        yield Sqlite()
        return
    runner = request.getfixturevalue("runner")
    made = Postgres(runner, request.getfixturevalue("postgres_url"))
    yield made
    runner.run(made.wire.close())


@pytest.mark.parametrize("one", different(), ids=lambda one: one.label)
def test_every_filter_selects_what_python_selects(one: Listed, tables: Database) -> None:
    """Each filter of a list over generated rows, alone and beside another."""
    fixed = one.action._fixed if isinstance(one.action, ReadFixed) else None
    if fixed is None:
        tables.make(tables_of(one))
    examples = 20 if tables.dialect == "sqlite" else 4

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def compare(seed: int) -> None:
        dice = random.Random(seed)
        if fixed is None:
            world = world_of(dice, one)
            tables.fill(world)
        else:
            held_ones = [{c.name: c.value(e) for c in one.listing.table.columns} | {"id": e.id} for e in fixed.entities]
            world = {one.listing.table.name: held_ones}
        filters = {
            name: found
            for name, found in one.listing.filters.items()
            if isinstance(found, Filter) and name not in ELSEWHERE.get(one.listing.table.name, ())
        }
        if one.listing.version == 2:
            filters.setdefault("id", Filter("id", "eq", int))
        before: tuple[str, str, set[int]] | None = None
        for name, found in filters.items():
            operator = operator_of(name, found)
            text, wanted = asked(dice, one, found, operator)
            if name == "category_uuid:in" or name == "category_uuid:not_in":
                text, wanted = "626f6465-6761-8000-8000-000000000003", [3]
            rows = world[one.listing.table.name]
            meant = {row["id"] for row in rows if matches(one, world, row, found, operator, wanted)}
            assert selected(one, tables, fixed, {name: text}) == meant, (name, text, rows)
            if before is not None and before[0] != name:
                both = selected(one, tables, fixed, {before[0]: before[1], name: text})
                assert both == meant & before[2], (before, name, text, rows)
            before = (name, text, meant)

    compare()


def matches(one: Listed, world: World, row: Row, found: Filter, operator: str, wanted: Sequence[Any]) -> bool:
    values = held(one, world, row, found)
    return meets("" if isinstance(found.column, IsTrue) else operator, values, wanted)


def selected(one: Listed, tables: Database, fixed: Any, query: Mapping[str, str]) -> set[int]:
    plan = one.listing.parse(urlencode(query), closed=True).plan
    if fixed is not None:
        return {entity.id for entity in fixed.matching(plan)}
    where, values = conditions_sql(plan.where, tables.dialect)
    return set(tables.ids(f"SELECT id FROM {one.listing.table.name}{where}", values))


# What every list has in common

V3 = list(lists(3))
V2 = list(lists(2))
STATUS = {2: 400, 3: 422}


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Shop]:
    """A store with nothing in it: a query is judged before any row is looked for."""
    made = server.shop()
    yield made
    made.close()


def path_of(one: Listed) -> str:
    return "/".join("1" if part.startswith("{") else part for part in one.label.split("/"))


@pytest.mark.parametrize("one", V3, ids=lambda one: one.label)
def test_v3_refuses_what_a_list_does_not_know(store: Shop, one: Listed) -> None:
    """Rule 20; where published clients send strangers they are passed over."""
    reply = store.get(f"{path_of(one)}?nonesuch=1&other:in=2")
    if one.label.removeprefix("/v3/") in STRANGERS:
        assert reply.status == 200
        return
    assert (reply.status, reply.reason) == (422, "FILTER_REFUSED")
    assert reply.json["title"] == "The filter(s): nonesuch, other:in are not valid filter parameter(s)."
    assert reply.json["errors"] == {}


@pytest.mark.parametrize("one", V3, ids=lambda one: one.label)
def test_v3_refuses_the_bare_name_of_a_field_that_has_only_operators(store: Shop, one: Listed) -> None:
    """`customer_id:in` does not make `customer_id` known."""
    for name in sorted({name.partition(":")[0] for name in one.listing.filters} - one.listing.filters.keys()):
        reply = store.get(f"{path_of(one)}?{name}=1")
        assert (reply.status, reply.json["errors"]) == (422, {}), name
        assert reply.json["title"] == f"The filter(s): {name} are not valid filter parameter(s)."


@pytest.mark.parametrize("one", V3, ids=lambda one: one.label)
def test_v3_knows_the_words_of_paging_and_showing_everywhere(one: Listed) -> None:
    """Connectors send them to whatever they read."""
    query = "limit=5&page=1&sort=id&direction=asc&include_fields=id&exclude_fields=x"
    assert one.listing.parse(query, closed=True).limit == min(5, one.listing.maximum)


HUGE = ("2147483648", "99999999999999999999", "0" * 5000 + "9" * 11, "9" * 5000)
"""Numbers that are no page, no id and no limit."""


@pytest.mark.parametrize("one", [*V2, *V3], ids=lambda one: one.label)
def test_a_number_that_cannot_be_is_refused_everywhere(one: Listed) -> None:
    """Rules 4 and 21; a limit over the maximum is 413, however large it is. The greatest page is an empty one."""
    numbers = ["page", *(name for name, found in one.listing.filters.items() if is_of_numbers(one, found))]
    for name in numbers:
        for text in HUGE:
            with pytest.raises(Refusal) as refused:
                one.listing.parse(f"{name}={text}")
            assert (refused.value.reason, [fault.field for fault in refused.value.faults]) == (
                Reason.QUERY_INVALID, [name]
            ), name  # fmt: skip
    for text in HUGE:
        with pytest.raises(Refusal) as refused:
            one.listing.parse(f"limit={text}")
        assert refused.value.reason is Reason.LIMIT_OVER_MAXIMUM
    assert one.listing.parse("page=2147483647").page == one.listing.parse("page=" + "0" * 5000 + "2147483647").page


def is_of_numbers(one: Listed, found: object) -> bool:
    """Whether a filter compares a column of whole numbers with one value."""
    plain = isinstance(found, Filter) and found.op in ("eq", "ne", "lt", "le", "gt", "ge")
    return plain and found.parse is integer


@pytest.mark.parametrize("one", [each for each in [*V2, *V3] if each.listing.shown], ids=lambda one: one.label)
def test_only_fields_that_there_are_can_be_asked_for(one: Listed) -> None:
    """A mistyped name would show rows that hold nothing but their id; to leave out what is not there is no mistake."""
    only, without = ("include", "exclude") if one.listing.include_names_fields else ("include_fields", "exclude_fields")
    for names in ("nope", f"{one.listing.shown[0]},nope", "nope,id"):
        with pytest.raises(Refusal) as refused:
            one.listing.parse(f"{only}={names}", closed=True)
        (fault,) = refused.value.faults
        assert (fault.reason, fault.field) == (Reason.QUERY_INVALID, only)
    every = ",".join([*one.listing.shown, *one.listing.includes])
    assert one.listing.parse(f"{only}={every}").fields == {*one.listing.shown, *one.listing.always}
    assert one.listing.parse(f"{without}=nope").fields == {*one.listing.shown, *one.listing.always}


@pytest.mark.parametrize("one", V3, ids=lambda one: one.label)
def test_a_parameter_without_a_name_is_told_as_that(one: Listed) -> None:
    """The published words would name nothing: `The filter(s):  are not valid`."""
    with pytest.raises(Refusal, match="has no name") as refused:
        one.listing.parse("=x&limit=5", closed=True)
    assert refused.value.reason is Reason.QUERY_INVALID


def one_asked_of(dice: random.Random, one: Listed, name: str, found: Filter) -> str:
    """A value that the filter takes."""
    return next(text for text in iter(lambda: asked(dice, one, found, operator_of(name, found))[0], None) if text)


@pytest.mark.parametrize("one", [*V2, *V3], ids=lambda one: one.label)
def test_the_first_of_two_equal_names_counts(one: Listed) -> None:
    """Whatever it is called."""
    assert one.listing.parse("limit=3&limit=4&page=2&page=1").limit == 3
    for name, found in one.listing.filters.items():
        if isinstance(found, Filter) and name not in ELSEWHERE.get(one.listing.table.name, ()):
            dice = random.Random(name)
            first, second = (one_asked_of(dice, one, name, found) for _ in "12")
            if "uuid" in name:
                first, second = "626f6465-6761-8000-8000-000000000003", "626f6465-6761-8000-8000-000000000004"
            given = one.listing.parse(urlencode([(name, first), (name, second)])).plan
            assert given == one.listing.parse(urlencode([(name, first)])).plan


@pytest.mark.parametrize("one", [*V2, *V3], ids=lambda one: one.label)
def test_a_field_of_some_words_refuses_others(one: Listed) -> None:
    """Rules 4 and 21, for equality and every operator."""
    for name, found in one.listing.filters.items():
        if isinstance(found, Filter) and isinstance(found.column, str) and choices_of(one.listing.table, found.column):
            with pytest.raises(Refusal) as refused:
                one.listing.parse(urlencode({name: "nonesuch"}))
            assert refused.value.reason is Reason.QUERY_INVALID, name


@pytest.mark.parametrize("one", V2, ids=lambda one: one.label)
def test_v2_never_passes_over_an_id(one: Listed) -> None:
    """`GET /v2/customers?id=62` is the customer or nothing."""
    assert [condition.op for condition in one.listing.parse("id=62").plan.where] == ["eq"]
    with pytest.raises(Refusal):
        one.listing.parse("id:in=62,63")


def test_every_stranger_is_expected_at_a_list_that_is_served_or_known() -> None:
    """Pages have no V3 path here yet, but are asked for."""
    served = {one.label.removeprefix("/v3/") for one in V3}
    assert set(STRANGERS) - served <= {"content/pages"}


# The rows of reports, section 1

MADE = {"type": "physical", "weight": 1}
DAYS = ("2025-09-04T23:59:59Z", "2025-09-05T00:00:00Z", "2025-09-05T23:59:59Z", "2025-09-06T00:00:00Z")


@pytest.fixture(scope="module")
def people(server: Server) -> Iterator[Shop]:
    """Four customers, each made at the moment of `DAYS`, the second with an address; products, reviews and brands."""
    made = server.shop()
    for place, moment in enumerate(DAYS, start=1):
        made.freeze(int(datetime.fromisoformat(moment).timestamp()))
        person = {"first_name": "A", "last_name": "B", "email": f"c{place}@x.test"}
        assert made.post("/v3/customers", [person]).status == 200
        body = {**MADE, "name": f"P{place}", "price": place * 10, "condition": ("New", "Used")[place % 2]}
        assert made.post("/v3/catalog/products", body).status == 200
    for status in ("approved", "pending", "disapproved"):
        review = {"title": status, "status": status, "date_reviewed": "2025-01-01T00:00:00Z", "rating": 5}
        assert made.post("/v3/catalog/products/1/reviews", review).status == 200
    for name in ("Zeta", "Acme"):
        made.brand(name=name)
    made.category(name="Tools")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("date_created=2025-09-05", [2, 3]),
        ("date_created=2025-09-05T00:00:00Z", [2]),
        ("date_created=2025-09-05T02:00:00%2B02:00", [2]),
        ("date_created=2025-09-05T00:00:00+00:00", [2]),
        ("date_created:max=2025-09-05", [1, 2, 3]),
        ("date_created:min=2025-09-05", [2, 3, 4]),
        ("date_created:not=2025-09-05", [1, 4]),
        ("date_created:greater=2025-09-05", [4]),
        ("date_created:less=2025-09-05", [1]),
        ("date_created:in=2025-09-04,2025-09-06", [1, 4]),
        ("date_created:not_in=2025-09-04,2025-09-06", [2, 3]),
        ("date_created=2025-09", [1, 2, 3, 4]),
        ("email:in=c1@x.test,C2@x.test", [1, 2]),
        ("email:not=c1@x.test", [2, 3, 4]),
        ("email:like=X.TEST", [1, 2, 3, 4]),
    ],
)
def test_a_day_is_all_of_its_seconds(people: Shop, query: str, rows: list[int]) -> None:
    """Whatever operator it stands beside."""
    assert [row["id"] for row in people.get(f"/v3/customers?{query}").data] == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("price:min=20&price:max=30", [2, 3]),
        ("price:greater=20", [3, 4]),
        ("price:less=20", [1]),
        ("categories:not_in=1", [1, 2, 3, 4]),
        ("condition=Used", [1, 3]),
        ("condition=used", [1, 3]),
        ("id=2&id=3", [2]),
        ("price:not_in=10,20", [3, 4]),
    ],
)
def test_products_are_filtered_as_the_guide_says(people: Shop, query: str, rows: list[int]) -> None:
    assert [row["id"] for row in people.get(f"/v3/catalog/products?{query}").data] == rows


@pytest.mark.parametrize(
    "path",
    [
        "/v3/customers?email=x",
        "/v3/catalog/trees/categories?parent_id=1",
        "/v3/catalog/trees/categories?tree_id=1",
        "/v3/catalog/trees/categories?id:in=1",
        "/v3/customers/addresses?customer_id=1",
    ],
)
def test_a_name_that_is_not_published_is_refused(people: Shop, path: str) -> None:
    name = path.partition("?")[2].partition("=")[0]
    reply = people.get(path)
    assert (reply.status, reply.json["errors"]) == (422, {})
    assert reply.json["title"] == f"The filter(s): {name} are not valid filter parameter(s)."


@pytest.mark.parametrize("name", ["type", "availability", "condition"])
def test_a_word_that_products_do_not_have_is_refused(people: Shop, name: str) -> None:
    assert people.get(f"/v3/catalog/products?{name}=nonesuch").status == 422


@pytest.mark.parametrize(("status", "titles"), [("1", ["approved"]), ("0", ["pending"]), ("approved", ["approved"])])
def test_reviews_are_asked_for_by_number(people: Shop, status: str, titles: list[str]) -> None:
    reviews = people.get(f"/v3/catalog/products/1/reviews?status={status}").data
    assert [review["title"] for review in reviews] == titles


def test_brands_are_sorted_by_their_ids(people: Shop) -> None:
    """A published connector sends it."""
    assert [brand["id"] for brand in people.get("/v3/catalog/brands?sort=id").data] == [1, 2]
    assert [brand["id"] for brand in people.get("/v3/catalog/brands?sort=id&direction=desc").data] == [2, 1]


@pytest.mark.parametrize(
    "path", ["catalog/products", "catalog/categories", "catalog/brands", "catalog/trees", "catalog/trees/categories"]
)
def test_a_bulk_delete_needs_a_filter(people: Shop, path: str) -> None:
    reply = people.delete(f"/v3/{path}")
    assert (reply.status, reply.json["errors"]) == (422, {})
    assert reply.json["title"] == "At least one filter must be set for a delete action."


def test_an_old_customer_is_found_by_id_or_nobody_is(people: Shop) -> None:
    assert [row["id"] for row in people.get("/v2/customers?id=2").json] == [2]
    assert people.get("/v2/customers/count?id=2").json == {"count": 1}
    assert people.get("/v2/customers?id=62").status == 204
    assert people.get("/v2/customers?id=x").status == 400
    assert people.get("/v2/customers?id:in=1,2").status == 400


def test_channels_pass_over_strangers_and_nothing_else(people: Shop) -> None:
    """A connector sends what it sends everywhere."""
    assert people.get("/v3/channels?sort=id&date_modified:min=2020-01-01&limit=5&stranger=1").status == 200
    assert people.get("/v3/channels?status=active").status == 422
