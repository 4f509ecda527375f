"""What a newcomer meets who has only the README: each mistake is told, and nothing is silent."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bodega.cli import main
from bodega.counted import counted
from bodega.journal.har import ArchiveFile, Recorded, read_archive
from bodega.testing import Lab, LabError
from served import BODEGA, PATIENCE, Served, environment, first_json, serving, started


def bodega(*words: str) -> Result:
    """A command, as somebody types it."""
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without a lab."""
    with serving(tmp_path_factory.mktemp("newcomer"), "--insecure-http") as served:
        yield served


@pytest.fixture
def place(tmp_path: Path) -> list[str]:
    """A directory with a store, which nobody serves."""
    where = ["--data", str(tmp_path / "data")]
    assert bodega("store", "create", "demo", *where).exit_code == 0
    return where


@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadfile")], ids=["alone", "several"])
def test_a_file_of_tests_that_is_not_there_is_named(options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "tests/test_nowhere.py"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 4
    assert "There is no file or directory tests/test_nowhere.py." in done.stdout + done.stderr


def test_numbers_have_their_nouns() -> None:
    told = [counted(*one) for one in ((1, "warning"), (0, "warning"), (2, "entry"), (1, "delivery"), (1234, "day"))]
    assert told == ["1 warning", "0 warnings", "2 entries", "1 delivery", "1,234 days"]


READING = (
    "store list", "store show demo", "store get demo", "store delete demo --yes", "account list demo", "logs demo",
    "owner list demo", "key show", "seed demo --products 1", "state apply demo empty-v2-list", "fault list demo",
    "fault add demo --status 503", "report demo", "scopes demo", "webhooks trigger demo store/order/created",
    "webhooks replay demo", "webhooks listen demo", "store snapshot demo a", "store diff demo a", "store clock demo",
    "live demo --changes 1", "doctor",
)  # fmt: skip


@pytest.mark.parametrize("line", READING)
def test_only_what_makes_a_store_makes_its_directory(line: str, tmp_path: Path) -> None:
    there = tmp_path / "none"
    done = bodega(*line.split(), "--data", str(there))
    assert not there.exists()
    if line not in ("store list", "doctor"):
        assert done.exit_code == 1
        assert str(there) in done.output
        assert "bodega store create" in done.output


def test_an_unknown_store_is_told_with_the_place_that_was_searched(place: list[str]) -> None:
    done = bodega("store", "show", "shop", *place)
    assert done.exit_code == 1
    assert f"There is no store shop in {place[1]}" in done.output


@pytest.mark.parametrize("lab", [(), ("--lab",)], ids=["alone", "lab"])
def test_a_store_is_called_what_was_said_last(lab: tuple[str, ...], tmp_path: Path) -> None:
    """Be it said by the command or by the API: both tell it."""
    with serving(tmp_path, "--insecure-http", *lab) as served:
        store = served.store()
        headers = {"x-auth-token": store.account()["token"], "content-type": "application/json"}
        connection = http.client.HTTPConnection(served.http.removeprefix("http://"), timeout=60)
        path = f"/stores/{store.hash}/v3/settings/store/profile"

        def profile(method: str, **members: str) -> str:
            connection.request(method, path, json.dumps(members) if members else None, headers)
            return str(json.loads(connection.getresponse().read())["data"]["store_name"])

        store.run("store set HASH name=Demo")
        for said, by_api in (("Newcomer", True), ("Demo", False), ("Again", True), ("Operator", False)):
            if by_api:
                profile("PUT", store_name=said)
            else:
                store.run(f"store set HASH name={said}")
            assert store.run("store get HASH name") == {"name": said}
            deadline = time.monotonic() + PATIENCE
            while (seen := profile("GET")) != said and time.monotonic() < deadline:
                time.sleep(0.1)
            assert seen == said
        connection.close()


# Faults without a lab


def test_a_rule_that_nobody_carries_out_is_told(house: Served, place: list[str]) -> None:
    assert "--lab" in bodega("fault", "add", "demo", "--status", "503", *place).output
    served = house.store()
    assert "--lab" in bodega("fault", "add", served.hash, "--status", "503", *house.place).output


def test_a_fault_that_a_server_without_a_lab_ignores_is_told(house: Served) -> None:
    store = house.store()
    token = store.account()["token"]
    connection = http.client.HTTPConnection(house.http.removeprefix("http://"), timeout=60)
    for _ in range(2):  # the second is like one that passed before
        headers = {"X-Auth-Token": token, "Bodega-Fault": "503"}
        connection.request("GET", f"/stores/{store.hash}/v3/catalog/products", headers=headers)
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 200
        assert "--lab" in (reply.getheader("bodega-fault") or "")
    connection.request("GET", f"/stores/{store.hash}/v3/catalog/products", headers={"X-Auth-Token": token})
    reply = connection.getresponse()
    reply.read()
    assert reply.getheader("bodega-fault") is None
    connection.close()


def test_tests_are_told_what_their_server_lacks(house: Served) -> None:
    lab = Lab(house.http)
    with pytest.raises(LabError, match="--lab"):
        lab.stores()
    lab.close()
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 .*--bodega-url or BODEGA_URL"):
        Lab("http://127.0.0.1:9").stores()


# Parity


def test_a_recording_is_whole_at_any_moment(tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    one = Recorded("GET", "http://h/v3/x", [], None, 200, [("a", "b")], b"{}")
    with ArchiveFile(file) as archive:
        for number in range(3):
            assert len(read_archive(file.read_bytes())) == number
            archive.add(one)
    assert [each.method for each in read_archive(file.read_bytes())] == ["GET"] * 3


def test_a_recording_that_cannot_be_written_does_not_begin(tmp_path: Path) -> None:
    done = bodega("parity", "record", "--to", "http://127.0.0.1:9", "--output", str(tmp_path / "no" / "run.har"))
    assert done.exit_code == 1
    assert "cannot be written" in done.output


def test_a_recording_outlives_a_kill(house: Served, tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    with started("parity", "record", "--json", "--to", house.http, "--output", str(file)) as proxy:
        url = first_json(proxy)["url"]
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request("GET", "/stores/none/v3/catalog/products")
        connection.getresponse().read()
        connection.close()
        proxy.kill()
        proxy.wait(PATIENCE)
    assert [one.status for one in read_archive(file.read_bytes())] == [401]


def test_wrong_credentials_end_a_replay(house: Served, tmp_path: Path) -> None:
    file = tmp_path / "run.har"
    with ArchiveFile(file) as archive:
        for _ in range(3):
            archive.add(Recorded("GET", "http://h/stores/a/v3/catalog/products", [], None, 200, [], b"{}"))
    base = f"{house.http}/stores/{house.store().hash}"
    done = bodega("parity", "replay", str(file), "--to", base, "--token", "wrong")
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 1
    assert "refuses the credentials (401" in done.output
    nobody = bodega("parity", "replay", str(file), "--to", "https://127.0.0.1:9/stores/a")
    assert nobody.exit_code == 1
    assert "no connection to it could be made" in nobody.output
    assert "ssl:" not in nobody.output


# Words


def test_what_is_near_is_named(place: list[str]) -> None:
    bodega("store", "snapshot", "demo", "a", *place)
    for line, told in (
        ("store diff demo a --resource produts", "Did you mean products"),
        ("webhooks trigger demo store/order/creatd", "did you mean store/order/created"),
        ("webhooks trigger demo store/order/*", "stands for many events"),
        ("webhooks replay demo --hook 999", "Hook 999 does not exist"),
        ("report demo --account nobody", "has no account nobody"),
        ("scopes demo --account nobody", "has no account nobody"),
    ):
        done = bodega(*line.split(), *place)
        assert (line, done.exit_code) == (line, 1), done.output
        assert told in done.output
    bodega("account", "create", "demo", "connector", *place)
    assert "Did you mean connector?" in bodega("report", "demo", "--account", "conector", *place).output


def test_a_new_store_does_not_differ_from_its_first_snapshot(place: list[str]) -> None:
    bodega("store", "snapshot", "demo", "a", *place)
    assert bodega("seed", "demo", "--customers", "1", *place).exit_code == 0
    shown = bodega("store", "diff", "demo", "a", "--json", *place)
    made = [one["resource"] for one in json.loads(shown.stdout)]
    assert "customers" in made
    assert not {"channels", "currencies", "tax_classes", "trees"} & set(made)


def test_listening_without_a_server_is_told(place: list[str]) -> None:
    bodega("account", "create", "demo", "app", *place)
    bodega("store", "set", "demo", "webhooks.allow_private=true", *place)
    process = subprocess.Popen(
        [*BODEGA, "webhooks", "listen", "demo", *place], stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stderr is not None
    try:
        assert "Listening" in process.stderr.readline()
        assert "No server serves" in process.stderr.readline()
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stderr.close()


def test_help_says_what_is_so() -> None:
    assert "throwaway directory" in bodega("dev", "--help").output
    assert "manieth" not in bodega("fault", "add", "--help").output


def test_the_page_lists_what_can_be_triggered() -> None:
    from bodega.events.scopes import SCOPES

    page = (Path(__file__).parent.parent / "docs" / "webhooks.md").read_text("utf-8")
    block = page.rpartition("```\n")[0].rpartition("```\n")[2]
    listed = {f"{path}/{event}" for path, _, events in (line.partition(": ") for line in block.splitlines())
              for event in events.split()}  # fmt: skip
    assert listed == {scope for scope in SCOPES if not scope.endswith("*")}
