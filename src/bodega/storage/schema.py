"""The schema that follows from the declared tables, in SQL that both databases read.

`python -m bodega.docs` does not write this: migrations are files (`migrations/0001_….sql`), and a test checks that
running them all gives the declared schema.
"""

from __future__ import annotations

from collections.abc import Iterable

from bodega.storage.table import Table


def create(table: Table) -> str:
    """CREATE statements of one table, its indexes and its link tables."""
    targets = {reference.column: reference for reference in table.references}
    lines = [
        "id INTEGER PRIMARY KEY",
        "doc BYTEA NOT NULL",
        "rest BYTEA",
        "version BIGINT NOT NULL",
        "modified BIGINT NOT NULL",
    ]
    for column in table.columns:
        reference = targets.get(column.name)
        points = f" REFERENCES {reference.target}(id) ON DELETE {reference.on_delete}" if reference else ""
        lines.append(f"{column.name} {column.type}{points}")
    sql = [f"CREATE TABLE {table.name} (\n    " + ",\n    ".join(lines) + "\n);"]
    for unique in table.uniques:
        where = f" WHERE {unique.where}" if unique.where else ""
        name = f"{table.name}_{'_'.join(unique.columns)}_unique"
        sql.append(f"CREATE UNIQUE INDEX {name} ON {table.name} ({', '.join(unique.columns)}){where};")
    for column in table.columns:
        if column.indexed:
            sql.append(f"CREATE INDEX {table.name}_{column.name} ON {table.name} ({column.name}, id);")
    for link in table.links:
        sql.append(
            f"CREATE TABLE {link.name} (\n"
            f"    {link.owner} INTEGER NOT NULL REFERENCES {table.name}(id) ON DELETE CASCADE,\n"
            f"    {link.member} INTEGER NOT NULL REFERENCES {link.target}(id) ON DELETE CASCADE,\n"
            f"    PRIMARY KEY ({link.owner}, {link.member})\n);"
        )
        sql.append(f"CREATE INDEX {link.name}_{link.member} ON {link.name} ({link.member}, {link.owner});")
    if table.more_schema:
        sql.append(table.more_schema)
    return "\n".join(sql)


def create_all(tables: Iterable[Table]) -> str:
    """All tables, in the given order: each after those it refers to."""
    return "\n\n".join(create(table) for table in tables) + "\n"
