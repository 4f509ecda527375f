"""How each field of the schema is resolved: what modules declare, and what of it a query's field comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    VariableNode,
    is_leaf_type,
    print_ast,
)
from graphql.execution.values import get_argument_values
from graphql.type import SchemaMetaFieldDef, TypeMetaFieldDef

from bodega.storefront.shoppers_api import ShopperRefused

Batch = Callable[[Any, Sequence[Any], Mapping[str, Any]], Awaitable[Sequence[Any]]]
"""The values of a field for several objects, in their order: `(asking, objects, arguments)`. A value can be an
exception, which is the error of that object's field."""

Plain = Callable[[Any, Any, Mapping[str, Any]], Any]
"""The value of a field of one object, which needs no statement: `(asking, object, arguments)`."""

BATCH: dict[tuple[str, str], Batch] = {}
PLAIN: dict[tuple[str, str], Plain] = {}
SHAPED: set[tuple[str, str]] = set()
"""The fields of types whose objects are finished dictionaries: what is not named here is not served."""

KIND = "__typename"


class NotServed(Exception):
    """The value of a field that this server has no meaning for, where the type allows neither null nor nothing."""


def batch(name: str) -> Callable[[Batch], Batch]:
    """Declares how `Type.field` is resolved for many objects at once."""

    def declare(found: Batch) -> Batch:
        kind, _, field = name.partition(".")
        BATCH[kind, field] = found
        return found

    return declare


def plain(kind: str, **fields: Callable[[Any], Any]) -> None:
    """Declares fields of a type that each follow from the object alone."""
    for field, found in fields.items():
        PLAIN[kind, field] = lambda _asking, source, _args, found=found: found(source)  # type: ignore[misc]


def plain_with(name: str) -> Callable[[Plain], Plain]:
    """Declares how `Type.field` follows from an object and the arguments."""

    def declare(found: Plain) -> Plain:
        kind, _, field = name.partition(".")
        PLAIN[kind, field] = found
        return found

    return declare


Mutation = Callable[[Any, Mapping[str, Any]], Awaitable[Any]]
"""What a mutation answers, as data of its result's type: `(asking, arguments)`."""


COSTLY: set[str] = set()
"""The names of mutations of which a request has only a few: each hashes a password, or sends a mail."""


def mutation(name: str, *, costly: bool = False) -> Callable[[Mutation], Mutation]:
    """Declares how `Type.field` changes something. Mutations of one request run one after the other, each upon what the
    one before it left; what the store's API refuses is the error of the field."""

    def declare(found: Mutation) -> Mutation:
        kind, _, field = name.partition(".")
        if costly:
            COSTLY.add(field)

        async def run(asking: Any, sources: Sequence[Any], args: Mapping[str, Any]) -> Sequence[Any]:
            answers: list[Any] = []
            for _ in sources:
                try:
                    answers.append(await found(asking, args))
                except (ShopperRefused, GraphQLError) as error:
                    answers.append(error)
                finally:
                    asking.changed()
            return answers

        BATCH[kind, field] = run
        return found

    return declare


def shaped(**kinds: str) -> None:
    """Declares the fields of types whose objects are dictionaries by the names of the schema."""
    SHAPED.update((kind, field) for kind, fields in kinds.items() for field in fields.split())


def is_served(kind: str, field: str) -> bool:
    """Whether this server has a meaning for a field."""
    if kind.endswith("Connection"):
        return field in ("edges", "pageInfo", "collectionInfo")
    if kind.endswith("Edge"):
        return field in ("node", "cursor")
    known = (kind, field)
    return known in BATCH or known in PLAIN or known in SHAPED


class Step(NamedTuple):
    """A field of a selection below a type, with all that does not depend on who asks: `arguments` if they are the same
    whatever the variables, `easy` the type of values that are written as they are, `leaf` how others are, `below` the
    type of its objects, if each of its values is one, `selections` what is asked of them, `alike` the field with its
    arguments as they are written, where the selection has the field under several aliases."""

    key: str
    nodes: list[FieldNode]
    name: str
    field: Any
    nullable: bool
    leaf: Callable[[Any], Any] | None
    easy: type | None
    batch: Batch | None
    plain: Plain | None
    nothing: Any
    is_served: bool
    arguments: dict[str, Any] | None
    below: GraphQLObjectType | None = None
    selections: tuple[SelectionSetNode, ...] = ()
    alike: str = ""


_EASY = {"String": str, "ID": str, "Boolean": bool}


def steps_of(kind: GraphQLObjectType, collected: Mapping[str, list[FieldNode]]) -> list[Step]:
    """What the fields of a selection below a type come to, by their names in the answer. Mutations are never alike."""
    steps = [_step_of(kind, key, nodes) for key, nodes in collected.items()]
    times = Counter(step.name for step in steps if step.batch is not None and not is_of_mutations(kind))
    if times.total() == len(times):
        return steps
    return [step._replace(alike=_alike(step.nodes[0])) if times[step.name] > 1 else step for step in steps]


def is_of_mutations(kind: GraphQLObjectType) -> bool:
    """Whether the fields of a type are mutations."""
    return kind.name.endswith(("Mutation", "Mutations"))


def _alike(node: FieldNode) -> str:
    return f"{node.name.value} {sorted(print_ast(one) for one in node.arguments)}"


def _step_of(kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Step:
    """What a field below a type comes to."""
    node = nodes[0]
    name = node.name.value
    if name == KIND:
        return Step(key, nodes, name, None, False, None, None, None, None, None, True, {})
    field = SchemaMetaFieldDef if name == "__schema" else None
    field = TypeMetaFieldDef if name == "__type" else field or kind.fields[name]
    inner: Any = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    is_leaf = is_leaf_type(inner)
    fixed = all(not _varies(one.value) for one in node.arguments)
    return Step(
        key,
        nodes,
        name,
        field,
        not isinstance(field.type, GraphQLNonNull),
        inner.serialize if is_leaf else None,
        _EASY.get(inner.name) if is_leaf else None,
        BATCH.get((kind.name, name)),
        PLAIN.get((kind.name, name)),
        nothing_of(field.type),
        is_served(kind.name, name),
        _fixed(field, node) if fixed else None,
        inner if isinstance(inner, GraphQLObjectType) else None,
        tuple(one.selection_set for one in nodes if one.selection_set is not None),
    )


def _varies(value: Any) -> bool:
    """Whether a value of a query depends on its variables."""
    if isinstance(value, ListValueNode):
        return any(map(_varies, value.values))
    if isinstance(value, ObjectValueNode):
        return any(_varies(one.value) for one in value.fields)
    return isinstance(value, VariableNode)


def _fixed(field: Any, node: FieldNode) -> dict[str, Any] | None:
    try:
        return get_argument_values(field, node)
    except GraphQLError:
        return None  # each run tells the error


def nothing_of(kind: Any) -> Any:
    """What an object has that does not have this field: null, an empty list, or an object that has nothing either."""
    if not isinstance(kind, GraphQLNonNull):
        return None
    inner = kind.of_type
    if isinstance(inner, GraphQLList):
        return []
    if isinstance(inner, GraphQLObjectType):
        return EMPTY_CONNECTION if inner.name.endswith("Connection") else {}
    return NotServed("This server has nothing to say here.")


EMPTY_CONNECTION = {"edges": [], "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}
