"""The store's API as shoppers use it: what they do in a shop is what an app could do for them, by the same steps.

A guest's cart, a checkout, an address, a wishlist is therefore one with that of the admin API: the same rows, rules,
prices, events. Who may touch what is for the callers to decide: the API itself lets its caller do everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.access.accounts import SHOPPERS_CLIENT
from bodega.access.open_store import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal_api import ApiReply, send
from bodega.law.reasons import Reason


class ShopperRefused(Exception):
    """The store's API refused what a shopper wanted: `reply` says why."""

    def __init__(self, reply: ApiReply) -> None:
        assert reply.reason is not None
        super().__init__(next(iter(reply.errors.values()), "") or reply.title)
        self.reply = reply
        self.reason: Reason = reply.reason

    @property
    def code(self) -> str:
        """The reason, as a code of an error."""
        return self.reason.name


class ShoppersApi:
    """The API of one store; `origin` is what links begin with, as https://store-demo.localhost:8443."""

    def __init__(self, app: AppContext, store: OpenStore, origin: str) -> None:
        self.app = app
        self.store = store
        self.origin = origin

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> ApiReply:
        """The reply to one request, refused or not: `path` as /v3/carts, `body` plain data."""
        return await send(
            self.app, self.store, SHOPPERS_CLIENT, method, path, body, origin=self.origin, headers=headers, query=query
        )

    async def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Any:
        """The data of a reply: V3's `data`, V2's body. Raises ShopperRefused."""
        reply = await self.ask(method, path, body, headers=headers, **query)
        if reply.refused:
            raise ShopperRefused(reply)
        return reply.data
