"""What operations are called: labels, ids, summaries, tags."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bodega.http.documented import Operation, documented, route_of
from bodega.http.router import by_version
from bodega.kit.actions import Action, CountAll, Create, Delete, ListAll, ShowItem, Update
from bodega.kit.batch import CreateMany, DeleteListed, UpdateMany
from bodega.kit.delete_many import DeleteMany
from bodega.kit.fixed import CountFixed, ListFixed, ShowFixed
from bodega.kit.route import Route

METHODS = ("GET", "POST", "PUT", "DELETE")

_VERBS: tuple[tuple[type[Action], str], ...] = (
    (CountAll, "Count {many}"),
    (CountFixed, "Count {many}"),
    (ListAll, "List {many}"),
    (ListFixed, "List {many}"),
    (ShowItem, "Read {one}"),
    (ShowFixed, "Read {one}"),
    (CreateMany, "Create several {many}"),
    (Create, "Create {one}"),
    (UpdateMany, "Change several {many}"),
    (Update, "Change {one}"),
    (DeleteListed, "Delete the {many} that the body names"),
    (DeleteMany, "Delete {many}"),
    (Delete, "Delete {one}"),
)
_DOES = {"GET": "Read", "POST": "Send", "PUT": "Set", "DELETE": "Delete"}


def template_of(route: Route) -> str:
    """The template of a route in which no two parameters have the same name: of two ids the first is its row's."""
    segments = route.template.split("/")
    for place, segment in enumerate(segments):
        if segment.startswith("{") and segment in segments[place + 1 :]:
            segments[place] = f"{{{segments[place - 1].removesuffix('s')}_id{':text' * segment.endswith(':text}')}}}"
    return "/".join(segments)


def path_of(route: Route) -> str:
    """The path of a route below its version, its parameters in braces."""
    return f"/{template_of(route).replace(':text}', '}')}"


def label(route: Route, method: str) -> str:
    """`GET /v3/catalog/brands/{id}`: what an operation is called in tables."""
    return f"{method} /v{route.version}{path_of(route)}"


def served_methods(route: Route) -> list[str]:
    """The methods that a route has, in their usual order."""
    return [method for method in METHODS if method in route.actions and type(route.actions[method]) is not Action]


def operation_id(route_path: str, method: str) -> str:
    """`getCatalogBrandsById`: one of its kind in a version."""
    words = [method.lower()]
    for segment in route_path.strip("/").split("/"):
        words.append("by" if segment.startswith("{") else "")
        words += re.split(r"[^A-Za-z0-9]+", segment.strip("{}"))
    return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])


def summary(route: Route, method: str) -> str:
    """What an operation does, in a few words."""
    action = route.actions[method]
    noun = getattr(getattr(action, "table", None), "noun", "")
    for kind, text in _VERBS:
        if noun and isinstance(action, kind):
            return text.format(one=with_article(noun), many=plural(noun))
    about = [segment for segment in route.template.split("/") if not segment.startswith("{")]
    return f"{_DOES[method]} {' of '.join(re.sub('[-_.]', ' ', word) for word in reversed(about[-2:]))}"


def own_words(action: Action) -> str:
    """What the class of an action of its own says of itself; the kit's classes say nothing of a resource."""
    if type(action).__module__.startswith("bodega.kit."):
        return ""
    return " ".join((type(action).__doc__ or "").split())


def plural(noun: str) -> str:
    """The plural of a noun; of `value of an option` that of its first word."""
    head, of, rest = noun.partition(" of ")
    if head.endswith(("s", "x", "ch", "sh")):
        head += "es"
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return head + of + rest


def with_article(noun: str) -> str:
    """`a brand`, `an option`."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def documented_by_route(routes: Sequence[Route]) -> Mapping[tuple[int, str, str], Operation]:
    """The documented operations that routes serve, by version, template and method."""
    tries = by_version(routes)
    found: dict[tuple[int, str, str], Operation] = {}
    for one in documented():
        route = route_of(one, tries)
        if route is not None:
            found.setdefault((route.version, route.template, one.method), one)
    return found


def tag(route: Route, found: Operation | None) -> str:
    """The group of operations that it belongs to."""
    return found.group if found is not None else route.template.partition("/")[0]
