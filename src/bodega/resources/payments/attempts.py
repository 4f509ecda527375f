"""Payments that shoppers have begun at a gateway: what was asked for, and how far each is."""

from __future__ import annotations

from typing import Literal

from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Money
from bodega.storage.table import Reference, Unique

Stage = Literal["begun", "open", "ordered", "paid", "refused", "closed"]
"""`begun`: the gateway does not know of it for certain. `open`: the shopper pays. `ordered`: the money is held, and
there is an order. `paid`: it was taken. `refused`: it is held and goes back. `closed`: nothing is held."""


class PaymentAttempt(Entity, kw_only=True):
    """One payment of a cart as it was at `edition`. `key` is its name for the gateway, which knows by it that a request
    came again; `reference` is the gateway's name of it, `url` where the shopper pays. `due` is when it is looked at
    again (UTC seconds), 0 when it is settled."""

    key: str
    cart_id: Id
    gateway: str
    amount: Money
    currency: str
    edition: int
    stage: Stage = "begun"
    reference: str = ""
    url: str = ""
    order_id: Id = 0
    created: int = 0
    due: int = 0


TABLE = stored(
    "payment_attempts",
    PaymentAttempt,
    noun="payment attempt",
    columns="key cart_id",
    computed={"due": ("BIGINT", lambda attempt: attempt.due or None)},
    indexed="cart_id due",
    uniques=[Unique(("key",), "id", "The attempt exists.")],
    references=[Reference("cart_id", "carts", "cart_id", "The cart does not exist.", "CASCADE")],
)
DUE = "SELECT id FROM payment_attempts WHERE due <= $1 ORDER BY due, id LIMIT 20"
