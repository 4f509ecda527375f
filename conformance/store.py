"""A started Bodega with a store that has a row of everything, and quotas lifted."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import requests

from bodega.app import routes
from bodega.cli import main
from bodega.http.router import by_version
from bodega.kit.route import Route
from replies import paths, rows
from replies.shipping_v3 import PROVIDERS
from walking import collections_of, listed, walk

BODEGA = [sys.executable, "-c", "from bodega import cli, outgoing; outgoing.SECONDS = 0.5; cli.main()"]
"""No image of a random address is waited for."""
TROUBLES = ("database unreachable", "internal error")
"""What the server tells in its log where it should not have come to that, whatever the reply looked like."""
STORE = "demo"
SNAPSHOT = "seeded"
NONE = ("--products", "0", "--customers", "0", "--orders", "0")
SEED = ("--products", "12", "--customers", "6", "--orders", "6")
ENOUGH = 4
"""Rows that an operation is asked of."""
NAME = re.compile(r"\{(\w+)\}")


class Store:
    """The store, and the rows in it. `base` is the address that a version's paths follow; `troubles` are what the
    server told in its log, once it has ended."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.base = f"{described['http']}/stores/{STORE}"
        self.token: str = described["token"]
        self._data: str = described["data"]
        self._session = requests.Session()
        self._session.headers["X-Auth-Token"] = self.token
        self._names: dict[str, Any] = {}
        self._ids: dict[tuple[str, str], list[Any]] = {}
        self._collections = collections_of(routes())
        self._tries = by_version(routes())
        self.unsent: list[str] = []
        self.troubles: list[str] = []

    def fill(self) -> None:
        """Sends the rows that the tests of the published contract send, adds sample data, and keeps the state; `unsent`
        says which rows were refused."""
        for row in rows():
            try:
                self._send(row)
            except (LookupError, TypeError, ValueError) as error:
                self.unsent.append(f"{row.method} {row.path}: {error}")
        self._command("seed", STORE, *SEED)
        self._command("store", "snapshot", STORE, SNAPSHOT)

    def set(self, name: str, value: str) -> None:
        """Gives the store a setting that no request can give it."""
        self._command("store", "set", STORE, f"{name}={value}")

    def restore(self) -> None:
        """Back to the state that `fill` left."""
        self._command("store", "restore", STORE, SNAPSHOT)

    def credentials(self, token_of_payment: bool) -> dict[str, str]:
        """The header that says who asks; a payment is asked with a token for the first order that is not paid."""
        if not token_of_payment:
            return {"X-Auth-Token": self.token}
        for order in self._session.get(f"{self.base}/v2/orders?limit=50", timeout=60).json():
            asked = {"order": {"id": order["id"]}}
            made = self._session.post(f"{self.base}/v3/payments/access_tokens", json=asked, timeout=60)
            if made.ok:
                return {"Authorization": f"PAT {made.json()['data']['id']}"}
        raise LookupError("no order of the store has anything to pay")

    def existing(self, version: int, method: str, path: str) -> list[dict[str, str]]:
        """Some rows that a path can name: the values of its parameters, by their names in it."""
        segments = path.strip("/").split("/")
        match = self._tries[version].find(tuple("1" if part.startswith("{") else part for part in segments))
        assert match is not None, path
        route = match.route
        found = []
        for real in islice(self._paths(route), ENOUGH):
            values = real.partition("?")[0].split("/")[2:]
            named = zip(segments, values, strict=True)
            found.append({part.strip("{}"): value for part, value in named if part.startswith("{")})
        return found if "{" in path else []

    def _send(self, row: Any) -> None:
        url = f"{self.base}{_filled(row.path, self._names)}"
        headers = dict(row.headers or {})
        sent = {"data": row.body} if isinstance(row.body, bytes) else {"json": _filled(row.body, self._names)}
        reply = self._session.request(row.method, url, headers=headers, timeout=60, **sent)
        wanted = reply.status_code == row.status if row.status else reply.ok
        if not wanted:
            raise ValueError(f"{reply.status_code} {reply.text[:300]}")
        if row.name:
            message = reply.json()
            data = message.get("data", message) if isinstance(message, dict) else message
            self._names[row.name] = row.named(data)

    def _paths(self, route: Route) -> Iterator[str]:
        told = paths().get(f"/v{route.version}/{route.template}")
        if told is not None:
            for path in told:
                with suppress(LookupError):  # a row that was refused has no id
                    yield str(_filled(path, self._names))
        else:
            yield from walk(self._collections, self._listed, route.version, route.template)

    def _listed(self, path: str, key: str) -> list[Any]:
        if (path, key) not in self._ids:
            reply = self._session.get(f"{self.base}{path}?limit=50", timeout=60)
            self._ids[path, key] = listed(reply.json(), key) if reply.status_code == 200 else []
        return self._ids[path, key]

    def _command(self, *words: str) -> None:
        with redirect_stdout(io.StringIO()):
            main([*words, "--data", self._data], standalone_mode=False)


def _filled(body: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, names) for value in body]
    if not isinstance(body, str):
        return body
    whole = NAME.fullmatch(body)
    return names[whole[1]] if whole else NAME.sub(lambda name: str(names[name[1]]), body)


@contextmanager
def running() -> Iterator[Store]:
    """A store of its own in a throwaway directory, filled."""
    with tempfile.TemporaryDirectory(prefix="bodega-conformance-") as data:
        place = ("--data", data, "--http-port", "0", "--https-port", "0")
        command = [*BODEGA, "dev", "--unlimited", "--json", *NONE, *place]
        log = Path(data) / "log"
        with (
            log.open("wb") as told,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True) as process,
        ):
            assert process.stdout is not None
            try:
                text = ""
                while not text.endswith("}\n"):
                    line = process.stdout.readline()
                    if not line:
                        raise RuntimeError(f"bodega dev ended after saying {text!r}")
                    text += line
                store = Store(json.loads(text))
                for name, value in PROVIDERS.items():
                    store.set(name, value)
                store.fill()
                yield store
            finally:
                process.terminate()
        told_by_server = log.read_text(errors="replace").splitlines()
        store.troubles = [line for line in told_by_server if any(trouble in line for trouble in TROUBLES)]
