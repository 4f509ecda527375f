"""Schemas that stay ordinary where Citus shards by schema (docs/scale.md): the registry, the journal, the template."""

from __future__ import annotations

from typing import Any

SHARDED = "SELECT current_setting('citus.enable_schema_based_sharding', true)"
"""Whether Citus distributes the schemas that this session makes: `on` or `off`; null without Citus."""

_NOT_SHARDED = "SET LOCAL citus.enable_schema_based_sharding TO off"


async def ordinary_schema(connection: Any, schema: str) -> None:
    """Makes the schema unless it is there, within the transaction that the caller began: until that ends, no schema
    that it makes is distributed."""
    if await connection.fetchval("SELECT to_regnamespace($1)", schema) is None:
        if await connection.fetchval(SHARDED) == "on":
            await connection.execute(_NOT_SHARDED)
        await connection.execute(f"CREATE SCHEMA {schema}")
