"""A group of settings: one frozen type says its members, their types, and what holds where nothing was set.

From that type follow the table (a row for the store, and one for each channel that differs), the bodies that a PUT
takes, what a GET shows, and what the rest of the server reads: `Group.of` gives the type itself, filled in.

What a channel does not say is the store's; what the store does not say is the default, or, for a member that is
`backed`, the operator's setting of that name (`bodega store set`). A backed member that was written through the API
holds until the operator changes that setting again: whoever spoke last is heard.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.access.settings import SETTINGS
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, recognize_own_files, stored
from bodega.kit.events import fires
from bodega.kit.filters import Ignored
from bodega.kit.hints import hints_of
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault, invalid
from bodega.resources.channel_settings import EVERYWHERE, of_its_channel
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.outbox import Signal
from bodega.storage.table import Table
from bodega.storage.tx import Tx

S = TypeVar("S", bound=msgspec.Struct)
Check = Callable[[Any], Sequence[Fault]]
"""What is wrong with settings as they would hold."""

INFORMATION = "store_v2_information"
OVER = "over"
"""The member of a row that keeps, for each backed member, the operator's value that it took the place of."""

_DELETED = "/deleted"

BY_CHANNEL = {"channel_id": Ignored(integer)}


class Member(NamedTuple):
    """One member: `inside` is the type of an object's own members, `backed` the operator's setting behind it."""

    default: Any
    inside: type[msgspec.Struct] | None
    backed: str


def _partial(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The type of an object of which a body, and a row, may say a part; null is not said."""
    hints = hints_of(kind)
    fields = [(name, hints[name] | UnsetType | None, UNSET) for name in kind.__struct_fields__]
    return msgspec.defstruct(
        f"{kind.__name__}Part", fields, module=kind.__module__, namespace={"__doc__": kind.__doc__}
    )


def _is_object(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _informs(_old: Any, new: Any) -> dict[str, Any] | None:
    return {"type": "store"} if new.id == EVERYWHERE else None


_INFORMATION = (fires("store/information/updated", _informs, on="created updated"),)


class Group(Generic[S]):
    """A kind of settings. `required` are the members that a body has to have, `store_only` those that a channel
    cannot have of its own, `read_only` those that a PUT passes over; `backed` maps members to settings of the operator.

    `events` maps an event of channels, as settings/logo/updated, to the members whose change it tells of, all if none
    is named; one that ends with deleted tells that a channel has nothing of its own any more.
    `informs`: a change of the store's own is one of the store's information (V2), too.
    `meta` makes the meta of replies, from the channels.
    `made` makes the value of a member that nobody writes, with the first change of its row.
    `by_channel` is False where only the whole store has such settings. A channel is named by the parameter
    `channel_id`, or `in_path`, as `{path}/channels/{channel_id}`, where its body has no required members.
    """

    def __init__(
        self,
        kind: type[S],
        name: str,
        path: str,
        *,
        scope: str = INFORMATION,
        required: str = "",
        store_only: str = "",
        read_only: str = "",
        backed: Mapping[str, str] = MappingProxyType({}),
        events: Mapping[str, str] = MappingProxyType({}),
        check: Check | None = None,
        made: Mapping[str, Callable[[], Any]] = MappingProxyType({}),
        by_channel: bool = True,
        in_path: bool = False,
        meta: Callable[[Tx], Awaitable[dict[str, Any]]] | None = None,
        informs: bool = False,
    ) -> None:
        self.kind = kind
        self.path = path
        self.check = check
        self.made = made
        self.meta = meta
        self.by_channel = by_channel
        self.store_only = frozenset(store_only.split())
        hints = hints_of(kind)
        unset = kind()
        self.members = {
            name: Member(getattr(unset, name), hints[name] if _is_object(hints[name]) else None, backed.get(name, ""))
            for name in kind.__struct_fields__
        }
        self.backed = any(member.backed for member in self.members.values())
        self.table = self._stored(kind, name, hints)
        hidden = OVER if self.backed else ""
        self.v3 = V3Shape(self.table.entity, required=required, read_only=f"id {read_only}", hidden=hidden)
        asked = by_channel and not in_path
        listing = Listing(self.table, 3, "", mapped=BY_CHANNEL if asked else None)
        self.endpoint = Endpoint(3, self.table, listing, scope, path, v3=self.v3)
        self.of_channel = None
        if in_path:
            part = V3Shape(self.table.entity, required="", read_only=f"id {read_only}", hidden=hidden)
            parents = (Parent("id", channels.TABLE),)
            home = f"{path}/channels/{{}}"
            self.of_channel = Endpoint(3, self.table, listing, scope, home, v3=part, parents=parents)
        signals = [*self._signals(events), *(_INFORMATION if informs else ())]
        files = (recognize_own_files(self.table),) if self.table.files else ()
        self.aggregate = Aggregate(self.table, before_validate=files, signals=tuple(signals))

    def _stored(self, kind: type[S], name: str, hints: Mapping[str, Any]) -> Table:
        fields: list[Any] = []
        for member, told in self.members.items():
            hint = hints[member] if told.inside is None else _partial(told.inside)
            fields.append((member, hint | None, None))
        if self.backed:
            fields.append((OVER, dict[str, Any], msgspec.field(default_factory=dict)))
        entity: Any = msgspec.defstruct(
            f"{kind.__name__}Row",
            fields,
            bases=(Entity,),
            kw_only=True,
            module=kind.__module__,
            namespace={"__doc__": kind.__doc__},
        )
        noun = name.replace("_", " ")
        return stored(name, entity, noun=noun, columns="", hidden=OVER if self.backed else "")

    def _signals(self, events: Mapping[str, str]) -> list[Signal]:
        apart = any(word.endswith(_DELETED) for word in events)
        return [
            fires(
                f"store/channel/#/{word}",
                self._told(members.split() or list(self.members), word.endswith(_DELETED) if apart else None),
                on="created updated",
                channels=of_its_channel if self.by_channel else _everywhere,
            )
            for word, members in events.items()
        ]

    def _told(self, members: Sequence[str], emptied: bool | None) -> Callable[[Any, Any], dict[str, Any] | None]:
        """Says that any of these members changed; `emptied`: only if nothing is left of them now, or something is."""

        def told(old: Any, new: Any) -> dict[str, Any] | None:
            before = old if old is not None else self.table.entity()
            if all(getattr(before, name) == getattr(new, name) for name in members):
                return None
            if emptied is not None and emptied != all(getattr(new, name) is None for name in members):
                return None
            return {"channel_id": new.id}

        return told

    def _emptied(self, name: str, value: Any) -> Any:
        """An empty text is read as null; of the store it is a text where nothing set is one, too."""
        return "" if value is None and self.members[name].default == "" else value

    async def of(self, tx: Tx, channel_id: int = EVERYWHERE, operator: Mapping[str, Any] | None = None) -> S:
        """What holds for a channel, or for the whole store. `operator` are the store's settings of the operator, which
        a group that is backed by them needs."""
        store = await self.row(tx, EVERYWHERE)
        own = await self.row(tx, channel_id) if channel_id != EVERYWHERE else None
        return self.holding(store, own, operator)

    async def row(self, tx: Tx, row_id: int) -> Any:
        """What was set for the store or a channel; None where nothing was."""
        found = await query.get(tx, self.table, row_id)
        return None if found is None else found.entity

    def holding(self, store: Any, own: Any, operator: Mapping[str, Any] | None) -> S:
        """What holds by the rows of the store and of a channel, each None where there is none."""
        assert operator is not None or not self.backed, "a group that the operator's settings back has to be given them"
        told: dict[str, Any] = {}
        for name, member in self.members.items():
            default = behind(member, operator)
            said = [getattr(own, name, None), self.store_says(store, name, default)]
            if member.inside is not None:
                told[name] = _filled(member.inside, member.default, said)
            else:
                told[name] = next((value for value in said if value is not None), default)
        return self.kind(**told)

    def store_says(self, store: Any, name: str, behind: Any) -> Any:
        """What the store's row says, unless the operator changed the setting behind it since."""
        if store is None:
            return None
        if self.members[name].backed and getattr(store, OVER).get(name) != behind:
            return None
        return getattr(store, name)

    def shown_own(self, own: Any) -> dict[str, Any]:
        """A channel's own settings: null is what it has from the store."""
        shown: dict[str, Any] = {}
        for name, member in self.members.items():
            value = getattr(own, name, None)
            if member.inside is not None and value is not None:
                parts = {part: _said(getattr(value, part)) for part in member.inside.__struct_fields__}
                value = parts if any(part is not None for part in parts.values()) else None
            shown[name] = value
        return shown

    def changed(self, was: Any, draft: Mapping[str, Any], operator: Mapping[str, Any]) -> tuple[Any, list[Fault]]:
        """The row after a PUT, and what is wrong with it. What holds for the store already is not set again."""
        of_store = was.id == EVERYWHERE
        if of_store:
            draft = {name: self._emptied(name, value) for name, value in draft.items()}
        faults = _nulls(draft) if of_store else []
        changes: dict[str, Any] = {}
        for name, value in draft.items():
            member = self.members[name]
            merged = _merged(getattr(was, name), value)
            if not of_store:
                if name not in self.store_only:
                    changes[name] = merged
                continue
            default = behind(member, operator)
            now = self.store_says(was, name, default)
            if member.inside is not None:
                same = _filled(member.inside, default, [merged]) == _filled(member.inside, default, [now])
            else:
                same = value == (default if now is None else now)
            if not same:
                changes[name] = merged
                if member.backed:
                    changes[OVER] = {**changes.get(OVER, getattr(was, OVER)), name: default}
        if changes:
            changes |= {name: make() for name, make in self.made.items() if getattr(was, name) is None}
        return replace(was, **changes), faults


def behind(member: Member, operator: Mapping[str, Any] | None) -> Any:
    """What holds where the API said nothing: the operator's setting, or the default."""
    if not member.backed:
        return member.default
    assert operator is not None
    return operator.get(member.backed, SETTINGS[member.backed].default)


async def _everywhere(tx: Tx, _old: Any, _new: Any) -> list[int]:
    return await query.values(tx, "SELECT id FROM channels ORDER BY id")


def _said(value: Any) -> Any:
    return None if value is UNSET else value


def _filled(kind: type[msgspec.Struct], default: Any, said: Sequence[Any]) -> Any:
    parts = {}
    for part in kind.__struct_fields__:
        values = [_said(getattr(one, part)) for one in said if one is not None]
        parts[part] = next((value for value in values if value is not None), getattr(default, part))
    return kind(**parts)


def _merged(was: Any, given: Any) -> Any:
    """An object keeps the members that a body does not name; null takes one back."""
    if not isinstance(given, msgspec.Struct):
        return given
    named = {name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not UNSET}
    whole = replace(
        was if was is not None else type(given)(), **{n: UNSET if v is None else v for n, v in named.items()}
    )
    return None if whole == type(given)() else whole


def _nulls(draft: Mapping[str, Any]) -> list[Fault]:
    """Null leaves a value to the store, which itself has nobody to leave it to."""
    names = [name for name, value in draft.items() if value is None]
    for name, value in draft.items():
        if isinstance(value, msgspec.Struct):
            names += [f"{name}.{part}" for part in value.__struct_fields__ if getattr(value, part) is None]
    return [invalid(name, "must not be null: only a channel can leave it to the store") for name in names]
