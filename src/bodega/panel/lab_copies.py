"""Snapshots and forks: taken, gone back to, deleted, and made into a store of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.access import owners, team
from bodega.lab.control import diffs, snapshots, stores
from bodega.lab.control.accounts import AccountAsked
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.control.reading import read_object
from bodega.lab.control.works import Work
from bodega.panel import forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.lab import asked, complain, lab_page, status_of, worked
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/lab/snapshots"
FORKS = "/stores/{store}/lab/forks"
MOST_SHOWN = 200
"""So many snapshots are listed."""

_NAME = "1 to 64 letters, digits, dots, hyphens and underscores. It replaces an older one of its name."
_HASH = "1 to 40 lower-case letters, digits and hyphens."
TAKE = [FieldGroup("", [Field("name", "Name", "text", _NAME, required=True)])]


def _fork_form(names: list[str]) -> list[FieldGroup]:
    states = [("", "As the store is now"), *((name, f"As in the snapshot {name}") for name in names)]
    return [FieldGroup("", [
        Field("hash", "Name of the new store", "text", _HASH, required=True),
        Field("snapshot", "Its content", "choice", choices=states),
    ])]  # fmt: skip


async def comparable(request: PanelRequest) -> list[str]:
    """The other stores whose lab whoever looks may see, by name: one of them may be the origin of this one."""
    found = []
    for name in request.who.stores:
        role = await team.role_of(request.panel.tx, request.who, name)
        if name != request.shop.record.hash and team.may(role, "/lab/diff", changes=False):
            found.append(name)
    return sorted(found)


async def _names(request: PanelRequest, lab: Lab) -> list[str]:
    found = await asked(request, lab, snapshots.list_snapshots(lab, request.shop.record.hash))
    return [one.name for one in found]


async def _show(
    request: PanelRequest, lab: Lab, take: Form | None = None, fork: Form | None = None, problem: Problem | None = None
) -> Reply:
    names = await _names(request, lab)
    take, fork = take or forms.opened(TAKE), fork or forms.opened(_fork_form(names))
    return show(
        request, "lab_snapshots.html", status=status_of(fork if fork.faulty else take, problem), take=take, fork=fork,
        names=names[:MOST_SHOWN], total=len(names), others=(await comparable(request))[:MOST_SHOWN],
    )  # fmt: skip


@pages.get(HERE)
@lab_page
async def listed(request: PanelRequest, lab: Lab) -> Reply:
    """The snapshots by name, and what can be done with them."""
    return await _show(request, lab)


@pages.post(HERE)
@lab_page
async def take(request: PanelRequest, lab: Lab) -> Reply:
    """Keeps the store as it is under a name."""
    form, draft = forms.read(request, TAKE, None)

    async def refused(problem: Problem) -> Reply:
        complain(form, problem)
        return await _show(request, lab, take=form, problem=problem)

    try:
        body = read_object(draft, snapshots.SnapshotAsked)
    except Problem as problem:
        return await refused(problem)

    async def job(_work: Work) -> None:
        await snapshots.take_snapshot(lab, request.shop.record.hash, body)

    return await worked(request, lab, f"Taking the snapshot {body.name}", "/lab/snapshots?done=taken", job, refused)


async def _the_snapshot(request: PanelRequest, lab: Lab) -> str:
    """The one that the path names. Raises PageError."""
    name = request.ids["name"]
    if name not in await _names(request, lab):
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such snapshot; somebody else may have deleted it.")
    return name


@pages.get(HERE + "/{name}/restore")
@lab_page
async def confirm(request: PanelRequest, lab: Lab) -> Reply:
    """What is lost if the store goes back to a snapshot."""
    return await _confirm(request, lab, await _the_snapshot(request, lab))


async def _confirm(request: PanelRequest, lab: Lab, name: str, problem: Problem | None = None) -> Reply:
    found: dict[str, Any] = {}
    untold = ""
    try:
        query = diffs.DiffQuery(before=name, limit=1)
        found = (await asked(request, lab, diffs.diff_store(lab, request.shop.record.hash, query))).resources
    except Problem as error:
        untold = error.title
    status = HTTPStatus(problem.status) if problem is not None else HTTPStatus.OK
    return show(
        request, "lab_restore.html", status=status, name=name, found=found, untold=untold,
        message=problem.title if problem is not None else "",
    )  # fmt: skip


@pages.post(HERE + "/{name}/restore")
@lab_page
async def restore(request: PanelRequest, lab: Lab) -> Reply:
    """Goes back to a snapshot."""
    name = await _the_snapshot(request, lab)

    async def refused(problem: Problem) -> Reply:
        return await _confirm(request, lab, name, problem)

    async def job(_work: Work) -> None:
        await snapshots.restore_snapshot(lab, request.shop.record.hash, name)

    title = f"Going back to the snapshot {name}"
    return await worked(request, lab, title, "/lab/snapshots?done=restored", job, refused)


@pages.post(HERE + "/{name}/delete")
@lab_page
async def delete(request: PanelRequest, lab: Lab) -> Reply:
    """Deletes a snapshot."""
    name = await _the_snapshot(request, lab)
    await asked(request, lab, snapshots.delete_snapshot(lab, request.shop.record.hash, name))
    return go(f"{request.base}/lab/snapshots?done=deleted", *SAFE)


@pages.post(FORKS)
@lab_page
async def fork(request: PanelRequest, lab: Lab) -> Reply:
    """Makes a store of this one, owned by whoever asked, with an account of its own."""
    form, draft = forms.read(request, _fork_form(await _names(request, lab)), None)

    async def refused(problem: Problem) -> Reply:
        complain(form, problem)
        return await _show(request, lab, fork=form, problem=problem)

    try:
        body = read_object(draft, stores.ForkAsked)
    except Problem as problem:
        return await refused(problem)
    body.accounts = [AccountAsked()]  # its token is made up: whoever reaches the server could guess one that follows

    async def job(work: Work) -> stores.StoreMade:
        made = await stores.fork_store(lab, request.shop.record.hash, body)
        await owners.add(request.panel.tx, request.who.email, body.hash, "", request.now)
        work.then = f"{request.base}/lab/forks/{work.key}"
        return made

    return await worked(request, lab, f"Making the store {body.hash}", "/lab/snapshots", job, refused)


@pages.get(FORKS + "/{work}")
@lab_page
async def forked(request: PanelRequest, lab: Lab) -> Reply:
    """A fork that has just been made: the credentials of its account, once."""
    work = lab.works.find(request.shop.record.hash, request.ids["work"])
    made = work.answer if work is not None else None
    if work is None or not isinstance(made, stores.StoreMade):
        raise PageError(HTTPStatus.NOT_FOUND, "The credentials of a fork are shown once. Its own pages make others.")
    work.answer = None
    return show(request, "lab_forked.html", made=made.store.hash, account=made.accounts[0])
