"""A report card as text, as JUnit XML, as SARIF 2.1.0."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from bodega import __version__
from bodega.counted import counted
from bodega.lab.report.calls import SEVERITIES, Finding
from bodega.lab.report.card import TITLES, Card

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(card: Card) -> str:
    """For people: the findings, the worst first, each with what to do."""
    lines = [f"{counted(card.requests, 'request')} and {counted(card.deliveries, 'delivery')} of store {card.store}."]
    if not card.findings:
        return "\n".join([*lines, "Nothing to complain about."])
    for finding in card.findings:
        lines += ["", f"{finding.severity}: {TITLES[finding.check]} ({finding.check})", f"  {finding.where}"]
        lines += [f"  {finding.what}", f"  do: {finding.advice}"]
        if finding.requests:
            shown = ", ".join(finding.requests[:3])
            more = f" and {finding.count - 3} more" if finding.count > 3 else ""
            lines.append(f"  requests: {shown}{more}")
    counts = [counted(_number(card.findings, word), word) for word in SEVERITIES]
    return "\n".join([*lines, "", ", ".join(counts) + "."])


def as_json(card: Card) -> str:
    """For programs: the members of a `Card`."""
    return msgspec.json.format(msgspec.json.encode(card), indent=2).decode()


def as_junit(card: Card) -> str:
    """For the page of a CI run: a test case for each check; errors and warnings are failures, notes are skipped."""
    cases, failures = [], 0
    for check, title in TITLES.items():
        found = [finding for finding in card.findings if finding.check == check]
        bad = [finding for finding in found if finding.severity != "note"]
        failures += bool(bad)
        text = escape("\n".join(
            f"{one.where}: {one.what}. {one.advice} Requests: {', '.join(one.requests) or '-'}" for one in found
        ))  # fmt: skip
        inside = ""
        if bad:
            inside = f"<failure message={_attribute(title)} type={_attribute(bad[0].severity)}>{text}</failure>"
        elif found:
            inside = f"<skipped message={_attribute(title)}>{text}</skipped>"
        cases.append(f'  <testcase classname="bodega.report" name={_attribute(check)}>{inside}</testcase>\n')
    counts = f'tests="{len(TITLES)}" failures="{failures}" errors="0"'
    name = _attribute(f"bodega report {card.store}")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite name={name} {counts}>\n{"".join(cases)}</testsuite>'


def _attribute(text: str) -> str:
    return f'"{escape(text)}"'


def as_sarif(card: Card) -> str:
    """For code scanning. A finding is at a request, not in a file: its location is a logical one."""
    rules = [{"id": check, "shortDescription": {"text": title}} for check, title in TITLES.items()]
    results = [_result(finding) for finding in card.findings]
    driver = {"name": "Bodega", "version": __version__, "rules": rules}
    log = {"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode()


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.check,
        "level": SEVERITIES[finding.severity].sarif,
        "message": {"text": f"{finding.where}: {finding.what}. {finding.advice}"},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.where, "kind": "resource"}]}],
        "properties": {"count": finding.count, "requests": finding.requests},
    }


def _number(findings: Sequence[Finding], word: str) -> int:
    return sum(finding.severity == word for finding in findings)


FORMATS = {"text": as_text, "json": as_json, "junit": as_junit, "sarif": as_sarif}
