"""Queries read, measured, validated and kept.

What is too much is refused before the validation, whose cost grows with the square of what stands side by side: a walk
through the query as it will be carried out, with its fragments in their places, ends where a limit is passed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    VariableNode,
    parse,
    validate,
)

from bodega.aside import aside
from bodega.storefront.graphql.resolvers import COSTLY
from bodega.storefront.graphql.schema import schema

LONGEST = 100_000
"""Bytes of a query, at most."""

MOST_TOKENS = 12_000
MOST_FIELDS = 4_000
"""Fields that one operation selects, those of a fragment counted wherever it stands."""

MOST_IN_ALL = 3 * MOST_FIELDS
"""Likewise of all operations and fragments of a document together."""

DEEPEST_SPREADS = 24
"""Fragments, named or not, within one another."""

MOST_ALIKE = 50
"""Times that one name of the answer stands in one selection, and fields of the query itself under different aliases."""

MOST_ROOTS = 100
"""Fields of one selection of the outermost two levels: each is work of its own."""

MOST_COSTLY = 3
"""Mutations of one operation that hash a password or send a mail (`COSTLY`), under whatever aliases."""

DEEPEST = 16
MOST_COMPLEX = 50_000
"""The hosted service's limit is a smaller number of units that it does not tell; its own storefront needs 30,000 of
these."""

MOST_OBJECTS = 50_000
"""Objects of one answer: the bound of what a query really meets."""

MOST_ITEMS = 5_000
"""Items of all lists in the variables of a query."""

LIKELY = 3
"""Items that are reckoned with where a query names no number: most lists are short."""

PAGE, LARGEST_PAGE = 10, 250
"""Items of a page of a connection, unless the query says how many."""

KEPT = 1_000
KEPT_BYTES = 400 * 1024
"""Of the queries' text; what was made of it is up to 280 times as large."""


class Problem(NamedTuple):
    """An error of a query, without the query: `places` are lines and columns, from 1."""

    message: str
    places: tuple[tuple[int, int], ...] = ()


class Why(NamedTuple):
    """Why a query is refused; it is kept, so it holds nothing of the query itself."""

    code: str
    problems: tuple[Problem, ...]


class Refused(Exception):
    """A query that is not carried out: its errors, of one code."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.code)
        self.why = why


_SIZES = re.compile(r"\b(?:first|last)\s*:\s*\$(\w+)")
_MOST_COSTS = 100


class Document(NamedTuple):
    """A valid query; `fragments` by their names, `operations` by theirs ("" without one).

    `plans` is what its executions share; None, if `@skip` or `@include` may make them differ. `sizes` are the variables
    that say how large pages are, `costs` the complexities by the operation and these.
    """

    text: str
    node: DocumentNode
    operations: Mapping[str, OperationDefinitionNode]
    fragments: Mapping[str, FragmentDefinitionNode]
    plans: dict[Any, Any] | None
    sizes: tuple[str, ...]
    costs: dict[Any, int]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of a name; the only one, if none is named. Raises Refused."""
        if name:
            found = self.operations.get(name)
            if found is None:
                raise refused("OPERATION_RESOLUTION_FAILURE", f'Unknown operation named "{name}".')
            return found
        if len(self.operations) != 1:
            raise refused("OPERATION_RESOLUTION_FAILURE", "Must provide operation name if query has several.")
        return next(iter(self.operations.values()))


def refused(code: str, message: str) -> Refused:
    """A refusal of one error."""
    return Refused(Why(code, (Problem(message),)))


def refused_for(code: str, errors: Sequence[GraphQLError]) -> Refused:
    """A refusal of errors that were found in a query."""
    return Refused(
        Why(
            code,
            tuple(
                Problem(one.message[:1_000], tuple((at.line, at.column) for at in one.locations or ()))
                for one in errors
            ),
        )
    )


class Documents:
    """The queries that were asked last, by their text; persisted ones by the SHA-256 of it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Document | Why] = OrderedDict()
        self._bytes = 0
        self.made = 0

    def persisted(self, digest: str) -> Document | None:
        """The query of this digest, if it is known."""
        found = self._kept.get(digest)
        return found if isinstance(found, Document) else None

    async def read(self, text: str) -> Document:
        """The document of a query; one that is not known yet is read aside. Raises Refused."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        found = self._kept.get(digest)
        if found is None:
            self.made += 1
            found = await aside(lambda: _read(text))
            self._keep(digest, found)
        else:
            self._kept.move_to_end(digest)
        if isinstance(found, Why):
            raise Refused(found)
        return found

    def _keep(self, digest: str, found: Document | Why) -> None:
        if digest in self._kept:  # another request was faster
            return
        self._kept[digest] = found
        self._bytes += len(found.text) if isinstance(found, Document) else 0
        while len(self._kept) > KEPT or (self._bytes > KEPT_BYTES and len(self._kept) > 1):
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone.text) if isinstance(gone, Document) else 0


def _read(text: str) -> Document | Why:
    try:
        if len(text) > LONGEST:
            raise refused("QUERY_TOO_LONG", f"A query has at most {LONGEST} characters.")
        try:
            node = parse(text, max_tokens=MOST_TOKENS)
        except GraphQLSyntaxError as error:
            raise refused_for("GRAPHQL_PARSE_FAILED", [error]) from None
        except RecursionError:
            raise _too_deep() from None
        made = _document(text, node)
        budget = _Budget()
        for fragment in made.fragments.values():
            _Walk(made.fragments, budget).enter(fragment.selection_set.selections, 1)
        for operation in made.operations.values():
            changes = operation.operation is OperationType.MUTATION
            _Walk(made.fragments, budget, changes=changes).enter(operation.selection_set.selections, 1)
        errors = validate(schema(), node, max_errors=20)
        if errors:
            raise refused_for("GRAPHQL_VALIDATION_FAILED", errors)
    except Refused as error:
        return error.why
    return made


def _document(text: str, node: DocumentNode) -> Document:
    operations, fragments = {}, {}
    for one in node.definitions:
        if isinstance(one, OperationDefinitionNode):
            operations[one.name.value if one.name else ""] = one
        elif isinstance(one, FragmentDefinitionNode):
            fragments[one.name.value] = one
        else:
            raise refused("GRAPHQL_VALIDATION_FAILED", "Only operations and fragments can be asked.")
    plans: dict[Any, Any] | None = None if "@" in text else {}
    return Document(text, node, operations, fragments, plans, tuple(sorted(set(_SIZES.findall(text)))), {})


def _too_deep() -> Refused:
    return refused("MAX_DEPTH_EXCEEDED", f"A query has at most {DEEPEST} levels.")


class _Budget:
    """What all walks through one document may meet together: a document of many operations or fragments costs no more
    than one long one."""

    def __init__(self) -> None:
        self.met = 0

    def spend(self) -> None:
        self.met += 1
        if self.met > MOST_IN_ALL:
            raise refused("TOO_MANY_FIELDS", f"A document selects at most {MOST_IN_ALL} fields, fragments in place.")


class _Walk:
    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], budget: _Budget, *, changes: bool = False
    ) -> None:
        """`changes`: what is walked through is a mutation."""
        self._fragments = fragments
        self._changes = changes
        self._costly = 0
        self._budget = budget
        self._inside: list[str] = []
        self._fields = 0

    def enter(self, selections: Sequence[SelectionNode], depth: int, counted: Counter[str] | None = None) -> None:
        """Walks through a selection; `counted` are the names of the answer that it has so far."""
        names: Counter[str] = Counter() if counted is None else counted
        for one in selections:
            self._fields += 1
            self._budget.spend()
            if self._fields > MOST_FIELDS:
                raise refused("TOO_MANY_FIELDS", f"A query selects at most {MOST_FIELDS} fields.")
            if isinstance(one, FieldNode):
                self._field(one, depth, names)
            elif isinstance(one, InlineFragmentNode):
                self._inside.append("")
                if len(self._inside) > DEEPEST_SPREADS:
                    raise _too_deep()
                self.enter(one.selection_set.selections, depth, names)
                self._inside.pop()
            elif isinstance(one, FragmentSpreadNode):
                name = one.name.value
                if len(self._inside) >= DEEPEST_SPREADS:
                    raise refused(
                        "MAX_DEPTH_EXCEEDED", f"Fragments stand within one another {DEEPEST_SPREADS} times at most."
                    )
                if name in self._inside:
                    raise refused("GRAPHQL_VALIDATION_FAILED", f'Cannot spread fragment "{name}" within itself.')
                fragment = self._fragments.get(name)
                if fragment is not None:
                    self._inside.append(name)
                    self.enter(fragment.selection_set.selections, depth, names)
                    self._inside.pop()

    def _field(self, node: FieldNode, depth: int, names: Counter[str]) -> None:
        name = node.alias.value if node.alias else node.name.value
        names[name] += 1
        if names[name] > MOST_ALIKE or (depth <= 2 and names.total() > MOST_ROOTS):
            raise refused("TOO_MANY_FIELDS", "The query selects too much side by side.")
        if self._changes and node.name.value in COSTLY:
            self._costly += 1
            if self._costly > MOST_COSTLY:
                words = f"A request has at most {MOST_COSTLY} mutations that take a password or send a mail."
                raise refused("TOO_MANY_FIELDS", words)
        if depth > DEEPEST:
            raise _too_deep()
        if node.selection_set is not None:
            self.enter(node.selection_set.selections, depth + 1)


def complexity(document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """What a query may cost: 1 a field, and what stands below a page once for each item that is likely."""

    def cost(selections: Sequence[SelectionNode], items: int) -> int:
        total = 0
        for one in selections:
            if isinstance(one, FieldNode):
                if one.name.value.startswith("__"):
                    continue
                total += 1
                if one.selection_set is not None:
                    below = one.selection_set.selections
                    pages = _page(one, variables)
                    total += cost(below, pages)
            elif isinstance(one, InlineFragmentNode):
                total += cost(one.selection_set.selections, items)
            elif isinstance(one, FragmentSpreadNode) and one.name.value in document.fragments:
                total += cost(document.fragments[one.name.value].selection_set.selections, items)
        return total * items if _has_edges(selections) else total

    given = [variables.get(name) for name in document.sizes]
    key = (id(operation), *(one if isinstance(one, int) else None for one in given))
    known = document.costs.get(key)
    if known is None:
        if len(document.costs) >= _MOST_COSTS:
            document.costs.clear()
        known = document.costs[key] = cost(operation.selection_set.selections, 1)
    return known


def _has_edges(selections: Sequence[SelectionNode]) -> bool:
    return any(isinstance(one, FieldNode) and one.name.value == "edges" for one in selections)


def _page(node: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in node.arguments:
        if argument.name.value in ("first", "last"):
            value = argument.value
            if isinstance(value, IntValueNode):
                return max(1, min(int(value.value), 100_000))
            if isinstance(value, VariableNode):
                given = variables.get(value.name.value)
                if isinstance(given, int):
                    return max(1, min(given, 100_000))
    return LIKELY
