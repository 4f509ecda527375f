"""What all pages need: the stores, the journal, the templates, and how this server is reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bodega.access.stores import Stores
from bodega.http.app_context import AppContext
from bodega.journal.recorder import Journal
from bodega.journal.sync import JournalSync
from bodega.log import Log
from bodega.storage.registry import Registry
from bodega.storage.tx import Tx

if TYPE_CHECKING:
    from bodega.lab.control.lab import Lab


class PanelContext:
    """`ca` is the local authority's file, None when the operator brought a certificate; `now` is in UTC seconds.

    `api` is the context of the store's API; `lab` is what the lab works on, None where it is off.
    """

    def __init__(
        self,
        stores: Stores,
        journal: Journal,
        journal_sync: JournalSync,
        log: Log,
        *,
        insecure_http: bool,
        https_port: int,
        ca: Path | None,
        now: Callable[[], float],
        api: AppContext,
        lab: Lab | None = None,
    ) -> None:
        self.stores = stores
        self.api = api
        self.lab = lab
        self.journal = journal
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
        from bodega.panel.environment import environment

        return environment()
