"""`bodega dev --storefront`: what it prints and writes lets Catalyst's client ask the shop."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import ssl
import stat
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from bodega.cli import storefront
from served import PATIENCE, first_json, started

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "catalyst.py"
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


@pytest.fixture(scope="module")
def script() -> Any:
    """`make catalyst`."""
    spec = importlib.util.spec_from_file_location("catalyst_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_shop_of_the_tests_of_catalyst_has_what_they_count_on(tmp_path: Path, script: Any) -> None:
    """A customer with an address, two products with pictures, one of them with a choice; none of which is sold out."""
    with started("dev", *PORTS, "--products", "60", "--data", str(tmp_path), "--storefront", "--json") as process:
        told = first_json(process)
        window = script.shop_window(told)
        host, _, port = told["http"].removeprefix("http://").rstrip("/").partition(":")
        connection = HTTPConnection(host, int(port), timeout=PATIENCE)

        def got(path: str) -> Any:
            connection.request("GET", f"/stores/{told['store']}{path}", headers={"x-auth-token": told["token"]})
            return json.loads(connection.getresponse().read())["data"]

        for name, choices in (("DEFAULT_PRODUCT_ID", 0), ("DEFAULT_COMPLEX_PRODUCT_ID", 3)):
            product = got(f"/v3/catalog/products/{window[name]}?include=images,variants,options")
            assert product["images"], name
            assert sum(len(one["option_values"]) for one in product["options"]) == choices
            assert product["inventory_tracking"] == "none" or product["inventory_level"] > 20
        (shopper,) = got(f"/v3/customers?id:in={window['TEST_CUSTOMER_ID']}&include=addresses")
        assert (shopper["email"], len(shopper["addresses"])) == (window["TEST_CUSTOMER_EMAIL"], 1)
        assert len(got("/v3/catalog/products?name:like=[Sample]&limit=20")) == 13
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_the_tests_of_signing_in_come_before_those_that_delete_addresses(tmp_path: Path, script: Any) -> None:
    assert script.in_order(tmp_path) == []
    for name in ("cart", "account/addresses", "auth/login"):
        file = tmp_path / script.TESTS / f"{name}.spec.ts"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    first, others = script.in_order(tmp_path)
    assert first == [f"{script.TESTS}/auth/login.spec.ts"]
    assert others == [f"{script.TESTS}/{name}.spec.ts" for name in ("account/addresses", "cart")]
