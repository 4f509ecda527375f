"""The V2 form of an entity: a list of members in V2's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from bodega.kit.body import Changes
from bodega.kit.bounds import excess
from bodega.kit.complaint import Absent, Misfit
from bodega.kit.entity import Entity
from bodega.kit.hints import hints_of
from bodega.kit.links import Base
from bodega.kit.sealed import Sealed
from bodega.kit.unknown_members import read_only, strangers, unknown
from bodega.kit.upload import Form
from bodega.kit.v2_members import MARKS, BatchLoaded, Wire, Word, WriteForm, wire_of
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.storage.declaration import declared_in


class V2Shape(Sealed):
    """`fields` names the members in order, each with at most one mark:

    `*` required by POST; `+` required by POST and PUT; `!` read-only; `~` written by POST and refused by PUT; `?` what
    only the store writes: it is read and passed over, since whole objects are sent back; `^` written, but never shown,
    and if the entity has no such field, a rule carries it out. Links and derived members are read-only unless marked
    otherwise. `when_chosen` are members that appear only if the caller chose which to see (rule 28).
    """

    def __init__(
        self,
        entity: type[Entity],
        root: str,
        item: str,
        fields: str,
        wire: Mapping[str, Word] | None = None,
        *,
        when_chosen: Mapping[str, Any] | None = None,
    ) -> None:
        self.file = declared_in()
        self.entity = entity
        self.root = root
        self.item = item
        words = wire or {}
        self.words, self.texts = words, tuple(fields.split())
        self.names = tuple(text.rstrip(MARKS) for text in self.texts)
        self._unseen = {text[:-1] for text in self.texts if text.endswith("^")}
        self.members = [name for name in self.names if name not in self._unseen]
        """The members of a reply, in order."""
        looks = {name: word.shown if isinstance(word, WriteForm) else word for name, word in words.items()}
        loaded = {name: word for name, word in looks.items() if isinstance(word, BatchLoaded)}
        self.batch_loaded: Mapping[str, BatchLoaded] = MappingProxyType(loaded)
        self.when_chosen = dict(when_chosen or {})

    # What follows is made when it is first needed: few shapes are of all that a server declares.

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """The types of the entity's members."""
        return hints_of(self.entity)

    @cached_property
    def wires(self) -> Mapping[str, Wire]:
        """The members by name."""
        return {made.name: made for made in (wire_of(text, self.words, self.hints) for text in self.texts)}

    @cached_property
    def _shown(self) -> Sequence[tuple[str, Callable[[Any, Base], Any]]]:
        return [(made.name, made.show) for made in self.wires.values() if made.name not in self._unseen]

    @cached_property
    def _called(self) -> Mapping[str, str]:
        return {made.field: name for name, made in self.wires.items() if made.field not in ("", *self.wires)}

    @cached_property
    def _required(self) -> Sequence[Wire]:
        return [made for made in self.wires.values() if made.required]

    @cached_property
    def _always_required(self) -> Sequence[Wire]:
        return [made for made in self.wires.values() if "PUT" in made.required]

    def show(
        self,
        entity: Any,
        base: Base,
        names: Container[str] | None = None,
        batch_loaded: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The V2 form, or the named members of it; `batch_loaded` holds the values that come from other rows."""
        if names is None:
            made = {name: show(entity, base) for name, show in self._shown}
        else:
            made = {name: show(entity, base) for name, show in self._shown if name in names} | self.when_chosen
        for name, value in (batch_loaded or {}).items():
            made[name] = self.batch_loaded[name].empty if value is None else value
        return made

    def read(self, members: Any, *, creating: bool) -> Changes:
        """The changes in a V2 body. Raises Refusal naming every faulty member (rules 1 to 4)."""
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        faults: list[Fault] = []
        changes: Changes = {}
        method = "POST" if creating else "PUT"
        for name, value in members.items():
            wire = self.wires.get(name)
            if wire is None:
                faults.append(unknown(name))
            elif method in wire.refused:
                faults.append(read_only(name))
            elif wire.bound is not None and (over := excess(value, wire.bound, name)) is not None:
                faults.append(invalid(over.place, str(over)))
            elif wire.writable and wire.holds is not None and (strange := _strange(wire, value, creating)):
                faults += strange
            else:
                try:
                    read = wire.read(value)
                except ValueError as error:
                    faults.append(_misfit(name, error))
                else:
                    if wire.writable:
                        changes[wire.field] = read
        faults += [
            missing(wire.name)
            for wire in (self._required if creating else self._always_required)
            if wire.name not in members
        ]
        if faults:
            raise refuse_faults(faults)
        return changes

    def read_form(self, members: Form, *, creating: bool) -> Changes:
        """As `read`, from a form: V2 accepts text for everything."""
        return self.read(members, creating=creating)

    def rename_fault(self, fault: Fault) -> Fault:
        """The fault of a field, renamed to the V2 member that shows this field under another name."""
        name = self._called.get(fault.field)
        if name is None:
            return fault
        word = re.compile(rf"\b{re.escape(fault.field)}\b")
        details = {
            key: word.sub(name, value) if isinstance(value, str) else value for key, value in fault.details.items()
        }
        return Fault(fault.reason, name, word.sub(name, fault.message), details)

    def describe(self, methods: Collection[str] = ("POST", "PUT")) -> list[dict[str, Any]]:
        """The field list of an OPTIONS reply (rule 13), for a target with these methods.

        Only text with a greatest length has a length there.
        """
        writing = [method for method in ("POST", "PUT") if method in methods]
        return [
            {
                "name": wire.name,
                "type": wire.word,
                **({"length": wire.length} if wire.length else {}),
                "writable_methods": [method for method in writing if wire.writable and method not in wire.refused],
                "required_methods": [method for method in writing if method in wire.required],
            }
            for wire in self.wires.values()
        ]


def _misfit(name: str, error: ValueError) -> Fault:
    """The fault of a value that a reader refused, which may have told where inside the value it is."""
    if isinstance(error, Absent):
        return missing(name + error.path)
    return invalid(name, str(error), inside=error.path if isinstance(error, Misfit) else "")


def _strange(wire: Wire, value: Any, creating: bool) -> list[Fault]:
    return list(strangers(wire.name, value, wire.holds, new=creating))
