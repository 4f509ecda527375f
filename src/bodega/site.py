"""The site of the docs, as `make docs-site` builds it: an archive beside the package, from which a server answers.

It is in every wheel of `make dist`. A checkout has it once it was built; a site that is older than the pages is not
shown, since a page for people must not say another thing than the same page for programs.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bodega import manual

ARCHIVE = Path(__file__).parent / "site.zip"
FACTS = "site.json"
"""In the archive: `pages`, the digest of the pages that it was built from; `scripts`, the digests of the scripts within
pages, as a content security policy names them."""

_NO_PAGE = "404.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


class Found(NamedTuple):
    """What is at an address of the site: a body with its media type, or where to go instead (`moved`). `kept`: whether
    a browser may keep it for ever, since its name changes with what it holds."""

    body: bytes = b""
    media_type: str = ""
    moved: str = ""
    kept: bool = False
    status: int = 200


class Site:
    """A built site; addresses are those of a server, from `/docs` on."""

    def __init__(self, archive: Path) -> None:
        """Raises OSError or ValueError where there is none."""
        import zipfile  # most servers are never asked for the docs

        if not zipfile.is_zipfile(archive):
            raise ValueError(f"{archive} is no archive")
        self._zip = zipfile.ZipFile(archive)
        self._names = frozenset(self._zip.namelist())
        facts: dict[str, Any] = msgspec.json.decode(self._zip.read(FACTS))
        self.pages: str = facts["pages"]
        scripts = " ".join(f"'{one}'" for one in facts["scripts"])
        self.policy = (
            f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
            " connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        """Nothing from other hosts, and no script but those that it was built with. The search makes its own styles."""

    def at(self, path: str) -> Found | None:
        """What is at an address below `/docs`. A page is at its name without a suffix, the index of a folder at the
        folder with a slash behind it."""
        if path == "/docs":
            return Found(moved="/docs/")
        name = path.removeprefix("/docs/")
        if name in ("", FACTS) or name.endswith("/"):
            if name != FACTS and f"{name}index.html" in self._names:
                return self._found(f"{name}index.html")
            return Found(moved=path.rstrip("/")) if f"{name.rstrip('/')}.html" in self._names else None
        if f"{name}.html" in self._names:
            return self._found(f"{name}.html")
        if f"{name}/index.html" in self._names:
            return Found(moved=f"{path}/")
        return self._found(name) if name in self._names else None

    def nothing(self) -> Found:
        """The answer to an address where nothing is."""
        return self._found(_NO_PAGE)._replace(status=404)

    def _found(self, name: str) -> Found:
        kind = _TYPES.get(Path(name).suffix, "application/octet-stream")
        return Found(self._zip.read(name), kind, kept=name.startswith("assets/") and name.count(".") > 1)


@cache
def installed() -> Site | None:
    """The site of these pages; None where none was built, or where the pages were changed since."""
    place = manual.folder()
    if place is None or not ARCHIVE.exists():
        return None
    try:
        site = Site(ARCHIVE)
    except (OSError, ValueError, KeyError):
        return None
    return site if site.pages == manual.digest(place) else None
