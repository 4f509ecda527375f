"""What starting costs: processor time of commands and of a server until it answers, beside `python -c pass`.

`python -m bench.start`. Each is started several times and the least time counts: what else the machine does only adds.
Modules are compiled before, as they are where Bodega is installed.
"""

import http.client
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial

from bench.request import HOST
from bench.server import free_port, running
from bench.store import COMMAND

TIMES = 5
COMMANDS = (("--version",), ("--help",), ("explain", "409"), ("store", "list"))


def seconds_of(command: Sequence[str], folder: str) -> float:
    """Processor time of a command that ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds_to_serve(folder: str) -> float:
    """Processor time of a server on SQLite until it has answered a request; `folder` has its stores."""
    port = free_port()
    ports = ["--http-port", str(port), "--https-port", str(free_port()), "--insecure-http"]
    with running([sys.executable, COMMAND, "serve", "--data", folder, *ports], port, folder) as server:
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        connection.request("GET", "/_bodega/health")
        assert connection.getresponse().status == 200
        connection.close()
        return server.cpu_seconds()


def least(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(TIMES))


def main() -> None:
    """Measure and print: milliseconds, and how many times those of Python alone."""
    with tempfile.TemporaryDirectory(prefix="bodega-start-") as folder:
        os.environ["BODEGA_DATA"] = folder
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        alone = least(lambda: seconds_of([sys.executable, "-c", "pass"], folder))
        seconds_to_serve(folder)  # makes the certificate, and compiles, once
        found = {"python -c pass": alone}
        for words in COMMANDS:
            found[f"bodega {' '.join(words)}"] = least(partial(seconds_of, [COMMAND, *words], folder))
        found["bodega serve"] = least(lambda: seconds_to_serve(folder))
    for name, seconds in found.items():
        print(f"{name:24} {seconds * 1000:7.0f} ms {seconds / alone:6.1f}")


if __name__ == "__main__":
    main()
