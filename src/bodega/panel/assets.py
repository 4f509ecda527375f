"""The files that browsers keep: styles, scripts, pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources

HERE = "bodega.panel"


@cache
def static_files() -> Mapping[str, tuple[bytes, bytes]]:
    """The files that browsers keep, by name: media type and bytes."""
    kinds = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
    folder = resources.files(HERE) / "static"
    return {
        file.name: (kinds[ending], file.read_bytes())
        for file in folder.iterdir()
        if (ending := file.name.rpartition(".")[2]) in kinds
    }


@cache
def static_url(name: str) -> str:
    """Where a file is; the address changes with its content, so that it may be kept for ever."""
    return f"/manage/static/{name}?{hashlib.sha256(static_files()[name][1]).hexdigest()[:12]}"
