"""Certificates in PEM, made for a test."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

BORN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Pem(NamedTuple):
    """A certificate with its private key, and that of who issued it."""

    certificate: str
    private_key: str
    issuer: str


def pem_for(*names: str, until: int = 2100) -> Pem:
    """A certificate of these names, valid from 2020 to the beginning of a year, signed by an authority of its own."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _signed("Test authority", authority_key, authority_key.public_key(), "Test authority", (), until)
    leaf = _signed("Test authority", authority_key, key.public_key(), names[0], names, until)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pem(_text(leaf), private.decode(), _text(authority))


def _signed(
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    public: ec.EllipticCurvePublicKey,
    subject: str,
    names: tuple[str, ...],
    until: int,
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BORN)
        .not_valid_after(datetime.datetime(until, 1, 1, tzinfo=datetime.UTC))
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return made.sign(issuer_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
