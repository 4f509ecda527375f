"""The store that is written: each row is judged as a client's POST is, and keeps its id, which no client can give."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.dates import parse_moment
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.http.response import Response
from bodega.kit.fields import moment
from bodega.law.refusal import Refusal
from bodega.storage import query

LEFT_OUT = 6
"""So many members of a row may be left out because they are refused."""


class Told(msgspec.Struct, frozen=True):
    """A row that was not taken, or not whole: `made` says whether it is there."""

    kind: str
    id: int
    made: bool
    why: str


class Target:
    """`told` collects what is to be told; `made` counts the rows by kind."""

    def __init__(self, app: AppContext, store: OpenStore) -> None:
        self._app = app
        self.store = store
        self.told: list[Told] = []
        self.made: dict[str, int] = {}

    async def ids(self, table: str) -> set[int]:
        """The ids of a table: those rows are not written again, so an import that was stopped goes on."""
        reader = (await self.store.ready()).reader
        return set(await query.values(reader, f"SELECT id FROM {table}"))  # noqa: S608 - a declared name

    async def get(self, path: str) -> list[dict[str, Any]]:
        """Rows of this store."""
        answer = await self._ask("GET", path)
        told = msgspec.json.decode(answer.body) if answer.body else []
        rows: list[dict[str, Any]] = told["data"] if isinstance(told, dict) else told
        return rows

    async def make(
        self,
        kind: str,
        path: str,
        row_id: int,
        body: Mapping[str, Any],
        also: Mapping[str, Any] | None = None,
        *,
        listed: bool = False,
    ) -> Any:
        """Makes a row; what is refused of it is left out, and told. The reply's data; None if it was not made. `also`
        are members that no client can set; `listed`: the endpoint takes a list."""
        wanted = dict(body)
        extra = {**({"id": row_id} if row_id else {}), **(also or {})}
        for _ in range(LEFT_OUT):
            try:
                answer = await self._ask("POST", path, [wanted] if listed else wanted, extra)
            except Refusal as refusal:
                names = [fault.field.removeprefix("0.").partition(".")[0] for fault in refusal.faults]
                bad = dict.fromkeys(name for name in names if name in wanted)
                why = "; ".join(f"{one.field}: {one.message}" for one in refusal.faults) or refusal.message
                self.told.append(Told(kind, row_id, bool(bad), why))
                if not bad:
                    return None
                for name in bad:
                    del wanted[name]
                continue
            self.made[kind] = self.made.get(kind, 0) + 1
            told = msgspec.json.decode(answer.body) if answer.body else {}
            data = told.get("data", told) if isinstance(told, dict) else told
            return data[0] if listed and isinstance(data, list) and data else data
        return None

    async def with_url(self, kind: str, path: str, row: Mapping[str, Any], body: dict[str, Any], **more: Any) -> None:
        """Makes a row that has a URL: the one that it gets by itself if it had that, else its own."""
        url = row.get("custom_url") or {}
        if not url.get("is_customized"):
            body.pop("custom_url", None)
        made = await self.make(kind, path, row["id"], body, **more)
        if made is not None and url.get("url") and made.get("custom_url", {}).get("url") != url["url"]:
            with suppress(Refusal):
                await self.change(f"{path}/{row['id']}", {"custom_url": {"url": url["url"], "is_customized": True}})

    async def change(self, path: str, body: Any) -> None:
        """A PUT, for what only follows later. Raises Refusal."""
        await self._ask("PUT", path, body)

    async def _ask(self, method: str, path: str, body: Any = None, also: Mapping[str, Any] | None = None) -> Response:
        sent = b"" if body is None else msgspec.json.encode(body)
        headers = None if body is None else {"content-type": "application/json"}
        return await carry_out(
            self._app, self.store, "import", method, path, sent, headers, origin="http://localhost", also=also
        )


def dates(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Dates of a row as they are stored; those that cannot be read are left to the present."""
    found = {}
    for name in names or ("date_created", "date_modified"):
        text = row.get(name)
        if isinstance(text, str) and text:
            try:
                found[name] = moment(parse_moment(text))
            except ValueError:
                with suppress(ValueError, TypeError):
                    found[name] = moment(int(parsedate_to_datetime(text).timestamp()))
    return found
