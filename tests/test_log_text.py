"""What a terminal sees of the log, and what programs see of it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import subprocess
import sys
import time

import pytest

from bodega import log_text
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.log import Log, to_standard_error
from bodega.masking import MASK

ESCAPE = re.compile(r"\x1b\[\d+m")


def line(**more: object) -> str:
    members: dict[str, object] = {
        "at": 1_700_000_000.5, "status": 404, "method": "GET", "path": "/v3/x", "query": "a=1&access_token=hush",
        "client": "me", "us": 1_234, "reason": "NO_SUCH_ENTITY", "colours": False,
    }  # fmt: skip
    return log_text.request_line(**(members | more))  # type: ignore[arg-type]


def test_a_line_tells_time_status_method_path_account_duration_reason() -> None:
    """Issue 12."""
    clock = time.strftime("%H:%M:%S", time.localtime(1_700_000_000))
    assert line() == f"{clock}.500 404 GET    /v3/x?a=1&access_token={MASK} me 1.2 ms NO_SUCH_ENTITY"
    assert line(query="", reason="", status=200, client="").endswith("200 GET    /v3/x - 1.2 ms")


@pytest.mark.parametrize(("status", "colour"), [(200, "32"), (304, "36"), (404, "33"), (500, "31"), (509, "31")])
def test_a_status_has_the_colour_of_its_class(status: int, colour: str) -> None:
    dyed = line(status=status, colours=True)
    assert f"\x1b[{colour}m{status}\x1b[0m" in dyed
    assert ESCAPE.sub("", dyed) == line(status=status)


def test_what_a_stranger_sends_does_nothing_to_the_terminal() -> None:
    shown = line(path="/v3/\x1b[2J\x07\u202e", method="G\x1bT", query="a=\r\n", client="\x9b1m")
    assert shown.isprintable()
    assert r"\x1b[2J\x07\u202e" in shown


def test_an_event_is_told_with_its_facts_and_its_traceback() -> None:
    told = log_text.event_line(0.0, "upgrade failed", {"store": "a\x1b", "traceback": "One\n  Two\n"}, colours=False)
    assert told.split(" ", 1)[1] == "upgrade failed store=a\\x1b\n    One\n      Two"


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "terminal", "environment", "text", "colours"),
    [
        ("auto", True, {}, True, True),
        ("auto", False, {}, False, False),
        ("json", True, {}, False, False),
        ("text", False, {}, True, False),
        ("text", True, {"NO_COLOR": "1"}, True, False),
        ("auto", True, {"NO_COLOR": ""}, True, True),
        ("auto", True, {"TERM": "dumb"}, True, False),
        ("quiet", True, {}, True, True),
        ("quiet", False, {}, False, False),
    ],
)
def test_the_form_follows_the_option_and_the_terminal(
    monkeypatch: pytest.MonkeyPatch, form: str, terminal: bool, environment: dict[str, str], text: bool, colours: bool
) -> None:
    """`--log`, and no-color.org: set and not empty."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", (Terminal if terminal else io.TextIOWrapper)(raw, "utf-8"))
    log = to_standard_error(form)
    log.event("something", fact=1)
    told = raw.getvalue().decode()
    assert told.startswith("{") is not text
    assert bool(ESCAPE.search(told)) is colours


def test_requests_are_written_in_either_form() -> None:
    """JSON has what it had."""

    async def told(*, text: bool) -> str:
        raw = io.BytesIO()
        log = Log(raw, text=text)
        request = Request("GET", True, "/v3/x", b"/v3/x", "token=hush&n=1", {}, None, "id-1")  # type: ignore[arg-type]
        log.begin_turn()
        log.request(request, "me", Response(404, [], b"{}", reason="NO_SUCH_ENTITY"), 1_500)
        log.end_turn()
        log.flush()
        return raw.getvalue().decode()

    assert asyncio.run(told(text=True)).endswith(f"404 GET    /v3/x?token={MASK}&n=1 me 1.5 ms NO_SUCH_ENTITY\n")
    facts = json.loads(asyncio.run(told(text=False)))
    assert facts.pop("time") == pytest.approx(time.time(), abs=60)
    assert facts == {"request": "id-1", "method": "GET", "path": "/v3/x", "status": 404, "client": "me", "bytes": 2,
                     "us": 1_500, "reason": "NO_SUCH_ENTITY"}  # fmt: skip


@pytest.mark.parametrize(("form", "requests"), [("json", 1), ("quiet", 0)])
def test_a_quiet_log_tells_no_requests(monkeypatch: pytest.MonkeyPatch, form: str, requests: int) -> None:
    """What happens to the server is told all the same."""

    async def told() -> list[str]:
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, "utf-8"))
        log = to_standard_error(form)
        request = Request("GET", True, "/v3/x", b"/v3/x", "", {}, None, "id-1")  # type: ignore[arg-type]
        log.begin_turn()
        log.request(request, "me", Response(200, [], b"{}"), 1_500)
        log.event("something", fact=1)
        log.flush()
        return raw.getvalue().decode().splitlines()

    lines = asyncio.run(told())
    assert len(lines) == 1 + requests
    assert json.loads(lines[-1])["event"] == "something"


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_command_on_a_terminal_has_colours_unless_they_are_unwanted(no_color: str) -> None:
    """A real terminal."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"NO_COLOR": no_color, "TERM": "xterm"}
    command = [sys.executable, "-m", "bodega.cli", "doctor", "--http-port", "0", "--https-port", "0"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=os.path.dirname(__file__)) as ran:
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # how Linux tells that the other side is closed
                break
            if not part:
                break
            told += part
        assert ran.wait(60) == 0, told
    os.close(ours)
    assert bool(ESCAPE.search(told.decode())) is (no_color == "")
