"""Themes: uploads and downloads as jobs, activation, configurations, deletes (V3), on both databases."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from typing import Any
from urllib.parse import urlsplit

import pytest

import zips
from bodega.resources.themes import archive
from bodega.resources.themes.archive import ThemeRefused, read_archive, regions_of
from held import beside
from pictures import form
from shop import Reply, Shop

THEMES = "/v3/themes"
ACTIVATE = "/v3/themes/actions/activate"


def sent(shop: Shop, content: bytes, **more: Any) -> Reply:
    return shop.upload(THEMES, ("file", "theme.zip", "application/zip", content), **more)


def ended(shop: Shop, reply: Reply) -> Any:
    """The job of a reply, when it has ended."""
    path = f"{THEMES}/jobs/{reply.json['job_id']}"
    shop.wait_for(lambda: shop.get(path).data["status"] in ("COMPLETED", "FAILED"))
    return shop.get(path).data


def uploaded(shop: Shop, content: bytes | None = None) -> Any:
    job = ended(shop, sent(shop, content or zips.theme()))
    assert job["status"] == "COMPLETED", job
    return shop.get(f"{THEMES}/{job['result']['theme_id']}").data


def test_a_new_store_has_a_theme_which_its_storefront_shows(shop: Shop) -> None:
    (theme,) = shop.get(THEMES).data
    assert (theme["is_active"], theme["is_private"], len(theme["variations"])) == (True, False, 3)
    shown = shop.get("/v3/channels/1/active-theme").data
    assert shown["active_theme_uuid"] == theme["uuid"]
    path = f"{THEMES}/{theme['uuid']}/configurations?uuid:in={shown['active_theme_configuration_uuid']}"
    (configuration,) = shop.get(path).data
    assert configuration["variation_id"] == theme["variations"][0]["uuid"]
    assert configuration["site_id"] == 1


def test_an_upload_is_a_job(shop: Shop) -> None:
    reply = sent(shop, zips.theme())
    assert reply.status == 201
    assert list(reply.json) == ["job_id"]
    first = shop.get(f"{THEMES}/jobs/{reply.json['job_id']}").data
    assert first["status"] in ("QUEUED", "WORKING", "COMPLETED")
    job = ended(shop, reply)
    assert (job["percent_complete"], job["errors"], job["warnings"]) == (100, [], [])
    theme = shop.get(f"{THEMES}/{job['result']['theme_id']}").data
    assert (theme["name"], theme["is_private"], theme["is_active"]) == ("Harbour", True, False)
    assert [(one["name"], one["external_id"], one["description"]) for one in theme["variations"]] == [
        ("Day", "day", "Bright"),
        ("Night", "night", ""),
    ]
    assert theme in shop.get(THEMES).data


def test_a_job_is_queued_while_its_task_waits_and_lost_when_it_is_cancelled(shop: Shop) -> None:
    reply = sent(shop, zips.theme())
    job = f"{THEMES}/jobs/{reply.json['job_id']}"
    ended(shop, reply)
    for state, status in (("pending", "QUEUED"), ("running", "WORKING"), ("done", "COMPLETED")):
        shop.write(lambda unit, state=state: _set_state(unit, state))
        assert shop.get(job).data["status"] == status
    assert shop.get(f"{THEMES}/jobs/none").status == 404


async def _set_state(unit: Any, state: str) -> None:
    from msgspec.structs import replace

    from bodega.tasks import queue

    row = await unit.get(queue.TABLE, 1)
    await unit.update(queue.TABLE, row, replace(row.entity, state=state))


BROKEN: dict[str, tuple[bytes, str]] = {
    "no zip": (b"GIF89a" * 20, "zip_invalid"),
    "cut": (zips.theme()[:-30], "zip_invalid"),
    "no config": (zips.theme(config=None), "config_missing"),
    "config is no JSON": (zips.theme(config="{"), "config_invalid"),
    "config is a list": (zips.theme(config=[1]), "config_invalid"),
    "config is null": (zips.theme(config="null"), "config_invalid"),
    "schema is null": (zips.theme(schema="null"), "schema_invalid"),
    "schema is false": (zips.theme(schema="false"), "schema_invalid"),
    "no name": (zips.theme(config={**zips.CONFIG, "name": ""}), "config_invalid"),
    "no variations": (zips.theme(config={**zips.CONFIG, "variations": []}), "config_invalid"),
    "five variations": (
        zips.theme(config={**zips.CONFIG, "variations": [{"name": str(n), "id": str(n)} for n in range(5)]}),
        "config_invalid",
    ),
    "two of one id": (
        zips.theme(config={**zips.CONFIG, "variations": [{"name": "A", "id": "a"}, {"name": "B", "id": "a"}]}),
        "config_invalid",
    ),
    "long setting": (zips.theme(config={**zips.CONFIG, "settings": {"a": "x" * 65}}), "config_invalid"),
    "schema is no list": (zips.theme(schema={}), "schema_invalid"),
    "schema without settings": (zips.theme(schema=[{"name": "A"}]), "schema_invalid"),
    "schema too long": (
        zips.theme(schema=[{"name": "A", "settings": [{"type": "text", "label": "x" * 70_000}]}]),
        "schema_invalid",
    ),
    "no pages": (zips.theme(pages={}), "templates_missing"),
    "path above": (zips.theme(**{"..__..__etc__passwd": "x"}), "path_invalid"),
    "path inside": (zips.theme(**{"assets__..__..__x": "x"}), "path_invalid"),
    "absolute": (zips.theme(__etc__passwd="x"), "path_invalid"),
    "drive": (zips.theme(**{"C:__x": "x"}), "path_invalid"),
    "two names": (zips.theme(**{"ASSETS__img__logo.png": "x"}), "path_invalid"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_theme_fails_its_job_and_says_why(what: str) -> None:
    content, error = BROKEN[what]
    with pytest.raises(ThemeRefused) as refused:
        read_archive(content)
    assert error in [problem.error for problem in refused.value.problems]


def test_the_errors_of_a_job(shop: Shop) -> None:
    job = ended(shop, sent(shop, zips.theme(config={"name": "", "variations": 1}, schema={})))
    assert (job["status"], job["result"]) == ("FAILED", {})
    assert [one["error"] for one in job["errors"]] == ["config_invalid", "config_invalid", "schema_invalid"]
    assert all(one["message"] for one in job["errors"])
    assert (shop.rows("themes"), shop.rows("files")) == (1, 0)
    job = ended(shop, sent(shop, zips.theme(schema=None)))
    assert (job["status"], [one["warning"] for one in job["warnings"]]) == ("COMPLETED", ["schema_missing"])


def test_an_archive_that_unpacks_to_too_much_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb: 300 MB of zeros in 300 kB, which its directory says are ten bytes."""
    bomb = bytearray(zips.zipped({**zips.PAGES, "assets/big": b"\x00" * 120_000_000}))
    began = time.perf_counter()
    with pytest.raises(ThemeRefused) as refused:
        read_archive(bytes(bomb))
    assert refused.value.problems[0].error == "zip_too_large"
    assert time.perf_counter() - began < 20
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    with pytest.raises(ThemeRefused) as refused:
        read_archive(zips.theme())
    assert refused.value.problems[0].error == "too_many_files"


def test_a_link_and_an_encrypted_file_are_refused() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        link = zipfile.ZipInfo("templates/pages/home.html")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(ThemeRefused) as refused:
        read_archive(written.getvalue())
    assert refused.value.problems[0].error == "path_invalid"
    locked = bytearray(zips.zipped({"config.json": "{}"}))
    place = locked.rindex(b"PK\x01\x02") + 8
    struct.pack_into("<H", locked, place, 1)
    with pytest.raises(ThemeRefused) as refused:
        read_archive(bytes(locked))
    assert refused.value.problems[0].error == "zip_invalid"


def test_regions_of_templates_that_include_one_another() -> None:
    contents = read_archive(zips.theme())
    assert regions_of(contents.templates, "pages/home") == ["home_hero", "top", "foot"]
    assert regions_of(contents.templates, "pages/none") is None


def test_what_is_no_upload_is_refused(shop: Shop) -> None:
    assert shop.post(THEMES, {"file": "x"}).status == 415
    refused = shop.upload(THEMES, ("other", "theme.zip", "application/zip", zips.theme()))
    assert (refused.status, list(refused.json["errors"])) == (422, ["file"])
    refused = shop.upload(THEMES, ("file", None, "", b"text"))
    assert (refused.status, list(refused.json["errors"])) == (422, ["file"])


def test_a_theme_is_activated_and_is_then_the_one_truth(shop: Shop) -> None:
    theme = uploaded(shop)
    sample = next(one for one in shop.get(THEMES).data if one["is_active"])
    night = theme["variations"][1]["uuid"]
    assert shop.post(ACTIVATE, {"variation_id": night, "which": "original"}).status == 204
    assert shop.get(f"{THEMES}/{theme['uuid']}").data["is_active"] is True
    assert shop.get(f"{THEMES}/{sample['uuid']}").data["is_active"] is False
    shown = shop.get("/v3/channels/1/active-theme").data
    assert shown["active_theme_uuid"] == theme["uuid"]
    regions = shop.get("/v3/content/regions?template_file=pages/home").data
    assert regions == [{"name": name} for name in ("home_hero", "top", "foot")]
    listed = shop.get(f"{THEMES}/{theme['uuid']}/configurations?variation_uuid={night}").data
    assert [one["site_id"] for one in listed] == [0, 1]
    assert listed[1]["uuid"] == shown["active_theme_configuration_uuid"]
    assert listed[0]["settings"] == listed[1]["settings"] == {"color": "#000000", "carousel": True, "fontSize": 12}
    assert shop.post(ACTIVATE, {"variation_id": night, "which": "last_activated"}).status == 204
    assert shop.get("/v3/channels/1/active-theme").data == shown


def test_each_channel_shows_a_theme_of_its_own(shop: Shop) -> None:
    other = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "bigcommerce"}).data["id"]
    custom = shop.post("/v3/channels", {"name": "Third", "type": "storefront", "platform": "custom"}).data["id"]
    usual = shop.get(f"/v3/channels/{other}/active-theme").data
    assert usual == shop.get("/v3/channels/1/active-theme").data
    theme = uploaded(shop)
    day = {"variation_id": theme["variations"][0]["uuid"]}
    assert shop.post(f"{ACTIVATE}?channel_id={other}", day).status == 204
    assert shop.get(f"/v3/channels/{other}/active-theme").data["active_theme_uuid"] == theme["uuid"]
    assert shop.get("/v3/channels/1/active-theme").data == usual
    assert [one["is_active"] for one in shop.get(THEMES).data] == [True, True]
    assert shop.get(f"/v3/content/regions?template_file=pages/home&channel_id={other}").data[0] == {"name": "home_hero"}
    found = shop.get(f"{THEMES}/{theme['uuid']}/configurations?channel_id:in={other}").data
    assert len(found) == 1
    night = {"variation_id": theme["variations"][1]["uuid"], "channel_id": other}  # as the tool of themes says it
    assert shop.post(ACTIVATE, night).status == 204
    assert shop.get("/v3/channels/1/active-theme").data == usual
    assert len(shop.get(f"{THEMES}/{theme['uuid']}/configurations?channel_id:in={other}").data) == 2
    for channel in (custom, 99):
        refused = shop.post(f"{ACTIVATE}?channel_id={channel}", day)
        assert (refused.status, list(refused.json["errors"])) == (422, ["channel_id"])


def test_a_bad_activation_is_refused(shop: Shop) -> None:
    for body, field in (({}, "variation_id"), ({"variation_id": "none"}, "variation_id"),
                        ({"variation_id": "x", "which": "newest"}, "which")):  # fmt: skip
        refused = shop.post(ACTIVATE, body)
        assert (refused.status, list(refused.json["errors"])) == (422, [field])


def test_an_active_theme_stays_and_others_go_with_all_they_have(shop: Shop) -> None:
    theme = uploaded(shop)
    path = f"{THEMES}/{theme['uuid']}"
    shop.post(ACTIVATE, {"variation_id": theme["variations"][0]["uuid"]})
    refused = shop.delete(path)
    assert (refused.status, list(refused.json["errors"])) == (422, ["uuid"])
    sample = next(one for one in shop.get(THEMES).data if not one["is_active"])
    shop.post(ACTIVATE, {"variation_id": sample["variations"][0]["uuid"]})
    assert shop.rows("files") == 1
    assert shop.delete(path).status == 204
    assert shop.get(path).status == 404
    assert (shop.rows("files"), shop.rows("theme_templates")) == (0, 4)
    assert shop.select("SELECT count(*) FROM theme_configurations WHERE theme_id <> 1") == [(0,)]
    assert shop.delete(path).status == 404


def test_a_download_is_a_job_whose_link_works_for_a_minute(shop: Shop) -> None:
    shop.freeze(1_800_000_000)
    content = zips.theme()
    theme = uploaded(shop, content)
    reply = shop.post(f"{THEMES}/{theme['uuid']}/actions/download", {"which": "original"})
    assert reply.status == 200
    job = ended(shop, reply)
    link = urlsplit(job["result"]["download_url"])
    found = fetched(shop, f"{link.path}?{link.query}")
    assert (found.status, found.body) == (200, content)
    assert found.headers["content-disposition"] == 'attachment; filename="Harbour.zip"'
    assert "no-store" in found.headers["cache-control"]
    assert fetched(shop, link.path).status == 404
    assert fetched(shop, f"{link.path}?key=guess").status == 404
    shop.freeze(1_800_000_061)
    assert fetched(shop, f"{link.path}?{link.query}").status == 404


def fetched(shop: Shop, target: str) -> Reply:
    return shop.server.send("GET", target, [("host", "localhost:8443")], b"", "https")


def test_the_sample_theme_can_be_downloaded_and_uploaded(shop: Shop) -> None:
    (theme,) = shop.get(THEMES).data
    job = ended(shop, shop.post(f"{THEMES}/{theme['uuid']}/actions/download", {"which": "none"}))
    link = urlsplit(job["result"]["download_url"])
    again = uploaded(shop, fetched(shop, f"{link.path}?{link.query}").body)
    assert (again["name"], again["is_private"]) == (theme["name"], True)


SETTINGS = [
    ({}, []),
    ({"color": "#abcdef", "carousel": False, "fontSize": "14"}, []),
    ({"fontSize": 12}, []),
    ({"color": "bright red"}, ["settings.color"]),
    ({"carousel": "yes"}, ["settings.carousel"]),
    ({"fontSize": "13"}, ["settings.fontSize"]),
    ({"unknown": 1}, ["settings.unknown"]),
    ({"color": []}, ["settings.color"]),
]


def test_settings_are_judged_by_the_schema_of_the_theme(shop: Shop) -> None:
    theme = uploaded(shop)
    path = f"{THEMES}/{theme['uuid']}/configurations/validate"
    day = theme["variations"][0]["uuid"]
    for settings, faults in SETTINGS:
        reply = shop.post(path, {"variation_id": day, "settings": settings})
        assert (reply.status, list(reply.json.get("errors", {}))) == (422 if faults else 200, faults), settings
    refused = shop.post(path, {"variation_id": theme["uuid"], "settings": {}})
    assert (refused.status, list(refused.json["errors"])) == (422, ["variation_id"])
    assert shop.post(f"{THEMES}/none/configurations/validate", {}).status == 404


def test_configurations_are_asked_for_by_a_filter(shop: Shop) -> None:
    (theme,) = shop.get(THEMES).data
    path = f"{THEMES}/{theme['uuid']}/configurations"
    refused = shop.get(path)
    assert (refused.status, refused.reason) == (422, "FILTER_REQUIRED")
    assert shop.get(f"{path}?page=1").status == 422
    assert len(shop.get(f"{path}?channel_id:in=1").data) == 1
    assert len(shop.get(f"{path}?variation_uuid={theme['variations'][1]['uuid']}").data) == 1
    assert shop.get(f"{THEMES}/none/configurations?channel_id:in=1").status == 404


def test_a_store_has_twenty_themes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told when one is sent, and by its job where others came in between."""
    from bodega.resources.themes import jobs, theme

    assert theme.CAP == 20
    restore = shop.redeclare(theme.TABLE, cap=1)
    try:
        refused = sent(shop, zips.theme())
        assert (refused.status, refused.reason) == (409, "THEMES_FULL")
        assert "You have reached your upload limit" in refused.json["title"], "the tool of themes looks for it"
        assert (shop.rows("tasks"), shop.rows("theme_jobs")) == (0, 0)
        monkeypatch.setattr(jobs.UploadTheme, "accept", jobs.ThemeTask.accept)
        job = ended(shop, sent(shop, zips.theme()))
    finally:
        restore()
    assert (job["status"], [one["error"] for one in job["errors"]]) == ("FAILED", ["platform_cap_reached"])
    assert (shop.rows("themes"), shop.rows("files"), shop.rows("theme_contents")) == (1, 0, 1)


def test_scopes_of_themes(shop: Shop) -> None:
    reads, writes = shop.account("store_themes_read_only"), shop.account("store_themes_manage")
    assert shop.get(THEMES, token=reads).status == 200
    assert sent(shop, zips.theme(), token=reads).status == 403
    assert sent(shop, zips.theme(), token=writes).status == 201
    assert shop.get(THEMES, token=shop.account("store_v2_content")).status == 403


def test_an_upload_that_is_sent_again_is_the_same_job(shop: Shop) -> None:
    key = {"Idempotency-Key": "4f1a"}
    first, again = sent(shop, zips.theme(), headers=key), sent(shop, zips.theme(), headers=key)
    assert again.json == first.json
    ended(shop, first)
    assert (shop.rows("themes"), shop.rows("theme_jobs"), shop.rows("tasks")) == (2, 1, 1)


def test_a_job_belongs_to_a_task_which_can_be_cancelled(shop: Shop) -> None:
    """As any other: what it would have done is not done, and its job says so."""
    reply = sent(shop, zips.theme())
    job = f"{THEMES}/jobs/{reply.json['job_id']}"
    ended(shop, reply)
    shop.write(lambda unit: _set_state(unit, "cancelled"))
    shop.write(_unfinish)
    lost = shop.get(job).data
    assert (lost["status"], [one["error"] for one in lost["errors"]]) == ("FAILED", ["server_error"])


async def _unfinish(unit: Any) -> None:
    from msgspec.structs import replace

    from bodega.resources.themes import jobs

    row = await unit.get(jobs.TABLE, 1)
    await unit.update(jobs.TABLE, row, replace(row.entity, has_ended=False, result={}))


def test_nobody_waits_for_a_large_theme(shop: Shop) -> None:
    """Nine megabytes that cannot be packed, read and hashed while others are answered."""
    import random

    large = zips.zipped({**zips.PAGES, "config.json": zips.json.dumps(zips.CONFIG),
                         "assets/film.mp4": random.Random(1).randbytes(9_000_000)})  # fmt: skip
    body = form(large, "file")
    wait = beside(shop, "POST", THEMES, body, product=0, content_type="multipart/form-data; boundary=edge")
    assert wait.reply.status == 201
    assert wait.longest < 0.2, wait[:2]
    job = ended(shop, wait.reply)
    assert job["status"] == "COMPLETED"


def test_jobs_and_links_are_swept_when_they_are_old(shop: Shop) -> None:
    shop.freeze(1_800_000_000)
    (theme,) = shop.get(THEMES).data
    ended(shop, shop.post(f"{THEMES}/{theme['uuid']}/actions/download", {}))
    assert (shop.rows("theme_jobs"), shop.rows("file_keys"), shop.rows("files")) == (1, 1, 1)
    shop.freeze(1_800_000_000 + 400 * 86_400)
    shop.server.run(shop.server.app._worker.sweep(_store(shop)))
    assert (shop.rows("theme_jobs"), shop.rows("file_keys"), shop.rows("files")) == (0, 0, 0)


def _store(shop: Shop) -> Any:
    return shop.server.run(shop.server.app.stores.get(shop.name))
