"""Which node of a Citus cluster a store is asked at: its own, where this process reaches it (docs/scale.md).

Any node gives the same answers: what is kept elsewhere it asks for there. At a store's own node no statement takes a
trip to another one. Without Citus this costs one query for each server and process.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from bodega.storage import query
from bodega.storage.tx import Tx

NEXT_LOOK_SECONDS = 60.0
"""How long a store that has moved may be asked at its old node, which asks the new one."""

CONNECT_SECONDS = 3.0
AVOIDED_SECONDS = 600.0
"""A node that cannot be reached from here is left to the coordinator for so long: finding that out may take a while."""

CITUS = "SELECT to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL"
_HOME = """
SELECT n.groupid, n.nodename, n.nodeport, s.shardid,
    n.groupid <> 0 AND n.isactive AND n.hasmetadata AND n.metadatasynced
FROM pg_catalog.pg_dist_schema d
JOIN pg_catalog.pg_dist_partition t ON t.colocationid = d.colocationid
JOIN pg_catalog.pg_dist_shard s ON s.logicalrelid = t.logicalrelid
JOIN pg_catalog.pg_dist_placement p ON p.shardid = s.shardid
JOIN pg_catalog.pg_dist_node n ON n.groupid = p.groupid
WHERE d.schemaid = to_regnamespace($1) AND n.noderole = 'primary' ORDER BY s.shardid LIMIT 1
"""
_AT_HOME = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_dist_placement p JOIN pg_catalog.pg_dist_local_group l ON l.groupid = p.groupid
    JOIN pg_catalog.pg_dist_shard s ON s.shardid = p.shardid JOIN pg_catalog.pg_class c ON c.oid = s.logicalrelid
    WHERE p.shardid = $1 AND l.groupid = $2 AND c.relnamespace = to_regnamespace($3)
)
"""
"""Whether this is the node that was meant: the coordinator's name of it may mean another machine here."""


class Home(NamedTuple):
    """Where a store of a cluster is asked; `group` is the node that it is on, `shard` one of the store's, by which that
    node is known."""

    dsn: str
    group: int
    shard: int


class Nodes:
    """The cluster whose coordinator is `dsn`, if it is one; `tx` asks it."""

    def __init__(self, dsn: str, tx: Tx) -> None:
        self.dsn = dsn
        self._tx = tx
        self._clustered: bool | None = None
        self._avoided: dict[str, float] = {}

    async def home(self, schema: str) -> Home | None:
        """Where a store is asked: at its node, or else at the coordinator. None if it is in no cluster, or in an
        ordinary schema of one. Raises Busy."""
        if self._clustered is None:
            self._clustered = bool(await query.value(self._tx, CITUS))
        found = await self._tx.row(_HOME, schema) if self._clustered else None
        if found is None:
            return None
        group, host, port, shard, knows = found
        dsn = at_node(self.dsn, host, port) if knows else self.dsn
        if self._avoided.get(dsn, 0.0) > time.monotonic():
            dsn = self.dsn
        return Home(dsn, group, shard)

    def avoid(self, home: Home) -> None:
        """The node cannot be reached from here, or is another one than was meant."""
        self._avoided[home.dsn] = time.monotonic() + AVOIDED_SECONDS


async def is_at_home(connection: Any, home: Home, schema: str) -> bool:
    """Whether a connection is one to that node, and the store is there. Raises what asyncpg raises: where it is none of
    Citus, the tables that tell are not there."""
    return bool(await connection.fetchval(_AT_HOME, home.shard, home.group, schema))


def at_node(dsn: str, host: str, port: int) -> str:
    """The same database, user and options at another node."""
    parts = urlsplit(dsn)
    user, at, _ = parts.netloc.rpartition("@")
    options = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("host", "port")]
    named = f"[{host}]" if ":" in host else quote(host)
    return parts._replace(netloc=f"{user}{at}{named}:{port}", query=urlencode(options)).geturl()
