"""docs/store-settings.md: what each setting of a store does."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

from bodega.kit.render import json
from bodega.resources.settings import selling, shop, storefront
from bodega.resources.settings.effects import EFFECTS, KEPT, OTHERS
from bodega.resources.settings.group import Group

_TITLES = "| member | default | effect |\n| --- | --- | --- |\n"
_MODULES: tuple[ModuleType, ...] = (shop, selling, storefront)

HEAD = """# Settings of a store

Every group of settings is one resource of V3, `GET` and `PUT`. Without `channel_id` it is the whole store's; with it, a
channel's own: `null` there is what the channel has from the store, and a `null` in a body returns a member to it. A PUT
changes the members that its body names, also inside objects.

What the operator can set as well (`bodega store set`, [settings](settings.md)) has one value: whoever spoke last is
heard, and both show it. Images are uploaded to `settings/logo/image` and `settings/favicon/image`: GIF, JPEG or PNG of
at most 10 MB, in the part that the documents name.

The pages for shoppers are answered at the host of the store, `store-HASH.localhost`, of a channel,
`store-HASH-N.localhost`, or of its site. A test turns each setting that acts and sees what it does
(`tests/test_settings_act.py`). The others are marked *kept for the storefront*: they are stored, inherited and told,
and what will follow them is a page that does not exist yet, or an e-mail that nobody writes yet.
"""


def groups() -> Iterator[Group[Any]]:
    """All groups that are declared with one."""
    for module in _MODULES:
        yield from (group for group in vars(module).values() if isinstance(group, Group))


def page() -> str:
    """The page."""
    parts = [HEAD]
    for group in groups():
        act, kept = EFFECTS.get(group.path, {}), KEPT.get(group.path, {})
        parts.append(f"\n## {group.path}\n\n{group.kind.__doc__}\n\n{_TITLES}")
        for name, member in group.members.items():
            default = f"operator's `{member.backed}`" if member.backed else _code(member.default)
            effect = act.get(name) or f"kept for the storefront: {kept[name]}"
            parts.append(f"| `{name}` | {default} | {effect} |\n")
    parts.append("\n## Lists\n\n| list | effect |\n| --- | --- |\n")
    parts += [f"| `{path}` | {effect} |\n" for path, effect in OTHERS.items()]
    return "".join(parts)


def _code(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return "<br>".join(f"{name} {_code(inner)}" for name, inner in msgspec.structs.asdict(value).items())
    shown = value if isinstance(value, str) else json(value).decode()
    return f"`{shown}`" if shown and "\n" not in shown else ("pages of a cart and an account" if shown else "")
