"""Infrastructure hosting: projects, uploads of bundles, deployments by the store's clock, and their events."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega.resources import SWEEPS
from bodega.resources.hosting import deployments, projects
from bodega.tasks.sweep import sweep_all
from shop import Shop

HOME = "/v3/infrastructure"
PROJECTS = f"{HOME}/projects"


def bundle() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.js", "export default {}")
    return made.getvalue()


def pass_time(shop: Shop, seconds: float) -> None:
    """Moves the store's clock on."""
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
    shop.freeze(int(record.clock.now()) + seconds)


def project(shop: Shop, name: str = "My shop") -> str:
    made = shop.post(PROJECTS, {"name": name})
    assert made.status == 200
    return str(made.data["uuid"])


def upload(shop: Shop, content: bytes | None) -> str:
    """The UUID of an upload that was sent this content."""
    made = shop.post(f"{HOME}/deployments/uploads", {}).data
    assert set(made) == {"upload_url", "upload_uuid"}
    if content is not None:
        assert sent(shop, made["upload_url"], content) == 200
    return str(made["upload_uuid"])


def sent(shop: Shop, url: str, content: bytes, method: str = "PUT") -> int:
    parts = urlsplit(url)
    return shop.request(method, f"{parts.path}?{parts.query}", body=content, base="", token="").status


def events(shop: Shop, uuid: str) -> list[dict[str, Any]]:
    reply = shop.get(f"{HOME}/deployments/{uuid}/events")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    return [json.loads(part.partition("data: ")[2]) for part in reply.body.decode().split("\n\n") if "data: " in part]


def test_projects_are_made_listed_and_deleted(shop: Shop) -> None:
    first, second, third = (project(shop, name) for name in ("North", "South", "Northwest"))
    assert [one["uuid"] for one in shop.get(PROJECTS).data] == [first, second, third]
    assert [one["name"] for one in shop.get(f"{PROJECTS}?name:like=NORTH").data] == ["North", "Northwest"]
    assert [one["name"] for one in shop.get(f"{PROJECTS}?uuid:in={second},{third}").data] == ["South", "Northwest"]
    page = shop.get(f"{PROJECTS}?limit=2")
    after = page.json["meta"]["cursor_pagination"]["end_cursor"]
    assert [one["uuid"] for one in shop.get(f"{PROJECTS}?limit=2&after={after}").data] == [third]
    assert shop.post(PROJECTS, {"name": ""}).status == 422
    assert shop.post(PROJECTS, {}).status == 422
    assert shop.delete(PROJECTS).status == 422
    assert shop.delete(f"{PROJECTS}/{first}").status == 204
    assert shop.delete(f"{PROJECTS}/{first}").status == 404
    assert shop.delete(f"{PROJECTS}?project_uuid:in={second},{third}").status == 204
    assert shop.get(PROJECTS).data == []


def test_a_bundle_is_deployed_by_the_clock_and_one_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "LONGEST_SECONDS", 0.0)
    pass_time(shop, 0)
    body = {"project_uuid": project(shop), "upload_uuid": upload(shop, bundle())}
    variables = [{"type": "secret", "key": "KEY", "value": "s3cret"}, {"type": "plain_text", "key": "A", "value": "b"}]
    made = shop.post(f"{HOME}/deployments", {**body, "environment_variables": variables})
    assert (made.status, set(made.data)) == (200, {"deployment_uuid"})
    uuid = made.data["deployment_uuid"]
    again = shop.post(f"{HOME}/deployments", body)
    assert (again.status, again.reason) == (409, "DEPLOYMENT_UNDERWAY")
    assert again.json["details"] == {"deployment_uuid": uuid}
    seen = []
    for _ in range(6):
        [event] = events(shop, uuid)
        assert event["deployment_uuid"] == uuid
        seen.append((event["deployment_status"], event["event"], event["deployment_url"] is None))
        pass_time(shop, 1)
    assert seen == [
        ("queued", None, True),
        ("in_progress", {"step": "downloading", "progress": 25}, True),
        ("in_progress", {"step": "unzipping", "progress": 50}, True),
        ("in_progress", {"step": "processing", "progress": 75}, True),
        ("completed", {"step": "complete", "progress": 100}, False),
        ("completed", {"step": "complete", "progress": 100}, False),
    ]
    assert shop.post(f"{HOME}/deployments", body).status == 200
    rows = b"".join(doc for (doc,) in shop.select("SELECT doc FROM hosting_deployments"))
    assert b"s3cret" not in rows
    assert b'"b"' in rows


@pytest.mark.parametrize(("content", "code"), [(None, 10), (b"no zip file", 20)])
def test_a_bundle_that_is_missing_or_no_zip_file_fails(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, content: bytes | None, code: int
) -> None:
    monkeypatch.setattr(deployments, "LONGEST_SECONDS", 0.0)
    body = {"project_uuid": project(shop), "upload_uuid": upload(shop, content)}
    uuid = shop.post(f"{HOME}/deployments", body).data["deployment_uuid"]
    pass_time(shop, 5)
    assert events(shop, uuid) == [
        {"deployment_uuid": uuid, "deployment_status": "failed", "event": None, "deployment_url": None,
         "deployment_hostnames": [], "error": {"code": code}}
    ]  # fmt: skip


def test_an_address_takes_a_bundle_for_a_minute_and_only_with_its_key(shop: Shop) -> None:
    made = shop.post(f"{HOME}/deployments/uploads", {}).data
    assert sent(shop, made["upload_url"][:-1] + "x", bundle()) == 403
    assert sent(shop, made["upload_url"], bundle(), "POST") == 405
    assert sent(shop, made["upload_url"], bundle()) == 200
    pass_time(shop, 61)
    assert sent(shop, made["upload_url"], bundle()) == 403


def test_what_a_deployment_names_must_be_there(shop: Shop) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    refused = shop.post(f"{HOME}/deployments", {"project_uuid": nobody, "upload_uuid": nobody})
    assert (refused.status, set(refused.json["errors"])) == (422, {"project_uuid", "upload_uuid"})
    for path in (f"{HOME}/deployments/{nobody}/events", f"{HOME}/logs/{nobody}/tail"):
        assert shop.get(path).status == 404


def test_a_log_is_quiet_and_ends(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is executed, so nothing is logged."""
    monkeypatch.setattr(projects, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(projects, "QUIET_SECONDS", 0.1)
    made = project(shop)
    assert shop.get(f"{HOME}/logs/{made}/tail").body == b": listening\n\n"
    body = {"project_uuid": made, "upload_uuid": upload(shop, bundle())}
    assert shop.post(f"{HOME}/deployments", body).status == 200
    assert shop.get(f"{HOME}/logs/{made}/tail").body == b": listening\n\n: nothing new\n\n: nothing new\n\n"


def test_uploads_are_deleted_after_a_day_with_their_bundles(shop: Shop) -> None:
    upload(shop, bundle())
    assert shop.rows("hosting_uploads") == shop.rows("files") == 1
    pass_time(shop, 90_000)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    shop.server.run(sweep_all(store, SWEEPS))
    assert shop.rows("hosting_uploads") == shop.rows("files") == 0


SCOPED = [
    ("GET", PROJECTS, None, "store_infrastructure_projects_read_only", 200),
    ("POST", PROJECTS, {"name": "North"}, "store_infrastructure_projects_manage", 200),
    ("POST", f"{HOME}/deployments/uploads", {}, "store_infrastructure_deployments_manage", 200),
    ("POST", f"{HOME}/deployments/uploads", {}, "store_infrastructure_deployments_create_preview", 200),
    ("POST", PROJECTS, {"name": "North"}, "store_infrastructure_projects_read_only", 403),
    ("GET", PROJECTS, None, "store_channel_settings", 403),
    ("GET", f"{HOME}/logs/x/tail", None, "store_infrastructure_logs_read_only", 404),
    ("GET", f"{HOME}/logs/x/tail", None, "store_infrastructure_projects_manage", 403),
    ("GET", f"{HOME}/deployments/x/events", None, "store_infrastructure_deployments_read_only", 404),
]


@pytest.mark.parametrize(("method", "path", "body", "scope", "status"), SCOPED)
def test_each_part_takes_its_published_scope(
    shop: Shop, method: str, path: str, body: Any, scope: str, status: int
) -> None:
    assert shop.request(method, path, body, token=shop.account(scope)).status == status
