"""The one thing of its kind, as the store's information: its members are computed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bodega.kit import render
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.context import Context, Found
from bodega.kit.listing import Query
from bodega.law.outcome import NO_DATE, Outcome, Shown, Validator


class Singleton(Action):
    """GET of a singleton, whose members `show` computes. Both functions may read rows. `files`: it shows addresses of
    files."""

    def __init__(
        self,
        root: str,
        show: Callable[[Context], dict[str, Any] | Awaitable[dict[str, Any]]],
        scope: str,
        state: Callable[[Context], Validator | Awaitable[Validator]] | None = None,
        *,
        files: bool = False,
    ) -> None:
        self.__dict__["files"] = files
        self.root = root
        self.show = show
        self.scope = scope
        self.state = state

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        """Without a state of its own, the reply is as old as the request: the store's present second."""
        if self.state is None:
            return Found(Validator(context.now, NO_DATE))
        state = self.state(context)
        return Found(await state if isinstance(state, Awaitable) else state)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = self.show(context)
        if isinstance(shown, Awaitable):
            shown = await shown
        if context.version == 3:
            return Shown(ready=render.json({"data": shown, "meta": {}}))
        return Shown(value=shown, root=self.root)
