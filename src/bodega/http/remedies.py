"""What the words of a remedy stand for in one refusal: the store, the account, the path that was asked for, and so on.

Nothing is told to strangers that they did not send: the hash is that of the request or of the caller's own store.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlencode

import msgspec

from bodega.http.app_context import AppContext
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal
from bodega.law.remedy import Remedy, fill

LONGEST = 1_000
"""A longer target is not repeated in a remedy."""

_TARGET = re.compile(rf"[!-_a-~]{{1,{LONGEST}}}")
"""No blank, no backtick, nothing but ASCII."""
_HASH = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_MEMBERS = re.compile(r"[A-Za-z0-9_.]{1,100}")
_MAX_QUOTA = 1_000_000_000


class Told(msgspec.Struct, frozen=True, gc=False):
    """A refusal with all that is known of its request."""

    app: AppContext
    request: Request
    seen: Seen
    refusal: Refusal


def remedy_of(app: AppContext, request: Request, seen: Seen, refusal: Refusal) -> Remedy:
    """The remedy of the refusal's reason in the words of this request; in general words where too little is known."""
    told = Told(app, request, seen, refusal)
    text = fault_words(refusal.faulted) if refusal.faulted else refusal.reason.remedy
    found = fill(text, lambda word: FACTS[word](told))
    return found if found.text else Remedy(refusal.reason.advice)


BY_HEADER = "header"
"""The id of the fault rule that a request brings along."""

_CLEAR, _WITHOUT = "bodega fault clear", "without Bodega-Fault"


def fault_words(rules: Sequence[str]) -> str:
    """What to do about a refusal that fault rules of the lab made up, whatever its reason is."""
    if BY_HEADER in rules:
        return f"The header Bodega-Fault asked for this answer. Leave it out: `METHOD PATH {_WITHOUT}`."
    whose = f"rule{'s' * (len(rules) > 1)} {' and '.join(rules)}"
    return f"A fault of the lab made this answer, by {whose}. End it: `{_CLEAR} HASH {' '.join(rules)}`."


def of_fault(rules: Sequence[str], store: str, method: str, path: str) -> Remedy:
    """The same in the words of a request that never reached the law."""
    facts = {"HASH": store if _HASH.fullmatch(store) else "", "METHOD": method, "PATH": _target(path)}
    return fill(fault_words(rules), lambda word: facts.get(word, ""))


def is_of_fault(line: str) -> bool:
    """Whether a line of a remedy is about a fault of the lab."""
    return line.startswith(f"{_CLEAR} ") or line.endswith(f" {_WITHOUT}")


def header(remedy: Remedy) -> list[Header]:
    """`Bodega-Remedy`: the first of the lines that can be carried out."""
    return [(b"bodega-remedy", remedy.lines[0].encode("ascii"))] if remedy.lines else []


def _store_hash(told: Told) -> str:
    name = told.request.store
    if told.seen.client_id and told.seen.store is not None:
        name = told.seen.store.record.hash
    return name if _HASH.fullmatch(name) else ""


def _method(told: Told) -> str:
    """GET stands for HEAD, whose reply has the headers of the GET (RFC 9110 9.3.2)."""
    method = told.request.method
    return "GET" if method == "HEAD" else method if _MEMBERS.fullmatch(method) else ""


def _raw(request: Request) -> str:
    return "/" + request.raw_path.decode("latin-1").lstrip("/")


def _target(path: str, query: str = "") -> str:
    whole = f"{path}?{query}" if query else path
    return whole if _TARGET.fullmatch(whole) else ""


def _path(told: Told) -> str:
    request = told.request
    path = _raw(request)
    if told.refusal.reason is Reason.NOT_ACCEPTABLE and request.suffix:
        path = path.removesuffix(f".{request.suffix}")  # it asks for what cannot be produced, as Accept does
    return _target(path, request.query)


def _location(told: Told) -> str:
    return _target(dict(told.refusal.headers).get(b"location", b"").decode("latin-1"))


def _parameters(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.query, keep_blank_values=True)


def _less(told: Told) -> str:
    """The list without what was refused of the query; never for a write, which would then be for more rows."""
    refusal, request = told.refusal, told.request
    if not request.reads:
        return ""
    refused = {fault.field for fault in refusal.faults} | set(refusal.details.get("refused_filters", ()))
    pairs = _parameters(request)
    left = [pair for pair in pairs if pair[0] not in refused]
    return _target(_raw(request), urlencode(left, safe=":,")) if len(left) < len(pairs) else ""


def _largest(told: Told) -> str:
    largest = told.refusal.details.get("max_limit")
    if largest is None:
        return ""
    left = [pair for pair in _parameters(told.request) if pair[0] != "limit"]
    return _target(_raw(told.request), urlencode([*left, ("limit", str(largest))], safe=":,"))


def _collection(told: Told) -> str:
    """The list that the path begins with: the part before its first id, where that can be read."""
    request = told.request
    place = next((place for place, part in enumerate(request.segments) if part.isdigit()), len(request.segments))
    segments = request.segments[:place]
    for version in dict.fromkeys((request.version, *told.app.routes)):
        match = told.app.routes[version].find(segments)
        if match is not None and "GET" in match.route.actions:
            return _in_version(told, version, *segments)
    return ""


def _siblings(told: Told) -> str:
    return _target("/".join((told.request.prefix, *told.request.segments[:-1])))


def _members(told: Told) -> str:
    faults = told.refusal.faults
    fields = [
        fault.field for fault in faults if fault.reason is told.refusal.reason and _MEMBERS.fullmatch(fault.field)
    ]
    return ", ".join(fields) if fields and len(fields) == len(faults) else ""


def _first_type(told: Told) -> str:
    offered = told.refusal.details.get("supported_types")
    if offered:
        return str(offered[0])
    return dict(told.refusal.headers).get(b"accept", b"").partition(b",")[0].decode("latin-1")


def _raised(told: Told) -> str:
    """Twice the quota that was spent."""
    account = told.seen.store.by_client.get(told.seen.client_id) if told.seen.store is not None else None
    if account is None:
        return ""
    hourly = told.refusal.reason is Reason.HOURLY_QUOTA_SPENT
    return str(min(_MAX_QUOTA, max(1, 2 * (account.per_hour if hourly else account.per_window))))


def _limit(told: Told) -> str:
    """Room for some more than there are; the limit may have been set below that."""
    details = told.refusal.details
    if "limit" not in details:
        return ""
    return f"{details['resource']}={max(2 * details['limit'], details['used'] + 10)}"


def _holder(told: Told) -> str:
    """The row that holds the value, if it is of the kind that the path lists."""
    details, collection = told.refusal.details, _collection(told)
    other = details.get("conflicting_id")
    if not collection or other is None:
        return ""
    version = told.request.version
    match = told.app.routes[version].find((*told.request.segments, str(other)))
    action = match.route.actions.get("GET") if match is not None else None
    noun = getattr(getattr(action, "table", None), "noun", None)
    named = str(details.get("resolution", "")).endswith(f" {noun} {other}.")
    return _target(f"{_raw(told.request).rstrip('/')}/{other}") if named and not told.request.suffix else ""


def _in_version(told: Told, version: int, *segments: str) -> str:
    prefix = told.request.prefix
    return _target("/".join((prefix[: prefix.rindex("/v")], f"v{version}", *segments)))


def _product(told: Told) -> str:
    """The first product that keeps an order from being placed."""
    errors = [error for fault in told.refusal.faults for error in fault.details.get("errors", ())]
    resource = str(errors[0].get("product", {}).get("resource", "")) if errors else ""
    return _in_version(told, 2, *resource.strip("/").split("/")) if resource else ""


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _item(told: Told) -> str:
    """The first item that the path names, by a number or a UUID, in V3."""
    segments = told.request.segments
    place = next((place for place, part in enumerate(segments, 1) if part.isdigit() or _UUID.fullmatch(part)), 0)
    return _in_version(told, 3, *segments[:place]) if place else ""


FACTS: dict[str, Callable[[Told], str]] = {
    "HASH": _store_hash,
    "CLIENT_ID": lambda told: told.seen.client_id,
    "SCOPE": lambda told: str(told.refusal.details.get("missing_scope", "")),
    "RAISED": _raised,
    "LIMIT": _limit,
    "METHOD": _method,
    "PATH": _path,
    "RESOURCE": lambda told: _target(_raw(told.request)),
    "LOCATION": _location,
    "COLLECTION": _collection,
    "HOLDER": _holder,
    "DEPLOYMENT": lambda told: str(told.refusal.details.get("deployment_uuid", "")),
    "SIBLINGS": _siblings,
    "LESS": _less,
    "LARGEST": _largest,
    "TYPE": _first_type,
    "KEY": lambda _told: str(uuid.uuid4()),
    "MEMBERS": _members,
    "PRODUCT": _product,
    "ITEM": _item,
}
"""Each word as a function of the refusal; "" where it is not known."""
