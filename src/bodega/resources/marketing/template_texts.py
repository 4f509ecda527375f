"""The templates of e-mails with which every store begins: one of each published type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Text(NamedTuple):
    """A subject, a body, and the English phrases that the body asks for."""

    subject: str
    body: str
    phrases: Mapping[str, str]


_HEAD = '<head><meta charset="UTF-8"><title>{{store.name}}</title></head>'


def _page(*lines: str) -> str:
    return "\n".join(("<!DOCTYPE html>", '<html lang="en">', _HEAD, "<body>", *lines, "</body>", "</html>"))


_GREETING = '<p>{{lang "greeting" name=customer.name}}</p>'
_SIGNED = '<p>{{lang "regards" name=store.name}}</p>'
_COMMON = {"greeting": "Hello {name},", "regards": "Regards, {name}"}


def _text(subject: str, **phrases: str) -> Text:
    """A template that says one phrase after another, between a greeting and a signature."""
    lines = [f'<p>{{{{lang "{key}" name=store.name order=order.id}}}}</p>' for key in phrases]
    return Text(subject, _page(_GREETING, *lines, _SIGNED), {**_COMMON, **phrases})


ABANDONED_CART = Text(
    "Complete your purchase at {{store.name}}",
    _page(
        '<p>{{lang "hello_phrase"}} {{customer.name}}</p>',
        "<p>Your cart at {{store.name}} still holds what you chose:</p>",
        "<ul>{{#each cart.items}}<li>{{quantity}} x {{name}}: {{price}}</li>{{/each}}</ul>",
        "{{#if coupon_code}}<p>Use the code {{coupon_code}} when you pay.</p>{{/if}}",
        '<p><a href="{{notification.checkout_link}}">Complete your purchase</a></p>',
    ),
    {"hello_phrase": "Welcome back,"},
)

TEXTS: Mapping[str, Text] = {
    "abandoned_cart_email": ABANDONED_CART,
    "account_details_changed_email": _text(
        "Your account at {{store.name}} was changed", changed="The details of your account at {name} were changed."
    ),
    "combined_order_status_email": _text(
        "Your order {{order.id}} at {{store.name}}", status="The status of your order {order} has changed."
    ),
    "createaccount_email": _text("Your account at {{store.name}}", made="Thank you for your account at {name}."),
    "createguestaccount_email": _text(
        "Your account at {{store.name}}",
        made="An account was made for your orders at {name}. Choose a password for it.",
    ),
    "giftcertificate_email": Text(
        "A gift certificate for {{store.name}}",
        _page(
            '<p>{{lang "greeting" name=gift_certificate.to_name}}</p>',
            '<p>{{lang "given" from=gift_certificate.from_name amount=gift_certificate.amount}}</p>',
            "<p>{{gift_certificate.code}}</p>",
            _SIGNED,
        ),
        {**_COMMON, "given": "{from} has sent you a gift certificate of {amount}. Its code:"},
    ),
    "invoice_email": Text(
        "Your order {{order.id}} at {{store.name}}",
        _page(
            _GREETING,
            '<p>{{lang "invoice" name=store.name order=order.id}}</p>',
            "<ul>{{#each order.items}}<li>{{quantity}} x {{name}}: {{price}}</li>{{/each}}</ul>",
            '<p>{{lang "total" amount=order.total currency=order.currency}}</p>',
            _SIGNED,
        ),
        {
            **_COMMON,
            "invoice": "Thank you for your order {order} at {name}:",
            "total": "It comes to {amount} {currency} in all.",
        },
    ),
    "ordermessage_notification": _text(
        "A message about your order {{order.id}}", message="There is a message about your order {order} at {name}."
    ),
    "return_confirmation_email": _text(
        "Your return to {{store.name}}", asked="Your request to return items of order {order} has arrived."
    ),
    "return_statuschange_email": _text(
        "Your return to {{store.name}}", status="The status of your return of order {order} has changed."
    ),
    "product_review_email": _text(
        "How do you like it?", review="Tell others about what you bought at {name} with order {order}."
    ),
    "account_reset_password_email": Text(
        "Reset your password at {{store.name}}",
        _page(
            '<p>{{lang "reset_password" name=store.name}}</p>',
            '<p><a href="{{account.reset_password_link}}">{{account.reset_password_link}}</a></p>',
        ),
        {"reset_password": "To choose a new password for your account at {name}, follow this link:"},
    ),
}
