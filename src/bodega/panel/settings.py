"""A store's settings: one form, made from the same table as `bodega store set`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from bodega.access.settings import SETTINGS, OneOf, Setting
from bodega.panel.status import fresh
from bodega.panel.templating import show
from bodega.panel.web import SAFE, Pages, PanelRequest, Reply, go

pages = Pages()

GROUPS = {
    "Identity": "name domain address country country_code phone industry",
    "People": "first_name last_name admin_email order_email",
    "Language and time": "timezone language",
    "Money": "currency currency_symbol currency_symbol_location decimal_separator thousands_separator decimal_places"
    " prices_include_tax",
    "Measures": "weight_units dimension_units",
    "Answering": "maintenance.retry_after suspended journal journal.keep_days journal.keep_megabytes",
}
"""Where settings appear in the form; others appear under the word before their dot, or under More."""


def as_text(value: Any) -> str:
    """A value as its setting reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def grouped() -> dict[str, list[str]]:
    """The keys of all settings, by group."""
    groups = {title: keys.split() for title, keys in GROUPS.items()}
    placed = {key for keys in groups.values() for key in keys}
    for key in SETTINGS:
        if key not in placed:
            first, dot, _ = key.partition(".")
            groups.setdefault(first.capitalize() if dot else "More", []).append(key)
    return groups


def _kind(setting: Setting) -> str:
    if isinstance(setting.default, bool):
        return "flag"
    return "choice" if isinstance(setting.read, OneOf) else "text"


def _choices(setting: Setting) -> tuple[str, ...]:
    return setting.read.allowed if isinstance(setting.read, OneOf) else ()


def _title(key: str) -> str:
    words = key.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


@pages.get("/stores/{store}/settings")
async def shown(request: PanelRequest) -> Reply:
    """The form."""
    return _form(request, {key: as_text(request.shop.settings[key]) for key in SETTINGS}, {})


def _form(request: PanelRequest, typed: dict[str, str], wrong: dict[str, str]) -> Reply:
    groups = {
        group: [
            {
                "key": key,
                "title": _title(key),
                "kind": _kind(SETTINGS[key]),
                "value": typed[key],
                "meaning": SETTINGS[key].meaning,
                "default": as_text(SETTINGS[key].default),
                "choices": _choices(SETTINGS[key]),
                "wrong": wrong.get(key, ""),
            }
            for key in keys
        ]
        for group, keys in grouped().items()
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    return show(request, "settings.html", status=status, groups=groups, wrong=wrong)


@pages.post("/stores/{store}/settings")
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
        if typed[key] == present:
            continue
        try:
            changed[key] = setting.read(typed[key])
        except ValueError as error:
            wrong[key] = f"This {error}."
    if wrong:
        return _form(request, typed, wrong)
    if changed:
        await request.panel.registry.save_store(replace(record, settings={**record.settings, **changed}))
    return go(f"{request.base}/settings?done={'saved' if changed else 'unchanged'}", *SAFE)
