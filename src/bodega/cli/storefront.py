"""`bodega dev --storefront`: what Catalyst, the hosted service's own shop, needs to run on the demo store."""

from __future__ import annotations

import secrets
import socket
import time
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from bodega import private
from bodega.cli.place import Failed, open_backend, opened_app

if TYPE_CHECKING:
    from bodega.config import DataLocation
    from bodega.storage.registry import Account

FILE = "catalyst.env"
DAYS = 365
"""How long the storefront token is good."""


class Storefront(NamedTuple):
    """The shop of a channel. `domain` is what stands behind `store-HASH.` in its hosts, with the port; `file` has the
    environment."""

    store: str
    channel_id: int
    token: str
    client_id: str
    client_secret: str
    access_token: str
    domain: str
    file: Path

    @property
    def hosts(self) -> list[str]:
        """The names that Catalyst asks: the first when it is built, the other while it runs."""
        domain = self.domain.partition(":")[0]
        return [f"store-{self.store}.{domain}", f"store-{self.store}-{self.channel_id}.{domain}"]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of Catalyst, and those of its tests."""
        return {
            "BIGCOMMERCE_STORE_HASH": self.store,
            "BIGCOMMERCE_STOREFRONT_TOKEN": self.token,
            "BIGCOMMERCE_CHANNEL_ID": str(self.channel_id),
            "BIGCOMMERCE_GRAPHQL_API_DOMAIN": self.domain,
            "BIGCOMMERCE_ADMIN_API_HOST": self.domain,
            "BIGCOMMERCE_ACCESS_TOKEN": self.access_token,
            "BIGCOMMERCE_CLIENT_ID": self.client_id,
            "BIGCOMMERCE_CLIENT_SECRET": self.client_secret,
            "AUTH_SECRET": secrets.token_hex(32),
            "AUTH_TRUST_HOST": "true",
            "ENABLE_ADMIN_ROUTE": "false",
        }


async def prepare(place: DataLocation, store: str, account: Account, access_token: str, https: str) -> Storefront:
    """A storefront token for the first channel of a store, and a file with the environment beside its data.

    The token is made in the name of `account`, whose secret signs customers in; `https` is where
    the server is reached. Raises Failed.
    """
    from bodega.http.internal_api import send

    backend = await open_backend(place)
    try:
        async with opened_app(backend, store) as (app, opened):
            asked = {"channel_id": 1, "expires_at": opened.time() + DAYS * 86_400}
            made = await send(app, opened, account.client_id, "POST", "/v3/storefront/api-token", asked, origin=https)
    finally:
        await backend.close()
    if made.refused:
        raise Failed(f"The store made no token for its storefront: {made.title}")
    port = urlsplit(https).port
    domain = "localhost" if port in (None, 443) else f"localhost:{port}"
    token = made.data["token"]
    found = Storefront(
        store, 1, token, account.client_id, account.secret, access_token, domain, (place.data / FILE).absolute()
    )
    lines = [f"{name}={value}\n" for name, value in found.environment.items()]
    head = f"# The storefront of the store {store}, made {time.strftime('%Y-%m-%d %H:%M')}: for core/.env.local\n"
    private.write(found.file, (head + "".join(lines)).encode())
    return found


def unresolved(hosts: list[str]) -> list[str]:
    """The hosts that programs on this machine do not find by themselves: Node asks the system, and not every system
    knows that all names below localhost are here (RFC 6761 section 6.3)."""
    missing = []
    for host in hosts:
        try:
            socket.getaddrinfo(host, None)
        except OSError:
            missing.append(host)
    return missing


def steps(found: Storefront, ca: Path) -> list[str]:
    """What to type in the folder of Catalyst, with its packages installed (docs/how-to/catalyst.md)."""
    missing = unresolved(found.hosts)
    names = [f"echo '127.0.0.1 {' '.join(missing)}' | sudo tee -a /etc/hosts"] if missing else []
    return [
        *names,
        f"cp {quote(str(found.file))} core/.env.local",
        f"export NODE_EXTRA_CA_CERTS={quote(str(ca))}",
        "pnpm --filter @bigcommerce/catalyst-client build && pnpm --filter @bigcommerce/catalyst-core dev",
    ]
