"""Redirects of V3, of every site (rule 108): one truth with V2, whose redirects are those of the store's own site."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urljoin

import msgspec

from bodega.kit.actions import ListAll
from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.fields import INT32, structured
from bodega.kit.filters import Filter
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Created, Outcome, Validator
from bodega.law.refusal import Fault, Refusal, missing, refuse_faults
from bodega.resources.channels import sites
from bodega.resources.channels.addresses import shop_url
from bodega.resources.content import redirect_export, redirect_import, redirect_jobs
from bodega.resources.content.redirect_events import WatchJob
from bodega.resources.content.redirects import LONGEST, PATH, TABLE, WORDS, Forward, Redirect
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.rules import depends_on
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_content"
IMEX = "storefront/redirects/imex"
MAXIMUM = 1_000
"""The most redirects in one body; no limit is published, and longer lists come as CSV files."""

Type = Literal["product", "brand", "category", "page", "post", "url"]


class To(msgspec.Struct, kw_only=True):
    """Where a redirect leads: to the page of an entity, or to a URL."""

    type: Type
    entity_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)] | None = None
    url: Annotated[str, msgspec.Meta(max_length=LONGEST)] | None = None

    def __post_init__(self) -> None:
        if self.type == "url" and not (self.url or "").strip():
            raise ValueError("must have a url")
        if self.type != "url" and self.entity_id is None:
            raise ValueError(f"must have an entity_id, the id of a {self.type}")

    def forward(self) -> Forward:
        """The same as it is stored."""
        if self.type == "url":
            return Forward(type="manual", ref=str(self.url))
        assert self.entity_id is not None
        return Forward(type=self.type, ref=self.entity_id)


def target(forward: Forward) -> dict[str, Any]:
    """Where a redirect leads, as V3 says it."""
    if forward.type == "manual":
        return {"type": WORDS["manual"], "url": forward.ref}
    return {"type": forward.type, "entity_id": forward.ref}


def members(redirect: Redirect) -> dict[str, Any]:
    """A redirect as V3 shows it."""
    return {
        "id": redirect.id,
        "site_id": redirect.site_id,
        "from_path": redirect.path,
        "to": target(redirect.forward),
    }


v3 = V3Shape(
    Redirect,
    required="from_path site_id",
    read_only="id path forward url",
    view=members,
    members="id site_id from_path to",
    write_only={
        "from_path": Annotated[str, msgspec.Meta(max_length=LONGEST), PATH],
        "to": Annotated[To, structured(To)],
    },
)


async def _urls(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The whole URLs to which redirects lead; none where the target was deleted."""
    found: list[Redirect] = await query.entities_of(context.reader, TABLE, ids)
    there = await query.entities_of(context.reader, sites.TABLE, sorted({one.site_id for one in found}))
    record, here = context.record, context.base.files
    origins = {site.id: shop_url(record, site.channel_id, site.url, here) for site in there}
    return {one.id: json(urljoin(origins.get(one.site_id, "") + "/", one.url)) for one in found if one.url}


def beginning(keyword: str) -> tuple[str, str]:
    """The first and the last of the paths that begin with a keyword, with or without its slash."""
    start = "/" + caseless(keyword).lstrip("/")
    return (start, start + "\U0010ffff")


LIST = Listing(
    TABLE,
    3,
    "site_id id:in,min,max",
    mapped={"keyword": Filter("from_path_key", "within", beginning)},
    sorts="from_path type site_id id",
    includes={"to_url": Include(_urls, b'""', tables=f"{TABLE.name} {sites.TABLE.name}", files=True)},
    shown=v3.shown,
)


async def same_path(unit: Unit, draft: Changes) -> int:
    """The redirect from the path of a draft, which is overwritten; 0 if there is none."""
    sql = "SELECT id FROM redirects WHERE site_id = $1 AND path = $2"
    found = await query.value(unit.tx, sql, draft["site_id"], draft["from_path"])
    return int(found or 0)


V3 = Endpoint(
    3,
    TABLE,
    LIST,
    SCOPE,
    "storefront/redirects",
    v3=v3,
    batch=Batch(MAXIMUM, whole=True, creates=True, finds=same_path),
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in site_id", exact=True),
    SCOPE,
    "storefront/redirects",
    delete_needs_filter=True,
)


class Upsert(UpdateMany):
    """PUT of a list: each item makes the redirect from its path, or overwrites it. 201, as published."""

    def read(self, content: Any) -> Any:
        return v3.read_many(content, self.batch.cap, identity=None, creates=True)

    async def write_item(self, unit: Unit, context: Context, parent: Any, draft: Changes, notes: list[Fault]) -> Row:
        if "to" not in draft and not await same_path(unit, draft):
            raise refuse_faults([missing("to")])
        try:
            return await super().write_item(unit, context, parent, draft, notes)
        except Refusal as refusal:  # rules name the members of the entity
            refusal.message = _as_v3_says(refusal.message)
            refusal.details = _all_as_v3_says(refusal.details)
            refusal.faults = tuple(
                fault._replace(
                    field=_NAMES.get(fault.field, fault.field),
                    message=_as_v3_says(fault.message),
                    details=_all_as_v3_says(fault.details),
                )
                for fault in refusal.faults
            )
            raise

    def done(self, saved: bytes) -> Outcome:
        return Created(ready=saved)


_NAMES = {"forward": "to", "path": "from_path"}
_NAMED = re.compile(r"\b(?:forward|path)\b")


def _as_v3_says(text: Any) -> Any:
    return _NAMED.sub(lambda found: _NAMES[found[0]], text) if isinstance(text, str) else text


def _all_as_v3_says(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_v3_says(value) for name, value in details.items()}


class ListRedirects(ListAll):
    """GET: the whole URL of a target follows from the store's domain too, which the registry keeps."""

    async def _included(self, context: Context) -> list[Validator]:
        return [*await super()._included(context), Validator(context.record.revision, NO_DATE)]


routes = (
    collection("storefront/redirects", DELETE, "DELETE").also(
        route("storefront/redirects", 3, GET=ListRedirects(V3), PUT=Upsert(V3))
    ),
    route(f"{IMEX}/jobs", 3, GET=redirect_jobs.ListJobs(redirect_jobs.V3)),
    route(f"{IMEX}/import", 3, POST=redirect_import.ImportRedirects(redirect_import.V3)),
    route(f"{IMEX}/import/{{uuid:text}}/events", 3, GET=WatchJob(redirect_import.V3, "import")),
    route(f"{IMEX}/export", 3, POST=redirect_export.ExportRedirects(redirect_export.V3)),
    route(f"{IMEX}/export/{{uuid:text}}/events", 3, GET=WatchJob(redirect_export.V3, "export")),
    route(f"{IMEX}/export/{{uuid:text}}/download", 3, GET=redirect_export.DownloadExport(redirect_export.V3)),
)


@depends_on("from_path to")
async def read_the_target(_unit: Unit, changes: Changes, _old: Redirect | None, _notes: list[Fault]) -> None:
    """V3 says `from_path` and `to` where the entity has a path and what it is forwarded to."""
    if "from_path" in changes:
        changes["path"] = changes.pop("from_path")
    if "to" in changes:
        changes["forward"] = changes.pop("to").forward()
