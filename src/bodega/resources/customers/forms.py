"""The fields that a store's sign-up and address forms have beside the built-in ones, for the storefront and the panel.

They are chosen in a control panel: no published operation lists them. `/v3/form-fields` is Bodega's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, Line, Long
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.unit import Unit

SCOPE = "store_v2_customers"
BUILT_IN = 25
"""The greatest number of a built-in field: the number of an own field is its id and this."""

MOST = 100
CHOICES = ("checkboxes", "radiobuttons", "picklist")
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
Day = Annotated[str, msgspec.Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]


class Form(Entity, kw_only=True):
    """A field of the form of customers or of addresses. `default` is what it holds at first, as text; `options` are
    what can be chosen; `minimum` and `maximum` bound a number, `earliest` and `latest` a date (YYYY-MM-DD)."""

    form: Literal["customer", "address"] = "customer"
    name: Name
    type: Literal["checkboxes", "date", "multiline", "numbers", "password", "radiobuttons", "text", "picklist"] = "text"
    required: bool = False
    sort_order: Id = 0
    default: Long = ""
    options: Annotated[list[Name], AtMost(100)] = []
    prompt: Line = ""
    rows: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    max_length: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    minimum: int | None = None
    maximum: int | None = None
    earliest: Day = ""
    latest: Day = ""


TABLE = stored(
    "form_fields",
    Form,
    noun="form field",
    columns="form name",
    uniques=[Unique(("form", "name"), "name", "The form has a field of this name.")],
    cap=MOST,
)
v3 = V3Shape(Form, required="name", read_only="id")
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, "id form name", shown=v3.shown), SCOPE, "form-fields", v3=v3)


async def offer_what_can_be_chosen(_unit: Unit, changes: Changes, old: Form | None, _notes: list[Fault]) -> None:
    """A field by which one chooses has something to choose from, once each; the form of a field stays."""
    if old is not None and changes.get("form", old.form) != old.form:
        raise refuse_faults([invalid("form", "must stay as it is: customers have answered the field there")])
    kind = changes.get("type", "text" if old is None else old.type)
    options = changes.get("options", [] if old is None else old.options)
    if kind in CHOICES and not options:
        raise refuse_faults([invalid("options", f"must name what can be chosen, since the type is {kind}")])
    if len(set(options)) != len(options):
        raise refuse_faults([invalid("options", "must name each choice once")])


def numbered(fields: Iterable[Form]) -> dict[int, Form]:
    """The fields by the numbers that clients know them by."""
    return {one.id + BUILT_IN: one for one in fields}


def number_in(field_id: str) -> int:
    """The number that a field's id in an address of a checkout has, as 30 or field_30; 0 if it has none."""
    digits = field_id.removeprefix("field_")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def chosen(field: Form, answer: Any) -> list[int]:
    """The places of the options that an answer names, by these places or by their labels."""
    made = []
    for one in answer if isinstance(answer, list) else [answer]:
        text = str(one)
        if text in field.options:
            made.append(field.options.index(text))
        elif text.isascii() and text.isdigit() and len(text) < 5 and int(text) < len(field.options):
            made.append(int(text))
    return made


def in_words(field: Form, answer: Any) -> Any:
    """An answer as people read it: the labels of what was chosen."""
    if field.type not in CHOICES:
        return answer
    labels = [field.options[place] for place in chosen(field, answer)]
    return labels if field.type == "checkboxes" else "".join(labels[:1])


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(offer_what_can_be_chosen,)),),
    routes=(collection("form-fields", V3, "GET POST"), item("form-fields/{field_id}", V3)),
)
