"""`bodega dev --storefront`: what it prints and writes lets Catalyst's client ask the shop."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import stat
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from bodega.cli import storefront
from served import PATIENCE, first_json, started

PORTS = ("--https-port", "0", "--http-port", "0")


def asked(environment: dict[str, str], ca: str, query: str) -> Any:
    """The data of an answer at the host that Catalyst would ask, with the certificate checked for that name."""
    name, _, port = environment["BIGCOMMERCE_GRAPHQL_API_DOMAIN"].partition(":")
    host = f"store-{environment['BIGCOMMERCE_STORE_HASH']}-{environment['BIGCOMMERCE_CHANNEL_ID']}.{name}"

    class Local(HTTPSConnection):
        """Finds the name here, as /etc/hosts lets others."""

        def connect(self) -> None:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            self.sock = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=host)

    connection = Local(host, int(port), timeout=PATIENCE)
    token = environment["BIGCOMMERCE_STOREFRONT_TOKEN"]
    sent = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": f"{host}:{port}"}
    connection.request("POST", "/graphql", json.dumps({"query": query}), sent)
    reply = connection.getresponse()
    body = json.loads(reply.read())
    connection.close()
    assert (reply.status, "errors" in body) == (200, False), body
    return body["data"]


def test_the_environment_opens_the_shop(tmp_path: Path) -> None:
    with started("dev", *PORTS, "--products", "3", "--data", str(tmp_path), "--storefront", "--json") as process:
        told = first_json(process)
        file = Path(told["storefront"]["environment"])
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        environment = dict(line.split("=", 1) for line in lines)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert all(environment.values()), environment
        assert told["requests_per_window"] is None
        assert any(str(file) in step for step in told["storefront"]["steps"])
        data = asked(environment, told["ca"], "{ channel { entityId } site { settings { storeName } } }")
        assert data == {"channel": {"entityId": 1}, "site": {"settings": {"storeName": "Demo store"}}}
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_names_that_the_system_does_not_know_are_told_with_a_line_that_adds_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(host: str, _port: Any) -> Any:
        if host == "store-demo.localhost":
            return []
        raise OSError

    monkeypatch.setattr(storefront.socket, "getaddrinfo", unknown)
    found = storefront.Storefront("demo", 1, "t", "id", "secret", "token", "localhost:8443", Path("/x y/catalyst.env"))
    first, second, third, _ = storefront.steps(found, Path("/x y/ca.pem"))
    assert first.startswith("echo '127.0.0.1 store-demo-1.localhost' |")
    assert second == "cp '/x y/catalyst.env' core/.env.local"
    assert third == "export NODE_EXTRA_CA_CERTS='/x y/ca.pem'"
