"""One attempt: the request that is sent, and what came back. A redirect is not followed: it is a failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from bodega import outgoing, tracing
from bodega.events.limiters import ALTOGETHER

if TYPE_CHECKING:
    import aiohttp

SECONDS = 10.0
"""How long a receiver has for its response, name look-up included."""

EXCERPT = 500
"""Characters of a response that are kept with the delivery."""

LONGEST_BODY = 8 * 1024
"""Bytes of a response that are kept with the attempt."""


class ReceiverResponse(NamedTuple):
    """The result of an attempt: a status and the beginning of a body, or no status and why there was no response.

    `size` is that of the whole body in bytes, as far as it is known; `us`, how long the attempt took in microseconds.
    """

    status: int | None
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes | None = None
    size: int = 0
    us: int = 0

    @property
    def good(self) -> bool:
        """Whether the event has arrived: any 2xx (rule 127)."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def words(self) -> str:
        """The result in a few words, for counting."""
        return self.message if self.status is None else f"Answered with the status {self.status}."


class Sender:
    """Sends; connections to a receiver are kept open and reused."""

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._tracer = tracing.tracer()

    def _session(self, *, allow_private: bool) -> aiohttp.ClientSession:
        found = self._sessions.get(allow_private)
        if found is None:
            found = outgoing.session(allow_private=allow_private, seconds=SECONDS, connections=ALTOGETHER)
            self._sessions[allow_private] = found
        return found

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, allow_private: bool
    ) -> ReceiverResponse:
        """One POST. It does not raise: any failure is a result without a status."""
        began = time.perf_counter()
        response = await self._traced(url, content, headers, allow_private=allow_private)
        return response._replace(us=int((time.perf_counter() - began) * 1_000_000))

    async def _traced(
        self, url: str, content: bytes, headers: Mapping[str, str], *, allow_private: bool
    ) -> ReceiverResponse:
        if self._tracer is None:
            return await self._post(url, content, headers, allow_private=allow_private)
        facts = {tracing.METHOD: "POST", tracing.RECEIVER: urlsplit(url).hostname or ""}
        with tracing.client_span(self._tracer, "webhook delivery", facts) as span:
            headers = {**headers, **tracing.propagated()}
            response = await self._post(url, content, headers, allow_private=allow_private)
            if response.status is not None:
                span.set_attribute(tracing.STATUS, response.status)
            if not response.good:
                tracing.failed(span, response.words)
            return response

    async def _post(
        self, url: str, content: bytes, headers: Mapping[str, str], *, allow_private: bool
    ) -> ReceiverResponse:
        import aiohttp

        session = self._session(allow_private=allow_private)
        try:
            async with session.post(url, data=content, headers=headers, allow_redirects=False) as response:
                body = await response.content.read(LONGEST_BODY)
                size = max(response.content_length or 0, len(body))
                text = _text(body[: 4 * EXCERPT])
                return ReceiverResponse(response.status, text, response.raw_headers, body, size)
        except TimeoutError:
            return ReceiverResponse(None, f"No answer within {SECONDS:g} seconds.")
        except aiohttp.InvalidURL:
            return ReceiverResponse(None, "The destination is no URL.")
        except aiohttp.ClientConnectorDNSError:
            return ReceiverResponse(None, "The host name is not known.")
        except aiohttp.ClientConnectorCertificateError:
            return ReceiverResponse(None, "The certificate is not trusted.")
        except aiohttp.ClientConnectorError as error:
            return ReceiverResponse(None, _no_connection(error.os_error))
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            return ReceiverResponse(None, f"The connection failed ({type(error).__name__}).")

    async def close(self) -> None:
        """Closes the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


def _no_connection(error: OSError) -> str:
    if outgoing.PRIVATE in str(error):
        return "The host leads to a private address, to which nothing is sent."
    return "The host cannot be connected to."


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]
