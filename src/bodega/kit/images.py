"""The one image that an entity has: POST and DELETE of `.../{id}/image`."""

from __future__ import annotations

from typing import Any

from bodega.kit import picture, render
from bodega.kit.actions import NO_QUERY, Action
from bodega.kit.addresses import clean_image_address
from bodega.kit.body import parse_json, wrong_type
from bodega.kit.complaint import WrongType
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import FILE_PATH
from bodega.kit.listing import Query
from bodega.kit.upload import Form, Upload
from bodega.kit.write import update_one
from bodega.law.outcome import Emptied, Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.storage.unit import Unit

IMAGE_PATH = FILE_PATH._replace(
    read=lambda value: clean_image_address(FILE_PATH.read(value)), clean=clean_image_address
)
"""V2's `image_file` of an image that is named in a body and not fetched (rule 39)."""


class DropImage(Action):
    """DELETE: removes the entity's image; its file is deleted if nothing else shows it.

    `field` is the field that holds it, empty if another row does.
    """

    writes = True

    def __init__(self, endpoint: Endpoint, field: str = "image_url") -> None:
        super().__init__(endpoint)
        self.field = field

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Found:
        return await self._find_item(context)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await self._write(unit, write, "")
        return Emptied()

    async def _write(self, unit: Unit, write: Write, address: str) -> None:
        found, changes = write.found, {self.field: address}
        await update_one(unit, self.endpoint, found.entity_id, changes, [], write.recheck, found.row)


class UploadImage(DropImage):
    """POST: the file in the part `image_file` replaces the entity's image.

    `by_url`: JSON, or the form, may name it by `image_url` instead; it is then fetched.
    """

    body = True
    uploads = True
    reads_otherwise = True

    def __init__(self, endpoint: Endpoint, field: str = "image_url", *, by_url: bool = False) -> None:
        super().__init__(endpoint, field)
        self.only_uploads = not by_url

    def read(self, content: bytes) -> Any:
        members = parse_json(content)
        if not isinstance(members, dict):
            raise Refusal(Reason.MALFORMED_BODY, "The request body must be one object.")
        return self.read_form(members)

    def read_form(self, members: Form) -> Any:
        """The member that holds the image, and its value."""
        given = members.get("image_file")
        if isinstance(given, Upload):
            return "image_file", given
        if given is not None:
            raise refuse_faults([Fault(Reason.FIELD_INVALID, "image_file", "image_file must be a file.")])
        url = None if self.only_uploads else members.get("image_url")
        if url is None:
            raise refuse_faults([Fault(Reason.FIELD_MISSING, "image_file", "image_file is required.")])
        if not isinstance(url, str):
            raise refuse_faults([wrong_type("image_url", WrongType("must be a string", "error.expected.jsstring"))])
        return "image_url", url

    async def prefetch(self, context: Context, found: Found, draft: Any) -> picture.Picture:
        field, given = draft
        return await picture.load_picture(context, given, field)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        await picture.keep(unit, write.prefetched)
        address = write.prefetched.original.address
        await self._write(unit, write, address)
        return Shown(ready=render.json({"data": {"image_url": address}, "meta": {}}))
