"""Redirects: old paths of the storefront and where they lead (rule 108)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from bodega.domain.urls import MovedUrl
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INT32, STRING, FieldType, Id, as_is, clean_text, structured
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item
from bodega.kit.targets import clean_link
from bodega.kit.v2_shape import V2Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal, invalid, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import AfterDelete, AfterWrite
from bodega.storage.conflicts import dangling
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

LONGEST = 2048
DYNAMIC = ("product", "brand", "category", "page", "post")
OWN_SITE = 1
"""The site of the store's own storefront: V2 knows no other."""


class Forward(msgspec.Struct, kw_only=True):
    """`ref` is the id of the target, or for a manual redirect the address itself."""

    type: Literal["manual", "product", "category", "brand", "page", "post"]
    ref: int | str

    def __post_init__(self) -> None:
        text = str(self.ref).strip()
        if self.type == "manual":
            if not text or len(text) > LONGEST:
                raise ValueError(f"must have a ref, an address of at most {LONGEST} characters")
            self.ref = text
        elif text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) <= INT32:
            self.ref = int(text)
        else:
            raise ValueError(f"must have a ref, the id of a {self.type}")


def nowhere() -> Forward:
    """Where a redirect leads of which nothing else is said: to the home page."""
    return Forward(type="manual", ref="/")


def clean_path(value: Any) -> str:
    """A path of the store, with a leading slash."""
    text = clean_text(str(value)).strip()
    if not text.strip("/") or "//" in text or any(letter.isspace() for letter in text):
        raise ValueError("must be a path, as /old-name/")
    return "/" + text.lstrip("/")


PATH = FieldType("string", as_is, clean_path, clean_path)


class Redirect(Entity, kw_only=True):
    """`url` is its present target; empty if the target was deleted."""

    site_id: Id = OWN_SITE
    path: Annotated[str, msgspec.Meta(max_length=LONGEST), PATH]
    forward: Annotated[Forward, structured(Forward)._replace(word="forward")] = msgspec.field(default_factory=nowhere)
    url: Annotated[str, STRING] = ""


RESOLVED = ("redirects", 0)
"""Among the rows that a unit has judged: the URLs of the redirects that are written now are known."""

WORDS = {"manual": "url"}
"""What V3 calls a type otherwise."""

TABLE = stored(
    "redirects",
    Redirect,
    noun="redirect",
    columns="path",
    computed={
        "kind": ("TEXT", lambda redirect: redirect.forward.type),
        "ref": ("INTEGER", lambda redirect: redirect.forward.ref if redirect.forward.type != "manual" else None),
        "site_id": ("INTEGER", lambda redirect: redirect.site_id),
        "from_path_key": ("TEXT", lambda redirect: caseless(redirect.path)),
        "type_key": ("TEXT", lambda redirect: WORDS.get(redirect.forward.type, redirect.forward.type)),
    },
    indexed="site_id from_path_key ref",
    uniques=[Unique(("site_id", "path"), "path", "A redirect from this path exists.")],
    references=[Reference("site_id", "sites", "site_id", "The site does not exist.", "CASCADE")],
)

v2 = V2Shape(Redirect, "redirects", "redirect", "id? path+ forward+ url!")
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id"),
    "store_v2_content",
    "redirects",
    v2=v2,
    created=200,
    only={"site_id": OWN_SITE},
)

routes = (collection("redirects", V2, "GET POST DELETE"), item("redirects/{id}", V2), count("redirects/count", V2))


async def resolve_redirect(unit: Unit, old: Redirect | None, new: Redirect) -> None:
    """Rule 108: `url` follows from the target, which must exist and differ from the path."""
    if old is None or old.forward != new.forward:
        lead_nowhere_odd(new.forward)
    if RESOLVED not in unit.judged and (old is None or old.forward != new.forward):
        new.url = await _address(unit, new.forward)
    if new.url == new.path:
        raise refuse_faults([invalid("forward", "must lead elsewhere than path")])


def lead_nowhere_odd(forward: Forward) -> None:
    """A target that was typed in is a link. Raises Refusal."""
    if forward.type == "manual":
        try:
            clean_link(str(forward.ref))
        except ValueError as error:
            raise refuse_faults([invalid("forward", str(error))]) from None


async def _address(unit: Unit, forward: Forward) -> str:
    if forward.type == "manual":
        return str(forward.ref)
    sql = "SELECT url FROM urls WHERE kind = $1 AND owner = $2"
    url = await query.value(unit.tx, sql, forward.type, forward.ref)
    if url is None:
        fault = dangling("forward", f"The {forward.type} does not exist.", [int(forward.ref)])
        raise Refusal(Reason.DANGLING_REFERENCE, fault.message, details=fault.details, faults=[fault])
    return str(url)


def update_redirects(kind: str) -> AfterWrite:
    """The rule of entities with a page: redirects to one of this type follow it."""

    @depends_on("custom_url", new=False)
    async def update_redirects(unit: Unit, old: Any, new: Any) -> None:
        """Updates redirects to the present URL of their target."""
        if old is not None and old.custom_url.url != new.custom_url.url:
            await _point(unit, kind, [new.id], new.custom_url.url)

    return update_redirects


_FROM = "site_id = $1 AND path = $2"


def leave_redirect(kind: str) -> AfterWrite:
    """The rule of entities whose body may ask for a redirect from the path that they leave (`create_redirect`)."""

    @depends_on("custom_url", new=False)
    async def leave_redirect(unit: Unit, old: Any, new: Any) -> None:
        """A path that is left leads to the present one, if the body asks for it; none leads to itself."""
        if old is None or not isinstance(new.custom_url, MovedUrl) or old.custom_url.url == new.custom_url.url:
            return
        here = await unit.where(
            TABLE, _FROM + " AND kind = $3 AND ref = $4", OWN_SITE, new.custom_url.url, kind, new.id
        )
        await unit.delete(TABLE, [row.entity.id for row in here])
        forward = msgspec.convert({"type": kind, "ref": new.id}, Forward)
        there = await unit.where(TABLE, _FROM, OWN_SITE, old.custom_url.url)
        for row in there:
            await unit.update(TABLE, row, msgspec.structs.replace(row.entity, forward=forward))
        if not there:
            await unit.insert(TABLE, Redirect(path=old.custom_url.url, forward=forward))

    return leave_redirect


def empty_redirects(kind: str) -> AfterDelete:
    """The rule for deleting entities with a page."""

    async def empty_redirects(unit: Unit, gone: Sequence[int]) -> None:
        """Empties the redirects to a deleted target."""
        await _point(unit, kind, gone, "")

    return empty_redirects


async def _point(unit: Unit, kind: str, targets: Sequence[int], url: str) -> None:
    placeholders = numbered_placeholders(len(targets), 2)
    for (redirect,) in await unit.tx.rows(
        f"SELECT id FROM redirects WHERE kind = $1 AND ref IN ({placeholders}) ORDER BY id", kind, *targets
    ):
        row = await unit.get(TABLE, redirect)
        if row is not None:
            row.entity.url = url
            await unit.rewrite(TABLE, row)
