"""Ask every served operation of the published files with Schemathesis: `make conformance`, or
`python -m conformance --help`."""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conformance.asking import SEED, Answer, ask
from conformance.finding import Finding
from conformance.known import TABLE, Known, Sieve, read
from conformance.ours import served_here
from conformance.specification import NoSpecification, Operation, served
from conformance.store import Store, running

MINUTES = 20
EXAMPLES_PER_SECOND = 3
"""So many that a machine of two processors has time to spare; the boundaries of the schemas come on top."""
SHOWN = 6
"""Operations that a finding names."""


def main() -> int:
    """The exit status: 0 without a finding, 1 with one or where the time ran out, 2 where there is nothing to read."""
    arguments = _arguments()
    try:
        every = served_here() if arguments.ours else served(arguments.spec)
        operations = [one for one in every if arguments.only.search(f"{one.file} {one.label}")]
    except NoSpecification as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.sample and len(operations) > arguments.sample:
        operations = sorted(random.Random(SEED).sample(operations, arguments.sample), key=operations.index)
    whole = not arguments.sample and not arguments.only.pattern
    started = time.monotonic()
    deadline = started + arguments.minutes * 60
    examples = arguments.examples or max(1, int(arguments.minutes * 60 * EXAMPLES_PER_SECOND / max(len(operations), 1)))
    print(f"{len(operations)} operations, {examples} random requests each and the boundaries of their schemas ...")
    sieve = Sieve([], differing=False) if arguments.ours else Sieve(read())
    with running() as store:
        for refused in store.unsent:
            print(f"A row of tests/replies was refused: {refused}")
        answers = []
        for answered in _asked(operations, store, examples, deadline):
            answers.append(answered)
            if arguments.each:
                _tell(*answered, sieve)
    for told in store.troubles:
        print(f"The server told: {told[:2000]}")
    print(f"{time.monotonic() - started:.0f} s.")
    found = _unknown([answer for _, answer in answers], sieve)
    _report(operations, answers, found, sieve.stale if whole else [])
    return int(
        bool(found or store.troubles or len(answers) < len(operations) or (whole and sieve.stale) or _broken(answers))
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--spec", type=Path, default=Path("../shared/spec"), help="folder of the OpenAPI files")
    parser.add_argument(
        "--ours", action="store_true", help="ask the documents that this server makes of itself; nothing is known then"
    )
    parser.add_argument(
        "--only", type=re.compile, default=re.compile(""), help="operations that match: FILE METHOD PATH"
    )
    parser.add_argument("--sample", type=int, default=0, help="ask only so many operations, always the same")
    parser.add_argument("--each", action="store_true", help="tell of each operation as soon as it was asked")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="stop after so many minutes (%(default)s)")
    parser.add_argument("--examples", type=int, help="random requests an operation; by default as many as fit the time")
    return parser.parse_args()


def _asked(
    operations: Sequence[Operation], store: Store, examples: int, deadline: float
) -> Iterator[tuple[Operation, Answer]]:
    file = ""
    for operation in operations:
        if time.monotonic() > deadline:
            return
        if operation.file != file:
            file = operation.file
            print(f"  {file}", flush=True)
        answer = ask(operation, store, examples)
        yield operation, answer
        if operation.method != "GET" and answer.successes:  # a refused write changes nothing
            store.restore()


def _tell(operation: Operation, answer: Answer, sieve: Sieve) -> None:
    print(f"  {operation.label}: {answer.requests} requests, {answer.seconds:.1f} s", flush=True)
    for finding, shown in answer.findings.items():
        if sieve.unknown(finding):
            example = shown.replace("\n", "\n      ")
            print(f"    {finding.check}: {finding.detail}\n      {example}", flush=True)


def _unknown(answers: Iterable[Answer], sieve: Sieve) -> dict[tuple[str, str], list[tuple[Finding, str]]]:
    """The findings that nothing tells of, by check and detail, each with what shows it."""
    found: dict[tuple[str, str], list[tuple[Finding, str]]] = {}
    for answer in answers:
        for finding, shown in answer.findings.items():
            if sieve.unknown(finding):
                found.setdefault((finding.check, finding.detail), []).append((finding, shown))
    return found


def _broken(answers: Sequence[tuple[Operation, Answer]]) -> dict[str, list[str]]:
    return {operation.label: answer.errors for operation, answer in answers if answer.errors}


def _report(
    operations: Sequence[Operation],
    answers: Sequence[tuple[Operation, Answer]],
    found: dict[tuple[str, str], list[tuple[Finding, str]]],
    stale: Sequence[Known],
) -> None:
    requests = sum(answer.requests for _, answer in answers)
    successes = sum(answer.successes for _, answer in answers)
    findings = sum(len(answer.findings) for _, answer in answers)
    print(f"{len(answers)} of {len(operations)} operations, {requests} requests, {successes} of them successes.")
    never = [operation.label for operation, answer in answers if not answer.successes]
    if never:
        print(f"No request succeeded: {', '.join(never)}")
    for label, errors in _broken(answers).items():
        print(f"\n{label} could not be asked:\n  {'; '.join(errors)}")
    for (check, detail), shown in sorted(found.items(), key=lambda item: (item[0][0], -len(item[1]))):
        labels = [finding.operation for finding, _ in shown]
        more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
        example = shown[0][1].replace("\n", "\n    ")
        print(f"\n{check}: {detail}\n  {'; '.join(labels[:SHOWN])}{more}\n    {example}")
    for known in stale:
        print(f"\nNothing is found any more that this line of {TABLE.name} tells of; remove it:\n  {known}")
    unknown = sum(map(len, found.values()))
    print(f"\n{findings} findings, {findings - unknown} of them known, {unknown} not.")
    if len(answers) < len(operations):
        print(f"The time ran out before {operations[len(answers)].label}.")


if __name__ == "__main__":
    sys.exit(main())
