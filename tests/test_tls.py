"""The local authority and the certificate it signs."""

import json
import socket
import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from cryptography import x509

from bodega.server import tls
from bodega.server.listen import Listener
from bodega.server.sni import local_context
from bodega.server.tls import Certificate, ensure_certificate, server_context
from live_server import HOST, LIMITS, PATIENCE, Client, running

DAY = 86_400


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return ensure_certificate(tmp_path, "shop.test")


def test_clients_that_trust_the_authority_verify_the_server(certificate: Certificate) -> None:
    listener = Listener("127.0.0.1", 0, server_context(certificate.cert, certificate.key))
    context = ssl.create_default_context(cafile=certificate.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["h2", "http/1.1"])
    with running(listeners=[listener]) as (bound,):
        for name in ("localhost", "127.0.0.1", "::1", "shop.test", socket.gethostname()):
            with (
                socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE) as raw,
                context.wrap_socket(raw, server_hostname=name) as secure,
            ):
                assert secure.selected_alpn_protocol() == "http/1.1"
                client = Client(secure)
                client.send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
                assert client.reply().json["scheme"] == "https"
        with (
            socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE) as raw,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(raw, server_hostname="other.test")


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("store-a.localhost", True),
        ("store-b-2.localhost", True),
        ("STORE-A.localhost", True),
        ("shop.test", True),
        ("a.localhost", False),
        ("store-a.test", False),
        ("store-a.b.localhost", False),
    ],
)
def test_each_store_is_verified_in_its_own_name(certificate: Certificate, name: str, trusted: bool) -> None:
    """RFC 6066 section 3; RFC 6125 section 7.2: clients do not take *.localhost for it."""
    listener = Listener("127.0.0.1", 0, local_context(certificate))
    context = ssl.create_default_context(cafile=certificate.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        running(listeners=[listener]) as (bound,),
        socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE) as raw,
        nullcontext() if trusted else pytest.raises(ssl.SSLCertVerificationError),
        context.wrap_socket(raw, server_hostname=name) as secure,
    ):
        client = Client(secure)
        client.send(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert client.reply().status == 200


def test_a_store_gets_the_plain_certificate_when_the_authority_is_lost(
    certificate: Certificate, tmp_path: Path
) -> None:
    (tmp_path / "ca-key.pem").unlink()
    context = ssl.create_default_context(cafile=certificate.ca)
    with (
        running(listeners=[Listener("127.0.0.1", 0, local_context(certificate))]) as (bound,),
        socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE) as raw,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        context.wrap_socket(raw, server_hostname="store-a.localhost")


def test_a_body_that_never_ends_is_cut_off_under_tls_too(certificate: Certificate) -> None:
    """RFC 9112 section 9.6: TLS has no half-close and a closing handshake of its own, during which nothing is read."""
    listener = Listener("127.0.0.1", 0, server_context(certificate.cert, certificate.key))
    context = ssl.create_default_context(cafile=certificate.ca)
    with (
        running(listeners=[listener], limits=LIMITS) as (bound,),
        socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        client = Client(secure)
        client.send(b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
        assert client.send_until_refused(b"a" * 65536, 64 * 1024 * 1024) < 12 * 1024 * 1024
        assert client.reply().status == 413
        assert client.rest() == b""


def test_private_keys_are_readable_by_their_owner_only(certificate: Certificate, tmp_path: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.pem")}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "server.pem": 0o644, "server-key.pem": 0o600}


def test_the_certificate_says_what_it_is_for(certificate: Certificate) -> None:
    """RFC 5280 section 4.2.1."""
    leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
    ca = x509.load_pem_x509_certificate(certificate.ca.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "*.localhost", "shop.test"} <= set(names.get_values_for_type(x509.DNSName))
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 397
    assert (ca.not_valid_after_utc - ca.not_valid_before_utc).days == 3650
    leaf.verify_directly_issued_by(ca)
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def describe(directory: Path, **changes: object) -> None:
    path = directory / "server.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def forget(*names: str) -> object:
    return lambda directory: [(directory / name).unlink() for name in names]


KEPT_AUTHORITY = {
    "nothing has changed": (False, lambda directory: None),
    "it expires within 30 days": (True, lambda directory: describe(directory, expires=tls.time.time() + 29 * DAY)),
    "it is missing": (True, forget("server.pem")),
    "its key is missing": (True, forget("server-key.pem")),
    "its key is another's": (True, lambda directory: tls.make_key(directory / "server-key.pem")),
    "its key is broken": (True, lambda directory: (directory / "server-key.pem").write_text("-")),
    "its description is missing": (True, forget("server.json")),
    "its description is broken": (True, lambda directory: (directory / "server.json").write_text("{}")),
}


@pytest.mark.parametrize(("renewed", "change"), KEPT_AUTHORITY.values(), ids=KEPT_AUTHORITY)
def test_a_certificate_is_made_anew_by_the_same_authority_only_when(
    certificate: Certificate, tmp_path: Path, renewed: bool, change: object
) -> None:
    before, ca = certificate.cert.read_bytes(), certificate.ca.read_bytes()
    change(tmp_path)  # type: ignore[operator]
    ensure_certificate(tmp_path, "shop.test")
    assert (certificate.cert.read_bytes() != before) is renewed
    assert certificate.ca.read_bytes() == ca
    server_context(certificate.cert, certificate.key)
    assert tls.is_current(tmp_path, ["shop.test", *tls.local_names()])


@pytest.mark.parametrize("lost", ["ca.pem", "ca-key.pem"])
def test_an_authority_that_has_lost_a_part_is_made_anew(certificate: Certificate, tmp_path: Path, lost: str) -> None:
    (tmp_path / lost).unlink()
    certificate.cert.unlink()
    ensure_certificate(tmp_path, "shop.test")
    leaf, ca = (x509.load_pem_x509_certificate(path.read_bytes()) for path in (certificate.cert, certificate.ca))
    leaf.verify_directly_issued_by(ca)


def test_a_new_host_joins_the_names_and_none_is_lost(certificate: Certificate, tmp_path: Path) -> None:
    ensure_certificate(tmp_path, "192.0.2.7", "bücher.test")
    leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"shop.test", "xn--bcher-kva.test"} <= set(names.get_values_for_type(x509.DNSName))
    assert "192.0.2.7" in map(str, names.get_values_for_type(x509.IPAddress))
    made = certificate.cert.read_bytes()
    ensure_certificate(tmp_path, "shop.test")
    assert certificate.cert.read_bytes() == made


def test_many_may_start_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ensure_certificate(tmp_path / "data", "shop.test").cert.read_bytes(), range(8)))
    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "data").glob(".*")] == []


def test_a_start_with_everything_in_place_loads_nothing_that_makes_certificates(
    certificate: Certificate, tmp_path: Path
) -> None:
    program = (
        "import sys, pathlib; from bodega.server.tls import *;"
        "made = ensure_certificate(pathlib.Path(sys.argv[1]), 'shop.test'); server_context(made.cert, made.key);"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0
