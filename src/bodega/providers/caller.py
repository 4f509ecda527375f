"""Calls providers as the hosted service does: one POST of JSON, with the account of the store's connection.

It is called while no transaction is open. A call never raises for what the provider does: a failure is an answer too,
and whoever asked falls back to the store's own rates.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from bodega import masking, outgoing
from bodega.access.providers import ALLOW_PRIVATE, KEEP_SECONDS, SECONDS
from bodega.access.stores import OpenStore
from bodega.events.destination import why_not
from bodega.storage.outside import Answer, Ask

if TYPE_CHECKING:
    import aiohttp

SIGNATURE = "bodega-signature"
"""The header of a signed request: the HMAC-SHA256 of its body under the client secret, in hexadecimal."""

LARGEST = 1024 * 1024
"""Bytes of a request, and of an answer."""

AT_ONCE = 8
"""Calls of one store that are under way at a time; the others wait their turn, within their deadline."""

REMEMBERED = 2_000
"""Answers that are remembered, of all stores."""

BASE = "base_options"
"""The member of a request for rates that names the store."""

LONGEST_SECONDS = 86_400
"""How long an answer is remembered at most, whatever it says itself."""


class Call(NamedTuple):
    """A call as it was: what was sent, what came back, and why it is no answer (`why`, empty if it is one)."""

    url: str
    headers: Mapping[str, str]
    content: bytes
    status: int | None
    answer_headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    us: int
    why: str


class CallRecorder(Protocol):
    """Keeps calls (`journal/`)."""

    def __call__(self, store: OpenStore, call: Call) -> None:
        """Records a call of a store's provider; secrets are masked before."""


class ProviderCaller:
    """The calls of a process. `record` keeps each in the journal."""

    def __init__(self, record: CallRecorder) -> None:
        self._record = record
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._known: OrderedDict[tuple[str, bytes], tuple[float, Answer]] = OrderedDict()
        self._under_way: dict[tuple[str, bytes], asyncio.Task[Answer]] = {}
        self._gates: dict[str, asyncio.Semaphore] = {}

    async def consult(self, store: OpenStore, ask: Ask) -> Answer:
        """The answer to a request: a remembered one, that of the same request which is under way, or a new one."""
        key = (f"{store.record.hash}.{store.record.place}", ask.key)
        found = self._known.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._asked(store, ask, key))
            task.add_done_callback(lambda _task: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def _asked(self, store: OpenStore, ask: Ask, key: tuple[str, bytes]) -> Answer:
        answer = await self.call(store, ask)
        if answer.body is not None and ask.keeps is not None:
            own = ask.keeps(answer.body)
            seconds = int(store.settings[KEEP_SECONDS]) if own is None else own
            self._known[key] = (time.monotonic() + min(seconds, LONGEST_SECONDS), answer)
            self._known.move_to_end(key)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return answer

    async def call(self, store: OpenStore, ask: Ask) -> Answer:
        """One call, never from memory."""
        if ask.client_id and ask.client_id not in store.by_client:
            return Answer(None, "belongs to an account that the store no longer has")
        secret = await store.kept_key(ask.key_id) if ask.key_id else ""
        if ask.key_id and not secret:
            return Answer(None, "cannot be called: its credentials cannot be read without their key")
        content = _with_options(ask, secret, store.record.hash)
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "x-bc-store-hash": store.record.hash,
        }
        if ask.username:
            pair = base64.b64encode(f"{ask.username}:{secret}".encode()).decode()
            headers["authorization"] = f"Basic {pair}"
        if ask.signed and ask.client_id:
            headers[SIGNATURE] = signature(content, store.by_client[ask.client_id].secret)
        private = bool(store.settings[ALLOW_PRIVATE])
        wrong = why_not(ask.url, private=private)
        if wrong:
            return Answer(None, f"is at an address that {wrong}")
        if len(content) > LARGEST:
            return Answer(None, f"is not sent more than {LARGEST} bytes")
        gate = self._gates.setdefault(store.record.hash, asyncio.Semaphore(AT_ONCE))
        seconds = float(store.settings[SECONDS])
        began = time.perf_counter()
        status, answered, body, why = await self._post(ask.url, content, headers, gate, seconds, private=private)
        if not why and status != 200:
            why = f"answered with the status {status}"
        if not why and ask.judge is not None:
            why = ask.judge(body)
        us = int((time.perf_counter() - began) * 1_000_000)
        told = _masked_options(ask, content)
        self._record(store, Call(ask.url, headers, told, status, answered, body, us, why))
        return Answer(None, why, status) if why else Answer(body, "", status)

    async def _post(
        self,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        gate: asyncio.Semaphore,
        seconds: float,
        *,
        private: bool,
    ) -> tuple[int | None, tuple[tuple[bytes, bytes], ...], bytes, str]:
        import aiohttp

        status: int | None = None
        answered: tuple[tuple[bytes, bytes], ...] = ()
        try:
            async with (
                asyncio.timeout(seconds),
                gate,
                self._session(private=private).post(
                    url, data=content, headers=headers, allow_redirects=False
                ) as response,
            ):
                status, answered = response.status, response.raw_headers
                body = await _read(response)
                if body is None:
                    return status, answered, b"", f"answered with more than {LARGEST} bytes"
                return status, answered, body, ""
        except TimeoutError:
            return status, answered, b"", f"did not answer within {seconds:g} seconds"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            private_one = outgoing.PRIVATE in str(error)
            words = f"is at {outgoing.PRIVATE}" if private_one else f"could not be asked: {outgoing.why(error)}"
            return status, answered, b"", words

    def _session(self, *, private: bool) -> aiohttp.ClientSession:
        found = self._sessions.get(private)
        if found is None:
            found = self._sessions[private] = outgoing.session(allow_private=private, seconds=300, connections=64)
        return found

    def forget(self) -> None:
        """Forgets all answers."""
        self._known.clear()

    async def close(self) -> None:
        """Ends what is under way, and closes the connections."""
        for task in list(self._under_way.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()


def signature(content: bytes, secret: str) -> str:
    """The signature of a body."""
    return hmac.new(secret.encode(), content, "sha256").hexdigest()


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None if it is too large."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _with_options(ask: Ask, secret: str, store_hash: str) -> bytes:
    """The body, with the store and the values of its connection where the provider expects them."""
    if not ask.options_at:
        return ask.content
    members: dict[str, Any] = msgspec.json.decode(ask.content)
    members[ask.options_at] = msgspec.json.decode(secret) if secret else {}
    if BASE in members:
        members[BASE]["store_id"] = store_hash
    return msgspec.json.encode(members)


def _masked_options(ask: Ask, content: bytes) -> bytes:
    """What the journal may keep of a body: no value of a connection, whatever it is called."""
    if not ask.options_at:
        return content
    members: dict[str, Any] = msgspec.json.decode(content)
    members[ask.options_at] = dict.fromkeys(members[ask.options_at], masking.MASK)
    return msgspec.json.encode(members)
