"""The compile step: a misspelled word in a declaration is told at start, with its file, resource and the word meant."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import fnmatch
import gc
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import msgspec
import pytest

import bodega
from bodega import app
from bodega.events.scopes import SCOPES
from bodega.kit import checked
from bodega.kit.actions import Action, ListAll
from bodega.kit.bounds import AtMost
from bodega.kit.compile import DECLARATIONS, compile_declarations
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import channel_of, events, fires
from bodega.kit.fields import INTEGER, Money, structured
from bodega.kit.filters import Filter, FilterField
from bodega.kit.fixed import Fixed, ListFixed
from bodega.kit.images import DropImage
from bodega.kit.includes import Include, children
from bodega.kit.listing import Listing
from bodega.kit.mistakes import Mistakes
from bodega.kit.pairs import OfPairs, Pairs, assignments
from bodega.kit.route import Route, collection, item, moved, route
from bodega.kit.route import listed as of_lists
from bodega.kit.singleton import Singleton
from bodega.kit.v2_members import Alias, Derived, EnumAlias, Linked, ObjectMember, WriteForm
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.resources import ROUTES, TABLES
from bodega.storage.aggregate import Aggregate
from bodega.storage.declaration import DeclarationError
from bodega.storage.migrate import Migration
from bodega.storage.opening import open_backend
from bodega.storage.operands import AnyColumn, Flag, IsTrue, Member, OwnOrShared, SqlTest
from bodega.storage.outbox import Signal
from bodega.storage.plan import Condition, QueryPlan, count_sql
from bodega.storage.rules import depends_on
from bodega.storage.schema import create_all
from bodega.storage.sqlite.connection import numbered
from bodega.storage.sqlite.engine import Connection, in_memory
from bodega.storage.table import Link, Reference, Table, Unique


class Size(msgspec.Struct, frozen=True):
    """A member that has members."""

    width: str = ""


class Thing(Entity, kw_only=True):
    """What the declarations below are about."""

    name: str
    price: Money = Decimal(0)
    color: Literal["red", "green"] = "red"
    is_low: bool = False
    is_shared: bool = False
    owner: str = ""
    channel_id: int = 1
    picture: str = ""
    size: Size = Size()
    tags: Annotated[list[int], AtMost(9)] = []
    secret: str = ""


class Part(Entity, kw_only=True):
    """A row that lies within a thing."""

    thing_id: int
    title: str = ""


class Boxes(msgspec.Struct, frozen=True):
    """A member of a member that holds a list."""

    boxes: list[int] = []


class Tag(Entity, kw_only=True):
    """A row that things point to."""

    word: str = ""


BOXES = structured(list[int])
TEXTS = """CREATE TABLE thing_texts (
    thing_id INTEGER PRIMARY KEY REFERENCES things(id), description TEXT NOT NULL, PRIMARY KEY (thing_id, description)
);"""
TO_TAGS = Link("thing_tags", "thing_id", "tag_id", "tags", "tags", "No such tag.", lambda thing: thing.tags)
WORDS: Mapping[str, Any] = {
    "scopes": ("store_things", "store_parts", "store_things_read_only"),
    "readers": ("store_things_read_only",),
    "events": ("store/thing/created", "store/thing/updated", "store/thing/deleted", "store/channel/#/thing/updated"),
    "counters": ("things",),
    "plans": {"small": ("things",)},
}
TABLE: Mapping[str, Any] = {
    "noun": "thing", "columns": "name price is_low is_shared owner", "indexed": "price", "hidden": "secret",
    "computed": {"name_key": ("TEXT", lambda thing: thing.name.casefold())},
    "uniques": [Unique(("name_key",), "name", "It is there.")], "links": [TO_TAGS], "counter": "things",
    "cap_within": ("owner", 9), "more_schema": TEXTS,
}  # fmt: skip
PARTS: Mapping[str, Any] = {
    "noun": "part", "columns": "thing_id title",
    "references": [Reference("thing_id", "things", "thing_id", "It does not exist.", "CASCADE")],
}  # fmt: skip
LIST: Mapping[str, Any] = {"sorts": "name price:desc", "order": "-price", "inside": "parts", "bounds": "limit"}
WIRE: Mapping[str, Any] = {
    "name": Alias("name"), "paint": EnumAlias("color", {"red": "r", "green": "g"}),
    "width": ObjectMember("size", "width", lambda text: Size(text)), "parts": Linked("/things/{e.id}", when="owner"),
}  # fmt: skip


def declared(
    *,
    table: Mapping[str, Any] | None = None,
    parts: Mapping[str, Any] | None = None,
    filters: str = "id:set name:like price:range is_low",
    listing: Mapping[str, Any] | None = None,
    filters_v2: str = "min_id max_price name",
    v2: Mapping[str, Any] | None = None,
    members: str = "id! name* paint width parts",
    wire: Mapping[str, Any] | None = None,
    v3: Mapping[str, Any] | None = None,
    nested: str = "parts",
    cap: int = 9,
    endpoint: Mapping[str, Any] | None = None,
    below: Mapping[str, Any] | None = None,
    include: Mapping[str, Any] | None = None,
    paths: Any = None,
    signals: tuple[Signal, ...] | None = None,
    of_parts: tuple[Signal, ...] = (),
    rules: Mapping[str, Any] | None = None,
    words: Mapping[str, Any] | None = None,
) -> None:
    """A small house of things and their parts, right but for what is given. Raises DeclarationError."""
    things = stored("things", Thing, **{**TABLE, **(table or {})})
    within = stored("parts", Part, **{**PARTS, **(parts or {})})
    tags = stored("tags", Tag, noun="tag", columns="word")
    told = events("store/thing") if signals is None else signals
    aggregates = [
        Aggregate(tags),
        Aggregate(things, signals=told, **(rules or {})),
        Aggregate(within, signals=of_parts),
    ]
    part_shape = V3Shape(Part, required="title", read_only="id thing_id")
    rows = {nested: Nested(part_shape, _write, maximum=cap)}
    terms_of_v3 = {"required": "name|owner", "read_only": "id", "hidden": "secret", "nested": rows}
    shape = V3Shape(Thing, **{**terms_of_v3, **(v3 or {})})
    inside = {"parts": children(within, "thing_id", order="thing_id, id"), **(include or {})}
    terms: dict[str, Any] = {**LIST, "includes": inside, "shown": shape.shown, **(listing or {})}
    facet = Endpoint(
        **{
            "version": 3, "table": things, "listing": Listing(things, 3, filters, **terms),
            "scope": "store_things|store_parts", "home": "things", "v3": shape, "batch": Batch(9),
            "defaults": {"owner": "me"}, **(endpoint or {}),
        }
    )  # fmt: skip
    old_shape = V2Shape(Thing, "things", "thing", members, {**WIRE, **(wire or {})}, **(v2 or {}))
    old = Endpoint(2, things, Listing(things, 2, filters_v2), "store_things", "things", v2=old_shape)
    child = Endpoint(
        **{
            "version": 3, "table": within, "listing": Listing(within, 3, ""), "scope": "store_parts",
            "home": "things/{}/parts", "v3": part_shape, "parents": (Parent("thing_id", things),), **(below or {}),
        }
    )  # fmt: skip
    routes = [
        collection("things", facet, "GET POST PUT DELETE"),
        item("things/{id}", facet),
        collection("things/{thing_id}/parts", child, "GET POST"),
        item("things/{thing_id}/parts/{id}", child),
        collection("things", old, "GET POST"),
        item("things/{id}", old),
        moved("all-things", 3, "things"),
        *(paths(facet, old, child) if paths is not None else ()),
    ]
    compile_declarations(aggregates, routes, **{**WORDS, **(words or {})})


async def _write(*_given: Any) -> None:
    """Nobody asks."""


async def _read(*_given: Any) -> Any:
    """Nor here."""


def _mapped(operand: Any, op: Any, besides: tuple[Condition, ...] = ()) -> Mapping[str, Any]:
    return {"listing": {"mapped": {"x": Filter(operand, op, str, besides)}}}


def _named(column: Any) -> Mapping[str, Any]:
    """A field of filters, with an operator in its own name or not."""
    name, _, operator = column.partition(":")
    known = f"x:{operator}" if operator else ":x"
    return {"listing": {"mapped": {known: FilterField("name" if operator else name)}}}


def _fixed(filters: str = "", mapped: Any = None) -> Any:
    def paths(_facet: Any, old: Endpoint, _child: Any) -> Sequence[Route]:
        one = replace(old, listing=Listing(old.table, 2, filters, mapped=mapped))
        return [route("fixed", 2, GET=ListFixed(one, Fixed(old.table, list)))]

    return {"paths": paths}


def _pairs(owner: str = "thing_id", tables: str = "things", scope: str = "store_things") -> Any:
    def paths(facet: Endpoint, _old: Any, child: Endpoint) -> Sequence[Route]:
        source = "SELECT thing_id, tag_id FROM thing_tags"
        return [
            assignments("pairs", Pairs(owner, "tag_id", facet.table, child.table, source, tables, _write), scope)
        ]  # fmt: skip

    return {"paths": paths}


def _at(make: Any) -> Any:
    return {"paths": lambda facet, old, child: [make(facet, old, child)]}


def _brings(kind: Any) -> Mapping[str, Any]:
    """A member that is written, and not kept."""
    return {"v3": {"write_only": {"more": kind}}}


def _rule(members: str) -> Any:
    @depends_on(members)
    async def check(*_told: Any) -> None: ...

    return check


def _signal(scope: str, on: str = "updated", channels: Any = None) -> Any:
    return {"signals": (fires(scope, lambda old, new: None, on=on, channels=channels),)}


class Writing(ListAll):
    """A GET that would write."""

    writes = True


V3 = "things (V3)"
V2 = "things (V2)"
MISTAKES: Sequence[tuple[Mapping[str, Any], str]] = [
    # filters in the shorthand
    ({"filters": "id:rnge"}, f'{V3}: filter "id:rnge": there is no operator "rnge"; did you mean "range"?'),
    ({"filters": "idd:set"}, f'{V3}: filter "idd:set": there is no column "idd"; did you mean "id"?'),
    ({"filters_v2": "min_prise"}, f'{V2}: filter "min_prise": there is no column "prise"; did you mean "price"?'),
    ({"filters": "is_low:min"},
     f'{V3}: filter "is_low:min": "min" needs an order, and the column "is_low" is true or false'),
    ({"filters": "price:like"},
     f'{V3}: filter "price:like": "like" looks into text, and the column "price" is BIGINT'),
    # filters that are mapped
    (_named("id:rnge"), f'{V3}: filter "x:rnge" "rnge": there is no operator "rnge"; did you mean "range"?'),
    (_named("nmae"), f'{V3}: filter ":x": there is no column "nmae"; did you mean "name"?'),
    (_mapped("nmae", "eq"), f'{V3}: filter "x": there is no column "nmae"; did you mean "name"?'),
    (_mapped("name", "lik"), f'{V3}: filter "x": there is no operator "lik"; did you mean "like"?'),
    (_mapped("is_low", "greater"),
     f'{V3}: filter "x": "greater" needs an order, and the column "is_low" is true or false'),
    (_mapped("name", "eq", (Condition("prise", "eq", 1),)),
     f'{V3}: filter "x": there is no column "prise"; did you mean "price"?'),
    (_mapped(Flag("is_lo"), "is"), f'{V3}: filter "x": there is no column "is_lo"; did you mean "is_low"?'),
    (_mapped(Flag("name"), "is"), f'{V3}: filter "x": the column "name" is TEXT, and should be true or false'),
    (_mapped(Flag("is_low"), "eq"), f'{V3}: filter "x": Flag has no operator "eq"; it has "is is_not"'),
    (_mapped(IsTrue("id IN ({placeholders})"), "is"),
     f'{V3}: filter "x": IsTrue takes no values, and its SQL has {{placeholders}}; it should be an SqlTest'),
    (_mapped(SqlTest("id > 1"), "in"),
     f'{V3}: filter "x": SqlTest has no {{placeholders}} for the values; it should be an IsTrue'),
    (_mapped(SqlTest("id IN ({placeholder})"), "in"),
     f'{V3}: filter "x" "placeholder": there is no placeholder "placeholder"; did you mean "placeholders"?'),
    (_mapped(Member("thing_tag", "thing_id", "tag_id"), "in"),
     f'{V3}: filter "x": there is no table "thing_tag"; did you mean "thing_tags"?'),
    (_mapped(Member("thing_tags", "thing_id", "tag"), "in"),
     f'{V3}: filter "x": there is no column of thing_tags "tag"; did you mean "tag_id"?'),
    (_mapped(Member("thing_texts", "thing", "description"), "in"),
     f'{V3}: filter "x": there is no column of thing_texts "thing"; did you mean "thing_id"?'),
    (_mapped(Member("parts", "thing_id", "titel"), "in"),
     f'{V3}: filter "x": there is no column of parts "titel"; did you mean "title"?'),
    (_mapped(AnyColumn(("name", "onwer")), "like"),
     f'{V3}: filter "x": there is no column "onwer"; did you mean "owner"?'),
    (_mapped(AnyColumn(("name", "price")), "like"),
     f'{V3}: filter "x": "like" looks into text, and the column "price" is BIGINT'),
    (_mapped(AnyColumn(("name", Member("thing_texts", "thing_id", "describtion"))), "like"),
     f'{V3}: filter "x": there is no column of thing_texts "describtion"; did you mean "description"?'),
    (_mapped(OwnOrShared("ownr", "is_shared"), "eq"),
     f'{V3}: filter "x": there is no column "ownr"; did you mean "owner"?'),
    (_mapped(OwnOrShared("owner", "shared"), "eq"),
     f'{V3}: filter "x": there is no column "shared"; did you mean "is_shared"?'),
    (_fixed("name:like"), f'{V2}: filter "name:like": there is no operator "like"'),
    (_fixed(mapped={"x": Filter(Flag("is_low"), "is", str)}),
     f'{V2}: filter "x": a fixed list can only compare columns'),
    # the rest of a listing
    ({"listing": {"sorts": "nme"}}, f'{V3}: sorts "nme": there is no column "nme"; did you mean "name"?'),
    ({"listing": {"sorts": "price:dsc"}},
     f'{V3}: sorts "price:dsc": there is no direction "dsc"; did you mean "desc"?'),
    ({"listing": {"order": "-prise"}}, f'{V3}: order: there is no column "prise"; did you mean "price"?'),
    ({"listing": {"inside": "part"}}, f'{V3}: inside "part": there is no include "part"; did you mean "parts"?'),
    ({"listing": {"bounds": "limits"}},
     f'{V3}: bounds "limits": there is no word of paging "limits"; did you mean "limit"?'),
    ({"listing": {"always": ("nam",)}}, f'{V3}: always "nam": there is no member "nam"; did you mean "name"?'),
    ({"include": {"x": Include(_read, tables="things thing_text")}},
     f'{V3}: include "x": there is no table "thing_text"; did you mean "thing_texts"?'),
    ({"include": {"parts": children(stored("parts", Part, **PARTS), "thing")}},
     f'{V3}: include "parts": there is no column of parts "thing"; did you mean "thing_id"?'),
    ({"include": {"parts": children(stored("parts", Part, **PARTS), "thing_id", order="titel DESC, id")}},
     f'{V3}: include "parts": there is no column of parts "titel"; did you mean "title"?'),
    ({"include": {"parts": children(stored("parts", Part, **PARTS), "thing_id", order="title, id")}},
     f'{V3}: include "parts": the order is by numbers, and the column "title" of parts is TEXT'),
    # shapes
    ({"v3": {"read_only": "id prise"}},
     'Thing (V3): read_only "prise": there is no member "prise"; did you mean "price"?'),
    ({"v3": {"hidden": "secrets"}},
     'Thing (V3): hidden "secrets": there is no member "secrets"; did you mean "secret"?'),
    ({"v3": {"set_once": "nmae"}},
     'Thing (V3): set_once "nmae": there is no member that is written "nmae"; did you mean "name"?'),
    ({"v3": {"required": "name|onwer"}},
     'Thing (V3): required "name|onwer": there is no member that is written "onwer"; did you mean "owner"?'),
    ({"v3": {"required": "id"}}, 'Thing (V3): required "id": there is no member that is written "id"'),
    ({"v3": {"members": "id nam"}}, 'Thing (V3): members "nam": there is no member "nam"; did you mean "name"?'),
    ({"v3": {"view": lambda thing: {}}}, "Thing (V3): view: a view needs the names of its members"),
    ({"endpoint": {"batch": Batch(0)}}, f"{V3}: batch: a list says how many items a body may bring: cap=N"),
    ({"cap": 0}, 'Thing (V3): nested "parts": a list says how many items a body may bring: maximum=N'),
    (_brings(list[str]), 'Thing (V3): member "more": a list says how many items a body may bring: AtMost(N)'),
    (_brings(Annotated[list[list[str]], AtMost(2)]),
     'Thing (V3): member "more"[]: a list says how many items a body may bring: AtMost(N)'),
    (_brings(Annotated[dict[str, Boxes], AtMost(2)] | None),
     'Thing (V3): member "more"[].boxes: a list says how many items a body may bring: AtMost(N)'),
    ({"members": "id! name* paint width parts boxes", "wire": {"boxes": WriteForm(BOXES, Linked("/things/{e.id}"))}},
     'Thing (V2): member "boxes": a list says how many items a body may bring: AtMost(N)'),
    ({"nested": "prats"},
     'Thing (V3): nested: there is no member that any list includes "prats"; did you mean "parts"?'),
    ({"members": "id! name* paint width parts nme"},
     'Thing (V2): member "nme": there is no field "nme"; did you mean "name"?'),
    ({"members": "id! name* paint width parts prise^"}, ""),  # a wish that a rule fulfils
    ({"members": "id! name*! paint width parts"}, 'Thing (V2): member "name*!": a member has at most one mark'),
    ({"members": "id! name* name paint width parts"}, 'Thing (V2): member "name": it is named twice'),
    ({"wire": {"wdth": Alias("name")}}, 'Thing (V2): wire "wdth": there is no member "wdth"; did you mean "width"?'),
    ({"wire": {"name": Alias("nme")}}, 'Thing (V2): member "name": there is no field "nme"; did you mean "name"?'),
    ({"wire": {"paint": EnumAlias("colour", {})}},
     'Thing (V2): member "paint": there is no field "colour"; did you mean "color"?'),
    ({"wire": {"paint": EnumAlias("color", {"red": "r", "green": "g", "bleu": "b"})}},
     'Thing (V2): member "paint" "bleu": there is no word of V3 "bleu"'),
    ({"wire": {"paint": EnumAlias("color", {"red": "r"})}},
     'Thing (V2): member "paint": V2 has no word for "green"'),
    ({"wire": {"width": ObjectMember("sise", "width", Size)}},
     'Thing (V2): member "width": there is no field "sise"; did you mean "size"?'),
    ({"wire": {"width": ObjectMember("size", "wdth", Size)}},
     'Thing (V2): member "width": there is no field of size "wdth"; did you mean "width"?'),
    ({"wire": {"parts": Linked("/things/{e.idd}")}},
     'Thing (V2): member "parts": there is no field "idd"; did you mean "id"?'),
    ({"wire": {"parts": Linked("/things/{x.id}")}}, 'Thing (V2): member "parts": there is no name in a link "x"'),
    ({"wire": {"parts": Linked("/thing/{e.id}")}},
     'Thing (V2): member "parts": there is no path "thing/{}"; did you mean "things/{}"?'),
    ({"wire": {"parts": Linked("/things/{e.id}", served=False)}}, 'Thing (V2): member "parts": things/{} is served'),
    ({"wire": {"parts": WriteForm(INTEGER, Linked("/things", when="onwer"))}},
     'Thing (V2): member "parts": there is no field "onwer"; did you mean "owner"?'),
    ({"wire": {"parts": Derived(len)}, "v2": {"when_chosen": {"name": 1}}},
     'Thing (V2): when_chosen "name": it is a member that is always shown'),
    # tables
    ({"table": {"columns": "name prise price is_low is_shared owner"}},
     'things: columns "prise": there is no member "prise"; did you mean "price"?'),
    ({"table": {"indexed": "prise"}}, 'things: indexed "prise": there is no column "prise"; did you mean "price"?'),
    ({"table": {"hidden": "secrt"}}, 'things: hidden "secrt": there is no member "secrt"; did you mean "secret"?'),
    ({"table": {"hidden": "owner"}},
     "things: hidden: hidden members come last in the entity, in the order of `hidden`"),
    ({"table": {"uniques": [Unique(("nam_key",), "name", "")]}},
     'things: unique "nam_key": there is no column "nam_key"; did you mean "name_key"?'),
    ({"table": {"uniques": [Unique(("name_key",), "nam", "")]}},
     'things: unique: there is no member "nam"; did you mean "name"?'),
    ({"parts": {"references": [Reference("thing", "things", "thing_id", "")]}},
     'parts: reference "thing": there is no column "thing"; did you mean "thing_id"?'),
    ({"parts": {"references": [Reference("thing_id", "thigns", "thing_id", "", "CASCADE")]}},
     'parts: reference "thing_id": there is no table "thigns"; did you mean "things"?'),
    ({"parts": {"references": [Reference("thing_id", "things", "thng_id", "")]}},
     'parts: reference "thing_id": there is no member "thng_id"; did you mean "thing_id"?'),
    ({"table": {"links": [replace(TO_TAGS, target="tag")]}},
     'things: link "thing_tags": there is no table "tag"; did you mean "tags"?'),
    ({"table": {"links": [replace(TO_TAGS, field="tag")]}},
     'things: link "thing_tags": there is no member "tag"; did you mean "tags"?'),
    ({"table": {"cap_within": ("onwer", 9)}},
     'things: cap_within "onwer": there is no column "onwer"; did you mean "owner"?'),
    ({"parts": {"counter": "thngs"}}, 'parts: counter: there is no counter of a plan "thngs"; did you mean "things"?'),
    # events
    ({"signals": events("store/thign")},
     'things: event "store/thign/created": there is no scope of events "store/thign/created";'
     ' did you mean "store/thing/created"?\n'
     'things: event "store/thign/updated": there is no scope of events "store/thign/updated";'
     ' did you mean "store/thing/updated"?\n'
     'things: event "store/thign/deleted": there is no scope of events "store/thign/deleted";'
     ' did you mean "store/thing/deleted"?'),
    ({"signals": events("store/thing", fields="name prise")},
     'things: event "store/thing/updated": there is no member "prise"; did you mean "price"?'),
    (_signal("store/thing/updated", on="update"),
     'things: event "store/thing/updated": there is no change "update"; did you mean "updated"?'),
    (_signal("store/channel/#/thing/updated"),
     'things: event "store/channel/#/thing/updated": channels go with a scope that has a # for the channel,'
     ' and with no other'),
    ({"of_parts": events("store/channel/#/thing", on="updated", channels=channel_of)},
     'parts: event "store/channel/#/thing/updated": there is no member "channel_id"'),
    # rules
    ({"rules": {"before_write": (_rule("prise"),)}},
     'things: rule check "prise": there is no member "prise"; did you mean "price"?'),
    ({"rules": {"before_validate": (_rule("price nmae"),)}},
     'things: rule check "nmae": there is no member "nmae"; did you mean "name"?'),
    # plans
    ({"words": {"plans": {"small": ("thngs",)}}},
     'small: limits "thngs": there is no counter "thngs"; did you mean "things"?'),
    ({"words": {"counters": ("things", "parts")}}, 'plans: counter "parts": no table counts it'),
    # endpoints
    ({"endpoint": {"scope": "store_thing"}},
     f'{V3}: scope: there is no scope "store_thing"; did you mean "store_things"?'),
    ({"endpoint": {"scope": "store_things|store_prats"}},
     f'{V3}: scope: there is no scope "store_prats"; did you mean "store_parts"?'),
    ({"endpoint": {"scope": "store_things_read_only"}},
     f'{V3}: scope: "store_things_read_only" lets one only read; the scope that lets one write is meant'),
    ({"endpoint": {"home": "thing"}}, f'{V3}: home: there is no path "thing"; did you mean "things"?'),
    ({"endpoint": {"defaults": {"ownr": ""}}},
     f'{V3}: defaults "ownr": there is no member "ownr"; did you mean "owner"?'),
    ({"endpoint": {"batch": Batch(9, identity="idd")}},
     f'{V3}: batch.identity: there is no member "idd"; did you mean "id"?'),
    ({"endpoint": {"only": {"is_lo": True}}},
     f'{V3}: only "is_lo": there is no column "is_lo"; did you mean "is_low"?'),
    ({"endpoint": {"only": {"name": True}}}, f'{V3}: only "name": it is TEXT, and should be true or false'),
    ({"endpoint": {"owner": "onwer"}}, f'{V3}: owner: there is no column "onwer"; did you mean "owner"?'),
    ({"endpoint": {"owner": "owner", "shared": "shared"}},
     f'{V3}: shared: there is no column "shared"; did you mean "is_shared"?'),
    ({"endpoint": {"owner": "owner", "shared": "name"}}, f"{V3}: shared: it is TEXT, and should be true or false"),
    ({"endpoint": {"key": "name", "id_offset": 100}}, f"{V3}: id_offset: rows are found by name, and not by their id"),
    ({"endpoint": {"shared": "is_shared"}}, f"{V3}: shared: rows are shared by their owner, and there is none"),
    ({"endpoint": {"key": "nme"}}, f'{V3}: key: there is no column "nme"; did you mean "name"?'),
    # routes
    (_at(lambda facet, old, child: collection("more", facet, "GTE")),
     'more (V3): GTE: such a path has no method "GTE"; did you mean "GET"?'),
    (_at(lambda facet, old, child: item("more/{id}", facet, "GET POST")),
     'more/{id} (V3): POST: such a path has no method "POST"'),
    (_at(lambda facet, old, child: of_lists("more", facet, "GET")),
     'more (V3): GET: such a path has no method "GET"'),
    (_at(lambda facet, old, child: route("more", 3, PTU=ListAll(facet))),
     'more (V3): PTU: there is no method "PTU"; did you mean "PUT"?'),
    (_at(lambda facet, old, child: route("more/{id}", 3, DELETE=DropImage(facet, "pictur"))),
     'more/{id} (V3): DELETE: there is no member "pictur"; did you mean "picture"?'),
    (_at(lambda facet, old, child: route("more", 3, DELETE=DropImage(facet, "picture"))),
     "more (V3): DELETE: DropImage needs 1 ids in the path, which has 0"),
    (_at(lambda facet, old, child: route("one", 3, GET=Singleton("one", lambda context: {}, "store_thing"))),
     'one (V3): scope: there is no scope "store_thing"; did you mean "store_things"?'),
    (_at(lambda facet, old, child: route("more", 3, GET=Writing(facet))),
     "more (V3): GET: Writing writes, and a GET only reads"),
    (_at(lambda facet, old, child: route("more", 2, GET=ListAll(facet))), "more (V2): GET: its endpoint is of V3"),
    (_at(lambda facet, old, child: route("more", 4, GET=ListAll(facet))), "more (V4): version: there is no version 4"),
    (_at(lambda facet, old, child: route("more", 3, GET=ListAll(replace(facet, version=5)))),
     "things (V5): version: there is no version 5\nmore (V3): GET: its endpoint is of V5"),
    (_at(lambda facet, old, child: collection("more", replace(facet, batch=None), "PUT")),
     "more (V3): PUT: UpdateMany needs a Batch"),
    (_at(lambda facet, old, child: of_lists("more", replace(facet, batch=None), "POST")),
     "more (V3): POST: CreateMany needs a Batch"),
    (_at(lambda facet, old, child: of_lists("more", replace(facet, batch=None), "DELETE")),
     "more (V3): DELETE: DeleteListed needs a Batch"),
    (_at(lambda facet, old, child: collection("more", replace(facet, v3=None), "POST")),
     "more (V3): POST: Create needs a shape that reads V3"),
    (_at(lambda facet, old, child: of_lists("more", replace(facet, v3=None), "PUT")),
     "more (V3): PUT: UpdateMany needs a shape that reads V3"),
    (_at(lambda facet, old, child: collection("more", replace(old, v2=None), "GET")),
     "more (V2): GET: ListAll needs a shape that shows V2"),
    (_at(lambda facet, old, child: collection("more/{id}", replace(child, v3=facet.v3), "GET")),
     "more/{id} (V3): GET: its shape is of Thing, and the table keeps Part"),
    (_at(lambda facet, old, child: collection("more/{id}", facet, "GET")),
     "more/{id} (V3): GET: ListAll needs 0 ids in the path, which has 1"),
    (_at(lambda facet, old, child: item("more/{id}", child, "GET")),
     "more/{id} (V3): GET: ShowItem needs 2 ids in the path, which has 1"),
    (_at(lambda facet, old, child: collection("more/{id:txt}", child, "GET")),
     'more/{id:txt} (V3): path "{id:txt}": a segment is a word, {name} for a number or {name:text}'),
    (_at(lambda facet, old, child: moved("less", 3, "thing")),
     'less (V3): moved: there is no path "thing"; did you mean "things"?'),
    ({"below": {"parents": (Parent("thing", stored("things", Thing, **TABLE)),)}},
     'parts (V3): parents: there is no column of parts "thing"; did you mean "thing_id"?'),
    ({"below": {"parents": (Parent("thing_id", stored("things", Thing, **TABLE), "prise"),)}},
     'parts (V3): parents: there is no column of things "prise"; did you mean "price"?'),
    ({"below": {"home": "things/parts"}},
     'parts (V3): home: there is no path "things/parts"; did you mean "things/{}/parts"?'),
    (_at(lambda facet, old, child: collection("more", replace(facet, version=2, v2=old.v2), "GET")),
     f"{V2}: listing: it is of V3"),
    (_at(lambda facet, old, child: collection("more", replace(facet, listing=child.listing), "GET")),
     f"{V3}: listing: it lists parts"),
    (_at(lambda facet, old, child: route("more", 3, POST=ListAll(replace(facet, home="all-things")))),
     f"{V3}: home: all-things has no GET"),
    # pairs
    (_pairs(owner="thign_id"),
     'pairs (V3): pairs: there is no column of its source "thign_id"; did you mean "thing_id"?'),
    (_pairs(tables="things thing_tag"),
     'pairs (V3): tables: there is no table "thing_tag"; did you mean "thing_tags"?'),
    (_pairs(scope="store_thing"), 'pairs (V3): scope: there is no scope "store_thing"; did you mean "store_things"?'),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[message[:70] for _, message in MISTAKES])
def test_a_mistake_is_told(change: Mapping[str, Any], message: str) -> None:
    """Each kind of mistake, one wrong word at a time: the message is all that is told."""
    told = ""
    try:
        declared(**change)
    except DeclarationError as error:
        told = str(error)
    assert told.replace("access/plans.py: ", "test_compile.py: ") == "\n".join(
        f"test_compile.py: {line}" for line in message.splitlines()
    )


def test_what_is_right_is_no_mistake() -> None:
    """The house that the mistakes are put into is right."""
    declared()


def test_every_check_has_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place in the compile step that may tell a mistake does so for one of the above."""
    told: set[tuple[str, int]] = set()
    add = Mistakes.add

    def note(self: Mistakes, *given: Any) -> None:
        frame = sys._getframe(1)
        while Path(frame.f_code.co_filename).name == "mistakes.py":
            assert frame.f_back is not None
            frame = frame.f_back
        told.add((Path(frame.f_code.co_filename).name, frame.f_lineno))
        add(self, *given)

    monkeypatch.setattr(Mistakes, "add", note)
    for change, _ in MISTAKES:
        with contextlib.suppress(DeclarationError):
            declared(**change)
    silent = []
    for path in sorted((Path(bodega.__file__).parent / "kit").glob("compile*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            holder = ast.unparse(node.func.value)
            if node.func.attr not in ("add", "expect", "expect_all") or not re.search("mistakes|here", holder):
                continue
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            if not any((path.name, line) in told for line in lines):
                silent.append(f"{path.name}:{node.lineno}")
    assert silent == []


def test_the_real_declarations_are_right() -> None:
    """All of them, whether a route leads to them or not; and quickly, since every start waits for it."""
    checked: list[object] = []

    def compile_and_keep(*given: Any, **more: Any) -> None:
        checked.extend(compile_declarations(*given, **more))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "compile_declarations", compile_and_keep)
        app.check_declarations.cache_clear()
        began = time.process_time()
        app.check_declarations()
        took = time.process_time() - began
    known = set(map(id, checked))
    tables = {one.name for one in checked if isinstance(one, Table)}
    gc.unfreeze()  # else what a server of an earlier test has frozen is not among them
    forgotten = [
        (one.file, type(one).__name__)
        for one in gc.get_objects()
        if isinstance(one, (*DECLARATIONS, Table)) and one.file.startswith("resources/") and id(one) not in known
        if not (isinstance(one, Table) and one.name in tables)  # which a test has declared anew
    ]
    assert forgotten == []
    assert len(checked) > 400
    assert took < 0.5, "a few milliseconds of this process, under whatever load"


def test_what_was_checked_is_not_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stamp lies beside the bytecode, and holds for the source as it was; without bytecode there is none."""
    (tmp_path / "package" / "inside").mkdir(parents=True)
    inside = tmp_path / "package" / "inside" / "a.py"
    inside.write_text("a = 1\n")
    monkeypatch.setattr(checked, "__file__", str(tmp_path / "package" / "kit" / "checked.py"))
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert not checked.is_stamped()
    checked.stamp()
    assert not checked.is_stamped(), "there is no folder for bytecode"
    (tmp_path / "package" / "kit" / "__pycache__").mkdir(parents=True)
    checked.stamp()
    assert checked.is_stamped()
    inside.write_text("a = 22\n")
    assert not checked.is_stamped()
    checked.stamp()
    assert checked.is_stamped()
    (tmp_path / "package" / "b.py").write_text("")
    assert not checked.is_stamped()
    checked.stamp()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert not checked.is_stamped()


def test_the_start_checks_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application with a mistake in it does not start."""

    def refuse(*_given: Any, **_more: Any) -> None:
        raise DeclarationError("wrong")

    async def start() -> None:
        await app.make_app(await open_backend(tmp_path, None), insecure_http=True, https_port=0)

    monkeypatch.setattr(app, "compile_declarations", refuse)
    monkeypatch.setattr(checked, "is_stamped", lambda: False)
    app.check_declarations.cache_clear()
    with pytest.raises(DeclarationError):
        asyncio.run(start())


def _explained(database: Connection) -> Any:
    async def rows(sql: str, *values: Any) -> list[Any]:
        database.execute(f"EXPLAIN {numbered(sql)}", values).fetchall()
        return []

    return rows


def test_sql_of_ours_is_read_by_the_database() -> None:
    """What no word can be looked up in: every condition of every filter, parents' and includes' orders, as statements
    on the declared schema."""
    database = in_memory()
    for statement in Migration(0, "", create_all(TABLES)).statements("sqlite"):
        database.execute(statement)
    reader = SimpleNamespace(rows=_explained(database))
    tried = 0
    for served in ROUTES:
        for action in served.actions.values():
            listing = getattr(action, "listing", None)
            if listing is None or isinstance(action, OfPairs) or listing.table not in TABLES:
                continue
            for found in listing.filters.values():
                if isinstance(found, Filter):
                    sets, ranges = ("in", "not_in", "like_any"), ("within", "outside")
                    value = ("1",) if found.op in sets else ("1", "1") if found.op in ranges else "1"
                    plan = QueryPlan(listing.table, (Condition(found.column, found.op, value), *found.besides))
                    sql, values = count_sql(plan, "sqlite")
                    database.execute(f"EXPLAIN {numbered(sql)}", values).fetchall()
                    tried += 1
            for include in listing.includes.values():
                if include.rows is not None:
                    asyncio.run(include.read(SimpleNamespace(reader=reader, made=None), [1]))
                    tried += 1
            for sql in getattr(getattr(action, "selection", None), "_parents", ()):
                database.execute(f"EXPLAIN {numbered(sql)}", [1] * len(set(re.findall(r"[$][0-9]", sql)))).fetchall()
    assert tried > 500


def test_a_view_makes_the_members_that_it_names() -> None:
    """What a shape says of its view is what the view gives."""
    viewed = 0
    gc.unfreeze()  # a server that an earlier test started has put what it had made out of the collector's sight
    for one in gc.get_objects():
        if isinstance(one, V3Shape) and one.view is not None and one.file.startswith("resources/"):
            needed = {field.name: "x" for field in msgspec.structs.fields(one.entity) if field.required}
            assert set(one.view(one.entity(**needed))) <= set(one.shown), one.file
            viewed += 1
    assert viewed >= 2


def test_events_that_code_fires_can_be_asked_for() -> None:
    """Scopes that are fired by a call instead of by a table."""
    found = []
    for path in Path(bodega.__file__).parent.glob("resources/**/*.py"):
        for scope in re.findall(r"\.fire\(\s*f?\"([^\"]+)\"", path.read_text()):
            found.append(scope)
            pattern = re.sub(r"\{[^}]*\}", "*", scope)
            assert fnmatch.filter(SCOPES, pattern), f"{path.name}: {scope}"
    assert len(found) >= 3


def test_who_fetches_says_when() -> None:
    """An action's `fetches` is that of the class whose `prefetch` it has: a draft that needs something is prepared."""
    kinds: list[type[Action]] = [Action]
    for kind in kinds:  # grows while it is walked
        kinds += kind.__subclasses__()
    for kind in kinds[1:]:
        fetching = next(one for one in kind.__mro__ if "prefetch" in vars(one))
        asked = next(one for one in kind.__mro__ if "fetches" in vars(one))
        assert fetching is Action or fetching is asked, kind
    assert sum(kind.prefetch is not Action.prefetch for kind in kinds) > 20


def test_what_waits_for_nothing_is_a_plain_read() -> None:
    """It is answered outside of any task and asks no other server, so it neither writes nor calculates."""
    kinds: list[type[Action]] = [Action]
    for kind in kinds:  # grows while it is walked
        kinds += kind.__subclasses__()
    plain = [kind for kind in kinds if kind.at_once and kind.__module__.startswith("bodega.")]
    assert [kind for kind in plain if kind.writes or kind.calculates or kind.body] == []
    assert plain
