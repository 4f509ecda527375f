"""Gift certificates: what one is worth, and how it will look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bodega.kit.fields import epoch
from bodega.resources.marketing import gift_certificates
from bodega.resources.marketing.gift_certificates import GiftCertificate
from bodega.resources.pricing.policy import money_of
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storefront import baskets
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import batch, mutation, plain, plain_with, shaped
from bodega.storefront.graphql.fields.prices import money_as, written
from bodega.storefront.shoppers_api import ShopperRefused

Args = Mapping[str, Any]
LONGEST = 255


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(
        loader=PackageLoader("bodega.storefront", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return made.get_template("gift_certificate.html")


@batch("Site.giftCertificate")
async def _found(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    """Whoever knows a code may see what is left. Wrong ones are counted, since they are worth money."""
    code = args["code"].strip()
    row = None
    try:
        await baskets.refuse_guessing(asking.api, asking.address, asking.most_codes)
    except ShopperRefused as error:
        return [error for _ in things]
    if code and len(code) <= LONGEST:
        row = await query.one(asking.reader, gift_certificates.TABLE, "code_key = $1", caseless(code))
    if row is None:
        try:
            await baskets.count_wrong_code(asking.api, asking.address, asking.most_codes)
        except ShopperRefused as error:
            return [error for _ in things]
    money = None if row is None else await money_of(asking.reader, row.entity.currency_code)
    thing = None if row is None or money is None else Thing("GiftCertificate", row.entity, money.currency)
    return [thing] * len(things)


def _theme(one: GiftCertificate) -> str:
    return (one.template.removesuffix(".html") or "general").upper()


@plain_with("GiftCertificate.status")
def _status(asking: Asking, thing: Thing, _args: Args) -> str:
    one: GiftCertificate = thing.row
    ended = bool(one.expiry_date) and epoch(one.expiry_date) <= asking.store.time()
    return "EXPIRED" if ended and one.status == "active" else one.status.upper()


plain(
    "GiftCertificate",
    amount=lambda thing: money_as(thing.row.amount, thing.more),
    balance=lambda thing: money_as(thing.row.balance, thing.more),
    code=lambda thing: thing.row.code,
    currencyCode=lambda thing: thing.more.currency_code,
    message=lambda thing: thing.row.message or None,
    recipient=lambda thing: {"name": thing.row.to_name, "email": thing.row.to_email},
    sender=lambda thing: {"name": thing.row.from_name, "email": thing.row.from_email},
    purchasedAt=lambda thing: {"utc": thing.row.purchase_date},
    expiresAt=lambda thing: {"utc": thing.row.expiry_date} if thing.row.expiry_date else None,
    theme=lambda thing: _theme(thing.row),
    html=lambda thing: _template().render(
        theme=_theme(thing.row),
        amount=written(thing.row.balance, thing.more),
        code=thing.row.code,
        sender=thing.row.from_name,
        recipient=thing.row.to_name,
        message=thing.row.message,
    ),
)


@mutation("Mutation.previewGiftCertificate")
async def _preview(asking: Asking, args: Args) -> Any:
    said = args["input"]
    money = await asking.money(said["currencyCode"])
    amount = Decimal(str(said["amount"]))
    wrong = []
    if money is None:
        wrong.append(("currencyCode", "The currency must be one of the shop."))
    if not 0 < amount < 10**9:
        wrong.append(("amount", "The amount must be more than 0."))
    if len(said.get("message") or "") > gift_certificates.LONGEST_MESSAGE:
        wrong.append(("message", f"The message has at most {gift_certificates.LONGEST_MESSAGE} characters."))
    if wrong or money is None:
        errors = [{"__typename": "ValidationError", "path": ["input", name], "message": words} for name, words in wrong]
        return {"html": None, "errors": errors}
    html = _template().render(
        theme=said["theme"],
        amount=written(amount, money.currency),
        code="",
        sender=said["sender"]["name"],
        recipient=said["recipient"]["name"],
        message=said.get("message") or "",
    )
    return {"html": html, "errors": []}


shaped(GiftCertificateCustomerInfo="name email", GiftCertificatePreview="html errors")
