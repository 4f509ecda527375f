"""What mutations answer instead of what was asked: objects of error types, beside a result that is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from bodega.storefront.graphql.execution import shaped
from bodega.storefront.shoppers_api import ShopperRefused

SIGN_IN = "You must sign in first."
TAKEN = "The email address is already in use."
"""Clients look for these very words."""

_KINDS = """
    AccountCreationDisabledError AddressDoesNotExistError CreateSubscriberAlreadyExistsError
    CreateSubscriberEmailInvalidError CreateSubscriberFirstNameInvalidError CreateSubscriberLastNameInvalidError
    CreateSubscriberUnexpectedError CustomerAddressCreationError CustomerAddressDeletionError CustomerAddressUpdateError
    CustomerAlreadyReviewedProductError CustomerDoesNotExistError CustomerNotLoggedInError CustomerPasswordError
    CustomerRegistrationError EmailAlreadyInUseError GenerateSessionSyncTokenCartNotFound
    JwtTokenExpiredError NotAuthorizedToAddProductReviewError ProductIdNotFoundError RemoveSubscriberEmailInvalidError
    RemoveSubscriberUnexpectedError UnexpectedAddReviewError UnexpectedUpdateCustomerError
    CartUnassignInaccessibleError CartUnassignNotAllowedError
"""

for _kind in _KINDS.split():
    shaped(**{_kind: "message"})
shaped(
    ValidationError="path message",
    InvalidSessionSyncJwtError="errorType message",
    InvalidInputFieldsError="fields message",
)


class WrongInput(GraphQLError):
    """An argument that cannot be, where the result has no errors of its own."""

    code = "BAD_USER_INPUT"


def complaint(kind: str, message: str, **more: Any) -> dict[str, Any]:
    """An error object of a result."""
    return {"__typename": kind, "message": message, **more}


def not_signed_in() -> dict[str, Any]:
    """For guests."""
    return complaint("CustomerNotLoggedInError", SIGN_IN)


def invalid(message: str, *path: str) -> dict[str, Any]:
    """A member of the input that cannot be: `path` leads to it."""
    return complaint("ValidationError", message, path=["input", *path])


NAMES: Mapping[str, str] = {
    "first_name": "firstName", "last_name": "lastName", "address1": "address1", "address2": "address2",
    "country_code": "countryCode", "state_or_province": "stateOrProvince", "postal_code": "postalCode",
    "form_fields": "formFields", "authentication": "password", "addresses": "address", "street_1": "address1",
}  # fmt: skip
"""The members of the store's API as the storefront calls them, where it calls them otherwise."""


def faults(refused: ShopperRefused, *above: str) -> list[dict[str, Any]]:
    """What the store's API found wrong with members of a body, as errors of the input; `above` leads to it."""
    found = []
    for field, words in refused.reply.errors.items():
        parts = [part for part in field.split(".") if part and not part.isdigit()]
        path = [NAMES.get(part, part) for part in parts]
        name = path[-1] if path else ""
        said = "is required." if words == "error.path.missing" else words.removeprefix(f"{parts[-1]} " if parts else "")
        found.append(invalid(f"{name} {said}".strip(), *above, *path))
    return found or [invalid(str(refused), *above)]


def is_taken(refused: ShopperRefused) -> bool:
    """Whether another customer has the e-mail address."""
    return refused.reply.details.get("conflicting_field") == "email"
