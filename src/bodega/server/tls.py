"""A local certificate authority and the server certificate it signs.

Created at the first start in the data directory: `ca.pem` is what a client has to trust. `server.json` records what the
certificate contains, so that a start with everything in place reads four small files and never imports the library that
creates certificates.
"""

import datetime
import fcntl
import hashlib
import ipaddress
import json
import os
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bodega import private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

PUBLIC = ("ca.pem", "server.pem", "server.json")
"""Files that anybody may read: what clients have to trust, and what is sent to each of them."""

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 397  # the longest life a browser accepts is 398 days
RENEW_DAYS = 30
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of the PEM files: the server's certificate, its private key, and the authority a client must trust."""

    cert: Path
    key: Path
    ca: Path


def ensure_certificate(directory: Path, host: str, *more: str) -> Certificate:
    """The certificate in `directory`, created or renewed if it is missing, expires within 30 days or lacks a name.

    It is valid for localhost, *.localhost (which few clients accept: see sni.py), both loopback addresses, this
    machine's name, `host`, `more`, and every name it was valid for before: two servers that share a directory do not
    keep replacing it. Any number of processes may start at once. Raises OSError when the directory cannot be written.
    """
    names = [*local_names(), *(name.lower() for name in (host, *more) if name)]
    if not is_current(directory, names):
        private.make_folder(directory)
        with locked(directory / "tls.lock"):
            if not is_current(directory, names):
                issue(directory, list(dict.fromkeys([*names, *described_names(directory)])))
    return Certificate(cert=directory / "server.pem", key=directory / "server-key.pem", ca=directory / "ca.pem")


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or later, HTTP/1.1 by ALPN. Raises ssl.SSLError or OSError if the files do not match or are missing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(cert, key)
    return context


def local_names() -> list[str]:
    """The names and addresses by which a client on this machine may call the server."""
    return ["localhost", "*.localhost", "127.0.0.1", "::1", socket.gethostname().lower()]


# Existing files


def is_current(directory: Path, names: list[str]) -> bool:
    """Whether the files belong together, contain all of `names`, and are valid for at least 30 more days."""
    try:
        description = json.loads((directory / "server.json").read_bytes())
        return (
            description["digest"] == digest(directory)
            and description["expires"] - time.time() > RENEW_DAYS * DAY
            and set(names) <= set(description["names"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def described_names(directory: Path) -> list[str]:
    """The names in the certificate that is about to be replaced."""
    try:
        return [str(name) for name in json.loads((directory / "server.json").read_bytes())["names"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def digest(directory: Path) -> str:
    """One digest of the three files that a server and its clients use: it reveals a file that was replaced or lost."""
    names = ("ca.pem", "server.pem", "server-key.pem")
    return hashlib.sha256(b"".join((directory / name).read_bytes() for name in names)).hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Held by one process at a time; released by the system when the process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(path: Path, content: bytes, mode: int) -> None:
    """Replace the file in one step; its content is never readable with wider permissions than `mode`."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


# New files


def issue(directory: Path, names: list[str]) -> None:
    """Sign a new server certificate, by the authority in `directory` if that is valid for as long, else by a new one.

    An existing server key is kept, so that a process that reads certificate and key while they are replaced still finds
    a matching pair.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    authority = load_authority(directory) or make_authority(directory)
    key = load_key(directory / "server-key.pem") or make_key(directory / "server-key.pem")
    certificate = sign_server(authority, key, names)
    write(directory / "server.pem", certificate.public_bytes(Encoding.PEM), 0o644)
    expires = int(certificate.not_valid_after_utc.timestamp())
    description = {"names": names, "expires": expires, "digest": digest(directory)}
    write(directory / "server.json", json.dumps(description, indent=2).encode() + b"\n", 0o644)


def load_key(path: Path) -> "EllipticCurvePrivateKey | None":
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    return key if isinstance(key, EllipticCurvePrivateKey) else None


def make_key(path: Path) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return key


def load_authority(directory: Path) -> "tuple[x509.Certificate, EllipticCurvePrivateKey] | None":
    """The authority's certificate and key; None if a part is missing, they do not match, or it expires before a new
    leaf."""
    from cryptography import x509

    key = load_key(directory / "ca-key.pem")
    try:
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    except (OSError, ValueError):
        return None
    if key is None or certificate.public_key() != key.public_key():
        return None
    ends = certificate.not_valid_after_utc.timestamp()
    return (certificate, key) if ends - time.time() > CERTIFICATE_DAYS * DAY else None


def make_authority(directory: Path) -> "tuple[x509.Certificate, EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key = make_key(directory / "ca-key.pem")
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bodega"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Bodega local authority {os.urandom(4).hex()}"),
        ]
    )
    certificate = (
        certificate_for(name, key, AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(certificates=True), critical=True)
        .sign(key, SHA256())
    )
    write(directory / "ca.pem", certificate.public_bytes(Encoding.PEM), 0o644)
    return certificate, key


def sign_server(
    authority: "tuple[x509.Certificate, EllipticCurvePrivateKey]", key: "EllipticCurvePrivateKey", names: list[str]
) -> "x509.Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    ca, ca_key = authority
    return (
        certificate_for(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), key, CERTIFICATE_DAYS)
        .issuer_name(ca.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([alternative_name(name) for name in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, SHA256())
    )


def certificate_for(name: "x509.Name", key: "EllipticCurvePrivateKey", days: int) -> "x509.CertificateBuilder":
    """The parts of every certificate, valid from an hour ago for clocks that are slow."""
    from cryptography import x509

    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def key_usage(*, certificates: bool) -> "x509.KeyUsage":
    """An authority signs certificates and revocation lists, a server the handshake."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def alternative_name(name: str) -> "x509.GeneralName":
    """An IP address as an address, a name in its ASCII form (RFC 5280 section 4.2.1.6)."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name if name.isascii() else name.encode("idna").decode())
