"""What all pages need: the stores, the journal, the templates, and how this server is reached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from bodega.access.stores import Stores
from bodega.http.app_context import AppContext
from bodega.journal.sync import JournalSync
from bodega.log import Log
from bodega.storage.registry import Registry
from bodega.storage.tx import Tx

HERE = "bodega.panel"


class PanelContext:
    """`ca` is the local authority's file, None when the operator brought a certificate; `now` is in UTC seconds.

    `api` is the context of the store's API.
    """

    def __init__(
        self,
        stores: Stores,
        journal_sync: JournalSync,
        log: Log,
        *,
        insecure_http: bool,
        https_port: int,
        ca: Path | None,
        now: Callable[[], float],
        api: AppContext,
    ) -> None:
        self.stores = stores
        self.api = api
        self.journal_sync = journal_sync
        self.log = log
        self.insecure_http = insecure_http
        self.https_port = https_port
        self.ca = ca
        self.now = now

    @property
    def registry(self) -> Registry:
        """The registry of owners, accounts and stores."""
        return self.stores.registry

    @property
    def tx(self) -> Tx:
        """The registry's statements."""
        return self.stores.registry.tx

    @cached_property
    def templates(self) -> Any:
        """Jinja, created with the first page; everything that is shown is escaped."""
        from bodega.panel.templating import environment

        return environment()


@cache
def static_files() -> Mapping[str, tuple[bytes, bytes]]:
    """The files that browsers keep, by name: media type and bytes."""
    kinds = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
    folder = resources.files(HERE) / "static"
    return {
        file.name: (kinds[ending], file.read_bytes())
        for file in folder.iterdir()
        if (ending := file.name.rpartition(".")[2]) in kinds
    }


@cache
def static_url(name: str) -> str:
    """A file's address; it changes with the content, so that browsers may cache it for ever."""
    return f"/manage/static/{name}?{hashlib.sha256(static_files()[name][1]).hexdigest()[:12]}"
