"""Why the lab does not do what it was asked, as its JSON says it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from bodega.kit.render import json
from bodega.law.refusal import Header


class Problem(Exception):
    """A refusal of the lab: `status` is that of the reply, `title` one sentence, `errors` says what is wrong with each
    member of the request."""

    def __init__(
        self,
        status: int,
        title: str,
        errors: Mapping[str, str] | None = None,
        *,
        headers: tuple[Header, ...] = (),
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = dict(errors or {})
        self.headers = headers

    def body(self) -> bytes:
        """`{"status", "title", "type"}`, and `errors` if there are any."""
        return json(ProblemShown(self.status, self.title, kind(self.status), self.errors))


class ProblemShown(msgspec.Struct, omit_defaults=True):
    """Why a request was not carried out. `errors` has a sentence for each member that is wrong."""

    status: int
    title: str
    type: str
    errors: dict[str, str] = {}


def kind(status: int) -> str:
    """A word for programs: the name of the status, as `not-found`."""
    return HTTPStatus(status).phrase.lower().replace(" ", "-")


def unknown_store(store_hash: str) -> Problem:
    """There is no such store."""
    return Problem(404, f"There is no store {store_hash[:100]}.")
