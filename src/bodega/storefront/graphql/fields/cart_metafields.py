"""What shoppers keep with a cart: metafields that the storefront may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.access.accounts import SHOPPERS_CLIENT
from bodega.law.reasons import Reason
from bodega.resources.carts.metafields import OF_CARTS
from bodega.resources.metafields import MAXIMUM
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import mutation, shaped
from bodega.storefront.graphql.fields.carts import NoCart, own_cart
from bodega.storefront.shoppers_api import ShopperRefused

Args = Mapping[str, Any]
NAMESPACE = "storefront"
"""Where the metafields lie that shoppers make."""

WRITABLE = "write_and_sf_access"


def _failed(word: str, message: str, **more: Any) -> list[dict[str, Any]]:
    return [{"__typename": word, "message": message, **more}]


def _told(refused: ShopperRefused) -> list[dict[str, Any]]:
    """The errors of a result, of its own types."""
    message = str(refused)
    if refused.reason is Reason.DUPLICATE:
        return _failed("AlreadyExistsError", message)
    if refused.reason is Reason.PLATFORM_CAP_REACHED:
        return _failed("LimitExceededError", message, limit=MAXIMUM)
    if refused.reason is Reason.NOT_THE_OWNER:
        return _failed("NotAuthorisedError", message)
    if refused.reason is Reason.NO_SUCH_ENTITY:
        return _failed("NotFoundError", message)
    return _failed("ValidationError", message, path=["input", "data", *refused.reply.errors][:3])


async def _result(asking: Asking, metafield_id: int) -> dict[str, Any]:
    found = await query.entities_of(asking.reader, OF_CARTS, [metafield_id])
    return {"metafield": Thing("Metafields", found[0]) if found else None, "errors": []}


async def _own(asking: Asking, said: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Where a metafield is written that a shopper may change, or the errors."""
    cart = await own_cart(asking, said["cartEntityId"])
    number = said["metafieldEntityId"]
    found = await query.entities_of(asking.reader, OF_CARTS, [number])
    if not found or found[0].resource_id != cart.uuid:
        return "", _failed("NotFoundError", "The metafield does not exist.")
    if found[0].permission_set != WRITABLE and found[0].owner_client_id != SHOPPERS_CLIENT:
        return "", _failed("NotAuthorisedError", "Shoppers may not change this metafield.")
    return f"/v3/carts/{cart.uuid}/metafields/{number}", []


_NO_CART = _failed("NotFoundError", "The cart does not exist.")


@mutation("CartMutations.createCartMetafield")
async def _create(asking: Asking, args: Args) -> Any:
    said = args["input"]
    body = {**said["data"], "namespace": NAMESPACE, "permission_set": WRITABLE}
    try:
        cart = await own_cart(asking, said["cartEntityId"])
        made = await asking.api.send("POST", f"/v3/carts/{cart.uuid}/metafields", body)
    except NoCart:
        return {"metafield": None, "errors": _NO_CART}
    except ShopperRefused as refused:
        return {"metafield": None, "errors": _told(refused)}
    return await _result(asking, made["id"])


@mutation("CartMutations.updateCartMetafield")
async def _update(asking: Asking, args: Args) -> Any:
    said = args["input"]
    body = {name: value for name, value in said["data"].items() if value is not None}
    try:
        path, errors = await _own(asking, said)
        if errors:
            return {"metafield": None, "errors": errors}
        await asking.api.send("PUT", path, body)
    except NoCart:
        return {"metafield": None, "errors": _NO_CART}
    except ShopperRefused as refused:
        return {"metafield": None, "errors": _told(refused)}
    return await _result(asking, said["metafieldEntityId"])


@mutation("CartMutations.deleteCartMetafield")
async def _delete(asking: Asking, args: Args) -> Any:
    said = args["input"]
    try:
        path, errors = await _own(asking, said)
        if errors:
            return {"deletedMetafieldEntityId": None, "errors": errors}
        await asking.api.send("DELETE", path)
    except NoCart:
        return {"deletedMetafieldEntityId": None, "errors": _NO_CART}
    except ShopperRefused as refused:
        return {"deletedMetafieldEntityId": None, "errors": _told(refused)}
    return {"deletedMetafieldEntityId": said["metafieldEntityId"], "errors": []}


shaped(
    CreateCartMetafieldResult="metafield errors",
    UpdateCartMetafieldResult="metafield errors",
    DeleteCartMetafieldResult="deletedMetafieldEntityId errors",
    AlreadyExistsError="message",
    ValidationError="message path",
    LimitExceededError="message limit",
    NotAuthorisedError="message",
)
