"""All pages, module by module."""

from __future__ import annotations

from bodega.panel import (
    accounts,
    apps,
    brands,
    carts,
    categories,
    channels,
    content,
    customer_care,
    customers,
    journal,
    lab,
    lab_clock,
    lab_faults,
    law,
    locations,
    marketing,
    order_list,
    order_new,
    order_papers,
    orders,
    overview,
    price_lists,
    product_bulk,
    product_files,
    product_parts,
    products,
    promotions,
    redirects,
    search,
    settings,
    shipping,
    shop_settings,
    shoppers,
    sign_in,
    status,
    stock,
    tasks,
    tax,
    team,
    themes,
    variants,
    webhooks,
    widgets,
)
from bodega.panel.web import PanelPage


def every() -> list[PanelPage]:
    """In the order in which a path is matched: fixed paths of a module come before those with an id."""
    catalogue = (product_bulk, product_files, products, product_parts, variants, stock, categories, brands, locations)
    developing = (accounts, journal, webhooks, tasks, apps, law)
    laboratory = (lab, lab_faults, lab_clock)
    modules = (
        sign_in,
        overview,
        search,
        *catalogue,
        order_list,
        order_new,
        orders,
        order_papers,
        carts,
        customers,
        customer_care,
        price_lists,
        promotions,
        shipping,
        channels,
        tax,
        content,
        redirects,
        marketing,
        shoppers,
        themes,
        widgets,
        *developing,
        *laboratory,
        status,
        settings,
        shop_settings,
        team,
    )
    return [page for module in modules for page in module.pages.all]
