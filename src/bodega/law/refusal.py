"""A refusal: one reason, and what the caller needs to correct the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bodega.law.reasons import Reason

Header = tuple[bytes, bytes]


class Fault(NamedTuple):
    """One faulty member of a request.

    `field` is the name on the wire, `message` a sentence, `details` further members of V2's `details` (rule 4).
    `code` is the hosted API's number for it, `json` what a reader of JSON says of a value of another type, `key` the
    member of V3's `errors` where that is not the field (`law/wording.py`).
    """

    reason: Reason
    field: str
    message: str
    details: Mapping[str, Any] = {}
    code: int = 0
    json: str = ""
    key: str = ""

    def below(self, place: str) -> Fault:
        """The fault of a part of a whole: its field is named from there, as in `0.name`."""
        return self._replace(field=f"{place}.{self.field}".removesuffix("."))


class Refusal(Exception):
    """Raised by the step that owns `reason`; everything a body or a header of the answer needs is here.

    `details` become V2 and V3 `details`; `headers` are sent as they are. `faulted` are the fault rules of the lab that
    made it up, none if it is honest.
    """

    faulted: tuple[str, ...] = ()

    def __init__(
        self,
        reason: Reason,
        message: str = "",
        *,
        details: Mapping[str, Any] | None = None,
        faults: Sequence[Fault] = (),
        headers: Sequence[Header] = (),
    ) -> None:
        super().__init__(reason.name)
        self.reason = reason
        self.message = message or reason.message
        self.details = dict(details or {})
        self.faults = tuple(faults)
        self.headers = tuple(headers)

    def inside(self, place: str) -> Refusal:
        """The refusal of a part of a whole: its faults name the position, as in `0.name`."""
        faults = [fault.below(place) for fault in self.faults]
        return Refusal(self.reason, self.message, details=self.details, faults=faults, headers=self.headers)

    def __str__(self) -> str:
        return f"{self.reason.name}: {self.message}"


def innermost(field: str) -> str:
    """The member that a fault is about, without where it stands: V2 names `email`, not `billing_address.email`."""
    steps = field.split(".")
    return next((step for step in reversed(steps) if not step.isdigit()), field)


def refused_value(field: str) -> str:
    """V2's sentence about a value that a field cannot have (rule 4)."""
    return f"The field '{innermost(field)}' is invalid."


def invalid(field: str, why: str, *, inside: str = "") -> Fault:
    """The fault of a value that a field cannot have; `why` is the end of a sentence about it (rules 4 and 21).

    `inside` is the path below the field, as `.entity`, to the member that is at fault.
    """
    details = {"invalid_reason": f"{field} {why}."}
    return Fault(Reason.FIELD_INVALID, field + inside, refused_value(field + inside), details)


def missing(field: str) -> Fault:
    """The fault of a required member that a body lacks (rule 3)."""
    name = innermost(field)
    details = {} if name == field else {"invalid_reason": f"{field} is required."}
    return Fault(Reason.FIELD_MISSING, field, f"The required field '{name}' was not supplied.", details)


MAX_TOLD = 100
"""At most so many faults in one response: enough to correct a request, too few to make the response a burden."""


def refuse_faults(faults: Sequence[Fault]) -> Refusal:
    """One refusal for all faulty members, or the first hundred; it has the reason that is judged first."""
    ordered = sorted(faults, key=lambda fault: fault.reason.rank)[:MAX_TOLD]
    first = ordered[0]
    return Refusal(first.reason, first.message, details=first.details, faults=ordered)
