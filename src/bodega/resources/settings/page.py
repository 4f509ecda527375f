"""docs/store-settings.md: what each setting of a store does."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec

from bodega.kit.render import json
from bodega.resources.settings import selling, shop, storefront
from bodega.resources.settings.effects import EFFECTS, KEPT, OTHERS, TOLD
from bodega.resources.settings.group import Group

_TITLES = "| member | default | effect |\n| --- | --- | --- |\n"
_MODULES: tuple[ModuleType, ...] = (shop, selling, storefront)

HEAD = """# Settings of a store

Every group of settings is one resource of V3, `GET` and `PUT`. Without `channel_id` it is the whole store's; with it, a
channel's own: `null` there is what the channel has from the store, and a `null` in a body returns a member to it. A PUT
changes the members that its body names, also inside objects. Those marked *required* have to be in every body, so there
one reads the group first, and sends it back changed. *Store only* is what a channel cannot have of its own; what is
marked *read only* may be in a body and is passed over.

What the operator can set as well (`bodega store set`, [settings](settings.md)) has one value: whoever spoke last is
heard, and both show it (`bodega store get`). Images are uploaded to `settings/logo/image` and `settings/favicon/image`:
GIF, JPEG or PNG of at most 10 MB, in the part that the documents name.

A test runs these lines on the demo store of `make dev`:

```sh
# Store-wide, a member of a group of which none is required; and how the operator sees it.
curl -s -X PUT -H 'X-Auth-Token: demo-token' -H 'Content-Type: application/json' \\
  -d '{"store_name": "Newcomer"}' http://127.0.0.1:8080/stores/demo/v3/settings/store/profile
bodega store get demo name

# A group with required members: read it, change what is to be changed, send it back.
curl -s -H 'X-Auth-Token: demo-token' http://127.0.0.1:8080/stores/demo/v3/settings/storefront/search |
  python3 -c 'import json, sys; print(json.dumps({**json.load(sys.stdin)["data"], "search_suggest": False}))' |
  curl -s -X PUT -H 'X-Auth-Token: demo-token' -H 'Content-Type: application/json' \\
  -d @- http://127.0.0.1:8080/stores/demo/v3/settings/storefront/search
```

The pages for shoppers, among them those of a small shop, are answered at the host of the store, `store-HASH.localhost`,
of a channel, `store-HASH-N.localhost`, or of its site. The storefront's GraphQL API ([storefront.md](storefront.md))
tells many members below `settings`, for the storefront that you build to follow. The others are marked *kept*: they
are stored and inherited, and nothing follows from them yet.
"""


def groups() -> Iterator[Group[Any]]:
    """All groups that are declared with one."""
    for module in _MODULES:
        yield from (group for group in vars(module).values() if isinstance(group, Group))


def page() -> str:
    """The page."""
    parts = [HEAD]
    for group in groups():
        act, told, kept = (table.get(group.path, {}) for table in (EFFECTS, TOLD, KEPT))
        parts.append(f"\n## {group.path}\n\n{group.kind.__doc__}\n\n{_TITLES}")
        for name, member in group.members.items():
            default = f"operator's `{member.backed}`" if member.backed else _code(member.default)
            fields = told.get(name, "").split()
            effects = [act[name]] if name in act else []
            effects += [" and ".join(f"`settings.{field}`" for field in fields) + " in GraphQL"] if fields else []
            effect = "; ".join(effects) or f"kept, for {kept[name]}"
            parts.append(f"| `{name}`{_marks(group, name)} | {default} | {effect} |\n")
    parts.append("\n## Lists\n\n| list | effect |\n| --- | --- |\n")
    parts += [f"| `{path}` | {effect} |\n" for path, effect in OTHERS.items()]
    return "".join(parts)


def _marks(group: Group[Any], name: str) -> str:
    marks = [
        word
        for word, names in (
            ("required", group.v3.required),
            ("store only", group.store_only if group.by_channel else ()),
            ("read only", group.v3.read_only),
        )
        if name in names
    ]
    return f" ({', '.join(marks)})" if marks else ""


def _code(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        return "<br>".join(f"{name} {_code(inner)}" for name, inner in msgspec.structs.asdict(value).items())
    shown = value if isinstance(value, str) else json(value).decode()
    return f"`{shown}`" if shown and "\n" not in shown else ("pages of a cart and an account" if shown else "")
