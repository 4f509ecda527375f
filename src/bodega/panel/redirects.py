"""Redirects of the storefronts: old paths and where they lead; a CSV file of them in and out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.kit.upload import Upload
from bodega.panel import api, forms, views
from bodega.panel.fields import Choices, Field
from bodega.panel.forms import FieldGroup, Form
from bodega.panel.sentences import sentence_of
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go, without_rows
from bodega.resources.content.redirect_jobs import TABLE as _TABLE
from bodega.resources.content.redirect_jobs import job_of
from bodega.storage import query

pages = Pages()

HERE = "/stores/{store}/redirects"
REDIRECTS = "/v3/storefront/redirects"
IMEX = REDIRECTS + "/imex"
PER_PAGE = 50
KINDS: Choices = (
    ("url", "An address"),
    ("product", "A product"),
    ("category", "A category"),
    ("brand", "A brand"),
    ("page", "A web page"),
    ("post", "A post of the blog"),
)


async def _groups(request: PanelRequest) -> list[FieldGroup]:
    sites = tuple((str(one["id"]), one["url"]) for one in await api.whole(request, "/v3/sites"))
    return [
        FieldGroup(
            "",
            [
                Field("from_path", "Old path", "text", "For example /old-name.", required=True),
                Field("site_id", "On the site", "choice", choices=sites, blank=1),
                Field("type", "Leads to", "choice", choices=KINDS, blank="url"),
                Field("target", "Address, or its number", "text", required=True),
            ],
        )
    ]


VIEWS = views.declare("redirects", "Redirects", {"keyword": "Path begins with"})


async def _show(
    request: PanelRequest, form: Form | None = None, message: str = "", view: ListView | None = None
) -> Reply:
    page, sought = api.page_of(request), request.query_value("keyword")
    found = await api.read(request, REDIRECTS, limit=PER_PAGE, page=page, include="to_url", keyword=sought)
    jobs = (await api.read(request, f"{IMEX}/jobs", limit=5)).data
    view = view or await views.opened(request, VIEWS)
    sites = {one["id"]: one["url"] for one in await api.whole(request, "/v3/sites")}
    return show(
        request,
        "redirects.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form or message else HTTPStatus.OK,
        redirects=found.data,
        total=found.total,
        page=page,
        per=PER_PAGE,
        sought=sought,
        query=view.carry({"keyword": sought}),
        view=view,
        jobs=jobs,
        sites=sites,
        form=form or forms.opened(await _groups(request), {"type": "url", "site_id": 1}),
        message=message,
    )


@views.listing(pages, VIEWS)
async def listed(request: PanelRequest, view: ListView) -> Reply:
    """All redirects, the jobs, and the form of a new one."""
    return await _show(request, view=view)


def _body(draft: dict[str, Any]) -> dict[str, Any]:
    kind, target = draft.get("type", "url"), draft.get("target", "")
    to: dict[str, Any] = {"type": kind, "url": target}
    if kind != "url":
        to = {"type": kind, "entity_id": int(target) if target.isascii() and target.isdigit() else target}
    return {"from_path": draft.get("from_path", ""), "site_id": draft.get("site_id", 1), "to": to}


@pages.post(HERE)
async def put(request: PanelRequest) -> Reply:
    """Makes a redirect, or changes the one of the same path."""
    form, draft = forms.read(request, await _groups(request), None)
    reply = await api.send_request(request, "PUT", REDIRECTS, [_body(draft)])
    if reply.refused:
        names = {"to": "target", "url": "target", "entity_id": "target", "forward": "target", "path": "from_path"}
        errors: dict[str, str] = {}
        for name, text in reply.errors.items():
            last = name.removeprefix("0.").split(".")[0]
            errors.setdefault(names.get(last, last), text)
        forms.complain(form, reply._replace(errors=errors))
        return await _show(request, form)
    return go(f"{request.base}/redirects?done=saved", *SAFE)


@pages.post(HERE + "/import", files=True)
async def import_file(request: PanelRequest) -> Reply:
    """Begins the import of a CSV file."""
    given = request.files.get("import_file")
    if not isinstance(given, Upload):
        return await _show(request, message="Choose a CSV file first.")
    reply = await api.upload(request, f"{IMEX}/import", "import_file", given)
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/redirects?done=imported", *SAFE)


@pages.post(HERE + "/export")
async def export(request: PanelRequest) -> Reply:
    """Begins an export of all redirects."""
    reply = await api.send_request(request, "POST", f"{IMEX}/export", {})
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/redirects?done=exported", *SAFE)


@pages.get(HERE + "/export/{job}")
async def download(request: PanelRequest) -> Reply:
    """The file of an export."""
    if request.shop.rows is None:
        raise without_rows(request.shop)
    reader = request.shop.rows.reader
    row = await query.one(reader, _TABLE, "uuid = $1", request.ids["job"])
    if row is None or (await job_of(reader, request.ids["job"], "export"))[1] != "complete":
        raise PageError(HTTPStatus.NOT_FOUND, "There is no file to download.")
    sql = "SELECT content FROM redirect_job_parts WHERE job_id = $1 ORDER BY part"
    body = b"".join([bytes(part) for (part,) in await reader.rows(sql, row.entity.id)])
    headers = [
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"content-disposition", b'attachment; filename="redirects.csv"'),
        *SAFE,
    ]
    return Reply(HTTPStatus.OK, headers, body)


@pages.post(HERE + "/{redirect}/delete")
async def delete(request: PanelRequest) -> Reply:
    """Deletes a redirect."""
    number = api.number(request.ids["redirect"])
    reply = await api.send_request(request, "DELETE", REDIRECTS, **{"id:in": str(number)})
    if reply.refused:
        return await _show(request, message=sentence_of(reply))
    return go(f"{request.base}/redirects?done=deleted", *SAFE)
