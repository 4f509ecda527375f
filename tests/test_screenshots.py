"""The index of the screenshots that a run leaves."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from chromium import SHOTS

ROOT = Path(__file__).parent.parent


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots", ROOT / "scripts" / "screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_index_shows_every_page_in_its_looks(script: ModuleType, tmp_path: Path) -> None:
    names = ("panel/orders-light", "panel/orders-dark", "panel/orders-phone", "shop/a&b-phone", "newcomer-order")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.png").write_bytes(b"")
    assert script.main(tmp_path) == 0
    page = (tmp_path / "index.html").read_text()
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["newcomer-order", "panel/orders", "shop/a&amp;b"]
    linked = re.findall(r'<a href="([^"]+)"', page)
    assert sorted(linked) == sorted(f"{name.replace('&', '%26')}.png" for name in names)
    assert re.findall(r"<figcaption>(\w+)</figcaption>", page) == ["alone", "light", "dark", "phone", "phone"]


def test_without_pictures_there_is_no_index(script: ModuleType, tmp_path: Path) -> None:
    assert script.main(tmp_path) == 0
    assert not (tmp_path / "index.html").exists()


def test_a_whole_run_leaves_the_index_of_what_the_tests_save(script: ModuleType) -> None:
    assert script.FOLDER == SHOTS
    assert "scripts/screenshots.py" in (ROOT / "Makefile").read_text()
    assert "make --no-print-directory screenshots" in (ROOT / ".ci" / "run").read_text()
