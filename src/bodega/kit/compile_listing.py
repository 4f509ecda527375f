"""The compile step for listings: filters, sorts, orders and includes name existing columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from string import Formatter

from bodega.kit.filters import SETS, Filter, FilterField, filters_of
from bodega.kit.includes import Include
from bodega.kit.listing import PAGING, Listing
from bodega.kit.mistakes import Mistakes, Vocabulary
from bodega.storage.operands import COLUMN_OPERATORS, AnyColumn, Flag, IsTrue, Member, Op, Operand, OwnOrShared, SqlTest

_ORDERED = ("min", "max", "greater", "less")
_SEARCHING = ("like", "like_any")
_SHORTHAND = ("in", "not_in", *_ORDERED, "like", "not", *SETS)


def check_listing(
    listing: Listing,
    mistakes: Mistakes,
    words: Vocabulary,
    columns: Mapping[str, str] | None = None,
    operators: Collection[str] = COLUMN_OPERATORS,
) -> None:
    """Checks the parameters of one list. `columns` (and their types) are those of its table unless given, `operators`
    the supported ones."""
    types = listing.table.types if columns is None else columns
    for word in listing.words:
        _check_word(listing, word, types, operators, mistakes)
    for name, mapped in listing.mapped.items():
        member = f'filter "{name}"'
        if isinstance(mapped, FilterField):
            _check_field(listing, name, mapped, types, operators, mistakes, words)
        elif isinstance(mapped, Filter):
            _check_operand(member, mapped.column, mapped.op, types, operators, mistakes, words)
            for besides in mapped.besides:
                _check_operand(member, besides.column, besides.op, types, operators, mistakes, words)
    for word in listing.sorts:
        name, colon, direction = word.partition(":")
        if f"{name}_key" not in types:
            mistakes.expect(f'sorts "{word}"', name, types, "column")
        if colon:
            mistakes.expect(f'sorts "{word}"', direction, ("asc", "desc"), "direction")
    mistakes.expect("order", listing.order[0], types, "column")
    mistakes.expect_all("inside", listing.inside, listing.includes, "include")
    mistakes.expect_all("bounds", listing.bounds, PAGING, "word of paging")
    for name, include in listing.includes.items():
        _check_include(name, include, mistakes, words)


def check_shown(listing: Listing, more: Collection[str], mistakes: Mistakes) -> None:
    """Checks the members that a caller may choose; `more` are further ones."""
    if listing.shown:
        mistakes.expect_all("always", sorted(listing.always), {*listing.shown, *more}, "member")


def _check_field(
    listing: Listing,
    word: str,
    field: FilterField,
    types: Mapping[str, str],
    operators: Collection[str],
    mistakes: Mistakes,
    words: Vocabulary,
) -> None:
    """What another field than a column is about, with each operator that it has."""
    member = f'filter "{word}"'
    asked = {*field.operators, *word.lstrip(":").partition(":")[2].split(",")} - {""}
    mistakes.expect_all(member, sorted(asked), _SHORTHAND, "operator")
    made = filters_of(listing.table, word, field, exact=listing.exact) if asked <= {*_SHORTHAND} else []
    for operand, op in dict.fromkeys((one.column, one.op) for _, one in made):
        _check_operand(member, operand, op, types, operators, mistakes, words)


def _check_word(
    listing: Listing, word: str, types: Mapping[str, str], operators: Collection[str], mistakes: Mistakes
) -> None:
    """A word of the shorthand: `price:range`, in V2 also `min_price`."""
    name, _, given = word.lstrip(":").partition(":")
    asked: list[str] = []
    if listing.version == 2 and name[:4] in ("min_", "max_"):
        name, asked = name[4:], [name[:3]]
    member = f'filter "{word}"'
    for operator in given.split(",") if given else ():
        if mistakes.expect(member, operator, _SHORTHAND, "operator"):
            asked += SETS.get(operator, (operator,))
    if mistakes.expect(member, name, types, "column"):
        for op in dict.fromkeys(asked):
            _check_operator(member, name, "ne" if op == "not" else op, types[name], operators, mistakes)


def _check_operator(
    member: str, column: str, op: str, sql_type: str, operators: Collection[str], mistakes: Mistakes
) -> None:
    if not mistakes.expect(member, op, operators, "operator"):
        return
    if op in _ORDERED and sql_type == "BOOLEAN":
        mistakes.add(member, f'"{op}" needs an order, and the column "{column}" is true or false')
    if op in _SEARCHING and sql_type != "TEXT":
        mistakes.add(member, f'"{op}" looks into text, and the column "{column}" is {sql_type}')


def _check_operand(
    member: str,
    operand: Operand,
    op: Op,
    types: Mapping[str, str],
    operators: Collection[str],
    mistakes: Mistakes,
    words: Vocabulary,
) -> None:
    if isinstance(operand, str):
        if mistakes.expect(member, operand, types, "column"):
            _check_operator(member, operand, op, types[operand], operators, mistakes)
        return
    if op not in operand.OPERATORS:
        kind = type(operand).__name__
        mistakes.add(member, f'{kind} has no operator "{op}"; it has "{" ".join(operand.OPERATORS)}"')
    if operators is not COLUMN_OPERATORS:
        mistakes.add(member, "a fixed list can only compare columns")
    if isinstance(operand, Flag):
        _check_flag(member, operand.sql, types, mistakes)
    elif isinstance(operand, OwnOrShared):
        mistakes.expect(member, operand.owner, types, "column")
        _check_flag(member, operand.shared, types, mistakes)
    elif isinstance(operand, Member):
        _check_member(member, operand, mistakes, words)
    elif isinstance(operand, AnyColumn):
        for column in operand.columns:
            if isinstance(column, Member):
                _check_member(member, column, mistakes, words)
            elif mistakes.expect(member, column, types, "column"):
                _check_operator(member, column, "like", types[column], operators, mistakes)
    elif isinstance(operand, SqlTest | IsTrue):
        _check_sql(member, operand, mistakes)


def _check_flag(member: str, column: str, types: Mapping[str, str], mistakes: Mistakes) -> None:
    if mistakes.expect(member, column, types, "column") and types[column] != "BOOLEAN":
        mistakes.add(member, f'the column "{column}" is {types[column]}, and should be true or false')


def _check_member(member: str, beside: Member, mistakes: Mistakes, words: Vocabulary) -> None:
    if mistakes.expect(member, beside.table, words.tables, "table"):
        for column in (beside.owner, beside.column):
            mistakes.expect(member, column, words.tables[beside.table], f"column of {beside.table}")


def _check_sql(member: str, operand: SqlTest | IsTrue, mistakes: Mistakes) -> None:
    if isinstance(operand, IsTrue):
        if "{placeholders}" in operand.sql:
            mistakes.add(member, "IsTrue takes no values, and its SQL has {placeholders}; it should be an SqlTest")
        return
    names = [name for _, name, _, _ in Formatter().parse(operand.sql) if name is not None]
    mistakes.expect_all(member, [name for name in names if name != "placeholders"], ("placeholders",), "placeholder")
    if not names:
        mistakes.add(member, "SqlTest has no {placeholders} for the values; it should be an IsTrue")


def _check_include(name: str, include: Include, mistakes: Mistakes, words: Vocabulary) -> None:
    member = f'include "{name}"'
    for table in include.tables.split():
        mistakes.expect(member, table, words.tables, "table")
    if include.rows is not None:
        child, column, order = include.rows.table, include.rows.column, include.rows.order
        of_child = [column, *parts_of(order)]
        if include.rows.source:
            of_child = [named.removeprefix("t.") for named in of_child if named.startswith("t.")]
        for named in of_child:
            if mistakes.expect(member, named, child.types, f"column of {child.name}") and child.types[named] == "TEXT":
                mistakes.add(member, f'the order is by numbers, and the column "{named}" of {child.name} is TEXT')


def parts_of(order: str) -> Sequence[str]:
    """The columns of an ORDER BY."""
    return [part.strip().removesuffix(" DESC") for part in order.split(",")]
