"""Sample data: the store filled with it, and emptied."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.lab.control import seeding, stores
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.lab.control.reading import read_object
from bodega.lab.control.works import Work
from bodega.panel import forms
from bodega.panel.fields import Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.lab import complain, lab_page, status_of, worked
from bodega.panel.status import usage
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply

pages = Pages()

HERE = "/stores/{store}/lab/sample"
SIZES = {
    "small": {"products": 20, "customers": 10, "orders": 20, "promotions": 3},
    "usual": seeding.AMOUNTS,
    "large": {"products": 2_000, "customers": 1_000, "orders": 2_000, "promotions": 13},
}


def _says(name: str) -> str:
    return f"{name.capitalize()}: {', '.join(f'{count:,} {kind}' for kind, count in SIZES[name].items())}"


FILL = [
    FieldGroup("", [
        Field("size", "How much", "choice", choices=[("", "As entered below"), *((one, _says(one)) for one in SIZES)],
              wide=True),
        *(Field(kind, kind.capitalize(), "whole") for kind in seeding.AMOUNTS),
        Field("seed", "Seed", "whole", "The same seed gives the same data. Empty: 1."),
    ]),
]  # fmt: skip


async def _show(
    request: PanelRequest, fill: Form | None = None, problem: Problem | None = None, wrong: str = ""
) -> Reply:
    form = fill or forms.opened(FILL, {"size": "usual"})
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else status_of(form, problem)
    added = [(kind, request.query_value(kind)) for kind in seeding.AMOUNTS]
    return show(
        request, "lab_sample.html", status=status, form=form, usage=await usage(request), wrong=wrong,
        added=[(kind, int(count)) for kind, count in added if count.isascii() and count.isdigit() and len(count) < 10],
    )  # fmt: skip


@pages.get(HERE)
@lab_page
async def sample(request: PanelRequest, lab: Lab) -> Reply:
    """The forms."""
    return await _show(request)


@pages.post(HERE)
@lab_page
async def fill(request: PanelRequest, lab: Lab) -> Reply:
    """Fills the store with sample data beside what it holds."""
    form, draft = forms.read(request, FILL, None)

    async def refused(problem: Problem) -> Reply:
        complain(form, problem)
        return await _show(request, form, problem)

    try:
        body = _asked(draft)
    except Problem as problem:
        return await refused(problem)

    async def job(work: Work) -> seeding.Seeded:
        seeded = await seeding.add_sample(lab, request.shop.record.hash, body, work.count)
        work.then += "".join(f"&{kind}={count}" for kind, count in seeded.added.items())
        return seeded

    return await worked(request, lab, "Filling the store with sample data", "/lab/sample?done=filled", job, refused)


def _asked(draft: dict[str, Any]) -> seeding.SeedAsked:
    """What the form asks for: a size, or numbers. Raises Problem."""
    size = draft.pop("size", "")
    own = [kind for kind in seeding.AMOUNTS if draft.get(kind)]
    why = ""
    if size and own:
        why = "Choose a size, or enter numbers."
    elif size and size not in SIZES:
        why = "Choose a size."
    elif not size and not own:
        why = "Choose how much."
    if why:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, why, {"size": why})
    return read_object({**draft, **SIZES.get(size, {})}, seeding.SeedAsked)


@pages.post(HERE + "/reset")
@lab_page
async def reset(request: PanelRequest, lab: Lab) -> Reply:
    """Empties the store."""
    name = request.shop.record.hash
    if request.field("confirm") != name:
        return await _show(request, wrong=f"Enter {name} to empty the store.")

    async def refused(problem: Problem) -> Reply:
        return await _show(request, problem=problem, wrong=problem.title)

    async def job(_work: Work) -> None:
        await stores.reset_store(lab, name)

    return await worked(request, lab, "Emptying the store", "/lab/sample?done=emptied", job, refused)
