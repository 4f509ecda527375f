"""The second factor: the codes of RFC 6238, each used once; recovery codes; the password alone opens nothing."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

import pytest

from bodega.access import owners, second_factor
from bodega.access.second_factor import code_at, period_of
from bodega.access.sessions import TRIES_BY_EMAIL
from panel import PASSWORD, Browser, Page, add_owner, house, later
from shop import Shop

RFC_6238 = [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
            (2000000000, "279037"), (20000000000, "353130")]  # fmt: skip
"""Times and the last six digits of the codes in appendix B, for SHA-1."""


@pytest.mark.parametrize(("at", "code"), RFC_6238)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert code_at(b"12345678901234567890", at // 30) == code


def test_a_code_counts_a_period_before_and_after_and_once() -> None:
    secret, now = b"a secret of no use", 3_000
    for period, counts in ((98, False), (99, True), (100, True), (101, True), (102, False)):
        assert (period_of(secret, code_at(secret, period), now, 0) is not None) is counts
    assert period_of(secret, code_at(secret, 100), now, 100) is None, "it was used"
    assert period_of(secret, "", now, 0) is None


def set_up(shop: Shop) -> tuple[str, bytes, list[str]]:
    """An owner with a second factor: their address, the secret of the app, the recovery codes."""
    email = add_owner(shop)
    browser = Browser(shop.server)
    assert browser.sign_in(email).status == 303
    shown = browser.post(browser.get("/manage/you"), "/second-factor", old=PASSWORD)
    found = re.search(r'id="secret"[^>]*>([A-Z2-7]+)<', shown.text)
    assert found is not None
    secret = base64.b32decode(found[1])
    done = browser.post(shown, "/confirm", code=code_at(secret, int(house(shop.server).now()) // 30))
    codes = re.search(r'id="codes"[^>]*>([0-9a-f\n]+)<', done.text)
    assert codes is not None
    assert "recovery codes" not in browser.get("/manage/you").text.partition("are left")[2], "they are shown once"
    return email, secret, codes[1].split()


def second(shop: Shop, email: str, code: str) -> tuple[Browser, Page]:
    """The password, then this code."""
    browser = Browser(shop.server)
    page = browser.sign_in(email)
    assert page.status == 200, "no session yet"
    assert browser.get("/manage/you").status == 303
    return browser, browser.post(page, "/code", code=code)


def test_a_code_is_asked_for_and_used_once(shop: Shop) -> None:
    email, secret, _ = set_up(shop)
    for _ in later(shop.server, 60):
        code = code_at(secret, int(house(shop.server).now()) // 30)
        assert second(shop, email, "000000" if code != "000000" else "000001")[1].status == 403
        browser, page = second(shop, email, f"{code[:3]} {code[3:]}")
        assert (page.status, browser.get("/manage/you").status) == (303, 200)
        assert second(shop, email, code)[1].status == 403, "whoever saw it over a shoulder is late"


def test_a_recovery_code_lets_in_once(shop: Shop) -> None:
    email, _, codes = set_up(shop)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    browser, page = second(shop, email, codes[0].upper())
    assert page.status == 303
    assert "9 recovery codes are left" in browser.get("/manage/you").text
    assert second(shop, email, codes[0])[1].status == 403


def test_codes_are_not_guessed(shop: Shop) -> None:
    email, _, _ = set_up(shop)
    browser = Browser(shop.server)
    page = browser.sign_in(email)
    answers = [browser.post(page, "/code", code=f"{number:06}").status for number in range(TRIES_BY_EMAIL + 1)]
    assert answers[-1] == 429
    assert 303 not in answers


def test_the_step_between_ends_and_belongs_to_its_browser(shop: Shop) -> None:
    email, secret, _ = set_up(shop)
    browser = Browser(shop.server)
    page = browser.sign_in(email)
    for _ in later(shop.server, second_factor.STEP_SECONDS + 1):
        code = code_at(secret, int(house(shop.server).now()) // 30)
        late = browser.post(page, "/code", code=code)
        assert (late.status, "took too long" in late.text) == (403, True)
    stolen = Browser(shop.server)
    form = page.form("/code").fields
    assert stolen.ask("POST", "/manage/sign-in/code", {**form, "code": "123456"}).status == 403


def test_it_is_switched_off_with_the_password(shop: Shop) -> None:
    email, _, codes = set_up(shop)
    browser, _ = second(shop, email, codes[0])
    assert browser.post(browser.get("/manage/you"), "/off", old="wrong password").status == 403
    assert browser.post(browser.get("/manage/you"), "/off", old=PASSWORD).status == 303
    assert Browser(shop.server).sign_in(email).status == 303


def test_the_secret_is_sealed_where_it_is_kept(shop: Shop) -> None:
    _, secret, codes = set_up(shop)
    tx = shop.server.backend.registry.tx
    rows: list[Any] = [
        *shop.server.run(tx.rows("SELECT sealed FROM second_factors")),
        *shop.server.run(tx.rows("SELECT digest FROM recovery_codes")),
    ]
    text = " ".join(str(row[0]) for row in rows)
    assert base64.b32encode(secret).decode() not in text
    assert not any(code in text for code in codes)


def test_an_owner_without_a_password_chooses_one_first(shop: Shop) -> None:
    async def work() -> None:
        token = await owners.invite(
            shop.server.backend.registry.tx, shop.name, "link@example.com", int(time.time()), 60
        )
        tokens.append(token)

    tokens: list[str] = []
    shop.server.run(work())
    browser = Browser(shop.server)
    page = browser.get(f"/manage/welcome/{tokens[0]}")
    browser.ask("POST", f"/manage/welcome/{tokens[0]}", page.forms[0].fields)
    refused = browser.post(browser.get("/manage/you"), "/second-factor")
    assert (refused.status, "Choose a password first" in refused.text) == (409, True)
