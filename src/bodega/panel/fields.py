"""Form fields, made from the types of an entity: their names, what they accept, what was typed into them.

Nothing is validated here: what cannot be parsed goes to the API as it was typed, so that the API says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from bodega.kit.fields import DECIMAL, EMAIL, FLAG, INTEGER, MOMENT, bare, field_type_of, longest
from bodega.kit.hints import hints_of
from bodega.panel.sent_form import compared

Choices = Sequence[tuple[str, str]]

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
LONG_FROM = 256
"""Text that may be longer than this gets a text area."""


class Field(NamedTuple):
    """One field. `kind` is text, long, html, email, number, whole, flag, choice, moment, list (words joined by commas),
    ids.

    `blank` is what the member becomes when the field is emptied; `low` and `high` bound a number, `maximum` is the
    greatest length of a text. `url` holds the path of a page (`custom_url`), `many` the ids that were ticked;
    `suggest` is text for which `choices` are offered.
    """

    name: str
    title: str
    kind: str
    hint: str = ""
    required: bool = False
    maximum: int | None = None
    low: int | None = None
    high: int | None = None
    choices: Choices = ()
    blank: Any = ""
    wide: bool = False

    def text(self, value: Any) -> str:
        """A member's value as the field shows it."""
        if value is None:
            return ""
        if self.kind == "flag":
            return "true" if value else ""
        if self.kind == "url":
            return str(value.get("url", "")) if isinstance(value, Mapping) else str(value)
        if self.kind == "many":
            return ", ".join(map(str, sorted(value)))
        if self.kind in ("list", "ids"):
            return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if self.kind == "number":
            return plain(value)
        return str(value)

    def value(self, text: str) -> Any:
        """The member's value for a text; what cannot be parsed stays text, for the API to refuse."""
        if self.kind == "flag":
            return text == "true"
        if self.kind == "list":
            return [word.strip() for word in text.split(",") if word.strip()]
        if self.kind in ("ids", "many"):
            words = [word for word in re.split(r"[,\s]+", text) if word]
            return [int(word) if _WHOLE.fullmatch(word) else word for word in words]
        if not text and not self.required:
            return self.blank
        if self.kind == "url":
            return {"url": text, "is_customized": True}
        if self.kind == "whole" or (self.kind == "choice" and isinstance(self.blank, int)):
            return int(text) if _WHOLE.fullmatch(text) else text
        if self.kind == "number":
            return Decimal(text) if _NUMBER.fullmatch(text) else text
        return text


def fields_of(
    entity: type[msgspec.Struct],
    names: str,
    *,
    required: str = "",
    titles: Mapping[str, str] | None = None,
    hints: Mapping[str, str] | None = None,
    choices: Mapping[str, Choices] | None = None,
) -> list[Field]:
    """Fields for members of an entity, in this order."""
    types, defaults = _members(entity)
    needed = set(required.split())
    made = []
    for name in names.split():
        field = _field(name, types[name], defaults[name], required=name in needed)
        given = (choices or {}).get(name)
        if given is not None:
            field = field._replace(kind="choice", choices=given)
        field = field._replace(title=(titles or {}).get(name, field.title), hint=(hints or {}).get(name, field.hint))
        made.append(field)
    return made


def rich(fields: Sequence[Field], *names: str) -> list[Field]:
    """The fields, with those that hold HTML marked: for them there is an editor."""
    return [field._replace(kind="html") if field.name in names else field for field in fields]


def plain(value: Any) -> str:
    """A number without needless zeros: V2 writes four places."""
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return f"{exact.to_integral_value() if exact == exact.to_integral_value() else exact.normalize():f}"


@cache
def _members(entity: type[msgspec.Struct]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The types of an entity's members, and their defaults: computed once, since that takes longer than a page."""
    defaults = {field.name: _default(field) for field in msgspec.structs.fields(entity)}
    return hints_of(entity), defaults


def title_of(name: str) -> str:
    """The words of a member's name."""
    words = name.replace("_", " ").removesuffix(" id")
    for short in ("sku", "upc", "mpn", "gtin", "url", "map"):
        words = re.sub(rf"\b{short}\b", short.upper(), words)
    return words[:1].upper() + words[1:]


def _default(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


def _field(name: str, annotation: Any, default: Any, *, required: bool) -> Field:
    inner = bare(annotation)
    kind = field_type_of(inner)
    plain = get_args(inner)[0] if get_origin(inner) is Annotated else inner
    title = title_of(name)
    low, high = _bounds(inner)
    if name == "custom_url":
        return Field(name, "Address of its page", "url", hint="Empty: derived from the name.", maximum=255, blank={})
    if get_origin(plain) is Literal:
        words = tuple((word, title_of(word)) for word in get_args(plain))
        return Field(name, title, "choice", required=required, choices=words, blank=default)
    if kind is FLAG:
        return Field(name, title, "flag", blank=False)
    if kind is DECIMAL:
        return Field(name, title, "number", required=required, low=0, blank=default)
    if kind is MOMENT:
        return Field(name, title, "moment", hint="As 2030-01-31T12:00:00Z.", required=required, blank=default or "")
    if kind is INTEGER:
        return Field(name, title, "whole", required=required, low=low, high=high, blank=default)
    if get_origin(plain) is list:
        listed = "ids" if field_type_of(get_args(plain)[0]) is INTEGER else "list"
        return Field(name, title, listed, hint="Separated by commas.", blank=[], wide=True)
    if kind is EMAIL:
        return Field(name, title, "email", required=required, maximum=longest(inner))
    maximum = longest(inner)
    if maximum is None or maximum >= LONG_FROM:
        return Field(name, title, "long", required=required, maximum=maximum, blank=default or "", wide=True)
    return Field(name, title, "text", required=required, maximum=maximum, blank=default or "")


def _bounds(annotation: Any) -> tuple[int | None, int | None]:
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            if isinstance(item, msgspec.Meta):
                return (None if item.ge is None else int(item.ge)), (None if item.le is None else int(item.le))
    return None, None


def typed(fields: Sequence[Field], form: Mapping[str, Sequence[str]], before: str = "") -> dict[str, str]:
    """What a form sent, by field, as text; a field that it did not show is absent."""
    found = {}
    for field in fields:
        sent = form.get(before + field.name)
        if field.kind in ("flag", "many"):
            if f"{before}{field.name}.shown" in form:
                found[field.name] = _ticked(sent or []) if field.kind == "many" else "true" if sent else ""
        elif sent is not None:
            found[field.name] = _as_sent(field, sent[-1])
    return found


def _as_sent(field: Field, text: str) -> str:
    """A text as a form sends it: browsers end lines in one way, whichever the stored text has."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if field.kind in ("long", "html") else text.strip()


def _ticked(sent: Sequence[str]) -> str:
    return ", ".join(sorted(set(sent), key=lambda text: (len(text), text)))


def shown(fields: Sequence[Field], entity: Mapping[str, Any] | None) -> dict[str, str]:
    """The texts of an entity's members; of a new one, its defaults."""
    if entity is None:
        return {field.name: field.text(field.blank) if field.kind in ("flag", "choice") else "" for field in fields}
    return {field.name: field.text(entity.get(field.name)) for field in fields}


class FormDraft(NamedTuple):
    """A form as a draft: what the API is asked to change, the fields that somebody else changed meanwhile, and the
    texts with which the form was opened, which it keeps carrying."""

    draft: dict[str, Any]
    typed: dict[str, str]
    meanwhile: dict[str, str]
    was: dict[str, str]


def drafted(
    fields: Sequence[Field],
    form: Mapping[str, Sequence[str]],
    now: Mapping[str, Any] | None,
    before: str = "",
) -> FormDraft:
    """The draft of a form: for a new entity all that was filled in, else what differs from what the form showed.

    So two people may change different fields at once, and stock that was sold while a form was open stays sold. A field
    whose stored value `now` is not the one that the form showed is reported and not overwritten.
    """
    texts = typed(fields, form, before)
    stored = shown(fields, now)
    for field in fields:
        if field.name in texts:
            compared(form, before + field.name, "" if now is None else stored[field.name], texts[field.name])
    if now is None:
        draft = {field.name: field.value(texts[field.name]) for field in fields if _says(field, texts)}
        return FormDraft(draft, texts, {}, {})
    was = _was(form, before)
    draft, meanwhile = {}, {}
    for field in fields:
        name = field.name
        if name not in texts or texts[name] in (_as_sent(field, was.get(name, stored[name])), stored[name]):
            continue
        if texts[name] == _as_sent(field, stored[name]):
            continue
        if was.get(name, stored[name]) != stored[name]:
            meanwhile[name] = (
                f"Somebody else changed this to “{stored[name][:200]}” meanwhile. Save again to overwrite it."
            )
            was[name] = stored[name]
        draft[name] = field.value(texts[name])
    return FormDraft(draft, texts, meanwhile, stored | was)


def _says(field: Field, texts: Mapping[str, str]) -> bool:
    return field.name in texts and (texts[field.name] != "" or field.kind == "flag")


def _was(form: Mapping[str, Sequence[str]], before: str) -> dict[str, str]:
    """The texts that the form showed when it was opened, which it carries."""
    try:
        was = json.loads(form.get(f"{before}was", ["{}"])[-1])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(was, dict):
        return {}
    return {str(name): value for name, value in was.items() if isinstance(value, str)}
