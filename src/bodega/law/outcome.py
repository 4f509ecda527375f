"""The result of a request that was not refused; the status is a function of the type.

An outcome carries either `ready`, JSON bytes that are sent as they are (V3), or `value`, plain data that is written in
the media type the caller asked for (V2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import msgspec

NO_DATE = 1 << 62
"""The modification time of what has none."""


class Validator(msgspec.Struct, frozen=True, gc=False):
    """The state of a resource: `version` grows with every change; `modified` is in UTC seconds, 0 if it never changed.

    It is negative if it does not tell this state from another one of the same second. It may be later than the store's
    clock: clients are not told so.
    """

    version: int
    modified: int

    @property
    def current_from(self) -> int | None:
        """The first date at which a copy is certainly of this state, in UTC seconds; None if no date tells."""
        if self.modified == NO_DATE:
            return None
        return 1 - self.modified if self.modified < 0 else self.modified

    @classmethod
    def of_all(cls, *parts: Validator) -> Validator:
        """The state of what is shown of several resources. Any of them may change once more in the second in which
        another did."""
        newest = max(abs(part.modified) for part in parts)
        return cls(sum(part.version for part in parts), newest if newest == NO_DATE else -newest)


class Outcome(msgspec.Struct, kw_only=True, gc=False):
    """A request that was carried out. `root` and `item` name the elements of the XML form.

    `media` is the Content-Type of what is neither JSON nor XML: `ready`, or `parts` that come one after another.
    `replayed`: the first answer, given again to a request with the same key. `weight` is about how many bytes `value`
    is, where it may be many.
    """

    status: ClassVar[int] = 200
    ready: bytes | None = None
    value: Any = None
    root: str = ""
    item: str = ""
    state: Validator | None = None
    location: str = ""
    allow: str = ""
    replayed: bool = False
    weight: int = 0
    media: str = ""
    parts: AsyncIterator[bytes] | None = None


class Shown(Outcome, kw_only=True, gc=False):
    """200: a representation, of what was read or of what was just written."""

    status: ClassVar[int] = 200


class Created(Outcome, kw_only=True, gc=False):
    """201: a new resource at `location` (RFC 9110 15.3.2)."""

    status: ClassVar[int] = 201


class Accepted(Outcome, kw_only=True, gc=False):
    """202: a task at `location` will do it; the task is already on disk (RFC 9110 15.3.3)."""

    status: ClassVar[int] = 202


class Emptied(Outcome, kw_only=True, gc=False):
    """204: done, or an empty V2 list (rule 7); no body."""

    status: ClassVar[int] = 204


class PartlyDone(Outcome, kw_only=True, gc=False):
    """207: saved, but a part of it was not (rule 48)."""

    status: ClassVar[int] = 207


class PartlyRefused(Outcome, kw_only=True, gc=False):
    """422: of a list some items were saved and some refused, where the published documents answer so (metafields)."""

    status: ClassVar[int] = 422


class PartlyMissing(Outcome, kw_only=True, gc=False):
    """404: of what a delete names some was not there, and the rest is gone, where the published documents answer so."""

    status: ClassVar[int] = 404


OUTCOMES: tuple[type[Outcome], ...] = (Shown, Created, Accepted, Emptied, PartlyDone, PartlyRefused, PartlyMissing)
