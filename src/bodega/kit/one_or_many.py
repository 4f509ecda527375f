"""A body that is one object or a list of them. To a POST the reply's data has the form of the request, to a PUT it is a
list."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from bodega.kit.actions import Create
from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.law.outcome import Outcome
from bodega.storage.unit import Unit


class Listed(NamedTuple):
    """The drafts of a body that was a list."""

    drafts: Any


class OneOrMany(Create):
    """POST of one row, or of a list of rows by the endpoint's terms for lists."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.many = CreateMany(endpoint)

    def read(self, content: Any) -> Any:
        if content.lstrip()[:1] == b"[":
            return Listed(self.many.read(content))
        return super().read(content)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        if isinstance(draft, Listed):
            return await self.many.prefetch(context, found, draft.drafts)
        return await super().prefetch(context, found, draft)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if isinstance(write.draft, Listed):
            drafts = write.draft.drafts
            inside = replace(context, brought=drafts)
            return await self.many.perform(unit, inside, replace(write, draft=drafts))
        return await super().perform(unit, context, write)


class UpdateOneOrMany(UpdateMany):
    """PUT of a list, or of one object that names its row."""

    def read(self, content: Any) -> Any:
        return super().read(b"[" + content + b"]" if content.lstrip()[:1] == b"{" else content)
