"""Scripts that apps put on the pages of a storefront (V3): each account sees its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec

from bodega.access.scopes import allows
from bodega.domain.markup import count_scripts
from bodega.kit.body import Changes
from bodega.kit.bounds import AtMost
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import channel_of, events
from bodega.kit.fields import INT32, NAME, Long, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource, Revoked
from bodega.kit.route import collection, item
from bodega.kit.targets import WEB_ADDRESS
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, invalid, missing, refuse_faults
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_content"
CHECKOUT_SCOPE = "store_content_checkout"
CHECKOUT_PAGES = ("all_pages", "checkout")
PER_CHANNEL = 50
PER_APP = 10
LONGEST = 65_536

Hash = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^sha(256|384|512)-[A-Za-z0-9+/]+={0,2}$")]


class Script(Entity, kw_only=True):
    """`html` is a whole script tag, of the kind `script_tag`; `src` the address of a script, of the kind `src`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    uuid: str = ""
    date_created: Moment = ""
    date_modified: Moment = ""
    description: Long = ""
    html: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""
    src: Annotated[str, msgspec.Meta(max_length=2048), WEB_ADDRESS] = ""
    auto_uninstall: bool = False
    load_method: Literal["default", "async", "defer"] = "default"
    location: Literal["head", "footer"] = "head"
    visibility: Literal["storefront", "all_pages", "checkout", "order_confirmation"] = "storefront"
    kind: Literal["src", "script_tag"] = "src"
    api_client_id: str = ""
    consent_category: Literal["essential", "functional", "analytics", "targeting", "unknown"] = "unknown"
    enabled: bool = True
    channel_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)] = 1
    integrity_hashes: Annotated[list[Hash], AtMost(5)] = []


TABLE = stored(
    "scripts",
    Script,
    noun="script",
    columns="uuid channel_id api_client_id auto_uninstall date_created date_modified",
    computed={
        "name_key": ("TEXT", lambda script: caseless(script.name)),
        "description_key": ("TEXT", lambda script: caseless(script.description)),
    },
    indexed="channel_id api_client_id",
    uniques=[Unique(("uuid",), "uuid", "A script of this id exists.")],
    references=[Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE")],
    cap_within=("channel_id", PER_CHANNEL),
)

_OWN = ("id", "uuid", "date_created", "date_modified", "api_client_id")


def members(script: Script) -> dict[str, Any]:
    """A script as V3 shows it: with its address or its tag, by its kind."""
    shown = {name: getattr(script, name) for name in MEMBERS}
    del shown["html" if script.kind == "src" else "src"]
    return shown


MEMBERS = tuple(name for name in Script.__struct_fields__ if name != "id")
v3 = V3Shape(
    Script,
    required="name",
    read_only=" ".join(_OWN),
    view=members,
    members=" ".join(MEMBERS),
    write_only={"consent_category": Literal["essential", "functional", "analytics", "targeting", "unknown"]},
)


async def need_the_scope_of_checkout(context: Context, draft: Changes, _id: int, _before: str) -> None:
    """A script on the pages of the checkout takes a scope of its own."""
    scopes = context.account.scopes if context.account is not None else frozenset[str]()
    if draft.get("visibility") in CHECKOUT_PAGES and not allows(scopes, CHECKOUT_SCOPE, writes=True):
        raise Refusal(Reason.SCOPE_MISSING, details={"missing_scope": CHECKOUT_SCOPE, "client_id": context.client_id})


LIST = Listing(
    TABLE, 3, ":channel_id:in", sorts="name description date_created date_modified", shown=v3.shown, always=("uuid",)
)
V3 = Endpoint(
    3,
    TABLE,
    LIST,
    SCOPE,
    "content/scripts",
    v3=v3,
    created=200,
    owner="api_client_id",
    key="uuid",
    prefetch=need_the_scope_of_checkout,
)
routes = (collection("content/scripts", V3, "GET POST"), item("content/scripts/{uuid:text}", V3))


async def name_its_app(unit: Unit, changes: Changes, old: Script | None, _notes: list[Fault]) -> None:
    """A new script gets its UUID, and belongs to the account that makes it; its kind follows from what it brings."""
    if old is None:
        changes |= {"uuid": str(uuid4()), "api_client_id": unit.client_id}
        changes.setdefault("kind", "src" if changes.get("src") else "script_tag")


async def be_of_one_kind(_unit: Unit, _old: Script | None, new: Script) -> None:
    """A script is either an address or a tag, and has nothing of the other."""
    faults = []
    if new.kind == "src":
        if not new.src:
            faults.append(missing("src"))
        if new.html:
            faults.append(invalid("html", "must not be given when the kind is src"))
    else:
        if new.src:
            faults.append(invalid("src", "must not be given when the kind is script_tag"))
        if new.html and count_scripts(new.html) != 1:
            faults.append(invalid("html", "must contain exactly one script tag"))
        if new.load_method != "default":
            faults.append(invalid("load_method", "must be default when the kind is script_tag"))
        if new.integrity_hashes:
            faults.append(invalid("integrity_hashes", "must be empty when the kind is script_tag"))
    if faults:
        raise refuse_faults(faults)


async def respect_the_apps_share(unit: Unit, old: Script | None, new: Script) -> None:
    """An app has a few scripts in a store."""
    if old is not None:
        return
    count = await query.value(unit.tx, "SELECT count(*) FROM scripts WHERE api_client_id = $1", new.api_client_id)
    if int(count or 0) >= PER_APP:
        raise Refusal(
            Reason.PLATFORM_CAP_REACHED,
            f"An app has at most {PER_APP} scripts.",
            details={"resource": TABLE.name, "limit": PER_APP},
        )


async def leave_with_the_app(unit: Unit, gone: Sequence[str]) -> None:
    """Deletes the scripts of revoked accounts that are to go with them."""
    marks = numbered_placeholders(len(gone))
    sql = f"SELECT id FROM scripts WHERE auto_uninstall AND api_client_id IN ({marks})"
    await unit.delete(TABLE, await query.values(unit.tx, sql, *gone))


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(name_its_app,),
            before_write=(be_of_one_kind, respect_the_apps_share),
            signals=events(
                "store/channel/#/script",
                on="created updated",
                data=lambda script: {"script_id": script.uuid},
                channels=channel_of,
            ),
        ),
    ),
    routes=routes,
    revoked=(Revoked("SELECT DISTINCT api_client_id FROM scripts WHERE auto_uninstall", leave_with_the_app),),
)
