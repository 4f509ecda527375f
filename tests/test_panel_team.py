"""The staff of a store: what each role sees and changes, how somebody joins and leaves, and who changed what."""

from __future__ import annotations

import asyncio
import json
import re
import time
from http import HTTPStatus
from typing import Any

import pytest

from bodega.access import apps, owners, team
from bodega.panel import forms, pages, views
from bodega.panel.audit import LONGEST, MASK, says
from bodega.panel.fields import drafted, fields_of
from bodega.panel.forms import FieldGroup
from bodega.panel.sent_form import SentForm
from bodega.panel.web import PageError
from bodega.resources.catalog.product import Product
from panel import PASSWORD, Browser, Page, add_owner, base, signed_in
from shop import Shop
from test_panel_catalogue import LAMP, PRODUCTS
from test_panel_safe import at

STAFF = [name for name in team.ROLES if name not in (team.OWNER, team.ADMIN)]


def staff(shop: Shop, role: str) -> Browser:
    """The browser of somebody with this role."""
    email = f"{role}@{shop.name}.example"
    add_owner(shop, email)
    shop.server.run(shop.server.backend.registry.tx.run(
        "UPDATE owned SET role = $1 WHERE store = $2 AND owner = (SELECT id FROM owners WHERE email = $3)",
        role, shop.name, email))  # fmt: skip
    browser = Browser(shop.server)
    assert browser.sign_in(email).status == 303
    return browser


def of_store() -> list[Any]:
    """The declared pages of a store."""
    return [page for page in pages.every() if "<store>" in page.pattern.pattern]


def test_every_page_belongs_to_an_area() -> None:
    for page in of_store():
        pattern = page.pattern.pattern.partition(")")[2]
        for path in {pattern.replace("(?P<list>[^/]{1,200})", name) for name in views.LISTS}:
            assert team.area_of(path) is not None, path


@pytest.mark.parametrize("role", [*team.ROLES, "nobody"])
def test_a_role_reaches_its_pages_and_no_others(shop: Shop, role: str) -> None:
    """Every declared page and form, by the role alone: a 403 for what it may not, and never one for what it may."""
    browser = staff(shop, role)
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    seen = 0
    for page in of_store():
        path = at(page, shop, "0")
        changes = page.method == "POST"
        if path.endswith(("/revoke", "/remove")):
            continue
        allowed = team.may(role, path.removeprefix(base(shop)), changes=changes)
        answer = browser.ask(page.method, path, {"form_token": token} if changes else None)
        assert (answer.status == 403) is (not allowed), (path, answer.status)
        seen += allowed
    assert (seen > 30) is (role != "nobody")


@pytest.mark.parametrize("role", STAFF)
def test_links_lead_only_where_a_role_may_go(shop: Shop, role: str) -> None:
    browser = staff(shop, role)
    navigation = browser.get(base(shop)).text.partition("<nav")[2].partition("</nav>")[0]
    links = [link for link in re.findall(r'href="([^"#]+)"', navigation) if link.startswith(base(shop))]
    assert len(links) > 3
    for link in links:
        assert browser.get(link).status == 200, link
    assert f"{base(shop)}/team" not in links
    assert browser.get(f"{base(shop)}/search?q=settings").text.count("/settings/") == 0 or role == "developer"


def invited(shop: Shop, browser: Browser, email: str, role: str) -> str:
    """The path of a link."""
    page = browser.post(browser.get(f"{base(shop)}/team"), "/invite", email=email, role=role)
    found = re.search(r'id="invitation"[^>]*>[^<]*(/manage/welcome/[\w-]+)<', page.text)
    assert found is not None, page.text
    return found[1]


def join(shop: Shop, link: str, password: str = PASSWORD) -> tuple[Browser, Page]:
    """Somebody follows a link and chooses a password."""
    browser = Browser(shop.server)
    page = browser.get(link)
    return browser, browser.ask("POST", link, {**page.forms[0].fields, "password": password})


def roles(shop: Shop) -> dict[str, str]:
    """Who has which role."""
    found = shop.server.run(team.members(shop.server.backend.registry.tx, shop.name))
    return {member.owner.email: member.role for member in found}


def test_somebody_is_invited_under_a_role_joins_and_is_removed(shop: Shop) -> None:
    owner = signed_in(shop)
    link = invited(shop, owner, "Sam@example.com", "orders")
    assert "your role is orders" in Browser(shop.server).get(link).text
    sam, page = join(shop, link)
    assert page.status == 303
    assert roles(shop)["sam@example.com"] == "orders"
    assert sam.get(f"{base(shop)}/orders").status == 200
    assert sam.get(f"{base(shop)}/settings").status == 403
    assert Browser(shop.server).get(link).status == 410, "it lets one in"
    member = re.search(r"/team/(\d+)/remove", owner.get(f"{base(shop)}/team").text)
    assert member is not None
    promoted = owner.post(owner.get(f"{base(shop)}/team"), f"/team/{member[1]}/role", role="support")
    assert promoted.status == 303
    assert roles(shop)["sam@example.com"] == "support"
    assert owner.post(owner.get(f"{base(shop)}/team"), f"/team/{member[1]}/remove").status == 303
    assert sam.get(f"{base(shop)}/orders").status in (303, 404)
    assert "sam@example.com" not in roles(shop)


def test_an_invitation_to_a_member_is_refused_and_says_their_role(shop: Shop) -> None:
    owner = signed_in(shop)
    _, page = join(shop, invited(shop, owner, "sam@example.com", "orders"))
    assert page.status == 303
    refused = owner.post(owner.get(f"{base(shop)}/team"), "/invite", email="Sam@example.com", role="support")
    assert (refused.status, "in the team already, as Orders" in refused.text) == (422, True)
    assert 'id="invitation"' not in refused.text


def test_a_link_that_changes_nothing_for_a_member_is_told_and_stays_good(shop: Shop) -> None:
    owner = signed_in(shop)
    assert join(shop, invited(shop, owner, "sam@example.com", "orders"))[1].status == 303
    link = invited(shop, owner, "tom@example.com", "support")
    browser = Browser(shop.server)
    asked = browser.get(link).forms[0].fields
    page = browser.ask("POST", link, {**asked, "email": "sam@example.com", "password": PASSWORD})
    assert (page.status, "You are in this team already, as Orders" in page.text) == (409, True)
    assert roles(shop)["sam@example.com"] == "orders"
    assert join(shop, link)[1].status == 303
    assert roles(shop)["tom@example.com"] == "support"


def test_who_has_a_password_joins_with_it_and_keeps_it(shop: Shop) -> None:
    other = shop.server.shop()
    email = add_owner(other)
    link = invited(shop, signed_in(shop), email, "catalogue")
    browser, page = join(shop, link, "another password")
    assert (page.status, email in roles(shop)) == (409, False)
    browser, page = join(shop, link)
    assert page.status == 303
    assert (roles(shop)[email], roles(other)[email]) == ("catalogue", "owner")
    assert browser.get(f"{base(shop)}/products").status == 200
    assert browser.get(f"{base(other)}/settings").status == 200, "a role is of one store"


def test_an_admin_neither_makes_nor_changes_owners(shop: Shop) -> None:
    signed_in(shop)
    admin = staff(shop, team.ADMIN)
    page = admin.get(f"{base(shop)}/team")
    assert page.form("/invite").fields["role"] != team.OWNER
    assert admin.post(page, "/invite", email="x@example.com", role=team.OWNER).status == 422
    token = admin.get("/manage/you").form("/password").fields["form_token"]
    for what in ("role", "remove"):
        answer = admin.ask("POST", f"{base(shop)}/team/1/{what}", {"form_token": token, "role": "support"})
        assert answer.status in (403, 404)
    assert team.OWNER in roles(shop).values()


def test_a_store_keeps_an_owner(shop: Shop) -> None:
    email = add_owner(shop)
    browser = Browser(shop.server)
    browser.sign_in(email)
    tx = shop.server.backend.registry.tx
    mine = shop.server.run(owners.by_email(tx, email))
    page = browser.get(f"{base(shop)}/team")
    refused = browser.post(page, f"/team/{mine.id}/role", role="admin")
    assert (refused.status, "one owner at least" in refused.text) == (422, True)
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    assert browser.ask("POST", f"{base(shop)}/team/{mine.id}/remove", {"form_token": token}).status == 422
    assert roles(shop) == {email: "owner"}


def test_the_operator_makes_an_owner_of_whoever_has_another_role(shop: Shop) -> None:
    staff(shop, "support")
    email = f"support@{shop.name}.example"
    shop.server.run(owners.add(shop.server.backend.registry.tx, email, shop.name, "", int(time.time())))
    assert roles(shop)[email] == "owner"


def test_who_changed_what_is_kept(shop: Shop) -> None:
    key = shop.post(PRODUCTS, LAMP).data["id"]
    owner = signed_in(shop)
    clerk = staff(shop, "catalogue")
    clerk.post(clerk.get(f"{base(shop)}/products/{key}"), f"/products/{key}", price="12", name="Lantern")
    assert clerk.post(clerk.get(f"{base(shop)}/products/{key}"), f"/products/{key}", price="dear").status == 422
    owner.post(owner.get(f"{base(shop)}/settings/money"), "/settings", currency="EUR")
    log = owner.get(f"{base(shop)}/team/changes").text
    rows = re.findall(r'<td data-label="Who"[^>]*>([^<]*)</td>.*?Where"[^>]*>([^<]*)<.*?What"[^>]*>([^<]*)<', log)
    assert [(who.partition("@")[0], path) for who, path, _ in rows] == [
        (shop.name, "/settings"), ("catalogue", f"/products/{key}"),
    ]  # fmt: skip
    assert "currency: USD \N{RIGHTWARDS ARROW} EUR" in rows[0][2]
    assert "price: " in rows[1][2]
    assert "12" in rows[1][2]
    assert "Lantern" in rows[1][2]
    only = owner.get(f"{base(shop)}/team/changes?who=catalogue@{shop.name}.example").text
    assert "/settings</td>" not in only
    assert clerk.get(f"{base(shop)}/team/changes").status == 403


PRICE = FieldGroup("", fields_of(Product, "name price"))


def used(**sent: str) -> SentForm:
    """A form all of whose fields its page read."""
    form = SentForm({name: [value] for name, value in sent.items()})
    form.used.update(sent)
    return form


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"form_token": "abc", "status_id": "2"}, "status_id: 2"),
        ({"password": "hunter22", "old": "x", "code": "123456", "api_token": "t"},
         "; ".join(f"{name}: {MASK}" for name in ("password", "old", "code", "api_token"))),
        ({"text": "a" * 500}, "text: " + "a" * 59 + "\N{HORIZONTAL ELLIPSIS}"),
        ({"on.shown": "1", "was": "{}", "empty": ""}, ""),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words_without_secrets(sent: dict[str, str], told: str) -> None:
    assert says(used(**sent)) == [told]


def test_what_was_is_what_is_stored_and_not_what_the_form_says() -> None:
    form = SentForm({"was": ['{"price": "1"}'], "price": ["12"], "name": ["Lamp"]})
    drafted(PRICE.fields, form, {"price": "9", "name": "Lamp"})
    assert says(form) == ["price: 9 \N{RIGHTWARDS ARROW} 12"]


def test_a_field_that_is_emptied_is_told() -> None:
    form = SentForm({"name": [""]})
    drafted(PRICE.fields, form, {"price": "9", "name": "Lamp"})
    assert says(form) == ["name: Lamp \N{RIGHTWARDS ARROW} "]


def test_as_many_texts_are_kept_as_it_takes() -> None:
    names = [f"field{number}" for number in range(300)]
    told = says(used(**dict.fromkeys(names, "x" * 60)))
    assert len(told) > 1
    assert max(map(len, told)) <= LONGEST
    assert [part.partition(":")[0] for text in told for part in text.split("; ")] == names


def logged(shop: Shop) -> list[tuple[str, str]]:
    """Where something was changed, and what, the newest first."""
    log = signed_in(shop).get(f"{base(shop)}/team/changes").text
    return re.findall(r'Where"[^>]*>([^<]*)<.*?What"[^>]*>([^<]*)<', log)


def test_nobody_hides_a_change_behind_fields_that_the_page_does_not_have(shop: Shop) -> None:
    key = shop.post("/v2/customers", {"email": "a@example.com", "first_name": "A", "last_name": "B"}).json["id"]
    clerk = staff(shop, "support")
    page = clerk.get(f"{base(shop)}/customers/{key}")
    hiding = {f"note{number}": "x" * 60 for number in range(30)}
    form = page.form(f"/customers/{key}").fields
    was = json.dumps({**dict.fromkeys(hiding, ""), **json.loads(form["was"]), "first_name": "Evil"})
    sent = clerk.post(page, f"/customers/{key}", was=was, **hiding, store_credit="999", first_name="Evil2")
    assert sent.status in (303, 422)
    sent = clerk.post(page, f"/customers/{key}", **hiding, store_credit="999")
    assert sent.status == 303
    told = " ".join(says for _, says in logged(shop))
    assert "store_credit: 0 \N{RIGHTWARDS ARROW} 999" in told
    assert "note" not in told.replace("notes", "")


def test_what_was_saved_of_a_form_that_was_not_saved_whole_is_kept(shop: Shop) -> None:
    keys = [shop.post(PRODUCTS, {**LAMP, "name": f"Lamp {number}"}).data["id"] for number in range(12)]
    clerk = staff(shop, "catalogue")
    page = clerk.get(f"{base(shop)}/products/bulk")
    wanted = {f"p{key}.price": "0.01" for key in keys}
    wanted[f"p{max(keys)}.price"] = "-5"
    refused = clerk.post(page, "page=1", **wanted)
    assert (refused.status, "Not everything was saved" in refused.text) == (422, True)
    saved = [key for key in keys if shop.get(f"{PRODUCTS}/{key}").data["price"] == 0.01]
    assert len(saved) == 10
    [(where, told)] = logged(shop)
    assert where == "/products/bulk"
    assert told.startswith("Not everything was saved. What was written: PUT /v3/catalog/products; ")
    for key in saved:
        assert f"p{key}.price: " in told


def test_what_was_saved_before_a_page_gave_up_is_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    key = shop.post("/v2/customers", {"email": "a@example.com", "first_name": "A", "last_name": "B"}).json["id"]
    clerk = staff(shop, "support")
    page = clerk.get(f"{base(shop)}/customers/{key}")
    send = forms.send

    async def gives_up(*args: Any, **more: Any) -> Any:
        await send(*args, **more)
        raise PageError(HTTPStatus.CONFLICT, "later")

    monkeypatch.setattr(forms, "send", gives_up)
    assert clerk.post(page, f"/customers/{key}", company="Evil Ltd").status == 409
    [(where, told)] = logged(shop)
    assert (where, "company: Evil Ltd" in told) == (f"/customers/{key}", True)


def test_a_form_that_saved_nothing_is_not_in_the_log(shop: Shop) -> None:
    key = shop.post(PRODUCTS, LAMP).data["id"]
    clerk = staff(shop, "catalogue")
    assert clerk.post(clerk.get(f"{base(shop)}/products/{key}"), f"/products/{key}", price="dear").status == 422
    assert logged(shop) == []


def without_password(shop: Shop, email: str, *, vouched: bool = False) -> Browser:
    """Somebody who came to a store by a link and chose no password."""
    tx = shop.server.backend.registry.tx
    token = shop.server.run(owners.invite(tx, shop.name, email, int(time.time()), 60, vouched=vouched))
    return join(shop, f"/manage/welcome/{token}", "")[0]


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_an_invitation_does_not_open_the_account_of_somebody_without_a_password(shop: Shop, password: str) -> None:
    """Whoever makes an invitation holds its link as well: it proves nobody's address."""
    other = shop.server.shop()
    email = f"open-{other.name}@example.com"
    victim = without_password(other, email)
    link = invited(shop, signed_in(shop), email, "support")
    thief, page = join(shop, link, password)
    assert (page.status, email in roles(shop)) == (409, False)
    assert thief.get(f"{base(other)}/team").status == 303, "not signed in"
    assert victim.get(f"{base(other)}/team").status == 200, "and nobody was signed out"
    for guess in ("", PASSWORD):
        assert Browser(shop.server).sign_in(email, guess).status == 403


def test_who_is_signed_in_without_a_password_joins_under_the_same_address(shop: Shop) -> None:
    other = shop.server.shop()
    email = f"in-{other.name}@example.com"
    browser = without_password(other, email)
    link = invited(shop, signed_in(shop), email, "support")
    assert browser.ask("POST", link, {**browser.get(link).forms[-1].fields, "email": email}).status == 303
    assert (roles(shop)[email], roles(other)[email]) == ("support", "owner")


def test_a_link_of_whoever_runs_the_server_lets_the_same_person_in_again(shop: Shop) -> None:
    email = f"again-{shop.name}@example.com"
    without_password(shop, email, vouched=True)
    again = without_password(shop, email, vouched=True)
    assert again.get(f"{base(shop)}/team").status == 200
    tx = shop.server.backend.registry.tx
    token = shop.server.run(owners.invite(tx, shop.name, "else@example.com", int(time.time()), 60, vouched=True))
    browser = Browser(shop.server)
    fields = {**browser.get(f"/manage/welcome/{token}").forms[0].fields, "email": email}
    assert browser.ask("POST", f"/manage/welcome/{token}", fields).status == 409, "it is for another address"


def test_letters_and_what_tasks_were_sent_are_for_those_who_may_everything(shop: Shop) -> None:
    """A letter may hold the link that chooses a new password; a task's body is whatever the API takes."""
    body = [{"first_name": "Ann", "last_name": "Lee", "email": "ann@secret.example"}]
    made = shop.task("POST", "/v3/customers", body)
    shop.settle(made)
    for role in team.ROLES:
        browser = staff(shop, role)
        trusted = role in (team.OWNER, team.ADMIN, "developer")
        assert (browser.get(f"{base(shop)}/outbox").status == 200) is trusted, role
        page = browser.get(f"{base(shop)}/tasks/{made}")
        assert ("ann@secret.example" in page.text) is trusted, role


def test_a_price_without_a_sku_is_refused_beside_its_field(shop: Shop) -> None:
    browser = signed_in(shop)
    made = shop.post("/v3/pricelists", {"name": "Trade", "active": True}).data["id"]
    page = browser.post(browser.get(f"{base(shop)}/price-lists/{made}"), "/records")
    assert (page.status, "SKU is missing." in page.text) == (422, True)


def test_a_link_is_good_while_whoever_made_it_may_give_its_role(shop: Shop) -> None:
    """Somebody who is removed or demoted does not come back by a link of their own; an open one can be revoked."""
    owner, admin = signed_in(shop), staff(shop, "admin")
    links = {role: invited(shop, admin, f"{role}-{shop.name}@example.com", role) for role in ("admin", "orders")}
    page = owner.get(f"{base(shop)}/team")
    assert page.text.count(f"admin@{shop.name}.example") >= 3, "in the list of people, and beside each link"
    form = next(one for one in page.forms if one.action.endswith("/revoke"))
    assert owner.ask("POST", form.action, form.fields).status == 303
    assert sorted(Browser(shop.server).get(link).status for link in links.values()) == [200, 410]
    assert owner.ask("POST", form.action, form.fields).status == 422, "once"
    left = next(link for link in links.values() if Browser(shop.server).get(link).status == 200)
    member = next(one for one in shop.server.run(team.members(shop.server.backend.registry.tx, shop.name))
                  if one.role == "admin")  # fmt: skip
    assert owner.post(owner.get(f"{base(shop)}/team"), f"/team/{member.owner.id}/role", role="support").status == 303
    assert Browser(shop.server).get(left).status == 410
    assert "/revoke" not in owner.get(f"{base(shop)}/team").text, "it is not shown as if it were good"


def test_the_apps_of_somebody_who_leaves_stay_with_an_owner(shop: Shop) -> None:
    """Their tokens work on: somebody has to be able to uninstall them."""
    owner, registry = signed_in(shop), shop.server.backend.registry
    email = f"dev-{shop.name}@example.com"
    made = shop.server.run(owners.add(registry.tx, email, shop.name, "", int(time.time()), "developer"))
    urls = dict.fromkeys(("auth_url", "load_url", "uninstall_url", "remove_user_url"), "http://localhost/x")
    app = shop.server.run(apps.register(registry, made.id, "Helper", frozenset(), urls, int(time.time())))
    record = shop.server.run(registry.store(shop.name))
    given = apps.Grant(app.client_id, shop.name, made.id, frozenset())
    _, account = shop.server.run(apps.install(registry, app, record, given, int(time.time())))
    assert owner.post(owner.get(f"{base(shop)}/team"), f"/team/{made.id}/remove").status == 303
    assert shop.server.run(owners.by_email(registry.tx, email)) is None
    found = shop.server.run(apps.installation(registry.tx, app.client_id, shop.name))
    assert found is not None
    assert found.account == account.client_id
    assert app.name in owner.get(f"{base(shop)}/apps").text
    shop.server.run(apps.uninstall(registry, found))
    assert account.client_id not in {one.client_id for one in shop.server.run(registry.accounts(shop.name))}


def test_an_app_whose_registrant_has_no_heir_keeps_them(shop: Shop) -> None:
    """The last owner of a store: without them nobody could end what the app may do."""
    registry = shop.server.backend.registry
    made = shop.server.run(owners.add(registry.tx, f"last-{shop.name}@example.com", shop.name, "", int(time.time())))
    urls = dict.fromkeys(("auth_url", "load_url", "uninstall_url", "remove_user_url"), "http://localhost/x")
    app = shop.server.run(apps.register(registry, made.id, "Helper", frozenset(), urls, int(time.time())))
    shop.server.run(owners.remove(registry.tx, made.id, shop.name))
    assert shop.server.run(apps.find(registry, app.client_id)) is not None
    assert shop.server.run(owners.by_id(registry.tx, made.id)) is not None


@pytest.mark.parametrize("act", ["demote", "remove"])
def test_of_two_owners_who_end_each_others_ownership_at_once_one_stays(shop: Shop, act: str) -> None:
    registry, now = shop.server.backend.registry, int(time.time())

    async def both(pair: list[owners.Owner]) -> list[bool]:
        """Each ends the other, as two processes would: on PostgreSQL in transactions at once."""
        if act == "demote":
            return await asyncio.gather(*[team.set_role(registry, one.id, shop.name, "support") for one in pair])
        return await asyncio.gather(*[team.remove(registry, one.id, shop.name) for one in pair])

    for attempt in range(5):
        emails = [f"{act}{attempt}{place}-{shop.name}@example.com" for place in range(2)]
        pair = [shop.server.run(owners.add(registry.tx, email, shop.name, "", now)) for email in emails]
        for member in shop.server.run(team.members(registry.tx, shop.name)):
            if member.owner.id not in {one.id for one in pair}:
                shop.server.run(team.remove(registry, member.owner.id, shop.name))
        assert sorted(shop.server.run(both(pair))) == [False, True]
        assert [one.role for one in shop.server.run(team.members(registry.tx, shop.name))].count("owner") == 1
