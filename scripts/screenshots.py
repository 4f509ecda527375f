"""Writes the index of the screenshots that the tests in a browser save: build/screenshots/index.html, all pages in
light, in dark and on a phone."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).parent.parent / "build" / "screenshots"
LOOKS = ("light", "dark", "phone")
_STYLE = """:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;margin:1.5rem}
.looks{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}figure{margin:0}
img{max-width:min(26rem,90vw);max-height:40rem;border:1px solid gray}"""


def pages(folder: Path) -> dict[str, dict[str, Path]]:
    """The pictures of each page by their looks; a picture whose name ends with no look is one of its own, `alone`."""
    found: dict[str, dict[str, Path]] = {}
    for file in sorted(folder.rglob("*.png")):
        place = file.relative_to(folder)
        name, _, look = place.with_suffix("").as_posix().rpartition("-")
        if not name or look not in LOOKS:
            name, look = place.with_suffix("").as_posix(), "alone"
        found.setdefault(name, {})[look] = place
    return found


def index(found: dict[str, dict[str, Path]]) -> str:
    """The page."""
    parts = []
    for name, looks in found.items():
        pictures = "".join(
            f'<figure><a href="{(at := quote(looks[look].as_posix()))}"><img loading="lazy" src="{at}"'
            f' alt="{escape(name)}, {look}"></a><figcaption>{look}</figcaption></figure>'
            for look in (*LOOKS, "alone")
            if look in looks
        )
        parts.append(f'<section><h2>{escape(name)}</h2><div class="looks">{pictures}</div></section>')
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Screenshots</title><style>{_STYLE}</style><h1>{len(found)} pages</h1>{''.join(parts)}</html>"
    )


def main(folder: Path = FOLDER) -> int:
    """Writes the index; without a picture there is none."""
    found = pages(folder)
    if not found:
        print("No screenshots: the tests in a browser did not run.")
        return 0
    (folder / "index.html").write_text(index(found), encoding="utf-8")
    print(f"{len(found)} pages: {folder.parent.name}/{folder.name}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
