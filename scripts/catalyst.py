"""`make catalyst DIR=...`: builds a checkout of Catalyst against a store of its own, and runs its end-to-end tests.

Catalyst is the hosted service's public storefront (github.com/bigcommerce/catalyst). Nothing of it is changed: it is
told by its environment where the store is. Needs Node 20 or newer, npm, Chromium, and a system that knows the names
below localhost (the script says what is missing). What is built stays in the checkout; the store is thrown away.

    python scripts/catalyst.py ../catalyst                  all tests, a table at the end
    python scripts/catalyst.py ../catalyst tests/ui/e2e/cart.spec.ts --seed 7 --no-build
    python scripts/catalyst.py ../catalyst --timeout=90000    options that it does not know are Playwright's
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TESTS = "tests/ui/e2e"
SHOP = 3000
PATIENCE = 180.0
EMAIL, PASSWORD = "tess.shopper@example.com", "Correct-Horse-7"
PICTURE_FORM = "multipart/form-data; boundary=part"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

# A shop window that the tests of facets expect: 13 products in one category, five of a brand, one of them blue.
SAMPLES = [
    ("[Sample] 1 L Le Parfait Jar", "OFS", "Blue"), ("[Sample] Dustpan & Brush", "OFS", "Silver"),
    ("[Sample] Utility Caddy", "OFS", "Grey"), ("[Sample] Clothes Line", "OFS", ""), ("[Sample] Tall Vase", "OFS", ""),
    *((f"[Sample] Shelf No. {number}", "Common Make", "") for number in range(1, 9)),
]  # fmt: skip


def main() -> int:
    """Returns how many tests failed, 125 at most."""
    reader = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("folder", type=Path, help="the checkout")
    reader.add_argument("tests", nargs="*", default=[TESTS], help=f"files of tests, as seen from its core/ ({TESTS})")
    reader.add_argument("--seed", default="1", help="of the sample data")
    reader.add_argument("--no-build", action="store_true", help="run what was built before, if the ports are the same")
    reader.add_argument("--http-port", default="9880")
    reader.add_argument("--https-port", default="9843")
    asked, others = reader.parse_known_args()
    folder = asked.folder.resolve()
    core = folder / "core"
    if not (core / "package.json").exists():
        sys.exit(f"{folder} is no checkout of Catalyst: git clone https://github.com/bigcommerce/catalyst")
    browser = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("Chromium is not installed: apt-get install chromium")
    ports = ("--http-port", asked.http_port, "--https-port", asked.https_port)
    with (
        tempfile.TemporaryDirectory(prefix="bodega-catalyst-") as scratch,
        _store(Path(scratch), ports, asked.seed) as told,
    ):
        shop = told["storefront"]
        unknown = [step for step in shop["steps"] if step.startswith("echo ")]
        if unknown:
            sys.exit(f"This system does not know the names of the shop. Add them, and start again:\n{unknown[0]}")
        window = shop_window(told)
        # The tests look for one button "Apply" in a cart; with gift certificates Catalyst shows a second one.
        # One of them looks for "Catalyst" in the title of the shop.
        off = ["store", "set", told["store"], "gift_certificates=off", "name=Catalyst Shop", "--data", told["data"]]
        subprocess.run([sys.executable, "-m", "bodega.cli", *off], check=True, capture_output=True)
        _write_environment(core, shop["environment"], window)
        environment = {
            **os.environ,
            "NODE_EXTRA_CA_CERTS": told["ca"],
            "NEXT_FONT_GOOGLE_MOCKED_RESPONSES": str(_fonts(Path(scratch))),
            "NEXT_TELEMETRY_DISABLED": "1",
            "DEFAULT_REVALIDATE_TARGET": "0",  # the tests change settings, and look at once
            "CI": "1",  # its types are checked where it is developed
        }
        if not asked.no_build:
            _build(folder, environment)
        environment["PLAYWRIGHT_BROWSERS_PATH"] = str(_browsers(Path(scratch), core, browser))
        (core / ".tests" / "customer-session.json").unlink(missing_ok=True)  # of a store that is gone
        with _running(core, environment):
            groups = in_order(core) if asked.tests == [TESTS] else [asked.tests]
            return _test(core, environment, [[*tests, *others] for tests in groups], Path(scratch) / "report.json")


@contextmanager
def _store(scratch: Path, ports: Sequence[str], seed: str) -> Iterator[Any]:
    """A store that is thrown away: what `bodega dev` says of it."""
    command = [sys.executable, "-m", "bodega.cli", "dev", *ports, "--seed", seed, "--storefront", "--json"]
    with (scratch / "bodega.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        text = b""
        while not text.endswith(b"\n}\n"):
            line = process.stdout.readline()
            if not line:
                sys.exit((scratch / "bodega.log").read_text())
            text += line
        try:
            yield json.loads(text)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def shop_window(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Makes what the tests expect of a shop: a simple product and one with variants, a customer. Returns what the tests
    are told of it."""
    at = urlsplit(told["http"])
    with closing(HTTPConnection(at.hostname or "", at.port, timeout=60)) as connection:
        return _made(told, connection)


def _made(told: Mapping[str, Any], connection: HTTPConnection) -> Mapping[str, Any]:
    def ask(method: str, path: str, body: Any = None) -> Any:
        kind = PICTURE_FORM if isinstance(body, bytes) else "application/json"
        headers = {"x-auth-token": told["token"], "accept": "application/json", "content-type": kind}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(method, f"/stores/{told['store']}{path}", content, headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            sys.exit(f"{method} {path}: {reply.status} {text.decode()}")
        return json.loads(text)["data"] if text else None

    category = ask("POST", "/v3/catalog/categories", {"name": "Shop All", "parent_id": 0, "sort_order": -1})["id"]
    names = dict.fromkeys(brand for _, brand, _ in SAMPLES)
    brands = {name: ask("POST", "/v3/catalog/brands", {"name": name})["id"] for name in names}
    for name, brand, colour in SAMPLES:
        product = {"name": name, "type": "physical", "weight": 1, "price": 25, "brand_id": brands[brand],
                   "categories": [category], "description": f"<p>{name}, a product of the shop.</p>",
                   "custom_fields": [{"name": "Material", "value": "Steel"}]}  # fmt: skip
        if colour:
            values = [{"option_display_name": "Color", "label": colour}]
            product["variants"] = [{"sku": f"{brand}-{colour}".upper(), "option_values": values}]
        ask("POST", "/v3/catalog/products", product)
    every = ask("GET", "/v3/catalog/products?include=options,modifiers,images&is_visible=true&limit=100")
    simple = next(one for one in every if _is_simple(one))
    sizes = [
        {"sku": f"JUMPER-{size}", "option_values": [{"option_display_name": "Size", "label": size}]} for size in "SML"
    ]
    jumper = {"name": "Woollen Jumper", "type": "physical", "weight": 1, "price": 30, "variants": sizes}
    many = ask("POST", "/v3/catalog/products", jumper)["id"]
    ask("POST", f"/v3/catalog/products/{many}/images", _picture())  # without one Catalyst shows the name twice
    ask("POST", "/v3/form-fields", {"form": "customer", "name": "Where we reach you", "type": "radiobuttons",
                                    "options": ["Home", "Work"]})  # fmt: skip
    address = {"first_name": "Tess", "last_name": "Shopper", "address1": "1 Main Street", "city": "Austin",
               "state_or_province": "Texas", "country_code": "US", "postal_code": "78701"}  # fmt: skip
    shopper = {"first_name": "Tess", "last_name": "Shopper", "email": EMAIL, "origin_channel_id": 1,
               "authentication": {"new_password": PASSWORD}, "addresses": [address]}  # fmt: skip
    return {
        "DEFAULT_PRODUCT_ID": simple["id"],
        "DEFAULT_COMPLEX_PRODUCT_ID": many,
        "TEST_CUSTOMER_ID": ask("POST", "/v3/customers", [shopper])[0]["id"],
        "TEST_CUSTOMER_EMAIL": EMAIL,
        "TEST_CUSTOMER_PASSWORD": PASSWORD,
    }


def _picture() -> bytes:
    """A form with a picture of one colour, as PNG."""
    rows = b"".join(b"\0" + b"\x35\x5c\x7d" * 64 for _ in range(64))
    parts = [(b"IHDR", struct.pack(">2I5B", 64, 64, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
              for kind, data in parts)  # fmt: skip
    head = b'--part\r\ncontent-disposition: form-data; name="image_file"; filename="jumper.png"\r\n'
    kind = b"content-type: image/png\r\n\r\n"
    return head + kind + b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + b"\r\n--part--\r\n"


def _is_simple(product: Mapping[str, Any]) -> bool:
    """A product of the sample data with a picture, without a choice, of which several can be bought."""
    stock = product["inventory_tracking"] == "none" or product["inventory_level"] > 20
    bought_alone = product["order_quantity_minimum"] <= 1 and product["order_quantity_maximum"] == 0
    plain = not (product["options"] or product["modifiers"]) and product["type"] == "physical"
    return bool(product["images"]) and plain and stock and bought_alone and product["availability"] == "available"


def _write_environment(core: Path, file: str, window: Mapping[str, Any]) -> None:
    shutil.copy(file, core / ".env.local")
    told = {"PLAYWRIGHT_TEST_BASE_URL": f"http://localhost:{SHOP}", "TESTS_READ_ONLY": "false", **window}
    (core / ".env.test").write_text("".join(f"{name}={value}\n" for name, value in told.items()))


def _fonts(scratch: Path) -> Path:
    """What stands for Google's fonts, which the build would fetch."""
    file = scratch / "fonts.cjs"
    file.write_text(
        "module.exports = new Proxy({}, { get: (_, url) => typeof url === 'string' && url.startsWith('https:') ?"
        " `@font-face { font-family: '${/family=([^:&]+)/.exec(url)[1].replace(/[+]/g, ' ')}'; font-style: normal;"
        " font-weight: 400; src: local('Arial'); }` : undefined });\n"
    )
    return file


def _browsers(scratch: Path, core: Path, browser: str) -> Path:
    """A folder in which Playwright finds the system's Chromium where it would find its own."""
    inner = "createRequire(createRequire(require.resolve('@playwright/test')).resolve('playwright'))"
    text = f"const {{ createRequire }} = require('module'); process.stdout.write({inner}.resolve('playwright-core'))"
    core_of_it = subprocess.run(
        [shutil.which("node") or "node", "-e", text], cwd=core, capture_output=True, text=True, check=True
    ).stdout
    known = json.loads(Path(core_of_it).with_name("browsers.json").read_text())["browsers"]
    revisions = {one["name"]: one["revision"] for one in known}
    wrapper = (
        f"#!/bin/sh\nexec {browser} --no-sandbox --disable-gpu --disable-quic --ignore-certificate-errors"
        ' --host-resolver-rules="MAP *.localhost 127.0.0.1" "$@"\n'
    )
    places = {
        f"chromium-{revisions['chromium']}/chrome-linux/chrome": wrapper,
        f"chromium_headless_shell-{revisions['chromium-headless-shell']}/chrome-linux/headless_shell": wrapper,
        f"ffmpeg-{revisions['ffmpeg']}/ffmpeg-linux": "#!/bin/sh\ncat > /dev/null\n",  # no videos are kept
    }
    for place, text in places.items():
        file = scratch / "browsers" / place
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        (scratch / "browsers" / place.partition("/")[0] / "INSTALLATION_COMPLETE").touch()
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    for found in own.glob("webkit*"):  # Debian has none that Playwright can drive
        (scratch / "browsers" / found.name).symlink_to(found)
    return scratch / "browsers"


def _build(folder: Path, environment: Mapping[str, str]) -> None:
    manager = json.loads((folder / "package.json").read_text()).get("packageManager", "pnpm").partition("+")[0]
    pnpm = ["npx", "--yes", manager]
    core = folder / "core"
    for words, command, where in (
        ("Installing its packages", [*pnpm, "install", "--frozen-lockfile", "--ignore-scripts"], folder),
        ("Building its client", [*pnpm, "--filter", "@bigcommerce/catalyst-client", "build"], folder),
        ("Reading the schema", [*pnpm, "run", "generate"], core),
        ("Building the shop (about 2 minutes)", ["npx", "next", "build"], core),
    ):
        began = time.monotonic()
        print(f"{words} ...", end=" ", flush=True)
        done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
        print(f"{time.monotonic() - began:.0f} s", flush=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


@contextmanager
def _running(core: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The shop, on its port."""
    with Path(environment["PLAYWRIGHT_BROWSERS_PATH"]).with_name("shop.log").open("wb") as log:
        command = ["node", "node_modules/next/dist/bin/next", "start", "-p", str(SHOP)]
        process = subprocess.Popen(command, cwd=core, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(process)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = HTTPConnection("localhost", SHOP, timeout=60)
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, HTTPException):
            time.sleep(0.5)
        else:
            return
    sys.exit(f"The shop does not answer on port {SHOP}.")


def in_order(core: Path) -> list[list[str]]:
    """All tests, those of signing in first: one of them counts on an address that those of addresses delete."""
    every = sorted(str(file.relative_to(core)) for file in (core / TESTS).rglob("*.spec.ts"))
    first = [name for name in every if name.startswith(f"{TESTS}/auth/")]
    return [names for names in (first, [name for name in every if name not in first]) if names]


def _test(core: Path, environment: Mapping[str, str], groups: Sequence[Sequence[str]], report: Path) -> int:
    told = {**environment, "PLAYWRIGHT_JSON_OUTPUT_NAME": str(report)}
    counted: dict[str, Counter[str]] = {}
    for tests in groups:
        subprocess.run(
            [shutil.which("npx") or "npx", "playwright", "test", "--reporter=list,json", *tests],
            cwd=core,
            env=told,
            check=False,
        )
        for file, outcome in _outcomes(json.loads(report.read_text())["suites"]):
            counted.setdefault(file, Counter())[outcome] += 1
    total: Counter[str] = sum(counted.values(), Counter())
    print(f"\n{'file':50} {'passed':>7} {'at the second try':>18} {'failed':>7} {'skipped':>8}")
    for file, found in [*sorted(counted.items()), ("all", total)]:
        passed, again = found["expected"] + found["flaky"], found["flaky"]
        print(f"{file:50} {passed:7} {again:18} {found['unexpected']:7} {found['skipped']:8}")
    return min(total["unexpected"], 125)


def _outcomes(suites: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for suite in suites:
        for spec in suite.get("specs", ()):
            for test in spec["tests"]:
                yield spec["file"], test["status"]
        yield from _outcomes(suite.get("suites", ()))


if __name__ == "__main__":
    sys.exit(main())
