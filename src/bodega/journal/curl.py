"""A request of the journal as a curl command. Tokens are not known, so a command says `$TOKEN`."""

from __future__ import annotations

from shlex import quote

from bodega.journal.exchange import Exchange
from bodega.journal.har import url

_SENT = ("accept", "content-type", "prefer", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
"""Headers that affect the reply; the others are the client's own business."""


def curl(
    entry: Exchange,
    *,
    method: str = "",
    address: str = "",
    headers: dict[str, str | None] | None = None,
    body: str | None = None,
) -> str:
    """The request again, with parts of it replaced; a header that is None is left out."""
    words = ["curl", "-s", "-i"]
    verb = method or entry.method
    if verb == "HEAD":
        words.append("--head")
    elif verb != "GET":
        words += ["-X", verb]
    basic = entry.header("authorization")[:6].lower() == "basic "
    sent: dict[str, str | None] = {name: value for name, value in entry.headers if name in _SENT}
    if verb in ("GET", "HEAD", "DELETE"):
        sent.pop("content-type", None)
    lines = ['-u "$USER:$TOKEN"' if basic else '-H "X-Auth-Token: $TOKEN"']
    lines += [f"-H {quote(f'{_named(name)}: {value}')}" for name, value in (sent | (headers or {})).items() if value]
    payload = entry.body if body is None else body
    if payload and verb in ("POST", "PUT", "PATCH"):
        lines.append(f"--data-raw {quote(payload)}")
    return " ".join([*words, quote(address or url(entry))]) + "".join(f" \\\n  {line}" for line in lines)


def _named(header: str) -> str:
    return "-".join(word.capitalize() for word in header.split("-"))
