"""What is printed of an order: the packing slip that goes into the parcel, and the invoice."""

from __future__ import annotations

from typing import Any

from bodega.panel import api
from bodega.panel.orders import ONE, order_view
from bodega.panel.templating import show
from bodega.panel.web import Pages, PanelRequest, Reply

pages = Pages()


async def _shop(request: PanelRequest) -> dict[str, Any]:
    """Who sells: the shop's name and address, as invoices and carriers have them."""
    found: dict[str, Any] = (await api.read(request, "/v3/settings/store/profile")).data
    return found


@pages.get(ONE + "/packing-slip")
async def packing_slip(request: PanelRequest) -> Reply:
    """What is in the parcel, for each address, without prices."""
    view = await order_view(request)
    goods = [line for line in view.lines if line["type"] == "physical"]
    parcels = [
        (one, [line for line in goods if line["order_address_id"] == one["id"] or len(view.addresses) == 1])
        for one in view.addresses
    ]
    parcels = parcels or [(view.order["billing_address"], goods)]
    return show(request, "packing_slip.html", view=view, order=view.order, parcels=parcels, shop=await _shop(request))


@pages.get(ONE + "/invoice")
async def invoice(request: PanelRequest) -> Reply:
    """What was bought, what it cost, what was paid back."""
    view = await order_view(request)
    return show(request, "invoice.html", view=view, order=view.order, shop=await _shop(request))
