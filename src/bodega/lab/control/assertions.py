"""Assertions over the journal: was such a request sent, how often, before which other, or will it be soon?"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from bodega.journal.curl import curl
from bodega.journal.exchange import Exchange
from bodega.journal.ring import Wanted
from bodega.lab.control.journals import ExchangeShown, shown
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.telling import cut

MOST = 10_000
"""Requests that are looked at: the newest."""

PAUSE_SECONDS = 0.02
NEAREST = 3
Number = Annotated[int, msgspec.Meta(ge=0, le=MOST)]


class RequestWanted(Asked):
    """A request: what is not given may be anything. `path` is below the version or whole, with `*` for any part of it;
    `query` and `headers` hold at least these; `body` is a part of the JSON body: objects hold at least these members,
    lists are of the same length. `status` is one as 404, or a class as 4xx."""

    method: str = ""
    path: str = ""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Any = msgspec.UNSET
    status: str = ""
    reason: str = ""
    account: str = ""
    id: str = ""


class Expected(RequestWanted):
    """A request, and how often it was sent: exactly `times`, or `at_least` (1 unless something else is said) and
    `at_most`. With `before` the last of them was sent before the first such other request, which was sent; with `wait`
    it is looked for again for so many seconds until it is so. `after` is a number of the journal: only what is newer
    counts."""

    times: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    before: RequestWanted | None = None
    wait: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0
    after: int = 0


class NearMiss(msgspec.Struct, frozen=True):
    """A request that was nearly the wanted one: what differs, and the command that repeats it."""

    id: str
    request: str
    differs: list[str]
    curl: str


class Verified(msgspec.Struct, frozen=True):
    """Whether it is so; if not, `message` says why, with the nearest requests. `requests` are those that were found,
    the oldest first, `curl` a command for each that repeats it."""

    ok: bool
    message: str
    count: int
    requests: list[ExchangeShown]
    curl: list[str]
    nearest: list[NearMiss]


async def verify_requests(lab: Lab, store_hash: str, body: Expected) -> Verified:
    """Say whether requests were sent to a store: which, with which body, how often, before which others. It may wait
    for them."""
    await lab.record(store_hash)
    end = time.monotonic() + body.wait
    while True:
        exchanges = await lab.journal.search(store_hash, Wanted(), after=0, limit=MOST, bodies=True)
        names = {one.name: one.client_id for one in await lab.registry.accounts(store_hash)}
        judged = judge(exchanges[::-1], body, names)
        if judged.ok or time.monotonic() >= end:
            return judged
        await asyncio.sleep(PAUSE_SECONDS)


def judge(exchanges: Sequence[Exchange], wanted: Expected, names: Mapping[str, str]) -> Verified:
    """What the requests, the oldest first, say of an expectation; `names` are client ids by the accounts' names."""
    recent = [one for one in exchanges if one.number > wanted.after]
    found = [one for one in recent if not differences(one, wanted, names)]
    wrong = _count_wrong(len(found), wanted)
    if not wrong and wanted.before is not None:
        wrong = _order_wrong(found, recent, wanted.before, names)
    nearest = [] if found or not wrong else _nearest(recent, wanted, names)
    message = f"{wrong}{_told(nearest)}" if wrong else ""
    kept = [shown(one) for one in found]
    return Verified(not wrong, message, len(found), kept, [curl(one) for one in found], nearest)


def _count_wrong(count: int, wanted: Expected) -> str:
    what = described(wanted)
    if wanted.times is not None:
        return "" if count == wanted.times else f"{what} was sent {_times(count)}, not {_times(wanted.times)}."
    least = wanted.at_least if wanted.at_least is not None else 0 if wanted.at_most is not None else 1
    if count < least:
        return f"{what} was sent {_times(count)}, and not at least {_times(least)}."
    if wanted.at_most is not None and count > wanted.at_most:
        return f"{what} was sent {_times(count)}, more than {_times(wanted.at_most)}."
    return ""


def _order_wrong(
    found: Sequence[Exchange], recent: Sequence[Exchange], other: RequestWanted, names: Mapping[str, str]
) -> str:
    later = [one for one in recent if not differences(one, other, names)]
    if not later:
        return f"{described(other)} was never sent."
    if found and found[-1].number > later[0].number:
        return f"{described(other)} was sent before the last {found[-1].method} {found[-1].target}."
    return ""


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def described(wanted: RequestWanted) -> str:
    """A wanted request in a few words."""
    words = [wanted.method.upper() or "A request", wanted.path]
    if wanted.query:
        words.append(f"with the query {json.dumps(wanted.query)}")
    if wanted.body is not msgspec.UNSET:
        words.append(f"with the body {_short(wanted.body)}")
    if wanted.status:
        words.append(f"answered with {wanted.status}")
    return " ".join(word for word in words if word)


def differences(one: Exchange, wanted: RequestWanted, names: Mapping[str, str]) -> list[str]:
    """What a request has that the wanted one has not; nothing if it is one."""
    told = []
    if wanted.id and one.id != wanted.id:
        told.append(f"id {one.id}")
    if wanted.method and one.method != wanted.method.upper():
        told.append(f"method {one.method}")
    if wanted.path and not _is_path(one, wanted.path):
        told.append(f"path {one.path}")
    if wanted.status and not _is_status(one.status, wanted.status.lower()):
        told.append(f"status {one.status}")
    if wanted.reason and one.reason != wanted.reason.upper():
        told.append(f"reason {one.reason or 'none'}")
    if wanted.account and one.client_id not in (wanted.account, names.get(wanted.account)):
        told.append(f"account {one.client_id or 'none'}")
    query = dict(parse_qsl(one.query, keep_blank_values=True))
    told += [f"query {name}={query.get(name)}" for name, value in wanted.query.items() if query.get(name) != value]
    for name, value in wanted.headers.items():
        if one.header(name.lower()) != value:
            told.append(f"header {name}: {one.header(name.lower())}")
    if wanted.body is not msgspec.UNSET:
        told += _body_differs(one, wanted.body)
    return told


def _is_path(one: Exchange, pattern: str) -> bool:
    path, pattern = one.path.rstrip("/"), pattern.rstrip("/")
    below = path[len(one.prefix) - len("/v0") :] if one.prefix else path
    return fnmatchcase(path, pattern) or fnmatchcase(below, pattern)


def _is_status(status: int, wanted: str) -> bool:
    return str(status) == wanted or (wanted[1:] == "xx" and str(status)[0] == wanted[:1])


def _body_differs(one: Exchange, wanted: Any) -> list[str]:
    if one.body is None:
        return ["no body is kept (setting journal=full)"]
    try:
        content = json.loads(one.body)
    except ValueError:
        return [f"body {_short(one.body)}"]
    return list(_parts(content, wanted, "body"))


def _parts(content: Any, wanted: Any, where: str) -> Sequence[str]:
    if isinstance(wanted, dict) and isinstance(content, dict):
        told: list[str] = []
        for name, value in wanted.items():
            if name not in content:
                told.append(f"{where}.{name} missing")
            else:
                told += _parts(content[name], value, f"{where}.{name}")
        return told
    if isinstance(wanted, list) and isinstance(content, list) and len(wanted) == len(content):
        return [
            text
            for place, (one, other) in enumerate(zip(content, wanted, strict=True))
            for text in _parts(one, other, f"{where}[{place}]")
        ]
    return [] if content == wanted and type(content) is type(wanted) else [f"{where} {_short(content)}"]


def _nearest(recent: Sequence[Exchange], wanted: Expected, names: Mapping[str, str]) -> list[NearMiss]:
    """The requests that differ in the fewest ways, the newest first."""
    judged = [(differences(one, wanted, names), one) for one in recent]
    judged.sort(key=lambda pair: (len(pair[0]) + 2 * sum(text.startswith("path") for text in pair[0]), -pair[1].number))
    return [
        NearMiss(one.id, f"{one.method} {one.target} {one.status}", told, curl(one)) for told, one in judged[:NEAREST]
    ]


def _told(nearest: Sequence[NearMiss]) -> str:
    if not nearest:
        return " Nothing was sent at all."
    lines = [f"\n  {one.request}: {'; '.join(one.differs)}" for one in nearest]
    return " Nearest:" + "".join(lines)


def _short(value: Any) -> str:
    return cut(value if isinstance(value, str) else json.dumps(value), 200)


OPERATIONS = (Operation("POST", "/stores/{store_hash}/journal/verify", verify_requests),)
