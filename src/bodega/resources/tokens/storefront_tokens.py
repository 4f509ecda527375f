"""Tokens for the storefront's GraphQL API (V3): for browsers, for servers, and for servers that act for a customer.

A token is a JSON web token (RFC 7519), signed with a key of the store that is kept sealed; its header names the key. So
none of them is kept: only those that were revoked are, until they would have ended.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from bodega.access.open_store import OpenStore
from bodega.kit.actions import Action
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INT32
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource, sweep_ended
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown
from bodega.law.refusal import Fault, invalid, missing, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique, numbered_placeholders
from bodega.storage.unit import Unit

SCOPE = "store_storefront_api"
IMPERSONATION_SCOPE = "store_storefront_api_customer_impersonation"
HEADER = b"sf-api-token"
LONGEST = 8_192
"""Characters of a token, at most."""

MOST_CHANNELS = 250
ALGORITHM = "HS256"
Kind = Literal["storefront", "customer_impersonation", "private"]
KINDS: Mapping[int, Kind] = {1: "storefront", 2: "customer_impersonation", 3: "private"}
"""What a token says in `token_type`."""

Scope = Literal["Unauthenticated", "Customer", "B2B"]


class StorefrontClaims(msgspec.Struct, frozen=True):
    """What a token says: `cid` are the channels that it opens, `corsOrigins` the origins of pages that may use it,
    `eat` when it ends and `iat` when it was made (UTC seconds), `sid` the number of the store, `sub` the client id of
    the account that asked for it."""

    cid: tuple[int, ...]
    corsOrigins: tuple[str, ...]  # noqa: N815 - the name on the wire
    eat: int
    iat: int
    iss: str
    sid: int
    sub: str
    sub_type: int
    token_type: int
    scopes: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Which of the three it is."""
        return KINDS[self.token_type]


class RevokedToken(Entity, kw_only=True):
    """`digest` is the SHA-256 of a token in hexadecimal, `until` when it ends."""

    digest: str
    until: int = 0


class SigningKey(Entity, kw_only=True):
    """The name of a key with which tokens of the store are signed; the key itself is kept sealed."""

    name: str


REVOKED = stored(
    "revoked_storefront_tokens",
    RevokedToken,
    noun="revoked token",
    columns="digest",
    computed={"until": ("BIGINT", lambda token: token.until)},
    indexed="until",
    uniques=[Unique(("digest",), "digest", "The token was revoked before.")],
)
KEYS = stored("storefront_keys", SigningKey, noun="signing key", columns="")

Origin = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Channel = Annotated[int, msgspec.Meta(ge=1, le=INT32)]
_ASKED: dict[str, Any] = {
    "expires_at": Annotated[int, msgspec.Meta(ge=0, le=2**53)],
    "channel_id": Channel,
    "channel_ids": Annotated[list[Channel], msgspec.Meta(min_length=1), AtMost(MOST_CHANNELS)],
}
_MORE: Mapping[Kind, dict[str, Any]] = {
    "storefront": {"allowed_cors_origins": Annotated[list[Origin], msgspec.Meta(min_length=1), AtMost(2)]},
    "customer_impersonation": {},
    "private": {"scopes": Annotated[list[Scope], msgspec.Meta(min_length=1), AtMost(3)]},
}


def _shape(kind: Kind) -> V3Shape:
    return V3Shape(
        SigningKey,
        required="expires_at scopes" if kind == "private" else "expires_at",
        read_only="id name",
        write_only={**_ASKED, **_MORE[kind]},
        view=lambda _key: {"token": ""},
        members="token",
    )


def _endpoint(kind: Kind, scope: str = SCOPE) -> Endpoint:
    return Endpoint(3, KEYS, Listing(KEYS, 3, ""), scope, "", v3=_shape(kind))


class MakeToken(Action):
    """POST: a new token. Nothing of it is kept."""

    anew = True
    writes = True
    body = True

    def __init__(self, kind: Kind, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.kind = kind
        assert endpoint.v3 is not None
        self.shape = endpoint.v3

    def read(self, content: Any) -> Any:
        draft = self.shape.read(content, creating=True)
        faults = [*_channels(draft), *_origins(draft)]
        if faults:
            raise refuse_faults(faults)
        return draft

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """The name of the key to sign with, and the key: a new one where there is none that can be opened."""
        assert context.keep_key is not None
        assert context.kept_key is not None
        row = await query.one(context.reader, KEYS, "id = (SELECT max(id) FROM storefront_keys)")
        if row is not None and (known := await context.kept_key(row.entity.name)):
            return row.entity.name, known, True
        if not context.may_fetch:
            return "", "", True
        name, key = f"storefront-{secrets.token_hex(8)}", secrets.token_hex(32)
        await context.keep_key(name, key)
        return name, key, False

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        draft: dict[str, Any] = write.draft
        if draft["expires_at"] <= unit.now:
            raise refuse_faults([invalid("expires_at", "must be in the future, in UTC seconds")])
        named = draft.get("channel_ids") or [draft["channel_id"]]
        sql = f"SELECT id FROM channels WHERE id IN ({numbered_placeholders(len(named))})"
        known = set(await query.values(unit.tx, sql, *named))
        if unknown := sorted({*named} - known):
            member = "channel_ids" if "channel_ids" in draft else "channel_id"
            raise refuse_faults([invalid(member, f"must name channels of the store, not {unknown[0]}")])
        name, key, is_known = write.prefetched
        if not is_known:
            await unit.insert(KEYS, SigningKey(name=name))
        claims = {
            "cid": named, "corsOrigins": draft.get("allowed_cors_origins", []), "eat": draft["expires_at"],
            "iat": unit.now, "iss": "BC", "sid": context.record.number, "sub": context.client_id, "sub_type": 2,
            "token_type": next(number for number, kind in KINDS.items() if kind == self.kind),
        }  # fmt: skip
        if self.kind == "private":
            claims["scopes"] = draft["scopes"]
        import jwt  # which is large, and needed by few stores

        token = jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": name}) if key else ""
        return Shown(ready=json({"data": {"token": token}, "meta": {}}))


def _channels(draft: dict[str, Any]) -> list[Fault]:
    if "channel_id" in draft and "channel_ids" in draft:
        return [invalid("channel_id", "must not be given beside channel_ids")]
    return [] if "channel_id" in draft or "channel_ids" in draft else [missing("channel_id")]


def _origins(draft: dict[str, Any]) -> list[Fault]:
    faults = []
    for place, text in enumerate(draft.get("allowed_cors_origins", ())):
        if not is_origin(text):
            faults.append(
                invalid(f"allowed_cors_origins.{place}", "must be an origin, such as https://www.example.com")
            )
    return faults


_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def is_origin(text: str) -> bool:
    """Whether a text is the origin of a web page (RFC 6454): a scheme, a host, and maybe a port."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("https", "http") and (parts.port is None or parts.port > 0)
        return known and _HOST.fullmatch(parts.netloc) is not None and text == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False


class RevokeToken(Action):
    """DELETE: the token in the header is dead at once."""

    writes = True
    header = HEADER

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        assert context.kept_key is not None
        claims = await _read(context.header, context.kept_key)
        if claims is None or claims.sid != context.record.number or claims.kind == "customer_impersonation":
            fault = invalid("Sf-Api-Token", "must be a storefront or private token of this store")
            raise refuse_faults([fault if context.header else missing("Sf-Api-Token")])
        return claims

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        digest = _digest(context.header)
        if await unit.tx.row("SELECT 1 FROM revoked_storefront_tokens WHERE digest = $1", digest) is None:
            await unit.insert(REVOKED, RevokedToken(digest=digest, until=write.prefetched.eat))
        return Shown(ready=json({"data": {}, "meta": {}}))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class _Seen(NamedTuple):
    """A token whose signature was right: the name of its key, the key, what it says."""

    name: str
    key: Any
    claims: StorefrontClaims


MOST_SEEN = 512
_seen: OrderedDict[str, _Seen] = OrderedDict()


async def _read(token: str, kept_key: Any) -> StorefrontClaims | None:
    """What a token of the store says; None if it is none."""
    if not token.isascii() or not 0 < len(token) <= LONGEST:
        return None
    before = _seen.get(token)
    if before is not None and await kept_key(before.name) == before.key:
        _seen.move_to_end(token)
        return before.claims
    import jwt

    try:
        name = jwt.get_unverified_header(token).get("kid", "")
        if not isinstance(name, str) or not name.startswith("storefront-"):
            return None
        key = await kept_key(name)
        if not key:
            return None
        said = jwt.decode(token, key, algorithms=[ALGORITHM], options={"verify_aud": False, "verify_iat": False})
        claims = msgspec.convert(said, StorefrontClaims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, UnicodeError, ValueError):
        return None
    if claims.token_type not in KINDS:
        return None
    if "exp" not in said and "nbf" not in said:  # what the library judges by its clock is judged each time
        _seen[token] = _Seen(name, key, claims)
        while len(_seen) > MOST_SEEN:
            _seen.popitem(last=False)
    return claims


def is_servers(claims: StorefrontClaims) -> bool:
    """Whether a token is for a shop's own server: private, of impersonation, or of no page's origin."""
    return claims.kind != "storefront" or not claims.corsOrigins


async def verified(store: OpenStore, token: str) -> StorefrontClaims | None:
    """What a token of an open store says; None if it is none of this store's, or has ended, or was revoked."""
    assert store.rows is not None
    claims = await _read(token, store.kept_key)
    if claims is None or claims.sid != store.record.number or claims.eat <= store.time():
        return None
    sql = "SELECT 1 FROM revoked_storefront_tokens WHERE digest = $1"
    return None if await store.rows.reader.row(sql, _digest(token)) is not None else claims


_STOREFRONT = _endpoint("storefront")
RESOURCE = Resource(
    aggregates=(Aggregate(REVOKED), Aggregate(KEYS)),
    routes=(
        route(
            "storefront/api-token",
            3,
            POST=MakeToken("storefront", _STOREFRONT),
            DELETE=RevokeToken(_STOREFRONT),
        ),
        route("storefront/api-token-private", 3, POST=MakeToken("private", _endpoint("private"))),
        route(
            "storefront/api-token-customer-impersonation",
            3,
            POST=MakeToken("customer_impersonation", _endpoint("customer_impersonation", IMPERSONATION_SCOPE)),
        ),
    ),
    sweeps=(sweep_ended(REVOKED),),
)
