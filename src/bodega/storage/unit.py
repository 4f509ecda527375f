"""One unit of work: the only way to write rows.

A unit lives inside one write transaction of one store. Constraints decide first: a row is simply written, and only if
an index or a foreign key refuses it does `conflicts` read what it conflicts with. So the usual write needs no queries,
and the answer is right under any concurrency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from bodega.law.reasons import LIMITS, Step
from bodega.law.refusal import Refusal
from bodega.storage import files, query
from bodega.storage.conflicts import conflicts
from bodega.storage.limits import respect_cap_within, respect_limits
from bodega.storage.made import Made
from bodega.storage.model import DataModel
from bodega.storage.outbox import (
    CREATED,
    DELETED,
    HOOKS,
    UPDATED,
    Audience,
    Cause,
    Interest,
    Signal,
    on_channels,
    outbox_events,
)
from bodega.storage.outside import NOBODY, Answers
from bodega.storage.query import Row, StoredRow
from bodega.storage.shared import Shared
from bodega.storage.table import Table, linked, numbered_placeholders, parts, update_sql, with_number
from bodega.storage.table_stats import TableStatistics, strictly_later
from bodega.storage.tx import Clash, Statement, Tx

AT_ONCE = 1000
"""Rows that one statement deletes: every id is a parameter, and databases accept some ten thousand."""

ROWS_PER_TRIP = 50
"""Rows that are rewritten in one round trip to the database."""


class Terms(msgspec.Struct, frozen=True):
    """What a write respects besides the rows: the plan's limits by counter (absent: no limit), the store's settings.

    `latest` is set if the store's clock has shown a later time before it went back, in UTC seconds. `store` is the
    store's hash, of which what is written may tell an address.
    """

    limits: Mapping[str, int] = {}
    settings: Mapping[str, Any] = {}
    latest: int = 0
    store: str = ""


class Unit:
    """`now` is the store's time, in UTC seconds, when the work began; `client_id` the account for which it is done.

    `outside` knows what other servers answered: while the work is done, none is waited for.

    `cause` is a word for what changes the rows if the caller did not ask for the change itself, such as "order" for
    stock that an order takes: some events are fired for one cause only. `model` has the rules of every table.
    """

    __slots__ = (
        "_shared",
        "cause",
        "client_id",
        "interest",
        "judged",
        "leaving",
        "left",
        "made",
        "model",
        "now",
        "outside",
        "stamp",
        "statistics",
        "terms",
        "tx",
    )

    def __init__(
        self, tx: Tx, statistics: TableStatistics, now: int, terms: Terms, model: DataModel[Unit], interest: Interest
    ) -> None:
        self.tx = tx
        self.statistics = statistics
        self.now = now
        self.terms = terms
        if terms.latest:
            statistics.note(terms.latest)
        self.model = model
        self.client_id = ""
        self.outside: Answers = NOBODY
        self.leaving: set[tuple[str, int]] = set()
        """Rows that are being deleted, as (table, id): rows that are deleted with them need no protection."""
        self.left: set[tuple[str, int]] = set()
        """Those of them that were there, and are deleted."""
        self.judged: set[tuple[str, int]] = set()
        """Rows, as (table, id of the parent), that were compared with each other before the first of them is written:
        the rule that compares one with all others passes them."""
        self.made = Made(statistics)
        self.interest = interest
        self.cause: Cause = ""
        self._shared: Shared | None = None
        self.stamp = statistics.stamp(now)
        """The date of what this unit changes, in UTC seconds: `now`, unless the clock has gone back."""

    @property
    def shared(self) -> Shared:
        """Rows that were read for several others."""
        if self._shared is None:
            self._shared = Shared(self.tx, self.statistics)
        return self._shared

    async def get(self, table: Table, entity_id: int) -> Row | None:
        """The row as this transaction sees it."""
        return await query.get(self.tx, table, entity_id)

    async def where(self, table: Table, test: str, *values: Any, order: str = "id") -> list[Row]:
        """The rows that meet a test in SQL, as this transaction sees them."""
        return await query.where(self.tx, table, test, *values, order=order)

    async def get_unless_known(self, table: Table, entity_id: int, known: StoredRow | None) -> Row | None:
        """The row as this transaction sees it; `known` is the row as read just before.

        Where a query costs a round trip, the known row is trusted, and the update verifies it.
        """
        if self.tx.asks or known is None or (table.name, entity_id) in self.statistics.written:
            return await query.get(self.tx, table, entity_id)
        return known.decoded(table, held=False)

    async def insert(self, table: Table, entity: Any, *, numbered: bool = False) -> Row:
        """Inserts a new entity, which gets its id. Raises Refusal: conflicts first, then the plan's limit, last the
        platform's.

        A `numbered` one brings its id, which may be 0.
        """
        rules = self.model.rules_of(table)
        table = rules.table  # whose caps are in force
        try:
            for before_write in rules.on_insert.before_write:
                await before_write(self, None, entity)
            respect_limits(table, self.statistics, self.terms.limits)
            if table.cap_within is not None:
                await respect_cap_within(self.tx, table, self.statistics, *table.cap_within, entity)
        except Refusal as refusal:
            await self.in_order(refusal, table, entity)
            if refusal.reason in LIMITS:
                respect_limits(table, self.statistics, self.terms.limits)
            raise
        given = entity.id if numbered or entity.id else None
        entity.id, version = self.statistics.enter(table.name, self.now, given)
        doc, rest = table.encode(entity)
        row = (entity.id, doc, rest, version, self.now, *table.values(entity))
        statements: list[Statement] = [(table.insert_sql, row)]
        for link in table.links:
            statements += linked(link, entity.id, link.members(entity))
        for extra_statements in rules.on_insert.extra_statements:
            statements += extra_statements(self, None, entity)
        if table.files:
            statements += files.used(table.name, entity.id, files.named_in(doc, rest))
        try:
            await self.tx.script(statements, sure=True)
        except Clash:
            await self.refuse_conflicts(table, entity)
            raise
        self.made.note(table.name, entity, doc)
        if rules.signals and self.statistics.total(HOOKS):
            await self._tell(table, CREATED, None, entity)
        for after_write in rules.on_insert.after_write:
            await after_write(self, None, entity)
        return Row(entity, version, self.now, doc)

    async def save(self, table: Table, old: Row | None, entity: Any) -> Row:
        """Writes an entity over `old`, or inserts it under the id that it brings. Raises Refusal."""
        if old is None:
            return await self.insert(table, entity, numbered=True)
        return await self.update(table, old, entity)

    async def update(self, table: Table, old: Row, entity: Any, replaced: Collection[str] | None = None) -> Row:
        """Writes the changed entity over `old`. Raises Refusal.

        `replaced` are the members outside of which the two cannot differ, if that is known. One that says nothing new
        is no write: no rule follows, no event is fired, the row keeps its version and dates.
        """
        was = old.entity
        differing = table.differing(was, entity, replaced)
        if differing <= table.moved:
            return await self._as_it_was(table, old)
        rules = self.model.rules_of(table).on_update
        concerned = rules.concerned(differing)
        try:
            left = list(concerned.before_write)
            while left:
                place, before_write, within = left.pop(0)
                await before_write(self, was, entity)
                # A rule may finish the entity, though only in members that it declares.
                before, differing = differing, table.differing(was, entity, within)
                if before != differing:
                    concerned = rules.concerned(differing)
                    left = [later for later in concerned.before_write if later[0] > place]
        except Refusal as refusal:
            await self.in_order(refusal, table, entity)
            raise
        if differing <= table.moved:
            return await self._as_it_was(table, old)
        version, stamp = self.statistics.touch(table.name, self.now), self.stamp
        self.made.forget(table.name)
        if table.cap_within is not None:
            self.statistics.forget_held(table.name)
        doc, rest = table.encode(entity)
        following = table.following(differing)
        changed, moved = following.changes(was, entity)
        values = (entity.id, doc, rest, version, stamp, *moved)
        main = (update_sql(table.name, changed, held=old.held), values if old.held else (*values, old.version))
        statements: list[Statement] = []
        for link in following.links:
            listed = link.members(entity)
            if list(listed) != list(link.members(was)):
                await self.tx.run(f"DELETE FROM {link.name} WHERE {link.owner} = $1", entity.id)
                statements += linked(link, entity.id, listed)
        for extra_statements in concerned.extra_statements:
            statements += extra_statements(self, was, entity)
        lost: set[str] = set()
        if following.files:
            named_before, named = files.named_in(*table.encode(was)), files.named_in(doc, rest)
            statements += files.used(table.name, entity.id, named - named_before)
            lost = named_before - named
        self.statistics.written.add((table.name, entity.id))
        try:
            await self.tx.script([*statements, main], sure=old.held)
        except Clash:
            await self.refuse_conflicts(table, entity)
            raise
        if lost:
            await files.release(self.tx, table.name, entity.id, lost)
        if self.statistics.total(HOOKS):
            await self._tell(table, UPDATED, was, entity)
        for after_write in concerned.after_write:
            await after_write(self, was, entity)
        return Row(entity, version, strictly_later(old.modified, stamp), doc)

    async def _as_it_was(self, table: Table, old: Row) -> Row:
        """The row of an update that changes nothing; one that was read before the transaction is made sure of."""
        if not old.held:
            sql = f"SELECT 1 FROM {table.name} WHERE id = $1 AND version = $2"
            await self.tx.script([(sql, (old.entity.id, old.version))], sure=False)
        return old

    async def rewrite(self, table: Table, *rows: Row) -> None:
        """Writes rows whose members follow from the change of another row: no rule runs for them."""
        self.made.forget(table.name)
        sql = update_sql(table.name, table.valued)
        statements: list[Statement] = []
        moved: list[tuple[int, set[str]]] = []
        for row in rows:
            doc, rest = table.encode(row.entity)
            version = self.statistics.touch(table.name, self.now)
            statements.append((sql, (row.entity.id, doc, rest, version, self.stamp, *table.values(row.entity))))
            self.statistics.written.add((table.name, row.entity.id))
            if table.files and (named := files.named_in(doc, rest)) != files.named_in(row.doc, None):
                moved.append((row.entity.id, named))
        was: dict[int, Any] = {}
        if await self._heard(table, UPDATED):
            for some in parts(rows, AT_ONCE):
                ids = [row.entity.id for row in some]
                was |= {entity.id: entity for entity in await query.entities_of(self.tx, table, ids)}
        for start in range(0, len(statements), ROWS_PER_TRIP):
            await self.tx.script(statements[start : start + ROWS_PER_TRIP])
        for owner, named in moved:
            named_before = await files.using(self.tx, table.name, owner)
            for statement, its_values in files.used(table.name, owner, named - named_before):
                await self.tx.run(statement, *its_values)
            await files.release(self.tx, table.name, owner, named_before - named)
        self.shared.were_written(table, rows)
        for row in [row for row in rows if row.entity.id in was]:
            await self._tell(table, UPDATED, was[row.entity.id], row.entity)

    async def patch(self, table: Table, patches: Sequence[tuple[StoredRow, Any]], members: Sequence[str]) -> None:
        """As `rewrite`, for rows of which only these members change, each a number: their documents are not decoded.

        Beside each row stands what has the new values of the members as attributes, and all from which columns that
        depend on them are computed.
        """
        if await self._heard(table, UPDATED):
            rows = [row.decoded(table, held=True) for row, _ in patches]
            for row, (_, new) in zip(rows, patches, strict=True):
                for name in members:
                    setattr(row.entity, name, getattr(new, name))
            await self.rewrite(table, *rows)
            return
        self.made.forget(table.name)
        statements: list[Statement] = []
        following = table.following(frozenset(members))
        for stored, new in patches:
            version = self.statistics.touch(table.name, self.now)
            doc = stored.doc
            for name in members:
                doc = with_number(doc, name, getattr(new, name))
            columns, values = following.changes(None, new)
            sql = update_sql(table.name, columns)
            statements.append((sql, (stored.id, doc, stored.rest, version, self.stamp, *values)))
            self.statistics.written.add((table.name, stored.id))
        for start in range(0, len(statements), ROWS_PER_TRIP):
            await self.tx.script(statements[start : start + ROWS_PER_TRIP])

    async def delete(self, table: Table, ids: Sequence[int]) -> None:
        """Deletes the rows with these ids; ids that do not exist are ignored. Raises Refusal."""
        if not ids:
            return
        for cascade in self.model.rules_of(table).cascade:
            ids = list(dict.fromkeys([*ids, *await cascade(self, ids)]))
        for some in parts(ids[::-1], AT_ONCE):  # children first, lest the database deletes them unseen
            await self._delete(table, some)

    async def _delete(self, table: Table, ids: Sequence[int]) -> None:
        rules = self.model.rules_of(table)
        for rule in rules.before_delete:
            await rule(self, ids)
        self.leaving.update((table.name, gone) for gone in ids)
        for child, column in self.model.children[table.name]:
            if self.statistics.total(child.name):
                placeholders = numbered_placeholders(len(ids))
                sql = f"SELECT id FROM {child.name} WHERE {column} IN ({placeholders})"
                await self.delete(child, await query.values(self.tx, sql, *ids))
        living = await query.existing(self.tx, table.name, ids)
        if not living:
            return
        self.left.update((table.name, gone) for gone in living)
        self.statistics.leave(table.name, self.now, living)
        self.made.forget(table.name)
        placeholders = numbered_placeholders(len(living))
        last = await query.entities_of(self.tx, table, living) if await self._heard(table, DELETED) else []
        await self.tx.run(f"DELETE FROM {table.name} WHERE id IN ({placeholders})", *living)
        if table.files:
            await files.forget(self.tx, table.name, living)
        for entity in last:
            await self._tell(table, DELETED, entity, None)
        for rule in rules.after_delete:
            await rule(self, living)

    async def fire(self, scope: str, data: Any, *, channels: Sequence[int] = (), client_id: str = "") -> None:
        """Fires an event that is not the change of one row; `data` is that of the payload. A `#` in the scope stands
        for each of `channels`; `client_id` limits it to the hooks of one client."""
        audience = await self.audience()
        if audience is None:
            return
        scopes = on_channels(scope, channels)
        hooks = [(s, audience.of_client(s, client_id) if client_id else audience.of(s)) for s in scopes]
        if any(asking for _, asking in hooks):
            self.statistics.outbox += outbox_events(hooks, data, self.now)

    async def audience(self) -> Audience | None:
        """Which hooks subscribed to what, if there is any hook."""
        if not self.statistics.total(HOOKS):
            return None
        return await self.interest.now(
            self.tx, self.statistics.state(HOOKS)[0], settled=not self.statistics.moved(HOOKS)
        )

    async def _heard(self, table: Table, change: str) -> bool:
        """Whether any hook may subscribe to this change of the table: only then are the hooks read."""
        if not self.model.rules_of(table).signals:
            return False
        audience = await self.audience()
        return audience is not None and any(
            audience.hears_channels if signal.channels is not None else audience.of(signal.scope)
            for signal in self._signals(table, change)
        )

    async def _tell(self, table: Table, change: str, old: Any, new: Any) -> None:
        """Puts the events of a change into the outbox, for the hooks that subscribed to them."""
        if not self.statistics.total(HOOKS):
            return
        audience = await self.audience()
        if audience is None:
            return
        for signal in self._signals(table, change):
            if signal.channels is None:
                scopes = [signal.scope]
            elif audience.hears_channels:
                scopes = on_channels(signal.scope, await signal.channels(self.tx, old, new))
            else:
                continue
            hooks = [(scope, audience.of(scope)) for scope in scopes]
            if any(asking for _, asking in hooks):
                data = signal.say(old, new)
                if data is not None:
                    self.statistics.outbox += outbox_events(hooks, data, self.now)

    def _signals(self, table: Table, change: str) -> list[Signal]:
        return [s for s in self.model.rules_of(table).signals if change in s.on and s.cause in (None, self.cause)]

    async def in_order(self, refusal: Refusal, table: Table, entity: Any) -> None:
        """Reports what the write itself would have met first before a rule that merely ran earlier."""
        if refusal.reason.step is Step.PERFORM:
            await self.refuse_conflicts(table, entity)

    async def refuse_conflicts(self, table: Table, entity: Any) -> None:
        """Raises a refusal that names every conflict of the entity, if there is any."""
        faults = await conflicts(self.tx, table, entity, self.model.rules_of(table).conflicts)
        if faults:
            first = min(faults, key=lambda fault: fault.reason.rank)
            raise Refusal(first.reason, first.message, details=first.details, faults=faults)
