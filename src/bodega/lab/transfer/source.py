"""The store that is read: any server that speaks the API, page by page, as slowly as it wants to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec

from bodega import outgoing

if TYPE_CHECKING:
    import aiohttp

SECONDS = 60.0
TRIES = 6
LONGEST_WAIT_SECONDS = 120.0
PAGE = 250
SPARE = 2
"""So many requests of a window are left to others."""


class Unreadable(Exception):
    """The source cannot be read; the message is a sentence."""


class Source:
    """`base` is the store's API up to the version, as https://host/stores/HASH."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base.rstrip("/")
        self._headers = {"x-auth-token": token, "accept": "application/json"}
        self._session: aiohttp.ClientSession = outgoing.session(allow_private=True, seconds=SECONDS)
        self.requests = 0

    async def close(self) -> None:
        """Closes its connections."""
        await self._session.close()

    async def get(self, path: str) -> Any:
        """What the source answers as data; None if it has nothing there (204, 404). It waits when it is told to. Raises
        Unreadable."""
        import aiohttp

        why = ""
        for tries in range(TRIES):
            try:
                async with self._session.get(self._base + path, headers=self._headers) as response:
                    self.requests += 1
                    content = await response.read()
                    status, headers = response.status, response.headers
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                why = outgoing.why(error)
                await asyncio.sleep(min(0.2 * 2**tries, 10))
                continue
            if status in (204, 404):
                return None
            if status == 200:
                await self._spare(headers)
                try:
                    return msgspec.json.decode(content)
                except msgspec.DecodeError as error:
                    raise Unreadable(f"{self._base}{path} answered with no JSON.") from error
            if status not in (429, 500, 502, 503, 504, 509):
                hint = " Give the token of an account that may read it." if status in (401, 403) else ""
                raise Unreadable(f"{self._base}{path} answered with the status {status}.{hint}")
            why = f"it answered with the status {status}"
            await asyncio.sleep(_wait(headers, tries))
        raise Unreadable(f"{self._base}{path} cannot be read: {why}.")

    async def _spare(self, headers: Any) -> None:
        left = headers.get("x-rate-limit-requests-left", "")
        if left.isdigit() and int(left) <= SPARE:
            await asyncio.sleep(_wait(headers, 0))

    async def pages(self, path: str, limit: int = PAGE) -> AsyncIterator[tuple[list[dict[str, Any]], int]]:
        """The rows of a list, page by page, with how many there are in all (0 where that is not told)."""
        page, mark = 1, "&" if "?" in path else "?"
        while True:
            told = await self.get(f"{path}{mark}limit={limit}&page={page}")
            rows = told if isinstance(told, list) else (told or {}).get("data", [])
            pagination = told.get("meta", {}).get("pagination", {}) if isinstance(told, dict) else {}
            if rows:
                yield rows, int(pagination.get("total", 0))
            # A list may have smaller pages than were asked for.
            if page >= pagination["total_pages"] if "total_pages" in pagination else len(rows) < limit:
                return
            page += 1

    async def rows(self, path: str, limit: int = PAGE) -> list[dict[str, Any]]:
        """All rows of a list."""
        return [row async for rows, _ in self.pages(path, limit) for row in rows]


def _wait(headers: Any, tries: int) -> float:
    """The seconds that a reply asks to wait."""
    for name, unit in (("x-rate-limit-time-reset-ms", 1000.0), ("retry-after", 1.0), ("x-retry-after", 1.0)):
        if (text := headers.get(name, "")).isdigit():
            return min(int(text) / unit + 0.05, LONGEST_WAIT_SECONDS)
    return min(0.5 * 2.0**tries, LONGEST_WAIT_SECONDS)
