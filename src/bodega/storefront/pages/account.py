"""Signing in and out on the pages of a shop, and what a customer has ordered."""

from __future__ import annotations

from http import HTTPStatus

from bodega.resources.tokens import sessions
from bodega.storefront.baskets import merge_carts
from bodega.storefront.pages import registration, shop, shop_queries
from bodega.storefront.pages.web import Answer, Page
from bodega.storefront.shopper import cart_cookie, session_cookie
from bodega.storefront.shoppers_api import ShopperRefused
from bodega.storefront.signing_in import NotSignedIn, sign_in

LOGIN, ACCOUNT = "/login.php", "/account.php"


async def login(page: Page) -> Answer:
    """GET and POST /login.php; `from` is the path that it leads to."""
    onward = registration.leads_to(page, ACCOUNT)
    if page.query.get("action") in (registration.ACTION, registration.SENT):
        return await registration.register(page, onward)
    if page.method == "POST" and page.query.get("action") == "logout":
        if page.shopper.session:
            await page.store.write(lambda unit: sessions.end(unit, page.shopper.session))
        return page.onward("/", session_cookie(page.scope, ""), cart_cookie(page.scope, ""))
    email, fault = page.form.get("login_email", ""), ""
    if page.method == "POST":
        try:
            found = await sign_in(page.api, page.channel_id, email, page.form.get("login_pass", ""), page.address)
            cart_id = await merge_carts(page.api, found.customer_id, page.shopper.cart_id, page.channel_id)
        except NotSignedIn as refused:
            reset = refused.code == "PASSWORD_RESET_REQUIRED"
            fault = "You have to choose a new password first." if reset else "E-mail address or password is wrong."
        except ShopperRefused as refused:
            fault = str(refused)
        else:
            cookies = [session_cookie(page.scope, found.token), cart_cookie(page.scope, cart_id)]
            return page.onward(onward, *cookies)
    elif page.shopper.customer_id:
        return page.onward(onward)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return page.show("login.html", status=status, email=email, fault=fault, onward=onward)


async def account(page: Page) -> Answer:
    """GET /account.php."""
    if not page.shopper.customer_id:
        return page.onward(f"{LOGIN}?from={ACCOUNT}")
    found = (await shop_queries.ask(page, shop_queries.ORDERS))["customer"]
    return await shop.show(page, "account.html", customer=found)
