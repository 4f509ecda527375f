"""Parcels without a number, addresses that are not whole, and orders sent in parts."""

from __future__ import annotations

from typing import Any

from bodega.lab.states.maker import WORK, Maker
from bodega.lab.states.state import Look, state

ORDER = "GET /v2/orders/{order_id}"
THREE = {**WORK, "quantity": 3}


@state(
    "Shipped without a tracking number",
    "All was sent, by nobody knows whom: tracking_number is empty.",
    "Do not require a number; tell the shopper that it was sent.",
    Look(ORDER, has={"status_id": 2}),
    Look("GET /v2/orders/{order_id}/shipments/{shipment_id}", has={"tracking_number": ""}),
)
async def shipped_without_tracking(make: Maker) -> Any:
    order_id = await make.order(status_id=11)
    return {"order_id": order_id, "shipment_id": await make.ship(order_id)}


@state(
    "Partly shipped",
    "One of three pieces was sent: status 3, and the rest still waits.",
    "Count quantity_shipped of each line; a shipment is not the whole order.",
    Look(ORDER, has={"status_id": 3, "items_shipped": 1, "items_total": 3}),
    Look("GET /v2/orders/{order_id}/products", has={"0.quantity": 3, "0.quantity_shipped": 1}),
)
async def shipped_in_part(make: Maker) -> Any:
    order_id = await make.order(THREE, status_id=11)
    return {"order_id": order_id, "shipment_id": await make.ship(order_id, tracking_number=make.code("1Z"))}


@state(
    "Sent, and the shipment deleted",
    "The label was void, so the shipment was deleted; the order's status did not go back.",
    "Follow the shipments, and compare quantity_shipped with the status.",
    Look(ORDER, has={"status_id": 2}),
    Look("GET /v2/orders/{order_id}/shipments", 204),
)
async def shipment_deleted(make: Maker) -> Any:
    order_id = await make.order(status_id=11)
    shipment_id = await make.ship(order_id)
    await make.delete(f"/v2/orders/{order_id}/shipments/{shipment_id}")
    return {"order_id": order_id, "shipment_id": shipment_id}


@state(
    "A line that was dropped",
    "Of two lines one was taken out after the order was fetched.",
    "Compare the lines by id, and cancel those that are gone.",
    Look("GET /v2/orders/{order_id}/products", has={"count": 1, "0.name": "Lamp"}),
)
async def line_dropped(make: Maker) -> Any:
    order_id = await make.order({**WORK, "name": "Lamp"}, {**WORK, "name": "Bulb"})
    gone = (await make.lines(order_id))[1]["id"]
    await make.put(f"/v2/orders/{order_id}", {"products": [{"id": gone, "quantity": 0}]})
    return {"order_id": order_id, "dropped_line_id": gone}


@state(
    "An address that lacks its half",
    "No company, no second street, no telephone: what is not there is empty text, not null.",
    "Treat empty text as missing, and ask before a label is bought.",
    Look(ORDER, has={"billing_address.street_2": "", "billing_address.phone": "", "billing_address.company": ""}),
)
async def address_incomplete(make: Maker) -> Any:
    return {"order_id": await make.order()}


@state(
    "Billed here, sent there",
    "The order is paid by one person and sent to another, in another country.",
    "Read shipping_addresses; the billing address is not where it goes.",
    Look(ORDER, has={"billing_address.country_iso2": "US"}),
    Look("GET /v2/orders/{order_id}/shipping_addresses", has={"0.country_iso2": "NZ", "0.first_name": "Tui"}),
)
async def sent_to_somebody_else(make: Maker) -> Any:
    there = make.address(first_name="Tui", country_iso2="NZ", state="Otago", city="Dunedin", zip="9016")
    return {"order_id": await make.order(shipping_addresses=[there])}


@state(
    "Nothing to send",
    "The order holds a download only: there is no shipping address at all.",
    "Do not wait for a shipment of an order of digital products; complete it.",
    Look(ORDER, has={"order_is_digital": True}),
)
async def order_of_downloads(make: Maker) -> Any:
    return {"order_id": await make.order(await make.product("Pattern", type="digital", weight=0), status_id=11)}


@state(
    "Picked up at the counter",
    "The order is fetched from a shop: it has a pickup, and no shipping address at all.",
    "Read the consignments before you look for an address; there is nothing to send.",
    Look("GET /v2/orders/{order_id}/shipping_addresses", 204),
    Look(ORDER, has={"shipping_address_count": 0}),
)
async def picked_up_at_the_counter(make: Maker) -> Any:
    pickup = {
        "pickup_method_id": 1,
        "pickup_method_display_name": "At the counter",
        "location": {"name": "Shop", "country_alpha2": "US"},
        "line_items": [WORK],
    }
    body = {"billing_address": make.address(), "consignments": {"pickups": [pickup]}}
    return {"order_id": int((await make.post("/v2/orders", body))["id"])}
