"""The pages that show what to type: their blocks of sh are run as they stand, on a demo store, in their order."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from served import first_json, started

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which is not installed here")


class Demo(NamedTuple):
    """The store of `bodega dev`, and where it is."""

    http: str
    data: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    where = str(tmp_path_factory.mktemp("pages") / "data")
    ports = ("--http-port", "0", "--https-port", "0")
    amounts = ("--products", "3", "--customers", "1", "--orders", "0", "--promotions", "0")
    with started("dev", "--data", where, *ports, *amounts, "--json") as server:
        yield Demo(first_json(server)["http"], where)


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in one language."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def typed(demo: Demo, folder: Path, script: str, **others: str) -> str:
    """What a script prints; it ends where a command fails, or a request is refused."""
    port = urlsplit(demo.http).port
    for here, there in {"8080": str(port), **others}.items():
        script = re.sub(rf"(://[\w.-]+):{here}\b", rf"\1:{there}", script)
    script = re.sub(r"\bcurl -s\b", "curl -s --fail-with-body", script)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "PYTEST_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=PATIENCE,
        env=kept | {"BODEGA_DATA": demo.data, "BODEGA_URL": demo.http, "PATH": path}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def replies(told: str) -> list[Any]:
    """The JSON bodies among what was printed, in their order."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while (start := told.find("{", at)) >= 0:
        value, at = decoder.raw_decode(told, start)
        found.append(value)
    return found


def test_tax(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/tax.md", "sh")
    rate, zone = replies(typed(demo, tmp_path, block))
    [made], [found] = rate["data"], zone["data"]
    assert (found["name"], found["id"]) == ("New South Wales", made["tax_zone_id"])
    assert {one["tax_class_id"]: one["rate"] for one in made["class_rates"]} == {0: 10, 2: 10}


def test_what_a_path_takes(demo: Demo, tmp_path: Path) -> None:
    [block] = [one for one in blocks("docs/law.md", "sh") if "OPTIONS" in one]
    [told] = replies(typed(demo, tmp_path, block))
    assert "shopper_target_settings" in {field["name"] for field in told["data"]["fields"]}
    assert told["data"]["list_methods"] == ["POST", "PUT"]


def test_settings_of_a_store(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/store-settings.md", "sh")
    told = typed(demo, tmp_path, block)
    profile, search = replies(told)
    assert profile["data"]["store_name"] == "Newcomer"
    assert re.search(r"^name +Newcomer$", told.replace("}", "}\n"), re.MULTILINE)
    assert search["data"]["search_suggest"] is False


def test_a_query_by_graphql(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/storefront.md", "sh")
    [answer] = replies(typed(demo, tmp_path, block))
    assert len(answer["data"]["site"]["products"]["edges"]) == 2


def test_tokens_and_sign_in(demo: Demo, tmp_path: Path) -> None:
    token, app, browser = blocks("docs/storefront-tokens.md", "sh")
    [login] = blocks("docs/storefront-tokens.md", "python")
    (tmp_path / "login.py").write_text(login)
    [answer] = replies(typed(demo, tmp_path, token))
    assert answer["data"]["site"]["settings"]["storeName"]
    typed(demo, tmp_path, app)
    told = typed(demo, tmp_path, browser)
    assert told.startswith("HTTP/1.1 302 ")
    assert re.search(r"^[\w-]+\.[\w-]+\.[\w-]+\Z", told, re.MULTILINE), "who is signed in"


def test_redirects_of_a_file(demo: Demo, tmp_path: Path) -> None:
    [table] = blocks("docs/content.md", "csv")
    [block] = blocks("docs/content.md", "sh")
    (tmp_path / "redirects.csv").write_text(table)
    told = typed(demo, tmp_path, block)
    [job] = replies(told[told.index('{"data":[') :])[0]["data"]
    assert (job["total_items"], job["completed_items"], job["errors"]) == (2, 2, [])
    assert "HTTP/1.1 301 " in told
    assert re.search(r"^location: /new-name\r?$", told, re.MULTILINE)


def test_a_theme(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/themes.md", "sh")
    [job] = replies(typed(demo, tmp_path, block))
    assert job["data"]["status"] in ("QUEUED", "WORKING", "COMPLETED")
    names: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while "Mine" not in names and time.monotonic() < deadline:
        time.sleep(0.1)
        asked = Request(f"{demo.http}/stores/demo/v3/themes", headers={"X-Auth-Token": "demo-token"})
        with urlopen(asked, timeout=60) as reply:
            names = [one["name"] for one in json.load(reply)["data"]]
    assert "Mine" in names


def test_sample_providers(demo: Demo, tmp_path: Path) -> None:
    """Both run, and are connected: the store has asked the second whether its key is right."""
    tax, shipping, connecting = blocks("examples/README.md", "sh")
    with ExitStack() as stack:
        ports = {}
        for line in (tax, shipping):
            [port] = re.findall(r"--port (\d+)", line)
            words = line.strip().replace(f"--port {port}", "--port 0").split()[1:]
            process = stack.enter_context(
                subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(process.terminate)
            assert process.stdout is not None
            ports[port] = str(urlsplit(process.stdout.readline().strip()).port)
        told = typed(demo, tmp_path, connecting, **ports)
    configured, method = replies(told)
    assert configured["data"]["configured"] is True
    assert method["type"] == "sample"


def test_the_clock(demo: Demo, tmp_path: Path) -> None:
    commands, http = blocks("docs/how-to/clock.md", "sh")
    assert "2030-02-02T12:00:00" in typed(demo, tmp_path, commands)
    frozen, advanced, live = replies(typed(demo, tmp_path, http))
    assert [one["mode"] for one in (frozen, advanced, live)] == ["frozen", "frozen", "live"]
    assert (frozen["now"][:10], advanced["now"][:10]) == ("2030-01-31", "2030-02-02")


def test_snapshots_and_forks(demo: Demo, tmp_path: Path) -> None:
    snapshot, fork, undo = blocks("docs/how-to/snapshots-and-forks.md", "sh")
    assert re.search(r"^~ products 1 .*price: [\d.]+ -> 99", typed(demo, tmp_path, snapshot), re.MULTILINE)
    [found] = replies(typed(demo, tmp_path, fork).partition("\n")[0])
    assert len(found["data"]) == 1
    [name] = re.findall(r'{"name": "(.+?)"}', undo)
    given = [brand for brand, *_ in json.loads((ROOT / "src/bodega/lab/words.json").read_text("utf-8"))["brands"]]
    everywhere = " ".join(
        page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md") if page.name != "snapshots-and-forks.md"
    )
    assert name not in given, "it would be a duplicate in a store with sample data"
    assert f'"name": "{name}"' not in everywhere, "or where another page was followed"
    assert "is undone" in typed(demo, tmp_path, undo)


def test_named_states(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/how-to/states.md", "sh")
    told = typed(demo, tmp_path, block)
    assert "refunded-in-part" in told
    assert "Refunded twice" in told
    assert replies(told)[-1]["ids"]


def test_events_fired_and_delivered_again(demo: Demo, tmp_path: Path) -> None:
    fire, again = blocks("docs/how-to/webhooks.md", "sh")
    assert typed(demo, tmp_path, fire).count("store/order/") >= 3
    assert re.search(r"\d+ deliver", typed(demo, tmp_path, again))


def test_the_report_card(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/how-to/report-card.md", "sh")
    told = typed(demo, tmp_path, block.replace("curl -s", "curl  -s"))
    assert "repeated-refusal" in told
    assert "repeated-refusal" in (tmp_path / "report.xml").read_text("utf-8")


def test_least_permission(demo: Demo, tmp_path: Path) -> None:
    run, other = blocks("docs/how-to/least-permission.md", "sh")
    told = typed(demo, tmp_path, run)
    assert "store_v2_products" in told
    assert "store_v2_orders" in told
    assert json.loads((tmp_path / "smaller.json").read_text("utf-8"))["scopes"]
    assert typed(demo, tmp_path, other).rstrip().endswith("refused")


def test_backups(demo: Demo, tmp_path: Path) -> None:
    by_hand, scheduled = blocks("docs/how-to/backups.md", "sh")
    assert "drill" in typed(demo, tmp_path, by_hand)
    assert "backup" in typed(demo, tmp_path, scheduled)


def test_a_store_is_brought_over(demo: Demo, tmp_path: Path) -> None:
    [block] = blocks("docs/how-to/migrate.md", "sh")
    told = typed(demo, tmp_path, block)
    assert re.search(r"products +3\b", told), told


def test_the_tutorial_of_the_first_shop(demo: Demo, tmp_path: Path) -> None:
    """All its blocks in one shell, as typed: from nothing to an order that was sent."""
    told = typed(demo, tmp_path, "\n".join(blocks("docs/tutorials/first-shop.md", "sh")))
    assert '"name":"Tea House"' in told
    orders = json.loads(re.search(r"^\[\{.*\}\]$", told, re.MULTILINE)[0])  # type: ignore[index]
    assert [(one["status"], float(one["total_inc_tax"])) for one in orders] == [("Awaiting Fulfillment", 12.0)]
    assert '"inventory_level":19' in told
    assert '"status":"Shipped"' in told


def test_the_tutorial_of_the_first_test(tmp_path: Path) -> None:
    """Each block in its place: files as they grow, and runs that pass or fail as the page says."""
    page = (ROOT / "docs/tutorials/first-test.md").read_text("utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "PYTEST_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = []
    for language, body in re.findall(r"^```(python|sh|sh fails)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if language == "python":
            name, more = re.match(r"# (\w+\.py)(, more)?\n", body).groups()  # type: ignore[union-attr]
            with (tmp_path / name).open("a" if more else "x") as file:
                file.write(body)
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", body], cwd=tmp_path, env=kept | {"PATH": path}, text=True,
            capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) is (language == "sh fails"), done.stdout + done.stderr
        told.append(done.stdout)
    passed, failed, mended = told
    assert "1 passed" in passed
    assert "1 failed, 1 passed" in failed
    assert "HTTP Error 503" in failed
    assert re.search(r"MAINTENANCE, by fault rule \w+: 503;retry-after=0", failed)
    assert "bodega store maintenance" not in failed
    assert "2 passed" in mended
