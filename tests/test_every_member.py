"""Nothing is taken and then ignored: every member of every published body is written, and read back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from bodega.kit.route import Route
from bodega.storage.opening import open_backend
from member_trial import Trial, label_of, route_of
from members import BASES, OPENING, ROWS, told
from published import needs_shared, published, v2_fields
from replies import Row, rows, v2_tables
from shop import Server
from test_published_fields import BY_PATH, words
from test_published_replies import filled
from written import ITEM, NOTHING, Member, Place, legacy_members, members, same, shown_at, values

pytestmark = needs_shared


class Verdict(NamedTuple):
    """What became of a member: `shown`, `dropped`, `refused` (with why), or `untried`."""

    operation: str
    member: str
    what: str
    why: str = ""


def published_members(route: Route, method: str) -> list[Member]:
    operation = published(route.version, method, route.template)
    if operation is not None and operation.body is not None:
        return members(operation)
    path = words(route.template)
    resource = v2_tables().get(path, BY_PATH.get(path, path))
    if route.version == 2 and route.fields is not None and resource in v2_fields():
        return legacy_members(resource, method)
    return []


def put(body: Any, place: Place, value: Any, inside: Mapping[str, Any] = {}) -> Any:
    """The body with a value at a place, where what is missing around it is made."""
    step, rest = place[0], place[1:]
    if step == ITEM:
        items = body if isinstance(body, list) and body else [{}]
        return [put(items[0], rest, value, inside) if rest else value, *items[1:]]
    there = body if isinstance(body, dict) else {}
    if not rest:
        return {**there, **inside, step: value}
    return {**there, step: put(there.get(step), rest, value, inside)}


class Everything:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.asked: set[str] = set()
        self.found: list[Verdict] = []
        for number, row in enumerate([*OPENING, *rows(), *ROWS]):
            early = number < len(OPENING) + len(rows()) and label_of(row.method, re.sub(r"\{\w+\}", "1", row.path)) in BASES
            if number >= len(OPENING) and row.method in ("POST", "PUT") and not row.status and not isinstance(row.body, bytes) and not early:
                try:
                    self.ask(row)
                except Exception as e:
                    self.found.append(Verdict(row.method + row.path, "", "error", repr(e)))
            trial.keep(row)

    def ask(self, row: Row) -> None:
        path = filled(row.path, self.trial.names)
        label = label_of(row.method, path)
        if label in self.asked:
            return
        self.asked.add(label)
        bases = []
        for body in (row.body, *BASES.get(label, ())):
            one = body if isinstance(body, Row) else Row(row.method, row.path, body)
            there, base = filled(one.path, self.trial.names), filled(one.body, self.trial.names)
            before = self.trial.attempt(row.method, there, base)
            if before.reply.status >= 300:
                self.found.append(Verdict(label, "", "base", f"{before.reply.status} {base} {before.reply.body[:300]}"))
            bases.append((there, base, before.shown))
        for number, member in enumerate(published_members(route_of(path), row.method)):
            tries = [self.verdict(label, row.method, there, base, shown, member, f"text{number}") for there, base, shown in bases]
            self.found.append(min(tries, key=lambda one: ("shown", "dropped", "refused", "untried").index(one.what)))

    def verdict(self, label: str, method: str, path: str, base: Any, before: Any, member: Member, text: str) -> Verdict:
        known = told(label, member.name)
        place = member.place if not known.shown else tuple(known.shown.split("."))
        if isinstance(before, list) and place[0] != ITEM:
            place = (ITEM, *place)
        inside, beside = filled(known.inside, self.trial.names), filled(known.beside, self.trial.names)
        verdict = Verdict(label, member.name, "untried")
        for value in filled(list(known.values), self.trial.names) or values(member, text):
            wanted = known.reads.get(value, value) if not isinstance(value, list | dict) else value
            was = shown_at(before, place)
            if any(same(wanted, one) for one in was):
                continue
            body = put(base, member.place, value, inside)
            if beside:
                body = {**body, **beside} if isinstance(body, dict) else [{**body[0], **beside}]
            tried = self.trial.attempt(method, path, body)
            if tried.reply.status >= 300 or (tried.reply.status == 207 and "errors" in tried.reply.json):
                if verdict.what == "untried":
                    why = f"{value!r}: {tried.reply.status} {tried.reply.body.decode()[:300]}"
                    verdict = Verdict(label, member.name, "refused", why)
                continue
            now = shown_at(tried.shown, place)
            if any(same(wanted, one) for one in now):
                return Verdict(label, member.name, "shown")
            return Verdict(label, member.name, "dropped", f"{value!r}, shown {now[:3]!r}, before {was[:3]!r}")
        only = [schema for schema in member.schemas if len(schema.get("enum", ())) == 1]
        return verdict._replace(what="shown") if only and verdict.what == "untried" else verdict


def test_explore(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("members"), None)))
    everything = Everything(Trial(server.shop(), monkeypatch))
    runner.run(server.app.stop())
    with open("/tmp/rules_x/found.txt", "w") as out:
        for one in everything.found:
            out.write("\t".join(one) + "\n")
