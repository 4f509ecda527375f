"""Who asks what of which shop: what resolvers share during one query."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from graphql import GraphQLError

from bodega.aside import Turn
from bodega.domain import markup
from bodega.resources.channel_settings import EVERYWHERE
from bodega.resources.marketing.gift_certificate_codes import MOST_CODES, MOST_OF_SERVERS
from bodega.resources.pricing.buyer import Buyer, buyer_of
from bodega.resources.pricing.policy import Money, money_of
from bodega.resources.settings.group import Group, S
from bodega.resources.store import channel_currencies
from bodega.resources.store.channel_currencies import Currencies
from bodega.storage import query
from bodega.storage.files import PLACE
from bodega.storage.table import Table, numbered_placeholders
from bodega.storefront.graphql.documents import LARGEST_PAGE, PAGE
from bodega.storefront.graphql.kept import kept_of
from bodega.storefront.image_sizes import template
from bodega.storefront.shoppers_api import ShoppersApi

T = TypeVar("T")


class Thing(NamedTuple):
    """An object of the answer: the name of its type, what is stored of it, and what was asked of it."""

    kind: str
    row: Any
    more: Any = None


MOST_CORRECTED = 3
"""Searches of one request that find nothing, and are tried again with words that are written almost like theirs."""

_CURRENCIES = ("currencies", "channel_currencies")
_ABOUT = (512, 4_096, 32_768, markup.LONGEST)


class Asking:
    """One operation: the shop, the channel, the shopper. `api` is the store's API, asked for the shopper; `session` the
    customer access token by which the shopper is known, empty for a guest; `address` the network address from which
    they ask, empty if it is unknown; `by_server`: it may be that of a shop's server, which asks for many."""

    def __init__(
        self,
        api: ShoppersApi,
        channel_id: int,
        customer_id: int,
        session: str = "",
        address: str = "",
        *,
        by_server: bool = False,
    ) -> None:
        store = api.store
        assert store.rows is not None
        self.api = api
        self.store = store
        self.reader = store.rows.reader
        self.channel_id = channel_id
        self.customer_id = customer_id
        self.session = session
        self.address = address
        self.by_server = by_server
        self.most_codes = MOST_OF_SERVERS if by_server else MOST_CODES
        self.base = api.origin
        self._corrections = MOST_CORRECTED
        self._known: dict[Any, Any] = {}
        self._rows: dict[str, dict[int, Any]] = {}

    def may_correct(self) -> bool:
        """Whether near words are looked for in place of those of one more search that finds nothing."""
        self._corrections -= 1
        return self._corrections >= 0

    def changed(self) -> None:
        """Forgets what was read: a mutation has written."""
        self._known.clear()
        self._rows.clear()

    async def once(self, key: Any, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives; the first time it is made, later it is remembered."""
        if key not in self._known:
            self._known[key] = await make()
        found: T = self._known[key]
        return found

    async def kept(self, key: Any, tables: Sequence[str], make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives; it is remembered from one query to the next, as long as these tables do not change. It
        must follow from them, the key and the operator's settings alone, and nobody may change it."""

        if key in self._known:
            known: T = self._known[key]
            return known

        async def found() -> T:
            kept = kept_of(self.store)
            state = await self.once("state", lambda: kept.state(self.reader))
            return await kept.part(self.reader, state, self.store.learned, key, tables, make)

        return await self.once(key, found)

    async def setting(self, group: Group[S]) -> S:
        """The settings of a group, as they hold for the channel."""
        channel_id = self.channel_id if group.by_channel else EVERYWHERE
        return await self.kept(
            ("settings", group.table.name, channel_id),
            (group.table.name,),
            lambda: group.of(self.reader, channel_id, self.store.settings),
        )

    async def rows(self, table: Table, ids: Sequence[int]) -> dict[int, Any]:
        """The entities of these ids, by id: those that were read before are not read again."""
        known = self._rows.setdefault(table.name, {})
        wanted = sorted({one for one in ids if one not in known and 0 < one <= 2**31 - 1})
        if wanted:
            known.update(dict.fromkeys(wanted))
            for one in await query.entities_of(self.reader, table, wanted):
                known[one.id] = one
        return {one: known[one] for one in ids if known.get(one) is not None}

    async def plain_texts(self, texts: Sequence[str], limit: int | None) -> list[str]:
        """Texts without their markup, cut to a number of characters. Each is read once for all fields that ask for
        about as much of it, and others go first where many are long."""
        most = markup.LONGEST if limit is None else min(max(0, limit), markup.LONGEST)
        about = next(one for one in _ABOUT if one >= most)
        known: dict[tuple[str, int], str] = self._known.setdefault("plain texts", {})
        turn = Turn()
        for text in texts:
            if (text, about) not in known:
                known[text, about] = markup.plain(text, about)
                await turn.breathe()
        return [known[text, about][:most] for text in texts]

    async def buyer(self) -> Buyer:
        """The shopper."""
        if self.customer_id:
            return await self.once("buyer", lambda: buyer_of(self.reader, self.customer_id))
        return await self.kept("guest", ("customer_groups",), lambda: buyer_of(self.reader, 0))

    async def currencies(self) -> Currencies:
        """The codes of the channel's currencies."""

        async def make() -> Currencies:
            return (await channel_currencies.of_channels(self.reader, [self.channel_id]))[self.channel_id]

        return await self.kept(("currencies", self.channel_id), _CURRENCIES, make)

    async def money(self, code: str | None) -> Money | None:
        """A currency of the channel; its usual one without a code. None if the channel does not sell in it."""

        async def make() -> Money | None:
            found = await self.currencies()
            wanted = code or found.default
            return await money_of(self.reader, wanted) if wanted in found.enabled else None

        return await self.kept(("money", self.channel_id, code), _CURRENCIES, make)

    async def tree_id(self) -> int:
        """The category tree of the channel; 0 if it has none."""

        async def make() -> int:
            sql = "SELECT id FROM trees WHERE channel_id = $1"
            return int(await query.value(self.reader, sql, self.channel_id) or 0)

        return await self.kept(("tree", self.channel_id), ("trees",), make)

    def file(self, address: str) -> str:
        """The absolute address of a stored file, or an address as it is."""
        if address.startswith(PLACE):
            return address.replace(PLACE, f"{self.base}/files/{self.store.record.hash}", 1)
        return address

    def image(
        self, address: str, text: str = "", *, default: bool = False, product: tuple[int, int] | None = None
    ) -> Thing | None:
        """An image of the answer; None without an address. `product` are the ids of a product and of its image."""
        if not address:
            return None
        if address.startswith(PLACE):
            address = template(self.base, self.store.record.hash, address, product)
        return Thing("Image", address, (text, default))


def node_id(kind: str, entity_id: int | str) -> str:
    """The global id of an entity: URL-safe base64, since it stands in paths."""
    return base64.urlsafe_b64encode(f"{kind}:{entity_id}".encode()).decode().rstrip("=")


def read_id(text: str) -> tuple[str, int] | None:
    """The type and number of a global id; None if it is none."""
    kind, number = read_key(text)
    return (kind, int(number)) if kind and number.isdigit() and len(number) < 11 else None


def read_key(text: str) -> tuple[str, str]:
    """The type and key of a global id whose key is a text, such as a UUID; both empty if it is none."""
    try:
        told = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)).decode("ascii")
    except (binascii.Error, ValueError, UnicodeError):
        return "", ""
    kind, _, key = told.partition(":")
    return kind, key


def cursor(place: int) -> str:
    """The cursor of the item at this place of a list, from 0."""
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode().rstrip("=")


def _place(text: str) -> int:
    found = read_id(text)
    if found is None or found[0] != "at":
        raise GraphQLError("The cursor is not one of this list.")
    return found[1]


class Window(NamedTuple):
    """A part of a list: `start` is the place of its first item; with `from_end`, its last `size` before `stop`."""

    start: int
    size: int
    stop: int | None = None
    from_end: bool = False

    def of(self, total: int) -> tuple[int, int]:
        """The first place and the one after the last, in a list of so many."""
        stop = total if self.stop is None else min(self.stop, total)
        if self.from_end:
            return max(self.start, stop - self.size, 0), stop
        return self.start, max(self.start, min(self.start + self.size, stop))


def window(args: Mapping[str, Any]) -> Window:
    """The part that `first`, `last`, `after` and `before` ask for. Raises GraphQLError."""
    first, last = args.get("first"), args.get("last")
    if first is not None and last is not None:
        raise GraphQLError("Passing both first and last is not supported.")
    size = first if first is not None else last if last is not None else PAGE
    if size < 0:
        raise GraphQLError("A page has at least 0 items.")
    if size > LARGEST_PAGE:
        raise GraphQLError(f"A page has at most {LARGEST_PAGE} items.")
    start = _place(args["after"]) + 1 if args.get("after") else 0
    stop = _place(args["before"]) if args.get("before") else None
    return Window(start, size, stop, from_end=first is None and last is not None)


def connection(items: Sequence[Any], args: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The part of a list that was read whole."""
    start, stop = window(args).of(len(items))
    return part(items[start:stop], start, len(items), **more)


def part(items: Sequence[Any], start: int, total: int, **more: Any) -> dict[str, Any]:
    """A part of a list that has `total` items, the first of them at `start`."""
    edges = [{"node": item, "cursor": cursor(start + place)} for place, item in enumerate(items)]
    info = {
        "hasNextPage": start + len(items) < total,
        "hasPreviousPage": start > 0,
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "pageInfo": info, "collectionInfo": {"totalItems": total}, **more}


async def parts_of(
    asking: Asking,
    source: str,
    owner: str,
    owners: Sequence[int],
    args: Mapping[str, Any],
    *,
    item: str = "id",
    order: str = "id",
    test: str = "",
    values: Sequence[Any] = (),
) -> dict[int, tuple[list[int], int, int]]:
    """By the owner: the ids of its part of a list, the place of the first, and how many there are; in one statement.

    `source` is what to select from; `test` has the placeholders from $1 on.
    """
    wanted, asked = sorted(set(owners)), window(args)
    if not wanted:
        return {}
    marks = numbered_placeholders(len(wanted), len(values) + 1)
    narrowed = f" AND ({test})" if test else ""
    sql = (
        f"SELECT owner, item, place, total FROM (SELECT {owner} AS owner, {item} AS item,"
        f" row_number() OVER (PARTITION BY {owner} ORDER BY {order}) - 1 AS place,"
        f" count(*) OVER (PARTITION BY {owner}) AS total FROM {source} WHERE {owner} IN ({marks}){narrowed}) listed"
    )
    if asked.from_end:
        stop = "total" if asked.stop is None else f"CASE WHEN total < {asked.stop} THEN total ELSE {asked.stop} END"
        sql += f" WHERE place >= {stop} - {asked.size} AND place < {stop} AND place >= {asked.start}"
    else:
        stop_at = asked.start + asked.size
        stop_at = stop_at if asked.stop is None else min(stop_at, asked.stop)
        # The first row is read in any case, for the total.
        sql += f" WHERE (place >= {asked.start} AND place < {stop_at}) OR place = 0"
    found: dict[int, tuple[list[int], int, int]] = {}
    for holder, one, place, total in await asking.reader.rows(f"{sql} ORDER BY owner, place", *values, *wanted):
        listed, _, _ = found.setdefault(holder, ([], max(asked.start, 0), int(total)))
        inside = asked.from_end or asked.start <= place < stop_at
        if inside:
            if not listed:
                found[holder] = (listed, int(place), int(total))
            listed.append(int(one))
    return found


def decimal(value: Decimal | None) -> float | None:
    """A number for a Float."""
    return None if value is None else float(value)
