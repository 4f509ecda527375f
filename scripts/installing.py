"""Runs a step of the Makefile that takes a while, and says how far it is: for how long already, and where it is pip,
which package of how many.

    python scripts/installing.py "Installing what runs the server" --usually "10 to 60 s" --lock FILE -- COMMAND...

On a terminal one line is kept up to date; elsewhere a line is printed every ten seconds. What the command says is shown
if it fails, and its exit code is that of this program. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

LAST_LINES = 40
"""Of what the command said, when it fails."""

NO_WHEEL = "No matching distribution found"
HINT = (
    "Either the index of packages cannot be reached, or it has no wheel of this package for your machine and Python: "
    "with a compiler, make builds it if you add WHEELS= (make dev WHEELS=)."
)

EVERY_SECONDS = 10.0
"""Between two lines where nobody watches one."""

TICK_SECONDS = 0.2
_BUILDS = re.compile(r"^\s*(?:Building (?:wheel|editable) for (?P<wheel>\S+)|Running setup\.py \w+ for (?P<setup>\S+))")


class Pip:
    """How far pip is, by what it says."""

    def __init__(self, packages: int) -> None:
        self.packages = packages
        self.found = 0
        self.doing = ""

    def hear(self, line: str) -> None:
        """One line of its output."""
        words = line.split()
        if words[:1] == ["Collecting"] or words[:2] == ["Requirement", "already"]:
            self.found = min(self.found + 1, self.packages) if self.packages else self.found + 1
            name = re.split(r"[=<>!~\[; ]", words[1] if words[0] == "Collecting" else words[3])[0]
            of = f" of {self.packages}" if self.packages else ""
            self.doing = f"package {self.found}{of}: {name}"
        elif line.startswith("Installing collected packages"):
            self.doing = f"unpacks {line.count(',') + 1} packages"
        elif told := _BUILDS.match(line):
            self.doing = f"builds {told['wheel'] or told['setup']}, which takes a compiler where there is no wheel"


def pins(locks: Sequence[Path]) -> int:
    """The packages that are in any of these locks."""
    names = {found for lock in locks for found in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", lock.read_text("utf-8"))}
    return len(names)


def lines_of(process: subprocess.Popen[str]) -> Iterator[str | None]:
    """What it prints, line by line; None a few times a second while it prints nothing."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put(line.rstrip())
        said.put(None)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    while True:
        try:
            line = said.get(timeout=TICK_SECONDS)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


class Teller:
    """Tells people how far it is, on a terminal or in a log."""

    def __init__(self, what: str, usually: str, out: TextIO) -> None:
        self._out, self._what = out, what
        self._began = self._told = time.monotonic()
        self._live = out.isatty()
        self._width = 0
        print(f"{what} (usually {usually}) ...", file=out, flush=True)

    @property
    def seconds(self) -> int:
        """Since it began."""
        return round(time.monotonic() - self._began)

    def _line(self, doing: str) -> str:
        return f"  {self.seconds} s{', ' if doing else ''}{doing}"

    def tell(self, doing: str) -> None:
        """Says it where it is due."""
        if self._live:
            text = self._line(doing)[:100]
            print(f"\r{text:<{self._width}}", end="", file=self._out, flush=True)
            self._width = len(text)
        elif time.monotonic() - self._told >= EVERY_SECONDS:
            self._told = time.monotonic()
            print(self._line(doing), file=self._out, flush=True)

    def end(self, sentence: str) -> None:
        """The last line."""
        if self._live:
            print("\r" + " " * self._width + "\r", end="", file=self._out)
        print(f"  {sentence} after {self.seconds} s", file=self._out, flush=True)


def run(what: str, usually: str, locks: Sequence[Path], command: Sequence[str], out: TextIO = sys.stdout) -> int:
    """Runs the command; its exit code."""
    teller, pip = Teller(what, usually, out), Pip(pins(locks))
    kept: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            for line in lines_of(process):
                if line is not None:
                    kept.append(line)
                    pip.hear(line)
                teller.tell(pip.doing)
        except KeyboardInterrupt:
            process.wait()
            teller.end("stopped")
            return 130
    if process.returncode:
        teller.end(f"failed{' at ' if pip.doing else ''}{pip.doing}")
        print("\n".join(kept), file=sys.stderr)
        print(f"That was: {' '.join(command)}", file=sys.stderr)
        if NO_WHEEL in "\n".join(kept) and "--only-binary" in command:
            print(HINT, file=sys.stderr)
    else:
        teller.end("done")
    return process.returncode


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what")
    parser.add_argument("--usually", required=True)
    parser.add_argument("--lock", type=Path, action="append", default=[])
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    return run(given.what, given.usually, given.lock, given.command)


if __name__ == "__main__":
    sys.exit(main())
