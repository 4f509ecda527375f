"""The care of the key under which a registry seals its secrets: made at the first start, replaced, or lost."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from bodega.storage import query
from bodega.storage.registry import Registry
from bodega.storage.sealing import PREFIX, NoKey, is_sealed

_SEALED = (("accounts", "client_id", "secret", "client"), ("apps", "client_id", "secret", "client"),
           ("stores", "hash", "server", "store"), ("site_keys", "name", "sealed", "site key"),
           ("second_factors", "owner", "sealed", "second factor"))  # fmt: skip
"""Where secrets are: table, key, column, and the word that binds a secret to its row."""


class KeyState(NamedTuple):
    """`wanted` is the key that the registry goes by, `there` those in the file; secrets by whether they can be read."""

    wanted: str
    there: list[str]
    readable: int
    unreadable: int

    @property
    def lost(self) -> bool:
        """Whether the registry's key is not in the file."""
        return self.wanted not in self.there


class NewSecret(NamedTuple):
    """A client secret that was issued anew; `kind` is "account" or "app", `store` empty for an app."""

    kind: str
    store: str
    client_id: str
    secret: str


async def prepare(registry: Registry) -> None:
    """Makes the key at the first start, and seals what an earlier version left in clear. Raises NoKey, OSError."""
    if await _wanted(registry):
        return
    name = registry.sealer.make()
    await registry.tx.run("INSERT INTO sealing (id, key_id) VALUES (1, $1) ON CONFLICT DO NOTHING", name)
    if await _wanted(registry) == name and await _reseal(registry):
        await registry.shred()


async def _wanted(registry: Registry) -> str:
    return str(await query.value(registry.tx, "SELECT key_id FROM sealing WHERE id = 1") or "")


async def _kept(registry: Registry) -> list[tuple[str, str, str, str, str, str]]:
    """Every secret that is kept: table, key column, column, the word of its binding, key, secret."""
    found = []
    for table, key, column, word in _SEALED:
        for name, kept in await registry.tx.rows(f"SELECT {key}, {column} FROM {table} WHERE {column} <> ''"):
            found.append((table, key, column, word, name, kept))
    return found


async def _reseal(registry: Registry) -> int:
    """Seals everything that can be read under the newest key; how many secrets that changed."""
    changed = 0
    newest = f"{PREFIX}{registry.sealer.keys()[0]}:"
    for table, key, column, word, name, kept in await _kept(registry):
        if kept.startswith(newest):
            continue
        text = registry.sealer.open(kept, f"{word} {name}")
        if text is not None:
            sealed = registry.sealer.seal(text, f"{word} {name}")
            sql = f"UPDATE {table} SET {column} = $3 WHERE {key} = $1 AND {column} = $2"
            await registry.tx.run(sql, name, kept, sealed)
            changed += 1
    return changed


async def state(registry: Registry) -> KeyState:
    """How it stands. Raises NoKey if the file is no key file."""
    readable = unreadable = 0
    for _, _, _, word, name, kept in await _kept(registry):
        if registry.sealer.open(kept, f"{word} {name}") is None:
            unreadable += 1
        else:
            readable += 1
    return KeyState(await _wanted(registry), registry.sealer.keys(), readable, unreadable)


async def rotate(registry: Registry, *, forget: bool = False) -> int:
    """Seals everything under a new key; how many secrets. Older keys stay in the file, for older backups, unless
    `forget`. Interrupted, it can be repeated: every key is in the file as long as it is needed. Raises NoKey."""
    if (await state(registry)).lost:
        raise NoKey(registry.sealer.missing())
    name = registry.sealer.add()
    changed = await _reseal(registry)
    await _go_by(registry, name)
    if forget:
        registry.sealer.keep_only(name)
    return changed


async def _go_by(registry: Registry, name: str) -> None:
    await registry.tx.run("UPDATE sealing SET key_id = $1 WHERE id = 1", name)
    await registry.notify_change()


async def replace(registry: Registry) -> list[NewSecret]:
    """A new key, and new secrets for every account and app whose own cannot be read any more. An account that was made
    by an app has the app's. Private keys of sites that cannot be read are dropped. Raises NoKey, OSError."""
    if (await state(registry)).lost:
        await _go_by(registry, registry.sealer.add())
    issued: list[NewSecret] = []
    of_apps: dict[str, str] = {}
    for app, kept in await registry.tx.rows("SELECT client_id, secret FROM apps ORDER BY created, client_id"):
        of_apps[app] = registry.open_secret(kept, app)
        if not of_apps[app]:
            new = NewSecret("app", "", app, secrets.token_hex(32))
            sealed = registry.seal_secret(new.secret, app)
            await registry.tx.run("UPDATE apps SET secret = $2 WHERE client_id = $1", app, sealed)
            issued.append(new)
            of_apps[app] = new.secret
    made_by = await query.pairs(registry.tx, "SELECT account, app FROM installations")
    for record in await registry.stores():
        for account in await registry.accounts(record.hash):
            if not account.secret:
                secret = of_apps.get(made_by.get(account.client_id, ""), secrets.token_hex(32))
                await registry.save_secret(account.client_id, secret)
                issued.append(NewSecret("account", record.hash, account.client_id, secret))
    await _reseal(registry)
    for name, kept in await registry.tx.rows("SELECT name, sealed FROM site_keys"):
        if registry.sealer.open(kept, f"site key {name}") is None:  # its certificate has to be installed again
            await registry.tx.run("DELETE FROM site_keys WHERE name = $1 AND sealed = $2", name, kept)
    return issued


async def without_address(registry: Registry) -> list[str]:
    """The stores whose server's address cannot be read."""
    return [record.hash for record in await registry.stores() if is_sealed(record.server)]
