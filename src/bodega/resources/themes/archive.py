"""The zip file of a theme: what is read of it, and everything for which one is refused.

Nothing is ever unpacked to a disk. An entry is read in pieces, and what it comes to is counted as it comes: what the
directory of an archive says of its sizes is a claim.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

MAX_ENTRIES = 5_000
MAX_UNPACKED = 100 * 1024 * 1024
MAX_TEXT = 1024 * 1024
"""Bytes of one template, or of config.json."""

MAX_SCHEMA = 65_536
"""Characters of schema.json without white space, as the hosted API has it."""

MAX_SETTING = 64
"""Characters of a setting in config.json, as the hosted API has it."""

MAX_TEMPLATES = 1_000
MAX_NAMES = 100
"""Regions, or partials, that are noted of one template."""

MAX_VARIATIONS = 4
MAX_SETTINGS = 1_000
PIECE = 64 * 1024

CUSTOM = ("product", "category", "brand", "page")
"""The kinds of entities that may have templates of their own."""

_DIRECTORY_END = b"PK\x05\x06"
_ENCRYPTED = 0x1
_REGION = re.compile(r"\{\{\{?~?\s*region\s+name=[\"']([\w.-]{1,100})[\"']")
_PARTIAL = re.compile(r"\{\{~?#?>\s*[\"']?([\w./-]{1,200})")
_CUSTOM = re.compile(r"templates/pages/custom/(product|category|brand|page)/([^/]{1,200}\.html)")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Problem(NamedTuple):
    """What is wrong with a theme, as the errors of a job tell it."""

    error: str
    message: str


class ThemeRefused(Exception):
    """An archive that is no theme. `problems` is never empty."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


class Template(msgspec.Struct, frozen=True):
    """A template file: the regions that it has itself, and the templates that it includes."""

    regions: list[str] = []
    partials: list[str] = []


class Variation(msgspec.Struct, frozen=True):
    """A variation as config.json describes it, with all of its settings."""

    external_id: str
    name: str
    description: str = ""
    settings: dict[str, Any] = {}


class Contents(msgspec.Struct, frozen=True):
    """What is known of a theme's files. `templates` are called by their path below templates/, without .html;
    `schema` is what schema.json lists."""

    name: str
    variations: list[Variation]
    schema: list[Any] = []
    templates: dict[str, Template] = {}
    custom_templates: dict[str, list[str]] = {}
    warnings: list[tuple[str, str]] = []


def read_archive(content: bytes) -> Contents:
    """What a theme's zip file holds. Raises ThemeRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(_checked(content))) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise ThemeRefused(_NOT_A_ZIP) from None


def regions_of(templates: Mapping[str, Template], name: str) -> list[str] | None:
    """The regions of a page, with those of the templates that it includes, in the order in which they are found; None
    if there is no such template."""
    if name not in templates:
        return None
    regions: dict[str, None] = {}
    waiting, seen = [name], {name}
    while waiting:
        template = templates[waiting.pop(0)]
        regions |= dict.fromkeys(template.regions)
        fresh = [one for one in template.partials if one in templates and one not in seen]
        seen.update(fresh)
        waiting += fresh
    return list(regions)


def _checked(content: bytes) -> bytes:
    """The archive, unless its directory alone would be too much to read: how many entries it has stands at its end."""
    end = content.rfind(_DIRECTORY_END)
    if not content.startswith(b"PK") or end < 0 or len(content) < end + 22:
        raise ThemeRefused(_NOT_A_ZIP)
    if int.from_bytes(content[end + 10 : end + 12], "little") > MAX_ENTRIES:
        raise ThemeRefused(_TOO_MANY)
    return content


def _read(archive: zipfile.ZipFile) -> Contents:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ThemeRefused(_TOO_MANY)
    problems = [problem for problem in map(_wrong_with, entries) if problem is not None]
    names = [entry.filename for entry in entries]
    if len(set(map(str.casefold, names))) < len(names):
        problems.append(Problem("path_invalid", "Two files of the archive have the same name."))
    if problems:
        raise ThemeRefused(*problems[:20])
    texts = _texts(archive, entries)
    return _contents(texts)


def _wrong_with(entry: zipfile.ZipInfo) -> Problem | None:
    name = entry.filename
    steps = name.split("/")
    if (
        not name
        or len(name) > 255
        or name.startswith("/")
        or "\\" in name
        or ".." in steps
        or "." in steps
        or _DRIVE.match(name)
        or _CONTROL.search(name)
    ):
        shown = _CONTROL.sub("?", name)[:100]
        return Problem("path_invalid", f"The archive has a file with a path that leads elsewhere: {shown!r}.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Problem("path_invalid", f"The archive has a link: {name[:100]!r}.")
    if entry.flag_bits & _ENCRYPTED:
        return Problem("zip_invalid", f"The archive has an encrypted file: {name[:100]!r}.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Problem("zip_invalid", f"The archive has a file that is not stored or deflated: {name[:100]!r}.")
    return None


def _texts(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """The files that are read: the two of JSON, and the templates. Everything else is counted, and thrown away."""
    unpacked, texts = 0, {}
    for entry in entries:
        if entry.is_dir():
            continue
        wanted = entry.filename in ("config.json", "schema.json") or (
            entry.filename.startswith("templates/") and entry.filename.endswith(".html")
        )
        kept: list[bytes] = []
        size = 0
        for piece in _pieces(archive, entry):
            unpacked += len(piece)
            size += len(piece)
            if unpacked > MAX_UNPACKED:
                raise ThemeRefused(
                    Problem("zip_too_large", f"The archive unpacks to more than {MAX_UNPACKED >> 20} MB.")
                )
            if wanted:
                if size > MAX_TEXT:
                    raise ThemeRefused(
                        Problem("file_too_large", f"{entry.filename} is larger than {MAX_TEXT >> 20} MB.")
                    )
                kept.append(piece)
        if wanted:
            texts[entry.filename] = b"".join(kept)
        if len(texts) > MAX_TEMPLATES + 2:
            raise ThemeRefused(Problem("too_many_files", f"The theme has more than {MAX_TEMPLATES} templates."))
    return texts


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            yield piece


_UNREAD = object()
"""A file that is not there, or is no JSON: that has been said."""


def _contents(texts: Mapping[str, bytes]) -> Contents:
    problems: list[Problem] = []
    config = _json(texts, "config.json", problems)
    schema = _json(texts, "schema.json", problems) if "schema.json" in texts else []
    name, variations = _config(config, problems) if isinstance(config, dict) else ("", [])
    if config is not _UNREAD and not isinstance(config, dict):
        problems.append(Problem("config_invalid", "config.json must be one object."))
    problems += _wrong_with_schema(schema, texts.get("schema.json", b""))
    templates = {
        path.removeprefix("templates/").removesuffix(".html"): _template(text)
        for path, text in texts.items()
        if path.startswith("templates/")
    }
    if not any(name.startswith("pages/") for name in templates):
        problems.append(Problem("templates_missing", "The theme has no template below templates/pages."))
    if problems:
        raise ThemeRefused(*problems[:20])
    custom: dict[str, list[str]] = {kind: [] for kind in CUSTOM}
    for path in sorted(texts):
        found = _CUSTOM.fullmatch(path)
        if found is not None:
            custom[found[1]].append(found[2])
    warnings = (
        []
        if "schema.json" in texts
        else [("schema_missing", "The theme has no schema.json: nothing of it can be set.")]
    )
    return Contents(name, variations, schema, templates, custom, warnings)


def _template(text: bytes) -> Template:
    shown = text.decode("utf-8", "replace")
    regions = list(dict.fromkeys(_REGION.findall(shown)))[:MAX_NAMES]
    return Template(regions, list(dict.fromkeys(_PARTIAL.findall(shown)))[:MAX_NAMES])


def _json(texts: Mapping[str, bytes], name: str, problems: list[Problem]) -> Any:
    kind = name.removesuffix(".json")
    if name not in texts:
        problems.append(Problem(f"{kind}_missing", f"The archive has no {name} at its top."))
        return _UNREAD
    try:
        return msgspec.json.decode(texts[name])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        problems.append(Problem(f"{kind}_invalid", f"{name} is not valid JSON."))
        return _UNREAD


def _config(config: dict[str, Any], problems: list[Problem]) -> tuple[str, list[Variation]]:
    """The name and the variations."""

    def wrong(why: str) -> None:
        problems.append(Problem("config_invalid", f"config.json: {why}."))

    name = config.get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 64 or "\x00" in name:
        wrong("name must be a text of 1 to 64 characters")
        name = ""
    common = _settings(config.get("settings", {}), "settings", wrong)
    listed = config.get("variations")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_VARIATIONS:
        wrong(f"variations must be a list of 1 to {MAX_VARIATIONS}")
        return name, []
    variations: list[Variation] = []
    for place, one in enumerate(listed):
        title, key = (one.get("name"), one.get("id")) if isinstance(one, dict) else (None, None)
        if not isinstance(title, str) or not isinstance(key, str) or not 0 < len(title) <= 64 or not 0 < len(key) <= 64:
            wrong(f"variations.{place} must have a name and an id of 1 to 64 characters")
            continue
        meta = one.get("meta", {})
        description = meta.get("description", "") if isinstance(meta, dict) else ""
        settings = common | _settings(one.get("settings", {}), f"variations.{place}.settings", wrong)
        described = description.replace("\x00", "")[:65_535] if isinstance(description, str) else ""
        variations.append(Variation(key.replace("\x00", ""), title.replace("\x00", ""), described, settings))
    if len({one.external_id for one in variations}) < len(variations):
        wrong("variations must have different ids")
    return name, variations


def _settings(settings: Any, where: str, wrong: Any) -> dict[str, Any]:
    if not isinstance(settings, dict) or len(settings) > MAX_SETTINGS:
        wrong(f"{where} must be an object of at most {MAX_SETTINGS} members")
        return {}
    for key, value in settings.items():
        if isinstance(value, str) and len(value) > MAX_SETTING:
            wrong(f"{where}.{key[:64]} must be at most {MAX_SETTING} characters long")
        if "\x00" in key or (isinstance(value, str) and "\x00" in value):
            wrong(f"{where} must not contain the NUL character")
        if not isinstance(value, str | int | float | bool | type(None)):
            wrong(f"{where}.{key[:64]} must be a text, a number, true or false")
    return settings


def _wrong_with_schema(schema: Any, text: bytes) -> list[Problem]:
    if schema is _UNREAD:
        return []
    if not isinstance(schema, list):
        return [Problem("schema_invalid", "schema.json must be a list.")]
    if len(msgspec.json.encode(schema)) > MAX_SCHEMA:
        message = f"schema.json must be at most {MAX_SCHEMA} characters long without white space."
        return [Problem("schema_invalid", message)]
    if b"\\u0000" in text:
        return [Problem("schema_invalid", "schema.json must not contain the NUL character.")]
    problems = []
    for place, group in enumerate(schema):
        settings = group.get("settings") if isinstance(group, dict) else None
        if not isinstance(settings, list) or not isinstance(group.get("name"), str):
            problems.append(Problem("schema_invalid", f"schema.json: {place} must have a name and a list of settings."))
            continue
        for at, setting in enumerate(settings):
            if not isinstance(setting, dict) or not isinstance(setting.get("type"), str):
                problems.append(
                    Problem("schema_invalid", f"schema.json: {place}.settings.{at} must be an object with a type.")
                )
            elif not isinstance(setting.get("id", ""), str):
                problems.append(Problem("schema_invalid", f"schema.json: {place}.settings.{at}.id must be a text."))
    return problems


_NOT_A_ZIP = Problem("zip_invalid", "There was a problem with the zip file: it is damaged, or is none.")
_TOO_MANY = Problem("too_many_files", f"The archive has more than {MAX_ENTRIES} files.")
