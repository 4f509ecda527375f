"""Import and export of redirects: jobs with states, events and a file (decision 55)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from served import resolve_localhost, serving
from shop import Reply, Shop
from statistics_check import check_statistics

REDIRECTS = "/v3/storefront/redirects"
IMEX = REDIRECTS + "/imex"
HEADER = "Domain,Old Path,Manual URL/Path,Dynamic Target Type,Dynamic Target ID\n"


def send(shop: Shop, content: bytes, name: str = "import_file", **more: Any) -> Reply:
    return shop.upload(IMEX + "/import", (name, "r.csv", "text/csv", content), **more)


def domain(shop: Shop) -> str:
    url = shop.get("/v3/sites/1").data["url"]
    return str(url.partition("//")[2].partition(":")[0])


def job(shop: Shop, uuid: str) -> Any:
    (found,) = shop.get(f"{IMEX}/jobs?id={uuid}").data
    return found


def finished(shop: Shop, uuid: str) -> Any:
    shop.wait_for(lambda: job(shop, uuid)["status"] not in ("new", "working"))
    return job(shop, uuid)


def events(shop: Shop, kind: str, uuid: str) -> list[Any]:
    reply = shop.get(f"{IMEX}/{kind}/{uuid}/events", headers={"accept": "text/event-stream"})
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream")
    blocks = [block for block in reply.body.decode().split("\n\n") if block.startswith("event: message\ndata: ")]
    return [msgspec.json.decode(block.partition("data: ")[2]) for block in blocks]


def test_a_file_is_imported_and_exported_again(shop: Shop) -> None:
    """Rows are made, overwritten or told of; the export has the same columns and one more on request."""
    product = shop.product("Bath Towel")
    here = domain(shop)
    shop.put(REDIRECTS, [{"from_path": "/old-path", "site_id": 1, "to": {"type": "url", "url": "/before"}}])
    rows = [
        f"{here},/old-path,/new-path,,", f"{here.upper()},/old-product,,Product,{product}", "elsewhere.test,/a,/b,,",
        f"{here},/both,/b,Product,{product}", f"{here},/none,,,", "", f"{here},/gone,,Brand,77",
        f"{here},/self,/self,,",
        f"{here},/kind,,Cart,1", f"{here},/id,,Product,x", f"{here},,/b,,", f"{here},/short",
        f'{here},"/quoted, path",/b,,',
    ]  # fmt: skip
    made = send(shop, (HEADER + "\n".join(rows) + "\n").encode())
    assert made.status == 201
    uuid = made.json["id"]
    told = finished(shop, uuid)
    assert (told["type"], told["status"], told["total_items"]) == ("import", "complete", 12)
    assert (told["completed_items"], told["failed_items"]) == (2, 10)
    assert [error["row"] for error in told["errors"]] == [4, 5, 6, 8, 9, 10, 11, 12, 13, 14]
    assert told["errors"][0]["message"] == "No site has the domain 'elsewhere.test'."
    assert told["errors"][3]["message"] == "The brand 77 does not exist."
    shown = shop.get(REDIRECTS + "?include=to_url").data
    assert [(row["id"], row["from_path"], row["to"]) for row in shown] == [
        (1, "/old-path", {"type": "url", "url": "/new-path"}),
        (2, "/old-product", {"type": "product", "entity_id": product}),
    ]
    last = events(shop, "import", uuid)[-1]
    assert last == {
        "job_id": uuid, "status": "complete", "completed_items": 2, "failed_items": 10, "total_items": 12,
        "errors": told["errors"],
    }  # fmt: skip
    exported = shop.post(IMEX + "/export", {"include_dynamic_target_urls": True})
    assert exported.status == 201
    assert finished(shop, exported.json["id"])["status"] == "complete"
    file = shop.get(f"{IMEX}/export/{exported.json['id']}/download")
    known = {"if-none-match": file.headers["etag"]}
    assert shop.get(f"{IMEX}/export/{exported.json['id']}/download", headers=known).status == 304
    assert file.headers["content-type"].startswith("text/csv")
    target = f"https://{here}"
    lines = file.body.decode().splitlines()
    assert lines[0] == HEADER.strip() + ",Dynamic Target URL"
    assert lines[1] == f"{here},/old-path,/new-path,,,"
    assert lines[2].startswith(f"{here},/old-product,,Product,{product},{target}")
    assert lines[2].endswith("/bath-towel/")
    assert [one["type"] for one in shop.get(IMEX + "/jobs").data] == ["export", "import"]
    check_statistics(shop)


def test_an_export_is_of_a_site_and_of_what_is_named(shop: Shop) -> None:
    channel = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"}).data["id"]
    site = shop.post("/v3/sites", {"url": "https://second.test", "channel_id": channel}).data["id"]
    to = {"type": "url", "url": "/new/"}
    shop.put(REDIRECTS, [{"from_path": path, "site_id": at, "to": to} for at in (1, site) for path in ("/a", "/b")])

    def export(body: Any) -> list[str]:
        uuid = shop.post(IMEX + "/export", body).json["id"]
        finished(shop, uuid)
        return shop.get(f"{IMEX}/export/{uuid}/download").body.decode().splitlines()[1:]

    assert export({"site_id": site}) == ["second.test,/a,/new/,,", "second.test,/b,/new/,,"]
    assert export({"redirect_ids": [4]}) == ["second.test,/b,/new/,,"]
    assert len(export({"site_id": None})) == 4
    assert shop.post(IMEX + "/export", {"redirect_ids": [99]}).reason == "DANGLING_REFERENCE"


BAD: list[tuple[bytes, str, int]] = [
    (b"a,b\n1,2\n", "import_file", 400),
    (b"\xff\xfe\x00", "import_file", 400),
    (HEADER.encode() + b'x,"open', "import_file", 400),
    (b"", "import_file", 400),
    (HEADER.encode(), "file", 422),
    (b"x" * 20_000_001, "import_file", 413),
]


@pytest.mark.parametrize(("content", "name", "status"), BAD)
def test_what_is_no_file_of_redirects_is_refused(shop: Shop, content: bytes, name: str, status: int) -> None:
    """Rule 25: at most 20 MB."""
    assert send(shop, content, name).status == status
    assert shop.get(IMEX + "/jobs").data == []


def test_jobs_are_filtered(shop: Shop) -> None:
    assert shop.get(IMEX + "/jobs").json["meta"]["pagination"]["per_page"] == 10
    uuid = send(shop, HEADER.encode()).json["id"]
    assert finished(shop, uuid)["total_items"] == 0
    for query in (f"id={uuid}", "type=import", "status=complete"):
        assert [one["id"] for one in shop.get(f"{IMEX}/jobs?{query}").data] == [uuid]
    for query in ("id=x", "type=export", "status=failed"):
        assert shop.get(f"{IMEX}/jobs?{query}").data == []
    assert shop.get(IMEX + "/jobs?status=done").status == 422
    assert shop.get(f"{IMEX}/export/{uuid}/events").reason == "NO_SUCH_ENTITY"
    assert shop.get(f"{IMEX}/export/{uuid}/download").reason == "NO_SUCH_ENTITY"
    assert shop.get(IMEX + "/import/x/events").reason == "NO_SUCH_ENTITY"


def test_a_store_has_one_job_at_a_time_and_a_cancelled_one_is_aborted(shop: Shop) -> None:
    here = domain(shop)
    content = HEADER + "".join(f"{here},/old-{number},/new-{number},,\n" for number in range(20_000))
    uuid = send(shop, content.encode()).json["id"]
    busy = shop.post(IMEX + "/export", {})
    assert (busy.status, busy.reason, busy.headers["x-retry-after"]) == (429, "TOO_MANY_AT_ONCE", "1")
    assert job(shop, uuid)["status"] in ("new", "working")
    (task,) = [one for one in shop.get("/v3/tasks").data if one["state"] in ("pending", "running")]
    assert shop.delete(f"/v3/tasks/{task['id']}").status == 204
    assert finished(shop, uuid)["status"] == "aborted"
    assert events(shop, "import", uuid)[-1]["status"] == "aborted"
    assert [one["id"] for one in shop.get(IMEX + "/jobs?status=aborted").data] == [uuid]
    again = send(shop, (HEADER + f"{here},/x,/y,,\n").encode())
    assert again.status == 201
    assert finished(shop, again.json["id"])["status"] == "complete"


def test_five_thousand_rows_are_quick_and_let_others_pass(shop: Shop) -> None:
    """While they are imported, a request waits for one part of the file at most."""
    here, product = domain(shop), shop.product("Hammer")
    content = HEADER + "".join(f"{here},/old-{number},,Product,{product}\n" for number in range(5_000))
    began = time.monotonic()
    uuid = send(shop, content.encode()).json["id"]
    waits = []
    while job(shop, uuid)["status"] in ("new", "working"):
        asked = time.monotonic()
        assert shop.put(f"/v3/catalog/products/{product}", {"name": f"Hammer {len(waits)}"}).status == 200
        waits.append(time.monotonic() - asked)
        assert time.monotonic() - began < 60
    told = job(shop, uuid)
    assert (told["status"], told["completed_items"], told["errors"]) == ("complete", 5_000, [])
    assert shop.get(REDIRECTS + "?limit=1").json["meta"]["pagination"]["total"] == 5_000
    assert len(waits) >= 5
    assert sorted(waits)[len(waits) // 2] < 2.0
    print(f"{time.monotonic() - began:.2f} s, longest wait {max(waits):.3f} s")


def test_events_arrive_while_the_job_goes_on(tmp_path: Path) -> None:
    """Over a socket: each step is told when it is done; a caller that leaves, and HEAD, hold nobody up."""
    with serving(tmp_path) as served, pytest.MonkeyPatch.context() as patch:
        resolve_localhost(patch)
        store = served.store("enterprise")
        token = store.account("--unlimited")["token"]
        client = requests.Session()
        client.headers["x-auth-token"] = token
        client.verify, client.trust_env = served.ca, False
        base = f"{served.https}/stores/{store.hash}/v3/storefront/redirects"
        host = f"store-{store.hash}.localhost"
        content = HEADER + "".join(f"{host},/old-{number},/new-{number},,\n" for number in range(6_000))
        assert len(content) > 200_000
        made = client.post(f"{base}/imex/import", files={"import_file": ("r.csv", content, "text/csv")})
        assert made.status_code == 201, made.text
        stream = f"{base}/imex/import/{made.json()['id']}/events"
        assert client.head(stream).status_code == 200
        with client.get(stream, stream=True) as left:
            next(left.iter_lines())
        told = []
        with client.get(stream, stream=True, headers={"accept": "text/event-stream"}) as heard:
            assert heard.headers["content-type"] == "text/event-stream"
            for line in heard.iter_lines():
                if line.startswith(b"data: "):
                    told.append(msgspec.json.decode(line.removeprefix(b"data: ")))
        assert told[-1]["status"] == "complete"
        assert told[-1]["completed_items"] == told[-1]["total_items"] == 6_000
        done = [one["completed_items"] for one in told]
        assert done == sorted(done)
        assert len(set(done)) > 2
        asked = client.get(f"{base}?keyword=old-5999&include=to_url").json()["data"]
        assert [one["from_path"] for one in asked] == ["/old-5999"]
        exported = client.post(f"{base}/imex/export", json={}).json()["id"]
        with client.get(f"{base}/imex/export/{exported}/events", stream=True) as heard:
            last = [line for line in heard.iter_lines() if line.startswith(b"data: ")][-1]
        assert b'"complete"' in last
        file = client.get(f"{base}/imex/export/{exported}/download")
        assert (file.status_code, len(file.text.splitlines())) == (200, 6_001)
