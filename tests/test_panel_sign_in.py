"""Who gets into the control panel, for how long, and what strangers cannot do."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import Any

import pytest

from bodega.access import owners, sessions
from bodega.panel.web import LONGEST_OF_GUESTS, local
from bodega.storage.registry import digest
from panel import HOST, PASSWORD, Browser, add_owner, base, house, later, signed_in
from shop import Shop, reached

moved_on = contextmanager(later)
SESSION = "__Host-bodega"


def test_an_owner_signs_in_and_sees_their_store(shop: Shop) -> None:
    browser = Browser(shop.server)
    page = browser.follow(browser.sign_in(add_owner(shop)))
    assert (page.status, page.path) == (200, base(shop))
    assert "Overview" in page.text


def test_without_a_session_every_page_leads_to_the_form_and_back(shop: Shop) -> None:
    browser = Browser(shop.server)
    page = browser.get(f"{base(shop)}/journal")
    assert (page.status, page.header("location")) == (303, f"/manage/sign-in?next={base(shop)}/journal")
    assert (
        browser.sign_in(add_owner(shop), wanted=f"{base(shop)}/journal").header("location") == f"{base(shop)}/journal"
    )


@pytest.mark.parametrize(
    ("email", "password"),
    [("owner", "wrong password"), ("owner", ""), ("nobody@example.com", PASSWORD), ("", PASSWORD)],
)
def test_a_wrong_password_and_a_wrong_address_are_told_alike(shop: Shop, email: str, password: str) -> None:
    known = add_owner(shop)
    browser = Browser(shop.server)
    page = browser.sign_in(known if email == "owner" else email, password)
    assert page.status == 403
    assert "The e-mail address or the password is wrong." in page.text
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("path", ["/manage/sign-in", "/manage/sign-in/code", "/manage/welcome/x"])
def test_a_form_that_anybody_can_send_is_short(shop: Shop, path: str) -> None:
    """What it costs to read is in proportion to what such a form holds."""
    browser = Browser(shop.server)
    browser.get("/manage/sign-in")
    assert browser.ask("POST", path, {"email": "x" * LONGEST_OF_GUESTS}).status == 413
    assert browser.ask("POST", path, {"email": "x" * 200}).status == 403


@pytest.mark.usefixtures("costly_passwords")
def test_the_password_is_kept_as_argon2id_with_the_parameters_of_the_house(shop: Shop) -> None:
    email = add_owner(shop)
    owner = shop.server.run(owners.by_email(shop.server.backend.registry.tx, email))
    assert owner.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(shop: Shop) -> None:
    for scheme, name, secure in (("https", SESSION, True), ("http", "bodega", False)):
        browser = Browser(shop.server, scheme=scheme)
        page = browser.sign_in(add_owner(shop))
        [cookie] = [value for key, value in page.headers if key == "set-cookie" and value.startswith(f"{name}=")]
        assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
        assert ("Secure" in cookie.split("; ")) is secure


def test_a_session_begun_under_tls_is_no_session_in_the_clear(shop: Shop) -> None:
    browser = signed_in(shop)
    browser.scheme = "http"
    browser.cookies["bodega"] = "x"
    assert browser.get(base(shop)).status == 303


def test_plain_http_is_sent_to_https_before_anything_is_read(shop: Shop) -> None:
    """RFC 9110 15.4.2, 15.4.9"""
    house(shop.server).insecure_http = False
    try:
        browser = Browser(shop.server, scheme="http", host="localhost:8080")
        page = browser.get("/manage/sign-in?next=/manage/you")
        assert (page.status, page.header("location")) == (301, "https://localhost:8443/manage/sign-in?next=/manage/you")
        assert browser.ask("POST", "/manage/sign-in", {"email": "a"}).status == 308
        assert browser.ask("POST", "/oauth2/token", {"code": "a"}).status == 400
    finally:
        house(shop.server).insecure_http = True


def test_behind_a_proxy_that_ends_tls_cookies_are_secure_as_under_tls(shop: Shop) -> None:
    house(shop.server).insecure_http = False
    try:
        with reached(shop.server, behind_tls=True, insecure_http=False):
            browser = Browser(shop.server, scheme="http")
            browser.page_scheme = "https"
            page = browser.sign_in(add_owner(shop))
            assert page.status == 303
            assert SESSION in browser.cookies
            assert "Secure" in page.header("set-cookie")
    finally:
        house(shop.server).insecure_http = True


# Fixation, expiry, signing out


def test_signing_in_gives_a_new_session_whatever_the_browser_brought(shop: Shop) -> None:
    """OWASP session fixation: a token that a stranger planted opens nothing afterwards."""
    email = add_owner(shop)
    browser = Browser(shop.server)
    browser.cookies[SESSION] = "planted"
    browser.sign_in(email)
    assert browser.cookies[SESSION] != "planted"
    thief = Browser(shop.server)
    thief.cookies[SESSION] = "planted"
    assert thief.get(base(shop)).status == 303
    first = browser.cookies[SESSION]
    browser.cookies.pop(SESSION)
    browser.sign_in(email)
    assert browser.cookies[SESSION] != first


def test_only_the_digest_of_a_session_is_kept(shop: Shop) -> None:
    browser = signed_in(shop)
    token = browser.cookies[SESSION]
    rows = shop.server.run(shop.server.backend.registry.tx.rows("SELECT digest FROM sessions"))
    assert digest(token) in {row[0] for row in rows}
    assert token not in {row[0] for row in rows}


@pytest.mark.parametrize(("seconds", "status"), [(sessions.IDLE_SECONDS - 60, 200), (sessions.IDLE_SECONDS + 60, 303)])
def test_a_session_that_is_left_alone_ends(shop: Shop, seconds: float, status: int) -> None:
    browser = signed_in(shop)
    with moved_on(shop.server, seconds):
        assert browser.get(base(shop)).status == status


def test_a_session_ends_after_a_week_however_busy_it_was(shop: Shop) -> None:
    browser = signed_in(shop)
    step = sessions.IDLE_SECONDS - 600
    for seconds in range(step, sessions.LONGEST_SECONDS, step):
        with moved_on(shop.server, seconds):
            assert browser.get("/manage/you").status == 200
    with moved_on(shop.server, sessions.LONGEST_SECONDS + 60):
        assert browser.get("/manage/you").status == 303


def test_a_page_that_asks_by_itself_is_no_sign_of_life(shop: Shop) -> None:
    browser = signed_in(shop)
    with moved_on(shop.server, sessions.IDLE_SECONDS - 60):
        assert browser.get(f"{base(shop)}/journal", headers={"HX-Request": "true"}).status == 200
    with moved_on(shop.server, sessions.IDLE_SECONDS + 60):
        page = browser.get(f"{base(shop)}/journal", headers={"HX-Request": "true"})
        assert (page.status, page.header("hx-redirect")) == (204, "/manage/sign-in")


def test_signing_out_ends_the_session_on_the_server(shop: Shop) -> None:
    browser = signed_in(shop)
    token = browser.cookies[SESSION]
    assert browser.post(browser.get(base(shop)), "/sign-out").status == 303
    assert SESSION not in browser.cookies
    browser.cookies[SESSION] = token
    assert browser.get(base(shop)).status == 303


def test_signing_out_everywhere_ends_the_others_too(shop: Shop) -> None:
    email = add_owner(shop)
    browsers = [Browser(shop.server) for _ in range(2)]
    for browser in browsers:
        browser.sign_in(email)
    browsers[0].post(browsers[0].get("/manage/you"), "/sign-out-everywhere")
    assert [browser.get(base(shop)).status for browser in browsers] == [303, 303]


def test_a_new_password_ends_all_other_sessions(shop: Shop) -> None:
    email = add_owner(shop)
    mine, other = Browser(shop.server), Browser(shop.server)
    mine.sign_in(email)
    other.sign_in(email)
    wrong = mine.post(mine.get("/manage/you"), "/password", old="not this", new="another password")
    assert (wrong.status, "The current password is wrong." in wrong.text) == (403, True)
    short = mine.post(mine.get("/manage/you"), "/password", old=PASSWORD, new="short")
    assert (short.status, "A password has 10 to 200 characters." in short.text) == (422, True)
    assert mine.post(mine.get("/manage/you"), "/password", old=PASSWORD, new="another password").status == 303
    assert (mine.get(base(shop)).status, other.get(base(shop)).status) == (200, 303)
    assert Browser(shop.server).sign_in(email).status == 403
    assert Browser(shop.server).sign_in(email, "another password").status == 303


# Brute force


def test_ten_wrong_passwords_stop_an_account_and_not_its_neighbours(shop: Shop) -> None:
    email, other = add_owner(shop), add_owner(shop, f"other-{shop.name}@example.com")
    statuses = [Browser(shop.server, address=f"192.0.2.{n}").sign_in(email, "wrong password").status for n in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    page = Browser(shop.server).sign_in(email)
    assert (page.status, int(page.header("retry-after")) > 0) == (429, True), "not even the right password is looked at"
    assert Browser(shop.server).sign_in(other).status == 303
    with moved_on(shop.server, sessions.WINDOW_SECONDS + 1):
        assert Browser(shop.server).sign_in(email).status == 303


def test_an_address_that_tries_many_accounts_is_stopped(shop: Shop) -> None:
    email = add_owner(shop)
    tx = shop.server.backend.registry.tx
    now, address = int(time.time()), f"test {shop.name}"
    waits = [shop.server.run(sessions.may_try(tx, f"{n}@{shop.name}.example", address, now)) for n in range(52)]
    assert waits == [0] * sessions.TRIES_BY_ADDRESS + [sessions.WINDOW_SECONDS] * 2
    assert Browser(shop.server, address=address).sign_in(email).status == 429
    assert Browser(shop.server).sign_in(email).status == 303


def test_the_right_password_forgives_what_was_tried_before(shop: Shop) -> None:
    email = add_owner(shop)
    for _ in range(3):
        for _ in range(6):
            Browser(shop.server, address="198.51.100.7").sign_in(email, "wrong password")
        assert Browser(shop.server).sign_in(email).status == 303


# Forms of other sites


FOREIGN: list[tuple[str, dict[str, str]]] = [
    ("another origin", {"origin": "https://evil.example"}),
    ("an origin that hides", {"origin": "null"}),
    ("our name as a part of another", {"origin": f"https://{HOST}.evil.example"}),
    ("another site, and no origin", {"origin": "-", "sec-fetch-site": "cross-site"}),
    ("a neighbour on the same site", {"origin": "-", "sec-fetch-site": "same-site"}),
]


@pytest.mark.parametrize(("headers"), [row[1] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_a_form_of_another_site_is_not_taken_even_with_the_right_token(shop: Shop, headers: dict[str, str]) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/status").form("/maintenance")
    page = browser.ask("POST", form.action, form.fields, headers=headers)
    assert page.status == 403
    assert shop.get("/v2/time").status == 200


@pytest.mark.parametrize("token", ["", "wrong", "of another session"])
def test_a_form_without_the_sessions_token_is_not_taken(shop: Shop, token: str) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/status").form("/maintenance")
    if token == "of another session":
        other = Browser(shop.server)
        other.sign_in(add_owner(shop, f"other-{shop.name}@example.com"))
        token = other.get("/manage/you").form("/password").fields["form_token"]
    page = browser.ask(
        "POST", form.action, {**form.fields, "form_token": token}, headers={"origin": "-", "sec-fetch-site": "-"}
    )
    assert page.status == 403
    assert shop.get("/v2/time").status == 200


def test_nobody_is_signed_in_by_another_site(shop: Shop) -> None:
    """Login CSRF: the form of a guest carries a token that its own cookie knows."""
    email = add_owner(shop)
    browser = Browser(shop.server)
    browser.get("/manage/sign-in")
    page = browser.ask("POST", "/manage/sign-in", {"email": email, "password": PASSWORD, "form_token": "guess"})
    assert page.status == 403
    assert SESSION not in browser.cookies


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "/manage//evil.example", "/managed",
        "javascript:alert(1)", "/manage/../x\r\nSet-Cookie: a=b", "/elsewhere", "/manage@evil.example",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_but_into_the_panel(shop: Shop, wanted: str) -> None:
    assert local(wanted, "/manage") == "/manage"
    assert Browser(shop.server).sign_in(add_owner(shop), wanted=wanted).header("location") == "/manage"


def test_the_panel_takes_only_its_own_methods_and_media_types(shop: Shop) -> None:
    browser = signed_in(shop)
    assert browser.ask("DELETE", base(shop)).status == 405
    assert browser.get("/manage/sign-out").header("allow") == "POST"
    json = {"content-type": "application/json", "origin": f"https://{HOST}"}
    assert browser.ask("POST", f"{base(shop)}/maintenance", body=b"{}", headers=json).status == 415
    assert browser.ask("POST", f"{base(shop)}/maintenance", {"x": "a" * 300_000}).status == 413
    assert browser.ask("POST", f"{base(shop)}/maintenance", {f"x{n}": "a" for n in range(2_000)}).status == 400
    assert browser.get(f"{base(shop)}/nothing").status == 404


# Whose store


def test_a_store_of_somebody_else_is_not_there(shop: Shop) -> None:
    browser = signed_in(shop)
    other = shop.server.shop()
    for path in ("", "/accounts", "/journal", "/journal.har", "/settings", "/status", "/tasks", "/apps", "/law"):
        assert browser.get(base(other) + path).status == 404, path
    token = browser.get("/manage/you").form("/password").fields["form_token"]
    closing = {"maintenance": "on", "retry_after": "60", "form_token": token}
    assert browser.ask("POST", f"{base(other)}/maintenance", closing).status == 404
    assert other.get("/v2/time").status == 200
    other.close()


def test_an_owner_of_several_stores_chooses_one(shop: Shop) -> None:
    browser = signed_in(shop)
    other = shop.server.shop(name="The other one")
    add_owner(other, f"{shop.name}@example.com")
    browser.sign_in(f"{shop.name}@example.com")
    page = browser.follow(browser.get("/manage"))
    assert page.path == "/manage/stores"
    assert "The other one" in page.text
    assert browser.get(base(other)).status == 200
    other.close()


# One-time links


def invited(shop: Shop, email: str = "", seconds: int = 60) -> str:
    tx = shop.server.backend.registry.tx
    token = shop.server.run(
        owners.invite(tx, shop.name, email or f"new-{shop.name}@example.com", int(time.time()), seconds)
    )
    return f"/manage/welcome/{token}"


def test_a_link_makes_an_owner_once(shop: Shop) -> None:
    link = invited(shop)
    browser = Browser(shop.server)
    page = browser.get(link)
    assert browser.get(link).status == 200, "to look at it does not use it up"
    inside = browser.follow(browser.post(page, "", email=f"Me-{shop.name}@Example.com", password="a long password"))
    assert (inside.status, inside.path) == (200, base(shop))
    assert Browser(shop.server).get(link).status == 410
    again = browser.ask(
        "POST",
        link,
        {"email": "x@example.com", "form_token": browser.get("/manage/you").form("/password").fields["form_token"]},
    )
    assert again.status == 410
    assert Browser(shop.server).sign_in(f"me-{shop.name}@example.com", "a long password").status == 303


def test_a_link_without_a_password_lets_in_and_gives_no_password(shop: Shop) -> None:
    link = invited(shop)
    browser = Browser(shop.server)
    inside = browser.follow(browser.post(browser.get(link), ""))
    assert inside.path == base(shop)
    for guess in ("", "anything else"):
        assert Browser(shop.server).sign_in(f"new-{shop.name}@example.com", guess).status == 403
    assert browser.post(browser.get("/manage/you"), "/password", new="a long password").status == 303


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"email": "nonsense"}, 422), ({"password": "short"}, 422), ({"email": "taken"}, 409)],
)
def test_a_link_stays_good_when_the_form_was_wrong(shop: Shop, fields: dict[str, Any], status: int) -> None:
    link = invited(shop)
    if fields.get("email") == "taken":
        fields = {"email": add_owner(shop)}
    browser = Browser(shop.server)
    assert browser.post(browser.get(link), "", **fields).status == status
    assert browser.post(browser.get(link), "").status == 303


def test_an_old_link_is_gone(shop: Shop) -> None:
    assert Browser(shop.server).get(invited(shop, seconds=-1)).status == 410
    assert Browser(shop.server).get("/manage/welcome/nonsense").status == 410


def test_of_two_who_come_by_one_link_one_is_let_in(shop: Shop) -> None:
    token = invited(shop).rpartition("/")[2]
    tx = shop.server.backend.registry.tx

    async def both() -> list[Any]:
        return await asyncio.gather(*(owners.accept(tx, token, 0) for _ in range(5)))

    assert sum(found is not None for found in shop.server.run(both())) == 1
