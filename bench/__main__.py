"""Measure every scenario: Bodega on each database beside the bare server. `make bench`, or `python -m bench --help`."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

from bench import deliveries
from bench.bare import PROTOCOL, PROTOCOLS
from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.report import save, table
from bench.request import Request
from bench.scenarios import PRODUCTS, SCENARIOS, Planned, Scenario
from bench.server import Server, free_port, running
from bench.stock import Lacking, Stock
from bench.store import HEARING, serving

QUICK = Pace(rounds=3, seconds=0.7)
CALIBRATION_SIZE = 1_500


@contextmanager
def bare(protocol: str) -> Iterator[Server]:
    """The yardstick, running."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", "--port", str(port), "--protocol", protocol]
    with running(command, port) as server:
        yield server


def constant(size: int, scenario: Scenario, address: Callable[[Request], Request]) -> Callable[[Request], Request]:
    """Turn a request for Bodega into the like one for the yardstick: same method, header, body and length of target."""

    def turned(request: Request) -> Request:
        real = address(request)
        return Request(real.method, f"/{scenario.expected_status}/{size}?{real.target}", real.body, real.headers)

    return turned


def beside_bare(
    scenario: Scenario, ours: Server, address: Callable[[Request], Request], theirs: Server
) -> tuple[int, Side, Side]:
    """The two sides of a scenario, and the size of the replies of the second."""
    size = scenario.bare_size if scenario.bare_size is not None else reply_size(scenario, ours, address)
    # The yardstick keeps nothing, so its requests may always be repeated.
    repeated = Scenario(scenario.name, scenario.requests, size, scenario.expected_status)
    return (
        size,
        Side(ours, supply(scenario, address)),
        Side(theirs, supply(repeated, constant(size, scenario, address))),
    )


def against_bodega(
    database: str, scenarios: Sequence[Scenario | Planned], pace: Pace, protocol: str
) -> tuple[list[Comparison], list[str]]:
    """Bodega on `database` beside the bare server, and what was skipped because it is not served."""
    results, skipped = [], []
    with (
        serving(database, {"bench": PRODUCTS}, settings=HEARING) as stores,
        bare(protocol) as yardstick,
        closing(Stock(stores["bench"])) as stock,
    ):
        store = stores["bench"]
        for each in scenarios:
            try:
                scenario = each.on(stock) if isinstance(each, Planned) else each
            except Lacking as lacking:
                skipped.append(f"{each.name}, {database}: {lacking}")
                continue
            size, left, right = beside_bare(scenario, store.server, store.address, yardstick)
            results.append(compare(f"{scenario.name}, {database}", size, left, right, pace))
    return results, skipped


def against_revision(
    database: str, command: str, scenarios: Sequence[Scenario | Planned], pace: Pace
) -> tuple[list[Comparison], list[str]]:
    """This revision beside another one on `database`, each with a store of its own, and what was skipped."""
    results, skipped = [], []
    with (
        serving(database, {"bench": PRODUCTS}, settings=HEARING) as mine,
        serving(database, {"bench": PRODUCTS}, command=command, settings=HEARING) as other,
        closing(Stock(mine["bench"])) as left_stock,
        closing(Stock(other["bench"])) as right_stock,
    ):
        stores = (mine["bench"], other["bench"])
        stocks = (left_stock, right_stock)
        for each in scenarios:
            try:
                both = [each.on(s) if isinstance(each, Planned) else each for s in stocks]
            except Lacking as lacking:
                skipped.append(f"{each.name}, {database}: {lacking}")
                continue
            sides = [Side(s.server, supply(one, s.address)) for s, one in zip(stores, both, strict=True)]
            size = reply_size(both[0], stores[0].server, stores[0].address)
            results.append(compare(f"{each.name}, {database}", size, sides[0], sides[1], pace))
    return results, skipped


def against_itself(scenarios: Sequence[Scenario], pace: Pace, protocol: str) -> list[Comparison]:
    """The bare server beside another bare server: how far from 1.00 is this machine's noise."""
    results = []
    with bare(protocol) as first, bare(protocol) as second:
        for scenario in scenarios:
            fixed = Scenario(
                scenario.name, scenario.requests, CALIBRATION_SIZE, scenario.expected_status, scenario.repeatable
            )
            address = constant(CALIBRATION_SIZE, fixed, lambda request: request)
            sides = [Side(server, supply(fixed, address)) for server in (first, second)]
            results.append(compare(fixed.name, CALIBRATION_SIZE, sides[0], sides[1], pace))
    return results


def main() -> None:
    """Parse the options, measure, print, save; exit code 1 if any request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    names = [*(each.name for each in SCENARIOS), deliveries.NAME]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--calibrate", action="store_true", help="measure the bare server beside itself: the noise")
    parser.add_argument("--against", metavar="BODEGA", help="measure beside another revision: its bodega command")
    parser.add_argument("--protocol", choices=PROTOCOLS, default=PROTOCOL, help="what reads HTTP for the bare server")
    parser.add_argument("--json", metavar="FILE", help="keep the results as JSON too")
    chosen = parser.parse_args()
    scenarios = [each for each in SCENARIOS if not chosen.only or each.name in chosen.only]
    pace = QUICK if chosen.quick else Pace()
    results: list[Comparison] = []
    skipped: list[str] = []
    delivered: list[deliveries.Deliveries] = []
    if chosen.calibrate:
        left = right = "bare"
        results += against_itself([each for each in scenarios if isinstance(each, Scenario)], pace, chosen.protocol)
    else:
        left = "bodega"
        right = "the other" if chosen.against else "bare"
        databases = ["sqlite", "postgres"] if chosen.database == "both" else [chosen.database]
        for database in databases if scenarios else ():
            if chosen.against:
                measured, lacking = against_revision(database, chosen.against, scenarios, pace)
            else:
                measured, lacking = against_bodega(database, scenarios, pace, chosen.protocol)
            results += measured
            skipped += lacking
        if not chosen.against and (not chosen.only or deliveries.NAME in chosen.only):
            events = deliveries.QUICK_EVENTS if chosen.quick else deliveries.EVENTS
            delivered = [deliveries.measure(database, events) for database in databases]
    if results or skipped:
        print(table(results, left, right, skipped))
    for line in delivered:
        print(line)
    if chosen.json:
        save(chosen.json, results, skipped, delivered)
    sys.exit(any(result.left.failures or result.right.failures for result in results))


if __name__ == "__main__":
    main()
