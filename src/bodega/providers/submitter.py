"""Tells tax providers of orders, after the commit that made it necessary: when a write asks for it, and each second."""

from __future__ import annotations

import contextlib
import functools

from bodega.access.providers import TAX, registered
from bodega.access.stores import OpenStore, Stores
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.providers.caller import ProviderCaller
from bodega.resources.orders import tax_documents
from bodega.storage.tx import Busy

LOOK_SECONDS = 1.0
"""How often the clocks of stores with a tax provider are looked at: a pause may be over."""


class Submitter:
    """The documents of the stores that this process has open."""

    def __init__(self, stores: Stores, caller: ProviderCaller, log: Log) -> None:
        self._stores = stores
        self._caller = caller
        self.job = PeriodicJob(LOOK_SECONDS, self.submit, log, "orders not submitted to a tax provider")

    def wrote(self, store: OpenStore) -> None:
        """Something was written: a store with a tax provider is looked at now."""
        if registered(store.settings, TAX):
            self.job.wake()

    async def submit(self) -> None:
        """Makes the calls that are due, of every store. Raises Busy."""
        for store in self._stores.open_stores():
            if not store.closed and registered(store.settings, TAX):
                with contextlib.suppress(Busy):
                    await self._submit(store)

    async def _submit(self, store: OpenStore) -> None:
        while store.rows is not None and not store.closed:
            if await store.rows.reader.row(tax_documents.DUE, store.time()) is None:
                return
            claimed = await store.write(tax_documents.claim)
            if not claimed:
                return
            for each in claimed:
                answer = await self._caller.call(store, each.ask)
                await store.write(functools.partial(tax_documents.record, made=each, answer=answer))
