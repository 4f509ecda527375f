"""A certificate for each store's own name, signed by the local authority when a client first asks for it.

Few clients accept `*.localhost` for `store-HASH.localhost`: with a wildcard right below the top level one certificate
would speak for a whole country (RFC 6125 section 7.2), and OpenSSL and Node refuse it. The name is part of the
handshake (RFC 6066 section 3), so the server can answer for it, and a new store needs no restart.
"""

import functools
import re
import ssl
import tempfile
from pathlib import Path

from bodega.server.tls import Certificate, load_authority, load_key, server_context, sign_server

REMEMBERED = 64
"""Cached contexts, a few dozen KiB each. Anybody may ask for any name, and must not fill the memory."""

_STORE_HOST = re.compile(r"store-[a-z0-9-]{1,40}\.localhost")


def local_context(certificate: Certificate) -> ssl.SSLContext:
    """The context of a local certificate that also answers for `store-HASH.localhost`, whatever the hash.

    Without the authority's key, all names get the existing certificate. Raises as `server_context` does.
    """
    context = server_context(certificate.cert, certificate.key)
    directory = certificate.ca.parent

    @functools.lru_cache(REMEMBERED)
    def named(name: str) -> ssl.SSLContext | None:
        return _context_in_the_name(directory, name)

    def choose(handshake: ssl.SSLSocket | ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
        if name is not None and _STORE_HOST.fullmatch(name.lower()):
            handshake.context = named(name.lower()) or first

    context.sni_callback = choose
    return context


def _context_in_the_name(directory: Path, name: str) -> ssl.SSLContext | None:
    """A context with a certificate for this name alone; it uses the server's key."""
    from cryptography.hazmat.primitives.serialization import Encoding

    key_file = directory / "server-key.pem"
    authority, key = load_authority(directory), load_key(key_file)
    if authority is None or key is None:
        return None
    with tempfile.NamedTemporaryFile() as file:  # OpenSSL only reads certificates from files
        file.write(sign_server(authority, key, [name]).public_bytes(Encoding.PEM))
        file.flush()
        return server_context(Path(file.name), key_file)
