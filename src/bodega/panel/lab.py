"""What the lab's pages share: whether there is a lab, its refusals as a page tells them, and work that takes a while.

The pages ask the operations of the lab (`bodega.lab.control`), as its HTTP API does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.control.told import problem_of
from bodega.lab.control.works import Work
from bodega.panel.forms import Form, flat
from bodega.panel.sentences import FILL_IN, NOT_USABLE, beside
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go, without_rows

pages = Pages()

T = TypeVar("T")
Refused = Callable[[Problem], Awaitable[Reply]]

OFF = "The lab is off on this server, so nothing was done. It is on with bodega dev, and with bodega serve --lab."
QUICK_SECONDS = 1.0
"""Work that takes longer than this is followed on a page of its own."""


def lab_page(handler: Callable[[PanelRequest, Lab], Awaitable[Reply]]) -> Callable[[PanelRequest], Awaitable[Reply]]:
    """A page of the lab: where the lab is off it says so, and its refusals are told as pages."""

    async def handled(request: PanelRequest) -> Reply:
        lab = request.panel.lab
        if lab is None:
            if request.method == "POST":
                raise PageError(HTTPStatus.CONFLICT, OFF)
            return show(request, "lab_off.html")
        if request.shop.rows is None:
            raise without_rows(request.shop)
        try:
            return await handler(request, lab)
        except Problem as problem:
            raise PageError(HTTPStatus(problem.status), problem.title, list(problem.headers)) from None

    return handled


async def asked(request: PanelRequest, lab: Lab, work: Awaitable[T]) -> T:
    """What an operation answers. Raises Problem for whatever stands against it."""
    try:
        return await work
    except Exception as error:
        raise await problem_of(lab, request.shop.record.hash, error, request.path) from None


async def worked(
    request: PanelRequest, lab: Lab, title: str, then: str, job: Callable[[Work], Awaitable[object]], refused: Refused
) -> Reply:
    """Does what takes a while, whoever waits for it, and goes on to the page `then` (below the store's own), or to the
    page that follows the work. `refused` shows the form again if it came to nothing meanwhile."""
    try:
        work = lab.works.begin(
            request.shop.record.hash, title, request.base + then, lambda work: asked(request, lab, job(work))
        )
    except Problem as problem:
        return await refused(problem)
    if not await lab.works.wait(work, QUICK_SECONDS):
        return go(f"{request.base}/lab/work/{work.key}", *SAFE)
    return await refused(work.problem) if work.problem is not None else go(work.then, *SAFE)


def complain(form: Form, problem: Problem, also: Mapping[str, str] | None = None) -> None:
    """Puts what the lab refused beside the fields, in words of the form; `also` names the field of other members."""
    hints = {field.name: field.hint for field in flat(form.groups)}
    errors = {}
    for place, why in problem.errors.items():
        name = place.rpartition(".")[2]
        name = (also or {}).get(name, name)
        if why == "It is required.":
            why = FILL_IN
        elif why.startswith("Expected "):  # how msgspec tells of a pattern
            why = f"{NOT_USABLE} {hints.get(name, '')}".strip()
        errors[name] = why if why[:1].isupper() else f"{name} {why}"
    form.wrong, form.rest = beside(errors, flat(form.groups))
    if not form.faulty:
        form.rest = [problem.title]


def status_of(form: Form, problem: Problem | None = None) -> HTTPStatus:
    """The status of a page that shows a form again."""
    if problem is not None:
        return HTTPStatus(problem.status)
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.faulty else HTTPStatus.OK


@pages.get("/stores/{store}/lab/work/{work}")
@lab_page
async def follow(request: PanelRequest, lab: Lab) -> Reply:
    """What is being done, for as long as it takes."""
    work = lab.works.find(request.shop.record.hash, request.ids["work"])
    if work is None:
        message = "Nothing is known of this work: it ended some time ago, or another process of the server does it."
        raise PageError(HTTPStatus.NOT_FOUND, message)
    return show(request, "lab_work.html", work=work)
