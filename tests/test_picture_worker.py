"""The process that decodes pictures: its memory, its queue, and what becomes of callers and of itself (decision 30)."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from bodega.imaging import worker as workshop
from bodega.imaging.develop import develop
from bodega.imaging.header import size_of_webp
from bodega.imaging.messages import Developed
from bodega.imaging.worker import Full, Lost, PictureWorker
from bodega.kit import preparation
from bodega.kit.picture import PRODUCT_SIZES
from image_host import serve
from pictures import FORM, bomb, form, opened, picture, webp_bomb
from served import PATIENCE, Starting, command, first_json, started
from shop import Shop

LARGE = picture((7000, 7000))
"""Some 160 kB that are 196 MB when they are decoded."""

TRANSPARENT = picture((7000, 7000), mode="RGBA")
"""As much, and its colours have to be multiplied by its alpha before it is scaled."""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


def working(work: Callable[[PictureWorker], Awaitable[Any]], budget_mb: int = 256, idle_seconds: float = 60.0) -> Any:
    """The result of what is done with a worker, which is then closed."""

    async def whole() -> Any:
        worker = PictureWorker(budget_mb, idle_seconds=idle_seconds)
        try:
            return await work(worker)
        finally:
            await worker.close()

    return asyncio.run(whole())


def made(content: bytes, budget_mb: int = 256) -> Developed:
    """What the process makes of one picture."""
    found: Developed = working(lambda worker: worker.develop(content, PRODUCT_SIZES), budget_mb)
    return found


async def until(so: Callable[[], bool]) -> None:
    """Waits for something to become so."""
    end = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def exists(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Memory


def memory(pid: int, field: str) -> int:
    """A field of /proc/PID/status in MB; 0 for a process that is not there any more."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith(field)), 0)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that are there."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


class Watch(threading.Thread):
    """Notes the most memory that a process and its children ever had, in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.server = self.child = 0
        self.over = False

    def run(self) -> None:
        while not self.over:
            self.server = max(self.server, memory(self.pid, "VmRSS"))
            for child in children(self.pid):
                self.child = max(self.child, memory(child, "VmHWM"))
            time.sleep(0.01)


class House:
    """A started server with a store of brands."""

    def __init__(self, process: Starting, address: str, token: str) -> None:
        self.process = process
        self.address = address
        self.token = token

    def head(self, method: str, path: str, body: bytes, kind: str) -> bytes:
        """A request as bytes."""
        lines = f"{method} /stores/images/v3{path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {self.token}\r\n"
        return f"{lines}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, Any]:
        """Status and JSON of a reply."""
        host, port = self.address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        headers = {"x-auth-token": self.token, "content-type": kind}
        connection.request(method, f"/stores/images/v3{path}", body, headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, json.loads(content) if content else None

    def brand(self, name: str) -> int:
        """A new brand's id."""
        status, said = self.ask("POST", "/catalog/brands", json.dumps({"name": name}).encode())
        assert status == 200, said
        return int(said["data"]["id"])

    def upload(self, brand: int, content: bytes) -> tuple[int, Any]:
        """Gives a brand an image."""
        return self.ask("POST", f"/catalog/brands/{brand}/image", form(content), FORM["content-type"])

    def image(self, brand: int) -> str:
        """The address of a brand's image."""
        return str(self.ask("GET", f"/catalog/brands/{brand}")[1]["data"]["image_url"])

    def child(self) -> int:
        """The process that decodes pictures."""
        asyncio.run(until(lambda: bool(children(self.process.pid))))
        return children(self.process.pid)[0]

    @contextmanager
    def calling(self, brand: int, content: bytes) -> Iterator[socket.socket]:
        """A connection on which the upload of an image was sent."""
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            path = f"/catalog/brands/{brand}/image"
            connection.sendall(self.head("POST", path, form(content), FORM["content-type"]))
            yield connection


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = str(tmp_path_factory.mktemp("images"))
    place = ("--data", data)
    command(place, "store create images")
    token = command(place, "account create images app --unlimited")["token"]
    ports = ("--https-port", "0", "--http-port", "0")
    with started("serve", *place, *ports, "--insecure-http", "--json") as process:
        yield House(process, urlsplit(first_json(process)["http"]).netloc, token)


@on_linux
def test_large_pictures_that_come_at_once_stay_within_the_budget_and_their_memory_is_given_back(house: House) -> None:
    """Issue 12: two of these took 1.6 GB, and 1.4 GB were kept. As images of brands, and of products in all sizes."""
    brands = [house.brand(f"Large {number}") for number in range(2)]
    places = [f"/catalog/brands/{brand}/image" for brand in brands]
    draft = {"type": "physical", "price": 1, "weight": 1}
    for number in range(2):
        body = json.dumps({**draft, "name": f"Large {number}"}).encode()
        product = house.ask("POST", "/catalog/products", body)[1]["data"]["id"]
        places.append(f"/catalog/products/{product}/images")
    house.upload(brands[0], picture())
    before = memory(house.process.pid, "VmRSS")
    watch = Watch(house.process.pid)
    watch.start()
    with ThreadPoolExecutor(4) as pool:
        bodies = [form(LARGE), form(LARGE), form(LARGE), form(TRANSPARENT)]
        sent = [pool.submit(house.ask, "POST", *one, FORM["content-type"]) for one in zip(places, bodies, strict=True)]
        replies = [one.result(PATIENCE) for one in sent]
    asyncio.run(until(lambda: not children(house.process.pid)))
    watch.over = True
    watch.join()
    after = memory(house.process.pid, "VmRSS")
    assert [status for status, _ in replies] == [200] * 4, replies
    figures = f"server {before} MB before, {watch.server} at most, {after} after; the process {watch.child} at most"
    print(figures)
    assert 196 < watch.child <= 256, figures
    assert watch.server - before < 64, figures
    assert after - before < 48, figures


@on_linux
def test_who_hangs_up_is_not_worked_for_and_who_only_stops_sending_is_answered(house: House) -> None:
    """Issue 12: a place in the queue is given up with the connection, and not with one direction of it (RFC 9112 9.6
    lets either side close its own)."""
    first, gone, patient, last = (house.brand(f"Caller {name}") for name in ("first", "gone", "patient", "last"))
    house.upload(first, picture())
    child = house.child()
    os.kill(child, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(house.upload, first, picture(colour="yellow"))
            time.sleep(0.5)  # until it is what the process is doing
            with (
                house.calling(gone, picture(colour="blue")) as leaving,
                house.calling(patient, picture(colour="green")) as waiting,
            ):
                waiting.shutdown(socket.SHUT_WR)
                time.sleep(0.2)
                leaving.close()
                time.sleep(1.0)
                os.kill(child, signal.SIGCONT)
                assert busy.result(PATIENCE)[0] == 200
                answer = b""
                while data := waiting.recv(65536):
                    answer += data
            assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), answer
        assert house.upload(last, picture())[0] == 200
    finally:
        if exists(child):
            os.kill(child, signal.SIGCONT)
    assert [bool(house.image(brand)) for brand in (first, gone, patient, last)] == [True, False, True, True]


@on_linux
def test_a_process_that_is_killed_costs_one_answer_and_nothing_else(house: House) -> None:
    """Issue 12: the reply says so, the next picture works."""
    brand = house.brand("Crash")
    house.upload(brand, picture())
    before, child = house.image(brand), house.child()
    os.kill(child, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(house.upload, brand, picture(colour="blue"))
        time.sleep(0.3)
        os.kill(child, signal.SIGKILL)
        status, said = reply.result(PATIENCE)
    # If it was dead before the picture came, another one took its place.
    assert (status, said.get("title")) in [
        (503, "The process that decodes images ended before it had decoded this one."),
        (200, None),
    ]
    assert status == 200 or house.image(brand) == before
    assert house.upload(brand, picture(colour="green"))[0] == 200
    assert house.image(brand) != before


# The worker


def test_a_killed_process_is_told_and_the_next_picture_has_another() -> None:
    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        job = asyncio.create_task(worker.develop(picture(), {}))
        await asyncio.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(Lost):
            await job
        assert (await worker.develop(picture(), {})).refused == ""
        assert worker.pid not in (None, first)

    working(work)


def test_a_process_that_died_while_idle_costs_nothing() -> None:
    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        assert worker._process is not None
        worker._process.child.kill()
        worker._process.child.wait()
        assert (await worker.develop(picture(), {})).refused == ""

    working(work)


def test_an_idle_process_ends() -> None:
    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        pid = worker.pid
        assert pid is not None
        await until(lambda: worker.pid is None and not exists(pid))
        assert (await worker.develop(picture(), {})).refused == ""

    working(work, idle_seconds=0.05)


def test_the_queue_is_bounded_by_pictures_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "WAITING", 2)

    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        jobs = [asyncio.create_task(worker.develop(picture(), {})) for _ in range(3)]
        await until(lambda: worker.waiting == 2)
        with pytest.raises(Full):
            await worker.develop(picture(), {})
        jobs.append(asyncio.create_task(worker.develop(picture(), {}, patient=True)))
        await until(lambda: worker.waiting == 3)
        monkeypatch.setattr(workshop, "WAITING", 9)
        monkeypatch.setattr(workshop, "WAITING_BYTES", 10)
        with pytest.raises(Full):
            await worker.develop(picture(), {})
        os.kill(worker.pid, signal.SIGCONT)
        assert [job.refused for job in await asyncio.gather(*jobs)] == [""] * 4
        assert worker.waiting == 0

    working(work)


def test_pictures_of_one_store_keep_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store has a share of the queue, and stores take turns."""
    monkeypatch.setattr(workshop, "WAITING_OF_ONE", 3)

    async def work(worker: PictureWorker) -> None:
        order = []

        async def develop(store: str) -> None:
            await worker.develop(picture(), {}, store=store)
            order.append(store)

        await develop("a")
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        jobs = [asyncio.create_task(develop("a")) for _ in range(4)]
        await until(lambda: worker.waiting == 3)
        with pytest.raises(Full):
            await develop("a")
        jobs.append(asyncio.create_task(develop("b")))
        await until(lambda: worker.waiting == 4)
        os.kill(worker.pid, signal.SIGCONT)
        await asyncio.gather(*jobs)
        assert order.index("b") <= 3  # behind one or two of those that came before it, and before the others
        assert worker.waiting == 0

    working(work)


def test_a_place_that_is_given_up_is_not_worked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    honest = workshop._Process.develop

    async def noting(process: Any, content: bytes, sizes: Any, **more: Any) -> Developed:
        seen.append(content)
        return await honest(process, content, sizes, **more)

    monkeypatch.setattr(workshop._Process, "develop", noting)

    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        pid = worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        working, waiting, other = (
            asyncio.create_task(worker.develop(picture(colour=colour), {})) for colour in ("red", "blue", "green")
        )
        await until(lambda: worker.waiting == 2)
        waiting.cancel()
        await until(lambda: worker.waiting == 1)
        working.cancel()  # what the process is doing for nobody ends with it
        assert (await other).refused == ""
        await until(lambda: not exists(pid))

    working(work)
    assert seen == [picture(), picture(), picture(colour="green")]


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "PICTURE_SECONDS", 0.2)

    async def work(worker: PictureWorker) -> None:
        worker._process = await workshop._Process.start(256 << 20)
        os.kill(worker._process.child.pid, signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await worker.develop(picture(), {})
        monkeypatch.setattr(workshop, "PICTURE_SECONDS", PATIENCE)
        assert (await worker.develop(picture(), {})).refused == ""

    working(work)


def test_the_process_ends_with_its_server() -> None:
    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        assert worker._process is not None
        child = worker._process.child
        worker._process._writer.close()  # what the system does for a server that is killed
        assert await asyncio.to_thread(child.wait, PATIENCE) == 0

    working(work)


# What is too much


def test_what_would_not_fit_is_refused_by_its_header() -> None:
    """Before it is decoded: the file ends after its header, and that is not what is complained of."""
    head = LARGE[:100]
    assert "would take" in made(head, 128).refused
    assert "this server gives a picture" in made(head, 128).refused
    assert made(head).refused == "is damaged, or breaks off"


def webp(kind: bytes, data: bytes) -> bytes:
    chunk = kind + struct.pack("<I", 10) + data.ljust(10, b"\0")
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


SIMPLE_WEBP = [
    webp(b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", 8000, 6000)),
    webp(b"VP8L", b"\x2f" + struct.pack("<I", 7999 | 5999 << 14)),
]


@pytest.mark.parametrize("content", SIMPLE_WEBP, ids=["lossy", "lossless"])
def test_a_webp_is_measured_before_its_decoder_allocates_a_canvas(content: bytes) -> None:
    """RFC 9649 2.5, 2.6: the simple forms too."""
    assert size_of_webp(content) == (8000, 6000)
    assert "would take" in made(content).refused


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def animation() -> bytes:
    frames = [Image.new("P", (1500, 1000), number) for number in range(20)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


ODD: list[tuple[str, bytes, str]] = [
    ("an animated GIF", animation(), ""),
    ("a CMYK JPEG", picture((3000, 2000), "JPEG", mode="CMYK"), ""),
    ("a progressive JPEG", picture((6000, 6000), "JPEG", progressive=True), ""),
    ("a PNG of 16 bits", encoded(Image.new("I;16", (2000, 1000), 40_000), "PNG"), ""),
    ("an interlaced look-alike of a bomb", bomb(7000, 7000), "is damaged, or breaks off"),
    ("a bomb", bomb(), "must have at most 50 million pixels"),
    ("a bomb of WebP", webp_bomb(), "must have at most 50 million pixels"),
    ("half a PNG", LARGE[: len(LARGE) // 2], "is damaged, or breaks off"),
    ("half a JPEG", picture((4000, 4000), "JPEG")[:9000], "is damaged, or breaks off"),
    ("half a GIF", animation()[:900], "is damaged, or breaks off"),
    ("a picture of one row", picture((50_000, 1)), ""),
    ("a picture of one column", picture((1, 50_000)), ""),
    ("nothing", b"", "is not an image of a format that is taken"),
]


def test_odd_pictures_are_made_or_refused_and_hurt_nobody() -> None:
    """One process for all of them: none of them ends it."""

    async def work(worker: PictureWorker) -> None:
        await worker.develop(picture(), {})
        pid = worker.pid
        for name, content, why in ODD:
            found = await worker.develop(content, PRODUCT_SIZES)
            assert found.refused == why, name
        assert worker.pid == pid

    working(work)


def test_sixteen_bits_are_not_cut_off_to_white() -> None:
    """40,000 of 65,535 is a light grey."""
    tiny = develop(encoded(Image.new("I;16", (2000, 1000), 40_000), "PNG"), PRODUCT_SIZES).sizes["tiny"]
    assert tiny is not None
    assert opened(tiny.content).getpixel((5, 5)) == 156


def test_strips_leave_no_seam() -> None:
    """Scaled strip by strip, a picture is what it is when it is scaled whole."""
    gradient = Image.linear_gradient("L").resize((3000, 3200)).convert("RGB")
    zoom = develop(encoded(gradient, "PNG"), PRODUCT_SIZES).sizes["zoom"]
    assert zoom is not None
    whole = gradient.resize((1200, 1280), Image.Resampling.BICUBIC, reducing_gap=3.0)
    found = opened(zoom.content)
    assert found.size == whole.size
    differ = [abs(a - b) for a, b in zip(found.tobytes(), whole.tobytes(), strict=True)]
    assert max(differ) <= 1


# Fetching


def test_the_pictures_of_a_request_have_one_deadline_together(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 12: whatever their number, nobody waits longer than this for other servers."""
    monkeypatch.setattr(preparation, "FETCH_SECONDS", 0.6)
    shop.change(settings={"images.allow_private": True})
    hosts = serve("127.0.0.1")
    host = next(hosts)
    draft = {"name": "Hammer", "type": "physical", "price": 1, "weight": 1}
    slow = [{"image_url": f"http://{host}/slow/{number}"} for number in range(12)]
    began = time.monotonic()
    reply = shop.post("/v3/catalog/products", {**draft, "images": slow})
    took = time.monotonic() - began
    assert (reply.status, reply.reason) == (400, "IMAGE_UNREACHABLE")
    assert took < 4, "each alone would have taken five seconds"
    assert len(reply.json["errors"]) == 12
    assert "for all of its images" in reply.body.decode()
    hosts.close()


def test_while_pictures_are_decoded_no_time_to_fetch_passes() -> None:
    async def whole() -> None:
        held = preparation.Preparation(PictureWorker())
        with held.fetching() as left:
            assert left <= preparation.FETCH_SECONDS
            await asyncio.sleep(0.05)
        with held.fetching() as after:
            assert after <= left - 0.04
        await asyncio.sleep(0.2)
        with held.fetching() as later:
            assert later > after - 0.1

    asyncio.run(whole())
