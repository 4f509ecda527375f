"""A store's settings, in pages and by a search, made from the same table as `bodega store set`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from bodega.access.settings import SETTINGS, OneOf, Setting
from bodega.panel.sent_form import compared
from bodega.panel.status import fresh
from bodega.panel.templating import show
from bodega.panel.web import SAFE, PageError, Pages, PanelRequest, Reply, go

pages = Pages()

HERE = "/stores/{store}/settings"


class SettingsPage(NamedTuple):
    """A page of settings: its title, and the keys of each group on it."""

    title: str
    groups: Mapping[str, str]


PAGES: Mapping[str, SettingsPage] = {
    "shop": SettingsPage(
        "The shop",
        {
            "Identity": "name domain address country country_code phone industry social_links",
            "People": "first_name last_name admin_email order_email",
            "Language and time": "timezone language",
            "Measures": "weight_units dimension_units",
        },
    ),
    "money": SettingsPage(
        "Money",
        {
            "Currency": "currency currency_symbol currency_symbol_location decimal_separator thousands_separator"
            " decimal_places prices_include_tax",
            "Tax": "tax.rates",
            "Payments": "payments.test gift_certificates gift_certificates.months",
        },
    ),
    "selling": SettingsPage(
        "Selling", {"Stock": "stock.taken stock.follows_edits stock.returns", "Storefront": "storefront.pages"}
    ),
    "answering": SettingsPage(
        "Answering",
        {
            "Open or closed": "maintenance.retry_after suspended",
            "Journal": "journal journal.keep_days journal.keep_megabytes",
            "Limits": "limits.concurrent tasks.keep_seconds",
        },
    ),
    "connections": SettingsPage(
        "Connections",
        {
            "Webhooks": "webhooks.allow_private webhooks.keep_days webhooks.retry_seconds",
            "Providers": "providers providers.seconds providers.keep_seconds providers.allow_private",
            "Images": "images.allow_private",
        },
    ),
    "backups": SettingsPage("Backups", {"Backups": "backup.every backup.keep"}),
}
"""Where settings appear; a setting that is named nowhere has its place on the page More."""

MORE = "more"


def as_text(value: Any) -> str:
    """A value as its setting reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@cache
def placed() -> Mapping[str, SettingsPage]:
    """The pages with every setting on one of them."""
    named = {key for page in PAGES.values() for keys in page.groups.values() for key in keys.split()}
    rest = " ".join(key for key in SETTINGS if key not in named)
    return {**PAGES, MORE: SettingsPage("More", {"More": rest})} if rest else PAGES


def page_of(key: str) -> str:
    """The name of the page on which a setting is."""
    return next(
        (name for name, page in placed().items() if any(key in keys.split() for keys in page.groups.values())), MORE
    )


def matching(words: str) -> list[str]:
    """The settings that have all these words in their names or meanings."""
    wanted = words.lower().split()
    return [
        key
        for key, setting in SETTINGS.items()
        if wanted and all(word in f"{key} {title_of(key)} {setting.meaning}".lower() for word in wanted)
    ]


def _kind(setting: Setting) -> str:
    if isinstance(setting.default, bool):
        return "flag"
    return "choice" if isinstance(setting.read, OneOf) else "text"


def _choices(setting: Setting) -> tuple[str, ...]:
    return setting.read.allowed if isinstance(setting.read, OneOf) else ()


def title_of(key: str) -> str:
    """The words of a setting's name."""
    words = key.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


@pages.get(HERE)
async def index(request: PanelRequest) -> Reply:
    """The pages of settings, or those settings that a search finds."""
    words = request.query_value("q").strip()
    if words:
        return _form(request, {f"Settings with “{words[:80]}”": matching(words)}, _now(request), {}, words=words)
    titles = {
        name: [title_of(key) for keys in page.groups.values() for key in keys.split()]
        for name, page in placed().items()
    }
    return show(request, "settings.html", places=placed(), titles=titles, words="")


@pages.get(HERE + "/{page}")
async def shown(request: PanelRequest) -> Reply:
    """The form of a page."""
    name = request.ids["page"]
    if name not in placed():
        raise PageError(HTTPStatus.NOT_FOUND, "There is no such page of settings.")
    return _form(request, _groups(name), _now(request), {}, name=name)


def _groups(name: str) -> dict[str, list[str]]:
    return {title: keys.split() for title, keys in placed()[name].groups.items()}


def _now(request: PanelRequest) -> dict[str, str]:
    return {key: as_text(request.shop.settings[key]) for key in SETTINGS}


def _form(
    request: PanelRequest,
    keys: Mapping[str, Sequence[str]],
    typed: Mapping[str, str],
    wrong: Mapping[str, str],
    *,
    name: str = "",
    words: str = "",
) -> Reply:
    groups = {title: [_field(key, typed[key], wrong.get(key, "")) for key in some] for title, some in keys.items()}
    return show(
        request,
        "settings_page.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        title=placed()[name].title if name else "Settings",
        name=name,
        words=words,
        groups=groups,
        wrong=wrong,
    )


def _field(key: str, value: str, wrong: str) -> dict[str, Any]:
    setting = SETTINGS[key]
    return {
        "key": key,
        "title": title_of(key),
        "kind": _kind(setting),
        "value": value,
        "meaning": setting.meaning,
        "default": as_text(setting.default),
        "choices": _choices(setting),
        "wrong": wrong,
    }


@pages.post(HERE)
async def save(request: PanelRequest) -> Reply:
    """Saves what was changed, all of it or nothing; every faulty field is reported."""
    record = await fresh(request)
    typed, wrong, changed = {}, {}, {}
    for key, setting in SETTINGS.items():
        flag = _kind(setting) == "flag"
        present = as_text(request.shop.settings[key])
        sent = request.form.get(key)
        if flag:
            typed[key] = "true" if sent and f"{key}.shown" in request.form else "false"
            if f"{key}.shown" not in request.form:
                typed[key] = present
        else:
            typed[key] = present if sent is None else sent[-1].strip("\r\n")
        if sent is not None or f"{key}.shown" in request.form:
            compared(request.form, key, present, typed[key])
        if typed[key] == present:
            continue
        try:
            changed[key] = setting.read(typed[key])
        except ValueError as error:
            wrong[key] = f"This {error}."
    name, words = request.field("page"), request.field("q")
    if wrong:
        name = name if name in placed() else "" if words else page_of(next(iter(wrong)))
        those = _groups(name) if name else {f"Settings with “{words[:80]}”": matching(words)}
        missing = [key for key in wrong if not any(key in keys for keys in those.values())]
        return _form(request, {**those, **({"Also": missing} if missing else {})}, typed, wrong, name=name, words=words)
    if changed:
        await request.panel.registry.save_store(replace(record, settings={**record.settings, **changed}))
    place = f"/{name}?" if name in placed() else f"?q={quote(words)}&" if words else "?"
    return go(f"{request.base}/settings{place}done={'saved' if changed else 'unchanged'}", *SAFE)
