"""Certificates in PEM: parsed, and held against their private key, their names, their chain and the store's clock."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from bodega.kit.fields import moment
from bodega.law.refusal import Fault, invalid, refuse_faults

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

LONGEST_CHAIN = 10


class Facts(msgspec.Struct, kw_only=True):
    """What a certificate says; the moments as V3 writes them, `key_id` names its public key."""

    common_name: str
    subject_alternative_names: list[str]
    validity_not_before: str
    validity_not_after: str
    signing_algorithm: str
    issuer: str
    key_id: str


def facts_of(certificate: str, private_key: str, intermediates: str, host: str, now: int) -> Facts:
    """The facts of a certificate that can serve `host`. Raises Refusal naming what is wrong with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509.oid import NameOID

    faults: list[Fault] = []
    try:
        leaf = x509.load_pem_x509_certificate(certificate.encode())
        public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise refuse_faults([invalid("certificate.certificate", "must be a certificate in PEM")]) from error
    try:
        known: Any = load_pem_private_key(private_key.encode(), password=None)
        own = known.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError) as error:
        why = "must be a private key in PEM, without a password"
        raise refuse_faults([invalid("certificate.private_key", why)]) from error
    except Exception as error:  # the library has one of its own for algorithms that it does not know
        if type(error).__name__ != "UnsupportedAlgorithm":
            raise
        raise refuse_faults([invalid("certificate.private_key", "is of a kind that is not served")]) from error
    if own != public:
        faults.append(invalid("certificate.private_key", "must be the key of the certificate"))
    names = _names(leaf)
    common = [str(item.value) for item in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not any(_covers(name, host) for name in names or common):
        faults.append(invalid("certificate.certificate", f"must be valid for {host}"))
    if leaf.not_valid_after_utc.timestamp() <= now:
        faults.append(invalid("certificate.certificate", "has expired"))
    faults += _chain_faults(leaf, intermediates)
    if faults:
        raise refuse_faults(faults)
    return Facts(
        common_name=common[0] if common else "",
        subject_alternative_names=names,
        validity_not_before=moment(leaf.not_valid_before_utc.timestamp()),
        validity_not_after=moment(leaf.not_valid_after_utc.timestamp()),
        signing_algorithm=_algorithm(leaf),
        issuer=leaf.issuer.rfc4514_string(),
        key_id=hashlib.sha256(public).hexdigest(),
    )


def _names(leaf: Certificate) -> list[str]:
    from cryptography import x509

    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(name) for name in found.get_values_for_type(x509.DNSName)]


def _algorithm(leaf: Certificate) -> str:
    named = leaf.signature_algorithm_oid
    return str(getattr(named, "_name", "") or named.dotted_string)


def _covers(name: str, host: str) -> bool:
    """Whether a name of a certificate is that of a host; an asterisk stands for one label (RFC 9525 6.3)."""
    name = name.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host


def _chain_faults(leaf: Certificate, intermediates: str) -> list[Fault]:
    """Each certificate of the chain is signed by the next one."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    if not intermediates.strip():
        return []
    field = "certificate.intermediate_certificates"
    try:
        chain = x509.load_pem_x509_certificates(intermediates.encode())
        if len(chain) > LONGEST_CHAIN:
            return [invalid(field, f"must be at most {LONGEST_CHAIN} certificates")]
        for signed, by in zip([leaf, *chain], chain, strict=False):
            signed.verify_directly_issued_by(by)
    except (InvalidSignature, ValueError, TypeError):
        return [invalid(field, "must be certificates in PEM, each signed by the next, the first of them the issuer's")]
    return []
