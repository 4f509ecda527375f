"""The words of a refusal in V3: one table from reasons to titles, to the messages of `errors`, and to codes.

Clients compare titles and keys. `errors` names fields and nothing else; what to do about it is told by `detail`, and
facts by `details`. V2 says one sentence a fault, which the fault brings along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refused_value

JSON_TITLE = "JSON data is missing or invalid"
MALFORMED = "Input is invalid"
PATH_MISSING = "error.path.missing"

VARIANT_SKU_BLANK = 22004
OPTION_VALUES_TAKEN = 22010
IMAGE_TOO_LARGE = 10001

CODES = {
    VARIANT_SKU_BLANK: "Variant sku cannot be empty",
    OPTION_VALUES_TAKEN: "Variant with the same option values set exists",
    IMAGE_TOO_LARGE: "",
}
"""The codes that the hosted API is known to give, and the titles that come with them where they have one."""


class Wording(NamedTuple):
    """How a reason is told: the title of a refusal, given its faults, and the message of one field."""

    title: Callable[[Sequence[Fault]], str]
    message: Callable[[Fault], str]


class Told(NamedTuple):
    """A refusal in words; a `code` of 0 is none."""

    title: str
    errors: dict[str, str]
    code: int = 0


def told(refusal: Refusal) -> Told:
    """The title, the errors and the code of a refusal in V3."""
    faults = refusal.faults
    if not faults or refusal.reason in NAMES_NO_FIELD:
        return Told(TITLES.get(refusal.reason, refusal.message), {})
    if any(_as_json(fault) for fault in faults):
        return Told(JSON_TITLE, _joined(faults, lambda fault: _as_json(fault) or _json_message(fault)))
    wording = WORDINGS.get(refusal.reason, AS_IT_IS)
    title = refusal.message if refusal.reason in SAYS_ITS_OWN else wording.title(faults)
    code = next((fault.code for fault in faults if fault.code), 0)
    if code and faults[0].code == code and CODES[code]:
        title = CODES[code]
    return Told(title, _joined(faults, lambda fault: WORDINGS.get(fault.reason, AS_IT_IS).message(fault)), code)


def _joined(faults: Sequence[Fault], message: Callable[[Fault], str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for fault in faults:
        name, text = fault.key or fault.field, message(fault)
        errors[name] = f"{errors[name]} {text}" if errors.get(name, text) != text else text
    return errors


def _as_json(fault: Fault) -> str:
    """What a reader of JSON says of it: it has another type, or in an item of a list it is not there."""
    if fault.json:
        return fault.json
    return PATH_MISSING if fault.reason is Reason.FIELD_MISSING and fault.field[:1].isdigit() else ""


def _json_message(fault: Fault) -> str:
    return PATH_MISSING if fault.reason is Reason.FIELD_MISSING else _why(fault)


def _why(fault: Fault) -> str:
    """The sentence about the value."""
    if fault.code and CODES[fault.code]:
        return CODES[fault.code]
    return str(fault.details.get("invalid_reason", fault.message))


def _last(field: str) -> str:
    """The name of a member, without where it stands."""
    return field.rpartition(".")[2]


def _please(fault: Fault) -> str:
    name = _last(fault.field)
    if name.endswith("s") and not name.endswith("ss"):
        return f"Please provide {name}."
    return f"Please provide {'an' if name[:1] in 'aeio' else 'a'} {name}."


def _plain(text: str) -> str:
    """A title is no sentence: it has no full stop."""
    return text.removesuffix(".")


def _invalid(faults: Sequence[Fault]) -> str:
    return f"Invalid field(s): {', '.join(dict.fromkeys(fault.field for fault in faults))}"


GATHERED = frozenset({Reason.OPTIONS_REFUSED, Reason.QUANTITY_OUT_OF_BOUNDS, Reason.OUT_OF_STOCK})
"""Reasons that are told once for all faults, in V2 too; `details.errors` has a typed error for each."""


def gathered(faults: Sequence[Fault]) -> dict[str, Any]:
    """The details of the first fault, and the typed errors of all."""
    errors = [error for fault in faults for error in fault.details.get("errors", ())]
    return {**faults[0].details, "errors": errors}


def v2_message(fault: Fault) -> str:
    """V2's sentence about a fault: a reference to what does not exist is a bad value there (rule 4), and its
    `invalid_reason` says why."""
    return refused_value(fault.field) if fault.reason is Reason.DANGLING_REFERENCE else fault.message


AS_IT_IS = Wording(lambda faults: faults[0].message, _why)
_INVALID = Wording(_invalid, _why)
_TAKEN = Wording(lambda faults: _plain(faults[0].message), lambda fault: CODES.get(fault.code) or _plain(fault.message))
_IMAGE = Wording(lambda faults: f"The field '{_last(faults[0].field)}' is invalid.", _why)

WORDINGS: dict[Reason, Wording] = {
    Reason.FIELD_MISSING: Wording(lambda _: "Missing Required Fields", _please),
    Reason.FIELD_INVALID: _INVALID,
    Reason.FIELD_READ_ONLY: _INVALID,
    Reason.FIELD_UNKNOWN: _INVALID,
    Reason.DUPLICATE: _TAKEN,
    Reason.DANGLING_REFERENCE: _TAKEN,
    Reason.IMAGE_UNREACHABLE: _IMAGE,
    Reason.IMAGE_INVALID: _IMAGE,
    **{reason: Wording(lambda faults: faults[0].reason.message, _why) for reason in GATHERED},
}
"""How a reason is told that names fields; of all others the message is the title."""

TITLES: dict[Reason, str] = {
    Reason.MALFORMED_BODY: MALFORMED,
    Reason.SCOPE_MISSING: Reason.SCOPE_MISSING.message.removesuffix("."),
}
"""Titles of reasons that name no field, where they are not the message."""

SAYS_ITS_OWN = frozenset({Reason.LIST_REFUSED})
"""Reasons whose refusals bring a title of their own."""

NAMES_NO_FIELD = frozenset({Reason.FILTER_REFUSED, Reason.FILTER_REQUIRED})
"""Reasons that are about the query: their `errors` are empty, and filters are named by the title and in `details`."""

SHOWN_TITLES: dict[Reason, str] = {
    **TITLES,
    Reason.FIELD_MISSING: f"Missing Required Fields; in a list, {JSON_TITLE}",
    Reason.FIELD_INVALID: f"Invalid field(s): ...; of another JSON type, {JSON_TITLE}",
    Reason.FIELD_READ_ONLY: "Invalid field(s): ...",
    Reason.FIELD_UNKNOWN: "Invalid field(s): ...",
    Reason.DUPLICATE: "The product name is a duplicate, and so on",
    Reason.DANGLING_REFERENCE: "The brand does not exist, and so on",
    Reason.IMAGE_UNREACHABLE: "The field 'image_url' is invalid.",
    Reason.IMAGE_INVALID: "The field 'image_url' is invalid.",
    Reason.LIST_REFUSED: "Create customers failed., and so on",
}
"""What the docs show of titles that are made for the occasion."""


def title_of(reason: Reason) -> str:
    """The title of a reason as the docs show it."""
    return SHOWN_TITLES.get(reason, reason.message)
