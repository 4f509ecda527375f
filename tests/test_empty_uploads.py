"""Operations that take files, asked without one: what is missing is told, whatever the request says of its body."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bodega.kit.actions import Action
from bodega.resources import ROUTES
from shop import Shop

UPLOADS: list[tuple[str, str, Action]] = [
    (method, f"/v{route.version}/" + re.sub(r"\{[^}]*\}", "1", route.template), action)
    for route in ROUTES
    for method, action in route.actions.items()
    if action.uploads
]
"""Method and path, with 1 for every id."""
FORM = {"content-type": "multipart/form-data; boundary=edge"}
PARTS = ("image_file", "LogoFile", "FaviconFile", "import_file", "file")


def of_parts(filename: str) -> bytes:
    """A form with an empty file under every name."""
    head = f'; filename="{filename}"\r\n\r\n\r\n'
    parts = [f'--edge\r\nContent-Disposition: form-data; name="{name}"{head}' for name in PARTS]
    return "".join([*parts, "--edge--\r\n"]).encode()


EMPTY: list[tuple[str, bytes, dict[str, str]]] = [
    ("no body and no type", b"", {}),
    ("no body, and the type of JSON", b"", {"content-type": "application/json"}),
    ("no body, and a form without a boundary", b"", {"content-type": "multipart/form-data"}),
    ("no body, and a form", b"", FORM),
    ("a form without a boundary", b"--edge--\r\n", {"content-type": "multipart/form-data"}),
    ("a form without parts", b"--edge--\r\n", FORM),
    ("parts without a file", of_parts(""), FORM),
    ("empty files", of_parts("a.png"), FORM),
    ("a part without a name", b"--edge\r\n\r\n\r\n--edge--\r\n", FORM),
]


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    assert (shop.category("Tools"), shop.brand("Acme"), shop.product("Hammer", sku="H-1")) == (1, 1, 1)
    return shop


@pytest.mark.parametrize(("body", "headers"), [one[1:] for one in EMPTY], ids=[one[0] for one in EMPTY])
def test_an_upload_without_a_file_is_refused(stocked: Shop, body: bytes, headers: dict[str, Any]) -> None:
    for method, path, action in UPLOADS:
        reply = stocked.request(method, path, body=body, headers=headers)
        wanted = (422, 404) if action.only_uploads and not body else (400, 404, 422)
        # What an empty file holds is told where it is read: when the job of a theme is carried out.
        assert reply.status in wanted or (path, reply.status) == ("/v3/themes", 201), (method, path, reply.body)
    if not body:
        for path, part in (("logo", "LogoFile"), ("favicon", "FaviconFile")):
            refused = stocked.post(f"/v3/settings/{path}/image", body=b"", headers=headers)
            assert (refused.status, list(refused.json["errors"])) == (422, [part])
