"""What requests to tax providers say besides amounts: goods, classes, the shopper, and where the store is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from bodega.resources.geography import places
from bodega.resources.inventory import location
from bodega.resources.pricing.facts import decoded
from bodega.resources.providers import tax_messages
from bodega.resources.tax.values import OF_CUSTOMERS, OF_PRODUCTS
from bodega.storage import query
from bodega.storage.tx import Tx

DIGITAL = "DigitalDelivery_{}"
"""The document of what is not sent, by the id of the cart or the order."""


class _Coded(msgspec.Struct, frozen=True):
    id: int
    sku: str = ""
    upc: str = ""
    product_tax_code: str = ""


_coded = msgspec.json.Decoder(_Coded).decode


class Facts(NamedTuple):
    """What requests say of goods and classes: products and variants by id, the names of tax classes by number."""

    products: Mapping[int, _Coded]
    variants: Mapping[int, _Coded]
    classes: Mapping[int, str]
    properties: Mapping[int, Mapping[str, str]] = {}

    def described(self, product_id: int, variant_id: int, sku: str, tax_class: int) -> dict[str, Any]:
        """The members of an item that say what it is."""
        owner = self.products.get(product_id, _Coded(0))
        variant = self.variants.get(variant_id, _Coded(0))
        reference = variant.sku or owner.sku or sku
        code = {"code": owner.product_tax_code, "class_id": str(tax_class), "name": self.classes.get(tax_class, "")}
        return {
            "item_code": variant.upc or owner.upc or reference,
            "item_reference": reference,
            "tax_class": code,
            "tax_properties": listed(self.properties.get(product_id, {})),
        }

    def of(self, number: int) -> tuple[int, str]:
        """A tax class, with its name."""
        return number, self.classes.get(number, "")


async def facts_of(tx: Tx, products: Sequence[int], variants: Sequence[int]) -> Facts:
    """In four statements, however many there are."""
    owners = {one.id: one for one in await decoded(tx, "products", sorted({*products} - {0}), _coded)}
    made = {one.id: one for one in await decoded(tx, "variants", sorted({*variants} - {0}), _coded)}
    properties = await OF_PRODUCTS.of(tx, list(owners)) if owners else {}
    return Facts(owners, made, await query.pairs(tx, "SELECT id, name FROM tax_classes"), properties)


def listed(properties: Mapping[str, str]) -> list[dict[str, str]]:
    """Tax properties as a request has them."""
    return [{"code": code, "value": value} for code, value in properties.items()]


async def customer_of(tx: Tx, customer_id: int) -> dict[str, Any]:
    """The shopper, as far as the store knows them."""
    sql = "SELECT customer_group_id, tax_exempt_category FROM customers WHERE id = $1"
    row = await tx.row(sql, customer_id) if customer_id else None
    group_id, category = row if row is not None else (0, "")
    properties = (await OF_CUSTOMERS.of(tx, [customer_id])).get(customer_id, {}) if row is not None else {}
    return {
        "customer_id": str(customer_id),
        "customer_group_id": str(group_id or 0),
        "taxability_code": category or "",
        "tax_properties": listed(properties),
    }


async def origin_of(tx: Tx, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where the store is: its default location, in the store's country if that has no address."""
    row = await query.get(tx, location.TABLE, location.DEFAULT)
    one = location.Address() if row is None else row.entity.address
    country = places.country(one.country_code or str(settings.get("country_code") or "US"))
    state = places.state(country, one.state) if country is not None and one.state else None
    return {
        **tax_messages.address(
            one.address1,
            one.address2,
            one.city,
            (one.state, "") if state is None else (state.state, state.state_abbreviation),
            ("", one.country_code) if country is None else (country.country, country.country_iso2),
            one.zip,
            "",
        ),
        "type": "COMMERCIAL",
    }
