"""The message that is sent for an event: its body, its headers, its signature.

Signed as the Standard Webhooks specification says; the key is the client secret of the account that created the
hook, which that library takes as base64(secret).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from bodega.events.deliveries import DueDelivery
from bodega.storage.registry import StoreRecord


class Payload(msgspec.Struct):
    """What the published payloads hold, in their order. `created_at` is the event's time in UTC seconds."""

    scope: str
    store_id: str
    data: msgspec.Raw
    hash: str
    created_at: int
    producer: str


def body(record: StoreRecord, event: DueDelivery) -> bytes:
    """The payload (contract: wire.md section 6); the same bytes at every attempt."""
    producer = f"stores/{record.hash}"
    data = msgspec.Raw(event.data)
    return msgspec.json.encode(Payload(event.scope, str(record.number), data, event.hash, event.created, producer))


FAULT = "bodega-fault"
"""Says which fault struck a message, so that nobody takes it for an honest one."""

OWN_HEADERS = frozenset({"content-type", "webhook-id", "webhook-timestamp", "webhook-signature", FAULT})
"""The headers of a message that are not its hook's owner's."""


def headers(secret: str, event: DueDelivery, content: bytes, wall: int, custom: Mapping[str, str]) -> dict[str, str]:
    """The headers of one attempt at `wall`, the machine's time: receivers compare it with their own clocks.

    `webhook-id` is the payload's hash, the same at every attempt. The hook owner's headers are sent as well, except
    those of the signature.
    """
    signed = hmac.new(secret.encode(), f"{event.hash}.{wall}.".encode() + content, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        **{header.lower(): value for header, value in custom.items()},
        "webhook-id": event.hash,
        "webhook-timestamp": str(wall),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


def spoiled(headers: Mapping[str, str], kind: str) -> dict[str, str]:
    """The headers without a signature, or with one that is wrong."""
    if kind == "unsigned":
        return {name: value for name, value in headers.items() if name != "webhook-signature"}
    wrong = hashlib.sha256(headers["webhook-signature"].encode()).digest()
    return {**headers, "webhook-signature": "v1," + base64.b64encode(wrong).decode()}


_NAMES = (
    "type", "id", "metafield_id", "category_id", "product_id", "order_id", "price_list_id", "variant_id", "cart_id",
)  # fmt: skip
"""What names a resource in the data of an event."""


def partition_of(event: DueDelivery) -> str:
    """The resource that an event is about: its events are sent one after the other."""
    found = msgspec.json.decode(event.data)
    if not isinstance(found, dict):
        return event.scope
    return "/".join([str(found[name]) for name in _NAMES if name in found]) or event.scope
