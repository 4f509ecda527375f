"""The template of a store in PostgreSQL: one script that makes what all migrations make, at once.

Running the migrations costs a trip for each of some hundred statements, and makes much that a later one changes or
drops. The script is read from the catalogue after they ran once, in a schema that is rolled back, and is kept in the
registry under a digest of all of them: another migration makes another template (docs/decisions/0036-moves.md).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from bodega.storage import migrate, query
from bodega.storage.postgres.connection import carry_out, connect
from bodega.storage.postgres.sharding import SHARDED, ordinary_schema
from bodega.storage.tx import Tx

_RELATIONS = (
    "SELECT c.relname, c.relkind::text, c.reloptions FROM pg_class c"
    " WHERE c.relnamespace = $1::regnamespace AND c.relkind NOT IN ('i', 't') ORDER BY c.oid"
)
_COLUMNS = """
SELECT c.relname, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END,
    pg_get_expr(d.adbin, d.adrelid), a.attnotnull, n.conname, a.attidentity <> '' OR a.attgenerated <> ''
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_constraint n ON n.conrelid = c.oid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.oid, a.attnum
"""
_CONSTRAINTS = """
SELECT c.relname, n.conname, pg_get_constraintdef(n.oid), f.relname
FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid LEFT JOIN pg_class f ON f.oid = n.confrelid
WHERE n.connamespace = $1::regnamespace AND n.contype <> 'n' ORDER BY n.oid
"""
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = $1::regnamespace
AND NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conindid = i.indexrelid AND n.conrelid = i.indrelid)
ORDER BY i.indexrelid
"""
_MORE = """
SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal
UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = $1::regnamespace
"""
_REFERENCES = """
SELECT c.relname, f.relname FROM pg_constraint n
JOIN pg_class c ON c.oid = n.conrelid JOIN pg_class f ON f.oid = n.confrelid
WHERE n.contype = 'f' AND n.connamespace = $1::regnamespace ORDER BY n.oid
"""
_QUOTE = "$template$"


class NotCopied(Exception):
    """A migration made something that the script cannot say: this module is to be extended."""


def digest() -> str:
    """What a template is kept under: it differs as soon as a migration does."""
    text = "\n".join(f"{step.number} {step.name}\n{step.sql}" for step in migrate.migrations())
    return hashlib.sha256(text.encode()).hexdigest()


async def make(dsn: str) -> str:
    """Runs all migrations in a schema that is rolled back, and returns the script that makes the same.

    Raises NotCopied, Busy.
    """
    schema = f"bodega_template_{secrets.token_hex(6)}"
    connection = await connect(dsn, schema)
    try:
        with suppress(_Enough):
            async with connection.transaction():
                await ordinary_schema(connection, schema)
                await connection.execute(migrate.TABLE)
                await carry_out(connection, migrate.pending(0))
                script = await _script(connection, schema)
                raise _Enough
    finally:
        await connection.close()
    return script


class Templates:
    """The templates that a registry keeps; `dsn` is its server, `tx` reads and writes it."""

    def __init__(self, dsn: str, tx: Tx) -> None:
        self._dsn = dsn
        self._tx = tx
        self._known: dict[str, str] = {}

    async def newest(self) -> str:
        """The script that makes a store of the newest schema; whoever needs it first makes it.

        Raises NotCopied, Busy.
        """
        wanted = digest()
        if wanted not in self._known:
            script = await query.value(self._tx, "SELECT script FROM templates WHERE digest = $1", wanted)
            if script is None:
                script = await make(self._dsn)
                kept = "INSERT INTO templates (digest, revision, script) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
                await self._tx.run(kept, wanted, migrate.newest(), script)
            self._known = {wanted: str(script)}
        return self._known[wanted]


async def apply(connection: Any, schema: str, script: str) -> None:
    """Makes a store's schema by the script of `make`, within the transaction that the caller began.

    Where Citus shards by schema it is distributed when it is complete: in a DO block Citus distributes no table, and
    one after the other they would each take trips of their own.
    """
    sharded = await connection.fetchval(SHARDED) == "on"
    await ordinary_schema(connection, schema)
    await connection.execute(script)
    if sharded:
        await connection.execute("SELECT citus_schema_distribute($1::regnamespace)", schema)


class _Enough(Exception):
    """Rolls the schema back."""


async def references(connection: Any, schema: str) -> list[tuple[str, str]]:
    """Which table of a schema refers to which."""
    return [(row[0], row[1]) for row in await connection.fetch(_REFERENCES, schema)]


def in_order(tables: Iterable[str], references: Iterable[tuple[str, str]]) -> list[str]:
    """The tables, each after those it refers to, except around a circle."""
    targets: dict[str, list[str]] = {table: [] for table in tables}
    for table, target in references:
        if table in targets and target in targets:
            targets[table].append(target)
    placed: dict[str, None] = {}
    begun: set[str] = set()

    def place(table: str) -> None:
        if table not in begun:
            begun.add(table)
            for target in targets[table]:
                place(target)
            placed[table] = None

    for table in targets:
        place(table)
    return list(placed)


async def _script(connection: Any, schema: str) -> str:
    """One DO block: each command in it is a statement of its own, as Citus requires, and all take one trip."""
    relations = await connection.fetch(_RELATIONS, schema)
    more = [row[0] for row in await connection.fetch(_MORE, schema)]
    more += [row[0] for row in relations if row[1] != "r" or row[2]]
    columns: dict[str, list[Any]] = {row[0]: [] for row in relations}
    for row in await connection.fetch(_COLUMNS, schema):
        columns[row[0]].append(row)
        more += [row[1]] if row[7] else []
    if more:
        raise NotCopied(f"a template cannot have {', '.join(more)}")
    order = in_order(columns, await references(connection, schema))
    inline: dict[str, list[str]] = {table: [] for table in order}
    later = []
    for table, name, definition, target in await connection.fetch(_CONSTRAINTS, schema):
        if target is None or order.index(target) <= order.index(table):
            inline[table].append(f"CONSTRAINT {name} {definition}")
        else:
            later.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    commands = [
        f"CREATE TABLE {table} ({', '.join([*map(_column, columns[table]), *inline[table]])})" for table in order
    ]
    commands += [row[0] for row in await connection.fetch(_INDEXES, schema)]
    commands += later
    for table in order:
        commands += await _rows(connection, table, [row[1] for row in columns[table]])
    script = ";\n".join(commands).replace(f"{schema}.", "")
    if schema in script or _QUOTE in script:
        raise NotCopied("a template cannot name its own schema")
    return f"DO {_QUOTE} BEGIN\n{script};\nEND {_QUOTE}"


def _column(row: Sequence[Any]) -> str:
    _, name, kind, collation, default, required, constraint, _ = row
    words = [name, kind]
    if collation is not None:
        words.append(f"COLLATE {collation}")
    if default is not None:
        words.append(f"DEFAULT {default}")
    if required:
        words.append(f"CONSTRAINT {constraint} NOT NULL" if constraint else "NOT NULL")
    return " ".join(words)


async def _rows(connection: Any, table: str, columns: Sequence[str]) -> list[str]:
    """The rows that migrations leave in a table, as at most one command."""
    listed = ", ".join(columns)
    quoted = " || ', ' || ".join(f"quote_nullable({name}::text)" for name in columns)
    rows = [f"({row[0]})" for row in await connection.fetch(f"SELECT {quoted} FROM {table} ORDER BY {listed}")]
    return [f"INSERT INTO {table} ({listed}) VALUES {', '.join(rows)}"] if rows else []
