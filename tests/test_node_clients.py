"""Clients of the JavaScript registry that cover what a shop is set up by: taxes, content, widgets, themes, settings.

Both run unmodified, as processes of their own, and are led here from outside: `bigcommerce-api-client` has its host
built in (`node/lead.cjs`), Catalyst's command, which deploys to infrastructure hosting, takes one from its environment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

import zips
from npm import PATIENCE, installed, needs_npm
from served import Served, Store
from test_real_client import served

__all__ = ["served"]

NODE = Path(__file__).parent / "node"
SCOPES = (
    "store_infrastructure_projects_manage",
    "store_infrastructure_deployments_manage",
    "store_infrastructure_logs_read_only",
)

pytestmark = needs_npm


@pytest.fixture(scope="module")
def modules(request: pytest.FixtureRequest) -> Path:
    """The clients."""
    return installed(request, NODE)


@pytest.fixture
def store(served: Served) -> Store:
    """A store with a few products and a registered tax provider."""
    made = served.store()
    made.run("seed HASH --products 5")
    made.run("store set HASH providers=tax:acme=https://acme.example/tax")
    return made


def run(served: Served, folder: Path, *command: str, **environment: str) -> str:
    """What a program of Node prints on both its outputs; it must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "NODE_", "CATALYST"))}
    led = {"NODE_EXTRA_CA_CERTS": served.ca, "BODEGA_API": served.api, "NO_COLOR": "1", "CI": "1"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=kept | led | environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout if not done.stderr else f"{done.stdout}\n{done.stderr}"


def test_an_api_client_uses_every_group(served: Served, store: Store, modules: Path, tmp_path: Path) -> None:
    theme = tmp_path / "theme.zip"
    theme.write_bytes(zips.theme())
    account = store.account("--unlimited")
    command = ("node", "--require", str(NODE / "lead.cjs"), str(NODE / "all_groups.cjs"))
    printed = run(served, tmp_path, *command, store.hash, account["token"], str(theme), NODE_PATH=str(modules))
    told: dict[str, Any] = json.loads(printed)
    assert {name: what["error"] for name, what in told.items() if isinstance(what, dict) and "error" in what} == {}
    assert told["tax"] == {
        "rate": 7, "zones": True, "left": False, "with_tax": True, "valued": {"FOOD-1": "1"}, "properties": False,
    }  # fmt: skip
    assert told["provider"] == [True, "shop", False]
    assert told["content"] == {
        "page": ["About us", True, "<p>Us</p>"], "left": False, "redirects": ["/b"], "moved": False,
        "script": "Talks", "scripts": False,
    }  # fmt: skip
    assert told["emails"] == {"usual": True, "after": 120, "mine": "Hello"}
    assert told["widgets"] == {
        "template": "A note",
        "widget": "Hello",
        "placement": 2,
        "regions": True,
        "left": False,
    }
    assert told["themes"] == {
        "job": "COMPLETED", "name": "Harbour", "packed": "COMPLETED", "left": False,
    }  # fmt: skip
    assert told["shipping"] == [{"ALL": "501000"}, False]
    turned = told["settings"]
    assert (turned.pop("filters"), turned.pop("logs")) == (True, True)
    assert len(turned) == 10
    assert all(before != after for before, after in turned.values())
    assert turned["store_name"][1] == "Blue Door"


def test_catalyst_deploys_a_bundle(served: Served, store: Store, modules: Path, tmp_path: Path) -> None:
    """A project is made, a bundle uploaded and deployed, its events followed to their end; nothing is executed."""
    account = store.account("--unlimited " + " ".join(f"--scope {scope}" for scope in SCOPES))
    site = tmp_path / "site"
    built = site / ".bigcommerce" / "dist"
    built.mkdir(parents=True)
    (built / "worker.js").write_text("export default {}")
    (site / "middleware.ts").touch()
    (site / "package.json").write_text(json.dumps({"name": "s", "dependencies": {"@opennextjs/cloudflare": "*"}}))
    environment = {
        "CATALYST_STORE_HASH": store.hash, "CATALYST_ACCESS_TOKEN": account["token"], "CATALYST_API_HOST": served.api,
        "CATALYST_TELEMETRY_DISABLED": "1", "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path),
    }  # fmt: skip

    def catalyst(*words: str) -> str:
        return run(served, site, "node", str(modules / "@bigcommerce/catalyst/dist/cli.js"), *words, **environment)

    uuid = project(store, account["token"])
    assert uuid in catalyst("projects", "list")
    told = catalyst("deploy", "--prebuilt", "--project-uuid", uuid, "--secret", "KEY=sesame")
    assert "Bundle uploaded successfully" in told
    assert "Deployment completed successfully" in told
    assert "Failed to parse event" not in told
    assert re.search(r"View your deployment at: https://\S+", told)
    catalyst("projects", "delete", "--project-uuid", uuid, "--force")
    assert uuid not in catalyst("projects", "list")


def project(store: Store, token: str) -> str:
    """A new project: Catalyst asks for its name on a terminal, which a test does not have."""
    url = f"{store.served.https}/stores/{store.hash}/v3/infrastructure/projects"
    reply = requests.post(
        url, json={"name": "site"}, headers={"X-Auth-Token": token}, verify=store.served.ca, timeout=PATIENCE
    )
    return str(reply.json()["data"]["uuid"])
