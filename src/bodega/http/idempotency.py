"""Idempotency-Key: a repeated POST gets the first answer again, and is not carried out again.

The table's primary key decides, inside the transaction that writes: so a retry creates nothing twice, whichever worker
gets it and whatever happened to the first request (docs/decisions/0013-idempotency.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable

from bodega import passwords
from bodega.access.stores import OpenStore
from bodega.http.negotiation import Media
from bodega.http.request import Request
from bodega.http.response import rendered
from bodega.kit.context import Context, Found
from bodega.law.outcome import OUTCOMES, Outcome, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage import keys
from bodega.storage.keys import FirstAnswer, Key
from bodega.storage.tx import Clash
from bodega.storage.unit import Unit

HEADER = b"idempotency-key"
LONGEST = 255

_BARE = re.compile(rb"[\x21\x23-\x7e][\x21-\x7e]{0,254}")
_QUOTED = re.compile(rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
_BOUNDARY = re.compile(rb'boundary="?([^";,]{1,70})', re.IGNORECASE)
_OUTCOME = {outcome.status: outcome for outcome in OUTCOMES}


async def key_of(request: Request, client_id: str, media: Media, body: bytes, *, secret: bool = False) -> Key:
    """The key of a request: a quoted string (RFC 9651 3.3.3), or the same without quotes. Raises Refusal.

    `secret`: the body may hold a password, which must not be guessable from the stored fingerprint.
    """
    sent = request.headers[HEADER].strip()
    quoted = _QUOTED.fullmatch(sent)
    if quoted is None and not _BARE.fullmatch(sent):
        raise Refusal(Reason.KEY_INVALID, details={"header": "Idempotency-Key", "max_length": LONGEST})
    name = quoted[1] if quoted is not None else sent
    asked = (request.method, request.path, request.query, media.value.decode())
    content = _without_boundary(request.headers.get(b"content-type", b""), body)
    if secret:
        content = await passwords.print_of(content, f"{client_id} {name.decode('ascii')}")
    digest = hashlib.sha256("\n".join(asked).encode("utf-8", "surrogateescape") + b"\n" + content)
    return Key(client_id, name.decode("ascii"), digest.hexdigest())


def _without_boundary(content_type: bytes, body: bytes) -> bytes:
    """The body without its boundary: a repeated form has another one (RFC 2046 5.1.1), but is the same form."""
    boundary = _BOUNDARY.search(content_type) if content_type.startswith(b"multipart/") else None
    return body if boundary is None else body.replace(boundary[1], b"boundary")


async def look_up(store: OpenStore, context: Context, key: Key) -> Found:
    """What is stored for a key, with the first answer if there is one. Raises Refusal for a key that another request
    uses."""
    if (key.client_id, key.name) in store.at_work:
        raise Refusal(Reason.KEY_IN_USE, headers=[(b"retry-after", b"1")])
    first = await keys.find(context.reader, key)
    if first is None:
        return Found(key=key)
    if keys.is_old(first, context.now):
        return Found(key=key, over=True)
    return Found(key=key, again=_again(key, first))


async def once(store: OpenStore, context: Context, key: Key, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Carries out `work`, unless a request with the same key was carried out meanwhile: then its answer is returned."""
    name = (key.client_id, key.name)
    store.at_work.add(name)
    try:
        return await work()
    except (Refusal, Clash):
        # Another worker may have been faster, and the conflict may be with what the first request wrote.
        first = await keys.find(context.reader, key)
        if first is None or keys.is_old(first, context.now):
            raise
        return _again(key, first)
    finally:
        store.at_work.discard(name)


async def keep(unit: Unit, media: Media, found: Found, outcome: Outcome) -> None:
    """Stores an answer under its key, in the transaction of the write."""
    if found.key is None:
        return
    state = outcome.state or Validator(0, 0)
    body = b"" if outcome.status == 204 else rendered(media, outcome)
    response = FirstAnswer(found.key.print, outcome.status, outcome.location, state.version, state.modified, body)
    await keys.keep(unit, found.key, response, over=found.over)


def _again(key: Key, first: FirstAnswer) -> Outcome:
    if first.print != key.print:
        raise Refusal(Reason.KEY_REUSED)
    state = Validator(first.version, first.modified) if first.version else None
    return _OUTCOME[first.status](ready=first.body, location=first.location, state=state, replayed=True)
