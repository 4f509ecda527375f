"""The e-mail that confirms an order to its shopper, rendered from the store's template into its outbox."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bodega.kit.fields import moment
from bodega.resources import outbox
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import usual_address
from bodega.resources.marketing import email_templates
from bodega.resources.marketing.mail_template import Template, render
from bodega.resources.orders import line
from bodega.resources.orders.order import Order
from bodega.resources.settings.shop import store_profile
from bodega.storage.unit import Unit

TYPE = "invoice_email"
INCOMPLETE = 0
UNMAILED = frozenset({INCOMPLETE, 4, 5, 6})
"""Incomplete, Refunded, Cancelled, Declined: what never was an order to its shopper, or is none any more."""


_TOLD = "SELECT 1 FROM mail_outbox WHERE cart_id = $1 AND type_id = $2"


async def follow(unit: Unit, old: Order, new: Order) -> None:
    """Confirms an order that a checkout has made, once it is one: it is paid, or awaits a payment that is on its way.
    Orders that apps make have no checkout; whoever makes them writes to their customers."""
    if old.status_id != INCOMPLETE or new.status_id in UNMAILED or not new.cart_id or not new.billing_address.email:
        return
    if await unit.tx.row(_TOLD, new.cart_id, TYPE) is None:
        await _confirm(unit, new)


async def _confirm(unit: Unit, new: Order) -> None:
    site = await sites.site_of(unit.tx, new.channel_id)
    profile = await store_profile(unit.tx, new.channel_id, unit.terms.settings)
    domain = str(unit.terms.settings.get("domain") or "")
    billing = new.billing_address
    rows = await unit.where(line.TABLE, "order_id = $1", new.id)
    inclusive = new.is_tax_inclusive_pricing
    facts: dict[str, Any] = {
        "store": {
            "name": profile.store_name,
            "url": (site.url if site is not None else "") or usual_address(unit.terms.store, domain, new.channel_id),
        },
        "customer": {"name": f"{billing.first_name} {billing.last_name}".strip(), "email": billing.email},
        "order": {
            "id": new.id,
            "items": [
                {
                    "name": one.name,
                    "sku": one.sku,
                    "quantity": one.quantity,
                    "price": _money(one.total_inc_tax if inclusive else one.total_ex_tax, new),
                }
                for one in (row.entity for row in rows)
            ],
            "shipping": _money(new.shipping_cost_inc_tax if inclusive else new.shipping_cost_ex_tax, new),
            "tax": _money(new.total_inc_tax - new.total_ex_tax, new),
            "total": _money(new.total_inc_tax, new),
            "currency": new.default_currency_code,
            "message": new.customer_message,
            "payment_method": new.payment_method,
        },
    }
    _, kept = await email_templates.holding(unit.tx, TYPE, new.channel_id)
    template = Template(subject=kept.subject, body=kept.body, translations=kept.translations)
    try:
        subject, body = render(template, facts, new.customer_locale or "en")
    except ValueError as error:  # it says too much for one e-mail
        subject, body = kept.subject, f"This e-mail could not be made: it {error}."
    mail = outbox.Mail(
        type_id=TYPE,
        channel_id=new.channel_id,
        cart_id=new.cart_id,
        recipient=billing.email,
        subject=subject,
        body=body,
        date_created=moment(unit.now),
    )
    await unit.insert(outbox.TABLE, mail)


def _money(amount: Decimal, of: Order) -> str:
    return f"{amount:,.{of.places}f}"
