"""One connection to a server under measurement that reads whole replies: what follows depends on what they say."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from bench.request import HOST, Request

PATIENCE = 120.0  # seconds until a reply that does not come is given up


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply; `headers` by lower-case name, `seconds` from the first byte sent to the last byte read."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as data."""
        return json.loads(self.body)


class Wire:
    """A connection that is kept alive, and opened again where the server closed it between two requests."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: Request) -> Answer:
        """The reply. Raises OSError or EOFError when the connection is refused or cut, TimeoutError."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(request, began)
        except BaseException:
            self.close()
            raise

    async def _ask(self, request: Request, began: float) -> Answer:
        if self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(HOST, self.port)
        reader, writer = self._reader, self._writer
        assert reader is not None
        assert writer is not None
        writer.write(request.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head[:-4].split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        status = int(line.split(" ", 2)[1])
        body = b""
        if request.method != "HEAD" and status not in (204, 304):
            body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body, time.perf_counter() - began)

    def close(self) -> None:
        """Hangs up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
