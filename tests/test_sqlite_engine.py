"""SQLite's library: what its errors mean to the rest, and that a read leaves nothing open behind it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from bodega.storage.sqlite import engine
from bodega.storage.sqlite.connection import SqliteTx, begin, connect
from bodega.storage.sqlite.engine import Connection, open_file, plain, plain_of_write, rows
from bodega.storage.tx import Busy, Clash, Damaged, Unstorable

MEANT: dict[str, type[Exception] | None] = {
    "SQLITE_BUSY": Busy,
    "SQLITE_LOCKED": Busy,
    "SQLITE_PROTOCOL": Busy,
    "SQLITE_FULL": Busy,
    "SQLITE_IOERR": Busy,
    "SQLITE_READONLY": Busy,
    "SQLITE_CANTOPEN": Busy,
    "SQLITE_PERM": Busy,
    "SQLITE_NOLFS": Busy,
    "SQLITE_CORRUPT": Damaged,
    "SQLITE_NOTADB": Damaged,
    "SQLITE_TOOBIG": Unstorable,
    "SQLITE_CONSTRAINT": Clash,
    "SQLITE_MISMATCH": Clash,
    # This program's own mistakes, and what it never asks for: the error itself
    "SQLITE_ERROR": None,
    "SQLITE_INTERNAL": None,
    "SQLITE_ABORT": None,
    "SQLITE_NOMEM": None,
    "SQLITE_INTERRUPT": None,
    "SQLITE_NOTFOUND": None,
    "SQLITE_EMPTY": None,
    "SQLITE_SCHEMA": None,
    "SQLITE_MISUSE": None,
    "SQLITE_AUTH": None,
    "SQLITE_FORMAT": None,
    "SQLITE_RANGE": None,
}
NO_ERRORS = {"SQLITE_OK", "SQLITE_ROW", "SQLITE_DONE", "SQLITE_NOTICE", "SQLITE_WARNING"}


def codes() -> Iterator[Any]:
    """Every result code of the library, with the name of the kind that it is one of."""
    kinds = {code: name for name, code in apsw.mapping_result_codes.items() if isinstance(name, str)}
    for mapping in (apsw.mapping_result_codes, apsw.mapping_extended_result_codes):
        for name, code in mapping.items():
            if isinstance(name, str) and isinstance(code, int):
                kind = kinds[code & 0xFF]
                if kind not in NO_ERRORS:
                    yield pytest.param(code, kind, id=name)


@pytest.mark.parametrize(("code", "kind"), list(codes()))
def test_every_result_code_means_something(code: int, kind: str) -> None:
    """A new version of SQLite that brings a new kind of error fails here, and not in somebody's store."""
    error = apsw.exception_for(code)
    meant = plain_of_write(error)
    expected = MEANT[kind]
    if expected is None:
        assert meant is error
    else:
        assert type(meant) is expected
        assert plain(error) is error if expected is Clash else type(plain(error)) is expected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with a few tables."""
    path = tmp_path / "some.db"
    with closing(open_file(path, "rwc")) as made:
        made.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL CHECK (name <> 'bad'))")
        made.execute("CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id))")
        made.execute("INSERT INTO a VALUES (1, 'one'), (2, 'two')")
    return path


REFUSED = {
    "unique": ("INSERT INTO a VALUES ($1, $2)", 3, "one"),
    "key": ("INSERT INTO a VALUES ($1, $2)", 1, "new"),
    "no value": ("INSERT INTO a VALUES ($1, $2)", 3, None),
    "check": ("INSERT INTO a VALUES ($1, $2)", 3, "bad"),
    "reference": ("INSERT INTO b VALUES ($1, $2)", 3, 9),
    "type of a key": ("INSERT INTO a VALUES ($1, $2)", "three", "three"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_constraint_refuses_is_a_clash(path: Path, case: str) -> None:
    """Alone and in a script; nothing of the statement stays, and the transaction goes on."""
    sql, *values = REFUSED[case]
    with closing(connect(path)) as connection:
        tx = SqliteTx(connection)
        begin(connection)
        with pytest.raises(Clash):
            asyncio.run(tx.run(str(sql), *values))
        with pytest.raises(Clash):
            asyncio.run(tx.script([("INSERT INTO a VALUES ($1, $2)", (7, "seven")), (str(sql), values)]))
        assert asyncio.run(tx.rows("SELECT id FROM a ORDER BY id")) == [(1,), (2,), (7,)]
        connection.execute("COMMIT")


def locked(path: Path, connection: Connection) -> Callable[[], object]:
    other = open_file(path)
    begin(other)
    return other.close


def full(path: Path, connection: Connection) -> None:
    connection.execute(f"PRAGMA max_page_count={engine.value(connection, 'PRAGMA page_count')}")


def closed(path: Path, connection: Connection) -> None:
    connection.close()


@pytest.mark.parametrize("spoil", [locked, full, closed], ids=lambda spoil: spoil.__name__)
def test_a_file_that_cannot_be_used_is_busy(path: Path, spoil: Callable[..., Callable[[], object] | None]) -> None:
    connection = connect(path)
    tx = SqliteTx(connection)
    undo = spoil(path, connection)
    with pytest.raises(Busy) as told:
        asyncio.run(tx.run("INSERT INTO a VALUES ($1, $2)", 3, "x" * 100_000))
    assert not isinstance(told.value, Damaged)
    (undo or connection.close)()
    connection.close()


def test_a_file_that_may_only_be_read_is_busy(path: Path) -> None:
    with closing(open_file(path, "ro")) as connection, pytest.raises(Busy):
        asyncio.run(SqliteTx(connection).run("INSERT INTO a VALUES (3, 'x')"))


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(engine.Error) as told:
        open_file(tmp_path / "none.db")
    assert isinstance(plain(told.value), Busy)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("offset", [0, 4096], ids=["no database", "a page that is none"])
def test_a_file_that_is_not_whole_is_damaged(path: Path, offset: int) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"x" * (size - offset))
    told: list[Damaged] = []
    with closing(open_file(path)) as connection:
        tx = SqliteTx(connection, told.append)
        with pytest.raises(Damaged):
            asyncio.run(tx.rows("SELECT * FROM a"))
        with pytest.raises(Damaged):
            asyncio.run(tx.row("SELECT * FROM a WHERE id = $1", 1))
        with pytest.raises(Damaged):
            asyncio.run(tx.run("INSERT INTO a VALUES (3, 'x')"))
    assert len(told) >= 2


@pytest.mark.parametrize(
    "ask", ["SELECT id FROM a ORDER BY id", "SELECT id FROM a WHERE id = 1"], ids=["of several", "the only one"]
)
def test_a_row_that_was_read_keeps_no_state_alive(path: Path, ask: str) -> None:
    """Else the next read would not see what was written since, and the log could never be emptied."""
    with closing(connect(path)) as reading, closing(connect(path)) as writing:
        tx = SqliteTx(reading)
        assert asyncio.run(tx.row(ask)) == (1,)
        writing.execute("INSERT INTO a VALUES (3, 'three')")
        (blocked, *_) = engine.rows(writing, "PRAGMA wal_checkpoint(TRUNCATE)")[0]
        assert blocked == 0
        assert asyncio.run(tx.row("SELECT count(*) FROM a")) == (3,)


def test_a_write_that_returns_a_row_is_done_when_the_row_is_there(path: Path) -> None:
    with closing(connect(path)) as writing, closing(connect(path)) as reading:
        sql = "INSERT INTO a VALUES ($1, $2) RETURNING id"
        assert asyncio.run(SqliteTx(writing).row(sql, 3, "three")) == (3,)
        assert engine.value(reading, "SELECT count(*) FROM a") == 3
        assert not writing.in_transaction


def test_a_statement_is_prepared_once_whatever_its_limit(path: Path) -> None:
    """SQLite would look at the value of `LIMIT ?` to plan, and so prepare the statement again at every use."""
    asked = []

    def look(*facts: object) -> int:
        asked.append(facts)
        return apsw.SQLITE_OK

    with closing(connect(path)) as connection:
        connection.authorizer = look  # asked while a statement is prepared, and only then
        tx = SqliteTx(connection)
        counts = []
        for limit in range(4):
            asyncio.run(tx.rows("SELECT id FROM a WHERE id > $1 ORDER BY name LIMIT $2", 0, limit))
            counts.append(len(asked))
    assert counts[0] > 0
    assert counts == counts[:1] * 4


def test_a_copy_waits_for_a_writer(path: Path, tmp_path: Path) -> None:
    """A lock that somebody holds delays a copy, and does not spoil it."""
    target = tmp_path / "copy.db"
    with closing(open_file(path, busy_ms=10)) as source, closing(open_file(target, "rwc", busy_ms=10)) as made:
        waits = []
        with closing(open_file(target, "rwc")) as other:
            begin(other)
            with pytest.MonkeyPatch.context() as patched:

                def pause(seconds: float) -> None:
                    waits.append(seconds)
                    engine.roll_back(other)

                patched.setattr(engine.time, "sleep", pause)
                engine.copy(source, made)
        assert waits
        assert engine.rows(made, "SELECT * FROM a") == [(1, "one"), (2, "two")]


def test_no_other_sqlite_is_loaded_by_a_server() -> None:
    """Not by a library either: two that open one file in one process drop each other's locks."""
    code = "import sys, bodega.app, bodega.cli, bodega.panel; sys.exit('_sqlite3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_that_another_process_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """Who opens or closes a database alone holds its log; that is over in milliseconds."""
    path = tmp_path / "store.db"
    with closing(open_file(path, "rwc")) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE t (a)")
    holder = open_file(path)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("INSERT INTO t VALUES (1)")
    release = threading.Timer(0.2, holder.close)
    release.start()
    with closing(connect(path)) as opened:
        assert rows(opened, "SELECT a FROM t") == [(1,)]
        with closing(open_file(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            with pytest.raises(Busy):
                begin(opened)
            assert time.monotonic() - began < 0.1, "but once it is set up, it is the caller who waits"
    release.join()
