"""The store's API as shoppers use it: what they do in a shop is what an app could do for them, by the same steps.

A guest's cart, a checkout, an address, a wishlist is therefore one with that of the admin API: the same rows, rules,
prices, events. Who may touch what is for the callers to decide: the API itself lets its caller do everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from bodega.access.accounts import SHOPPERS_CLIENT
from bodega.access.open_store import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal_api import ApiReply, refused, send
from bodega.http.steps.execution import informed
from bodega.kit.complaint import values_are_judged
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage.outside import Answers
from bodega.storage.unit import Unit

T = TypeVar("T")


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


@contextmanager
def refusing() -> Iterator[None]:
    """What the store refuses inside is told to the shopper: raises ShopperRefused."""
    try:
        yield
    except Refusal as refusal:
        raise ShopperRefused(refused(refusal, 3)) from None


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

    async def write(self, job: Callable[[Unit], Awaitable[T]]) -> T:
        """What a job gives that no single operation of the API does, in one transaction, with what it has to know of
        providers. Raises ShopperRefused."""

        async def work(answers: Answers) -> T:
            async def once(unit: Unit) -> T:
                unit.client_id, unit.outside = SHOPPERS_CLIENT, answers
                answers.begin()
                with values_are_judged():
                    return await job(unit)

            made: T = await self.store.write(once)
            return made

        with refusing():
            made = await informed(self.app, self.store, work)
        self.app.wrote(self.store)
        return made
