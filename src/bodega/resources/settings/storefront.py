"""What shoppers see of a store: categories, products, search, robots.txt, search engines, security, status."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bodega.kit.fields import Line, Long
from bodega.law.refusal import Fault, invalid
from bodega.resources.settings.actions import served
from bodega.resources.settings.group import Group

Frozen = msgspec.Struct
ProductSort = Literal[
    "featured", "bestselling", "newest", "alphaasc", "alphadesc", "pricedesc", "priceasc", "avgcustomerreview",
    "relevance",
]  # fmt: skip
ROBOTS = "User-agent: *\nDisallow: /cart.php\nDisallow: /checkout\nDisallow: /account.php\nDisallow: /login.php\n"


class CategorySettings(Frozen, frozen=True):
    """How deep the tree of categories is shown, how their products are sorted, and which products they show."""

    category_tree_depth: Annotated[int, msgspec.Meta(ge=1, le=8)] = 4
    default_product_sort: ProductSort = "featured"
    listing_mode: Literal["current_category_only", "child_categories", "child_categories_if_category_empty"] = (
        "current_category_only"
    )


class ProductSettings(Frozen, frozen=True):
    """What a product's page shows."""

    show_product_price: bool = True
    show_product_sku: bool = True
    show_product_weight: bool = True
    show_product_brand: bool = True
    show_product_shipping: bool = True
    show_product_rating: bool = True
    show_add_to_cart_link: bool = True
    default_preorder_message: Line = ""
    show_breadcrumbs_product_pages: Literal["show_one", "show_none"] = "show_one"
    show_add_to_cart_qty_box: bool = True
    show_add_to_wishlist: bool = True
    hide_price_from_guests: bool = False


class SearchSettings(Frozen, frozen=True):
    """How results are sorted, whether they can be filtered, and whether words are suggested."""

    content_product_sort: Literal["relevance", "alphaasc", "alphadesc"] = "relevance"
    default_product_sort: ProductSort = "relevance"
    product_filtering_enabled: bool = True
    search_suggest: bool = True


class RobotsTxt(Frozen, frozen=True):
    """The text of robots.txt."""

    robots_txt_ssl: Long = ROBOTS


class SeoSettings(Frozen, frozen=True):
    """What search engines read of the home page; whether the address has a www. An empty title is the store's name."""

    meta_description: Long = ""
    meta_keywords: Long = ""
    page_title: Line = ""
    www_redirect: Literal["www", "no-www", "none"] = "none"


LONGEST_HEADER = 8_192
"""Characters of a header: proxies and browsers take few more of all headers together."""


class CspHeader(Frozen, frozen=True):
    """Content-Security-Policy."""

    enabled: bool = False
    header_value: Long = ""


class Hsts(Frozen, frozen=True):
    """Strict-Transport-Security (RFC 6797)."""

    enabled: bool = False
    include_preload: bool = False
    include_subdomains: bool = False
    max_age: Literal["zero_seconds", "five_minutes", "one_year"] = "zero_seconds"


class FrameOptions(Frozen, frozen=True):
    """X-Frame-Options (RFC 7034)."""

    allowed_url: Line = ""
    enabled: bool = False
    setting: Literal["deny", "same_origin", "allow_from_url"] = "deny"


class SecuritySettings(Frozen, frozen=True):
    """Headers of the pages that shoppers see, and whether all of them are HTTPS."""

    csp_header: CspHeader = CspHeader()
    hsts: Hsts = Hsts()
    sitewide_https_enabled: bool = False
    x_frame_options_header: FrameOptions = FrameOptions()


class StorefrontStatus(Frozen, frozen=True):
    """What shoppers read while the store is closed, or not yet open; the password opens it before it is."""

    down_for_maintenance_message: Long = "We are down for maintenance. Please come back soon."
    prelaunch_message: Long = "We are not open yet. Please come back soon."
    prelaunch_password: Line = ""


def header_values(holds: SecuritySettings) -> Sequence[Fault]:
    """What goes into a header is one line of printable ASCII; a header that is on has what it needs."""
    faults = []
    csp, frames = holds.csp_header, holds.x_frame_options_header
    for name, value in (
        ("csp_header.header_value", csp.header_value),
        ("x_frame_options_header.allowed_url", frames.allowed_url),
    ):
        if not all(" " <= letter <= "~" for letter in value):
            faults.append(invalid(name, "must be one line of printable ASCII"))
        elif len(value) > LONGEST_HEADER:
            faults.append(invalid(name, f"must be at most {LONGEST_HEADER} characters long"))
    if csp.enabled and not csp.header_value.strip():
        faults.append(invalid("csp_header.header_value", "must not be empty while the header is enabled"))
    if (
        frames.enabled
        and frames.setting == "allow_from_url"
        and not frames.allowed_url.startswith(("https://", "http://"))
    ):
        faults.append(invalid("x_frame_options_header.allowed_url", "must be an http or https URL"))
    return faults


CATEGORY = Group(
    CategorySettings,
    "storefront_category_settings",
    "settings/storefront/category",
    events={"settings/category/updated": ""},
)
PRODUCT = Group(
    ProductSettings,
    "storefront_product_settings",
    "settings/storefront/product",
    events={"settings/product/updated": ""},
)
SEARCH = Group(
    SearchSettings,
    "storefront_search_settings",
    "settings/storefront/search",
    required="content_product_sort default_product_sort product_filtering_enabled search_suggest",
    store_only="product_filtering_enabled",
)
ROBOTS_TXT = Group(
    RobotsTxt, "robots_txt_settings", "settings/storefront/robotstxt", events={"settings/robots/updated": ""}
)
SEO = Group(SeoSettings, "storefront_seo_settings", "settings/storefront/seo", events={"settings/SEO/updated": ""})
SECURITY = Group(
    SecuritySettings,
    "storefront_security_settings",
    "settings/storefront/security",
    events={"settings/security/updated": ""},
    check=header_values,
)
STATUS = Group(
    StorefrontStatus,
    "storefront_status",
    "settings/storefront/status",
    read_only="prelaunch_password",
    made={"prelaunch_password": lambda: secrets.token_hex(5)},
)

category_settings, product_settings, search_settings = CATEGORY.of, PRODUCT.of, SEARCH.of
robots_txt, seo_settings, security_settings, storefront_status = ROBOTS_TXT.of, SEO.of, SECURITY.of, STATUS.of

RESOURCE = served(CATEGORY, PRODUCT, SEARCH, ROBOTS_TXT, SEO, SECURITY, STATUS)
