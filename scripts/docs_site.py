"""Builds the site of the docs: `python scripts/docs_site.py`, or `make docs-site`.

Zensical builds it strictly: a link to a page or a heading that is not there ends the build, and so does anything of the
registries that no page documents. The result is one archive, from which a server answers below `/docs` (bodega.site).
Nothing in it comes from elsewhere: no font, no script, no picture.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import click

from bodega import manual
from bodega.registries import undocumented
from bodega.site import ARCHIVE, FACTS

ADDRESS = "http://bodega.invalid/docs/"
"""Only the page for what is not there uses it, for the path; no host is named in what is built."""

API = "/docs/api"
"""The operations by the OpenAPI files, which a server makes itself."""

EXTENSIONS = [
    "tables",
    {"toc": {"permalink": True, "toc_depth": 3}},
    {"pymdownx.highlight": {"use_pygments": True}},
    "pymdownx.superfences",
]
FEATURES = [
    "content.code.copy",
    "navigation.indexes",
    "navigation.prune",
    "navigation.sections",
    "navigation.tabs",
    "navigation.top",
    "search.highlight",
    "toc.follow",
]
STYLE = """
.md-grid { max-width: 76rem; }
.md-typeset td > code:only-child { overflow-wrap: normal; white-space: nowrap; word-break: normal; }
tr[id] { scroll-margin-top: 4rem; }
tr:target { background: var(--md-accent-fg-color--transparent); }
"""
"""Wide tables of the reference: names stay whole, and a row that was linked to is seen."""

OUTSIDE = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


class NotBuilt(click.ClickException):
    """What keeps the site from being built; the message says it."""


def navigation() -> list[Any]:
    """The navigation as Zensical reads it."""
    kinds: dict[str, list[Any]] = {}
    for group in manual.navigation():
        found: list[Any] = list(group.names)
        if group.names[0].startswith("decisions/"):
            found += manual.decisions()
        kinds.setdefault(group.kind, []).extend([{group.about: found}] if group.about else found)
    kinds["Reference"].append({"API operations, with a console": API})
    return [{"Start": manual.HOME}, *({kind: found} for kind, found in kinds.items())]


def settings() -> dict[str, Any]:
    """The settings of Zensical; those of MkDocs, which it reads, may be written in JSON."""
    scheme = "(prefers-color-scheme: {})"
    palette = [
        {"media": scheme.format("light"), "scheme": "default", "toggle": {"icon": "lucide/moon", "name": "Dark"}},
        {"media": scheme.format("dark"), "scheme": "slate", "toggle": {"icon": "lucide/sun", "name": "Light"}},
    ]
    return {
        "site_name": "Bodega",
        "site_url": ADDRESS,
        "docs_dir": "docs",
        "site_dir": "site",
        "use_directory_urls": False,
        "theme": {"name": "material", "language": "en", "font": False, "features": FEATURES, "palette": palette},
        "extra": {"generator": False},
        "extra_css": ["style.css"],
        "markdown_extensions": EXTENSIONS,
        "nav": navigation(),
    }


def generate(docs: Path, work: Path) -> Path:
    """Has Zensical build the site; the folder of what it built. Raises NotBuilt."""
    shutil.copytree(docs, work / "docs", ignore=shutil.ignore_patterns(manual.NAVIGATION))
    (work / "docs" / "style.css").write_text(STYLE, "utf-8")
    (work / "mkdocs.yml").write_text(json.dumps(settings()), "utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", "mkdocs.yml"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).partition("Traceback")[0]
        raise NotBuilt(f"The site was not built.\n{told}")
    return work / "site"


def plain_addresses(text: str) -> str:
    """Links without the suffix of the files behind them: `law#steps` for `law.html#steps`, `./` for `index.html`."""

    def plain(link: re.Match[str]) -> str:
        before, path, anchor, after = link.groups()
        if "//" in path:
            return link[0]
        folder, _, name = path.rpartition("/")
        stem = "" if name == "index.html" else name.removesuffix(".html")
        return f"{before}{f'{folder}/' if folder else '' if stem else './'}{stem}{anchor}{after}"

    return re.sub(r'(href=")([^"#:]+\.html)((?:#[^"]*)?)(")', plain, text)


def rows_with_names(text: str) -> str:
    """Rows of tables with the name of what they are about, in small letters, as `#not_acceptable`, where the type of an
    error points: the first cell that is one word of code names its row, unless something on the page has the name."""
    taken = set(re.findall(r'\bid="([^"]+)"', text))

    def named(row: re.Match[str]) -> str:
        word = re.search(r"<td[^>]*><code>([A-Za-z][\w.-]*)</code></td>", row[0])
        name = word[1].lower() if word else ""
        if not name or name in taken:
            return row[0]
        taken.add(name)
        return row[0].replace("<tr>", f'<tr id="{escape(name)}">', 1)

    return re.sub(r"<tr>.*?</tr>", named, text, flags=re.DOTALL)


def finished(name: str, text: str) -> str:
    """A page as it is served: no address of a host in it, rows that can be linked to, and the way to its Markdown."""
    text = re.sub(r'\s*<link rel="canonical"[^>]*>', "", text)
    text = rows_with_names(plain_addresses(text))
    if name != "404.html":
        written = name.removesuffix(".html") + ".md"
        if name.endswith("index.html") and "/" in name:
            written = name.removesuffix("index.html") + "README.md"
        file = written.rpartition("/")[2]
        text = text.replace("</head>", f'<link rel="alternate" type="text/markdown" href="{file}"></head>', 1).replace(
            "</article>", f'<p><a href="{file}">This page as Markdown</a></p></article>', 1
        )
    if (found := OUTSIDE.search(text)) is not None:
        raise NotBuilt(f"{name} asks another host: {found[0]}")
    return text


def inline_scripts(text: str) -> Iterator[str]:
    """The digests of the scripts within a page, as a content security policy names them."""
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.DOTALL):
        if "src=" not in attributes and "application/json" not in attributes:
            yield "sha256-" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()


def packed(site: Path, docs: Path, to: Path) -> None:
    """Writes the archive; the same pages make the same bytes."""
    scripts: set[str] = set()
    files: dict[str, bytes] = {}
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        if name == "sitemap.xml" or name.startswith("assets/stylesheets/classic/"):
            continue  # no page names them
        body = path.read_bytes()
        if name.endswith(".html"):
            text = finished(name, body.decode())
            scripts.update(inline_scripts(text))
            body = text.encode()
        elif name == "search.json":
            found = json.loads(body)
            for item in found["items"]:
                item["location"] = re.sub(r"(?:(^|/)index)?\.html(?=#|$)", r"\1", item["location"])
            body = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
        files[name] = body
    facts = {"pages": manual.digest(docs), "scripts": sorted(scripts)}
    files[FACTS] = json.dumps(facts).encode()
    to.parent.mkdir(parents=True, exist_ok=True)
    scratch = to.with_suffix(".part")
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED, 9)
    scratch.replace(to)


def built(docs: Path, to: Path) -> None:
    """Builds the site of a folder of pages into an archive. Raises NotBuilt."""
    with tempfile.TemporaryDirectory() as work:
        packed(generate(docs, Path(work)), docs, to)


@click.command()
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), default=ARCHIVE, help="The archive.")
def build(to: Path) -> None:
    """Build the site of the docs into one archive, from which a server answers below /docs."""
    docs = manual.folder()
    if docs is None:
        raise NotBuilt("There are no pages here.")
    if missing := undocumented():
        raise NotBuilt("No page documents this:\n" + "\n".join(missing))
    built(docs, to)
    click.echo(f"{to.name} is built: {to.stat().st_size // 1024:,} KB, served at /docs.")


if __name__ == "__main__":
    build()
