"""The page about testing: what it shows is run as it stands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import first_json, started
from test_javascript import COMMAND, installed, run  # noqa: F401 - a fixture

PAGE = (Path(__file__).parent.parent / "docs" / "testing.md").read_text("utf-8")
PATIENCE = 300


def blocks(language: str) -> list[str]:
    """The code of a language, in the order of the page."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found, language
    return found


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server with a lab."""
    ports = ("--http-port", "0", "--https-port", "0")
    with started("serve", "--lab", "--insecure-http", "--data", str(tmp_path / "data"), *ports, "--json") as server:
        yield first_json(server)["http"]


def environment(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("BODEGA_", "PYTEST_"))} | more


def test_python(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("python")):
        (tmp_path / f"test_page_{number}.py").write_text(block)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=tmp_path, env=environment(),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm, which are not installed here")
def test_javascript(installed: Path) -> None:  # noqa: F811
    config, block = blocks("js")
    folder = installed / "page"
    folder.mkdir()
    (folder / "vitest.config.js").write_text(config)
    (folder / "prices.test.js").write_text(block)
    told = run(folder, "npx", "--no-install", "vitest", "run", BODEGA_COMMAND=COMMAND, NO_COLOR="1")
    assert "1 passed" in told


def test_shell(url: str) -> None:
    [block] = blocks("sh")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace("curl -s", "curl -sf")], env=environment(BODEGA_URL=url),
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ok":true' in done.stdout.replace(" ", "")
    lines = done.stdout.splitlines()
    assert len(lines) == 4, "each reply stands in a line of its own"
    assert [isinstance(json.loads(line), dict) for line in lines] == [True] * 4
    again = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace("curl -s", "curl -sf")], env=environment(BODEGA_URL=url),
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert again.returncode == 0, "it leaves nothing behind, so it can be run again"


def template(url: str) -> None:
    """What the examples of other languages fork."""
    from bodega.testing import Lab

    Lab(url).call("POST", "/stores", {"hash": "template", "settings": {"journal": "full"}})


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs Ruby, which is not installed here")
def test_ruby(url: str, tmp_path: Path) -> None:
    template(url)
    [block] = blocks("ruby")
    connector = """
class MyConnector
  def initialize(base, token)
    @base, @token = base, token
  end

  def read_prices
    Net::HTTP.get(URI("#{@base}/v3/catalog/products"), "X-Auth-Token" => @token)
  end
end
"""
    file = tmp_path / "prices_test.rb"
    file.write_text(block.replace("class PricesTest", f"{connector}\nclass PricesTest"))
    run(tmp_path, "ruby", str(file), BODEGA_URL=url)


@pytest.mark.skipif(shutil.which("php") is None, reason="needs PHP, which is not installed here")
def test_php(url: str, tmp_path: Path) -> None:
    """Without PHPUnit: the class is driven as it would drive it."""
    template(url)
    [block] = blocks("php")
    stub = r"""
namespace PHPUnit\Framework {
    class TestCase { public function assertTrue($is, $why = '') { if (!$is) { throw new \Exception($why); } } }
}
namespace {
    class MyConnector {
        public function __construct(private string $base, private string $token) {}
        public function readPrices(): void {
            file_get_contents("{$this->base}/v3/catalog/products", false,
                stream_context_create(['http' => ['header' => "X-Auth-Token: {$this->token}"]]));
        }
    }
"""
    drive = """
    foreach (['setUp', 'testThePricesAreRead', 'tearDown'] as $name) {
        $method = new ReflectionMethod('PricesTest', $name);
        $method->setAccessible(true);
        $test = $test ?? new PricesTest();
        $method->invoke($test);
    }
    echo "done";
}
"""
    file = tmp_path / "prices.php"
    file.write_text("<?php\n" + stub + block.removeprefix("<?php\n") + drive)
    assert "done" in run(tmp_path, "php", str(file), BODEGA_URL=url)
