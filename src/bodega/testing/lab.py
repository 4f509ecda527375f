"""A client of the lab's control API: stores, their clocks, faults, snapshots and journals, for a test's own process."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

PATIENCE = 120.0
"""Seconds that a call may take at most."""

URL = "BODEGA_URL"
"""The environment variable that names the server, where the tests do not start one."""

HEADERS = {"accept": "application/json", "content-type": "application/json"}


class LabError(Exception):
    """The lab refused a call; `status` is its HTTP status, the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Lab:
    """The control API of a server at `url`, as http://127.0.0.1:8080; `key` is its --lab-key, if it has one.

    Every method raises LabError for what is refused, and OSError when the server cannot be reached.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = HEADERS | ({"bodega-lab-key": key} if key else {})
        self._local = threading.local()

    def call(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        """One call: the path is below /_bodega/lab. Returns the answer's JSON, None for 204."""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        target = f"/_bodega/lab{path}" + (f"?{urlencode(asked)}" if asked else "")
        content = None if body is None else json.dumps(body).encode()
        status, answer = self._send(method, target, content)
        told = json.loads(answer) if answer else None
        if status >= 400:
            raise LabError(status, _why(told, status))
        return told

    def _send(self, method: str, target: str, content: bytes | None) -> tuple[int, bytes]:
        """Over a connection of this thread, which is made again if the server closed it meanwhile."""
        for last in (False, True):
            connection = self._connection()
            try:
                connection.request(method, target, content, self._headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                connection.close()
                if last:
                    raise
            except (ConnectionError, socket.gaierror, TimeoutError) as error:
                connection.close()
                told = (
                    f"No Bodega server answers at {self.url} ({error}): start one with bodega serve --lab, or name it"
                )
                raise ConnectionError(f"{told} with --bodega-url or {URL}.") from error
        raise AssertionError("the second try returns or raises")

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if found is None:
            parts = urlsplit(self.url)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            found = self._local.connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        return found

    def close(self) -> None:
        """Closes this thread's connection; the next call makes another."""
        self._connection().close()

    def stores(self) -> list[dict[str, Any]]:
        """The facts of all stores."""
        found: list[dict[str, Any]] = self.call("GET", "/stores")
        return found

    def create(self, hash: str, **more: Any) -> Store:
        """Makes a store with one account, `app`; `more` are members of the call: plan, limits, settings, accounts."""
        account = {"name": "app", "client_id": f"{hash}-client", "token": f"{hash}-token", "unlimited": True}
        made = self.call("POST", "/stores", {"hash": hash, "accounts": [account], **more})
        return Store(self, hash, made["accounts"][0])

    def fork(self, source: str, hash: str, **more: Any) -> Store:
        """Makes a store of another as it stands, or of its `snapshot`; `more` are members of the call."""
        account = {"name": "app", "client_id": f"{hash}-client", "token": f"{hash}-token", "unlimited": True}
        made = self.call("POST", f"/stores/{quote(source)}/fork", {"hash": hash, "accounts": [account], **more})
        return Store(self, hash, made["accounts"][0])


class _Part:
    """A part of a store's lab."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _call(self, method: str, path: str, body: Any = None, /, **query: Any) -> Any:
        return self._store.lab.call(method, f"/stores/{self._store.hash}{path}", body, **query)


class Clock(_Part):
    """The store's clock: times are text as 2030-01-31T12:00:00Z, durations as 90s, 10m, 48h, 7d."""

    def now(self) -> str:
        """The store's time."""
        return _moment(self._call("GET", "/clock"))

    def freeze(self, at: str | None = None) -> str:
        """Stops it, at a time if one is given, else at the present one; returns the time."""
        return _moment(self._call("PUT", "/clock", {"mode": "frozen", **({} if at is None else {"now": at})}))

    def advance(self, by: str) -> str:
        """Moves it on, and returns the time when all that became due has run: retries, tasks, quotas, expiries."""
        return _moment(self._call("POST", "/clock/advance", {"by": by}))

    def live(self) -> str:
        """Lets it run with the machine's again."""
        return _moment(self._call("PUT", "/clock", {"mode": "live"}))


def _moment(told: Mapping[str, Any]) -> str:
    return str(told["now"]).replace("+00:00", "Z")


_MATCH = ("method", "path", "operation", "account", "headers", "body", "scope", "destination", "hook_id")
_SCHEDULE = ("nth", "every", "probability", "count", "from", "until", "seed")


class Faults(_Part):
    """The store's faults (docs/faults.md)."""

    def add(self, **rule: Any) -> dict[str, Any]:
        """Adds a rule, its members given by their names: what it strikes (method, path, ...), when (nth, every, count,
        ...), and the effect (status, latency, disconnect, ...). `from` is written `from_`."""
        parts: dict[str, dict[str, Any]] = {"match": {}, "schedule": {}, "effect": {}}
        for name, value in rule.items():
            name = name.rstrip("_")
            part = "match" if name in _MATCH else "schedule" if name in _SCHEDULE else "effect"
            parts[part][name] = value
        told: dict[str, Any] = self._call("POST", "/faults", parts)
        return told

    def list(self) -> Any:
        """The rules, with how often each struck."""
        return self._call("GET", "/faults")

    def clear(self) -> None:
        """Takes all of them away."""
        self._call("DELETE", "/faults")


class Snapshots(_Part):
    """States of the store to go back to."""

    def take(self, name: str = "test") -> None:
        """Keeps the state under a name; replaces an older one."""
        self._call("POST", "/snapshots", {"name": name})

    def restore(self, name: str = "test") -> None:
        """Goes back to it."""
        self._call("POST", f"/snapshots/{quote(name)}/restore")


class Journal(_Part):
    """What was asked of the store, and answered."""

    def requests(self, **wanted: Any) -> list[dict[str, Any]]:
        """The requests that are wanted, the oldest first: status, method, path, account, words, since, limit ..."""
        found: list[dict[str, Any]] = self._call("GET", "/journal", None, **wanted)
        return found[::-1]

    def find(self, method: str = "", path: str = "", **wanted: Any) -> dict[str, Any]:
        """Looks for requests (docs/testing.md): `body`, `query`, `headers`, `status`, `times`, `at_least`, `at_most`,
        `before`, `wait` ... The answer's `ok` says whether it is so, `message` why not."""
        told: dict[str, Any] = self._call("POST", "/journal/verify", {"method": method, "path": path, **wanted})
        return told

    def verify(self, method: str = "", path: str = "", **wanted: Any) -> list[dict[str, Any]]:
        """The same as an assertion: the requests that were found. Raises AssertionError with the nearest ones."""
        __tracebackhide__ = True
        told = self.find(method, path, **wanted)
        if not told["ok"]:
            raise AssertionError(told["message"])
        found: list[dict[str, Any]] = told["requests"]
        return found

    def wait_for(self, method: str = "", path: str = "", seconds: float = 10, **wanted: Any) -> list[dict[str, Any]]:
        """As `verify`, for what may come within so many seconds."""
        __tracebackhide__ = True
        return self.verify(method, path, wait=seconds, **wanted)

    def har(self) -> dict[str, Any]:
        """All of it as an HTTP archive."""
        told: dict[str, Any] = self._call("GET", "/journal/har", limit=10_000)
        return told

    def undo(self, request_id: str) -> dict[str, Any]:
        """Undoes what one request changed, by the X-Request-Id of its reply; returns the rows that are as before.
        Raises LabError if one of them was changed since."""
        told: dict[str, Any] = self._call("POST", f"/journal/{quote(request_id)}/undo")
        return told

    def clear(self) -> None:
        """Forgets it."""
        self._call("DELETE", "/journal")


class Store:
    """A store for tests: where its API is, the credentials of its account, and what the lab can do with it."""

    def __init__(self, lab: Lab, hash: str, account: Mapping[str, Any]) -> None:
        self.lab = lab
        self.hash = hash
        self.client_id = str(account["client_id"])
        self.client_secret = str(account["client_secret"])
        self.token = str(account["token"])
        self.clock = Clock(self)
        self.faults = Faults(self)
        self.snapshots = Snapshots(self)
        self.journal = Journal(self)

    def __repr__(self) -> str:
        return f"<Store {self.url}>"

    @property
    def url(self) -> str:
        """The base of its API, without a version: http://127.0.0.1:8080/stores/HASH."""
        return f"{self.lab.url}/stores/{self.hash}"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request to its API."""
        return {"X-Auth-Token": self.token, "Accept": "application/json", "Content-Type": "application/json"}

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request to its API, for what a test prepares or looks at: the path begins with the version, as
        /v3/catalog/products. A refusal is an answer like any other."""
        parts = urlsplit(self.lab.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        content = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, f"/stores/{self.hash}{path}", content, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def account(self, **wanted: Any) -> dict[str, Any]:
        """Another account: `name`, `scopes`, `token`, `basic`, quotas. Returns its credentials."""
        made: dict[str, Any] = self.lab.call("POST", f"/stores/{self.hash}/accounts", wanted)
        return made

    def settings(self, **changed: Any) -> dict[str, Any]:
        """Changes settings and returns all; dots in their names are written as two underscores."""
        named = {name.replace("__", "."): value for name, value in changed.items()}
        told = self.lab.call("PUT", f"/stores/{self.hash}/settings", {"settings": named})
        settings: dict[str, Any] = told["settings"]
        return settings

    def state(self, name: str) -> dict[str, Any]:
        """Makes one of the named states (docs/states.md); returns what was made."""
        made: dict[str, Any] = self.lab.call("POST", f"/stores/{self.hash}/states/{quote(name)}")
        return made

    def seed(self, **amounts: int) -> Any:
        """Fills it with sample data: products, customers, orders, seed."""
        return self.lab.call("POST", f"/stores/{self.hash}/seed", amounts)

    def delete(self) -> None:
        """Deletes it."""
        self.lab.call("DELETE", f"/stores/{self.hash}")


class Answer:
    """An answer of the store's API."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.content = content

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.content[:200]!r}>"

    @property
    def json(self) -> Any:
        """The body as data; None if there is none."""
        return json.loads(self.content) if self.content else None

    @property
    def data(self) -> Any:
        """V3's `data`."""
        return self.json["data"]


def _why(told: Any, status: int) -> str:
    if not isinstance(told, dict):
        return f"The lab answered with the status {status}."
    parts = [str(told.get("title") or status)]
    parts += [f"{name}: {what}" for name, what in (told.get("errors") or {}).items()]
    return " ".join(parts)
