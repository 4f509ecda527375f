"""The rules of a table, listed once.

A rule is a plain function; each kind has a protocol, so that the type checker rejects a wrong signature.
`U` is the unit of work, which imports this file and not the other way round; `storage/aggregate.py` binds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from bodega.law.refusal import Fault
from bodega.storage.outbox import Signal
from bodega.storage.table import Table
from bodega.storage.tx import Statement, Tx

U = TypeVar("U")
U_contra = TypeVar("U_contra", contravariant=True)
F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")

Bound = tuple[tuple[R, frozenset[str] | None], ...]
"""Rules in their order, each with the members without whose change it has nothing to do; None: it always may."""


def depends_on(members: str, *, new: bool = True) -> Callable[[F], F]:
    """Declares that a rule has nothing to do in an update that leaves these members as they are; one before validation
    has nothing to do for a draft without any of them. Unless `new`, it has nothing to do for a new row either.

    It names all members that the rule reads or sets in its entity, and `tests/test_dependencies.py` holds it to that.
    """

    def declare(rule: F) -> F:
        rule.depends_on = frozenset(members.split())  # type: ignore[attr-defined]
        rule.runs_for_new = new  # type: ignore[attr-defined]
        return rule

    return declare


def members_of(rule: Any) -> frozenset[str] | None:
    """The members on which a rule depends, None if it declares none."""
    found: frozenset[str] | None = getattr(rule, "depends_on", None)
    return found


def _bound(rules: Iterable[R]) -> Bound[R]:
    return tuple((rule, members_of(rule)) for rule in rules)


def _for_new(rules: Iterable[R]) -> tuple[R, ...]:
    return tuple(rule for rule in rules if getattr(rule, "runs_for_new", True))


class BeforeValidate(Protocol[U_contra]):
    """Before the entity is built: may change the draft, refuse it, or note what could not be done (207).

    `old` is the present entity, None on a create.
    """

    async def __call__(self, unit: U_contra, changes: dict[str, Any], old: Any, notes: list[Fault], /) -> None: ...


class BeforeWrite(Protocol[U_contra]):
    """Before the row is written: may finish `new`, or refuse it."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class ExtraStatements(Protocol[U_contra]):
    """Statements that belong to the write and are sent together with the row. They cannot depend on a query."""

    def __call__(self, unit: U_contra, old: Any, new: Any, /) -> Sequence[Statement]: ...


class Conflicts(Protocol):
    """Runs only after a constraint refused the row: finds what it conflicts with."""

    async def __call__(self, tx: Tx, new: Any, /) -> list[Fault]: ...


class AfterWrite(Protocol[U_contra]):
    """Runs after the row is written, in the same transaction."""

    async def __call__(self, unit: U_contra, old: Any, new: Any, /) -> None: ...


class Cascade(Protocol[U_contra]):
    """Before a delete: the ids of further rows of the table that are deleted with these."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> Sequence[int]: ...


class BeforeDelete(Protocol[U_contra]):
    """Before a delete: may refuse it, or update rows that refer to these."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> None: ...


class AfterDelete(Protocol[U_contra]):
    """Runs after a delete, in the same transaction; `ids` are those that existed."""

    async def __call__(self, unit: U_contra, ids: Sequence[int], /) -> None: ...


class Upkeep(NamedTuple):
    """What writes of a table leave for later on SQLite, because it costs less for many rows at once. It may be done at
    any time: what is asked sees no difference.

    `waiting` is a query of how many rows wait; `statements` take the first of them, and are one transaction."""

    waiting: str
    statements: tuple[str, ...]


class Concerned(msgspec.Struct, Generic[U], frozen=True):
    """The rules that a change of some members concerns. Those before the write stand beside their place among all, and
    the members in which the row may differ when they have run, None if these are not known."""

    before_write: tuple[tuple[int, BeforeWrite[U], tuple[str, ...] | None], ...]
    extra_statements: tuple[ExtraStatements[U], ...]
    after_write: tuple[AfterWrite[U], ...]


class OnUpdate(Generic[U]):
    """The rules of an update, with what each depends on."""

    def __init__(
        self,
        before_write: Bound[BeforeWrite[U]],
        extra_statements: Bound[ExtraStatements[U]],
        after_write: Bound[AfterWrite[U]],
    ) -> None:
        self.before_write = before_write
        self.extra_statements = extra_statements
        self.after_write = after_write
        self._concerned: dict[frozenset[str], Concerned[U]] = {}

    def concerned(self, differing: frozenset[str]) -> Concerned[U]:
        """The rules that a change of these members concerns."""
        known = self._concerned.get(differing)
        if known is None:
            if len(self._concerned) >= MOST_KNOWN:
                self._concerned.clear()
            known = self._concerned[differing] = Concerned(
                tuple(
                    (place, rule, None if members is None else tuple(differing | members))
                    for place, (rule, members) in enumerate(self.before_write)
                    if _concerns(members, differing)
                ),
                tuple(rule for rule, members in self.extra_statements if _concerns(members, differing)),
                tuple(rule for rule, members in self.after_write if _concerns(members, differing)),
            )
        return known


MOST_KNOWN = 256
"""Sets of members of which it is kept what their change concerns: clients change few of all there could be."""


def _concerns(members: frozenset[str] | None, differing: frozenset[str]) -> bool:
    return members is None or not members.isdisjoint(differing)


class OnInsert(NamedTuple, Generic[U]):
    """The rules of a new row that have something to do."""

    before_write: tuple[BeforeWrite[U], ...]
    extra_statements: tuple[ExtraStatements[U], ...]
    after_write: tuple[AfterWrite[U], ...]


@dataclass(frozen=True, eq=False)
class Rules(Generic[U]):
    """A table and all the rules that run for its rows, each list in the order in which they run."""

    table: Table
    before_validate: tuple[BeforeValidate[U], ...] = ()
    before_write: tuple[BeforeWrite[U], ...] = ()
    extra_statements: tuple[ExtraStatements[U], ...] = ()
    conflicts: tuple[Conflicts, ...] = ()
    after_write: tuple[AfterWrite[U], ...] = ()
    cascade: tuple[Cascade[U], ...] = ()
    before_delete: tuple[BeforeDelete[U], ...] = ()
    after_delete: tuple[AfterDelete[U], ...] = ()
    signals: tuple[Signal, ...] = ()
    upkeep: Upkeep | None = None
    drafted: Bound[BeforeValidate[U]] = field(init=False, repr=False)
    on_update: OnUpdate[U] = field(init=False, repr=False)
    on_insert: OnInsert[U] = field(init=False, repr=False)
    """What follows from them: the rules of a draft, of an update and of a new row."""

    def __post_init__(self) -> None:
        on_update: OnUpdate[U] = OnUpdate(
            _bound(self.before_write), _bound(self.extra_statements), _bound(self.after_write)
        )
        on_insert: OnInsert[U] = OnInsert(
            _for_new(self.before_write), _for_new(self.extra_statements), _for_new(self.after_write)
        )
        follows = {"drafted": _bound(self.before_validate), "on_update": on_update, "on_insert": on_insert}
        for name, value in follows.items():
            object.__setattr__(self, name, value)
