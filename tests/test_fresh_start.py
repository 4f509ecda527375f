"""The first minutes with Bodega: what is printed works as printed, and what an operator changes holds at once."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from served import PATIENCE, Served, Store, environment, first_json, seconds_of_children, serving, started

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
PORTS = ("--https-port", "0", "--http-port", "0")


def run(line: str) -> str:
    """A line typed at a shell: what it prints."""
    done = subprocess.run(
        line, shell=True, capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_curl
def test_a_newcomer_starts_a_demo_store_pastes_what_it_prints_and_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command is on no path, as after `make dev`, it says how to find it too."""
    monkeypatch.setenv("PATH", os.defpath)
    with started("dev", *PORTS, "--products", "20") as process:
        assert process.stdout is not None
        message = ""
        while "export PATH=" not in message:
            line = process.stdout.readline()
            assert line, message
            message += line
        products, store, count, customers, orders = (run(line) for line in re.findall(r"^curl .*$", message, re.M))
        assert len(json.loads(products)["data"]) == 3
        assert json.loads(store)["name"] == "Demo store"
        assert json.loads(count) == {"count": 20}
        assert len(json.loads(customers)["data"]) == 3
        assert len(json.loads(orders)) == 3
        exports = "; ".join(re.findall(r"^export .*$", message, re.M))
        assert [one["hash"] for one in json.loads(run(f"{exports}; bodega store list --json"))] == ["demo"]
        data = Path(run(f'{exports}; printf %s "$BODEGA_DATA"'))
        assert (data / "ca.pem").exists()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert not data.exists(), "the throwaway directory is gone"


@needs_curl
def test_what_is_printed_can_be_pasted_whatever_the_directory_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And from any directory: paths are absolute."""
    monkeypatch.chdir(tmp_path)
    with started("dev", *PORTS, "--products", "0", "--data", "it's here", "--json") as process:
        described = first_json(process)
        monkeypatch.chdir("/")
        assert json.loads(run(described["curl"][1]))["name"] == "Demo store"
        assert Path(described["ca"]) == tmp_path / "it's here" / "ca.pem"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_throwaway_directory_goes_whatever_stops_the_demo_store(number: signal.Signals) -> None:
    with started("dev", *PORTS, "--products", "0", "--json") as process:
        described = first_json(process)
        assert Path(described["data"]).exists()
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    assert not Path(described["data"]).exists()


@needs_curl
def test_an_empty_directory_answers_at_once(tmp_path: Path) -> None:
    """From the command to the first answer over HTTPS, authority, certificate and registry made on the way."""
    before = seconds_of_children()
    with serving(tmp_path / "new") as served:
        answer = json.loads(run(f"curl -s --cacert '{served.ca}' {served.https}/_bodega/health"))
    assert answer == {"live": True, "ready": True, "stores": 0}
    assert seconds_of_children() - before < 5, "under 1 s on a machine that does nothing else"


@needs_curl
@pytest.mark.parametrize(
    ("method", "path", "status", "then"),
    [("GET", "v2/time?a=1", 301, 200), ("POST", "v2/brands", 308, 201), ("PUT", "v2/brands/1", 308, 200)],
)
def test_plain_http_leads_to_https_with_method_and_body(
    served: Served, method: str, path: str, status: int, then: int
) -> None:
    """RFC 9110 sections 15.4.2 and 15.4.9, as a client that follows redirects walks them."""
    store = served.store()
    token = store.account()["token"]
    if method == "PUT":
        assert ask(store, token, "POST", "v2/brands", {"name": "Ajax"}).status_code == 201
    url = f"/stores/{store.hash}/{path}"
    line = f"curl -s -o /dev/null -w '%{{http_code}} %{{redirect_url}}' --cacert '{served.ca}' -X {method}"
    line += f" -H 'X-Auth-Token: {token}' -H 'Content-Type: application/json' -d '{{\"name\":\"Acme\"}}'"
    assert run(f"{line} '{served.http}{url}'") == f"{status} {served.https}{url}"
    assert run(f"{line} -L '{served.http}{url}'") == f"{then} "


# What an operator changes while the server runs holds at the next request, in every worker


def ask(store: Store, token: str, method: str = "GET", path: str = "v2/time", body: Any = None) -> requests.Response:
    """One request on a connection of its own, so that any worker may get it."""
    url = f"{store.served.https}/stores/{store.hash}/{path}"
    with requests.Session() as session:
        session.trust_env = False
        session.verify = store.served.ca
        return session.request(method, url, headers={"X-Auth-Token": token}, json=body, timeout=PATIENCE)


def several(store: Store, token: str, *request: Any) -> set[int]:
    """The statuses of a few requests sent one after the other."""
    return {ask(store, token, *request).status_code for _ in range(6)}


def soon(store: Store, question: Callable[[], Any], answer: Any) -> None:
    """On SQLite at the next request; on PostgreSQL a notification has to reach the workers first."""
    give_up = time.monotonic() + PATIENCE
    while (found := question()) != answer:
        assert "--database" in store.served.place, found
        assert time.monotonic() < give_up, found


def names(store: Store, token: str) -> set[str]:
    """The store's name, as a few requests are told it. Who knows the last one knows of all changes before it."""
    return {ask(store, token, path="v2/store").json()["name"] for _ in range(6)}


BRANDS = ("POST", "v2/brands", {"name": ""})


@pytest.mark.parametrize(
    ("change", "on", "off", "what", "before", "after"),
    [
        ("store maintenance HASH", "on", "off", (), 200, 503),
        ("store set HASH", "suspended=true", "suspended=false", (), 200, 503),
        ("account update HASH ID", "--disable", "--enable", (), 200, 401),
        ("account update HASH ID", "--scope store_v2_orders", "--scope store_v2_products", BRANDS, 400, 403),
        ("account update HASH ID", "--requests-per-window 0", "--requests-per-window 99", (), 200, 429),
    ],
)
def test_a_change_of_the_terms_holds_at_the_next_request(
    served: Served, change: str, on: str, off: str, what: tuple[Any, ...], before: int, after: int
) -> None:
    store = served.store()
    account = store.account()
    change = change.replace("ID", account["client_id"])
    soon(store, lambda: several(store, account["token"], *what), {before})
    store.run(f"{change} {on}")
    soon(store, lambda: several(store, account["token"], *what), {after})
    store.run(f"{change} {off}")
    soon(store, lambda: several(store, account["token"], *what), {before})


def test_settings_and_plans_hold_at_the_next_request(served: Served) -> None:
    store = served.store()
    token = store.account()["token"]
    soon(store, lambda: ask(store, token, path="v2/store").json().get("name"), "My store")
    store.run("store set HASH 'name=Corner shop' maintenance.retry_after=7")
    soon(store, lambda: names(store, token), {"Corner shop"})
    store.run("store plan HASH trial --limit brands=1")
    store.run("store set HASH name=Trial")
    soon(store, lambda: names(store, token), {"Trial"})
    assert ask(store, token, "POST", "v2/brands", {"name": "First"}).status_code == 201
    assert several(store, token, "POST", "v2/brands", {"name": "Second"}) == {507}
    assert ask(store, token, "PUT", "v2/brands/1", {"name": "Renamed"}).status_code == 200
    store.run("store plan HASH sandbox")
    store.run("store set HASH name=Sandbox")
    soon(store, lambda: names(store, token), {"Sandbox"})
    assert ask(store, token, "POST", "v2/brands", {"name": "Second"}).status_code == 201
    store.run("store maintenance HASH on")
    soon(store, lambda: {ask(store, token).headers.get("Retry-After") for _ in range(6)}, {"7"})


def test_what_is_revoked_or_deleted_is_unknown_at_the_next_request(served: Served) -> None:
    store = served.store()
    first, second = store.account(), store.account()
    soon(store, lambda: several(store, first["token"]) | several(store, second["token"]), {200})
    store.run(f"account revoke HASH {first['client_id']}")
    soon(store, lambda: several(store, first["token"]), {401})
    assert several(store, second["token"]) == {200}
    store.run("store delete HASH")
    soon(store, lambda: several(store, second["token"]), {401})


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on each database; on PostgreSQL it has two workers, and both must know."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    options = ("--workers", "2") if database else ()
    with serving(tmp_path_factory.mktemp("fresh"), *options, database=database) as made:
        yield made
