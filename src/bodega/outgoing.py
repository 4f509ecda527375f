"""HTTP requests to other servers, at addresses that somebody else chose: never private ones, unless allowed.

The address is checked where the socket is opened, after every name look-up and every redirect, so a name that resolves
differently the second time (DNS rebinding) gains nothing. The library is imported when it is first needed: commands do
not pay for it.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

SECONDS = 10.0
"""How long one request may take, including reading the response."""

REDIRECTS = 3

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_6TO4 = ipaddress.ip_network("2002::/16")


class Unreachable(Exception):
    """Nothing could be fetched; the message is the end of a sentence about the URL."""


class PrivateAddress(OSError):
    """The guard refused an address; an OSError, so that the other addresses of the name are tried."""


def is_public(address: str) -> bool:
    """Whether an address is public: what `ipaddress` says, also of an IPv4 address inside an IPv6 one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found in _NAT64:  # RFC 6052: a gateway leads to the IPv4 address in the last 32 bits
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found in _6TO4 or found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def session(*, allow_private: bool, seconds: float, connections: int = 100) -> aiohttp.ClientSession:
    """A session that connects to public addresses only, unless `allow_private`, and holds at most so many connections.

    It keeps no cookies and uses no proxy from the environment, which would connect in our place."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=_any if allow_private else _guarded, limit=connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds),
        headers={"user-agent": "Bodega", "accept-encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def fetch(url: str, *, maximum: int, allow_private: bool, seconds: float | None = None) -> bytes:
    """The body of a GET of an http or https URL, or its first `maximum` + 1 bytes, read within `seconds` (`SECONDS`).

    Raises Unreachable.
    """
    import aiohttp

    seconds = SECONDS if seconds is None else seconds
    try:
        async with (
            session(allow_private=allow_private, seconds=seconds) as asking,
            asking.get(url, max_redirects=REDIRECTS + 1) as answer,  # the number that is one too many
        ):
            if answer.status != 200:
                raise Unreachable(f"answered with the status {answer.status}")
            parts: list[bytes] = []
            left = maximum + 1
            async for part in answer.content.iter_any():
                parts.append(part[:left])
                left -= len(parts[-1])
                if left <= 0:
                    break
            return b"".join(parts)
    except TimeoutError:
        raise Unreachable(f"did not answer within {seconds:.3g} seconds") from None
    except aiohttp.TooManyRedirects:
        raise Unreachable(f"redirects more than {REDIRECTS} times") from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        raise Unreachable("is or leads to no http or https URL") from None
    except aiohttp.ClientConnectorDNSError:
        raise Unreachable("names a host that is not known") from None
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(_why(error.os_error)) from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise Unreachable("cannot be fetched") from None


def why(error: BaseException) -> str:
    """Why a server could not be asked, in words without the client's own terms."""
    import aiohttp

    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to it could be made ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__


def _why(error: OSError) -> str:
    if PRIVATE in str(error):
        return f"leads to {PRIVATE}"
    return "cannot be connected to"


PRIVATE = "a private address"


def _any(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _guarded(address: Any) -> socket.socket:
    if not is_public(address[4][0]):
        raise PrivateAddress(PRIVATE)
    return _any(address)
