"""What the steps of the law return, besides the request's head (request.py) and the kit's products (kit/context.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext, Caller
from bodega.http.negotiation import Media
from bodega.http.request import Request
from bodega.kit.actions import Action
from bodega.kit.context import Context, Recheck
from bodega.law.outcome import Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Header, Refusal


class RoutedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that may be carried out: what the first twelve steps made of it, for the last four."""

    app: AppContext
    request: Request
    caller: Caller
    action: Action
    media: Media
    body: bytes
    context: Context


class Preconditions(msgspec.Struct, frozen=True, gc=False):
    """What was judged before the write. `state` is for the reply's validators; `recheck` judges again within the
    write."""

    state: Validator | None = None
    recheck: Recheck | None = None


class Seen:
    """What was known of a request when it was answered or refused: for the reply, the log and the journal.

    Only the decision updates it, as the steps return. `media` is the format of the reply, `quota` its rate-limit
    headers as they are written; `client_id` is empty while no account is known, `route`, the template of the path,
    while no route is; `routed` is None until the first twelve steps let the request pass.
    """

    quota: bytes = b""
    route: str = ""
    body: bytes = b""
    routed: RoutedRequest | None = None

    def __init__(self, media: Media, *, store: OpenStore | None = None, client_id: str = "") -> None:
        self.media = media
        self.store = store
        self.client_id = client_id

    def learn(self, refusal: Refusal) -> None:
        """Takes over what the refusing step knew of the request."""
        if isinstance(refusal, InformedRefusal):
            self.media = refusal.media or self.media
            self.quota = refusal.quota or self.quota
            self.store = refusal.store or self.store


class InformedRefusal(Refusal):
    """A refusal by a step that already knew something that the reply or the journal needs."""

    def __init__(
        self,
        reason: Reason,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Sequence[Header] = (),
        media: Media | None = None,
        quota: bytes = b"",
        store: OpenStore | None = None,
    ) -> None:
        super().__init__(reason, details=details, headers=headers)
        self.media = media
        self.quota = quota
        self.store = store
