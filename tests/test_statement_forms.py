"""What a statement changes, read from its text."""

from __future__ import annotations

import pytest

from bodega.storage.schema_facts import SchemaFacts
from bodega.storage.statement_forms import (
    LONGEST_KNOWN,
    Delete,
    Form,
    Insert,
    InsertedRow,
    Unreadable,
    Update,
    Value,
    _known,
    form_of,
)

FACTS = SchemaFacts(
    {"cups": ["id", "doc"], "pairs": ["owner", "member"]}, {"cups": ["id"], "pairs": ["owner", "member"]}, {}, {}
)
FIRST, SECOND, THIRD = Value(0), Value(1), Value(2)


@pytest.mark.parametrize(
    ("sql", "form"),
    [
        ("INSERT INTO cups (id, doc) VALUES ($1, $2)", Insert("cups", (InsertedRow((FIRST,), ()),))),
        (
            "INSERT INTO pairs (owner, member) VALUES ($1, $2), ($1, 7)",
            Insert("pairs", (InsertedRow((FIRST, SECOND), ()), InsertedRow((FIRST, Value(None, 7)), ()))),
        ),
        (
            "INSERT INTO cups (id, doc) VALUES ($2, $1) ON CONFLICT (doc) DO UPDATE SET doc = $1",
            Insert("cups", (InsertedRow((SECOND,), (FIRST,)),), "doc = $1", updates=True),
        ),
        (
            "INSERT INTO cups (id, doc) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            Insert("cups", (InsertedRow((FIRST,), (FIRST,)),), "id = $1"),
        ),
        ("INSERT INTO cups (id, doc) SELECT id, doc FROM pairs", Insert("cups", None)),
        ("INSERT INTO cups (doc) VALUES ($1)", Insert("cups", None)),
        (
            "UPDATE cups SET doc = CASE WHEN (doc < $3) THEN $3 ELSE max(doc, $2) END, x = 1 WHERE id = $1 AND x > $1",
            Update("cups", "id = $1 AND x > $2", (0, 0), ()),
        ),
        (
            "UPDATE pairs SET member = $3 WHERE member = $2 AND owner = $1",
            Update("pairs", "member = $1 AND owner = $2", (1, 0), ((1, THIRD),)),
        ),
        ("UPDATE cups SET id = -5 WHERE id = $1", Update("cups", "id = $1", (0,), ((0, Value(None, -5)),))),
        ("DELETE FROM cups", Delete("cups", "", ())),
        ("DELETE FROM cups WHERE id IN ($2, $1)", Delete("cups", "id IN ($1, $2)", (1, 0))),
        ("INSERT INTO deliveries (id) VALUES (nextval())", None),
        ("UPDATE page_index SET id = id + 1", None),
    ],
)
def test_a_statement_is_read(sql: str, form: Form | None) -> None:
    assert form_of(FACTS, sql) == form


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE cups SET id = id + 1 WHERE id = $1",
        "UPDATE cups SET doc = $1",
        "INSERT INTO cups (id, doc) VALUES ('a', $1)",
        "VACUUM",
    ],
)
def test_what_is_not_known_is_not_guessed(sql: str) -> None:
    with pytest.raises(Unreadable):
        form_of(FACTS, sql)


def test_a_statement_is_read_once_and_a_long_one_is_not_kept() -> None:
    short = "DELETE FROM cups WHERE id = $1 AND doc = 'once'"
    long = f"DELETE FROM cups WHERE id IN ({', '.join(f'${place}' for place in range(1, LONGEST_KNOWN))})"
    assert form_of(FACTS, short) is form_of(FACTS, short)
    kept = _known.cache_info().currsize
    assert form_of(FACTS, long) == form_of(FACTS, long)
    assert _known.cache_info().currsize == kept
    assert [value.of(["a", "b"]) for value in (FIRST, SECOND, Value(None, 3))] == ["a", "b", 3]
