"""Proxies in front: whose word counts on where a request came from, and whether over TLS.

Anybody can send X-Forwarded-For and X-Forwarded-Proto. They are believed as far as they were written by proxies that
the operator named, read from the right: each proxy appends what it saw.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks, as 10.0.0.7 or fd00::/8. Raises ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


class Proxies(msgspec.Struct, frozen=True):
    """`trusted` are the networks of the operator's own proxies."""

    trusted: tuple[Network, ...] = ()

    def seen_through(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """The ASGI scope as the outermost trusted proxy saw it: its client, and its scheme."""
        peer = scope.get("client")
        if peer is None or not self._is_trusted(_address(str(peer[0]))):
            return scope
        hops = _listed(scope["headers"], b"x-forwarded-for")
        schemes = _listed(scope["headers"], b"x-forwarded-proto")
        client, place = _address(str(peer[0])), 0
        while place < len(hops) and self._is_trusted(client):
            before = _address(hops[-place - 1])
            if before is None:
                break  # no address: what stands further left cannot be told from an invention
            client, place = before, place + 1
        seen = {**scope, "client": (str(client), 0)}
        if schemes:
            # Proxies that append give one scheme an address; others replace what they got, and have one in all.
            scheme = schemes[-max(place, 1)] if len(schemes) == len(hops) else schemes[-1]
            if scheme.lower() in ("http", "https"):
                seen["scheme"] = scheme.lower()
        return seen

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted)


def _listed(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    """The members of a field that may come several times (RFC 9110 5.3)."""
    values = b",".join(value for name, value in headers if name == wanted)
    return [part.strip() for part in values.decode("latin-1").split(",") if part.strip()]


def _address(text: str) -> Address | None:
    """An address, with or without a port; an IPv4 address inside an IPv6 one is that."""
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address(text if found is None else found[1] or found[2])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
