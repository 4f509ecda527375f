"""What stands in the regions of pages: widgets, rendered, in their order; and banners."""

from __future__ import annotations

import hashlib
import html
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError

from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.rendering.messages import Work, encode
from bodega.rendering.renderer import render
from bodega.resources.marketing import banners
from bodega.resources.widgets import page_widgets, placements, templates, widgets
from bodega.resources.widgets.schema import with_defaults
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id
from bodega.storefront.graphql.execution import batch, plain
from bodega.turns import Full

Args = Mapping[str, Any]
Page = tuple[str, str]
"""A template file, and the id of the entity that it shows; an empty id is that of a page of which there is one."""

_KEPT_MOST = 256
_rendered: OrderedDict[bytes, str] = OrderedDict()
"""What templates came to, by a digest of template and configuration: rendering takes a process."""


def file_of(page: str) -> str:
    """The template of a page of a theme, as ACCOUNT_ORDERS_ALL is pages/account/orders/all."""
    told = page.lower().replace("_", "-")
    for start, folder in (
        ("account-orders-", "account/orders/"), ("account-", "account/"), ("auth-", "auth/"),
        ("gift-cert-", "gift-certificate/"),
    ):  # fmt: skip
        if told.startswith(start):
            return f"pages/{folder}{told.removeprefix(start)}"
    return f"pages/{told}"


class Waiting(GraphQLError):
    """As many templates of the store wait to be rendered as may."""

    code = Reason.TEMPLATES_WAITING.name


class _Placed(NamedTuple):
    order: tuple[int, int]
    html: str


async def regions_of(asking: Asking, pages: Sequence[Page]) -> list[dict[str, Any]]:
    """The regions of pages, each with what stands there and what stands there on every page, in a fixed number of
    statements."""
    files, entities = sorted({file for file, _ in pages}), sorted({"", *(entity for _, entity in pages)})
    narrowed = (
        f"channel_id = $1 AND (template_file = '' OR (template_file IN ({numbered_placeholders(len(files), 2)})"
        f" AND entity_id IN ({numbered_placeholders(len(entities), 2 + len(files))})))"
    )
    values = (asking.channel_id, *files, *entities)
    placed = await query.entities(asking.reader, placements.TABLE, f"{narrowed} AND status = 'active'", *values)
    layouts = await query.entities(asking.reader, page_widgets.TABLE, narrowed, *values)
    shown = await _widgets(asking, [one.widget_id for one in placed])
    inside: dict[tuple[int, int], list[placements.Placement]] = {}
    for one in sorted(placed, key=lambda one: (one.sort_order, one.id)):
        if one.layout_id is not None:
            inside.setdefault((one.layout_id, one.dropzone), []).append(one)
    made = []
    for file, entity in pages:
        found: dict[str, list[_Placed]] = {}
        for one in placed:
            if one.layout_id is None and _is_of(one, file, entity):
                found.setdefault(one.region, []).append(_Placed((one.sort_order, one.id), shown[one.widget_id]))
        for layout in layouts:
            if _is_of(layout, file, entity):
                columns = [
                    "".join(shown[one.widget_id] for one in inside.get((layout.id, place), ()))
                    for place in range(len(layout.dropzones))
                ]
                text = "".join(f"<div data-layout-column>{column}</div>" for column in columns)
                told = f'<div data-layout-name="{html.escape(layout.name)}">{text}</div>'
                found.setdefault(layout.region, []).append(_Placed((layout.sort_order, layout.id), told))
        made.append(
            {
                "regions": [
                    {"name": name, "html": "".join(one.html for one in sorted(there))}
                    for name, there in sorted(found.items())
                ]
            }
        )
    return made


def _is_of(one: Any, file: str, entity: str) -> bool:
    return not one.template_file or (one.template_file == file and one.entity_id in ("", entity))


async def _widgets(asking: Asking, ids: Sequence[int]) -> dict[int, str]:
    """What widgets come to, by their ids."""
    found = await asking.rows(widgets.TABLE, ids)
    versions: dict[str, templates.TemplateVersion] = {}
    uuids = sorted({one.version_uuid for one in found.values()})
    if uuids:
        test = f"uuid IN ({numbered_placeholders(len(uuids))})"
        versions = {one.uuid: one for one in await query.entities(asking.reader, templates.VERSIONS, test, *uuids)}
    made = dict.fromkeys(ids, "")
    waiting: dict[bytes, Work] = {}
    digests: dict[int, bytes] = {}
    texts: dict[bytes, str] = {}
    for number, one in found.items():
        version = versions.get(one.version_uuid)
        if version is None:
            continue
        configuration = with_defaults(one.widget_configuration, version.schema)
        shown = {**configuration, "_": {"id": one.uuid, "data": {}}}
        work = Work(version.template, msgspec.to_builtins(shown, builtin_types=()))
        digests[number] = digest = hashlib.sha256(encode(work)).digest()
        if digest in _rendered:
            _rendered.move_to_end(digest)
            texts[digest] = _rendered[digest]
        else:
            waiting[digest] = work
    if waiting:
        try:
            rendered = await render(asking.store.record.hash, list(waiting.values()))
        except Full:
            raise Waiting(Reason.TEMPLATES_WAITING.message) from None
        for digest, done in zip(waiting, rendered, strict=True):
            texts[digest] = _rendered[digest] = done.html
    for number, digest in digests.items():
        made[number] = f'<div data-widget-id="{found[number].uuid}">{texts[digest]}</div>'
    while len(_rendered) > _KEPT_MOST:
        _rendered.popitem(last=False)
    return made


@batch("Content.renderedRegionsByPageType")
async def _by_type(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return (await regions_of(asking, [(file_of(args["pageType"]), "")])) * len(things)


@batch("Content.renderedRegionsByPageTypeAndEntityId")
async def _by_entity(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    page = (file_of(args["entityPageType"]), str(args["entityId"]))
    return (await regions_of(asking, [page])) * len(things)


def _of_kind(kind: str, page: str, *, alone: bool = False) -> None:
    file = file_of(page)

    async def resolve(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
        return await regions_of(asking, [(file, "" if alone else str(thing.row.id)) for thing in things])

    batch(f"{kind}.renderedRegions")(resolve)


for _kind, _page in (("NormalPage", "PAGE"), ("ContactPage", "CONTACT_US"), ("BlogPost", "BLOG_POST")):
    _of_kind(_kind, _page)
for _kind in ("Blog", "BlogIndexPage"):
    _of_kind(_kind, "BLOG", alone=True)


plain("Content", banners=lambda _content: {})


def _banners_of(field: str, page: str, owner: str = "") -> None:
    async def resolve(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
        item = args[owner] if owner else 0
        now = moment(asking.store.time())
        found = await query.entities(asking.reader, banners.TABLE, "page = $1 AND item_id = $2", page, item)
        shown = [
            Thing("Banner", one)
            for one in found
            if one.visible and (one.date_type == "always" or one.date_from <= now <= one.date_to)
        ]
        return [connection(shown, args)] * len(things)

    batch(f"Banners.{field}")(resolve)


_banners_of("homePage", "home_page")
_banners_of("searchPage", "search_page")
_banners_of("categoryPage", "category_page", "categoryEntityId")
_banners_of("brandPage", "brand_page", "brandEntityId")

plain(
    "Banner",
    id=lambda thing: node_id("Banner", thing.row.id),
    entityId=lambda thing: thing.row.id,
    name=lambda thing: thing.row.name,
    content=lambda thing: thing.row.content,
    location=lambda thing: thing.row.location.upper(),
)
