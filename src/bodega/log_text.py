"""A request, or an event of the server, as a line for people: in colour where somebody looks at a terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, TextIO

from bodega import masking

FORMS = ("auto", "text", "json", "quiet")
"""How a log is written; `auto` is text on a terminal and JSON elsewhere, `quiet` the same without requests."""

_BY_CLASS = {1: "36", 2: "32", 3: "36", 4: "33", 5: "31"}
_DIM, _BOLD, _RED = "2", "1", "31"


def on_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at it."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def coloured(stream: TextIO) -> bool:
    """Whether text on it may be in colour: on a terminal that can, unless NO_COLOR is set (no-color.org)."""
    return on_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def request_line(
    at: float, status: int, method: str, path: str, query: str, client: str, us: int, reason: str, *, colours: bool
) -> str:
    """Time of day, status, method, path with query, account, duration, reason. Credentials in the query are masked."""
    target = f"{path}?{masking.query(query)}" if query else path
    words = [
        _dyed(_clock(at), _DIM, colours),
        _dyed(f"{status or '-':>3}", _BY_CLASS.get(status // 100, _RED), colours),
        f"{printable(method):<6}",
        printable(target),
        _dyed(printable(client) or "-", _DIM, colours),
        f"{us / 1000:.1f} ms",
    ]
    if reason:
        words.append(_dyed(printable(reason), _BY_CLASS.get(status // 100, _RED), colours))
    return " ".join(words)


def event_line(at: float, what: str, facts: Mapping[str, Any], *, colours: bool) -> str:
    """Time of day, what happened, the facts; a traceback follows on lines of its own."""
    told = " ".join(f"{name}={printable(str(value))}" for name, value in facts.items() if name != "traceback")
    line = f"{_dyed(_clock(at), _DIM, colours)} {_dyed(what, _BOLD, colours)} {told}".rstrip()
    trace = str(facts.get("traceback", "")).rstrip()
    if trace:
        line += "".join(f"\n    {printable(part)}" for part in trace.splitlines())
    return line


def printable(text: str) -> str:
    """Without letters that would do something to a terminal: what a stranger sent is shown, not obeyed."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at % 1 * 1000):03}"


def _dyed(text: str, colour: str, colours: bool) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colours else text
