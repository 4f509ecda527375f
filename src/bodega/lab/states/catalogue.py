"""Products, variants and categories as imports leave them behind."""

from __future__ import annotations

import base64
from typing import Any

from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, state

PRODUCT = "GET /v3/catalog/products/{product_id}"
ORDER_LINES = "GET /v2/orders/{order_id}/products"
UNREACHABLE = "http://127.0.0.1:9/lantern.jpg"
"""Nobody listens there, and most stores may not ask."""

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""The smallest picture."""


@state(
    "Without a category",
    "The product was made through V3 without a category: no page of the storefront shows it.",
    "Do not require a category; V2 wants the list, and takes an empty one.",
    Look(PRODUCT, has={"categories": []}),
)
async def product_without_a_category(make: Maker) -> Any:
    return {"product_id": await make.product("Stray lantern", categories=[])}


@state(
    "Without a SKU",
    "SKU is empty text: as a key it would be shared by every such product.",
    "Never join by an empty SKU; fall back on the id.",
    Look(PRODUCT, has={"sku": ""}),
)
async def product_without_a_sku(make: Maker) -> Any:
    return {"product_id": await make.product("Nameless lantern")}


@state(
    "The same SKU in another case",
    "A SKU differs from one that is there in its case alone: it is refused as taken.",
    "Compare SKUs without case before you write; read the one that details.conflicting_id names.",
    Look(
        "POST /v3/catalog/products",
        409,
        {},
        {"name": "{name} again", "type": "physical", "price": 1, "weight": 1, "sku": "{lower}"},
    ),
)
async def sku_in_another_case(make: Maker) -> Any:
    sku, name = make.code("Lan"), make.named("Cased lantern")
    made = await make.post(
        "/v3/catalog/products", {"name": name, "type": "physical", "price": 20, "weight": 1, "sku": sku}
    )
    return {"product_id": made["id"], "sku": sku, "lower": sku.lower(), "name": name}


@state(
    "A SKU with blanks inside",
    "The SKU holds blanks and a slash; it has to be coded in a URL, and a trimmed one is another.",
    "Percent-encode it in ?sku=, and compare it as it is.",
    Look("GET /v3/catalog/products?sku={coded}", has={"count": 1, "0.sku": "{sku}"}),
)
async def sku_with_blanks(make: Maker) -> Any:
    sku = make.code("LAN 7/8 A")
    made = await make.product("Odd lantern", sku=sku)
    return {"product_id": made, "sku": sku, "coded": sku.replace(" ", "%20").replace("/", "%2F")}


@state(
    "An orphaned variant",
    "An order was placed for a variant which was deleted since: its line still names it.",
    "Keep what the line says (name, SKU, options); do not fetch the variant again.",
    Look(ORDER_LINES, has={"0.variant_id": "{variant_id}"}),
    Look("GET /v3/catalog/products/{product_id}/variants/{variant_id}", 404),
)
async def orphaned_variant(make: Maker) -> Any:
    product_id, variants = await make.sizes("Lost coat", {"S": 5, "L": 5})
    order_id = await make.order({"product_id": product_id, "variant_id": variants[0], "quantity": 1})
    await make.delete(f"/v3/catalog/products/{product_id}/variants/{variants[0]}")
    return {"product_id": product_id, "variant_id": variants[0], "order_id": order_id}


@state(
    "A product that is gone, in an order that is not",
    "The product was deleted; the order's line keeps its name, its SKU and an id that nothing has.",
    "Read lines as history: a 404 of a product is no reason to drop the order.",
    Look(ORDER_LINES, has={"0.name": "{name}"}),
    Look(PRODUCT, 404),
)
async def product_gone_order_stays(make: Maker) -> Any:
    product_id = await make.product("Gone lantern")
    order_id = await make.order(product_id)
    await make.delete(f"/v3/catalog/products/{product_id}")
    return {"product_id": product_id, "order_id": order_id, "name": make.named("Gone lantern")}


@state(
    "Half-imported images",
    "Of two images one was saved; the other's address cannot be fetched, and is refused each time.",
    "Count the images after an import, and send again only those that lack; 400 names the address.",
    Look("GET /v3/catalog/products/{product_id}/images", has={"count": 1, "0.is_thumbnail": True}),
    Look("POST /v3/catalog/products/{product_id}/images", 400, {}, {"image_url": UNREACHABLE}),
)
async def images_half_imported(make: Maker) -> Any:
    product_id = await make.product("Half-shown lantern")
    made = await make.upload(f"/v3/catalog/products/{product_id}/images", "image_file", "front.png", PIXEL)
    return {"product_id": product_id, "image_id": made["id"]}


@state(
    "A variant's price that stays",
    "The product's price was raised from 20 to 30; the variant has a price of its own, 18, which was not.",
    "Read the variant's calculated_price; raise the price of variants that have one.",
    Look("GET /v3/catalog/products/{product_id}/variants", has={"0.price": 18, "1.price": None}),
)
async def variant_with_a_frozen_price(make: Maker) -> Any:
    product_id, variants = await make.sizes("Dear coat", {"S": 5, "L": 5})
    await make.put(f"/v3/catalog/products/{product_id}/variants/{variants[0]}", {"price": 18})
    await make.put(f"/v3/catalog/products/{product_id}", {"price": 30})
    return {"product_id": product_id, "variant_ids": variants}


@state(
    "A brand that was there already",
    "Two imports make the same brand: the second is refused with 409, in another case, too.",
    "Take the id in details.conflicting_id, or write brand_name and let the store find it.",
    Look("POST /v3/catalog/brands", 409, {}, {"name": "{upper}"}),
)
async def brand_made_twice(make: Maker) -> Any:
    name = make.named("Nordlys")
    return {"brand_id": await make.brand("Nordlys"), "name": name, "upper": name.upper()}


@state(
    "Products beyond page 1",
    "60 products of one brand: a list without limit shows 50 of them, and says so in meta.pagination.",
    "Follow meta.pagination.links.next (V3), or ask for pages until 204 (V2).",
    Look("GET /v3/catalog/products?brand_id={brand_id}", has={"count": 50}),
    Look("GET /v3/catalog/products?brand_id={brand_id}&page=2", has={"count": 10}),
)
async def products_beyond_page_1(make: Maker) -> Any:
    brand_id = await make.brand("Vast")
    made = [await make.product(f"Bulb {number:02d}", brand_id=brand_id) for number in range(60)]
    return {"brand_id": brand_id, "first_product_id": made[0], "last_product_id": made[-1]}


@state(
    "On no channel",
    "The product was taken off its channel: it is in the catalogue and in no storefront.",
    "Read the channel assignments; is_visible says nothing about channels.",
    Look("GET /v3/catalog/products/channel-assignments?product_id:in={product_id}", has={"count": 0}),
    Look(PRODUCT, has={"is_visible": True}),
)
async def product_on_no_channel(make: Maker) -> Any:
    product_id = await make.product("Homeless lantern")
    await make.delete(f"/v3/catalog/products/channel-assignments?product_id:in={product_id}&channel_id:in=1")
    return {"product_id": product_id}


@state(
    "Visible below hidden",
    "A visible category hangs below a hidden one: it is in the list, and in no menu.",
    "Walk the tree from its root; a category is shown only if all above it are.",
    Look("GET /v3/catalog/categories/{parent_id}", has={"is_visible": False}),
    Look("GET /v3/catalog/categories/{category_id}", has={"is_visible": True, "parent_id": "{parent_id}"}),
)
async def category_below_a_hidden_one(make: Maker) -> Any:
    parent = await make.category("Backroom", is_visible=False)
    return {"parent_id": parent, "category_id": await make.category("Frontroom", parent_id=parent)}


@state(
    "An option's value that is gone",
    "A size was deleted, and its variant with it; an order that was placed before names both.",
    "Read options of lines by their words, not by ids.",
    Look("GET /v3/catalog/products/{product_id}/variants", has={"count": 1}),
    Look(ORDER_LINES, has={"0.product_options.0.display_value": "S"}),
)
async def option_value_gone(make: Maker) -> Any:
    product_id, variants = await make.sizes("Cut coat", {"S": 5, "L": 5})
    order_id = await make.order({"product_id": product_id, "variant_id": variants[0], "quantity": 1})
    option = (await make.get(f"/v3/catalog/products/{product_id}/options"))[0]
    path = f"/v3/catalog/products/{product_id}/options/{option['id']}/values/{option['option_values'][0]['id']}"
    await make.delete(path)
    return {"product_id": product_id, "order_id": order_id}


@state(
    "Hidden, and for sale elsewhere",
    "is_visible is false, availability is available: no page shows it, an order through the API goes through.",
    "Ask for both; neither of them says whether it can be bought.",
    Look(PRODUCT, has={"is_visible": False, "availability": "available"}),
)
async def product_hidden_yet_sold(make: Maker) -> Any:
    product_id = await make.product("Secret lantern", is_visible=False)
    return {"product_id": product_id, "order_id": await make.order(product_id)}


@state(
    "Renamed, its URL with it",
    "The product's name and URL changed: whoever kept the old URL gets nothing, for no redirect was asked for.",
    "Keep ids, not URLs; write create_redirect when a URL changes.",
    Look(PRODUCT, has={"custom_url.url": "{url}"}),
)
async def product_renamed(make: Maker) -> Any:
    product_id = await make.product("Old lantern")
    url = f"/new-lantern-{make.mark}/"
    body = {"name": make.named("New lantern"), "custom_url": {"url": url, "is_customized": True}}
    await make.put(f"/v3/catalog/products/{product_id}", body)
    return {"product_id": product_id, "url": url}
