"""Apps: registered by an owner, installed in a store by a code that the app exchanges for a token (RFC 6749 4.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import urlsplit

import msgspec

from bodega.access.accounts import add_account
from bodega.access.owners import Owner
from bodega.access.scopes import SCOPES
from bodega.storage import query
from bodega.storage.registry import Account, Registry, StoreRecord, digest, new_token
from bodega.storage.sealing import NoKey
from bodega.storage.tx import Record, Tx

CODE_SECONDS = 60
PAYLOAD_SECONDS = 86_400
"""How long a code may be exchanged, and a signed callback is valid (contract/wire.md 1)."""

_HOST = re.compile(r"[A-Za-z0-9.\-_]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


class App(msgspec.Struct, frozen=True):
    """`owner` is the id of who registered it; URLs other than `auth_url` may be empty. `secret` is empty if it cannot
    be read without its key; nothing may be signed or compared with that."""

    client_id: str
    owner: int
    name: str
    secret: str
    scopes: frozenset[str]
    auth_url: str
    load_url: str
    uninstall_url: str
    remove_user_url: str
    created: int


class Installation(msgspec.Struct, frozen=True):
    """`account` is the client id of the API account that the app got, `owner` the id of who installed it."""

    app: str
    store: str
    account: str
    owner: int
    installed: int


class Grant(msgspec.Struct, frozen=True):
    """What a code stands for: this owner granted this app these scopes in this store."""

    app: str
    store: str
    owner: int
    scopes: frozenset[str]


def read_url(text: str) -> str:
    """A callback. Raises ValueError with a sentence."""
    url = text.strip()
    message = "A callback is an address such as https://app.example/auth, without a user name or a fragment."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or "#" in url or len(url) > 2000:
        raise ValueError(message)
    if any(letter <= " " or letter in "<>\"'\\^`{|}" or ord(letter) > 126 for letter in url):
        raise ValueError(message)
    return url


def read_scopes(names: list[str]) -> frozenset[str]:
    """The scopes that an app asks for. Raises ValueError with a sentence."""
    for name in names:
        if name not in SCOPES:
            raise ValueError(f"There is no scope {name[:100]}.")
    return frozenset(names)


_APP = (
    "SELECT client_id, owner, name, secret, scopes, auth_url, load_url, uninstall_url, remove_user_url, created"
    " FROM apps"
)
_INSTALLATION = "SELECT app, store, account, owner, installed FROM installations"


def _app(registry: Registry, row: Record) -> App:
    client_id, owner, name, sealed, scopes, *others = row
    secret = registry.open_secret(sealed, client_id)
    return App(client_id, owner, name, secret, frozenset(scopes.split()), *others)


async def find(registry: Registry, client_id: str) -> App | None:
    """The app of this client id."""
    row = await registry.tx.row(_APP + " WHERE client_id = $1", client_id)
    return None if row is None else _app(registry, row)


async def shown_in(registry: Registry, store: str, owner: int) -> list[App]:
    """The owner's own apps, and those that are installed in the store."""
    here = " WHERE owner = $1 OR client_id IN (SELECT app FROM installations WHERE store = $2)"
    sql = _APP + here + " ORDER BY created, client_id"
    return [_app(registry, row) for row in await registry.tx.rows(sql, owner, store)]


async def register(
    registry: Registry, owner: int, name: str, scopes: frozenset[str], urls: dict[str, str], now: int
) -> App:
    """A new app with a client id and a secret; `urls` by the names of its fields. Raises NoKey."""
    app = App(secrets.token_hex(16), owner, name, secrets.token_hex(32), scopes, created=now, **urls)
    sql = (
        "INSERT INTO apps (client_id, owner, name, secret, scopes, auth_url, load_url, uninstall_url, remove_user_url,"
        " created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    )
    sealed = registry.seal_secret(app.secret, app.client_id)
    fields = msgspec.structs.asdict(app) | {"scopes": " ".join(sorted(scopes)), "secret": sealed}
    await registry.tx.run(sql, *fields.values())
    return app


async def save(tx: Tx, app: App) -> None:
    """Saves the members of an app that can be changed."""
    sql = (
        "UPDATE apps SET name = $2, scopes = $3, auth_url = $4, load_url = $5, uninstall_url = $6,"
        " remove_user_url = $7 WHERE client_id = $1"
    )
    urls = (app.auth_url, app.load_url, app.uninstall_url, app.remove_user_url)
    await tx.run(sql, app.client_id, app.name, " ".join(sorted(app.scopes)), *urls)


async def delete(registry: Registry, app: App) -> None:
    """Deletes an app, with its installations."""
    for installed in await query.named(registry.tx, Installation, _INSTALLATION + " WHERE app = $1", app.client_id):
        await registry.drop_account(installed.store, installed.account)
    await registry.tx.run("DELETE FROM apps WHERE client_id = $1", app.client_id)


# Installing


async def installation(tx: Tx, app: str, store: str) -> Installation | None:
    """Where and how the app is installed in the store."""
    return await query.first(tx, Installation, _INSTALLATION + " WHERE app = $1 AND store = $2", app, store)


async def installations(tx: Tx, store: str) -> dict[str, Installation]:
    """All installations in a store, by app."""
    found = await query.named(tx, Installation, _INSTALLATION + " WHERE store = $1", store)
    return {installed.app: installed for installed in found}


async def grant(tx: Tx, app: App, store: str, owner: int, now: int) -> str:
    """A code that the app may exchange once, soon."""
    code = new_token()
    await tx.run("DELETE FROM codes WHERE expires <= $1", now - PAYLOAD_SECONDS)
    sql = "INSERT INTO codes (digest, app, store, owner, scopes, expires, spent) VALUES ($1, $2, $3, $4, $5, $6, 0)"
    await tx.run(sql, digest(code), app.client_id, store, owner, " ".join(sorted(app.scopes)), now + CODE_SECONDS)
    return code


async def redeem(tx: Tx, app: App, code: str, now: int) -> Grant | None:
    """What the code stands for; None if it is unknown, expired, another app's or spent. Of two simultaneous requests
    only one gets it."""
    sql = (
        "UPDATE codes SET spent = 1 WHERE digest = $1 AND app = $2 AND expires > $3 AND spent = 0"
        " RETURNING app, store, owner, scopes"
    )
    rows = await tx.rows(sql, digest(code), app.client_id, now)
    for client_id, store, owner, scopes in rows:
        return Grant(client_id, store, owner, frozenset(scopes.split()))
    return None


async def made_for(registry: Registry, code: str, account: Account) -> bool:
    """Notes which account a code made. False, and the account is revoked, if the code was sent again meanwhile."""
    sql = "UPDATE codes SET account = $2 WHERE digest = $1 AND spent = 1 RETURNING digest"
    if await registry.tx.rows(sql, digest(code), account.client_id):
        return True
    await registry.drop_account(account.store, account.client_id)
    return False


async def sent_again(registry: Registry, app: App, code: str) -> bool:
    """A code that cannot be exchanged was sent: if it was exchanged before, somebody has it who should not, and the
    token that it made is revoked (RFC 6749 4.1.2). Whether it was. Codes are remembered for a day."""
    sql = "UPDATE codes SET spent = 2 WHERE digest = $1 AND app = $2 AND spent > 0 RETURNING store, account"
    rows = await registry.tx.rows(sql, digest(code), app.client_id)
    for store, account in rows:
        if account:
            await registry.drop_account(store, account)
    return bool(rows)


async def store_of_code(tx: Tx, code: str) -> str:
    """The store for which a code was given, also when it is spent or expired; empty if it is not known."""
    return str(await query.value(tx, "SELECT store FROM codes WHERE digest = $1", digest(code)) or "")


async def install(registry: Registry, app: App, store: StoreRecord, given: Grant, now: int) -> tuple[str, Account]:
    """The app's token and account in the store; an earlier one of the same app is revoked."""
    before = await installation(registry.tx, app.client_id, store.hash)
    token = new_token()
    account = await add_account(registry, store, app.name, token, given.scopes, secret=app.secret)
    sql = (
        "INSERT INTO installations (app, store, account, owner, installed) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (app, store) DO UPDATE SET account = excluded.account, owner = excluded.owner,"
        " installed = excluded.installed"
    )
    await registry.tx.run(sql, app.client_id, store.hash, account.client_id, given.owner, now)
    if before is not None:
        await registry.drop_account(store.hash, before.account)
    return token, account


async def uninstall(registry: Registry, found: Installation) -> None:
    """Revokes the app's account and deletes the installation."""
    await registry.drop_account(found.store, found.account)
    await registry.tx.run("DELETE FROM installations WHERE app = $1 AND store = $2", found.app, found.store)


# Signed callbacks


def signed_payload_jwt(app: App, store: str, user: Owner, owner: Owner, now: int) -> str:
    """The token that names the store and user for which a callback is opened (HS256 with the client secret).
    Raises NoKey."""
    import jwt

    claims = {
        "aud": app.client_id,
        "iss": "bc",
        "iat": now,
        "nbf": now - 5,
        "exp": now + PAYLOAD_SECONDS,
        "jti": secrets.token_hex(16),
        "sub": f"stores/{store}",
        "user": {"id": user.id, "email": user.email, "locale": "en-US"},
        "owner": {"id": owner.id, "email": owner.email},
        "url": "/",
        "channel_id": None,
    }
    return jwt.encode(claims, _signing_key(app), algorithm="HS256")


def _signing_key(app: App) -> str:
    if not app.secret:
        raise NoKey("The app's client secret cannot be read without its key: bodega key show tells more.")
    return app.secret


def signed_payload(app: App, store: str, user: Owner, owner: Owner, now: int) -> str:
    """The same in the older form, which clients still verify: base64 of JSON, a dot, base64 of its hex HMAC-SHA256."""
    facts = {
        "user": {"id": user.id, "email": user.email},
        "owner": {"id": owner.id, "email": owner.email},
        "context": f"stores/{store}",
        "store_hash": store,
        "timestamp": now,
    }
    body = msgspec.json.encode(facts)
    signature = hmac.new(_signing_key(app).encode(), body, hashlib.sha256).hexdigest()
    return f"{base64.b64encode(body).decode()}.{base64.b64encode(signature.encode()).decode()}"
