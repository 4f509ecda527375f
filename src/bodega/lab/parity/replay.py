"""A recorded run sent again to any server that speaks the API, and the replies compared."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from bodega import outgoing
from bodega.journal.har import Recorded
from bodega.lab.parity.compare import Difference, content_of, differences
from bodega.lab.parity.ids import Ids
from bodega.masking import MASK

if TYPE_CHECKING:
    import aiohttp

SECONDS = 60.0
LONGEST_WAIT_SECONDS = 60.0

_BELOW = re.compile(r"\A.*?/(?=v[23](?:/|$))")
_HASH = re.compile(r"/stores/([^/]+)/v[23]")
_REPEATED = frozenset(
    {"accept", "content-type", "prefer", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
     "idempotency-key", "accept-language"}
)  # fmt: skip
"""Headers that are sent again: the others are the recorded client's own, or credentials."""


class Unplayable(Exception):
    """The other server could not be asked; the message is a sentence."""


class Played(msgspec.Struct, frozen=True):
    """How a replay went: requests sent, those left out because their body was not kept whole, what differs."""

    sent: int
    left_out: int
    differences: list[Difference]


def target_of(base: str, recorded: Recorded, ids: Ids) -> str:
    """Where a recorded request goes: its path below the version, under the base URL of the store's API, as
    `https://host/stores/hash`."""
    path, _, query = recorded.target.partition("?")
    below = "/" + _BELOW.sub("", path, count=1)
    asked = ids.query(below, query)
    return base.rstrip("/") + ids.path(below) + (f"?{asked}" if asked else "")


async def replay(
    run: Sequence[Recorded],
    base: str,
    headers: Mapping[str, str],
    *,
    allow_private: bool = True,
    pause: float = 0.0,
    told: Callable[[Recorded, list[Difference]], None] = lambda _one, _found: None,
) -> Played:
    """Sends the run in its order with these credentials; `pause` is in seconds. Raises Unplayable."""
    import aiohttp

    ids, found, sent, left_out, passed = Ids(), [], 0, 0, False
    async with outgoing.session(allow_private=allow_private, seconds=SECONDS) as session:
        for one in run:
            if not _BELOW.match(one.target) or not _is_whole(one):
                left_out += 1
                continue
            ids.stands_for(_store_of(one.target), _store_of(base + "/v3"))
            try:
                reply = await _send(session, one, base, headers, ids)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise Unplayable(f"{base} could not be asked: {outgoing.why(error)}.") from error
            if reply.status == 401 and one.status != 401 and not passed:
                raise Unplayable(
                    f"{base} refuses the credentials (401 for {one.method} {one.target}): give those of an account of "
                    "this store with --token or --basic."
                )
            passed = passed or reply.status != 401
            sent += 1
            if one.answer_body is not None and not one.cut:
                ids.learn(one.target.partition("?")[0], content_of(one), content_of(reply))
            differing = list(differences(one, reply, ids))
            found += differing
            told(one, differing)
            if pause:
                await asyncio.sleep(pause)
    return Played(sent, left_out, found)


def _store_of(path: str) -> str:
    """The hash of the store in `.../stores/HASH/v3/...`; empty where the host names it."""
    found = _HASH.search(path)
    return found[1] if found else ""


def _is_whole(one: Recorded) -> bool:
    """Whether its body can be sent again: it was kept, all of it, and nothing in it was masked."""
    if one.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return True
    if one.body is None:
        return one.method == "DELETE"
    return MASK.encode() not in one.body and (one.size or 0) <= len(one.body)


async def _send(
    session: aiohttp.ClientSession, one: Recorded, base: str, headers: Mapping[str, str], ids: Ids
) -> Recorded:
    url = target_of(base, one, ids)
    sent = {name: value for name, value in one.headers if name in _REPEATED} | dict(headers)
    body = _body(one, ids)
    for tries in (1, 2, 3):
        began = time.monotonic()
        async with session.request(one.method, url, headers=sent, data=body or None, allow_redirects=False) as response:
            content = await response.read()
            answer_headers = [(name.lower(), value) for name, value in response.headers.items()]
            reply = Recorded(
                one.method, url, list(sent.items()), body, response.status, answer_headers, content,
                ms=(time.monotonic() - began) * 1000,
            )  # fmt: skip
        wait = _wait(reply)
        if wait is None or one.status == reply.status or tries == 3:
            return reply
        await asyncio.sleep(wait)
    raise AssertionError("the last try returns")


def _wait(reply: Recorded) -> float | None:
    """The seconds that a spent limit asks to wait."""
    if reply.status != 429:
        return None
    ms = reply.answered("x-rate-limit-time-reset-ms")
    return min(int(ms) / 1000, LONGEST_WAIT_SECONDS) if ms.isdigit() else 1.0


def _body(one: Recorded, ids: Ids) -> bytes:
    if not one.body or "json" not in one.header("content-type"):
        return one.body or b""
    try:
        content = msgspec.json.decode(one.body)
    except msgspec.DecodeError:
        return one.body  # a malformed body is sent as it was
    changed = ids.body(one.target.partition("?")[0], content)
    return one.body if changed == content else msgspec.json.encode(changed)


def is_base(url: str) -> bool:
    """Whether a URL can be the base of a store's API."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.query
