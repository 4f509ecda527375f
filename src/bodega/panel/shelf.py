"""Pages of simple things: a list, a form for a new one, a form for one that is there. Each kind is a declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

from bodega.panel import api, forms
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

PER_PAGE = 50


class Listed(NamedTuple):
    """A page of a list, and how many there are in all."""

    items: Sequence[Any]
    total: int


class Switch(NamedTuple):
    """A member that a button turns on and off: the button's words for either, and what is told after each."""

    member: str
    on: str
    off: str
    told_on: str
    told_off: str


def _same(entity: Any) -> Any:
    return entity


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A kind of thing: `path` in the panel, `api` the path of its collection.

    `columns` are headings with what stands below them, the first of which leads to the form. `intro` is what is read
    where there is none yet, `warning` before one is deleted; without it none can be. `to_form` makes what the form
    shows of what the API shows, `to_body` the body of what was typed, for a new one or for `now`. `named` is what its
    paths call one. `client` gives the client in whose name one is changed. `listed` and `load` read otherwise than by
    the API. `switch` is what a button of its form turns on and off.
    """

    path: str
    title: str
    one: str
    api: str
    groups: Callable[[PanelRequest], Awaitable[list[FieldGroup]]]
    columns: Sequence[tuple[str, Callable[[Any], str]]]
    intro: str
    warning: str = ""
    named: str = "id"
    makes: bool = True
    to_form: Callable[[Any], Any] = _same
    to_body: Callable[[dict[str, Any], Any], dict[str, Any]] = lambda draft, _now: draft
    first: Mapping[str, Any] | None = None
    listed: Callable[[PanelRequest, int], Awaitable[Listed]] | None = None
    load: Callable[[PanelRequest, str], Awaitable[Any]] | None = None
    client: Callable[[Any], str] = lambda _entity: api.CLIENT
    query: Mapping[str, str] | None = None
    switch: Switch | None = None

    async def page(self, request: PanelRequest, number: int) -> Listed:
        """What a page of the list shows."""
        if self.listed is not None:
            return await self.listed(request, number)
        reply = await api.read(request, self.api, limit=PER_PAGE, page=number)
        if self.api.startswith("/v3/"):
            return Listed(reply.data, reply.total or len(reply.data))
        count = await api.read(request, f"{self.api}/count")
        return Listed(reply.data or [], count.data["count"])

    async def entity(self, request: PanelRequest) -> Any:
        """The one that the path names. Raises PageError."""
        key = request.ids["item"]
        if self.load is not None:
            return await self.load(request, key)
        one = await api.read(request, f"{self.api}/{key}", **(self.query or {}))
        return one.data


def put_up(pages: Pages, of: Shelf) -> None:
    """Adds the pages of a kind."""
    here = f"/stores/{{store}}/{of.path}"

    async def form_of(request: PanelRequest, form: Form, now: Any, message: str = "") -> Reply:
        bad = form.faulty or bool(message)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
        return show(request, "shelf_item.html", status=status, form=form, now=now, of=of, message=message)

    async def opened(request: PanelRequest, now: Any, message: str = "") -> Reply:
        """The form of what is there, as it is."""
        return await form_of(request, forms.opened(await of.groups(request), of.to_form(now)), now, message)

    async def listed(request: PanelRequest) -> Reply:
        number = api.page_of(request)
        found = await of.page(request, number)
        return show(request, "shelf.html", found=found, of=of, page=number, per=PER_PAGE)

    async def new(request: PanelRequest) -> Reply:
        return await form_of(request, forms.opened(await of.groups(request), of.first), None)

    async def create(request: PanelRequest) -> Reply:
        form, draft = forms.read(request, await of.groups(request), None)
        reply = await api.send_request(request, "POST", of.api, of.to_body(draft, None))
        if reply.refused:
            forms.complain(form, reply)
            return await form_of(request, form, None)
        return go(f"{request.base}/{of.path}?done=made", *SAFE)

    async def detail(request: PanelRequest) -> Reply:
        return await opened(request, await of.entity(request))

    async def change(request: PanelRequest) -> Reply:
        now = await of.entity(request)
        form, draft = forms.read(request, await of.groups(request), of.to_form(now))
        if form.faulty:
            return await form_of(request, form, now)
        back = f"{request.base}/{of.path}/{request.ids['item']}"
        if not draft:
            return go(f"{back}?done=unchanged", *SAFE)
        path = f"{of.api}/{request.ids['item']}"
        reply = await api.send_request(request, "PUT", path, of.to_body(draft, now), client=of.client(now))
        if reply.refused:
            forms.complain(form, reply)
            return await form_of(request, form, now)
        return go(f"{back}?done=saved", *SAFE)

    async def turn(request: PanelRequest) -> Reply:
        now, switch = await of.entity(request), of.switch
        assert switch is not None
        back, wanted = f"{of.path}/{request.ids['item']}", request.field("on") == "true"
        body = of.to_body({switch.member: wanted}, now)
        reply = await api.send_request(request, "PUT", f"{of.api}/{request.ids['item']}", body, client=of.client(now))
        if reply.refused:
            return await opened(request, now, sentence_of(reply))
        return go(f"{request.base}/{back}?done={'on' if wanted else 'off'}", *SAFE)

    async def delete(request: PanelRequest) -> Reply:
        now = await of.entity(request)
        reply = await api.send_request(request, "DELETE", f"{of.api}/{request.ids['item']}", client=of.client(now))
        if reply.refused:
            return await opened(request, now, sentence_of(reply))
        return go(f"{request.base}/{of.path}?done=deleted", *SAFE)

    pages.get(here)(listed)
    if of.makes:
        pages.get(f"{here}/new")(new)
        pages.post(here)(create)
    pages.get(f"{here}/{{item}}")(detail)
    pages.post(f"{here}/{{item}}")(change)
    if of.switch is not None:
        pages.post(f"{here}/{{item}}/switch")(turn)
    if of.warning:
        pages.post(f"{here}/{{item}}/delete")(delete)
