"""One request of a shopper's page: who asks which operation of which shop, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from bodega.kit.body import parse_json, respect_size, wrong_type
from bodega.kit.complaint import Absent, Misfit, typed
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal, invalid, missing, refuse_faults
from bodega.resources.carts.cart import Cart
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.shopper import Shopper, cart_of

T = TypeVar("T", bound=msgspec.Struct)
_ID = re.compile(r"[A-Za-z0-9 _.@-]{1,100}")


class Answer(NamedTuple):
    """What is sent: `body` plain data (None: nothing), and headers besides the usual ones."""

    body: Any = None
    headers: Sequence[Header] = ()


class Body(msgspec.Struct, kw_only=True, rename="camel"):
    """What a body may say; members that it does not name are left alone."""


class Call(NamedTuple):
    """`asking` is the shop and the shopper, as for GraphQL; `browser` what the cookies say; `ids` the parameters of the
    path by their published names."""

    asking: Asking
    browser: Shopper
    scope: Mapping[str, Any]
    ids: Mapping[str, str]
    include: frozenset[str]
    content: bytes

    def read(self, kind: type[T]) -> T:
        """The body as this. Raises Refusal."""
        return self._typed(kind)  # type: ignore[no-any-return]

    def read_list(self, kind: type[T]) -> list[T]:
        """The body as a list of these. Raises Refusal."""
        return self._typed(list[kind])  # type: ignore[no-any-return, valid-type]

    def _typed(self, annotation: Any) -> Any:
        respect_size(self.content)
        said = parse_json(self.content)
        if b"\\u0000" in self.content:  # JSON has no other way to write the character that no database keeps
            raise refuse_faults([invalid("body", "must not contain the character U+0000")])
        try:
            return typed(said, annotation, strict=False)
        except Absent as error:
            raise refuse_faults([missing(error.path.lstrip("."))]) from None
        except Misfit as error:
            at = error.path.lstrip(".")
            raise refuse_faults([wrong_type(at or "body", ValueError(error.alone))]) from None
        except ValueError as error:
            raise refuse_faults([wrong_type("body", error)]) from None

    async def cart(self, name: str = "cartId", *, ordered: bool = False) -> Cart:
        """The shopper's own cart of this parameter; with `ordered` also one that has become an order. Raises Refusal
        for any other: nobody is told which there are."""
        return await self.cart_named(self.ids[name], ordered=ordered)

    async def cart_named(self, cart_id: str, *, ordered: bool = False) -> Cart:
        """The shopper's own cart of this id. Raises Refusal."""
        asking = self.asking
        found = await cart_of(asking.reader, cart_id, asking.channel_id, asking.customer_id, ordered=ordered)
        if found is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return found


Handler = Callable[[Call], Awaitable[Answer]]


def segment(text: str) -> str:
    """An id or code of a path, where it stands in another one. Raises Refusal for what cannot be one."""
    if not _ID.fullmatch(text):
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return text


def given(**members: Any) -> dict[str, Any]:
    """A body without what was left out."""
    return {name: value for name, value in members.items() if value is not None}
