"""What the docs have to cover: every registry of the code, with the page on which each of its entries is explained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

import click

from bodega import manual
from bodega.access.plans import PLANS
from bodega.access.settings import SETTINGS
from bodega.cli import main
from bodega.cli.fault import command as fault_command
from bodega.cli.routes import served
from bodega.events.page import events
from bodega.lab.control.operation import bind
from bodega.lab.control.table import OPERATIONS
from bodega.lab.faults.reading import OF_WEBHOOKS, PARTS
from bodega.lab.faults.rule import Webhook
from bodega.lab.report.card import CHECKS
from bodega.lab.states import STATES
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason
from bodega.resources import MODEL

RULES = (
    "before_validate",
    "before_write",
    "extra_statements",
    "conflicts",
    "after_write",
    "cascade",
    "before_delete",
    "after_delete",
)
"""The lists of an aggregate in the order in which they run."""

WEBHOOK_FAULTS = {
    "dropped": "It is not sent, and not tried again.",
    "doubled": "It is sent twice, with the same `webhook-id`.",
    "delayed": "It is sent `delay` seconds after its event, by the store's clock.",
    "reordered": "It is sent after the next event of its hook, or after `delay` seconds.",
    "unsigned": "It has no `webhook-signature`.",
    "badly_signed": "Its `webhook-signature` is wrong.",
}


class Registry(NamedTuple):
    """A kind of things that the code declares. `page` explains each by a row of a table that begins with its name, or
    by a heading with it where `heads` is set; `names` are all there are."""

    kind: str
    page: str
    names: tuple[str, ...]
    heads: bool = False


def registries() -> tuple[Registry, ...]:
    """Every registry that has to be documented."""
    return (
        Registry("setting", "settings.md", tuple(SETTINGS)),
        Registry("plan", "settings.md", tuple(PLANS)),
        Registry("command", "cli.md", tuple(commands(main, "bodega")), heads=True),
        Registry("reason", "status-codes.md", tuple(Reason.__members__)),
        Registry("outcome", "status-codes.md", tuple(outcome.__name__ for outcome in OUTCOMES)),
        Registry("route", "routes.md", tuple(route["path"] for route in served())),
        Registry("rule", "rules.md", tuple(rules())),
        Registry("event", "events.md", tuple(events())),
        Registry("fault", "fault-words.md", (*(name for part in PARTS.values() for name in part), *get_args(Webhook))),
        Registry("named state", "states.md", tuple(STATES)),
        Registry("check", "report-card.md", tuple(check.name for check in CHECKS)),
        Registry("operation of the lab", "lab.md", tuple(f"{one.method} {one.path}" for one in bind(OPERATIONS))),
    )


def commands(command: click.Command, words: str) -> Iterator[str]:
    """Every command below one, by the words that call it."""
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            if inner is not None:
                yield f"{words} {name}"
                yield from commands(inner, f"{words} {name}")


def rules() -> Iterator[str]:
    """Every rule of every table, each name once."""
    declared = (getattr(MODEL.rules_of(table), kind) for table in MODEL.tables for kind in RULES)
    yield from dict.fromkeys(rule.__name__ for found in declared for rule in found)


def undocumented(found: Iterable[Registry] | None = None) -> list[str]:
    """What no page explains, each as a sentence. A row that has nothing but a name explains nothing."""
    wrong = []
    for registry in registries() if found is None else found:
        text = manual.text(registry.page) or ""
        told = set(re.findall(r"^##+ (.+)$", text, re.MULTILINE)) if registry.heads else set(_explained(text))
        wrong += [
            f"The {registry.kind} {name} is not explained on docs/{registry.page}."
            for name in registry.names
            if name not in told
        ]
    listed = [name for group in manual.navigation() for name in group.names]
    loose = set(manual.names()) - {manual.HOME, *manual.decisions()} - set(listed)
    wrong += [f"The page {name} does not stand in the navigation." for name in sorted(loose)]
    wrong += [f"The navigation names {name}, which is no page." for name in sorted(set(listed) - set(manual.names()))]
    wrong += [f"The navigation names {name} twice." for name in sorted(set(listed)) if listed.count(name) > 1]
    return wrong


def _explained(text: str) -> Iterator[str]:
    """What stands as code in one of the first two cells of a row that says something besides."""
    for line in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        cells = re.split(r"(?<!\\) \| ", line)
        for place, cell in enumerate(cells[:2]):
            if name := re.fullmatch(r"`([^`]+)`", cell.strip()):
                if any(re.search(r"\w", other) for other in cells[place + 1 :]):
                    yield name[1]
                break


TITLES = {"match": "Which calls", "schedule": "Which of those", "effect": "What happens"}
INTRODUCTION = """# The words of faults

Every member of a fault rule: as the control API and `bodega fault list HASH --json` write it, with the option of
`bodega fault add` of the same meaning. The header `Bodega-Fault` takes the words of *What happens* for one request,
with hyphens. With examples: [faults.md](faults.md).
"""


def fault_words() -> str:
    """docs/fault-words.md: every member of a fault rule, and what may become of a webhook."""
    add: Any = fault_command
    options = {option.name: option for option in add.commands["add"].params}
    parts = [INTRODUCTION]
    for part, names in PARTS.items():
        rows = []
        for name in names:
            option = options[{"headers": "header"}.get(name, name)] if name not in options else options[name]
            about = "webhooks" if name in (*OF_WEBHOOKS, "webhook", "delay") else "requests"
            about = "both" if part == "schedule" else about
            rows.append(f"| `{name}` | `{option.opts[0]}` | {about} | {option.help} |\n")
        parts.append(
            f"\n## {TITLES[part]}: `{part}`\n\n| member | option | of | meaning |\n| --- | --- | --- | --- |\n"
        )
        parts += rows
    parts.append("\n## What becomes of a webhook: `effect.webhook`\n\n| word | what happens |\n| --- | --- |\n")
    parts += [f"| `{word}` | {WEBHOOK_FAULTS[word]} |\n" for word in get_args(Webhook)]
    return "".join(parts)
