"""Debian's Chromium, driven by Playwright; tests skip with a sentence where there is none."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bodega.app import make_app
from bodega.server.listen import serve
from bodega.server.listeners import Listener
from bodega.server.loop import run
from bodega.storage.opening import open_backend

SHOTS = Path(__file__).parent.parent / "build" / "screenshots"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


def chromium() -> str | None:
    """Where Chromium is; BODEGA_TEST_CHROMIUM names another one."""
    return os.environ.get("BODEGA_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def keep_picture(page: Any, name: str) -> None:
    """Keeps a picture of a whole page in SHOTS. Chromium sometimes has no frame to give while the machine is busy, and
    says so: it is asked again."""
    from playwright.sync_api import Error

    file = SHOTS / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    for more in (2, 1, 0):
        try:
            page.screenshot(path=file, full_page=True)
        except Error as error:
            if not more or "Unable to capture screenshot" not in str(error):
                raise
        else:
            return


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """A started Chromium. Its driver has a thread of its own: the tests' thread has an event loop already."""
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium here: install Debian's chromium, or name one with BODEGA_TEST_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class House:
    """A started server on a real socket, in a thread with its own event loop."""

    def __init__(self, url: str, loop: asyncio.AbstractEventLoop, app: Any) -> None:
        self.url = url
        self.app = app
        self._loop = loop

    def run(self, work: Any) -> Any:
        """Runs a coroutine where the server runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)


@contextmanager
def serving(data: Path, *, lab: bool = False) -> Iterator[House]:
    """The server on plain HTTP, until the block ends; `lab`: with the lab."""
    ready = threading.Event()
    made: list[Any] = []

    async def main() -> None:
        backend = await open_backend(data, None)
        app = await make_app(backend, insecure_http=True, https_port=8443, log=False, lab=lab)
        stop = asyncio.Event()

        def started(bound: Any) -> None:
            made.extend((bound[0].url, asyncio.get_running_loop(), app, stop))
            ready.set()

        await serve(app, [Listener("127.0.0.1", 0)], started=started, stop=stop, grace_seconds=1.0)

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(run, main())
        assert ready.wait(60)
        url, loop, app, stop = made
        try:
            yield House(url, loop, app)
        finally:
            loop.call_soon_threadsafe(stop.set)
            done.result(60)
