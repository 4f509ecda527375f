"""Answers whose shape is not what a parser was made for."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import WORK, Maker
from bodega.lab.states.state import Look, state

LONG = "L" * 230


@state(
    "An empty V2 list",
    "A list of V2 that holds nothing is answered 204, without a body: there is no [] to parse.",
    "Look at the status before the body is parsed.",
    Look("GET /v2/products?brand_id={brand_id}", 204),
    Look("GET /v3/catalog/products?brand_id={brand_id}", has={"count": 0}),
)
async def empty_v2_list(make: Maker) -> Any:
    return {"brand_id": await make.brand("Bare")}


@state(
    "Midnight in another zone",
    "The order was placed at 23:30 on the last of December in Denver: by UTC that is the next year.",
    "Keep the offset that a date brings; cut days by the store's zone, not by UTC.",
    Look("GET /v2/orders/{order_id}", has={"date_created": "Wed, 01 Jan 2025 06:30:00 +0000"}),
)
async def midnight_in_another_zone(make: Maker) -> Any:
    return {"order_id": await make.order(date_created="Tue, 31 Dec 2024 23:30:00 -0700")}


@state(
    "Null against empty",
    "What is not there is null in one member and empty text in another of the same product.",
    "Read both as missing.",
    Look("GET /v3/catalog/products/{product_id}", has={"upc": "", "preorder_release_date": None, "brand_id": 0}),
)
async def null_and_empty(make: Maker) -> Any:
    return {"product_id": await make.product("Void lantern")}


@state(
    "Numbers as text",
    "V2 tells amounts as text with four places, V3 as numbers, of the same product.",
    "Parse amounts as decimals in both; never compare them as text.",
    Look("GET /v2/products/{product_id}", has={"price": "19.9900"}),
    Look("GET /v3/catalog/products/{product_id}", has={"price": 19.99}),
)
async def numbers_as_text(make: Maker) -> Any:
    return {"product_id": await make.product("Priced lantern", price=19.99)}


@state(
    "Names of the whole world",
    "A name in Arabic, Chinese, with an accent composed of two signs, and an emoji.",
    "Handle text as UTF-8 from end to end; compare it in normal form.",
    Look("GET /v3/catalog/products/{product_id}", has={"name": "{name}"}),
)
async def unicode_names(make: Maker) -> Any:
    name = make.named("Café فانوس 灯笼 🏮")
    return {"product_id": await make.product("Café فانوس 灯笼 🏮"), "name": name}


@state(
    "As long as can be",
    "The name has the length that the API allows, and a description of 20,000 characters.",
    "Make your columns as long as the API's, or cut knowingly.",
    Look("GET /v3/catalog/products/{product_id}", has={"name": "{name}"}),
)
async def names_at_their_longest(make: Maker) -> Any:
    return {
        "product_id": await make.product(LONG, description="<p>" + "d" * 20_000 + "</p>"),
        "name": make.named(LONG),
    }


@state(
    "Markup in text",
    "The description holds HTML with entities, quotes and a comment.",
    "Do not strip and do not escape twice: send back what you read.",
    Look("GET /v3/catalog/products/{product_id}", has={"description": "{description}"}),
)
async def markup_in_text(make: Maker) -> Any:
    description = '<p title="&quot;a&quot;">1 &lt; 2 &amp; 3 &gt; 2</p><!-- note -->'
    return {"product_id": await make.product("Marked lantern", description=description), "description": description}


@state(
    "A name that ends a line of CSV",
    "The customer's company holds a comma, quotes and an apostrophe.",
    "Write CSV with a library; join nothing by commas.",
    Look("GET /v3/customers?id:in={customer_id}", has={"0.company": "{company}"}),
)
async def commas_and_quotes(make: Maker) -> Any:
    company = 'O\'Neil, "Sons" & Co; Ltd'
    return {"customer_id": await make.customer(company=company), "company": company}


@state(
    "A hundred lines",
    "The order has 100 lines: its list shows 50 of them on the first page.",
    "Follow the pages of an order's lines, too.",
    Look("GET /v2/orders/{order_id}/products", has={"count": 50}),
    Look("GET /v2/orders/{order_id}/products?page=2", has={"count": 50}),
    Look("GET /v2/orders/{order_id}/products?page=3", 204),
)
async def order_of_a_hundred_lines(make: Maker) -> Any:
    return {"order_id": await make.order(*({**WORK, "name": f"Part {number}"} for number in range(100)))}


@state(
    "An empty answer to a delete",
    "A delete is answered 204 without a body, and a second one of the same 204 or 404.",
    "Take a 404 of a delete for done.",
    Look("GET /v3/catalog/brands/{brand_id}", 404),
)
async def deleted_already(make: Maker) -> Any:
    brand_id = await make.brand("Brief")
    await make.delete(f"/v3/catalog/brands/{brand_id}")
    return {"brand_id": brand_id}
