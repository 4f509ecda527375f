"""Bundles of infrastructure hosting: a POST gives an address, to which the bundle is then sent within a minute."""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import zipfile
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, recognize_own_files, stored
from bodega.kit.fields import FileUrl, Moment, moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource, Sweep
from bodega.kit.route import collection
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault
from bodega.resources.hosting.projects import DEPLOYMENTS
from bodega.storage import files, query
from bodega.storage.aggregate import Aggregate
from bodega.storage.files import PLACE, File
from bodega.storage.table import Unique
from bodega.storage.unit import Unit

SECONDS = 59
"""How long an address takes a bundle."""

KEPT_SECONDS = 86_400
"""How long a bundle waits to be deployed."""

SWEPT = 50
ZIP = "application/zip"


class HostingUpload(Entity, kw_only=True):
    """`key` is the secret of its address, `until` when that closes; `bundle` what was sent, a zip file if `is_zip`."""

    uuid: str = ""
    key: str = ""
    until: int = 0
    date_created: Moment = ""
    bundle: FileUrl = ""
    is_zip: bool = False


TABLE = stored(
    "hosting_uploads",
    HostingUpload,
    noun="upload",
    columns="uuid date_created",
    indexed="date_created",
    uniques=[Unique(("uuid",), "uuid", "An upload of this id exists.")],
)


def _addressed(upload: HostingUpload) -> dict[str, Any]:
    return {"upload_url": f"{PLACE}/uploads/{upload.uuid}?key={upload.key}", "upload_uuid": upload.uuid}


v3 = V3Shape(
    HostingUpload,
    required="",
    read_only=" ".join(HostingUpload.__struct_fields__),
    view=_addressed,
    members="upload_url upload_uuid",
)
HOME = "infrastructure/deployments/uploads"
V3 = Endpoint(3, TABLE, Listing(TABLE, 3, ""), DEPLOYMENTS, "", v3=v3, created=200)


def is_zip(content: bytes) -> bool:
    """Whether a bundle is a zip file that can be opened."""
    return zipfile.is_zipfile(io.BytesIO(content))


async def receive(unit: Unit, uuid: str, key: str, content: bytes, *, whole: bool) -> bool:
    """Keeps what was sent to the address of an upload; False if there is no such address, or not any more. `whole`: it
    is a zip file."""
    row = await query.one(unit.tx, TABLE, "uuid = $1", uuid)
    if row is None or not hmac.compare_digest(row.entity.key, key) or unit.now > row.entity.until:
        return False
    digest = hashlib.sha256(content).hexdigest()
    await files.keep(unit.tx, File(digest, ZIP, 0, 0, content))
    await unit.update(TABLE, row, replace(row.entity, bundle=f"{PLACE}/{digest}/bundle.zip", is_zip=whole))
    return True


async def give_an_address(unit: Unit, changes: Changes, _old: HostingUpload | None, _notes: list[Fault]) -> None:
    """A new upload gets its UUID and the key of its address."""
    changes |= {
        "uuid": str(uuid4()), "key": secrets.token_hex(24), "until": unit.now + SECONDS,
        "date_created": moment(unit.now),
    }  # fmt: skip


OLD = "SELECT id FROM hosting_uploads WHERE date_created <= $1 ORDER BY date_created LIMIT $2"


async def sweep_uploads(unit: Unit) -> None:
    """Deletes uploads that are a day old, with their bundles: what was deployed of them is told by the deployment."""
    await unit.delete(TABLE, await query.values(unit.tx, OLD, moment(unit.now - KEPT_SECONDS), SWEPT))


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(recognize_own_files(TABLE), give_an_address)),),
    routes=(collection(HOME, V3, "POST"),),
    sweeps=(Sweep(OLD, lambda now, _settings: (moment(now - KEPT_SECONDS), 1), sweep_uploads),),
)
