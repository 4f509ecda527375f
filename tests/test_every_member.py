"""Nothing is taken and then ignored: every member of every published body is written, and read back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bodega.kit.route import Route
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from member_trial import Trial, label_of, route_of
from members import BASES, ELSEWHERE, OPENING, REFUSED, ROWS, UNSENT, Known, told
from published import needs_shared, published, v2_fields
from replies import Row, rows, v2_tables
from replies.shipping_v3 import PROVIDERS
from shop import Server
from test_published_fields import BY_PATH, words
from test_published_replies import filled
from written import ITEM, Member, Place, legacy_members, members, same, shown_at, values

pytestmark = needs_shared


class Verdict(NamedTuple):
    """What became of a member: `shown`, `dropped`, `refused` (with why), or `untried`."""

    operation: str
    member: str
    what: str
    why: str = ""


def published_members(route: Route, method: str) -> list[Member]:
    """The writable members of an operation's body: by its file, or by V2's field table."""
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
    """Every member of every operation for which there is a row, each written in transactions that are undone.

    `found` has the best verdict of each member, since a member may stand in one of several bodies only; `dropped` each
    body in which it was taken and not shown. `asked` are the operations, `wrong` the bodies that were not taken.
    """

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.asked: set[str] = set()
        self.found: list[Verdict] = []
        self.dropped: list[Verdict] = []
        self.wrong: list[str] = []
        for row in OPENING:
            trial.keep(row)
        for row in rows():
            if (
                label_of(row.method, re.sub(r"\{\w+\}", "1", row.path)) not in BASES
            ):  # which are asked by the rows below
                self.ask(row)
            trial.keep(row)
        for row in ROWS:
            self.ask(row)
            trial.keep(row)

    def ask(self, row: Row) -> None:
        """Writes each member of the row's operation, the first time that it comes."""
        if row.method not in ("POST", "PUT") or row.status or isinstance(row.body, bytes):
            return
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
                self.wrong.append(f"{label}: {base}: {before.reply.status} {before.reply.body[:300]!r}")
            bases.append((there, base, before.shown))
        for number, member in enumerate(published_members(route_of(path), row.method)):
            known = any(one.covers(label, member.name) for one in REFUSED)
            tries = [
                self.verdict(label, row.method, there, base, shown, member, f"text{number}")
                for there, base, shown in (bases[:1] if known else bases)  # to refuse it once is enough
            ]
            self.found.append(min(tries, key=lambda one: ("shown", "dropped", "refused", "untried").index(one.what)))
            self.dropped += [one for one in tries if one.what == "dropped"]

    def verdict(self, label: str, method: str, path: str, base: Any, before: Any, member: Member, text: str) -> Verdict:
        """What becomes of a member in one body: of the first of its values that differs from what is shown and is
        taken."""
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


DIFFERENCES = Path(__file__).resolve().parents[1] / "docs" / "differences.md"
SECTION = "## Members that are taken and not shown"


def passed_over() -> list[list[Known]]:
    """The rows of the table in docs/differences.md: each as the patterns that it holds."""
    rows_ = [line.split("|")[1:-1] for line in DIFFERENCES.read_text("utf-8").partition(SECTION)[2].splitlines()]
    cells = [[re.findall(r"`([^`]+)`", cell) for cell in row[:2]] + [row[2:]] for row in rows_ if len(row) == 3]
    return [
        [Known(operation, member, str(why[0]).strip()) for operation in operations for member in named]
        for operations, named, why in cells
        if operations
    ]


@pytest.fixture(scope="module")
def everything(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """Every member, tried once."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("members"), None)))
    with pytest.MonkeyPatch.context() as patch:
        yield Everything(Trial(server.shop(**PROVIDERS), patch))
    runner.run(server.app.stop())


def test_every_write_is_tried(everything: Everything) -> None:
    """Each operation that has a published body, with a body that is taken."""
    assert not everything.wrong, "\n".join(everything.wrong)
    named = {
        f"{method} /v{route.version}/{route.template}"
        for route in ROUTES
        for method in route.actions
        if method in ("POST", "PUT") and published_members(route, method)
    }
    assert named - everything.asked == set(UNSENT)
    assert sum(one.what == "shown" for one in everything.found) > 1_500


def test_what_is_taken_is_shown_or_told(everything: Everything) -> None:
    """Nothing is taken and then ignored, unless docs/differences.md says so; and it says nothing that is not so."""
    table = passed_over()
    dropped = everything.dropped
    silent = [one for one in dropped if not any(k.covers(one.operation, one.member) for row in table for k in row)]
    assert not silent, "\n".join(map(str, silent))
    idle = [row[0] for row in table if not any(k.covers(one.operation, one.member) for k in row for one in dropped)]
    assert not idle, "\n".join(["shown by now, or refused:", *map(str, idle)])


@pytest.mark.parametrize(("what", "table"), [("refused", REFUSED), ("untried", ELSEWHERE)])
def test_no_member_escapes(everything: Everything, what: str, table: list[Known]) -> None:
    """What is refused although it is valid, or cannot be tried, is known; and so is every reason."""
    those = [one for one in everything.found if one.what == what]
    unknown = [one for one in those if not any(row.covers(one.operation, one.member) for row in table)]
    assert not unknown, "\n".join(map(str, unknown))
    idle = [row for row in table if not any(row.covers(one.operation, one.member) for one in those)]
    assert not idle, "\n".join(map(str, idle))


def test_what_is_tested_elsewhere_is() -> None:
    """The modules are there, and speak of the member."""
    here = Path(__file__).parent
    for row in ELSEWHERE:
        assert row.member.lstrip("*").rpartition(".")[2] in (here / row.why).read_text("utf-8"), row
