"""What a named state is, and how one is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from bodega.lab.states.maker import Maker, StateFailed

__all__ = ["Look", "State", "StateFailed", "by_name", "state"]

Ids = Mapping[str, Any]


class Look(NamedTuple):
    """A request that shows the trouble: `GET /v2/orders/{order_id}`, with the ids that the state returned in braces.

    `status` is what it is answered with, `has` the members of its answer (below `data` in V3) by their path, as
    `0.name`; `count` is how many items a list has. `account` is the token of the account that asks, where it matters.
    """

    request: str
    status: int = 200
    has: Mapping[str, Any] = {}
    body: Any = None
    account: str = ""

    def of(self, ids: Ids) -> Look:
        """The same with the ids in place."""
        return Look(*(_filled(part, ids) for part in self))


class State(NamedTuple):
    """`happens` says what a client meets, `client` what it should do; `make` makes the state and returns its ids."""

    name: str
    theme: str
    title: str
    happens: str
    client: str
    looks: tuple[Look, ...]
    make: Callable[[Maker], Awaitable[Ids]]

    async def apply(self, maker: Maker) -> dict[str, Any]:
        """Makes the state: its ids, and the requests that show it. Raises StateFailed."""
        ids = dict(await self.make(maker))
        looks = [look.of(ids) for look in self.looks]
        return {
            "state": self.name,
            "title": self.title,
            "ids": ids,
            "look": [{"request": one.request, "status": one.status, "has": dict(one.has)} for one in looks],
            "client": self.client,
        }


def state(title: str, happens: str, client: str, *looks: Look) -> Callable[[Any], State]:
    """Declares a state; its name is that of the function, with hyphens."""

    def declare(make: Callable[[Maker], Awaitable[Ids]]) -> State:
        name, theme = make.__name__.replace("_", "-"), make.__module__.rpartition(".")[2]
        return State(name, theme, title, happens, client, looks, make)

    return declare


def by_name(modules: Iterable[ModuleType]) -> dict[str, State]:
    """The states that these modules declare, in their order."""
    return {one.name: one for module in modules for one in vars(module).values() if isinstance(one, State)}


def _filled(part: Any, ids: Ids) -> Any:
    """A part of a look with ids in the place of their names; a text that is one name becomes the value itself."""
    if isinstance(part, str):
        if part[:1] == "{" and part[-1:] == "}" and part[1:-1] in ids:
            return ids[part[1:-1]]
        for name, value in ids.items():
            part = part.replace("{" + name + "}", str(value))
        return part
    if isinstance(part, Mapping):
        return {_filled(name, ids): _filled(value, ids) for name, value in part.items()}
    return [_filled(item, ids) for item in part] if isinstance(part, list) else part
