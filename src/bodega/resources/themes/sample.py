"""The theme that every store has from its first day: small and whole, with the regions that pages usually have."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache

import msgspec

from bodega.resources.themes.archive import Contents, read_archive

NAME = "Sample"

_CONFIG = {
    "name": NAME,
    "version": "1.0.0",
    "settings": {
        "homepage_new_products_count": 5,
        "homepage_featured_products_count": 10,
        "homepage_show_carousel": True,
        "color-primary": "#757575",
        "color-textBase": "#333333",
        "body-font": "Google_Karla_400",
        "logo_size": "250x100",
    },
    "variations": [
        {"name": "Light", "id": "light", "meta": {"description": "Dark text on a light page."}},
        {
            "name": "Bold",
            "id": "bold",
            "meta": {"description": "Strong colours and large headings."},
            "settings": {"color-primary": "#ad3939", "body-font": "Google_Montserrat_400"},
        },
        {
            "name": "Warm",
            "id": "warm",
            "meta": {"description": "Soft colours."},
            "settings": {"color-primary": "#bb8a3c", "color-textBase": "#4f4038"},
        },
    ],
}
_FONTS = [
    {"value": name, "label": name.split("_")[1], "group": name.split("_")[1]}
    for name in ("Google_Karla_400", "Google_Montserrat_400", "Google_Roboto_400")
]
_SCHEMA = [
    {
        "name": "Home page",
        "settings": [
            {"type": "heading", "content": "Products"},
            {
                "type": "select",
                "label": "New products",
                "id": "homepage_new_products_count",
                "options": [{"value": str(count), "label": str(count)} for count in (0, 5, 10)],
            },
            {
                "type": "select",
                "label": "Featured products",
                "id": "homepage_featured_products_count",
                "options": [{"value": str(count), "label": str(count)} for count in (0, 5, 10)],
            },
            {"type": "checkbox", "label": "Show the carousel", "id": "homepage_show_carousel"},
        ],
    },
    {
        "name": "Colours and fonts",
        "settings": [
            {"type": "color", "label": "Primary colour", "id": "color-primary"},
            {"type": "color", "label": "Text", "id": "color-textBase"},
            {"type": "font", "label": "Text", "id": "body-font", "options": _FONTS},
        ],
    },
    {
        "name": "Logo",
        "settings": [{"type": "text", "label": "Size", "id": "logo_size"}],
    },
]

_PAGES = {
    "home": "home_below_menu home_below_carousel home_below_featured_products home_below_top_products"
    " home_below_new_products",
    "product": "product_below_price product_below_content",
    "category": "category_below_header category_below_content",
    "brand": "brand_below_header brand_below_content",
    "brands": "brands_below_header brands_below_content",
    "page": "page_builder_content",
    "search": "search_below_content",
    "cart": "cart_below_totals cart_below_content",
    "blog": "blog_below_content",
    "blog-post": "blog_post_below_content",
    "contact-us": "contact_us_below_content",
    "sitemap": "",
    "order-confirmation": "order_confirmation_below_content",
    "compare": "",
    "gift-certificate/purchase": "",
    "account/orders/all": "",
    "auth/login": "",
    "errors/404": "",
}
"""The pages, each with its regions."""

_CUSTOM = ("product/custom-product.html", "category/custom-category.html", "brand/custom-brand.html",
           "page/custom-page.html")  # fmt: skip


def _page(title: str, regions: str) -> str:
    lines = [f'<main data-page="{title}">', *(f'  {{{{{{region name="{name}"}}}}}}' for name in regions.split())]
    return "\n".join(["{{> layout/base}}", *lines, "</main>", ""])


_BASE = """<!DOCTYPE html>
<html>
<body>
{{{region name="header_bottom"}}}
{{{region name="header_navigation_bottom"}}}
{{> components/common/footer}}
</body>
</html>
"""
_FOOTER = '<footer>{{{region name="footer_above"}}}{{{region name="footer_below"}}}</footer>\n'


@lru_cache(maxsize=1)
def archive() -> bytes:
    """The theme as a zip file, always the same bytes."""
    files = {
        "config.json": msgspec.json.format(msgspec.json.encode(_CONFIG), indent=2).decode(),
        "schema.json": msgspec.json.format(msgspec.json.encode(_SCHEMA), indent=2).decode(),
        "templates/layout/base.html": _BASE,
        "templates/components/common/footer.html": _FOOTER,
    }
    files |= {f"templates/pages/{name}.html": _page(name, regions) for name, regions in _PAGES.items()}
    files |= {f"templates/pages/custom/{name}": _page(name, _PAGES[name.partition("/")[0]]) for name in _CUSTOM}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return written.getvalue()


@lru_cache(maxsize=1)
def contents() -> Contents:
    """What is known of its files."""
    return read_archive(archive())
