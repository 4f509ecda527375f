"""Wishlists of the customer who asks, and those that others show by a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.catalog import product
from bodega.resources.catalog.seen import unseen
from bodega.resources.customers import wishlists
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit
from bodega.storefront.graphql.asking import Asking, Thing, part, parts_of
from bodega.storefront.graphql.execution import batch, mutation, plain, shaped
from bodega.storefront.graphql.fields.cart_changes import NotSoldHere, given
from bodega.storefront.graphql.fields.complaints import SIGN_IN
from bodega.storefront.graphql.fields.customers import signed_in
from bodega.storefront.graphql.fields.listed import IN_STOCK, shown

Args = Mapping[str, Any]
WISHLISTS = "/v3/wishlists"
MOST_LISTS = 100
MOST_ITEMS = wishlists.MAXIMUM
LARGEST = 2**31 - 1
NONE: list[Any] = []

for _name in ("AddWishlistItems", "CreateWishlist", "DeleteWishlistItems", "DeleteWishlist", "UpdateWishlist"):
    shaped(**{f"{_name}Result": "result"})


class NotSignedIn(GraphQLError):
    """A guest has no wishlists."""

    code = "CUSTOMER_NOT_LOGGED_IN"

    def __init__(self) -> None:
        super().__init__(SIGN_IN)


class NoWishlist(GraphQLError):
    """There is no such wishlist, or it is somebody else's: nobody is told which."""

    code = Reason.NO_SUCH_ENTITY.name

    def __init__(self) -> None:
        super().__init__("The wishlist does not exist.")


class TooMany(GraphQLError):
    """More than a customer can keep."""

    code = Reason.PLATFORM_CAP_REACHED.name


for _kind in ("Wishlist", "PublicWishlist"):
    plain(
        _kind,
        entityId=lambda thing: thing.row.id,
        name=lambda thing: thing.row.name,
        isPublic=lambda thing: thing.row.is_public,
        token=lambda thing: thing.row.token,
    )


def _among(column: str, wanted: Sequence[int] | None, values: list[Any]) -> list[str]:
    """The test for values of a column, if any are wanted; the values join those that there are."""
    if wanted is None:
        return []
    if not wanted:
        return ["FALSE"]
    marks = numbered_placeholders(len(wanted), len(values) + 1)
    values += [one if 0 < one <= LARGEST else 0 for one in wanted]
    return [f"{column} IN ({marks})"]


@batch("Customer.wishlists")
async def _lists(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    filters, values = args.get("filters") or {}, list[Any]()
    tests = _among("id", filters.get("entityIds"), values)
    for column, name in (("product_id", "productEntityIds"), ("variant_id", "variantEntityIds")):
        tests += [
            f"EXISTS (SELECT 1 FROM wishlist_items i WHERE i.wishlist_id = wishlists.id AND {test})"
            for test in _among(f"i.{column}", filters.get(name), values)
        ]
    owners = [thing.row.id for thing in things]
    source, test = wishlists.TABLE.name, " AND ".join(tests)
    found = await parts_of(asking, source, "customer_id", owners, args, test=test, values=values)
    rows = await asking.rows(wishlists.TABLE, [one for ids, _, _ in found.values() for one in ids])
    made = []
    for owner in owners:
        ids, start, total = found.get(owner, (NONE, 0, 0))
        made.append(part([Thing("Wishlist", rows[one]) for one in ids if one in rows], start, total))
    return made


async def _items(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    filters, values = args.get("filters") or {}, list[Any]()
    tests = _among("w.product_id", filters.get("productEntityIds"), values)
    tests += _among("w.variant_id", filters.get("variantEntityIds"), values)
    source = wishlists.ITEMS.name + " w"
    if args.get("hideOutOfStock"):
        source += " JOIN products p ON p.id = w.product_id"
        tests.append(IN_STOCK)
    owners = [thing.row.id for thing in things]
    found = await parts_of(
        asking,
        source,
        "w.wishlist_id",
        owners,
        args,
        item="w.id",
        order="w.id",
        test=" AND ".join(tests),
        values=values,
    )
    rows = await asking.rows(wishlists.ITEMS, [one for ids, _, _ in found.values() for one in ids])
    made = []
    for owner in owners:
        ids, start, total = found.get(owner, (NONE, 0, 0))
        made.append(part([Thing("WishlistItem", rows[one]) for one in ids if one in rows], start, total))
    return made


batch("Wishlist.items")(_items)
batch("PublicWishlist.items")(_items)
plain(
    "WishlistItem",
    entityId=lambda thing: thing.row.id,
    productEntityId=lambda thing: thing.row.product_id,
    variantEntityId=lambda thing: thing.row.variant_id,
)


@batch("WishlistItem.product")
async def _product(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    """Those that shoppers see."""
    ids = sorted({thing.row.product_id for thing in things})
    marks = numbered_placeholders(len(ids))
    sql = f"SELECT p.id FROM products p WHERE p.id IN ({marks}) AND {shown(asking)}"
    found = await asking.rows(product.TABLE, [int(one) for one in await query.values(asking.reader, sql, *ids)])
    return [Thing("Product", found[one.row.product_id]) if one.row.product_id in found else None for one in things]


@batch("Site.publicWishlist")
async def _public(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    row = await query.one(asking.reader, wishlists.TABLE, "token = $1", args["token"]) if args["token"] else None
    seen = row is not None and row.entity.is_public
    return [Thing("PublicWishlist", row.entity) if seen and row is not None else None] * len(things)


# What the customer does with them


async def _of_shopper(asking: Asking, wishlist_id: int | None = None) -> int:
    """The customer who asks, who has this wishlist. Raises NotSignedIn, NoWishlist."""
    who = await signed_in(asking)
    if who is None:
        raise NotSignedIn
    if wishlist_id is not None:
        row = await query.get(asking.reader, wishlists.TABLE, wishlist_id) if 0 < wishlist_id <= LARGEST else None
        if row is None or row.entity.customer_id != who.id:
            raise NoWishlist
    return who.id


async def _result(asking: Asking, wishlist_id: int) -> dict[str, Any]:
    asking.changed()
    return {"result": Thing("Wishlist", (await asking.rows(wishlists.TABLE, [wishlist_id]))[wishlist_id])}


async def _wanted(asking: Asking, items: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Items as the store's API takes them. Raises NotSoldHere for products that shoppers do not see."""
    made = [given(product_id=one["productEntityId"], variant_id=one.get("variantEntityId")) for one in items or ()]
    hidden = await unseen(asking.reader, asking.channel_id, [one["product_id"] for one in made])
    if hidden:
        raise NotSoldHere(hidden)
    return made


@mutation("WishlistMutations.createWishlist")
async def _create(asking: Asking, args: Args) -> Any:
    said, customer_id = args["input"], await _of_shopper(asking)
    held = await query.value(asking.reader, "SELECT count(*) FROM wishlists WHERE customer_id = $1", customer_id)
    if held >= MOST_LISTS:
        raise TooMany(f"A customer keeps at most {MOST_LISTS} wishlists.")
    items = await _wanted(asking, said.get("items"))
    body = {"customer_id": customer_id, "name": said["name"], "is_public": said["isPublic"], "items": items}
    return await _result(asking, (await asking.api.send("POST", WISHLISTS, body))["id"])


@mutation("WishlistMutations.updateWishlist")
async def _update(asking: Asking, args: Args) -> Any:
    number, said = args["input"]["entityId"], args["input"]["data"]
    await _of_shopper(asking, number)
    body = given(name=said.get("name"), is_public=said.get("isPublic"))
    await asking.api.send("PUT", f"{WISHLISTS}/{number}", body)
    return await _result(asking, number)


@mutation("WishlistMutations.addWishlistItems")
async def _add(asking: Asking, args: Args) -> Any:
    """What the list has already is not added again."""
    number = args["input"]["entityId"]
    await _of_shopper(asking, number)
    rows = await query.entities(asking.reader, wishlists.ITEMS, "wishlist_id = $1", number)
    there = {(one.product_id, one.variant_id) for one in rows}
    new = [one for one in await _wanted(asking, args["input"]["items"]) if _key(one) not in there]
    if len(rows) + len(new) > MOST_ITEMS:
        raise TooMany(f"A wishlist has at most {MOST_ITEMS} items.")
    if new:
        once = list({_key(one): one for one in new}.values())
        await asking.api.send("POST", f"{WISHLISTS}/{number}/items", {"items": once})
    return await _result(asking, number)


def _key(item: Mapping[str, Any]) -> tuple[int, int | None]:
    return item["product_id"], item.get("variant_id")


@mutation("WishlistMutations.deleteWishlistItems")
async def _drop_items(asking: Asking, args: Args) -> Any:
    number, items = args["input"]["entityId"], set(args["input"]["itemEntityIds"])
    customer_id = await _of_shopper(asking, number)

    async def job(unit: Unit) -> None:
        await _hold(unit, [number], customer_id)
        found = await unit.where(wishlists.ITEMS, "wishlist_id = $1", number)
        there = {row.entity.id for row in found}
        if not items <= there:
            raise Refusal(Reason.NO_SUCH_ENTITY, "The wishlist has no such item.")
        await unit.delete(wishlists.ITEMS, sorted(items))

    await asking.api.write(job)
    return await _result(asking, number)


@mutation("WishlistMutations.deleteWishlists")
async def _drop(asking: Asking, args: Args) -> Any:
    numbers, customer_id = sorted(set(args["input"]["entityIds"])), await _of_shopper(asking)

    async def job(unit: Unit) -> None:
        await _hold(unit, numbers, customer_id)
        await unit.delete(wishlists.TABLE, numbers)

    await asking.api.write(job)
    return {"result": "success"}


async def _hold(unit: Unit, numbers: Sequence[int], customer_id: int) -> None:
    """Raises Refusal unless all these wishlists are the customer's."""
    for number in numbers:
        row = await unit.get(wishlists.TABLE, number) if 0 < number <= LARGEST else None
        if row is None or row.entity.customer_id != customer_id:
            raise Refusal(Reason.NO_SUCH_ENTITY, "The wishlist does not exist.")
