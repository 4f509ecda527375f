"""The container file and the composition, without a daemon: what the container file does is carried out in a folder,
and the server is started from it as the image would start it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import yaml

from bodega.cli import serve
from bodega.config import Config, DataLocation
from bodega.testing import Lab, LabError
from served import PATIENCE, environment
from test_operations_page import NO_INDEX, free_port

ROOT = Path(__file__).parent.parent
FILE = ROOT / "deploy" / "Containerfile"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "containers.md").read_text("utf-8")
BASE_MB = 53
"""What gcr.io/distroless/python3-debian12 takes, uncompressed."""
MOST_MB = 125
KEY = "a-key-for-tests"


class Line(NamedTuple):
    """An instruction of a container file, in one line."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its words: a JSON list, or as a shell splits them."""
        found: list[str] = json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)
        return found


def lines() -> list[Line]:
    text = re.sub(r"^#.*\n", "", FILE.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [Line(name, " ".join(rest.split()) if name != "RUN" else rest) for name, _, rest in found]


def stages() -> list[list[Line]]:
    """The instructions of each stage."""
    told: list[list[Line]] = []
    for line in lines():
        if line.name == "FROM":
            told.append([])
        told[-1].append(line)
    return told


BUILD, FINAL = stages()


def one(name: str, stage: list[Line] = FINAL) -> Line:
    [found] = [line for line in stage if line.name == name]
    return found


def health() -> list[str]:
    """The command of the health check."""
    found: list[str] = json.loads(one("HEALTHCHECK").text.partition("CMD ")[2])
    return found


def variables() -> dict[str, str]:
    return dict(word.split("=", 1) for word in one("ENV").words)  # type: ignore[misc]


class Stopped(Exception):
    """Instead of listening; has what the server was told."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config


def configured(words: list[str], **given: str) -> Config:
    """What `serve` makes of a command line and an environment, without serving."""

    def stop(config: Config) -> None:
        raise Stopped(config)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        patch.setattr(serve, "alone", lambda _place: nullcontext())
        patch.setattr(serve, "look_after_secrets", lambda _place: None)
        patch.setattr(serve, "bind", stop)
        with pytest.raises(Stopped) as stopped:
            serve.command.main(words, standalone_mode=False)
    return stopped.value.config


def test_the_image_runs_as_nobody_and_says_what_it_is() -> None:
    user = one("USER").text
    assert user.partition(":")[0].isdigit()
    assert int(user.partition(":")[0]) > 0
    assert json.loads(one("VOLUME").text) == [variables()["BODEGA_DATA"]]
    owners = [line.text for line in FINAL if line.name == "COPY" and variables()["BODEGA_DATA"] in line.text.split()]
    assert all(f"--chown={user}" in text for text in owners)
    ports = {int(port) for port in one("EXPOSE").words}
    assert ports == {Config().http_port, Config().https_port}
    assert not any(line.name == "ADD" for line in lines())


def test_what_is_copied_exists_and_is_sent_to_the_build() -> None:
    sent = (ROOT / "deploy" / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in sent
    copied = [line.words for line in BUILD if line.name == "COPY"]
    assert copied
    for source, _ in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in sent
    for line in FINAL:
        if line.name == "COPY":
            assert "--from=build" in line.words


def test_only_the_locked_dependencies_are_installed() -> None:
    installs = [line.text for line in BUILD if line.name == "RUN" and "pip install" in line.text]
    assert len(installs) == 1
    assert "--require-hashes --requirement /source/requirements/run.txt" in installs[0]
    assert "pip" not in "".join(line.text for line in FINAL)


def test_the_entry_point_is_a_command_line_that_serves_everybody() -> None:
    program, *words = [*one("ENTRYPOINT").words, *one("CMD").words]
    assert program == "/usr/bin/python3"
    assert words[:3] == ["-m", "bodega.cli", "serve"]
    place = {"BODEGA_DATA": variables()["BODEGA_DATA"]}
    config = configured(words[3:], **place)
    assert (config.host, config.insecure_http, config.lab) == ("0.0.0.0", True, False)
    assert config.place == DataLocation(Path(variables()["BODEGA_DATA"]))
    assert configured(words[3:], BODEGA_LAB_KEY=KEY, **place).lab


def test_the_composition_waits_for_a_database_that_the_server_then_uses() -> None:
    services = COMPOSE["services"]
    server, database = services["bodega"], services["database"]
    there = ROOT / "deploy" / server["build"]["context"]
    assert (there / server["build"]["dockerfile"]).resolve() == FILE
    assert server["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    given = {name: re.sub(r"\$\{(\w+)[^}]*\}", "a-secret", text) for name, text in server["environment"].items()}
    config = configured(server["command"][1:], **given)
    assert config.place.database == given["BODEGA_DATABASE"]
    url = urlsplit(given["BODEGA_DATABASE"])
    assert url.hostname in services
    made = database["environment"]
    assert (url.username, url.path) == (made["POSTGRES_USER"], f"/{made['POSTGRES_DB']}")
    assert (config.lab, config.workers) == (True, 2)
    mounted = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert mounted == set(COMPOSE["volumes"])
    assert variables()["BODEGA_DATA"] in [volume.split(":")[1] for volume in server["volumes"]]
    for port in server["ports"]:
        assert port.startswith("127.0.0.1:"), "nobody else is meant to reach a server for tests"


def test_the_recipes_of_the_page_are_code() -> None:
    [python] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    compile(python, "conftest.py", "exec")
    assert "from bodega.testing import Lab" in python
    [script] = re.findall(r"^```js\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    if node := shutil.which("node"):
        subprocess.run([node, "--input-type=module", "--check"], input=script, text=True, check=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first stage makes, in a folder that stands for `/`."""
    root = tmp_path_factory.mktemp("image")
    tools = root / "tools"
    tools.mkdir()
    names = {"python": 'exec {} "$@"', "pip": 'exec {} -m pip "$@"', "apt-get": "exit 0"}
    names |= {} if shutil.which("strip") else {"strip": "exit 0"}
    for name, script in names.items():
        (tools / name).write_text("#!/bin/sh\n" + script.format(sys.executable) + "\n")
        (tools / name).chmod(0o755)

    def here(text: str) -> str:
        return re.sub(r"(?<![\w.*])/(?=(?:app|data|source|var)\b)", f"{root}/", text)

    for line in BUILD:
        if line.name == "COPY":
            source, target = line.words
            place = Path(here(target))
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
        elif line.name == "RUN":
            done = subprocess.run(
                ["sh", "-c", here(line.text)], cwd=root, capture_output=True, text=True, timeout=600, check=False,
                env={**environment(), "PATH": f"{tools}:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )  # fmt: skip
            if any(why in done.stderr for why in NO_INDEX):
                pytest.skip("the index of packages cannot be reached")
            assert done.returncode == 0, (line.text, done.stderr)
    return root


def test_it_is_small(image: Path) -> None:
    size = sum(file.stat().st_size for file in (image / "app").rglob("*") if file.is_file()) / 1e6
    print(f"{size:.1f} MB")
    if not shutil.which("strip"):
        pytest.skip(f"without binutils nothing is stripped: {size:.0f} MB")
    assert size < 70, f"{size:.1f} MB are laid on the base of {BASE_MB} MB"
    assert size + BASE_MB < MOST_MB


def test_no_library_needs_what_the_base_has_not(image: Path) -> None:
    """The base has the C library, its own parts, and what Python itself is linked with."""
    needed = set()
    for library in (image / "app").rglob("*.so*"):
        told = subprocess.run(["ldd", str(library)], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert "not found" not in told.stdout, library
        needed |= {line.split()[0] for line in told.stdout.splitlines() if "=> /lib/" in line or "=> /usr/lib/" in line}
    known = "libc libm libpthread libdl libutil librt libgcc_s libstdc++ libz"
    assert {name.partition(".so")[0] for name in needed} <= set(known.split())


@pytest.fixture
def container(image: Path, tmp_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The server as the image starts it, on another port: the port, and the environment of its commands."""
    port = free_port()
    own = {
        "PYTHONPATH": str(image / "app"),
        "BODEGA_DATA": str(tmp_path),
        "BODEGA_LAB_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
    }
    words = [*one("ENTRYPOINT").words[1:], *one("CMD").words, "--http-port", str(port), "--https-port", "0", "--json"]
    with subprocess.Popen(
        [sys.executable, *words], env=own, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            while process.stdout.readline().strip() != "}":
                assert process.poll() is None
            yield port, own
        finally:
            process.terminate()
            process.wait(PATIENCE)


def test_what_was_built_serves_and_its_health_check_says_so(image: Path, container: tuple[int, dict[str, str]]) -> None:
    port, own = container
    _, *check = health()
    assert "8080" in check[-1]
    check[-1] = check[-1].replace(":8080/", f":{port}/")
    asked = [sys.executable, *check]
    assert subprocess.run(asked, env=own, timeout=PATIENCE, check=False).returncode == 0
    unused = check[-1].replace(f":{port}/", f":{free_port()}/")
    failed = subprocess.run([sys.executable, "-c", unused], env=own, timeout=PATIENCE, check=False, capture_output=True)
    assert failed.returncode == 1
    url = f"http://127.0.0.1:{port}"
    stranger = Lab(url)
    with pytest.raises(LabError):
        stranger.stores()
    stranger.close()
    lab = Lab(url, KEY)
    store = lab.create("tests")
    product = {"name": "Kettle", "type": "physical", "weight": 1, "price": 20}
    assert store.request("POST", "/v3/catalog/products", product).status == 200
    lab.close()
    where = subprocess.run(
        [sys.executable, "-c", "import bodega, PIL; print(bodega.__file__, PIL.__file__)"], env=own, timeout=PATIENCE,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.count(str(image / "app")) == 2
