"""The compile step: run once at start, it checks every name in every declaration.

A declaration is data, and its names are strings: a column, a scope, a member. Constructors accept them as they are;
here each is looked up, and an unknown one is reported with the file, the resource and the nearest known name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bodega.kit.actions import Action, Create, Delete, ListAll, ShowItem, Update
from bodega.kit.batch import CreateMany, DeleteListed, Many, UpdateMany
from bodega.kit.compile_listing import check_listing, check_shown
from bodega.kit.compile_shape import check_v2, check_v3
from bodega.kit.compile_table import check_rules, check_signal, check_table, columns_of
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint, shape_of
from bodega.kit.fixed import TESTS, CountFixed, ListFixed, ReadFixed, ShowFixed
from bodega.kit.images import DropImage
from bodega.kit.listing import Listing
from bodega.kit.mistakes import Mistakes, Vocabulary
from bodega.kit.pairs import OfPairs
from bodega.kit.route import Route, unnamed
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.storage.declaration import DeclarationError
from bodega.storage.operands import COLUMN_OPERATORS
from bodega.storage.rules import Rules
from bodega.storage.table import Table

DECLARATIONS = (Endpoint, Listing, V2Shape, V3Shape)
METHODS = ("GET", "POST", "PUT", "DELETE")
_SEGMENT = re.compile(r"[\w.-]+|\{\w+(:text)?\}")
_OF_ONE = (ShowItem, Update, Delete, ShowFixed, DropImage)
_OF_DRAFTS = (Create, Update)
_OF_LISTS = (CreateMany, UpdateMany)
_BATCHED = (CreateMany, UpdateMany, DeleteListed)
_SHAPED = (Create, Update, ShowItem, ListAll, Many)
_SHOWING = (ShowItem.answer, ListAll.answer)
_OF_ALL = (ListAll, Create, DeleteMany, Many, ListFixed, CountFixed)


def compile_declarations(
    aggregates: Sequence[Rules[Any]],
    routes: Sequence[Route],
    *,
    scopes: Collection[str],
    readers: Collection[str],
    events: Collection[str],
    counters: Collection[str],
    plans: Mapping[str, Collection[str]],
    more: Iterable[object] = (),
) -> Collection[object]:
    """Checks tables, their events, routes, and everything that the routes use: endpoints, listings, shapes.

    `scopes` are the OAuth scopes, `readers` the read-only ones among them, `events` the scopes of events, `counters`
    what plans can limit, `plans` what each does limit, `more` declarations that no route uses. Returns the declarations
    that were checked. Raises DeclarationError, whose message has a line for each mistake.
    """
    tables = [aggregate.table for aggregate in aggregates]
    words = Vocabulary(scopes, readers, events, counters, columns_of(tables))
    compiler = _Compiler(words, routes)
    by_name = {table.name: table for table in tables}
    for aggregate in aggregates:
        compiler.table(aggregate.table, by_name)
        compiler.signals(aggregate)
    for route in routes:
        compiler.route(route, by_name)
    for held in more:
        compiler.declaration(held, by_name)
    for aggregate in aggregates:
        compiler.rules(aggregate)
    compiler.together(tables, plans)
    if compiler.mistakes.found:
        raise DeclarationError("\n".join(dict.fromkeys(compiler.mistakes.found)))
    return list(compiler.checked.values())


class _Compiler:
    def __init__(self, words: Vocabulary, routes: Sequence[Route]) -> None:
        self.words = words
        self.mistakes = Mistakes([])
        self.checked: dict[int, object] = {}
        self.shown: set[str] = set()
        self.nested: list[tuple[str, Mistakes]] = []
        self.paths: Mapping[int, Mapping[str, Route]] = {
            version: {unnamed(route.template): route for route in routes if route.version == version}
            for version in (2, 3)
        }

    def _is_new(self, declaration: object) -> bool:
        """Whether a declaration was not checked yet: many routes share one."""
        known = id(declaration) in self.checked
        self.checked[id(declaration)] = declaration
        return not known

    def table(self, table: Table, tables: Mapping[str, Table]) -> None:
        if self._is_new(table):
            check_table(table, tables, self.mistakes.at(table.file, table.name), self.words)

    def signals(self, aggregate: Rules[Any]) -> None:
        table = aggregate.table
        for signal in aggregate.signals:
            check_signal(signal, table, self.mistakes.at(signal.file or table.file, table.name), self.words)

    def rules(self, aggregate: Rules[Any]) -> None:
        table = aggregate.table
        shapes = [each.v3 for each in self.checked.values() if isinstance(each, Endpoint) and each.table is table]
        drafted = {name for shape in shapes if shape is not None for name in shape.types}
        check_rules(aggregate, drafted, self.mistakes.at(table.file, table.name))

    def route(self, route: Route, tables: Mapping[str, Table]) -> None:
        here = self.mistakes.at(route.file, f"{route.template} (V{route.version})")
        if route.version not in self.paths:
            here.add("version", f"there is no version {route.version}")
            return
        for segment in route.template.split("/"):
            if not _SEGMENT.fullmatch(segment):
                here.add(f'path "{segment}"', "a segment is a word, {name} for a number or {name:text}")
        if route.moved:
            here.expect("moved", unnamed(route.moved), self.paths[route.version], "path")
        if route.fields is not None:
            self.shape(route.fields)
        for method, action in route.actions.items():
            if type(action) is Action:
                known = [other for other in METHODS if other != method]
                here.add(method, f'such a path has no method "{method}"', method, known)
                continue
            if not here.expect(method, method, METHODS, "method"):
                continue
            if action.writes and method == "GET":
                here.add(method, f"{type(action).__name__} writes, and a GET only reads")
            self.action(action, here, tables)
            endpoint = getattr(action, "endpoint", None)
            if isinstance(endpoint, Endpoint):
                self._ability(method, action, endpoint, here)
                _number_of_ids(method, action, endpoint, route, here)
                if endpoint.version != route.version:
                    here.add(method, f"its endpoint is of V{endpoint.version}")

    def action(self, action: Action, here: Mistakes, tables: Mapping[str, Table]) -> None:
        """Checks an action and the declarations that it holds."""
        if isinstance(action, OfPairs):
            self._pairs(action, here)
            return
        operators = TESTS if isinstance(action, ReadFixed) else COLUMN_OPERATORS
        for held in vars(action).values():
            self.declaration(held, tables, operators)
        if not isinstance(getattr(action, "endpoint", None), Endpoint):
            self._scope(getattr(action, "scope", ""), here)

    def declaration(
        self, held: object, tables: Mapping[str, Table], operators: Collection[str] = COLUMN_OPERATORS
    ) -> None:
        """Checks a declaration; anything else is ignored."""
        if not isinstance(held, DECLARATIONS) or id(held) in self.checked:
            return
        if isinstance(held, Endpoint):
            self.endpoint(held, tables, operators)
        elif isinstance(held, Listing):
            self.listing(held, operators)
        else:
            self.shape(held)

    def endpoint(self, endpoint: Endpoint, tables: Mapping[str, Table], operators: Collection[str]) -> None:
        if not self._is_new(endpoint):
            return
        table = endpoint.table
        here = self.mistakes.at(endpoint.file, f"{table.name} (V{endpoint.version})")
        self.table(table, tables)
        if endpoint.version not in self.paths:
            here.add("version", f"there is no version {endpoint.version}")
            return
        self.listing(endpoint.listing, operators)
        if endpoint.listing.version != endpoint.version:
            here.add("listing", f"it is of V{endpoint.listing.version}")
        if endpoint.listing.table is not table:
            here.add("listing", f"it lists {endpoint.listing.table.name}")
        for shape in (endpoint.v2, endpoint.v3):
            if shape is not None:
                self.shape(shape)
        self._scope(endpoint.scope, here)
        if endpoint.home:
            self._home(endpoint, here)
        fields = table.entity.__struct_fields__
        written = {*fields, *(endpoint.v3.types if endpoint.v3 is not None else ())}
        here.expect_all("defaults", endpoint.defaults, written, "member")
        _check_place(endpoint, here)
        if endpoint.batch is not None:
            if endpoint.batch.cap < 1:
                here.add("batch", "a list says how many items a body may bring: cap=N")
            shown = endpoint.v3.shown if endpoint.v3 is not None else ()
            here.expect("batch.identity", endpoint.batch.identity, {*fields, *shown}, "member")
        chosen = endpoint.v2.when_chosen if endpoint.v2 is not None else ()
        check_shown(endpoint.listing, {*endpoint.listing.includes, *chosen}, here)

    def listing(self, listing: Listing, operators: Collection[str]) -> None:
        if self._is_new(listing):
            here = self.mistakes.at(listing.file, f"{listing.table.name} (V{listing.version})")
            check_listing(listing, here, self.words, operators=operators)
            self.shown |= {include.member or name for name, include in listing.includes.items()}

    def shape(self, shape: V2Shape | V3Shape) -> None:
        if not self._is_new(shape):
            return
        version = 2 if isinstance(shape, V2Shape) else 3
        here = self.mistakes.at(shape.file, f"{shape.entity.__name__} (V{version})")
        if isinstance(shape, V2Shape):
            check_v2(shape, self.paths[2], here)
            return
        check_v3(shape, here)
        for name, nested in shape.nested.items():
            if name not in shape.entity.__struct_fields__:
                self.nested.append((name, here))
            self.shape(nested.shape)

    def together(self, tables: Iterable[Table], plans: Mapping[str, Collection[str]]) -> None:
        """Checks all declarations together: each member that holds rows can be shown, each counter counts something."""
        for name, here in self.nested:
            here.expect("nested", name, self.shown, "member that any list includes")
        for plan, limits in plans.items():
            self.mistakes.at("access/plans.py", plan).expect_all("limits", limits, self.words.counters, "counter")
        counted = {table.counter for table in tables}
        for counter in self.words.counters:
            if counter not in counted:
                self.mistakes.at("access/plans.py", "plans").add(f'counter "{counter}"', "no table counts it")

    def _scope(self, scope: str, here: Mistakes) -> None:
        for word in scope.split("|") if scope else ():
            if here.expect("scope", word, self.words.scopes, "scope") and word in self.words.readers:
                here.add("scope", f'"{word}" lets one only read; the scope that lets one write is meant')

    def _home(self, endpoint: Endpoint, here: Mistakes) -> None:
        paths = self.paths[endpoint.version]
        home = unnamed(endpoint.home)
        if here.expect("home", home, paths, "path") and "GET" not in paths[home].actions:
            here.add("home", f"{home} has no GET")

    def _ability(self, method: str, action: Action, endpoint: Endpoint, here: Mistakes) -> None:
        """Checks what an action needs of its endpoint."""
        shape = shape_of(endpoint)
        if isinstance(action, _OF_DRAFTS) and shape is None:
            here.add(method, f"{type(action).__name__} needs a shape that reads V{endpoint.version}")
        if type(action).answer in _SHOWING and endpoint.version == 2 and shape is None:
            here.add(method, f"{type(action).__name__} needs a shape that shows V2")
        if isinstance(action, _SHAPED) and shape is not None:
            kept = endpoint.table.entity
            if shape.entity is not kept:
                here.add(method, f"its shape is of {shape.entity.__name__}, and the table keeps {kept.__name__}")
        if isinstance(action, DropImage) and action.field:
            here.expect(method, action.field, endpoint.table.entity.__struct_fields__, "member")
        if isinstance(action, _OF_LISTS) and endpoint.v3 is None:
            here.add(method, f"{type(action).__name__} needs a shape that reads V3")
        if isinstance(action, _BATCHED) and endpoint.batch is None:
            here.add(method, f"{type(action).__name__} needs a Batch")

    def _pairs(self, action: OfPairs, here: Mistakes) -> None:
        pairs = action.pairs
        self._scope(action.scope, here)
        if self._is_new(pairs):
            for name in pairs.tables.split():
                here.expect("tables", name, self.words.tables, "table")
            selected = re.findall(r"\w+", pairs.source)
            for name in (pairs.owner, pairs.member):
                here.expect("pairs", name, selected, "column of its source")
        self._is_new(action.listing)


def _check_place(endpoint: Endpoint, here: Mistakes) -> None:
    """Checks which rows an endpoint is about: parents, fixed columns, owner, key."""
    table = endpoint.table
    inner = [*(parent.table for parent in endpoint.parents[1:]), table]
    for parent, child in zip(endpoint.parents, inner, strict=False):
        if parent.column:
            here.expect("parents", parent.column, child.types, f"column of {child.name}")
        for column in (parent.value, parent.key):
            here.expect("parents", column, parent.table.types, f"column of {parent.table.name}")
    here.expect_all("only", endpoint.only, table.types, "column")
    for name in (name for name, value in endpoint.only.items() if isinstance(value, bool)):
        if table.types.get(name, "BOOLEAN") != "BOOLEAN":
            here.add(f'only "{name}"', f"it is {table.types[name]}, and should be true or false")
    if endpoint.owner:
        here.expect("owner", endpoint.owner, table.types, "column")
    if endpoint.shared and here.expect("shared", endpoint.shared, table.types, "column"):
        if table.types[endpoint.shared] != "BOOLEAN":
            here.add("shared", f"it is {table.types[endpoint.shared]}, and should be true or false")
        if not endpoint.owner:
            here.add("shared", "rows are shared by their owner, and there is none")
    here.expect("key", endpoint.key, table.types, "column")
    if endpoint.id_offset and endpoint.key != "id":
        here.add("id_offset", f"rows are found by {endpoint.key}, and not by their id")


def _number_of_ids(method: str, action: Action, endpoint: Endpoint, route: Route, here: Mistakes) -> None:
    """Checks that a path names the parents, and that of an item also the row itself."""
    wanted = len(endpoint.parents)
    if action.ids_in_path:
        wanted = action.ids_in_path
    elif isinstance(action, _OF_ONE):
        wanted += 1
    elif not isinstance(action, _OF_ALL):
        return
    given = route.template.count("{")
    if given != wanted:
        here.add(method, f"{type(action).__name__} needs {wanted} ids in the path, which has {given}")
