"""What every step may need besides the request: the stores, the routes, how this server is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from bodega.access.payment_tokens import PaymentGrant
from bodega.access.stores import OpenStore, Stores
from bodega.http.documented import Unserved
from bodega.http.proxies import Proxies
from bodega.http.router import Routes
from bodega.imaging.worker import PictureWorker
from bodega.storage.outside import Answer, Ask
from bodega.storage.registry import Account


class AppContext(msgspec.Struct, frozen=True):
    """`wake_worker` tells the worker that a store has a new task; `max_body` is in bytes; `pictures` decodes images;
    `unserved` is asked about the paths that no route matches.

    `behind_tls`: a proxy in front terminates TLS, so what arrives as plain HTTP was sent as HTTPS, unless one of
    `proxies` says otherwise.
    """

    stores: Stores
    routes: Mapping[int, Routes]
    insecure_http: bool = False
    behind_tls: bool = False
    https_port: int = 8443
    max_body: int = 10 * 1024 * 1024
    unserved: Unserved = Unserved()
    wake_worker: Callable[[OpenStore], None] = lambda _store: None
    proxies: Proxies = Proxies()
    pictures: PictureWorker = msgspec.field(default_factory=PictureWorker)
    keep_past: Callable[[OpenStore, str, bytes], None] | None = None
    """Keeps what a request changed, by its id, where requests can be undone."""

    consult: Callable[[OpenStore, Ask], Awaitable[Answer]] | None = None
    """Asks a provider of a store, outside of any transaction."""

    wrote: Callable[[OpenStore], None] = lambda _store: None
    """Is told of a write, after which a provider may have something to be told."""


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks, and the store that let them in. `limited`: whether the limits of endpoints are meant for them.
    `grant`: what the payment access token says by which they came."""

    account: Account
    store: OpenStore
    limited: bool = True
    grant: PaymentGrant | None = None
