"""Which members of which table are personal, how the rows of a person are found, and what an erasure does to them.

Copies and erasures follow from `PERSONAL`; a test walks all tables for members that are missing here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from bodega.resources.carts import cart
from bodega.resources.catalog import reviews
from bodega.resources.checkouts import checkout
from bodega.resources.content import contact_messages
from bodega.resources.customers import (
    addresses,
    attribute_values,
    consent,
    customer,
    form_fields,
    metafields,
    stored_instruments,
    subscribers,
    wishlists,
)
from bodega.resources.marketing import gift_certificates
from bodega.resources.orders import (
    line,
    messages,
    order,
    payments,
    shipments,
    shipping_addresses,
)
from bodega.resources.outbox import TABLE as OUTBOX
from bodega.resources.segments import members, profiles
from bodega.resources.tax.values import OF_CUSTOMERS as TAX_VALUES
from bodega.resources.tokens import password_resets, sessions
from bodega.storage.table import Table

Fate = Literal["deleted", "goes", "blanked"]
"""`deleted` rows are deleted, those that `goes` with another of these tables by the database, `blanked` ones stay."""


class Own(NamedTuple):
    """Rows whose column names the customer."""

    column: str = "customer_id"


class OfAddress(NamedTuple):
    """Rows whose column is the e-mail address, in lower case."""

    column: str


class Below(NamedTuple):
    """Rows whose column names a found row of another table."""

    table: Table
    column: str


class Theirs(NamedTuple):
    """Rows that meet a test in SQL, in which $1 is the customer and $2 the e-mail address in lower case."""

    test: str


class Saying(NamedTuple):
    """Rows one of whose members is the e-mail address, or with `within` contains it. No column has it: all are read."""

    members: str
    customer: str = ""
    """The member that names a customer, whose rows are found as well."""
    within: bool = False


How = Own | OfAddress | Below | Theirs | Saying


class Personal(NamedTuple):
    """A table with personal members, by their paths; one that names a struct or a list stands for all in it.

    `kept` are copied and never erased: the books need them. `withheld` are never copied: whoever has them may act for
    the person. Of a row that may be about several people, `sides` are the members that go with each
    member that names one.
    """

    table: Table
    how: How
    fate: Fate
    members: str
    kept: str = ""
    withheld: str = ""
    sides: tuple[tuple[str, str], ...] = ()


_WHO = "first_name last_name company phone"
_ORDER_WHO = "first_name last_name company street_1 street_2 city zip phone email"
_ORDER_WHERE = "state country country_iso2"


def _below(place: str, names: str) -> str:
    return " ".join(f"{place}.{name}" for name in names.split())


PERSONAL: tuple[Personal, ...] = (
    Personal(customer.TABLE, Own("id"), "deleted", f"email {_WHO} registration_ip_address notes",
             "tax_exempt_category customer_group_id store_credit channel_ids", "password authentication"),
    Personal(addresses.TABLE, Own(), "goes", f"{_WHO} address1 address2 city state_or_province postal_code country_code"
             " country address_type customer_id"),
    Personal(form_fields.TABLE,
             Theirs("customer_id = $1 OR address_id IN (SELECT id FROM customer_addresses WHERE customer_id = $1)"),
             "goes", "name value customer_id address_id"),
    Personal(attribute_values.TABLE, Own(), "goes", "attribute_value customer_id"),
    Personal(consent.TABLE, Own(), "goes", "allow deny"),
    Personal(metafields.OF_CUSTOMERS, Own("resource_id"), "goes", "value resource_id"),
    Personal(stored_instruments.TABLE, Own(), "goes",
             "brand expiry_month expiry_year issuer_identification_number last_4 billing_address customer_id",
             withheld="token"),
    Personal(TAX_VALUES.table, Own(), "goes", "tax_properties customer_id"),
    Personal(wishlists.TABLE, Own(), "goes", "name customer_id", withheld="token"),
    Personal(wishlists.ITEMS, Below(wishlists.TABLE, "wishlist_id"), "goes", "product_id"),
    Personal(profiles.TABLE, Own(), "goes", "customer_id"),
    Personal(members.TABLE, Below(profiles.TABLE, "profile_id"), "goes", "segment_id"),
    Personal(sessions.TABLE, Own(), "goes", "customer_id", withheld="digest"),
    Personal(password_resets.TABLE, Own(), "goes", "customer_id", withheld="digest"),
    Personal(subscribers.TABLE, OfAddress("email_key"), "deleted", "email first_name last_name"),
    Personal(order.TABLE,
             Theirs("customer_id = $1 OR (email_key = $2 AND customer_id NOT IN (SELECT id FROM customers))"),
             "blanked",
             "customer_id ip_address ip_address_v6 geoip_country geoip_country_iso2 staff_notes customer_message "
             f"{_below('billing_address', f'{_ORDER_WHO} form_fields')}", _below("billing_address", _ORDER_WHERE)),
    Personal(line.TABLE, Below(order.TABLE, "order_id"), "blanked", "wrapping_message", "product_options name"),
    Personal(shipping_addresses.TABLE, Below(order.TABLE, "order_id"), "blanked", f"{_ORDER_WHO} form_fields",
             _ORDER_WHERE),
    Personal(shipments.TABLE, Below(order.TABLE, "order_id"), "blanked",
             f"customer_id comments {_below('billing_address', _ORDER_WHO)} {_below('shipping_address', _ORDER_WHO)}",
             f"{_below('billing_address', _ORDER_WHERE)} {_below('shipping_address', _ORDER_WHERE)}"),
    Personal(messages.TABLE, Below(order.TABLE, "order_id"), "blanked", "customer_id subject message"),
    Personal(payments.TABLE, Below(order.TABLE, "order_ref"), "blanked", "payment_instrument_token",
             "credit_card avs_result cvv_result", "payment_instrument_token"),
    Personal(cart.TABLE, Saying("email", "customer_id"), "deleted", "email customer_id items",
             withheld="token redirect_key opened"),
    Personal(checkout.TABLE, Below(cart.TABLE, "cart_id"), "goes", "billing_address consignments customer_message",
             withheld="gift_certificates"),
    Personal(reviews.TABLE, Saying("email"), "blanked", "email name", "title text"),
    Personal(gift_certificates.TABLE, Saying("from_email to_email", "customer_id"), "blanked",
             "customer_id from_name from_email to_name to_email message", withheld="code",
             sides=(("customer_id", "customer_id"), ("from_email", "from_name from_email message"),
                    ("to_email", "to_name to_email message"))),
    Personal(contact_messages.TABLE, Saying("email", "customer_id"), "deleted",
             "full_name email company_name phone_number order_number rma_number comments customer_id"),
    Personal(OUTBOX, Saying("recipient subject body", within=True), "deleted", "recipient subject",
             withheld="body"),
)  # fmt: skip
"""Each after the tables by whose rows it is found."""
