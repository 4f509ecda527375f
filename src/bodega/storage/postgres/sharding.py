"""Where Citus shards by schema (docs/scale.md): which schemas are ordinary, and what a distributed one needs.

Without Citus every schema is ordinary, and each of these costs a query at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from bodega.storage.backend import NoCopy
from bodega.storage.migrate import Migration
from bodega.storage.postgres import connection as plain
from bodega.storage.postgres.nodes import CITUS
from bodega.storage.table_stats import LOCK

SHARDED = "SELECT current_setting('citus.enable_schema_based_sharding', true)"
"""Whether Citus distributes the schemas that this session makes: `on` or `off`; null without Citus."""

_NOT_SHARDED = "SET LOCAL citus.enable_schema_based_sharding TO off"
_DISTRIBUTED = "SELECT EXISTS (SELECT FROM pg_catalog.pg_dist_schema WHERE schemaid = to_regnamespace($1))"


_FIRST_TABLE = """
SELECT quote_ident(c.relname) FROM pg_class c LEFT JOIN pg_catalog.pg_dist_shard s ON s.logicalrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
ORDER BY s.shardid NULLS LAST, c.relname LIMIT 1
"""
_STAY = (
    "SELECT lock_shard_metadata(5, array_agg(shardid)) FROM pg_catalog.pg_dist_shard"
    " WHERE logicalrelid = '{table}'::regclass; "
)
"""Keeps a store on its node until the transaction ends, wherever the connection goes to: a move takes this lock (5 is
ShareLock, which its own excludes) at every node before it ends, for one table after the other. Of the first of them,
else a writer and a move could each have what the other waits for. Of a schema that is not distributed it locks
nothing."""


async def write_lock(connection: Any) -> str:
    """The commands that take the write lock of the connection's store: a row, and in a cluster first what keeps it
    where it is. The lock would stay behind when the store moves during the transaction."""
    if not await connection.fetchval(CITUS):
        return LOCK
    return _STAY.format(table=await connection.fetchval(_FIRST_TABLE)) + LOCK


async def ordinary_schema(connection: Any, schema: str) -> None:
    """Makes the schema unless it is there, within the transaction that the caller began: until that ends, no schema
    that it makes is distributed. One that was distributed before becomes ordinary."""
    if await is_distributed(connection, schema):
        await connection.execute("SELECT citus_schema_undistribute($1::regnamespace)", schema)
        return
    if await connection.fetchval("SELECT to_regnamespace($1)", schema) is None:
        if await connection.fetchval(SHARDED) == "on":
            await connection.execute(_NOT_SHARDED)
        await connection.execute(f"CREATE SCHEMA {schema}")


async def is_distributed(connection: Any, schema: str) -> bool:
    """Whether the schema is one of a Citus cluster's."""
    return bool(await connection.fetchval(CITUS)) and bool(await connection.fetchval(_DISTRIBUTED, schema))


REFUSED = (asyncpg.FeatureNotSupportedError, asyncpg.PostgresSyntaxError, asyncpg.InternalServerError)
"""What Citus refuses, what it cannot put into words for a node, and what it says of everything else."""


async def carry_out(connection: Any, schema: str, migrations: Sequence[Migration]) -> None:
    """Brings the schema of a store forward, within the transaction that the caller began.

    A distributed schema that a migration does what Citus refuses is brought to the coordinator, changed, and
    distributed again.
    """
    try:
        async with connection.transaction():
            await plain.carry_out(connection, migrations)
    except REFUSED:
        if not await is_distributed(connection, schema):
            raise
        await connection.execute("SELECT citus_schema_undistribute($1::regnamespace)", schema)
        await plain.carry_out(connection, migrations)
        await connection.execute("SELECT citus_schema_distribute($1::regnamespace)", schema)


_NODES = (
    "SELECT nodename || ':' || nodeport FROM pg_catalog.pg_dist_node WHERE isactive AND shouldhaveshards ORDER BY 1"
)
_PLACE = """
SELECT n.nodename || ':' || n.nodeport FROM pg_catalog.pg_dist_schema d
JOIN pg_catalog.pg_dist_partition t ON t.colocationid = d.colocationid
JOIN pg_catalog.pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_catalog.pg_dist_placement p ON p.shardid = s.shardid
JOIN pg_catalog.pg_dist_node n ON n.groupid = p.groupid WHERE d.schemaid = to_regnamespace($1) LIMIT 1
"""


_LATE = "SELECT bool_or(result = 'off') FROM run_command_on_all_nodes('SHOW synchronous_commit')"
"""Whether a node acknowledges what it has not written yet: a move looks at what is written, and would leave that behind
(seen: an acknowledged write was lost)."""


async def move(connection: Any, schema: str, host: str, port: int) -> None:
    """Moves a distributed schema to another node of its cluster. Raises NoCopy."""
    if not await connection.fetchval(CITUS):
        raise NoCopy(f"{host}:{port} could be a node of a Citus cluster, but the store is in no cluster.")
    nodes = [row[0] for row in await connection.fetch(_NODES)]
    if f"{host}:{port}" not in nodes:
        raise NoCopy(f"The cluster has no node {host}:{port} that takes stores; it has {', '.join(nodes)}.")
    if not await is_distributed(connection, schema):
        raise NoCopy(f"The schema {schema} is not distributed: SELECT citus_schema_distribute('{schema}') does it.")
    if await connection.fetchval(_PLACE, schema) == f"{host}:{port}":
        raise NoCopy(f"The store is on {host}:{port} already.")
    if await connection.fetchval(_LATE):
        raise NoCopy("A node has synchronous_commit = off: a move could lose what was written last. Set it to on.")
    await connection.execute("SELECT citus_schema_move($1::regnamespace, $2::text, $3::integer)", schema, host, port)
