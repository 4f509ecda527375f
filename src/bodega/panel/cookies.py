"""The panel's two cookies: the session, and the form token of a browser that is not signed in.

Under TLS their names begin with `__Host-`: a browser then accepts them only from this very host and only with Secure,
so that neither a neighbouring host nor an unencrypted page can set one.
"""

from __future__ import annotations

from bodega.access.sessions import LONGEST_SECONDS

GUEST_SECONDS = 3_600


def session_name(secure: bool) -> str:
    """Of the session's cookie."""
    return "__Host-bodega" if secure else "bodega"


def guest_name(secure: bool) -> str:
    """Of the guest's form token."""
    return "__Host-bodega-guest" if secure else "bodega-guest"


def session(secure: bool, token: str) -> tuple[bytes, bytes]:
    """Sets the session cookie, out of the reach of scripts; an empty token removes it."""
    return _cookie(session_name(secure), token, LONGEST_SECONDS if token else 0, secure)


def guest(secure: bool, token: str) -> tuple[bytes, bytes]:
    """Sets a guest's form token."""
    return _cookie(guest_name(secure), token, GUEST_SECONDS if token else 0, secure)


def _cookie(name: str, value: str, seconds: int, secure: bool) -> tuple[bytes, bytes]:
    text = f"{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{'; Secure' if secure else ''}"
    return b"set-cookie", text.encode("latin-1")
