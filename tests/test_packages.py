"""The packages as a newcomer gets them: built, installed into a fresh environment without the checkout, and walked
through by the README alone, from the first answer to the first webhook."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from bodega import __version__
from chromium import DESK, driver, keep_picture
from test_operations_page import NO_INDEX, free_port

__all__ = ["driver"]

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PATIENCE = 300
WALK = README.partition("## The first quarter of an hour\n")[2].partition("\n## ")[0]


class Built(NamedTuple):
    """What `make dist` builds."""

    wheel: Path
    source: Path


def run(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], text=True, capture_output=True, timeout=PATIENCE, **more)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--directory", folder, cwd=ROOT, check=True)
    assert len(list(folder.iterdir())) == 2
    [wheel], [source] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, source)


def test_both_packages_pass_the_check_of_an_index(built: Built) -> None:
    told = run(Path(sys.executable).parent / "twine", "--no-color", "check", "--strict", *built, check=True).stdout
    assert told.count("PASSED") == 2


def test_a_wheel_built_from_the_source_is_the_same(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.source) as packed:
        packed.extractall(tmp_path, filter="data")
    [unpacked] = tmp_path.iterdir()
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO"} <= {
        one.name for one in unpacked.iterdir()
    }
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=unpacked, check=True)
    [again] = (unpacked / "dist").glob("*.whl")
    with zipfile.ZipFile(built.wheel) as ours, zipfile.ZipFile(again) as theirs:
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
        assert [name for name in ours.namelist() if ours.read(name) != theirs.read(name)] == []


def test_the_wheel_says_what_it_is(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as packed:
        names = packed.namelist()
        told = message_from_bytes(packed.read(f"bodega-{__version__}.dist-info/METADATA"))
    assert "bodega/py.typed" in names
    assert told["Version"] == __version__
    assert f"bodega-{__version__}.dist-info/licenses/LICENSE" in names
    assert {"mcp", "otel", "pytest"} <= set(told.get_all("Provides-Extra") or ())
    assert "Typing :: Typed" in (told.get_all("Classifier") or ())


class Newcomer:
    """Somebody with the README, a wheel, and a folder of their own."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        self.ports = {"8080": free_port(), "8443": free_port()}
        pins = folder / "constraints.txt"
        locks = [(ROOT / "requirements" / f"{name}.txt").read_text("utf-8") for name in ("run", "dev")]
        pins.write_text("\n".join(sorted(set(re.findall(r"(?m)^[A-Za-z0-9._-]+==[^ \\\n]+", "".join(locks))))) + "\n")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "PYTEST_", "PYTHON"))
        }
        self.environment = kept | {"PIP_CONSTRAINT": str(pins), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TERM": "dumb"}
        self.wheel = wheel
        self.sh = re.findall(r"^```sh\n(.*?)^```$", WALK, re.MULTILINE | re.DOTALL)
        self.python = re.findall(r"^```python\n(.*?)^```$", WALK, re.MULTILINE | re.DOTALL)

    def block(self, text: str) -> str:
        """A block of the README, with the wheel's place and free ports."""
        for port, free in self.ports.items():
            text = text.replace(f":{port}/", f":{free}/")
        text = text.replace("/path/to/bodega", str(self.wheel)).replace("curl -s", "curl -s --fail-with-body")
        ports = f"--http-port {self.ports['8080']} --https-port {self.ports['8443']}"
        return re.sub(r"(?m)^bodega dev .*$", rf"exec \g<0> {ports}", text).replace(
            "bodega webhooks", "exec bodega webhooks"
        )

    def types(self, text: str) -> str:
        """What a block prints; it ends where a command fails."""
        done = run(
            "bash", "-euo", "pipefail", "-c", self.block(text), cwd=self.folder, env=self.environment, check=False
        )
        if any(why in done.stderr for why in NO_INDEX):
            pytest.skip("the index of packages cannot be reached")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def terminal(self, name: str, text: str) -> Iterator[Path]:
        """One in which a block goes on until the end; what it prints."""
        log = self.folder / f"{name}.log"
        with log.open("w") as file, subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", self.block(text)], cwd=self.folder, env=self.environment,
            stdout=file, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            try:
                yield log
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()

    @property
    def activate(self) -> str:
        return f". {self.folder}/shop/bin/activate\n"


def seen(log: Path, pattern: str) -> re.Match[str]:
    """Waits until a terminal shows it."""
    give_up = time.monotonic() + PATIENCE
    while not (found := re.search(pattern, log.read_text())):
        assert time.monotonic() < give_up, log.read_text()
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def newcomer(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """After the first block of the README."""
    somebody = Newcomer(tmp_path_factory.mktemp("newcomer"), built.wheel)
    somebody.types(somebody.sh[0])
    return somebody


@pytest.fixture(scope="module")
def dev(newcomer: Newcomer) -> Iterator[Path]:
    """The first terminal, once it has said where everything is."""
    with newcomer.terminal("dev", newcomer.activate + newcomer.sh[1]) as log:
        seen(log, r"export BODEGA_URL=")
        yield log


def test_nothing_is_taken_from_the_checkout(newcomer: Newcomer) -> None:
    told = newcomer.types(
        newcomer.activate + "python -m pip check; python -c 'import bodega; print(bodega.__file__)'; bodega --version"
    )
    lines = told.splitlines()
    assert lines[0] == "No broken requirements found."
    assert Path(lines[1]).is_relative_to(newcomer.folder / "shop")
    assert lines[2] == f"bodega {__version__}"


def page(newcomer: Newcomer, path: str, host: str = "127.0.0.1") -> str:
    url = f"http://127.0.0.1:{newcomer.ports['8080']}{path}"
    with urlopen(Request(url, headers={"Host": f"{host}:{newcomer.ports['8080']}"}), timeout=PATIENCE) as reply:
        told: str = reply.read().decode()
        return told


@pytest.mark.usefixtures("dev")
def test_templates_static_files_and_pages_of_the_docs_are_in_it(newcomer: Newcomer) -> None:
    assert "# Testing your integration" in page(newcomer, "/docs/testing.md")
    assert "docs/" in page(newcomer, "/llms.txt")
    assert "<h1" in page(newcomer, "/docs")
    entry = page(newcomer, "/manage")
    style = re.search(r'href="(/[^"]+\.css[^"]*)"', entry)
    assert style
    assert "{" in page(newcomer, style[1])
    assert "<h1" in page(newcomer, "/", "store-demo.localhost")


@pytest.fixture(scope="module")
def ordered(newcomer: Newcomer, dev: Path) -> tuple[Any, str]:
    """The second and the third terminal: the order, and what the listener printed."""
    assert dev.exists()
    with newcomer.terminal("second", newcomer.sh[2]) as log:
        answer = json.loads(seen(log, r"(?m)^\{.*\}\s*(?=Listening)").group())
        assert len(answer["data"]) == 3
        order = json.loads(newcomer.types(newcomer.sh[3]))
        return order, seen(log, r"store/order/created (\{.*\})").group(1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which is not installed here")
def test_the_first_answer_the_first_order_and_the_first_webhook(ordered: tuple[Any, str]) -> None:
    order, heard = ordered
    assert order["status"] == "Pending"
    assert json.loads(heard) == {"type": "order", "id": order["id"]}


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which is not installed here")
def test_the_first_order_in_the_panel(newcomer: Newcomer, dev: Path, ordered: tuple[Any, str], driver: Any) -> None:
    order, _ = ordered
    link = seen(dev, r"Panel +(http://\S+)").group(1)
    tab = driver.new_page(viewport=DESK)
    try:
        tab.goto(link)
        tab.get_by_role("button", name="Open the panel").click()
        tab.get_by_role("heading", name="Overview").wait_for()
        tab.get_by_role("link", name="Orders", exact=True).first.click()
        tab.get_by_role("link", name=str(order["id"]), exact=False).first.wait_for()
        assert "Ada Byron" in tab.content()
        tab.goto(f"{urlsplit(link)._replace(path='/manage/stores/demo/orders', query='').geturl()}/{order['id']}")
        tab.get_by_text("Copper kettle").first.wait_for()
        keep_picture(tab, "newcomer-order")
    finally:
        tab.close()


def test_the_first_test(newcomer: Newcomer) -> None:
    [code] = newcomer.python
    (newcomer.folder / "test_shop.py").write_text(code)
    assert "1 passed" in newcomer.types(newcomer.sh[4])


def test_its_types_reach_who_uses_it(newcomer: Newcomer, tmp_path: Path) -> None:
    (tmp_path / "uses.py").write_text("from bodega.testing import Lab\n\nLab('http://127.0.0.1:1').create(7)\n")
    python = newcomer.folder / "shop" / "bin" / "python"
    line = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file=",
        "--cache-dir",
        tmp_path / "cache",
        "--follow-imports=silent",
    ]
    done = run(*line, "--python-executable", python, "uses.py", cwd=tmp_path, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r'uses\.py:3: error: Argument 1 to "create" of "Lab" has incompatible type "int"', done.stdout), (
        done.stdout
    )


INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip


@pytest.mark.usefixtures("dev")
def test_the_extra_mcp_is_what_its_command_needs(newcomer: Newcomer) -> None:
    url = f"http://127.0.0.1:{newcomer.ports['8080']}"
    asks = f"export BODEGA_URL={url}\nprintf '%s\\n' '{json.dumps(INITIALIZE)}' | bodega mcp"
    before = newcomer.types(newcomer.activate + f"({asks}) 2>&1 || echo failed")
    assert "pip install '.[mcp]'" in before
    assert before.endswith("failed\n")
    told = newcomer.types(newcomer.activate + f"python -m pip install -q '{newcomer.wheel}[mcp]'\n{asks}")
    assert json.loads(told.splitlines()[-1])["result"]["serverInfo"]["name"] == "bodega"


def test_the_source_distribution_installs_and_answers(newcomer: Newcomer, built: Built) -> None:
    """Last: it takes the wheel's place."""
    told = newcomer.types(
        newcomer.activate + f"python -m pip install -q --force-reinstall --no-deps '{built.source}'; bodega --version"
    )
    assert told.splitlines()[0] == f"bodega {__version__}"
    newcomer.ports = {"8080": free_port(), "8443": free_port()}
    with newcomer.terminal("again", newcomer.activate + newcomer.sh[1].replace("--data demo", "--data other")) as log:
        seen(log, r"export BODEGA_URL=")
        url = f"http://127.0.0.1:{newcomer.ports['8080']}/stores/demo/v3/catalog/products?limit=3"
        with urlopen(Request(url, headers={"X-Auth-Token": "demo-token"}), timeout=PATIENCE) as reply:
            assert len(json.load(reply)["data"]) == 3
