"""Asking the server that runs: by its lab, where it serves one, a command does what it cannot do beside it.

A server with a lab leaves its address in the directory of the stores, with the number of its process: an address that
was left behind is not asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from bodega import private
from bodega.cli.place import Failed
from bodega.config import DataLocation

FILE = "lab.url"
KEY = "BODEGA_LAB_KEY"
"""The environment variable with the key of the lab, for a server that asks for one."""

SECONDS = 180.0
"""How long an answer may take: a clock that is advanced passes through all that is due."""


def leave_address(place: DataLocation, url: str | None) -> None:
    """Notes where the lab of the server that now starts is, or that it has none. Raises OSError."""
    file = place.data / FILE
    if url is None or place.database:
        file.unlink(missing_ok=True)
    else:
        private.write(file, f"{os.getpid()} {url}\n".encode())


def ask(place: DataLocation, method: str, path: str, body: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """What the lab of the running server answers; None if none runs, or it has no lab for us. Raises Failed with what
    it refuses. An answer without a body is an empty dictionary."""
    url = _address(place)
    if url is None:
        return None
    from http.client import HTTPConnection, HTTPException

    parts = urlsplit(url)
    headers = {"content-type": "application/json"}
    if key := os.environ.get(KEY):
        headers["bodega-lab-key"] = key
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=SECONDS)
    try:
        connection.request(method, f"/_bodega/lab{path}", json.dumps(dict(body)), headers)
        reply = connection.getresponse()
        content = reply.read()
        told = json.loads(content) if content else {}
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if reply.status < 300:
        return told
    if reply.status in (401, 403, 404, 405):
        return None  # it is not for us, or not there; the command says what is wrong itself
    raise Failed(" ".join([told["title"], *told.get("errors", {}).values()]))


def written_now(place: DataLocation, store_hash: str | None) -> None:
    """Has the running server write its journal of a store: it does so by itself once a second."""
    if store_hash:
        ask(place, "GET", f"/stores/{store_hash}/journal?limit=1")


def has_lab(place: DataLocation) -> bool:
    """Whether a server with a lab is known to run: of a database, which servers of other machines may serve, none
    is."""
    return _address(place) is not None


def _address(place: DataLocation) -> str | None:
    if place.database:
        return None
    try:
        process, _, url = (place.data / FILE).read_text("ascii").strip().partition(" ")
        os.kill(int(process), 0)
    except (OSError, ValueError):  # no server left one, or it has ended
        return None
    return url
