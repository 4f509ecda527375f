"""Commands by which an operator looks in: logs, doctor, completion, what a mistyped word may have meant."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bodega.cli import COMMANDS, completion, main
from bodega.explain import statuses
from bodega.journal.exchange import TICKS
from bodega.journal.recorder import key_of
from bodega.journal.ring import ATTEMPTS, EXCHANGES, JournalRing, attempt_row, exchange_row
from bodega.law.reasons import Reason
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.engine import open_file
from test_cli import BODEGA, Desk, desk  # noqa: F401 - a fixture
from test_journal_kept import exchange

PATIENCE = 60.0


@pytest.fixture
def kept(desk: Desk) -> Desk:  # noqa: F811
    """A desk with a store whose journal has something."""
    account = json.loads(desk.run("account create HASH Connector").stdout)["client_id"]
    assert desk.run("store create other").exit_code == 0

    async def fill() -> None:
        backend = await open_backend(Path(desk.place[1]), None)
        ring = JournalRing(backend.journal())
        mine, other = [key_of(await _record(backend, name)) for name in (desk.store, "other")]
        headers = [("x-auth-token", "••••••")]
        rows = [
            exchange_row(mine, exchange(-7_200_000_000, path="/v3/old")),
            exchange_row(mine, exchange(-5_000_000, path="/v3/brands", query="page=2", client_id=account, body="Anvil",
                                        headers=headers)),
            exchange_row(mine, exchange(-4_000_000, status=404, reason="NO_SUCH_ENTITY", path="/v2/x", method="PUT")),
            exchange_row(other, exchange(-3_000_000, path="/v2/y")),
        ]  # fmt: skip
        await ring.add(EXCHANGES, rows)
        await ring.add(ATTEMPTS, [attempt_row(mine, attempt(number)) for number in (1, 2)])
        await ring.close()
        await backend.close()

    asyncio.run(fill())
    return desk


def attempt(number: int) -> Any:
    from bodega.journal.exchange import Attempt

    at = int(time.time() * 1_000_000) - 1_000_000 + number
    status, error = (500, "") if number == 1 else (None, "No answer.")
    to = "https://a.example/in"
    return Attempt(at << TICKS, number, 9, "abcdef0123", number, to, status, error, 1_000, 2, [], [], "{}", "no")


async def _record(backend: Any, name: str) -> Any:
    return await backend.registry.store(name)


LOGS: list[tuple[str, list[str]]] = [
    ("logs HASH", ["/v3/old", "/v3/brands?page=2", "/v2/x"]),
    ("logs", ["/v3/old", "/v3/brands?page=2", "/v2/x", "/v2/y"]),
    ("logs --limit 2", ["/v2/x", "/v2/y"]),
    ("logs HASH --status 4xx", ["/v2/x"]),
    ("logs HASH --status 200", ["/v3/old", "/v3/brands?page=2"]),
    ("logs HASH --path BRANDS", ["/v3/brands?page=2"]),
    ("logs --account Connector", ["/v3/brands?page=2"]),
    ("logs HASH --account nobody", []),
    ("logs HASH --method put", ["/v2/x"]),
    ("logs HASH --reason no-such-entity", ["/v2/x"]),
    ("logs HASH --words anvil", ["/v3/brands?page=2"]),
    ("logs HASH --since 1h", ["/v3/brands?page=2", "/v2/x"]),
]


@pytest.mark.parametrize(("line", "paths"), LOGS, ids=[row[0] for row in LOGS])
def test_the_journal_is_read_from_the_disk(kept: Desk, line: str, paths: list[str]) -> None:
    """Issue 12: without a server, newest last."""
    shown = kept.run(line)
    assert shown.exit_code == 0, shown.output
    assert [text.split()[3] for text in shown.stdout.splitlines()] == paths
    facts = kept.json(line)
    assert [one["path"] + (f"?{one['query']}" if one["query"] else "") for one in facts] == paths


def test_json_has_headers_and_bodies(kept: Desk) -> None:
    [one] = kept.json("logs HASH --path brands")
    assert (one["store"], one["body"], one["headers"]) == (kept.store, "Anvil", {"x-auth-token": "••••••"})
    assert one["time"] == pytest.approx(time.time(), abs=600)


def test_attempts_to_deliver_are_read_likewise(kept: Desk) -> None:
    lines = kept.run("logs HASH --webhooks").stdout.splitlines()
    assert [(line.split()[1], line.split()[3]) for line in lines] == [
        ("500", "https://a.example/in"),
        ("-", "https://a.example/in"),
    ]
    assert "attempt 2" in lines[1]
    assert "No answer." in lines[1]
    assert [one["hook_id"] for one in kept.json("logs --webhooks --hook 2")] == [2]
    assert [one["status"] for one in kept.json("logs --webhooks --status 5xx --path example")] == [500]
    assert kept.json("logs other --webhooks") == []


@pytest.mark.parametrize(
    "line", ["logs --status 999", "logs --status x", "logs --since soon", "logs HASH --hook 1", "logs nowhere"]
)
def test_what_cannot_be_asked_is_told(kept: Desk, line: str) -> None:
    shown = kept.run(line)
    assert shown.exit_code == (1 if "nowhere" in line else 2)
    assert len(shown.output.splitlines()) == 1


def test_logs_are_followed_while_the_server_writes(kept: Desk) -> None:
    """What is written late, by a worker whose second ends later, comes too, and nothing comes twice."""
    command = [*BODEGA, "logs", kept.store, "--follow", "--limit", "1", "--status", "2xx", *kept.place]
    process = subprocess.Popen([*command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        assert "/v3/brands" in process.stdout.readline()

        async def write(*exchanges: Any) -> None:
            backend = await open_backend(Path(kept.place[1]), None)
            ring = JournalRing(backend.journal())
            key = key_of(await _record(backend, kept.store))
            await ring.add(EXCHANGES, [exchange_row(key, one) for one in exchanges])
            await ring.close()
            await backend.close()

        asyncio.run(write(exchange(-1, path="/v3/first"), exchange(-2, path="/v3/not", status=404)))
        assert "/v3/first" in process.stdout.readline()
        asyncio.run(write(exchange(-1_000_000, path="/v3/late"), exchange(-1, path="/v3/second")))
        assert "/v3/late" in process.stdout.readline()
        assert "/v3/second" in process.stdout.readline()
        process.send_signal(2)
        assert process.wait(PATIENCE) == 0, "Ctrl-C ends it"
        assert process.stdout.read() == ""
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


# doctor

PORTS = "--http-port 0 --https-port 0"


def states(result: Result) -> dict[str, str]:
    """The state that each check found."""
    return {one["check"]: one["state"] for one in json.loads(result.stdout)}


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


def test_a_machine_on_which_all_is_well(kept: Desk) -> None:
    """Issue 12: ports, disk, rights, database, clock, certificate."""
    shown = kept.run(f"doctor {PORTS}")
    assert shown.exit_code == 0, shown.output
    assert all(re.match(r"(ok  |warn)  \w", line) for line in shown.stdout.splitlines())
    found = states(kept.run(f"doctor {PORTS}", "--json"))
    assert set(found) == {"port 0", "disk", "rights", "database", "journal", "clock", "certificate", "open files"}
    assert found["database"] == found["rights"] == found["journal"] == found["certificate"] == "ok"


def test_a_port_that_is_taken_fails(kept: Desk) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(0)
        port = taken.getsockname()[1]
        closer = threading.Thread(target=lambda: taken.accept()[0].close(), daemon=True)
        closer.start()
        shown = kept.run(f"doctor --https-port 0 --http-port {port}")
        closer.join(PATIENCE)
    assert shown.exit_code == 1
    assert re.search(rf"^fail  port {port} .*already in use.*--http-port", shown.stdout, re.M)


def test_what_is_wrong_with_a_directory_is_told(kept: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bodega.cli import doctor as checks

    (tmp_path / "server.pem").write_text("no certificate")
    (tmp_path / "server-key.pem").write_text("no key")
    (tmp_path / "server-key.pem").chmod(0o644)
    tmp_path.chmod(0o755)
    future = time.time() + 7_200
    os.utime(tmp_path / "server.pem", (future, future))
    monkeypatch.setattr(checks, "LOW_BYTES", 1 << 60)
    shown = kept.run(f"doctor {PORTS}", "--json")
    assert shown.exit_code == 1
    found = {one["check"]: one for one in json.loads(shown.stdout)}
    assert {name: found[name]["state"] for name in ("certificate", "rights", "clock", "disk")} == {
        "certificate": "fail", "rights": "warn", "clock": "fail", "disk": "warn"
    }  # fmt: skip
    assert "chmod" in found["rights"]["do"]
    assert all(one["do"] for one in found.values() if one["state"] != "ok"), "what to do"


def test_a_registry_that_is_damaged_fails(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"x" * 4_096)
    shown = doctor(*PORTS.split(), "--data", str(tmp_path), "--json")
    assert (shown.exit_code, states(shown)["database"]) == (1, "fail")


def test_stores_of_an_older_schema_are_a_warning(kept: Desk) -> None:

    [path, _] = sorted(Path(kept.place[1]).joinpath("stores").glob("*.db"))
    with closing(open_file(path)) as connection:
        connection.execute("DELETE FROM migrations WHERE number > 3")
    assert states(kept.run(f"doctor {PORTS}", "--json"))["database"] == "warn"


def test_a_certificate_that_ends_soon_is_a_warning_and_one_that_ended_fails(tmp_path: Path) -> None:
    from cryptography import x509

    from bodega.cli.doctor import _validity
    from bodega.server.tls import ensure_certificate

    made = ensure_certificate(tmp_path, "localhost")
    read = x509.load_pem_x509_certificate(made.cert.read_bytes())
    assert _validity(read, local=True).state == "ok"
    assert doctor(*PORTS.split(), "--data", str(tmp_path)).exit_code == 0


def test_a_postgresql_is_asked_for_its_clock(postgres_url: str, tmp_path: Path) -> None:
    found = states(doctor(*PORTS.split(), "--data", str(tmp_path), "--database", postgres_url, "--json"))
    assert found["clock of the database"] == "ok"
    gone = doctor(*PORTS.split(), "--data", str(tmp_path), "--database", "postgresql://nobody@127.0.0.1:9/x", "--json")
    assert (gone.exit_code, states(gone)["database"]) == (1, "fail")


# What a mistyped word may have meant


def commands(
    command: click.Command, context: click.Context
) -> Iterator[tuple[list[str], click.Command, click.Context]]:
    """Every command with the words that lead to it."""
    yield context.command_path.split()[1:], command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, click.Context(inner, context, info_name=name))


ALL = list(commands(main, click.Context(main, info_name="bodega", **main.context_settings)))


def mistyped(word: str) -> str:
    """With its second and third letters swapped."""
    start = len(word) - len(word.lstrip("-"))
    bare = word[start:]
    return word[:start] + bare[0] + bare[2] + bare[1] + bare[3:] + ("" if bare[1] != bare[2] else "x")


@pytest.mark.parametrize(("words", "command", "context"), ALL, ids=[" ".join(row[0]) for row in ALL])
def test_a_mistyped_command_or_option_is_told_the_right_one(
    words: list[str], command: click.Command, context: click.Context
) -> None:
    """Issue 12, over all commands, subcommands and options."""
    right = list(command.list_commands(context)) if isinstance(command, click.Group) else []
    right += [
        name for option in command.params if isinstance(option, click.Option) for name in option.opts if len(name) > 4
    ]
    for word in right:
        shown = CliRunner().invoke(main, [*words, mistyped(word)])
        assert shown.exit_code == 2, (word, shown.output)
        assert re.search(rf"[Dd]id you mean.*{re.escape(word)}\b", shown.output), (mistyped(word), shown.output)
        assert len(shown.output.strip().splitlines()) == 1


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.name)
def test_a_mistyped_reason_is_told_the_right_one(reason: Reason) -> None:
    shown = CliRunner().invoke(main, ["explain", mistyped(reason.name)])
    assert shown.exit_code == 2
    assert f"{reason.name}" in shown.output


def test_explain_alone_lists_what_there_is() -> None:
    """Issue 12: by status."""
    shown = CliRunner().invoke(main, ["explain"])
    assert shown.exit_code == 0
    assert [int(found) for found in re.findall(r"^(\d{3})  ", shown.output, re.M)] == statuses()
    listed = set(re.findall(r"^[ \d]{3}  (\w+)$", shown.output, re.M))
    assert {reason.name for reason in Reason} <= listed
    facts = json.loads(CliRunner().invoke(main, ["explain", "--json"]).output)
    assert [one["status"] for one in facts] == statuses()


# Completion


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_script_is_printed_for_each_shell(shell: str) -> None:
    shown = CliRunner().invoke(main, ["completion", shell])
    assert shown.exit_code == 0
    assert completion.VARIABLE in shown.output
    assert f"{shell}_complete" in shown.output


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("bodega lo", {"logs"}),
        ("bodega ", set(COMMANDS)),
        ("bodega logs --fo", {"--follow"}),
        ("bodega store ma", {"maintenance"}),
        ("bodega explain no_such", {"NO_SUCH_RESOURCE", "NO_SUCH_ENTITY"}),
        ("bodega explain 40", {str(status) for status in statuses() if 400 <= status < 410}),
    ],
)
def test_what_a_shell_is_offered(typed: str, offered: set[str]) -> None:
    """As bash asks."""
    words = typed.split(" ")
    environment = os.environ | {
        completion.VARIABLE: "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    program = "import sys; sys.argv[0] = 'bodega'; from bodega.cli import main; main(prog_name='bodega')"
    shown = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert {line.partition(",")[2] for line in shown.stdout.splitlines()} == offered, shown.stderr


# The report card


@pytest.fixture
def judged(desk: Desk) -> Desk:  # noqa: F811
    """A desk with a store whose client asked three times for what is not there, and once for a list."""
    account = json.loads(desk.run("account create HASH Connector").stdout)["client_id"]
    base = f"/stores/{desk.store}"

    async def fill() -> None:
        backend = await open_backend(Path(desk.place[1]), None)
        ring = JournalRing(backend.journal())
        key = key_of(await _record(backend, desk.store))
        lost = {
            "status": 404,
            "reason": "NO_SUCH_ENTITY",
            "path": f"{base}/v3/catalog/products/9",
            "client_id": account,
        }
        listed = {"path": f"{base}/v2/orders", "client_id": account, "version": 2}
        rows = [exchange_row(key, exchange(-at * 1_000_000, **lost)) for at in (7_200, 5, 4)]
        await ring.add(EXCHANGES, [*rows, exchange_row(key, exchange(-3_000_000, **listed))])
        await ring.close()
        await backend.close()

    asyncio.run(fill())
    return desk


def test_the_report_card_ends_a_build(judged: Desk, tmp_path: Path) -> None:
    """Issue 14: text, JSON, JUnit, SARIF, and the exit code that --fail-on asks for."""
    shown = judged.run("report HASH --account Connector")
    assert shown.exit_code == 1
    assert "repeated-refusal" in shown.stdout
    assert judged.run("report HASH --fail-on never").exit_code == 0
    recent = judged.run("report HASH --since 1m --fail-on note --format json")
    assert recent.exit_code == 1
    card = json.loads(recent.stdout)
    assert (card["store"], card["requests"]) == (judged.store, 3)
    assert [found["count"] for found in card["findings"] if found["check"] == "repeated-refusal"] == [2]
    file = tmp_path / "report.xml"
    assert judged.run(f"report HASH --format junit --output {file} --fail-on never").stdout == ""
    assert "<testsuite" in file.read_text()
    assert json.loads(judged.run("report HASH --format sarif --fail-on never").stdout)["version"] == "2.1.0"
    assert judged.run("report HASH --json --account nobody").exit_code == 1
    assert judged.run("report nowhere").exit_code == 1
    assert judged.run("report HASH --format pdf").exit_code == 2


def test_the_smallest_set_of_scopes_is_shown(judged: Desk) -> None:
    [found] = judged.json("scopes HASH")
    assert found["scopes"] == ["store_v2_orders_read_only", "store_v2_products_read_only"]
    shown = judged.run("scopes HASH --given store_v2_orders")
    assert shown.exit_code == 1
    assert "refused 3 times: GET /v3/catalog/products/{id}, without store_v2_products_read_only" in shown.stdout
    assert judged.run("scopes HASH --given store_v2_orders store_v2_products").exit_code == 0
    assert judged.run("scopes HASH --given store_v9").exit_code == 2
