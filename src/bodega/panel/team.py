"""The staff of a store: their roles, links that invite, and the log of who changed what."""

from __future__ import annotations

import re
from http import HTTPStatus

from bodega.access import owners, team
from bodega.panel import api, views
from bodega.panel.templating import show
from bodega.panel.views import ListView
from bodega.panel.web import ROOT, SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/team"
INVITED_SECONDS = 3 * 86_400
PER_PAGE = 50


@pages.get(HERE)
async def listed(request: PanelRequest) -> Reply:
    """Everybody, with the form of an invitation."""
    return await _show(request)


async def _show(request: PanelRequest, message: str = "", link: str = "", email: str = "") -> Reply:
    store = request.shop.record.hash
    found = await team.members(request.panel.tx, store)
    return show(
        request, "team.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK, members=found,
        people={member.owner.id: member.owner.email for member in found},
        roles=_grantable(request), all_roles=team.ROLES, message=message, link=link, email=email,
        days=INVITED_SECONDS // 86_400, open=await owners.invitations(request.panel.tx, store, request.now),
    )  # fmt: skip


def _grantable(request: PanelRequest) -> dict[str, team.Role]:
    """The roles that whoever asks may give: only owners make owners."""
    return {name: role for name, role in team.ROLES.items() if name != team.OWNER or request.role == team.OWNER}


@pages.post(HERE + "/invite")
async def invite(request: PanelRequest) -> Reply:
    """Makes a link that lets one person in, under a role; it is shown once."""
    role = request.field("role")
    if role not in _grantable(request):
        return await _show(request, "Choose a role.", email=request.field("email"))
    try:
        email = owners.read_email(request.field("email"))
    except ValueError as error:
        return await _show(request, str(error), email=request.field("email"))
    tx, store = request.panel.tx, request.shop.record.hash
    known = await owners.by_email(tx, email)
    if known is not None and (has := await team.role_of(tx, known, store)):
        message = f"{email} is in the team already, as {team.title_of(has)}: a link would change nothing."
        return await _show(request, f"{message} Change the role above.", email=email)
    token = await owners.invite(tx, store, email, request.now, INVITED_SECONDS, role, inviter=request.who.id)
    return await _show(request, link=f"{request.origin}{ROOT}/welcome/{token}", email=email)


@pages.post(HERE + "/invitations/{key}/revoke")
async def revoke(request: PanelRequest) -> Reply:
    """Takes back a link that nobody has used."""
    if not await owners.revoke(request.panel.tx, request.shop.record.hash, request.ids["key"]):
        return await _show(request, "This link was used already, or has expired.")
    return go(f"{request.base}/team?done=revoked", *SAFE)


async def _member(request: PanelRequest) -> team.Member:
    """The person in the path, if whoever asks may change them. Raises PageError."""
    key = api.number(request.ids["member"])
    for member in await team.members(request.panel.tx, request.shop.record.hash):
        if member.owner.id == key:
            if member.role == team.OWNER and request.role != team.OWNER:
                raise PageError(HTTPStatus.FORBIDDEN, "Only owners change owners.")
            return member
    raise PageError(HTTPStatus.NOT_FOUND, "There is nobody like this in the team.")


@pages.post(HERE + "/{member}/role")
async def change_role(request: PanelRequest) -> Reply:
    """Gives somebody another role."""
    member, role = await _member(request), request.field("role")
    if role not in _grantable(request):
        return await _show(request, "Choose a role.")
    if not await team.set_role(request.panel.registry, member.owner.id, request.shop.record.hash, role):
        return await _show(request, "A store has one owner at least.")
    return go(f"{request.base}/team?done=role" if request.who.id != member.owner.id else request.base, *SAFE)


@pages.post(HERE + "/{member}/remove")
async def remove(request: PanelRequest) -> Reply:
    """Takes the store from somebody."""
    member = await _member(request)
    if member.owner.id == request.who.id:
        return await _show(request, "Nobody removes themselves: ask somebody else.")
    if not await team.remove(request.panel.registry, member.owner.id, request.shop.record.hash):
        return await _show(request, "A store has one owner at least.")
    return go(f"{request.base}/team?done=removed", *SAFE)


VIEWS = views.declare("team/changes", "Changes", {"who": "Person", "where": "Page"})
LONGEST_PLACE = 200
_CUSTOMER = re.compile(r"/customers/([0-9]{1,9})")


@views.listing(pages, VIEWS)
async def log(request: PanelRequest, view: ListView) -> Reply:
    """Who changed what, the newest first. Of a customer also what was changed under numbers that were merged."""
    page, who = api.page_of(request), request.query_value("who").strip().lower()
    store, offset = request.shop.record.hash, (api.page_of(request) - 1) * PER_PAGE
    where = request.query_value("where").strip()[:LONGEST_PLACE]
    places, numbers = [f"/{where.strip('/')}"] if where else [], list[int]()
    if places and (customer := _CUSTOMER.fullmatch(places[0])):
        numbers = await team.merged_into(request.panel.tx, store, int(customer[1]))
        places += [f"/customers/{number}" for number in numbers]
    found = await team.changes(request.panel.tx, store, who, PER_PAGE + 1, offset, places)
    people = [member.owner.email for member in await team.members(request.panel.tx, store)]
    return show(
        request, "team_changes.html", changes=found[:PER_PAGE], more=len(found) > PER_PAGE, page=page, who=who,
        people=people, where=where, merged=numbers,
        query=view.carry({"who": who, "where": where}), view=view,
    )  # fmt: skip
