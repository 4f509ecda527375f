"""What axe-core finds on a page of a real browser: in light, in dark and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chromium import DESK, PHONE
from npm import installed

LOOKS = {"light": (DESK, "light"), "dark": (DESK, "dark"), "phone": (PHONE, "light")}
ONLY = {"dark": {"runOnly": ["color-contrast"]}}
"""In dark only the colours differ."""

_FOUND = """async (only) => {
  const found = await axe.run(document, {resultTypes: ["violations"], ...only});
  const where = (one) => one.nodes.slice(0, 4).map(node => node.target.join(" ")).join(", ");
  return found.violations.map(one => `${one.impact} ${one.id}: ${where(one)}`);
}"""


def source(request: pytest.FixtureRequest) -> str:
    """The script, from its package; the test skips aloud where there is none."""
    return (installed(request, Path(__file__).parent / "node" / "axe") / "axe-core" / "axe.min.js").read_text()


def wrong_on(page: Any, name: str, script: str, looked: Callable[[str], None] | None = None) -> Iterator[str]:
    """What is wrong with a page in each look, and where it is wider than the screen. `looked` is told each look."""
    page.evaluate(script)
    for look, (viewport, scheme) in LOOKS.items():
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        if looked is not None:
            looked(look)
        yield from (f"{name} in {look}: {one}" for one in page.evaluate(_FOUND, ONLY.get(look, {})))
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > viewport["width"]:
            yield f"{name} in {look} is {wide} wide"
