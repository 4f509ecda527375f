"""Measure what workers bring, and how many tasks are carried out: `python -m bench.workers`, or --help."""

import argparse
import http.client
import json
import os
import time
from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from statistics import median

from bench.load import Load, run
from bench.measure import WARM_UP, supply
from bench.request import HOST, Request, Shot, ready
from bench.scenarios import PRODUCTS, SCENARIOS, Scenario
from bench.store import Store, serving

WORKERS = (1, 2, 4)
MEASURED = ("get one", "create")
TASKS = 2_000
PATIENCE = 120.0  # seconds until tasks that do not end are given up


def measured(store: Store, scenario: Scenario, rounds: int, seconds: float) -> list[Load]:
    """Rounds of one scenario, after a warm-up."""
    shots = supply(scenario, store.address)
    run(store.server.port, shots(WARM_UP), WARM_UP)
    return [run(store.server.port, shots(seconds), seconds) for _ in range(rounds)]


def tasks(store: Store, number: int) -> tuple[float, float]:
    """Creates so many brands as tasks: how many were accepted and how many were carried out in a second."""
    names = count()
    random = Random(number)

    def shots() -> Iterator[Shot]:
        for _ in range(number):
            body = json.dumps({"name": f"Brand {next(names)} {random.getrandbits(40):x}"}).encode()
            request = store.address(Request("POST", "/catalog/brands", body))
            headers = {**request.headers, "Prefer": "respond-async"}
            yield ready(Request(request.method, request.target, request.body, headers), 202)

    began = time.perf_counter()
    load = run(store.server.port, shots(), PATIENCE, number)
    if load.failures:
        raise SystemExit(f"{load.failures} tasks were not accepted: {load.statuses}")
    while waiting(store):
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("The tasks do not end.")
        time.sleep(0.02)
    return load.per_second, number / (time.perf_counter() - began)


def waiting(store: Store) -> bool:
    """Whether a task has not ended yet."""
    connection = http.client.HTTPConnection(HOST, store.server.port, timeout=30)
    try:
        for state in ("pending", "running"):
            request = store.address(Request("GET", f"/tasks?state={state}&limit=1"))
            connection.request("GET", request.target, headers=request.all_headers())
            if json.loads(connection.getresponse().read())["data"]:
                return True
        return False
    finally:
        connection.close()


def row(name: str, loads: Sequence[Load]) -> str:
    """One line of the table: medians of the rounds."""
    rate, p50, p99 = (median(getattr(load, part) for load in loads) for part in ("per_second", "p50_ms", "p99_ms"))
    return f"{name:<34} {rate:>9,.0f} {p50:>9.2f} {p99:>9.2f} {sum(load.failures for load in loads):>7,}"


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    chosen = parser.parse_args()
    rounds, seconds, number = (2, 1.0, TASKS // 4) if chosen.quick else (5, 2.0, TASKS)
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in MEASURED]
    print(f"{os.cpu_count()} processors, shared by client, workers and database\n")
    print(f"{'':<34} {'a second':>9} {'p50 ms':>9} {'p99 ms':>9} {'failed':>7}")
    for workers in WORKERS:
        with serving("postgres", {"bench": PRODUCTS}, workers) as stores:
            for scenario in scenarios:
                loads = measured(stores["bench"], scenario, rounds, seconds)
                print(row(f"{scenario.name}, postgres, workers: {workers}", loads), flush=True)
            accepted, done = tasks(stores["bench"], number)
            print(f"{f'tasks, postgres, workers: {workers}':<34} {done:>9,.0f}  ({accepted:,.0f} accepted)", flush=True)
    with serving("sqlite", {"bench": PRODUCTS}) as stores:
        for scenario in scenarios:
            print(row(f"{scenario.name}, sqlite", measured(stores["bench"], scenario, rounds, seconds)), flush=True)
        accepted, done = tasks(stores["bench"], number)
        print(f"{'tasks, sqlite':<34} {done:>9,.0f}  ({accepted:,.0f} accepted)", flush=True)


if __name__ == "__main__":
    main()
