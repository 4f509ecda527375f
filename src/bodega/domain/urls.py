"""Storefront URLs: one name space for everything that has a page, made from the name unless the caller chose one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from bodega.kit.fields import FieldType, as_is, clean_text
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault
from bodega.storage import query
from bodega.storage.aggregate import AfterDelete, BeforeValidate, BeforeWrite, Conflicts, ExtraStatements
from bodega.storage.conflicts import duplicate
from bodega.storage.rules import depends_on
from bodega.storage.table import Table, numbered_placeholders
from bodega.storage.text import composed
from bodega.storage.tx import Statement, Tx
from bodega.storage.unit import Unit

SCHEMA = """CREATE TABLE urls (
    url TEXT PRIMARY KEY, kind TEXT NOT NULL, owner INTEGER NOT NULL
);
CREATE UNIQUE INDEX urls_owner ON urls (kind, owner);"""


_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_between = re.compile(r"[^a-z0-9]+").sub


class CustomUrl(msgspec.Struct):
    """The path of a page; without one the store chooses. `is_customized`: the caller chose it."""

    longest: ClassVar[int] = 255

    url: Annotated[str, msgspec.Meta(max_length=255)] = ""
    is_customized: bool = False

    def __post_init__(self) -> None:
        path = self.url.strip()
        self.url = "/" + path.lstrip("/") if path else ""
        if len(self.url) > self.longest:
            raise ValueError(f"must have a url of at most {self.longest} characters, its first slash included")


class BrandUrl(CustomUrl):
    """The path of a brand's page, which can be longer."""

    longest: ClassVar[int] = 1024

    url: Annotated[str, msgspec.Meta(max_length=1024)] = ""


class MovedUrl(CustomUrl):
    """A path whose former one is to lead to it: so says a body, and its type, since it is stored as any other."""


class PageUrl(msgspec.Struct):
    """What a V3 body says of the path of a page: an object without a `url` leaves the choice to the store."""

    url: Annotated[str, msgspec.Meta(min_length=1)] | UnsetType = UNSET
    is_customized: bool = False


class ProductUrl(PageUrl):
    """The same of a product: `create_redirect` makes a redirect from the path that it leaves."""

    create_redirect: bool = False


def path_of(wanted: CustomUrl) -> CustomUrl:
    """The same, if it is a path of the store. Raises ValueError."""
    path = clean_text(wanted.url).lstrip("/")
    if (not path and wanted.url) or _ELSEWHERE.match(path) or _CONTROL.search(path):
        raise ValueError("must have a url that is a path of the store, as /hammer/")
    return wanted


def chosen(url: Any) -> CustomUrl:
    """A URL given by V2 as plain text; an empty one leaves the choice to the store."""
    return path_of(CustomUrl(url))


def _written(kind: type[CustomUrl], body: type[PageUrl] = PageUrl) -> FieldType:
    def clean(given: Any) -> CustomUrl:
        url = "" if given.url is UNSET else given.url
        if given.url is not UNSET and not url.strip():
            raise ValueError("must have a url that is a path of the store, as /hammer/")
        if len(url) > kind.longest:
            raise ValueError(f"must be an object whose url is a string of at most {kind.longest} characters")
        made = MovedUrl if getattr(given, "create_redirect", False) else kind
        return path_of(made(url, given.is_customized))

    return FieldType("object", as_is, clean, clean, holds=kind, written=body)


CUSTOM_URL = _written(CustomUrl)
PRODUCT_URL = _written(CustomUrl, ProductUrl)
BRAND_URL = _written(BrandUrl)


def slug(name: str) -> str:
    """`/shop-mac/` for "Shop Mac"; letters without a Latin form are left out."""
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _between("-", name.lower()).strip("-")[:200]


class Urls(NamedTuple):
    """The rules for a table whose entities have a page: each goes into the list of its kind."""

    before_write: BeforeWrite
    extra_statements: ExtraStatements
    conflicts: Conflicts
    after_delete: AfterDelete


def urls_of(table: Table, kind: str, *, named: str = "name", below: str = "") -> Urls:
    """The rules that keep the URLs of a table's entities, which have a `custom_url`.

    A URL that nobody chose is made from the member `named`; it begins with `below`, for example `/blog`.
    """
    return Urls(_choose(table, kind, named, below), _claim(kind), _taken(kind), _release(kind))


class UrlHolder(NamedTuple):
    """The entity that a URL leads to."""

    kind: str
    id: int


_HOLDER = "SELECT kind, owner FROM urls WHERE url = $1"


def skip_taken_urls(table: Table, kind: str) -> BeforeValidate:
    """The rule before validation for entities with a page."""

    @depends_on("custom_url")
    async def skip_taken_urls(unit: Unit, changes: dict[str, Any], old: Any, notes: list[Fault]) -> None:
        """An entity whose URL is taken is saved without it, and the reply says so (207), as documented."""
        wanted = changes.get("custom_url")
        if wanted is None or not wanted.url:
            return
        holder = await query.first(unit.tx, UrlHolder, _HOLDER, composed(wanted.url))
        if holder is None or (old is not None and holder == (kind, old.id)):
            return
        del changes["custom_url"]
        message = f"The {table.noun} was saved, but its url was not: {holder.kind} {holder.id} has it."
        notes.append(Fault(Reason.DUPLICATE, "url", message))

    return skip_taken_urls


def _choose(table: Table, kind: str, named: str, below: str) -> BeforeWrite:
    @depends_on(f"custom_url {named}")
    async def choose_url(unit: Unit, old: Any, new: Any) -> None:
        """Gives an entity without a URL a free one made from its name."""
        wanted = new.custom_url
        if wanted.url:
            same = old is not None and old.custom_url.url == wanted.url
            customized = wanted.is_customized or not same or old.custom_url.is_customized
            new.custom_url = type(old.custom_url if same else wanted)(wanted.url, customized)
            return
        if old is not None and old.custom_url.url:
            new.custom_url = old.custom_url
            return
        stem = slug(getattr(new, named))
        path = f"{below}/{stem}/" if stem else f"{below}/{kind}-{unit.statistics.next_id(table.name)}/"
        if unit.tx.asks and await _is_taken(unit.tx, path):
            path = f"{below}/{stem or kind}-{unit.statistics.next_id(table.name)}/"
            while await _is_taken(unit.tx, path):
                path = path.rstrip("/") + "-1/"
        new.custom_url = type(wanted)(path)

    return choose_url


async def _is_taken(tx: Tx, url: str) -> bool:
    return await tx.row("SELECT 1 FROM urls WHERE url = $1", composed(url)) is not None


def _claim(kind: str) -> ExtraStatements:
    @depends_on("custom_url")
    def claim_url(_unit: Unit, old: Any, new: Any) -> list[Statement]:
        """Inserts the URL's row together with the entity's; the primary key decides who was first."""
        url = composed(new.custom_url.url)
        if old is None:
            return [("INSERT INTO urls (url, kind, owner) VALUES ($1, $2, $3)", (url, kind, new.id))]
        if composed(old.custom_url.url) == url:
            return []
        return [("UPDATE urls SET url = $1 WHERE kind = $2 AND owner = $3", (url, kind, new.id))]

    return claim_url


def _taken(kind: str) -> Conflicts:
    async def url_is_taken(tx: Tx, entity: Any) -> list[Fault]:
        """Rule 44: a URL of another entity is a conflict."""
        url = entity.custom_url.url
        holder = await query.first(tx, UrlHolder, _HOLDER, composed(url))
        if holder is None or holder == (kind, entity.id):
            return []
        message = f"The custom_url {url} is taken."
        return [duplicate("custom_url", message, holder.kind, holder.id)]

    return url_is_taken


def _release(kind: str) -> AfterDelete:
    async def release_url(unit: Unit, ids: Sequence[int]) -> None:
        """Deletes the entity's URL, so that others can use it."""
        placeholders = numbered_placeholders(len(ids), 2)
        await unit.tx.run(f"DELETE FROM urls WHERE kind = $1 AND owner IN ({placeholders})", kind, *ids)

    return release_url
