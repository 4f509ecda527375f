"""E-mails to customers, rendered from the store's templates into its outbox."""

from __future__ import annotations

from typing import Any

from bodega.kit.fields import moment
from bodega.resources import outbox
from bodega.resources.channels.addresses import on_this_machine, shop_url
from bodega.resources.channels.sites import site_of
from bodega.resources.customers.customer import Customer
from bodega.resources.marketing import email_templates
from bodega.resources.marketing.mail_template import Template, render
from bodega.resources.settings.shop import store_profile
from bodega.storage.registry import StoreRecord
from bodega.storage.unit import Unit

RESET, ACCOUNT = "account_reset_password_email", "createaccount_email"
RESET_PAGE = "/login.php?action=change_password"
"""Where a new password is chosen, unless the storefront has another place for it."""


async def tell_of_reset(unit: Unit, record: StoreRecord, channel_id: int, who: Customer, link: str, here: str) -> None:
    """Sends the link by which a customer chooses a new password: `link` is a path of the channel's storefront, `here`
    the address by which it was asked for."""
    await _tell(unit, record, channel_id, who, RESET, here, link)


async def tell_of_account(unit: Unit, record: StoreRecord, channel_id: int, who: Customer, here: str) -> None:
    """Confirms an account that a customer has made; `here` is the address by which it was asked for."""
    await _tell(unit, record, channel_id, who, ACCOUNT, here)


async def _tell(
    unit: Unit, record: StoreRecord, channel_id: int, who: Customer, type_id: str, here: str, link: str = ""
) -> None:
    site = await site_of(unit.tx, channel_id)
    origin = shop_url(record, channel_id, "" if site is None else site.url, on_this_machine(here))
    profile = await store_profile(unit.tx, channel_id, unit.terms.settings)
    _, kept = await email_templates.holding(unit.tx, type_id, channel_id)
    facts: dict[str, Any] = {
        "store": {"name": profile.store_name, "url": origin},
        "customer": {"name": f"{who.first_name} {who.last_name}", "email": who.email},
        "account": {"reset_password_link": f"{origin}{link}"} if link else {},
    }
    template = Template(subject=kept.subject, body=kept.body, translations=kept.translations)
    try:
        subject, body = render(template, facts, "en")
    except ValueError as error:  # it says too much for one e-mail
        subject, body = kept.subject, f"This e-mail could not be made: it {error}."
    mail = outbox.Mail(
        type_id=type_id,
        channel_id=channel_id,
        recipient=who.email,
        subject=subject,
        body=body,
        date_created=moment(unit.now),
    )
    await unit.insert(outbox.TABLE, mail)
