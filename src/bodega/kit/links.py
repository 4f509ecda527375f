"""Where a reply's links lead: the address under which the caller reached the store."""

from __future__ import annotations

import msgspec


class Base(msgspec.Struct, frozen=True):
    """The address that the caller used: links are built from it. `suffix` is ".json" on the store's own host.

    `files` is the URL of the store's files, if the reply may name some.
    """

    url: str
    suffix: str = ""
    files: str = ""


def link(base: Base, path: str) -> dict[str, str]:
    """A V2 link object: `resource` for clients that add it to their own base, `url` for those that follow it."""
    return {"url": f"{base.url}{path}{base.suffix}", "resource": path}
