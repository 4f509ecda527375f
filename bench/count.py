"""How much work is a request? `make bench-count`, or `python -m bench.count --help`.

Seconds on a shared machine lie; counts of instructions do not. A server runs under callgrind, which is switched on
after a warm-up and counts the user instructions of exactly so many requests, and with --misses the misses of a
simulated cache of 512 KiB. With --syscalls strace counts the calls of the kernel in a run of its own. The yardstick is
a bare application on uvicorn's own protocol. --check compares with the budget in bench/budget.json, --keep writes
it and its table in docs/benchmark.md.

The journal is off unless asked for: it is written once a second, and a server under callgrind is so slow that how much
of that falls into a counted round depends on the machine.
"""

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import figures
from bench.figures import BUDGET
from bench.load import run
from bench.measure import reply_size, supply
from bench.request import Request, Shot
from bench.scenarios import PRODUCTS, SCENARIOS, Planned, Scenario
from bench.server import Server, free_port, running
from bench.stock import Lacking, Stock
from bench.store import HEARING, serving

WARM_UP = 600
COUNTED = 1_000
LONG = 600.0  # seconds; a server under callgrind is some fifty times as slow
TOLERANCE = 0.03
ELSEWHERE = 0.15  # another build of Python costs another multiple
DEFAULT = ("get one", "list 50", "update", "create")
TOO_LONG = frozenset(
    ["adjust 2,000 items", "1,000 price records"]
)  # a counted round of these takes hours: they are counted only by name
CACHE = ("--cache-sim=yes", "--LL=524288,8,64")
_TOTALS = re.compile(r"^totals: (.*)$", re.MULTILINE)
_EVENTS = re.compile(r"^events: (.*)$", re.MULTILINE)
_CALLS = re.compile(r"^\s*100\.00\s+\S+\s+(?:\d+\s+)?(\d+)", re.MULTILINE)


Settled = Callable[[int], None]


def _at_once(_requests: int) -> None:
    """What requests set off is done when they are answered."""


@dataclass(frozen=True, slots=True)
class Count:
    """Work a request: user instructions, misses of the simulated cache (None: not counted), calls of the kernel."""

    instructions: float
    misses: float | None = None
    syscalls: float | None = None


class Counter:
    """The events of a server that runs under callgrind, or the calls of one that strace can look at."""

    def __init__(self, server: Server, prefix: str) -> None:
        self.server = server
        self.prefix = prefix
        self.dumps = 0

    def events(self, shots: Iterator[Shot], settled: Settled = _at_once) -> dict[str, int]:
        """Events by their name in callgrind, of a counted round after a warm-up; each is over when `settled` returns,
        which is told the number of its requests."""
        self._drive(shots, WARM_UP)
        settled(WARM_UP)
        self._tell("instrumentation on")
        self._tell("zero")
        self._drive(shots, COUNTED)
        settled(COUNTED)
        self._tell("dump")
        self._tell("instrumentation off")
        self.dumps += 1
        written = Path(f"{self.prefix}.{self.dumps}").read_text()
        names, totals = _EVENTS.search(written), _TOTALS.search(written)
        if names is None or totals is None:
            raise SystemExit(f"callgrind wrote no totals:\n{written[:500]}")
        return dict(zip(names[1].split(), map(int, totals[1].split()), strict=False))

    def syscalls(self, shots: Iterator[Shot], settled: Settled = _at_once) -> int:
        """Calls of the kernel in a counted round."""
        self._drive(shots, WARM_UP)
        settled(WARM_UP)
        report = f"{self.prefix}.strace"
        tracer = subprocess.Popen(
            ["strace", "-c", "-f", "-q", "-o", report, "-p", str(self.server.pid)], stderr=subprocess.PIPE
        )
        try:
            self._drive(shots, COUNTED)
            settled(COUNTED)
        finally:
            tracer.terminate()
            _, said = tracer.communicate()
        found = _CALLS.findall(Path(report).read_text())
        if not found:
            raise SystemExit(f"strace counted nothing: {said.decode(errors='replace')[-500:]}")
        return int(found[-1])

    def _drive(self, shots: Iterator[Shot], count: int) -> None:
        load = run(self.server.port, shots, LONG, limit=count)
        if load.failures or load.requests != count:
            raise SystemExit(f"{load.failures} of {count} requests failed: {load.statuses}")

    def _tell(self, command: str) -> None:
        asked = ["vgdb", "--wait=60", f"--pid={self.server.pid}", *command.split()]
        subprocess.run(asked, check=True, capture_output=True, timeout=120)


def lacking_tools(*, syscalls: bool = False) -> str | None:
    """The first program that counting needs and that is not installed."""
    needed = ["valgrind", "vgdb", *(["strace"] if syscalls else [])]
    return next((tool for tool in needed if shutil.which(tool) is None), None)


def under(prefix: str, *, misses: bool) -> list[str]:
    """The start of a command line that runs the rest of it under callgrind."""
    return [
        "valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={prefix}",
        *(CACHE if misses else ()),
    ]  # fmt: skip


@contextmanager
def bare(prefix: Sequence[str]) -> Iterator[Server]:
    """The yardstick on uvicorn's own protocol, started with `prefix` before its command."""
    port = free_port()
    command = [*prefix, sys.executable, "-m", "bench.bare", "--port", str(port), "--protocol", "httptools"]
    with running(command, port, patience=LONG) as server:
        yield server


def build() -> dict[str, str]:
    """What the figures depend on besides the code: the interpreter, and how it was built."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    chosen = [flag for flag in ("--enable-optimizations", "--with-lto", "--enable-shared") if flag in flags]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "built": " ".join(chosen) or "plain",
    }


class Work:
    """What is counted, how, and the results by scenario and side."""

    def __init__(self, folder: str, *, misses: bool, syscalls: bool, journal: bool) -> None:
        self.folder = folder
        self.journal = journal
        self.misses = misses
        self.syscalls = syscalls
        self.runs = 0
        self.results: dict[str, Count] = {}
        self.sizes: dict[str, int] = {}
        self.planned: dict[str, Scenario] = {}

    def of_bodega(self, database: str, scenarios: Sequence[Scenario | Planned]) -> None:
        """Counts each scenario on a seeded store; one that this store cannot hold is told and left out."""
        settings = [*HEARING, *([] if self.journal else ["journal=off"])]
        for prefix, take in self._ways():
            with (
                serving(database, {"bench": PRODUCTS}, under=prefix, patience=LONG, settings=settings) as stores,
                closing(Stock(stores["bench"])) as stock,
            ):
                store = stores["bench"]
                for each in scenarios:
                    try:
                        scenario, settled = _planned(each, stock)
                    except Lacking as lacking:
                        print(f"skipped  {each.name}, {database}: {lacking}", file=sys.stderr)
                        continue
                    self.planned[each.name] = scenario
                    self.sizes[each.name] = reply_size(scenario, store.server, store.address)
                    settled(1)
                    take(f"{each.name}, {database}", store.server, supply(scenario, store.address)(1.0), settled)

    def of_bare(self) -> None:
        """Counts the yardstick with requests and replies of the same sizes."""
        for prefix, take in self._ways():
            with bare(prefix) as server:
                for name, scenario in self.planned.items():
                    shots = supply(scenario, _constant(self.sizes[name]))(1.0)
                    take(f"{name}, bare", server, shots, _at_once)

    def _ways(self) -> Iterator[tuple[list[str], Callable[[str, Server, Iterator[Shot], Settled], None]]]:
        self.runs += 1
        prefix = f"{self.folder}/count.{self.runs}"

        counters: dict[int, Counter] = {}

        def counter(server: Server) -> Counter:
            return counters.setdefault(server.pid, Counter(server, prefix))

        def count(name: str, server: Server, shots: Iterator[Shot], settled: Settled) -> None:
            print(f"counting {name} ...", file=sys.stderr)
            events = counter(server).events(shots, settled)
            missed = [events[key] for key in ("ILmr", "DLmr", "DLmw") if key in events]
            self.results[name] = Count(events["Ir"] / COUNTED, sum(missed) / COUNTED if missed else None)

        yield under(prefix, misses=self.misses), count
        if not self.syscalls:
            return

        def trace(name: str, server: Server, shots: Iterator[Shot], settled: Settled) -> None:
            before = self.results[name]
            calls = counter(server).syscalls(shots, settled) / COUNTED
            self.results[name] = Count(before.instructions, before.misses, calls)

        yield [], trace


def _planned(each: Scenario | Planned, stock: Stock) -> tuple[Scenario, Settled]:
    """The scenario on a store, and what waits for what its requests set off. Raises Lacking."""
    if isinstance(each, Scenario):
        return each, _at_once
    return each.on(stock), lambda requests: each.settled(stock, requests)


def _constant(size: int) -> Callable[[Request], Request]:
    token = {"X-Auth-Token": "0" * 31, "Accept": "application/json"}

    def turned(request: Request) -> Request:
        return Request(request.method, f"/200/{size}?/stores/bench/v3{request.target}", request.body, token)

    return turned


def shown(results: Mapping[str, Count]) -> str:
    """The results as lines of text: thousand instructions, and how many times the yardstick that is."""
    head = f"{'scenario':38} {'k instructions':>14} {'x bare':>7} {'misses':>8} {'syscalls':>9}"
    lines = [head, "-" * len(head)]
    for name, count in results.items():
        yardstick = results.get(f"{name.rpartition(', ')[0]}, bare")
        times = f"{count.instructions / yardstick.instructions:.2f}" if yardstick else ""
        misses = "" if count.misses is None else f"{count.misses:,.0f}"
        calls = "" if count.syscalls is None else f"{count.syscalls:.1f}"
        lines.append(f"{name:38} {count.instructions / 1000:14,.1f} {times:>7} {misses:>8} {calls:>9}")
    return "\n".join(lines)


def multiples(results: Mapping[str, Count]) -> dict[str, float]:
    """By scenario and database: instructions as multiples of the yardstick's."""
    found = {}
    for name, count in results.items():
        scenario, _, side = name.rpartition(", ")
        yardstick = results.get(f"{scenario}, bare")
        if side != "bare" and yardstick is not None:
            found[name] = round(count.instructions / yardstick.instructions, 3)
    return found


def over_budget(results: Mapping[str, Count], budget: Mapping[str, float], tolerance: float) -> list[str]:
    """What costs more than the budget and the tolerance allow, as sentences."""
    return [
        f"{name} costs {now:.2f} times the yardstick; the budget is {budget[name]:.2f} (+{tolerance:.0%})."
        for name, now in multiples(results).items()
        if name in budget and now > budget[name] * (1 + tolerance)
    ]


def main() -> None:
    """Parse the options, count, print; exit code 1 over budget, 0 with a word where there is no valgrind."""
    parser = argparse.ArgumentParser(prog="python -m bench.count", description=__doc__)
    names = [each.name for each in SCENARIOS]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names)
    parser.add_argument("--all", action="store_true", help=f"every scenario, not only: {', '.join(DEFAULT)}")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="sqlite")
    parser.add_argument("--misses", action="store_true", help="simulate a cache of 512 KiB (three times slower)")
    parser.add_argument("--syscalls", action="store_true", help="count calls of the kernel, with strace")
    parser.add_argument("--journal", action="store_true", help="keep the journal, whose work goes by the second")
    parser.add_argument("--check", action="store_true", help="fail above the budget")
    parser.add_argument("--keep", action="store_true", help="write the budget, and its table in docs/benchmark.md")
    chosen = parser.parse_args()
    if missing := lacking_tools(syscalls=chosen.syscalls):
        print(f"skipped: {missing} is not installed, and without it nothing can be counted.")
        return
    every = [name for name in names if name not in TOO_LONG]
    wanted = chosen.only or (every if chosen.all else DEFAULT)
    scenarios = [each for each in SCENARIOS if each.name in wanted]
    databases = ["sqlite", "postgres"] if chosen.database == "both" else [chosen.database]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bodega-count-"))
        work = Work(folder, misses=chosen.misses, syscalls=chosen.syscalls, journal=chosen.journal)
        for database in databases:
            work.of_bodega(database, scenarios)
        work.of_bare()
    print(f"Python {' '.join(build().values())}")
    print(shown(work.results))
    kept = json.loads(BUDGET.read_text()) if BUDGET.exists() else {"multiples": {}}
    if chosen.keep:
        merged = {**kept["multiples"], **multiples(work.results)}
        BUDGET.write_text(json.dumps({"counted_on": build(), "multiples": merged}, indent=2) + "\n")
        figures.write()
    tolerance = TOLERANCE if kept.get("counted_on") == build() else ELSEWHERE
    broken = over_budget(work.results, kept["multiples"], tolerance) if chosen.check else []
    print("\n".join(broken), end="\n" if broken else "")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
