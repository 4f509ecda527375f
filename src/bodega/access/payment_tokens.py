"""Payment access tokens: each lets its holder pay one order of a store, until it expires.

A token is a JSON web token (RFC 7519), signed under a key that follows from the digest of the account's own token: it
ends with the account, and no other account can make it. That it pays only once is the business of whoever takes it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import msgspec

from bodega.access.accounts import SHOPPERS_CLIENT
from bodega.storage.registry import Account

LIFE = 3_600
"""Seconds that a token can be used."""

_HEAD = {"alg": "HS256", "typ": "JWT"}
_LONGEST = 2_048


class PaymentGrant(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says: `jti` is its own name, `order_id` what may be paid, `exp` when it ends (UTC seconds).
    `address` is not the token's: the network address from which it came, as far as that is known."""

    jti: str
    client_id: str
    store_hash: str
    order_id: int
    exp: int
    address: str = ""


_grant = msgspec.json.Decoder(PaymentGrant).decode


def issue(account: Account, order_id: int, now: int) -> tuple[str, PaymentGrant]:
    """A new token for an order, and what it says."""
    grant = PaymentGrant(secrets.token_hex(16), account.client_id, account.store, order_id, now + LIFE)
    signed = f"{_encoded(msgspec.json.encode(_HEAD))}.{_encoded(msgspec.json.encode(grant))}"
    return f"{signed}.{_encoded(_signature(account, signed))}", grant


def shoppers_account(store_hash: str) -> Account:
    """The account in whose name shoppers pay what they ordered. Its signature proves nothing, as it has no secret: its
    tokens are worth what their own names are, which cannot be guessed, and whoever takes one knows these names."""
    scopes = frozenset({"store_payments_access_token_create"})
    return Account(SHOPPERS_CLIENT, store_hash, SHOPPERS_CLIENT, "oauth", "", "", "", scopes, 0, 0, False, 0, 0)


def granted(
    token: str, accounts: Mapping[str, Account], now: int, store_hash: str
) -> tuple[Account, PaymentGrant] | None:
    """Whose token it is, and what it grants; None unless an account of this store signed it, and it has not ended."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return None
    try:
        grant = _grant(_decoded(parts[1]))
        signature = _decoded(parts[2])
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError):
        return None
    account = shoppers_account(store_hash) if grant.client_id == SHOPPERS_CLIENT else accounts.get(grant.client_id)
    if account is None or account.disabled or grant.store_hash != account.store or grant.exp <= now:
        return None
    right = hmac.compare_digest(signature, _signature(account, f"{parts[0]}.{parts[1]}"))
    return (account, grant) if right else None


def _signature(account: Account, signed: str) -> bytes:
    key = hashlib.sha256(b"payment access token " + account.token_digest.encode()).digest()
    return hmac.digest(key, signed.encode("latin-1", "replace"), "sha256")


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
