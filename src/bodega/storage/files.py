"""Files: the bytes of pictures, and of themes, kept once each in the store's own database, by the digest of their
content.

A document names a file by its address, `"\\u0000/DIGEST/NAME"` as JSON writes it (docs/decisions/0011-files.md). Which
rows name which files follows from their documents alone, so a file is deleted in the transaction in which the last row
that named it is deleted or changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Statement, Tx

SCHEMA = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, size INTEGER NOT NULL, content BYTEA NOT NULL
);
CREATE TABLE file_uses (
    digest TEXT NOT NULL REFERENCES files(digest), kind TEXT NOT NULL, owner INTEGER NOT NULL,
    PRIMARY KEY (digest, kind, owner)
);
CREATE INDEX file_uses_owner ON file_uses (kind, owner);
CREATE TABLE file_keys (key TEXT PRIMARY KEY, digest TEXT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX file_keys_until ON file_keys (until);
"""

PLACE = "\x00"
"""How a stored address begins; replies put the URL of the store's files there. No client can send it."""

_NAMED = re.compile(rb'"\\u0000/([0-9a-f]{64})/')

AT_ONCE = 1000
"""Digests in one statement."""


class File(msgspec.Struct, frozen=True):
    """One picture in one size; `digest` is the SHA-256 of `content` in hexadecimal, `width` and `height` in pixels.

    Everybody may see a picture; what is something else is given out only by a key (`give_out`).
    """

    digest: str
    media_type: str
    width: int
    height: int
    content: bytes


async def keep(tx: Tx, file: File) -> None:
    """Stores the bytes, unless they are there already."""
    # Only one transaction writes at a time, so the next number is free.
    free = await query.value(tx, "SELECT coalesce(max(id), 0) + 1 FROM files")
    await tx.run(
        "INSERT INTO files (id, digest, media_type, width, height, size, content)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING",
        free, file.digest, file.media_type, file.width, file.height, len(file.content), file.content,
    )  # fmt: skip


async def facts(tx: Tx, digest: str) -> tuple[str, int] | None:
    """Media type and size in bytes of a file, if it exists."""
    found = await tx.row("SELECT media_type, size FROM files WHERE digest = $1", digest)
    if found is None:
        return None
    media_type, size = found
    return media_type, size


async def content(tx: Tx, digest: str) -> bytes | None:
    """The bytes of a file."""
    found: bytes | None = await query.value(tx, "SELECT content FROM files WHERE digest = $1", digest)
    return found


def named_in(doc: bytes, rest: bytes | None) -> set[str]:
    """The digests of the files that a row's documents name."""
    found = set(_NAMED.findall(doc))
    if rest is not None:
        found.update(_NAMED.findall(rest))
    return {digest.decode() for digest in found}


def used(table: str, owner: int, digests: Iterable[str]) -> list[Statement]:
    """Statements that record which files a row names."""
    return [
        ("INSERT INTO file_uses (digest, kind, owner) VALUES ($1, $2, $3)", (digest, table, owner))
        for digest in sorted(digests)
    ]


async def using(tx: Tx, table: str, owner: int) -> set[str]:
    """The recorded files of a row."""
    return set(await query.values(tx, f"SELECT digest FROM file_uses WHERE {_OF_ONE}", table, owner))


async def release(tx: Tx, table: str, owner: int, digests: Iterable[str]) -> None:
    """Removes these files from a row; those that no row names any more are deleted."""
    for digest in sorted(digests):
        await tx.run(f"DELETE FROM file_uses WHERE {_OF_ONE} AND digest = $3", table, owner, digest)
        await tx.run(f"DELETE FROM files WHERE digest = $1 AND {_UNUSED}", digest)


async def forget(tx: Tx, table: str, owners: Sequence[int]) -> None:
    """Rows were deleted: deletes the files that only they named."""
    of_them = f"kind = $1 AND owner IN ({numbered_placeholders(len(owners), 2)})"
    digests = await query.values(tx, f"SELECT DISTINCT digest FROM file_uses WHERE {of_them}", table, *owners)
    if not digests:
        return
    await tx.run(f"DELETE FROM file_uses WHERE {of_them}", table, *owners)
    for start in range(0, len(digests), AT_ONCE):
        some = digests[start : start + AT_ONCE]
        await tx.run(f"DELETE FROM files WHERE digest IN ({numbered_placeholders(len(some))}) AND {_UNUSED}", *some)


_OF_ONE = "kind = $1 AND owner = $2"
_UNUSED = "NOT EXISTS (SELECT 1 FROM file_uses WHERE file_uses.digest = files.digest)"


async def give_out(tx: Tx, key: str, digest: str, until: int) -> None:
    """Whoever knows the key may have the file until then, in UTC seconds of the store's clock."""
    await tx.run("INSERT INTO file_keys (key, digest, until) VALUES ($1, $2, $3)", key, digest, until)


async def may_have(tx: Tx, key: str, digest: str, now: int) -> bool:
    """Whether this is a key of the file."""
    sql = "SELECT 1 FROM file_keys WHERE key = $1 AND digest = $2 AND until > $3"
    return await query.value(tx, sql, key, digest, now) is not None


OLD_KEYS = "SELECT key FROM file_keys WHERE until <= $1 LIMIT 1"


async def forget_keys(tx: Tx, now: int) -> None:
    """Deletes the keys that open nothing any more."""
    await tx.run("DELETE FROM file_keys WHERE until <= $1", now)
