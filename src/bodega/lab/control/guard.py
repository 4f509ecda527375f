"""Who may use the lab: whoever is on this machine, or whoever has its key. A page in a browser may not.

Without a key the peer must be this machine itself, and the name that it used for it a name of this machine: else a page
could reach the lab through a name of its own that leads here (DNS rebinding). With a key everybody is asked for it. A
request that a browser sends for a page of another origin is refused in both cases.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from ipaddress import ip_address

from bodega.http.request import Scope
from bodega.lab.control.problem import Problem

_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
"""What a proxy adds: then the peer is the proxy, and not who asks."""


def admit(scope: Scope, headers: Mapping[bytes, bytes], key: str | None) -> None:
    """Raises Problem if the request must not reach the lab."""
    if key is not None:
        _has_key(headers, key)
    else:
        _is_here(scope, headers)
    _is_no_page(scope, headers)


def _has_key(headers: Mapping[bytes, bytes], key: str) -> None:
    given = headers.get(b"bodega-lab-key", b"")
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    if not given and kind.lower() == b"bearer":
        given = token.strip()
    if not hmac.compare_digest(given, key.encode()):
        raise Problem(
            401,
            "The lab asks for its key: send it as Authorization: Bearer KEY, or as Bodega-Lab-Key.",
            headers=((b"www-authenticate", b'Bearer realm="lab"'),),
        )


def _is_here(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
    peer = scope.get("client")
    if peer is None or not is_loopback(str(peer[0])) or any(name in headers for name in _FORWARDED):
        raise Problem(403, "Without --lab-key the lab answers this machine only.")
    host = _name(headers.get(b"host", b"").decode("latin-1"))
    if not (host == "localhost" or host.endswith(".localhost") or is_loopback(host)):
        raise Problem(403, "Without --lab-key the lab is asked at localhost, 127.0.0.1 or [::1], not by another name.")


def _is_no_page(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
    site = headers.get(b"sec-fetch-site", b"none")
    own = f"{scope['scheme']}://".encode() + headers.get(b"host", b"")
    origin = headers.get(b"origin", own)
    if origin != own or site not in (b"none", b"same-origin"):
        raise Problem(403, "The lab is not for pages of other sites.")


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")
