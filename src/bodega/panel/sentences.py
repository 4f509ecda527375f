"""How a fault of the law becomes what a form says: about "this" where it stands beside its field, and in the words that
the form has for its fields. Errors of the API name members (`scope must be ...`), which no form shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bodega.http.internal_api import ApiReply
from bodega.law.reasons import Reason
from bodega.panel.fields import Field, title_of

FILL_IN = "Fill this in."
NOT_USABLE = "This value cannot be used."

_PATH = re.compile(r"^[a-z0-9][\w.\-]* (?=[a-z])")
_WORDS = re.compile(r"(?<![\w/.@-])[a-z]+(?:_[a-z0-9]+)+(?![\w/@-])")
_REQUIRED = re.compile(r"^(?:The required field '.*' was not supplied\.|[\w.\-]+ is required\.)$")
_REFUSED = re.compile(r"^The field '.*' is invalid\.$")
_EMPTY = re.compile(r"^must (?:not be (?:blank|empty|null)|be a string of at least 1 characters?)\.$")
_PLAINER = (
    (re.compile(r"\bmust be a string of at (least|most) ([0-9]+) (characters?)"), r"must have at \1 \2 \3"),
    (re.compile(r"\bmust be a string\b"), "must be text"),
    (re.compile(r"\bmust be the id of\b"), "must be the number of"),
)

ADVICE: Mapping[Reason, str] = {
    Reason.PRECONDITION_FAILED: "Somebody else changed this meanwhile. Reload the page and enter your changes again.",
    Reason.VERSION_CONFLICT: "Somebody else changed this meanwhile. Reload the page and enter your changes again.",
    Reason.NO_SUCH_ENTITY: "This no longer exists.",
    Reason.PLAN_LIMIT_REACHED: "The plan of this store holds no more of these. Delete some, or choose a larger plan.",
    Reason.TOO_MANY_ITEMS: "These are too many at once.",
    Reason.OUT_OF_STOCK: "There is not enough in stock.",
    Reason.QUANTITY_OUT_OF_BOUNDS: "There is not enough in stock, or the quantity is outside what may be ordered.",
    Reason.OPTIONS_REFUSED: "Choose a value for each option of the product.",
    Reason.ORPHANED_PRODUCTS: "Some products are in no other category. Move them to another category, or delete them.",
    Reason.CODES_ATTACHED: "The promotion still has codes. Delete its codes first.",
    Reason.PROPERTY_IN_USE: "It still has values. Delete its values first.",
    Reason.CODES_NOT_GENERATED: "Only a promotion with bulk codes has its codes generated.",
    Reason.PAYMENT_STATE: "The payment of the order is in no state for this.",
    Reason.THEMES_FULL: "There is no room for another theme. Delete one that no channel shows.",
}
"""What a person can do about a refusal that names no field, where its message is for programs."""


def beside_field(message: str, titles: Mapping[str, str] | None = None) -> str:
    """An error of the API as it stands beside its field. `titles` are the form's words for its fields."""
    if _REQUIRED.match(message):
        return FILL_IN
    if _REFUSED.match(message):
        return NOT_USABLE
    rest = _PATH.sub("", message)
    if rest != message and _EMPTY.match(rest):
        return FILL_IN
    return _in_words(f"This {rest}" if rest != message else message, titles or {})


def without_field(name: str, message: str, titles: Mapping[str, str] | None = None) -> str:
    """An error about something that the form does not show, as a sentence that names it."""
    known = titles or {}
    title = known.get(name) or _title(name)
    if _REQUIRED.match(message):
        return f"{title} is missing."
    if _REFUSED.match(message):
        return f"{title} cannot be used."
    rest = _PATH.sub("", message)
    return _in_words(f"{title} {rest}" if rest != message else message, known)


def beside(errors: Mapping[str, str], fields: Sequence[Field]) -> tuple[dict[str, str], list[str]]:
    """The API's messages by field, and those about nothing that the form shows, in the form's words."""
    titles = {field.name: field.title for field in fields}
    found: dict[str, str] = {}
    rest = []
    for name, message in errors.items():
        first = name.partition(".")[0]
        if first in titles:
            found.setdefault(first, beside_field(message, titles))
        else:
            rest.append(without_field(name, message, titles))
    return found, rest


def sentence_of(reply: ApiReply) -> str:
    """What was refused, where no form has a field for it."""
    if reply.errors:
        return " ".join(without_field(name, message) for name, message in reply.errors.items())
    return _in_words(ADVICE.get(reply.reason, reply.title) if reply.reason else reply.title, {})


def _title(path: str) -> str:
    """The words for the innermost member of a path."""
    steps = [step for step in path.split(".") if step and not step.isdigit()]
    return title_of(steps[-1]) if steps else "What was sent"


def _in_words(message: str, titles: Mapping[str, str]) -> str:
    def said(found: re.Match[str]) -> str:
        name = found[0]
        return f"“{titles.get(name) or title_of(name)}”"

    for word, plainer in _PLAINER:
        message = word.sub(plainer, message)
    return _WORDS.sub(said, message)
