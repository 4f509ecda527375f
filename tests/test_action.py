"""The GitHub Action: its file, and its shell steps run here with the runner's files made up."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from bodega.testing import Lab
from served import environment

ROOT = Path(__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "containers.md").read_text("utf-8")
PATIENCE = 180
COMMAND = str(Path(sys.executable).parent / "bodega")


class Runner:
    """Carries out the shell steps of the action as a runner does; the steps that `use` others only say so."""

    def __init__(self, temp: Path, command: str | None = COMMAND) -> None:
        self.temp = temp
        temp.mkdir()
        self.files = {name: temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
        for file in self.files.values():
            file.touch()
        self.environment = environment() | {name: str(file) for name, file in self.files.items()}
        self.environment |= {"RUNNER_TEMP": str(temp)} | ({"BODEGA_COMMAND": command} if command else {})
        self.used: list[dict[str, Any]] = []
        self.told = ""

    def use(self, **given: str) -> int:
        """One use of the action; the exit code of the first step that fails."""
        self.files["GITHUB_OUTPUT"].write_text("")
        inputs = {name: str(one["default"]) for name, one in ACTION["inputs"].items()} | given
        assert set(inputs) == set(ACTION["inputs"])
        known = {f"inputs.{name}": value for name, value in inputs.items()}
        known |= {"github.action_path": str(ROOT), "runner.temp": str(self.temp), "github.run_id": "1"}

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ ([\w.-]+)(?: \|\| [\w.]+)? \}\}", lambda found: known[found[1]], text)

        for step in ACTION["runs"]["steps"]:
            if not self.wanted(step["if"], known):
                continue
            if "uses" in step:
                self.used.append({"uses": step["uses"], **{name: filled(v) for name, v in step["with"].items()}})
                continue
            extra = {name: filled(value) for name, value in step["env"].items()}
            assert step["shell"] == "bash"
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                env=self.environment | extra, cwd=self.temp, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            self.told += done.stdout
            if done.returncode:
                return done.returncode
        return 0

    @staticmethod
    def wanted(condition: str, known: dict[str, str]) -> bool:
        """What the conditions of this action come to: comparisons with an empty text, with && between."""
        parts = [re.fullmatch(r"(inputs\.[\w-]+) (==|!=) ''", part) for part in condition.split(" && ")]
        assert all(parts), condition
        return all((known[part[1]] == "") is (part[2] == "==") for part in parts if part)

    def pairs(self, name: str) -> dict[str, str]:
        lines = self.files[name].read_text().splitlines()
        return dict(tuple(line.split("=", 1)) for line in lines)  # type: ignore[misc]

    def outputs(self) -> dict[str, str]:
        """The outputs of the action."""
        told = self.pairs("GITHUB_OUTPUT")
        return {
            name: told[one["value"].removeprefix("${{ steps.start.outputs.").removesuffix(" }}")]
            for name, one in ACTION["outputs"].items()
        }

    def stop(self) -> None:
        """Ends the server, as the end of a job does."""
        file = self.temp / "bodega-run" / "server.pid"
        if not file.exists():
            return
        number = int(file.read_text())
        os.kill(number, signal.SIGTERM)
        give_up = time.monotonic() + PATIENCE
        while self.runs(number):
            assert time.monotonic() < give_up
            time.sleep(0.05)
        file.unlink()

    @staticmethod
    def runs(number: int) -> bool:
        try:
            return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False


@pytest.fixture
def runners(tmp_path: Path) -> Iterator[Any]:
    """Makes runners, and ends what they started."""
    made: list[Runner] = []

    def one(command: str | None = COMMAND) -> Runner:
        made.append(Runner(tmp_path / f"runner-{len(made)}", command))
        return made[-1]

    yield one
    for runner in made:
        runner.stop()


def ask(outputs: dict[str, str], path: str, body: Any = None) -> Any:
    headers = {"X-Auth-Token": outputs["token"], "Accept": "application/json", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    with urlopen(Request(outputs["store-url"] + path, content, headers), timeout=PATIENCE) as reply:
        return json.load(reply)


def test_it_starts_a_server_and_keeps_its_store_from_run_to_run(runners: Any) -> None:
    first = runners()
    assert first.use(seed="products=3 customers=1") == 0, first.told
    outputs = first.outputs()
    assert first.used == []
    assert first.pairs("GITHUB_ENV")["BODEGA_URL"] == outputs["url"]
    assert outputs["store-url"] == f"{outputs['url']}/stores/ci"
    product = {"name": "Kettle", "type": "physical", "weight": 1, "price": 20}
    kettle = ask(outputs, "/v3/catalog/products", product)["data"]["id"]
    hook = {"scope": "store/product/*", "destination": "https://example.com/hook", "is_active": True}
    ask(outputs, "/v3/hooks", hook)
    lab = Lab(outputs["url"])
    assert [store["hash"] for store in lab.stores()] == ["ci"]
    lab.close()
    assert first.use() == 1
    assert "::error" in first.told
    assert "already" in first.told
    assert first.use(**{"save-state": "shop"}) == 0, first.told
    saved = first.temp / "bodega-state"
    assert first.used == [
        {"uses": "actions/upload-artifact@v4", "name": "shop", "path": str(saved), "if-no-files-found": "error"}
    ]
    assert {path.name for path in saved.iterdir()} == {"store", "store.backup", "account.json", "secrets.key"}
    first.stop()

    second = runners()
    (second.temp / "bodega-state").mkdir()
    for path in saved.iterdir():  # what the runner downloads; it forgets who may read a file
        (second.temp / "bodega-state" / path.name).write_bytes(path.read_bytes())
    assert second.use(**{"load-state": "shop", "github-token": "t"}) == 0, second.told
    assert second.used[0] == {
        "uses": "actions/download-artifact@v4", "name": "shop", "path": str(second.temp / "bodega-state"),
        "run-id": "", "github-token": "t",
    }  # fmt: skip
    again = second.outputs()
    assert again["token"] == outputs["token"]
    assert again["url"] != outputs["url"]
    assert ask(again, f"/v3/catalog/products/{kettle}")["data"]["name"] == "Kettle"
    assert len(ask(again, "/v3/hooks")["data"]) == 1
    assert stat.S_IMODE((second.temp / "bodega-data" / "secrets.key").stat().st_mode) == 0o600
    second.stop()

    other = runners()
    (second.temp / "bodega-state").rename(other.temp / "bodega-state")
    assert other.use(**{"load-state": "shop", "store": "shop"}) == 1
    assert "store: ci" in other.told


def test_a_seed_that_is_none_and_saving_what_was_not_started_are_errors(runners: Any) -> None:
    runner = runners()
    assert runner.use(seed="produce=3") == 1
    assert "::error title=Bodega::There is no seed produce=3" in runner.told
    assert runners().use(**{"save-state": "shop"}) == 1


def test_a_server_that_does_not_start_ends_the_step_with_its_words(runners: Any, tmp_path: Path) -> None:
    broken = tmp_path / "bodega"
    broken.write_text(
        f'#!/bin/sh\n[ "$1" = serve ] && {{ echo "No port is free." >&2; exit 1; }}\nexec {COMMAND} "$@"\n'
    )
    broken.chmod(0o755)
    runner = runners(str(broken))
    assert runner.use() == 1
    assert "No port is free." in runner.told
    (runner.temp / "bodega-run" / "server.pid").unlink()


@pytest.mark.parametrize("version", ["", "bodega==0.1.0"])
def test_it_installs_what_it_is_told_to(runners: Any, tmp_path: Path, version: str) -> None:
    """With a Python that makes an environment whose pip only writes down what it is asked for."""
    pip = f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\n'
    made = f'#!/bin/sh\nexec {COMMAND} "$@"\n'
    python = (
        f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"\nmkdir -p "$3/bin"\n'
        f'cat > "$3/bin/pip" <<\'E\'\n{pip}E\ncat > "$3/bin/bodega" <<\'E\'\n{made}E\nchmod +x "$3"/bin/*\n'
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(python)
    (tmp_path / "bin" / "python3").chmod(0o755)
    runner = runners(None)
    runner.environment["PATH"] = f"{tmp_path / 'bin'}:{runner.environment['PATH']}"
    assert runner.use(version=version) == 0, runner.told
    asked = (tmp_path / "asked").read_text().splitlines()
    locked = [
        f"install --quiet --require-hashes --requirement {ROOT}/requirements/run.txt",
        f"install --quiet --no-deps {ROOT}",
    ]
    assert asked == ([f"install --quiet {version}"] if version else locked)
    assert runner.files["GITHUB_PATH"].read_text().strip() == str(runner.temp / "bodega-venv" / "bin")


def test_its_file_is_that_of_a_composite_action() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert set(ACTION["outputs"]) == {"url", "store-url", "token"}
    for step in ACTION["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "${{" not in step.get("run", ""), "inputs reach a script through its environment"
    for name, one in (ACTION["inputs"] | ACTION["outputs"]).items():
        assert one["description"], name


def test_the_page_shows_the_action_as_it_is() -> None:
    shown = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    uses = [step for one in shown if "steps" in one for step in one["steps"] if "bodega" in step.get("uses", "")]
    assert len(uses) >= 2
    for step in uses:
        assert set(step.get("with", {})) <= set(ACTION["inputs"])
