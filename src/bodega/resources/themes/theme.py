"""Themes as they are stored: what a theme is called, what its files hold, its configurations, where it is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from bodega.kit.entity import Entity, recognize_own_files, stored
from bodega.kit.fields import FileUrl, Id, Moment, moment
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.store import channels
from bodega.resources.themes import sample
from bodega.resources.themes.archive import Contents, Template
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.tx import Statement, Tx
from bodega.storage.unit import Unit

SCOPE = "store_themes_manage"
CAP = 20
"""Themes of a store."""


class ThemeVariation(msgspec.Struct):
    """One look of a theme; `external_id` is what config.json calls it."""

    uuid: str
    name: str
    description: str = ""
    external_id: str = ""


class Theme(Entity, kw_only=True):
    """`uuid` is its id on the wire; `is_active`: a channel shows it."""

    uuid: str
    variations: list[ThemeVariation] = []
    name: str
    is_private: bool = True
    is_active: bool = False
    updated_at: Moment = ""
    version_uuid: str = ""


class ThemeContents(Entity, kw_only=True):
    """What is known of the files of the theme of the same number; `archive` is empty for the sample theme."""

    templates: dict[str, Template] = {}
    custom_templates: dict[str, list[str]] = {}
    schema: list[Any] = []
    archive: FileUrl = ""


class Configuration(Entity, kw_only=True):
    """Settings of one variation. `site_id` is 0, and the channel None, for those that the theme brought."""

    uuid: str
    theme_id: Id
    theme_uuid: str
    variation_id: str
    settings: dict[str, Any] = {}
    date_created: Moment = ""
    site_id: Id = 0
    channel_id: Id | None = None


class ActiveTheme(Entity, kw_only=True):
    """What the channel of the same number shows: a theme, and one of its configurations, by their numbers."""

    theme_id: Id
    configuration_id: Id
    date_activated: Moment = ""


def _sample_uuid(what: str) -> str:
    """The same in every store, as that of a theme which many stores share."""
    return str(uuid5(NAMESPACE_URL, f"bodega:theme/sample/{what}"))


def _sample_theme(unit: Unit) -> list[Theme]:
    """The sample theme, a default row of every store."""
    contents = sample.contents()
    listed = [
        ThemeVariation(_sample_uuid(one.external_id), one.name, one.description, one.external_id)
        for one in contents.variations
    ]
    return [
        Theme(
            id=1, uuid=_sample_uuid("theme"), variations=listed, name=contents.name, is_private=False, is_active=True,
            updated_at=moment(unit.now), version_uuid=_sample_uuid("version"),
        )
    ]  # fmt: skip


def _sample_contents(_unit: Unit) -> list[ThemeContents]:
    """What is known of its files."""
    contents = sample.contents()
    return [
        ThemeContents(
            id=1, templates=contents.templates, custom_templates=contents.custom_templates, schema=contents.schema
        )
    ]


def _sample_configurations(unit: Unit) -> list[Configuration]:
    """Those that it brings, and that of the store's own storefront."""
    made = [
        Configuration(
            id=number, uuid=_sample_uuid(f"configuration/{one.external_id}"), theme_id=1,
            theme_uuid=_sample_uuid("theme"), variation_id=_sample_uuid(one.external_id), settings=one.settings,
            date_created=moment(unit.now),
        )
        for number, one in enumerate(sample.contents().variations, start=1)
    ]  # fmt: skip
    own = msgspec.structs.replace(
        made[0], id=len(made) + 1, uuid=_sample_uuid("configuration/own"), site_id=1, channel_id=channels.DEFAULT
    )
    return [*made, own]


def _sample_active(unit: Unit) -> list[ActiveTheme]:
    """The store's own storefront shows it."""
    count = len(sample.contents().variations) + 1
    return [ActiveTheme(id=channels.DEFAULT, theme_id=1, configuration_id=count, date_activated=moment(unit.now))]


TABLE = stored(
    "themes",
    Theme,
    noun="theme",
    columns="uuid name version_uuid is_active",
    hidden="version_uuid",
    uniques=[
        Unique(("uuid",), "uuid", "A theme of this id exists."),
        Unique(("version_uuid",), "version_uuid", "A theme of this version exists."),
    ],
    cap=CAP,
    first=_sample_theme,
)
CONTENTS = stored(
    "theme_contents",
    ThemeContents,
    noun="theme",
    columns="",
    computed={"theme_id": ("INTEGER", lambda made: made.id)},
    indexed="theme_id",
    references=[Reference("theme_id", "themes", "theme_id", "The theme does not exist.", "CASCADE")],
    more_schema="""CREATE TABLE theme_templates (
    owner INTEGER NOT NULL REFERENCES themes(id) ON DELETE CASCADE, kind TEXT NOT NULL, file TEXT NOT NULL,
    PRIMARY KEY (owner, kind, file)
);""",
    first=_sample_contents,
)
CONFIGURATIONS = stored(
    "theme_configurations",
    Configuration,
    noun="theme configuration",
    columns="uuid theme_id variation_id channel_id",
    indexed="theme_id variation_id channel_id",
    hidden="channel_id",
    uniques=[Unique(("uuid",), "uuid", "A configuration of this id exists.")],
    references=[
        Reference("theme_id", "themes", "theme_id", "The theme does not exist.", "CASCADE"),
        Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
    ],
    first=_sample_configurations,
)
ACTIVE = stored(
    "active_themes",
    ActiveTheme,
    noun="active theme",
    columns="theme_id",
    computed={"at_channel": ("INTEGER", lambda made: made.id)},
    indexed="theme_id at_channel",
    references=[
        Reference("theme_id", "themes", "theme_id", "The theme does not exist."),
        Reference("at_channel", "channels", "id", "The channel does not exist.", "CASCADE"),
    ],
    first=_sample_active,
)


def members(theme: Theme) -> dict[str, Any]:
    """The form on the wire."""
    return {
        "uuid": theme.uuid,
        "variations": theme.variations,
        "name": theme.name,
        "is_private": theme.is_private,
        "is_active": theme.is_active,
        "updated_at": theme.updated_at,
    }


ACTIVE_OF = (
    "coalesce((SELECT theme_id FROM active_themes WHERE id = {channel}),"
    " (SELECT theme_id FROM active_themes WHERE id = 1))"
)
"""The number of the theme that a channel shows, in SQL: until one is activated there, that of the store's own."""


async def active_at(tx: Tx, channel: int) -> ActiveTheme:
    """What a channel shows: until one is activated there, what the store's own storefront does."""
    row = await query.get(tx, ACTIVE, channel) or await query.get(tx, ACTIVE, channels.DEFAULT)
    assert row is not None, "every store has an active theme from its first day"
    active: ActiveTheme = row.entity
    return active


async def contents_at(tx: Tx, channel: int) -> ThemeContents:
    """What is known of the files of the theme that a channel shows."""
    active = await active_at(tx, channel)
    row = await query.get(tx, CONTENTS, active.theme_id)
    assert row is not None
    found: ThemeContents = row.entity
    return found


async def add(unit: Unit, contents: Contents, archive: str, uuid_of: Mapping[str, str]) -> Theme:
    """A new theme of the store. `uuid_of` has the ids of its parts. Raises Refusal."""
    listed = [
        ThemeVariation(uuid_of[one.external_id], one.name, one.description, one.external_id)
        for one in contents.variations
    ]
    theme = Theme(
        uuid=uuid_of["*"], variations=listed, name=contents.name, updated_at=moment(unit.now),
        version_uuid=uuid_of["version"],
    )  # fmt: skip
    row = await unit.insert(TABLE, theme)
    made: Theme = row.entity
    kept = ThemeContents(
        id=made.id, templates=contents.templates, custom_templates=contents.custom_templates, schema=contents.schema,
        archive=archive,
    )  # fmt: skip
    await unit.insert(CONTENTS, kept, numbered=True)
    for one, variation in zip(contents.variations, listed, strict=True):
        configuration = Configuration(
            uuid=uuid_of[f"configuration/{one.external_id}"], theme_id=made.id, theme_uuid=made.uuid,
            variation_id=variation.uuid, settings=one.settings, date_created=moment(unit.now),
        )  # fmt: skip
        await unit.insert(CONFIGURATIONS, configuration)
    return made


def list_templates(_unit: Unit, old: ThemeContents | None, new: ThemeContents) -> list[Statement]:
    """Keeps a row for each custom template, by which associations are judged."""
    if old is not None:
        return []
    return [
        ("INSERT INTO theme_templates (owner, kind, file) VALUES ($1, $2, $3)", (new.id, kind, file))
        for kind, files in new.custom_templates.items()
        for file in dict.fromkeys(files)
    ]


async def keep_active_themes(unit: Unit, ids: Sequence[int]) -> None:
    """A theme that a channel shows stays."""
    sql = f"SELECT id FROM active_themes WHERE theme_id IN ({numbered_placeholders(len(ids))}) LIMIT 10"
    shown_at = await query.values(unit.tx, sql, *ids)
    if shown_at:
        where = ", ".join(map(str, shown_at))
        raise refuse_faults([invalid("uuid", f"must not be that of a theme which a channel shows: channel {where}")])


AGGREGATES = (
    Aggregate(TABLE, before_delete=(keep_active_themes,)),
    Aggregate(CONTENTS, before_validate=(recognize_own_files(CONTENTS),), extra_statements=(list_templates,)),
    Aggregate(CONFIGURATIONS),
    Aggregate(ACTIVE),
)
