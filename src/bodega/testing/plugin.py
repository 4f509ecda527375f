"""The pytest plugin: a server for the session, a store for each test, and what a test needs beside it.

`pip install '.[pytest]'` in a checkout registers it. Fixtures: `bodega_server`, `bodega_template`, `store`, `clock`,
`faults`, `snapshot`, `journal`, `webhooks`. When a test fails, the journal of its store is in the report.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from bodega.testing.lab import URL, Clock, Faults, Journal, Lab, LabError, Snapshots, Store
from bodega.testing.receiver import WebhookReceiver

PATIENCE = 60.0
SHOWN = 30
"""Requests of a failed test's journal that are in the report."""

KEY = "BODEGA_LAB_KEY"
_STORE = pytest.StashKey[Store]()
SETTINGS = {"journal": "full", "webhooks.allow_private": True, "images.allow_private": True}


def pytest_addoption(parser: pytest.Parser) -> None:
    """--bodega-url and --bodega-lab-key, and the setting bodega_seed."""
    group = parser.getgroup("bodega")
    group.addoption("--bodega-url", default=None, metavar="URL", help=f"Use this running server; {URL}.")
    group.addoption("--bodega-lab-key", default=None, metavar="KEY", help=f"Its --lab-key; {KEY}.")
    parser.addini("bodega_seed", "What each test's store holds, as: products=20 customers=5 orders=3.", default="")
    parser.addini("bodega_plan", "The plan of each test's store.", default="enterprise")


@pytest.fixture(scope="session")
def bodega_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab of a running server: one that is started for this session (for each process, under pytest-xdist), or the
    one that --bodega-url or BODEGA_URL names."""
    url = request.config.getoption("--bodega-url") or os.environ.get(URL)
    key = request.config.getoption("--bodega-lab-key") or os.environ.get(KEY)
    if url:
        yield Lab(url, key)
        return
    data = tmp_path_factory.mktemp("bodega")
    command = [
        sys.executable, "-m", "bodega.cli", "serve", "--lab", "--insecure-http", "--json", "--data", str(data),
        "--http-port", "0", "--https-port", "0",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_")}
    log = (data / "server.log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - this interpreter
        command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
    )
    try:
        described = _first_json(process)
        if described is None:
            pytest.exit(f"Bodega did not start; its log: {(data / 'server.log').read_text()[-2000:]}", returncode=3)
        yield Lab(described["http"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _first_json(process: subprocess.Popen[str]) -> Any:
    """What the server says of itself once it serves; None if it ends before."""
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        if not line:
            return None
        text += line
    return json.loads(text)


@pytest.fixture(scope="session")
def bodega_template(bodega_server: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """The hash of the store that each test gets a fork of, which is deleted at the end. Override it to fill one in your
    own way."""
    name = f"template-{_worker(request.config)}-{os.getpid()}"
    made = bodega_server.create(name, plan=str(request.config.getini("bodega_plan")), settings=SETTINGS)
    words = str(request.config.getini("bodega_seed")).split()
    try:
        if words:
            _seed(made, words)
        yield name
    finally:
        made.delete()


def _seed(made: Store, words: list[str]) -> None:
    try:
        made.seed(**{kind: int(number) for kind, _, number in (word.partition("=") for word in words)})
    except (ValueError, LabError) as error:
        raise pytest.UsageError(f"bodega_seed = {' '.join(words)} cannot be used: {error}") from error


def _worker(config: pytest.Config) -> str:
    return str(getattr(config, "workerinput", {}).get("workerid", "main"))


_numbers = itertools.count(1)


@pytest.fixture
def store(bodega_server: Lab, bodega_template: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store of the test's own, forked from the template: nothing that another test does is in it."""
    name = f"test-{_worker(request.config)}-{os.getpid()}-{next(_numbers)}"
    made = bodega_server.fork(bodega_template, name)
    request.node.stash[_STORE] = made
    yield made
    made.delete()


@pytest.fixture
def clock(store: Store) -> Clock:
    """The clock of the test's store."""
    return store.clock


@pytest.fixture
def faults(store: Store) -> Faults:
    """The faults of the test's store."""
    return store.faults


@pytest.fixture
def snapshot(store: Store) -> Snapshots:
    """Snapshots of the test's store."""
    return store.snapshots


@pytest.fixture
def journal(store: Store) -> Journal:
    """The journal of the test's store."""
    return store.journal


class Webhooks(WebhookReceiver):
    """A receiver with hooks of the test's store."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store

    def subscribe(self, *scopes: str) -> list[int]:
        """Makes hooks of the store's account for these scopes, which lead here; returns their ids."""
        made = []
        for scope in scopes:
            hook = {"scope": scope, "destination": self.url, "is_active": True}
            answer = self._store.request("POST", "/v3/hooks", hook)
            if answer.status >= 300:
                raise LabError(answer.status, f"The hook for {scope} was refused: {answer.content.decode()}")
            made.append(int(answer.data["id"]))
        return made

    def trigger(self, scope: str, **more: Any) -> dict[str, Any]:
        """Fires an event without a change; `id` names the row, `data` is the payload's."""
        told: dict[str, Any] = self._store.lab.call(
            "POST", f"/stores/{self._store.hash}/events", {"scope": scope, **more}
        )
        return told


@pytest.fixture
def webhooks(store: Store) -> Iterator[Webhooks]:
    """A receiver of webhooks: `subscribe`, `wait_for`, `events`."""
    made = Webhooks(store)
    yield made
    made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Puts the journal of a failed test's store into its report."""
    report = yield
    used = item.stash.get(_STORE, None)
    if used is not None and call.when == "call" and report.failed:
        report.sections.append((f"Bodega journal of {used.hash}", _told(used)))
    return report


def _told(used: Store) -> str:
    try:
        found = used.journal.requests(limit=SHOWN)
    except (LabError, OSError) as error:
        return f"It cannot be read: {error}"
    return "\n".join(_line(one) for one in found) or "No request came."


def _line(one: dict[str, Any]) -> str:
    target = one["path"] + (f"?{one['query']}" if one["query"] else "")
    line = f"{one['status']} {one['method']} {target} {one['us'] / 1000:.1f} ms {one['reason']}".rstrip()
    if one["fault"]:
        by = "the header Bodega-Fault" if one["fault"] == "header" else f"fault rule {one['fault']}"
        line += f", by {by}: {one['answer_headers'].get('bodega-fault', '')}"
    if one["reason"] and one["answer_body"]:
        line += f"\n    sent: {one['body'] or ''}\n    got:  {one['answer_body']}"
    return line
