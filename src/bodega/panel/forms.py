"""Forms for entities: shown, sent to the API, and shown again with what it refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bodega.http.internal_api import ApiReply
from bodega.panel import api
from bodega.panel.fields import Field, drafted, shown
from bodega.panel.sentences import beside, sentence_of
from bodega.panel.web import PanelRequest


class FieldGroup(NamedTuple):
    """Fields that belong together; `open` groups are unfolded at first."""

    title: str
    fields: Sequence[Field]
    open: bool = True


@dataclass
class Form:
    """What a template shows of a form. `wrong` are sentences by field, `rest` those that belong to none; `was` is what
    it was opened with, and `before` the prefix of its field names."""

    groups: Sequence[FieldGroup]
    texts: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)
    was: dict[str, str] = field(default_factory=dict)
    before: str = ""
    new: bool = False
    pictures: Sequence[tuple[str, str]] = ()
    """Addresses and descriptions of pictures that an HTML text may show."""

    @property
    def is_rich(self) -> bool:
        """Whether a field is HTML, for which there is an editor."""
        return any(item.kind == "html" for item in flat(self.groups))

    @property
    def pictures_json(self) -> str:
        """`pictures`, as the editor reads them."""
        return json.dumps(self.pictures, ensure_ascii=False)

    @property
    def was_json(self) -> str:
        """`was`, as the form carries it."""
        return json.dumps(self.was, ensure_ascii=False)

    @property
    def faulty(self) -> bool:
        """Whether something was refused."""
        return bool(self.wrong or self.rest)

    def opens(self, group: FieldGroup) -> bool:
        """Whether a group is unfolded; one with an error always is."""
        return group.open or any(item.name in self.wrong for item in group.fields)


def flat(groups: Sequence[FieldGroup]) -> list[Field]:
    """All fields of a form."""
    return [item for group in groups for item in group.fields]


def opened(groups: Sequence[FieldGroup], entity: Mapping[str, Any] | None = None, before: str = "") -> Form:
    """The form of an entity, or of a new one."""
    texts = shown(flat(groups), entity)
    return Form(groups, texts, was={} if entity is None else texts, before=before, new=entity is None)


def filled(draft: Mapping[str, Any]) -> dict[str, Any]:
    """What a draft of something new says: fields that were left empty say nothing."""
    return {name: value for name, value in draft.items() if value not in ("", None)}


class Submission(NamedTuple):
    """The result of a form: `reply` is None when nothing was changed, or not everything could be."""

    form: Form
    reply: ApiReply | None

    @property
    def saved(self) -> bool:
        """Whether the form is done with."""
        return not self.form.faulty


def read(
    request: PanelRequest, groups: Sequence[FieldGroup], now: Mapping[str, Any] | None, before: str = ""
) -> tuple[Form, Any]:
    """The form as it was sent, and the draft that it asks for."""
    got = drafted(flat(groups), request.form, now, before)
    form = Form(
        groups, {**shown(flat(groups), now), **got.typed}, dict(got.meanwhile), [], got.was, before, now is None
    )
    return form, got.draft


def complain(form: Form, reply: ApiReply) -> None:
    """Puts what the API refused beside the fields, in words of the form."""
    form.wrong, form.rest = beside(reply.errors, flat(form.groups))
    if not form.wrong and not form.rest:
        form.rest = [sentence_of(reply)]


async def send(
    request: PanelRequest,
    groups: Sequence[FieldGroup],
    path: str,
    now: Mapping[str, Any] | None = None,
    *,
    etag: str = "",
    more: Mapping[str, Any] | None = None,
    before: str = "",
) -> Submission:
    """Sends a form to the API: POST to a collection for a new entity, else PUT of what was changed.

    `more` are members that are sent as well unless the form sets them.
    """
    form, draft = read(request, groups, now, before)
    if form.faulty:
        return Submission(form, None)
    if now is not None and not draft:
        return Submission(form, None)
    draft = {**(more or {}), **draft}
    reply = await api.send_request(request, "POST" if now is None else "PUT", path, draft, etag=etag)
    if reply.refused:
        complain(form, reply)
    elif reply.errors:
        form.wrong, form.rest = beside(reply.errors, flat(groups))
    return Submission(form, reply)
