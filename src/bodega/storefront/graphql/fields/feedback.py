"""What shoppers tell a store: the newsletter, reviews, contact forms, and what they look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.kit.fields import EMAIL, moment
from bodega.law.reasons import Reason
from bodega.resources import outbox
from bodega.resources.catalog import reviews
from bodega.resources.catalog.seen import unseen
from bodega.resources.content import contact_messages, visits
from bodega.resources.content.contact_messages import ContactMessage
from bodega.resources.content.pages import WebPage
from bodega.resources.customers import subscribers
from bodega.resources.settings.shop import store_profile
from bodega.resources.settings.storefront import PRODUCT
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.cart_changes import given
from bodega.storefront.graphql.fields.complaints import complaint, invalid
from bodega.storefront.graphql.fields.content import visible_pages
from bodega.storefront.graphql.fields.customers import signed_in
from bodega.storefront.shoppers_api import ShopperRefused

Args = Mapping[str, Any]
SUBSCRIBERS = "/v3/customers/subscribers"
NEWSLETTER = "marketing_newsletter"
LARGEST = 2**31 - 1
LONGEST_REVIEW = 65_535
shaped(
    CreateSubscriberResult="errors",
    RemoveSubscriberResult="errors",
    AddProductReviewResult="errors",
    SubmitContactUsResult="errors",
    VisitStartedEventResult="executed",
    PageViewedEventResult="executed",
    ProductViewedEventResult="executed",
)


def _errors(*errors: Mapping[str, Any]) -> dict[str, Any]:
    return {"errors": list(errors)}


def is_email(text: str) -> bool:
    """Whether a text is an e-mail address."""
    try:
        EMAIL.read(text)
    except ValueError:
        return False
    return 3 <= len(text) <= 250


# The newsletter


async def _subscriber(asking: Asking, email: str) -> subscribers.Subscriber | None:
    row = await query.one(asking.reader, subscribers.TABLE, "email_key = $1", caseless(email))
    return None if row is None else row.entity


_REFUSED = {
    "email": "CreateSubscriberEmailInvalidError",
    "first_name": "CreateSubscriberFirstNameInvalidError",
    "last_name": "CreateSubscriberLastNameInvalidError",
}


@mutation("NewsletterMutations.subscribe")
async def _subscribe(asking: Asking, args: Args) -> Any:
    said = args["input"]
    if not is_email(said["email"]):
        return _errors(complaint("CreateSubscriberEmailInvalidError", "This is no e-mail address."))
    body = given(first_name=said.get("firstName"), last_name=said.get("lastName"))
    known = await _subscriber(asking, said["email"])
    if known is not None and NEWSLETTER in known.consents:
        return _errors(_subscribed())
    try:
        if known is None:
            body |= {"email": said["email"], "source": "storefront", "channel_id": asking.channel_id}
            await asking.api.send("POST", SUBSCRIBERS, body)
        else:
            agreed = {**body, "consents": [*known.consents, NEWSLETTER]}
            await asking.api.send("PUT", f"{SUBSCRIBERS}/{known.id}", agreed)
    except ShopperRefused as refused:
        if refused.reason is Reason.DUPLICATE:
            return _errors(_subscribed())
        faulty = [_REFUSED[name] for name in refused.reply.errors if name in _REFUSED]
        kinds = faulty or ["CreateSubscriberUnexpectedError"]
        return _errors(*(complaint(kind, str(refused)) for kind in kinds))
    return _errors()


def _subscribed() -> dict[str, Any]:
    return complaint("CreateSubscriberAlreadyExistsError", "The address is subscribed already.")


@mutation("NewsletterMutations.unsubscribe")
async def _unsubscribe(asking: Asking, args: Args) -> Any:
    """The answer is the same whether the address was subscribed or not."""
    email = args["input"]["email"]
    if not is_email(email):
        return _errors(complaint("RemoveSubscriberEmailInvalidError", "This is no e-mail address."))
    known = await _subscriber(asking, email)
    if known is None or NEWSLETTER not in known.consents:
        return _errors()
    left = [one for one in known.consents if one != NEWSLETTER]
    try:
        await asking.api.send("PUT", f"{SUBSCRIBERS}/{known.id}", {"consents": left})
    except ShopperRefused as refused:
        return _errors(complaint("RemoveSubscriberUnexpectedError", str(refused)))
    return _errors()


# Reviews


@mutation("CatalogMutations.addProductReview")
async def _review(asking: Asking, args: Args) -> Any:
    product_id, said = int(args["input"]["productEntityId"]), args["input"]["review"]
    if not (await asking.setting(PRODUCT)).show_product_rating:
        return _errors(complaint("NotAuthorizedToAddProductReviewError", "This store takes no reviews."))
    if not 0 < product_id <= LARGEST or await unseen(asking.reader, asking.channel_id, [product_id]):
        return _errors(complaint("ProductIdNotFoundError", "The product does not exist."))
    who = await signed_in(asking)
    email = who.email if who is not None else said.get("email") or ""
    wrong = _wrong_with(said, email)
    if wrong:
        return _errors(_faulty(wrong))
    if who is not None and await _has_reviewed(asking, product_id, who.email):
        return _errors(complaint("CustomerAlreadyReviewedProductError", "You have reviewed this product already."))
    body = {
        "title": said["title"], "text": said["text"], "rating": said["rating"], "name": said["author"],
        "email": email, "date_reviewed": moment(asking.store.time()),
    }  # fmt: skip
    try:
        await asking.api.send("POST", f"/v3/catalog/products/{product_id}/reviews", body)
    except ShopperRefused as refused:
        if refused.reply.errors:
            return _errors(_faulty({name: str(refused) for name in refused.reply.errors}))
        return _errors(complaint("UnexpectedAddReviewError", str(refused)))
    return _errors()


def _wrong_with(said: Mapping[str, Any], email: str) -> dict[str, str]:
    """What is wrong with the members of a review."""
    found = {name: f"{name} is required." for name in ("author", "title", "text") if not said[name].strip()}
    if len(said["text"]) > LONGEST_REVIEW:
        found["text"] = f"text must have at most {LONGEST_REVIEW} characters."
    if not 1 <= said["rating"] <= 5:
        found["rating"] = "rating must be from 1 to 5."
    if email and not is_email(email):
        found["email"] = "email must be an e-mail address."
    return found


def _faulty(wrong: Mapping[str, str]) -> dict[str, Any]:
    return complaint("InvalidInputFieldsError", " ".join(wrong.values()), fields=list(wrong))


async def _has_reviewed(asking: Asking, product_id: int, email: str) -> bool:
    found = await query.entities(asking.reader, reviews.TABLE, "product_id = $1", product_id)
    return any(caseless(one.email) == caseless(email) for one in found)


# Contact forms

_SAID = {
    "full_name": "fullName", "email": "email", "company_name": "companyName", "phone_number": "phoneNumber",
    "order_number": "orderNumber", "rma_number": "rmaNumber", "comments": "comments",
}  # fmt: skip


@mutation("Mutation.submitContactUs", costly=True)
async def _contact(asking: Asking, args: Args) -> Any:
    said = args["input"]["data"]
    pages = {page.id: page for page in await visible_pages(asking)}
    page = pages.get(args["input"]["pageEntityId"])
    if page is None or page.type != "contact_form":
        return _errors(invalid("There is no contact form of this number.", "pageEntityId"))
    held: dict[str, Any] = {name: (said.get(key) or "").strip() for name, key in _SAID.items()}
    wrong = [
        invalid(f"{key} must have at most {most} characters.", "data", key)
        for name, key in _SAID.items()
        if len(held[name]) > (most := contact_messages.LONGEST if name == "comments" else 255)
    ]
    if not is_email(held["email"]):
        wrong.append(invalid("email must be an e-mail address.", "data", "email"))
    if not held["comments"]:
        wrong.append(invalid("comments is required.", "data", "comments"))
    if wrong:
        return _errors(*wrong)

    async def job(unit: Unit) -> None:
        kept = ContactMessage(
            page_id=page.id,
            channel_id=asking.channel_id,
            customer_id=asking.customer_id,
            date_created=moment(unit.now),
            **held,
        )
        await unit.insert(contact_messages.TABLE, kept)
        await _tell(asking, unit, page, kept)

    await asking.api.write(job)
    return _errors()


async def _tell(asking: Asking, unit: Unit, page: WebPage, kept: ContactMessage) -> None:
    """Mails a message to whom the page names, or else to the store."""
    to = page.email or (await store_profile(unit.tx, asking.channel_id, asking.store.settings)).store_email
    if not to:
        return
    lines = [f"{key}: {getattr(kept, name)}" for name, key in _SAID.items() if getattr(kept, name)]
    mail = outbox.Mail(
        type_id="contact_form",
        channel_id=asking.channel_id,
        recipient=to,
        subject=f"{page.name}: {kept.full_name or kept.email}"[:255],
        body="\n".join(lines),
        date_created=moment(unit.now),
    )
    await unit.insert(outbox.TABLE, mail)


# What shoppers look at


async def _counted(
    asking: Asking, kind: visits.Kind, common: Mapping[str, Any], product_id: int = 0
) -> dict[str, bool]:
    """Counts something, unless the shopper does not want to be counted."""
    consent = common.get("consent")
    agreed = consent is None or consent["analytics"]
    if agreed:
        await asking.api.write(lambda unit: visits.count(unit, asking.channel_id, kind, product_id))
    return {"executed": agreed}


@mutation("AnalyticsMutations.visitStartedEvent")
async def _visit(asking: Asking, args: Args) -> Any:
    return await _counted(asking, "visit", args["input"]["commonInput"])


@mutation("AnalyticsMutations.pageViewedEvent")
async def _page(asking: Asking, args: Args) -> Any:
    return await _counted(asking, "page", args["input"]["commonInput"])


@mutation("AnalyticsMutations.productViewedEvent")
async def _product(asking: Asking, args: Args) -> Any:
    product_id = args["input"]["productInput"]["productEntityId"]
    if not 0 < product_id <= LARGEST or await unseen(asking.reader, asking.channel_id, [product_id]):
        return {"executed": False}
    return await _counted(asking, "product", args["input"]["commonInput"], product_id)
