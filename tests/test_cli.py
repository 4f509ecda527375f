"""The command line (design section 7): what commands print, how they end, that they work beside a running server."""

import base64
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner, Result

from bodega import __version__, docs
from bodega.access.plans import PLANS, UNLIMITED
from bodega.access.scopes import ALL, READERS, SCOPES, allows
from bodega.access.settings import SETTINGS
from bodega.cli import COMMANDS, main
from bodega.cli.routes import served
from bodega.cli.several import spread
from bodega.config import Config, DataLocation
from bodega.explain import CARRIES, MEANS, statuses
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason
from bodega.storage import migrate
from served import seconds_of_children

BODEGA = [sys.executable, "-m", "bodega.cli"]


class Desk:
    """Runs commands on one place."""

    def __init__(self, *place: str) -> None:
        self.place = place
        self.store = f"cli-{os.urandom(4).hex()}"

    def run(self, line: str, *more: str) -> Result:
        """A command as typed; HASH stands for the desk's store."""
        args = [word.replace("HASH", self.store) for word in shlex.split(line)]
        return CliRunner().invoke(main, [*args, *more, *self.place])

    def json(self, line: str) -> Any:
        """What a command prints with --json."""
        result = self.run(line, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BODEGA_DATA", "BODEGA_DATABASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a store on SQLite."""
    made = Desk("--data", str(tmp_path))
    assert made.run("store create HASH").exit_code == 0
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk with a store on each database."""
    on_postgres = request.param == "postgres"
    where = ("--database", request.getfixturevalue("postgres_url")) if on_postgres else ("--data", str(tmp_path))
    made = Desk(*where)
    assert made.run("store create HASH").exit_code == 0
    yield made
    made.run("store delete HASH")


# Stores


def test_a_store_is_made_shown_listed_and_deleted(any_desk: Desk) -> None:
    shown = any_desk.json("store show HASH")
    assert (shown["hash"], shown["plan"], shown["maintenance"]) == (any_desk.store, "sandbox", False)
    assert shown["used"] == {"products": 0, "categories": 0, "brands": 0}
    assert shown in [{**listed, "clock": shown["clock"]} for listed in any_desk.json("store list")]
    assert any_desk.json("store delete HASH") == {"deleted": any_desk.store}
    gone = any_desk.run("store show HASH")
    assert (gone.exit_code, gone.stdout) == (1, "")
    assert gone.stderr.startswith(f"There is no store {any_desk.store} in ")
    assert gone.stderr.endswith(f"; create it with: bodega store create {any_desk.store}.\n")


def test_a_store_changes_its_terms_on_both_databases(any_desk: Desk) -> None:
    any_desk.json("store plan HASH trial --limit products=7 categories=3 --limit brands=0")
    any_desk.json("store maintenance HASH on")
    any_desk.json("store set HASH suspended=on 'name=Corner shop'")
    shown = any_desk.json("store show HASH")
    assert shown["limits"] == {"products": 7, "categories": 3, "brands": 0, "customers": 50}
    assert (shown["maintenance"], shown["suspended"]) == (True, True)
    assert any_desk.json("store get HASH name suspended") == {"name": "Corner shop", "suspended": True}


def test_a_store_is_filled_and_emptied_on_both_databases(any_desk: Desk) -> None:
    assert any_desk.json("seed HASH --products 30") == {"hash": any_desk.store, "products": 30}
    assert any_desk.json("store show HASH")["used"]["products"] == 30
    assert any_desk.json("store reset HASH")["used"] == {"products": 0, "categories": 0, "brands": 0}
    assert any_desk.run("seed HASH --products 5").stdout == f"5 products were added to store {any_desk.store}.\n"


def test_a_plan_without_limits_of_its_own_is_the_plan_again(desk: Desk) -> None:
    desk.json("store plan HASH trial --limit products=7")
    assert desk.json("store plan HASH trial")["limits"] == dict(PLANS["trial"].limits)


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("store create HASH", 1, "There is a store HASH already."),
        ("store create Shop", 2, "Invalid value for 'HASH': a store's hash is 1 to 40 lower-case letters"),
        ("store create " + "a" * 41, 2, "Invalid value for 'HASH'"),
        ("store create new --plan gold", 2, "Invalid value for '--plan': 'gold' is not one of 'sandbox'"),
        ("store show nowhere", 1, "There is no store nowhere"),
        ("store delete nowhere", 1, "There is no store nowhere"),
        ("store reset nowhere", 1, "There is no store nowhere"),
        ("store plan HASH gold", 2, "Invalid value for 'NAME': 'gold' is not one of"),
        ("store plan HASH pro --limit prods=5", 2, "prods=5 is no limit: write COUNTER=N with one of products"),
        ("store plan HASH pro --limit products=x", 2, "products=x is no limit"),
        ("store plan HASH pro products=5", 2, "Nothing is expected after the last argument, but there is products=5."),
        ("store maintenance HASH maybe", 2, "Invalid value for '{on|off}': 'maybe' is not one of 'on', 'off'."),
        ("store get HASH zzz", 2, "There is no setting zzz; the settings are name, domain"),
        ("store set HASH zzz=red", 2, "There is no setting zzz; the settings are name, domain"),
        ("store set HASH webhook.allow_private=true", 2, "There is no setting webhook.allow_private; did you mean web"),
        ("store set HASH name", 2, "name has no value: write name=VALUE."),
        ("store set HASH decimal_places=9", 2, "decimal_places must be a whole number from 0 to 4."),
        ("store set HASH", 2, "Missing argument 'KEY=VALUE...'."),
        ("store clock HASH --set soon", 2, "soon is not a time: write it as 2030-01-31T12:00:00Z."),
        ("store clock HASH --advance 5", 2, "5 is not a duration: write it as 48h"),
        ("store clock HASH --live --advance 5m", 2, "Give only one of --set, --advance and --live."),
        ("account create nowhere app", 1, "There is no store nowhere"),
        ("account create HASH ''", 2, "The name of an account must have 1 to 100 characters."),
        ("account create HASH app --scope store_v2_product", 2, "There is no scope store_v2_product; did you mean"),
        ("account create HASH app --scope products", 2, "There is no scope products; did you mean store_v2_products"),
        ("account create HASH app store_v2_orders", 2, "Nothing is expected after the last argument"),
        ("account create HASH app --requests-per-hour -1", 2, "Invalid value for '--requests-per-hour': -1 is not"),
        ("account update HASH nobody --disable", 1, "Store HASH has no account nobody; see: bodega account list HASH."),
        ("account update HASH nobody", 2, "Nothing to change: give --scope, a quota, --disable or --enable."),
        ("account revoke HASH nobody", 1, "Store HASH has no account nobody"),
        ("seed nowhere --products 5", 1, "There is no store nowhere"),
        ("seed HASH --orders 5", 1, "There is no product that can be bought, so there are no orders; add --products."),
        ("seed HASH --products -1", 2, "Invalid value for '--products': -1 is not"),
        ("serve --workers 2", 2, "SQLite stores are served by one process: leave --workers at 1, or keep"),
        ("serve --tls-cert pyproject.toml", 2, "A certificate needs its key: give both --tls-cert and --tls-key."),
        ("stor list", 2, "No such command 'stor'."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence(desk: Desk, line: str, status: int, message: str) -> None:
    result = desk.run(line)
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.startswith(message.replace("HASH", desk.store) if "'HASH'" not in message else message)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("place", "status", "message"),
    [
        (["--database", "mysql://here"], 2, "The database must be given as a URL"),
        (["--database", "postgresql://bodega@127.0.0.1:9/none"], 1, "PostgreSQL cannot be reached"),
        (["--data", "pyproject.toml"], 2, "Invalid value for '--data': Directory 'pyproject.toml' is a file."),
    ],
)
def test_a_place_that_cannot_be_used_is_told_in_one_sentence(place: list[str], status: int, message: str) -> None:
    result = CliRunner().invoke(main, ["store", "list", *place])
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_a_new_directory_has_no_stores(tmp_path: Path) -> None:
    desk = Desk("--data", str(tmp_path / "new"))
    assert desk.json("store list") == []
    assert "There are no stores yet" in desk.run("store list").stdout
    made = CliRunner().invoke(main, ["store", "create", "x", "--data", "/proc/none"])
    assert (made.exit_code, made.stdout) == (1, "")
    assert made.stderr.startswith("/proc/none")


def test_what_is_typed_goes_before_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_DATABASE", "postgresql://bodega@127.0.0.1:9/none")
    assert desk.json("store show HASH")["hash"] == desk.store


def test_the_environment_says_where_the_stores_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODEGA_DATA", desk.place[1])
    assert CliRunner().invoke(main, ["store", "show", desk.store]).exit_code == 0


def test_every_setting_can_be_set_to_what_is_shown(desk: Desk) -> None:
    shown = desk.run("store get HASH").stdout.splitlines()
    pairs = ["=".join(line.split(maxsplit=1)) if len(line.split()) > 1 else f"{line.strip()}=" for line in shown]
    before = desk.json("store get HASH")
    assert desk.run("store set HASH", *pairs).exit_code == 0
    assert desk.json("store get HASH") == before == {key: setting.default for key, setting in SETTINGS.items()}


@pytest.mark.parametrize(
    ("moves", "mode", "now", "offset"),
    [
        (["--set 2030-01-31T12:00:00Z"], "frozen", "2030-01-31T12:00:00+00:00", 0),
        (["--set 2030-01-31", "--advance 48h"], "frozen", "2030-02-02T00:00:00+00:00", 0),
        (["--set 2030-01-31", "--advance 1d2h3m4s"], "frozen", "2030-02-01T02:03:04+00:00", 0),
        (["--advance 2d", "--advance 30m"], "shifted", None, 174_600),
        (["--set 2030-01-31", "--advance 10s", "--live"], "live", None, 0),
    ],
)
def test_a_clock_is_set_advanced_and_let_run(
    desk: Desk, moves: list[str], mode: str, now: str | None, offset: int
) -> None:
    for move in moves:
        desk.json(f"store clock HASH {move}")
    shown = desk.json("store clock HASH")
    assert (shown["mode"], shown["offset"]) == (mode, offset)
    assert now is None or shown["now"] == now


def test_tables_stand_in_columns(desk: Desk) -> None:
    head, line = desk.run("store list").stdout.splitlines()
    assert head.split() == ["hash", "plan", "state", "products", "categories", "brands", "clock", "created"]
    assert [line.index(word) for word in ("sandbox", "open", "live")] == [
        head.index(word) for word in ("plan", "state", "clock")
    ]


# Accounts


def test_an_account_is_made_with_everything_and_the_quotas_of_the_plan(any_desk: Desk) -> None:
    any_desk.json("store plan HASH pro")
    made = json.loads(any_desk.run("account create HASH 'My app'").stdout)
    assert list(made) == ["client_id", "client_secret", "token", "username", "store", "name", "kind", "scopes",
                          "requests_per_hour", "requests_per_window", "disabled", "created"]  # fmt: skip
    assert (made["username"], made["kind"], made["name"]) == (None, "oauth", "My app")
    assert (made["requests_per_window"], made["requests_per_hour"]) == (450, None)
    assert made["scopes"] == sorted(ALL)
    (listed,) = any_desk.json("account list HASH")
    assert listed == {key: value for key, value in made.items() if key not in ("token", "client_secret")}
    assert any_desk.json(f"account revoke HASH {made['client_id']}") == {"revoked": made["client_id"]}
    assert any_desk.json("account list HASH") == []


@pytest.mark.parametrize(
    "scopes",
    [
        "--scope store_v2_orders --scope store_cart",
        "--scope store_v2_orders,store_cart",
        "--scope store_v2_orders store_cart",
        "--scope=store_v2_orders store_cart",
        "--scope 'store_v2_orders store_cart'",
    ],
)
@pytest.mark.parametrize(
    "line", ["account create HASH app {}", "account create {} HASH app", "account create HASH {} app"]
)
def test_scopes_are_repeated_joined_or_listed(desk: Desk, line: str, scopes: str) -> None:
    made = json.loads(desk.run(line.format(scopes)).stdout)
    assert (made["scopes"], made["name"]) == (["store_cart", "store_v2_orders"], "app")


def test_user_names_follow_from_names_and_differ(desk: Desk) -> None:
    names = [
        json.loads(desk.run(f"account create HASH '{name}' --basic").stdout)["username"]
        for name in ("My ERP", "my erp", "äö")
    ]
    assert names == ["my-erp", "my-erp-2", "user"]


def test_an_account_is_updated(desk: Desk) -> None:
    client = json.loads(desk.run("account create HASH app --requests-per-window 5").stdout)["client_id"]
    changed = desk.json(f"account update HASH {client} --scope default --requests-per-window 9 --disable")
    assert (changed["scopes"], changed["requests_per_window"], changed["disabled"]) == (["default"], 9, True)
    assert desk.json(f"account update HASH {client} --enable") == {**changed, "disabled": False}
    assert "active" in desk.run("account list HASH").stdout


def test_quotas_are_given_lifted_and_taken_away(any_desk: Desk) -> None:
    """An OAuth account may have requests an hour beside its window; `--unlimited` lifts both."""
    any_desk.json("store plan HASH pro")

    def quotas(line: str) -> tuple[Any, Any]:
        found = json.loads(any_desk.run(line).stdout)
        return found["requests_per_window"], found["requests_per_hour"]

    made = json.loads(any_desk.run("account create HASH app --requests-per-hour 70").stdout)
    assert (made["requests_per_window"], made["requests_per_hour"]) == (450, 70)
    assert "450 in 30 s, 70 an hour" in any_desk.run("account list HASH").stdout
    update = f"account update HASH {made['client_id']} --json"
    assert quotas(f"{update} --no-requests-per-hour") == (450, None)
    assert quotas(f"{update} --requests-per-window 9 --requests-per-hour 8") == (9, 8)
    assert quotas(f"{update} --unlimited") == (UNLIMITED, None)
    assert quotas("account create HASH free --unlimited") == (UNLIMITED, None)
    assert quotas("account create HASH old --basic --unlimited")[1] == UNLIMITED
    assert any_desk.run("account list HASH").stdout.count("unlimited") == 3


@pytest.mark.parametrize(
    "line",
    [
        "account create HASH app --unlimited --requests-per-window 5",
        "account create HASH app --basic --unlimited --requests-per-hour 5",
        "account create HASH app --basic --requests-per-window 5",
        "account update HASH nobody --unlimited --requests-per-hour 5",
        "account update HASH nobody --no-requests-per-hour --requests-per-hour 5",
    ],
)
def test_a_quota_is_given_or_lifted(desk: Desk, line: str) -> None:
    result = desk.run(line)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("granted", "needed", "writes", "allowed"),
    [
        ({"store_v2_products"}, "store_v2_products", True, True),
        ({"store_v2_products"}, "store_v2_products", False, True),
        ({"store_v2_products_read_only"}, "store_v2_products", False, True),
        ({"store_v2_products_read_only"}, "store_v2_products", True, False),
        ({"store_themes_read_only"}, "store_themes_manage", False, True),
        ({"store_themes_read_only"}, "store_themes_manage", True, False),
        ({"store_v2_orders"}, "store_v2_products", False, False),
        (set(), "store_v2_products", False, False),
        (set(), "store_storefront_api", False, False),
        (set(), "default", True, True),
        (set(), "", True, True),
    ],
)
def test_a_scope_lets_write_and_its_twin_lets_read(granted: set[str], needed: str, writes: bool, allowed: bool) -> None:
    assert allows(frozenset(granted), needed, writes=writes) is allowed


def test_everything_is_every_scope_of_a_store_but_the_twins() -> None:
    assert set(READERS.values()) | ALL == {scope for scope in SCOPES if scope.startswith("store_")}


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("--scope a", "--scope a"),
        ("--scope a b c", "--scope a --scope b --scope c"),
        ("H N --scope a b --basic", "H N --scope a --scope b --basic"),
        ("--scope a H b", "--scope a H b"),
        ("--scope=a b", "--scope=a --scope b"),
        ("--other a b", "--other a b"),
    ],
)
def test_an_option_goes_on_taking_words_that_fit(typed: str, written: str) -> None:
    assert " ".join(spread(typed.split(), {"--scope": lambda word: word in "abc"})) == written


# Explaining, routes, docs


@pytest.mark.parametrize("status", statuses())
def test_every_status_is_explained(status: int) -> None:
    shown = CliRunner().invoke(main, ["explain", str(status)]).stdout
    found = json.loads(CliRunner().invoke(main, ["explain", str(status), "--json"]).stdout)
    for reason in found["reasons"]:
        assert status in (reason["v2"], reason["v3"])
        assert reason["message"] in shown
        assert reason["remedy"] in shown
    assert found["reasons"] or found["outcomes"]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_explained(reason: Reason) -> None:
    found = json.loads(CliRunner().invoke(main, ["explain", reason.name.lower(), "--json"]).stdout)
    assert (found["v2"], found["v3"], found["step"]["number"]) == (reason.v2, reason.v3, int(reason.step))
    assert found["carries"] == CARRIES[reason]


def test_every_outcome_has_a_meaning() -> None:
    assert set(MEANS) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("418", "No answer has the status 418; there are 200, 201"),
        ("DUPLICAT", "There is no reason DUPLICAT; did you mean DUPLICATE?"),
        ("zzz", "There is no reason zzz; the reasons are INSECURE"),
    ],
)
def test_what_cannot_be_explained_is_told(asked: str, message: str) -> None:
    result = CliRunner().invoke(main, ["explain", asked])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(message)


def test_routes_are_listed_once_each() -> None:
    listed = json.loads(CliRunner().invoke(main, ["routes", "--json"]).stdout)
    assert listed == served()
    assert len({route["path"] for route in listed}) == len(listed)
    products = next(route for route in listed if route["path"] == "/v3/catalog/products/{id}")
    assert (products["methods"], products["table"]) == (["GET", "PUT", "DELETE"], "products")


def test_generated_pages_are_the_same_each_time_and_told_when_stale(tmp_path: Path) -> None:
    to = ["--to", str(tmp_path)]
    runner = CliRunner()
    assert runner.invoke(docs.write, [*to, "--check"]).exit_code == 1
    assert runner.invoke(docs.write, to).exit_code == 0
    assert runner.invoke(docs.write, [*to, "--check"]).exit_code == 0
    assert {page.name: page.read_text() for page in tmp_path.iterdir()} == docs.pages()
    (tmp_path / "cli.md").write_text("old")
    assert "cli.md is stale" in runner.invoke(docs.write, [*to, "--check"]).stderr


def test_generated_pages_name_every_reason_setting_and_command() -> None:
    pages = docs.pages()
    assert all(f"`{reason.name}`" in pages["status-codes.md"] for reason in Reason)
    assert all(f"`{key}`" in pages["settings.md"] for key in SETTINGS)
    assert all(f" bodega {name}" in pages["cli.md"] for name in main.list_commands(click.Context(main)))
    assert all(page.startswith("<!-- Generated by `python -m bodega.docs`") for page in pages.values())


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: main {name}")


def test_the_version_comes_first_and_then_what_databases_are_brought_to() -> None:
    told = CliRunner().invoke(main, ["--version"]).stdout.splitlines()
    assert told[0] == f"bodega {__version__}"
    assert told[1:] == [f"schema: {migrate.revisions()}"]
    kinds = (migrate.migrations(), migrate.registry_migrations(), migrate.journal_migrations())
    assert migrate.revisions() == tuple(steps[-1].number for steps in kinds)


def test_the_list_of_commands_cuts_nothing_off() -> None:
    """What it says of each stands here, not in the module of the command, which is not imported for it."""
    told = CliRunner().invoke(main, ["--help"], terminal_width=80).stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split(None, 1) for line in told] == [[name, text] for name, text in COMMANDS.items()]
    assert all(text[0].isupper() and text.endswith(".") and len(line) <= 80
               for line, text in zip(told, COMMANDS.values(), strict=True))  # fmt: skip


def imported_by(code: str) -> set[str]:
    """The modules that a fresh Python has imported at the end of some code."""
    told = f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"
    return set(subprocess.check_output([sys.executable, "-c", told], text=True).splitlines()[-1].split())


HEAVY = {"asyncpg", "cryptography", "uvicorn", "lxml", "PIL", "bodega.app", "bodega.resources", "bodega.kit.compile"}
"""What only a server needs, and commands that carry out requests."""

LIGHT = HEAVY | {"asyncio", "ssl", "apsw", "bodega.storage.backend"}
"""What only a command needs that opens stores."""

ASKING = {"msgspec", "bodega.access.settings", "bodega.cli.store_terms", "bodega.cli.serve"}
"""What a command needs that is asked for a word or two, and no other one."""

WRITING = {"bodega.storage.unit", "bodega.storage.rows", "bodega.storage.rules", "bodega.law.reasons"}
"""What who only looks at stores does without."""


@pytest.mark.parametrize(
    ("line", "heavy"),
    [("--version", LIGHT | ASKING), ("--help", LIGHT | ASKING), ("store list", LIGHT | ASKING),
     ("explain 409", LIGHT), ("completion bash", LIGHT),
     ("store list --data STORES", HEAVY | WRITING), ("store create --help", LIGHT), ("serve --help", HEAVY)],
)  # fmt: skip
def test_a_command_imports_only_what_it_needs(line: str, heavy: set[str], tmp_path: Path) -> None:
    if "STORES" in line:
        assert CliRunner().invoke(main, ["store", "create", "shop", "--data", str(tmp_path / "stores")]).exit_code == 0
    words = line.replace("STORES", str(tmp_path / "stores")).split()
    words += ["--data", str(tmp_path)] if line == "store list" else []
    code = f"from bodega.cli import main\ntry: main({words!r})\nexcept SystemExit as ended: assert not ended.code"
    assert imported_by(code) & heavy == set()


@pytest.mark.parametrize(
    "settings",
    [{"workers": 2}, {"tls_cert": Path("a")}, {"tls_key": Path("a")}],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="--"):
        Config(**settings)


def test_several_workers_are_for_postgresql() -> None:
    assert Config(DataLocation(database="postgresql://here"), workers=4).workers == 4


# Beside a server


class Reply(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: Any
    body: bytes


def ask(url: str, headers: dict[str, str], ca: str | None = None) -> Reply:
    """One GET."""
    request = urllib.request.Request(url, headers=headers)
    context = ssl.create_default_context(cafile=ca) if ca else None
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return Reply(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


def curl(line: str) -> Reply:
    """Does what a curl line asks for."""
    words = iter(shlex.split(line)[1:])
    headers: dict[str, str] = {}
    url, ca = "", None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-u":
            headers["Authorization"] = "Basic " + base64.b64encode(next(words).encode()).decode()
        elif word == "--cacert":
            ca = next(words)
        elif word != "-s":
            url = word
    return ask(url, headers, ca)


@pytest.fixture(scope="module")
def demo() -> Iterator[dict[str, Any]]:
    """A running `bodega dev`, as its own JSON describes it."""
    ports = ["--http-port", "0", "--https-port", "0", "--products", "30", "--customers", "3", "--orders", "60"]
    with subprocess.Popen(
        [*BODEGA, "dev", *ports, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "bodega dev ended"
            text += line
        described = json.loads(text)
        yield described
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not Path(described["data"]).exists(), "the throwaway directory is gone"


def test_the_curl_lines_work_as_printed(demo: dict[str, Any]) -> None:
    products, store, count, customers, orders = (curl(line) for line in demo["curl"])
    assert {reply.status for reply in (products, store, count, customers, orders)} == {200}
    assert {order["status"] for order in json.loads(orders.body)} == {"Awaiting Fulfillment"}
    assert len(json.loads(customers.body)["data"]) == 3
    assert len(json.loads(products.body)["data"]) == 3
    assert json.loads(store.body)["name"] == "Demo store"
    assert json.loads(count.body) == {"count": 30}


def test_the_demo_accounts_have_the_published_quotas(demo: dict[str, Any]) -> None:
    """So throttling is met where programs are developed (rules 10 and 11)."""
    assert (demo["requests_per_window"], demo["requests_per_hour"]) == (450, 20_000)
    oauth = ask(f"{demo['http']}/stores/demo/v2/time", {"X-Auth-Token": demo["token"]})
    assert oauth.headers["x-rate-limit-requests-quota"] == "450"
    login = base64.b64encode(f"{demo['username']}:{demo['token']}".encode()).decode()
    basic = ask(f"{demo['http']}/api/v2/time", {"Authorization": f"Basic {login}"})
    assert 19_000 < int(basic.headers["x-bc-apilimit-remaining"]) < 20_000


def test_dev_lifts_the_quotas_when_it_is_asked_to(tmp_path: Path) -> None:
    """Also those of a demo store that is there already; and it says so."""
    for options, told in (([], 450), (["--unlimited"], None), ([], None)):
        line = [*BODEGA, "dev", "--http-port", "0", "--https-port", "0", "--products", "0", "--data", str(tmp_path)]
        with subprocess.Popen(
            [*line, "--json", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            text = ""
            while not text.endswith("}\n"):
                read = process.stdout.readline()
                assert read, "bodega dev ended"
                text += read
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        described = json.loads(text)
        assert described["requests_per_window"] == told
        assert described["requests_per_hour"] == (20_000 if told else None)


@pytest.mark.parametrize("kind", ["", "--basic"])
def test_an_account_without_quotas_is_made_while_the_server_runs(demo: dict[str, Any], kind: str) -> None:
    place = ("--data", demo["data"])
    made = CliRunner().invoke(main, ["account", "create", "demo", f"free{kind}", "--unlimited", *kind.split(), *place])
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert (told["requests_per_hour"] if kind else told["requests_per_window"]) == UNLIMITED
    listed = CliRunner().invoke(main, ["account", "list", "demo", "--json", *place])
    account = next(one for one in json.loads(listed.stdout) if one["client_id"] == told["client_id"])
    assert (account["requests_per_window"], account["requests_per_hour"]) == (
        told["requests_per_window"], told["requests_per_hour"],
    )  # fmt: skip


def test_the_link_to_the_panel_leads_into_it(demo: dict[str, Any]) -> None:
    """Looking at it does not use it up."""
    for _ in range(2):
        reply = ask(demo["panel"], {})
        assert reply.status == 200
        assert b"This link opens the control panel of store <code>demo</code>" in reply.body


def test_commands_change_a_store_while_a_server_has_it_open(demo: dict[str, Any]) -> None:
    desk = Desk("--data", demo["data"])
    desk.store = "demo"
    products = f"{demo['http']}/stores/demo/v3/catalog/products"

    def status(**headers: str) -> int:
        return ask(products, headers or {"X-Auth-Token": demo["token"]}).status

    assert status() == 200
    desk.json("store maintenance HASH on")
    assert status() == 503
    desk.json("store maintenance HASH off")
    assert status() == 200

    reader = json.loads(desk.run("account create HASH app --scope store_v2_products_read_only").stdout)
    assert status(**{"X-Auth-Token": reader["token"]}) == 200
    desk.json(f"account update HASH {reader['client_id']} --scope store_v2_orders")
    assert status(**{"X-Auth-Token": reader["token"]}) == 403
    desk.json(f"account revoke HASH {reader['client_id']}")
    assert status(**{"X-Auth-Token": reader["token"]}) == 401


def test_a_store_is_reset_and_filled_again_while_a_server_has_it_open(demo: dict[str, Any]) -> None:
    desk = Desk("--data", demo["data"])
    desk.store = "demo"
    token = {"X-Auth-Token": demo["token"]}
    item = f"{demo['http']}/stores/demo/v3/catalog/products/1"
    count = f"{demo['http']}/stores/demo/v2/products/count"
    before = ask(item, token)
    assert desk.json("store reset HASH")["used"] == {"products": 0, "categories": 0, "brands": 0}
    assert (ask(item, token).status, json.loads(ask(count, token).body)) == (404, {"count": 0})
    assert desk.json("seed HASH --products 10") == {"hash": "demo", "products": 10}
    after = ask(item, token)
    assert json.loads(ask(count, token).body) == {"count": 10}
    assert json.loads(after.body)["data"]["name"] == json.loads(before.body)["data"]["name"], (
        "the same seed, the same goods"
    )
    assert after.headers["ETag"] != before.headers["ETag"], "no ETag is used twice"


def test_what_is_empty_within_a_member_is_left_out(desk: Desk) -> None:
    assert desk.run("store set HASH backup.every=24h backup.keep=3").exit_code == 0
    shown = desk.run("store show HASH").stdout
    assert re.search(r"^backup +every 24h, keep 3$", shown, re.MULTILINE), shown


def test_a_port_that_is_in_use_is_told_with_the_option_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = Desk("--data", str(tmp_path)).run(f"serve --https-port 0 --http-port {port}")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        result.stderr
        == f"Cannot listen on 127.0.0.1 port {port}: address already in use; choose another with --http-port.\n"
    )


@pytest.mark.parametrize("command", ["serve", "dev --products 0 --customers 0 --orders 0"])
def test_all_ports_that_are_in_use_are_told_and_a_start_that_failed_leaves_nothing(
    tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        https, http = first.getsockname()[1], second.getsockname()[1]
        place = tmp_path / "demo"
        result = Desk().run(f"{command} --data {place} --https-port {https} --http-port {http}")
        assert result.exit_code == 1
        assert f"port {https}: address already in use." in result.stderr
        assert f"port {http}: address already in use." in result.stderr
        assert result.stderr.endswith("Choose others with --https-port and --http-port.\n")
    assert not place.exists()


def test_serve_answers_soon_and_sends_callers_to_https(tmp_path: Path) -> None:
    before = seconds_of_children()
    command = [*BODEGA, "serve", "--data", str(tmp_path), "--http-port", "0", "--https-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        https, http, ca = (process.stdout.readline().split()[-1] for _ in range(3))
        answer = ask(f"{https}/_bodega/health", {}, ca)
        connection = urllib.request.build_opener(_Stay).open(f"{http}/stores/x/v2/time", timeout=60)
        with connection:
            assert (connection.status, connection.headers["Location"]) == (301, f"{https}/stores/x/v2/time")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert answer.status == 200
    assert seconds_of_children() - before < 5, "under 1 s on a machine that does nothing else"


def test_several_workers_answer_from_one_database(postgres_url: str, tmp_path: Path) -> None:
    desk = Desk("--database", postgres_url)
    desk.json("store create HASH")
    token = json.loads(desk.run("account create HASH app").stdout)["token"]
    command = [*BODEGA, "serve", "--workers", "2", "--json", "--data", str(tmp_path), "--database", postgres_url]
    ports = ["--http-port", "0", "--https-port", "0", "--insecure-http"]
    with subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        described = json.loads("".join(process.stdout.readline() for _ in range(5)))
        url = f"{described['http']}/stores/{desk.store}/v2/products/count"
        answers = [ask(url, {"X-Auth-Token": token}) for _ in range(6)]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    desk.json("store delete HASH")
    assert {(answer.status, answer.body) for answer in answers} == {(200, b'{"count":0}')}


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirect, instead of following it."""

    def http_error_301(self, _req: Any, fp: Any, code: int, _msg: str, _headers: Any) -> Any:
        return fp


def test_dev_prints_what_a_newcomer_needs(tmp_path: Path) -> None:
    command = [*BODEGA, "dev", "--http-port", "0", "--https-port", "0", "--products", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = ""
        while "--log quiet" not in text:
            text += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(re.findall(r"^curl .*$", text, re.M)) == 5
    assert re.search(r"^export BODEGA_URL=http://127\.0\.0\.1:\d+$", text, re.M)
    assert f"export BODEGA_DATA={tmp_path}" in text
    assert "demo-client" in text
    assert "OAuth 450 requests in 30 s, then 429; Basic 20,000 an hour, then 509   --unlimited lifts them" in text
    assert "Traceback" not in log
    assert list((tmp_path / "stores").glob("demo.*.db")), "a directory that was named is kept"
    shown = subprocess.run(
        [*BODEGA, "store", "get", "demo", "--data", str(tmp_path), "--json"], capture_output=True, check=True
    )
    assert json.loads(shown.stdout)["images.allow_private"] is True, "what is developed against it runs here too"
