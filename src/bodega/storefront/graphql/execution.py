"""A query carried out level by level: each field of a selection is resolved once for all objects that it stands below.

So the number of statements depends on the query alone, never on how many rows it meets. What one selection asks for
under several aliases with the same arguments is resolved once. Long answers are made in turns with other requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import perf_counter
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    is_leaf_type,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.type import (
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
)

from bodega.aside import TURN_SECONDS, Turn
from bodega.storable import is_storable
from bodega.storefront.graphql.documents import MOST_ITEMS, MOST_OBJECTS, Document, refused, refused_for
from bodega.storefront.graphql.resolvers import (
    BATCH,
    EMPTY_CONNECTION,
    KIND,
    PLAIN,
    SHAPED,
    NotServed,
    Step,
    batch,
    is_of_mutations,
    is_served,
    mutation,
    plain,
    plain_with,
    shaped,
    steps_of,
)
from bodega.storefront.graphql.schema import schema

T = TypeVar("T")


class Place(NamedTuple):
    """Where a value stands in the answer: `holder[key]`, below another place."""

    holder: Any
    key: Any
    above: Place | None
    nullable: bool

    def path(self) -> list[Any]:
        found: list[Any] = []
        at: Place | None = self
        while at is not None and at.above is not None:
            found.append(at.key)
            at = at.above
        return found[::-1]


class Answer(NamedTuple):
    """The data of an answer, and its errors in the form of the wire."""

    data: Any
    errors: list[dict[str, Any]]
    spent: Mapping[str, float] = {}
    """Seconds by field, as `Site.product`: what its resolver took, and waited for."""


async def execute(
    document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any], asking: Any
) -> Answer:
    """Carries out an operation. Raises Refused for variables that do not fit it."""
    built = schema()
    if _items(variables) > MOST_ITEMS:
        raise refused("BAD_USER_INPUT", f"Variables list at most {MOST_ITEMS} items.")
    values = get_variable_values(built, operation.variable_definitions or (), dict(variables), max_errors=20)
    if isinstance(values, list):
        raise refused_for("BAD_USER_INPUT", values)
    running = _Running(document, values, asking)
    if "\\u" in document.text or "\x00" in document.text or not is_storable(values):
        running.refuses_odd = True
    root = built.mutation_type if operation.operation is OperationType.MUTATION else built.query_type
    assert root is not None
    holder: dict[str, Any] = {"data": {}}
    top = Place(holder, "data", None, nullable=True)
    await running.fill(root, (operation.selection_set,), [(asking, holder["data"], top)])
    return Answer(holder["data"], running.errors, running.spent)


__all__ = [
    "BATCH", "EMPTY_CONNECTION", "PLAIN", "SHAPED", "Answer", "NotServed", "batch", "execute", "is_served", "mutation",
    "plain", "plain_with", "shaped", "told",
]  # fmt: skip


def _items(value: Any) -> int:
    """How many items there are in all lists of what was sent."""
    if isinstance(value, Mapping):
        return sum(_items(one) for one in value.values() if isinstance(one, list | dict))
    return len(value) + sum(_items(one) for one in value if isinstance(one, list | dict))


class _Unshowable(Exception):
    """A value that its type cannot show: a fault of the server."""


class Unfit(GraphQLError):
    """What the client sent does not fit."""

    code = "BAD_USER_INPUT"


Object = tuple[Any, dict[str, Any], Place]

_TOGETHER = 1_000
"""Objects of which one field is made without a look at the clock."""


def _parts(listed: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(listed), _TOGETHER):
        yield listed[start : start + _TOGETHER]


class _Running:
    def __init__(self, document: Document, variables: dict[str, Any], asking: Any) -> None:
        self._fragments = document.fragments
        self._variables = variables
        self._asking = asking
        self._schema = schema()
        self._plans: dict[Any, list[Step]] = document.plans if document.plans is not None else {}
        self.errors: list[dict[str, Any]] = []
        self.spent: dict[str, float] = {}
        self._objects = 0
        self._turn = Turn()
        self.refuses_odd = False
        """Whether an argument may hold what no database does."""

    async def fill(
        self, kind: GraphQLObjectType, selections: tuple[SelectionSetNode, ...], objects: Sequence[Object]
    ) -> None:
        """Fills the answers of objects of one type. Raises Refused if the answer becomes too large."""
        self._objects += len(objects)
        if self._objects > MOST_OBJECTS:
            raise refused("ANSWER_TOO_LARGE", f"An answer has at most {MOST_OBJECTS} objects.")
        shared: dict[str, Sequence[Any]] = {}
        for step in self._plan(kind, selections):
            if perf_counter() - self._turn.began > TURN_SECONDS:
                await self._turn.breathe()
            key = step.key
            if step.name == KIND:
                for _, result, _ in objects:
                    result[key] = kind.name
                continue
            try:
                arguments = step.arguments
                if arguments is None:
                    arguments = get_argument_values(step.field, step.nodes[0], self._variables)
                if self.refuses_odd and not is_storable(arguments):
                    raise Unfit("An argument holds the NUL character, or a number of too many digits.")
                known = shared.get(step.alike) if step.alike else None
                values = known or await self._values(kind, step, objects, arguments)
                if step.alike:
                    shared[step.alike] = values
            except GraphQLError as error:
                values = [error] * len(objects)
            if step.leaf is not None:
                if len(objects) <= _TOGETHER:
                    self._leaves(step, values, objects)
                    continue
                for some, of in zip(_parts(values), _parts(objects), strict=True):
                    self._leaves(step, some, of)
                    await self._turn.breathe()
                continue
            if step.below is not None and len(objects) <= _TOGETHER:
                await self._objects_below(step, step.below, values, objects)
                continue
            places = [Place(result, key, place, step.nullable) for _, result, place in objects]
            for place in places:
                place.holder[key] = None  # keeps the order of the query
            await self._complete(step.field.type, step.nodes, list(zip(values, places, strict=True)))

    async def _objects_below(
        self, step: Step, kind: GraphQLObjectType, values: Sequence[Any], objects: Sequence[Object]
    ) -> None:
        """What `_complete` does, for a field whose values are objects of one type."""
        key, nullable = step.key, step.nullable
        found: list[Object] = []
        for value, (_, result, place) in zip(values, objects, strict=True):
            if value is None or isinstance(value, Exception):
                result[key] = None
                if value is not None or not nullable:
                    self._null(value, Place(result, key, place, nullable), step.nodes)
            else:
                below: dict[str, Any] = {}
                result[key] = below
                found.append((value, below, Place(result, key, place, nullable)))
        if found:
            await self.fill(kind, step.selections, found)

    def _leaves(self, step: Step, values: Sequence[Any], objects: Sequence[Object]) -> None:
        key, easy = step.key, step.easy
        for value, (_, result, place) in zip(values, objects, strict=True):
            if type(value) is easy:
                result[key] = value
            else:
                self._leaf(step, value, result, place)

    def _leaf(self, step: Step, value: Any, result: dict[str, Any], above: Place) -> None:
        assert step.leaf is not None
        result[step.key] = None
        if value is not None and not isinstance(value, Exception):
            try:
                result[step.key] = step.leaf(value)
            except GraphQLError as error:
                value = _Unshowable(error.message)
            else:
                return
        if value is not None or not step.nullable:
            self._null(value, Place(result, step.key, above, step.nullable), step.nodes)

    def _plan(self, kind: GraphQLObjectType, selections: tuple[SelectionSetNode, ...]) -> list[Step]:
        known = (kind.name, *map(id, selections))
        found = self._plans.get(known)
        if found is None:
            collected: dict[str, list[FieldNode]] = {}
            for one in selections:
                self._add(kind, one, collected)
            found = self._plans[known] = steps_of(kind, collected)
        return found

    async def _values(
        self, kind: GraphQLObjectType, step: Step, objects: Sequence[Object], arguments: dict[str, Any]
    ) -> Sequence[Any]:
        if step.batch is not None:
            began = perf_counter()
            try:
                return await step.batch(self._asking, [source for source, _, _ in objects], arguments)
            finally:
                key = f"{kind.name}.{step.name}"
                self.spent[key] = self.spent.get(key, 0.0) + perf_counter() - began
        each = step.plain
        if each is not None:
            if len(objects) <= _TOGETHER:
                return [each(self._asking, source, arguments) for source, _, _ in objects]
            made: list[Any] = []
            for some in _parts(objects):
                made += [each(self._asking, source, arguments) for source, _, _ in some]
                await self._turn.breathe()
            return made
        if step.field.resolve is not None:  # introspection
            info = SimpleNamespace(schema=self._schema)
            return [step.field.resolve(source, info, **arguments) for source, _, _ in objects]
        if not step.is_served:
            does_nothing = is_of_mutations(kind)
            nothing = NotServed("This server does not serve this mutation.") if does_nothing else step.nothing
            return [nothing] * len(objects)
        name, nothing = step.name, step.nothing
        return [source.get(name, nothing) for source, _, _ in objects]

    async def _complete(self, kind: Any, nodes: list[FieldNode], values: list[tuple[Any, Place]]) -> None:
        """Puts values into their places, and fills what is below them."""
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            await self._lists(inner, nodes, values)
            return
        leaf = is_leaf_type(inner)
        groups: dict[str, list[Object]] = {}
        for count, (value, place) in enumerate(values, start=1):
            if not count % _TOGETHER:
                await self._turn.breathe()
            if value is None or isinstance(value, Exception):
                self._null(value, place, nodes)
            elif leaf:
                try:
                    place.holder[place.key] = inner.serialize(value)
                except GraphQLError as error:
                    self._null(_Unshowable(error.message), place, nodes)
            else:
                below: dict[str, Any] = {}
                place.holder[place.key] = below
                name = inner.name
                if isinstance(inner, GraphQLInterfaceType | GraphQLUnionType):
                    name = value[KIND] if isinstance(value, dict) else value.kind
                groups.setdefault(name, []).append((value, below, place))
        selections = tuple(node.selection_set for node in nodes if node.selection_set is not None)
        for name, objects in groups.items():
            found = self._schema.type_map[name]
            assert isinstance(found, GraphQLObjectType)
            await self.fill(found, selections, objects)

    async def _lists(self, kind: Any, nodes: list[FieldNode], values: list[tuple[Any, Place]]) -> None:
        below: list[tuple[Any, Place]] = []
        nullable = not isinstance(kind.of_type, GraphQLNonNull)
        for count, (value, place) in enumerate(values, start=1):
            if not count % _TOGETHER:
                await self._turn.breathe()
            if value is None or isinstance(value, Exception):
                self._null(value, place, nodes)
                continue
            made: list[Any] = [None] * len(value)
            place.holder[place.key] = made
            below += [(each, Place(made, index, place, nullable)) for index, each in enumerate(value)]
        await self._complete(kind.of_type, nodes, below)

    def _null(self, why: Any, place: Place, nodes: list[FieldNode]) -> None:
        """Null in a place; if it cannot be null, in the next above it that can."""
        if why is not None or not place.nullable:
            message = "Cannot return null for a field that is not nullable." if why is None else _message(why)
            code = "NOT_SERVED" if isinstance(why, NotServed) else getattr(why, "code", None)
            usual = "BAD_USER_INPUT" if isinstance(why, GraphQLError) else "INTERNAL_ERROR"
            self.errors.append(told(message, code or usual, nodes, place.path()))
        at = place
        while not at.nullable and at.above is not None:
            at = at.above
        at.holder[at.key] = None

    def _add(self, kind: GraphQLObjectType, selection: SelectionSetNode, found: dict[str, list[FieldNode]]) -> None:
        for one in selection.selections:
            if one.directives and not self._is_included(one):
                continue
            if isinstance(one, FieldNode):
                found.setdefault(one.alias.value if one.alias else one.name.value, []).append(one)
            elif isinstance(one, InlineFragmentNode):
                if one.type_condition is None or self._is(kind, one.type_condition.name.value):
                    self._add(kind, one.selection_set, found)
            elif isinstance(one, FragmentSpreadNode):
                fragment = self._fragments[one.name.value]
                if self._is(kind, fragment.type_condition.name.value):
                    self._add(kind, fragment.selection_set, found)

    def _is(self, kind: GraphQLObjectType, name: str) -> bool:
        if kind.name == name:
            return True
        wider = self._schema.type_map[name]
        return isinstance(wider, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(wider, kind)

    def _is_included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        if skip and skip["if"] is True:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not include or include["if"] is not False


def told(message: str, code: str, nodes: Sequence[Any] = (), path: Sequence[Any] | None = None) -> dict[str, Any]:
    """An error in the form of the wire."""
    found: dict[str, Any] = {"message": message}
    if path is not None:
        found["path"] = list(path)
    places = [node.loc for node in nodes[:1] if node.loc is not None]
    if places:
        at = [place.source.get_location(place.start) for place in places]
        found["locations"] = [{"line": one.line, "column": one.column} for one in at]
    found["extensions"] = {"code": code}
    return found


def _message(why: Any) -> str:
    return why.message if isinstance(why, GraphQLError) else str(why)
