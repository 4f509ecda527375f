"""One operation asked by Schemathesis: every request that it can think of within a count, and what its checks found."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from conformance.finding import CHECKS, Finding
from conformance.specification import Operation
from conformance.store import Store

SEED = 20
BROKEN = re.compile(r"(?:(\w+): )?violates (`[^(]*?`)(?: at (/\S+))?(?: \(.*\))?")
"""How Schemathesis tells of a schema that a random request breaks: place, keywords, and a pointer into the schema."""
REFUSING = ["400", "403", "404", "405", "406", "409", "413", "415", "422"]
"""The statuses that refuse what is wrong with a request; who asks is never in doubt here."""

TOO_LONG = 431
"""A random query may be longer than HTTP lets it be: that is refused before any operation, and no document tells it."""


@dataclass
class Answer:
    """What an operation was asked and found at: the findings, each with the first request and reply that show it."""

    requests: int = 0
    successes: int = 0
    seconds: float = 0.0
    findings: dict[Finding, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def ask(operation: Operation, store: Store, examples: int) -> Answer:
    """Sends the examples of the file, the boundaries of its schemas, and `examples` random requests."""
    answer = Answer()
    checks: dict[str, Any] = {"enabled": False, **{name: {"enabled": True} for name in CHECKS}}
    checks["negative_data_rejection"]["expected-statuses"] = REFUSING
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": f"{store.base}/v{operation.version}",
            "headers": store.credentials(operation.is_paid_with_token),
            "request-timeout": 60,
            "suppress-health-check": ["all"],  # they judge the machine, and the size of the schemas
            "checks": checks,
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {"stateful": {"enabled": False}, "coverage": {"unexpected-methods": operation.strange_methods}},
        }
    )
    schema = schemathesis.openapi.from_dict(
        operation.alone(store.existing(operation.version, operation.method, operation.path)), config=config
    )
    began = time.monotonic()
    with _listening(schema, operation, answer):
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError):
                answer.errors.append(str(event.value)[:600])
            elif isinstance(event, events.FatalError):
                answer.errors.append(str(event.exception)[:600])
    answer.seconds = time.monotonic() - began
    return answer


@contextmanager
def _listening(schema: Any, operation: Operation, answer: Answer) -> Iterator[None]:
    @schema.hook
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        if response.status_code == TOO_LONG:
            return False
        found = Finding(operation.file, operation.label, failure.checks[0], _detail(failure, case, response))
        answer.findings.setdefault(found, _shown(case, response))
        return False  # told here; Schemathesis goes on as if there were none

    @schema.hook
    def after_call(context: Any, case: Any, response: Any) -> None:
        answer.requests += 1
        answer.successes += response.status_code < 300

    yield


def _detail(failure: Any, case: Any, response: Any) -> str:
    check = failure.checks[0]
    if check == "response_schema_conformance" and hasattr(failure, "instance_path"):
        place = ".".join(step for step in map(str, failure.instance_path) if not step.isdigit())
        keyword = failure.schema_path[-1]
        lacking = re.match(r'"(\w+)" is a required', failure.validation_message) if keyword == "required" else None
        return f"{response.status_code} {place or '.'} {keyword}{f' {lacking[1]}' if lacking else ''}"
    if check == "negative_data_rejection":
        return f"{response.status_code} {_wrong(case, response.request.url)}"
    if check == "content_type_conformance":
        return f"{response.status_code} {_line(failure.message)}"
    return str(response.status_code)


def _wrong(case: Any, url: str) -> str:
    """What was made wrong, where, and what was sent: `body free_shipping.enabled: Incorrect type, null`; several things
    are joined by ` + `."""
    data = case.meta.phase.data
    place = data.parameter_location.name.lower() if data.parameter_location is not None else "request"
    told = data.description or ""
    broken = [BROKEN.fullmatch(line.strip("- ")) for line in told.splitlines()]
    if all(broken):
        parts = [(found[1] or place, _steps(found[3] or ""), found[2]) for found in broken if found]
    else:
        path, _, fault = told.rpartition(": ")
        steps = [step.replace("Array with invalid items: ", "") for step in path.split(" -> ")]
        parts = [(place, steps if place == "body" else [path or data.parameter or ""], _line(fault))]
    return " + ".join(_part(case, url, *part) for part in parts)


def _steps(pointer: str) -> list[str]:
    """The members that a pointer into a schema leads through."""
    return [step for step in pointer.split("/") if step not in ("", "properties", "items")] or [""]


def _part(case: Any, url: str, place: str, steps: list[str], fault: str) -> str:
    name, fault = ".".join(steps), "Incorrect type" if fault == "`type`" else fault
    if place == "query":
        return f"query {name}: {fault}, {_sent(name, url)}"
    if place != "body":
        return f"{place} {name}: {fault}"
    value = case.body
    for step in steps:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(step) if isinstance(value, dict) else value
    return f"body {name}: {fault}, {_kind(value)}"


def _sent(name: str, url: str) -> str:
    values = parse_qs(urlsplit(url).query, keep_blank_values=True).get(name)
    return "absent" if values is None else _line(values[0])[:20] or "empty"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", dict: "object", int: "integer", float: "number", str: "text"}.get(type(value), "list")


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:200]


def _shown(case: Any, response: Any) -> str:
    asked = response.request
    body = asked.body if isinstance(asked.body, bytes | str) else b""
    sent = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    return (
        f"{asked.method} {asked.url}\n{_line(sent)[:300]}\n"
        f"{response.status_code} {_line(response.content.decode('utf-8', 'replace'))[:400]}"
    )
