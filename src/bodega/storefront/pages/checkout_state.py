"""Where a checkout is: what was said at it, what it comes to, and which step is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.resources.carts import basket
from bodega.resources.carts.cart import Cart, CartItem, SelectedOption
from bodega.resources.catalog import variants
from bodega.resources.checkouts import costs, prepaid
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.checkouts.prepaid import Prepaid
from bodega.resources.store.currencies import Currency
from bodega.storefront.graphql.fields.products import default_images
from bodega.storefront.pages import own_cart
from bodega.storefront.pages.web import Page, money

STEPS = ("customer", "shipping", "billing", "payment")
OPTIONS = "consignments.available_shipping_options"
ZERO = Decimal(0)


class State(NamedTuple):
    """A checkout. `prepaid` is what gift certificates and store credit pay of it, `pictures` the addresses of images
    by the id of the line."""

    cart: Cart
    of: Checkout
    currency: Currency
    prepaid: Prepaid
    pictures: Mapping[str, str]

    def money(self, amount: Decimal | float) -> str:
        """An amount in the currency of the cart."""
        return money(self.currency, amount)

    @property
    def sent(self) -> list[CartItem]:
        """The items that are sent somewhere."""
        return [one for one in self.cart.items if one.kind in ("physical", "custom")]

    @property
    def consignment(self) -> CheckoutConsignment | None:
        """The one consignment that has everything that is sent; None if there is none such."""
        ids = {one.id for one in self.sent if not one.added_by_promotion}
        found = [one for one in self.of.consignments if one.address is not None and ids <= set(one.item_ids)]
        return found[0] if found and len(self.of.consignments) == 1 else None

    @property
    def option(self) -> SelectedOption | None:
        """The shipping option that was chosen."""
        one = self.consignment
        totals = {each.id: each.option for each in self.cart.totals.consignments}
        return None if one is None else totals.get(one.id)

    @property
    def steps(self) -> list[str]:
        """The steps of this checkout, in their order."""
        skipped = set() if self.sent else {"shipping"}
        if self.sent and (self.billing_is_said or self.step == "shipping" or self.step == "customer"):
            skipped.add("billing")
        return [one for one in STEPS if one not in skipped]

    @property
    def billing_is_said(self) -> bool:
        """Whether the billing address is whole."""
        return is_whole(self.of.billing_address)

    @property
    def is_shipping_said(self) -> bool:
        """Whether it is known where everything is sent, and how. What is sent to several addresses, or collected, was
        chosen elsewhere."""
        placed = {item_id for one in self.of.consignments for item_id in one.item_ids}
        options = {one.id: one.option for one in self.cart.totals.consignments}
        chosen = all(one.pickup_method_id or options.get(one.id) is not None for one in self.of.consignments)
        whole = all(one.pickup_method_id or is_whole(one.address) for one in self.of.consignments)
        return whole and chosen and {one.id for one in self.sent if not one.added_by_promotion} <= placed

    @property
    def step(self) -> str:
        """The first step that is not done."""
        if not self.cart.email:
            return "customer"
        if self.sent and not self.is_shipping_said:
            return "shipping"
        return "payment" if self.billing_is_said else "billing"

    @property
    def shipping(self) -> Decimal:
        """What sending costs, as prices are shown."""
        totals = self.cart.totals
        return totals.shipping_inc_tax if self.cart.tax_included else totals.shipping_ex_tax

    @property
    def lines(self) -> list[tuple[str, Decimal]]:
        """What the total is made of, each with its words."""
        cart, totals = self.cart, self.cart.totals
        included = cart.tax_included
        off = sum((part.amount for one in totals.consignments for part in one.taken_off), ZERO)
        lines = [("Subtotal", totals.subtotal_inc_tax if included else totals.subtotal_ex_tax)]
        taken = (totals.subtotal_inc_tax - totals.cart_inc_tax) if included else (
            totals.subtotal_ex_tax - totals.cart_ex_tax
        )  # fmt: skip
        lines += [("Discounts", -taken)] if taken else []
        if self.is_shipping_said and self.sent:
            lines += [("Shipping", self.shipping - off)]
        handling = totals.handling_inc_tax if included else totals.handling_ex_tax
        lines += [("Handling", handling)] if handling else []
        names = {one.id: one.display_name for one in self.of.fees}
        for fee in totals.fees:
            lines.append((names.get(fee.id, "Fee"), fee.cost_inc_tax if included else fee.cost_ex_tax))
        lines += [(one.name, one.amount) for one in totals.taxes] if not included else []
        return lines

    @property
    def paid(self) -> list[tuple[str, Decimal]]:
        """What is paid already, each with its words."""
        found = [(f"Gift certificate {one.certificate.code}", -one.used) for one in self.prepaid.certificates]
        return [*found, *([("Store credit", -self.prepaid.credit)] if self.prepaid.credit else [])]


def is_whole(address: CheckoutAddress | None) -> bool:
    """Whether an address is one that something can be sent to."""
    return address is not None and bool(address.address1 and address.city and address.last_name)


async def state_of(page: Page, cart: Cart | None = None) -> State | None:
    """The checkout of the browser's cart; None if there is no cart with something in it. Raises Busy."""
    found = cart or await own_cart.own_cart(page)
    if found is None or not found.items:
        return None
    assert page.store.rows is not None
    reader = page.store.rows.reader
    of = await costs.checkout_of(reader, found.id) or Checkout(id=found.id, cart_id=found.id)
    known = await basket.money_of_cart(reader, found)
    paid = await prepaid.reckoned(reader, found, of, page.store.time(), known.places)
    return State(found, of, known.currency, paid, await _pictures(page, found))


async def _pictures(page: Page, cart: Cart) -> dict[str, str]:
    """The small picture of each line that has one: its variant's, or else its product's."""
    asking = page.asking()
    variants_of = await asking.rows(variants.TABLE, [one.variant_id for one in cart.items])
    products = await default_images(asking, [one.product_id for one in cart.items if one.product_id])
    made = {}
    for one in cart.items:
        variant = variants_of.get(one.variant_id)
        own = None if variant is None else asking.image(variant.image_url)
        image = own or products.get(one.product_id)
        made[one.id] = image.row.replace("{:size}", "160w") if image is not None else page.front.file(one.image_url)
    return made


async def offered(page: Page, state: State) -> Sequence[dict[str, Any]]:
    """The shipping options that can be chosen for the one consignment, the cheapest first. Raises ShopperRefused."""
    one = state.consignment
    if one is None:
        return ()
    shown = await page.api.send("GET", f"/v3/checkouts/{state.cart.uuid}", include=OPTIONS)
    found: dict[str, Any] = next((each for each in shown["consignments"] if each["id"] == one.id), {})
    return sorted(found.get("available_shipping_options", ()), key=lambda each: each["cost"])
