"""A server under measurement: a process of its own, its processor time and its memory."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0  # seconds for a server to start or to stop
SCHEDULED = 2  # what the kernel calls the processor clock of a whole process, all threads, in nanoseconds


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, and the process that was started (its children are its workers)."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time of the process and its living descendants so far."""
        return sum(time.clock_gettime((~pid << 3) | SCHEDULED) for pid in self.processes())

    def peak_megabytes(self) -> float:
        """Peak resident memory of the process and its living descendants, in MB of 10^6 bytes."""
        return sum(_field(pid, "VmHWM:") for pid in self.processes()) * 1024 / 1e6

    def processes(self) -> list[int]:
        """The process and its living descendants."""
        found = [self.pid]
        for pid in found:  # grows while it is walked
            with suppress(OSError):  # it has ended meanwhile
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (thread / "children").read_text().split())
        return found


@dataclass(frozen=True, slots=True)
class Usage:
    """What processes hold together: resident memory in MB of 10^6 bytes, open files and sockets, threads; and the
    processor time that they have used, in seconds."""

    resident_mb: float
    descriptors: int
    threads: int
    cpu_seconds: float


def usage(pids: Sequence[int]) -> Usage:
    """Of those that are still there."""
    resident, descriptors, threads, cpu = 0, 0, 0, 0.0
    for pid in pids:
        with suppress(OSError):
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
            resident += _field(pid, "VmRSS:")
            threads += _field(pid, "Threads:")
            cpu += time.clock_gettime((~pid << 3) | SCHEDULED)
    return Usage(resident * 1024 / 1e6, descriptors, threads, cpu)


def runs(pid: int, module: str) -> bool:
    """Whether a process runs this module of Python."""
    with suppress(OSError):
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False


@contextmanager
def running(
    command: Sequence[str], port: int, directory: str | None = None, patience: float = PATIENCE
) -> Iterator[Server]:
    """Run `command` in `directory` until the block ends; enter the block once `port` accepts connections, `patience`
    seconds at most. Texts hash alike in every run, so that counts can be compared."""
    with tempfile.TemporaryFile() as log:  # what it logs is part of its work, and not of what is shown
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,  # so that its workers can be found and ended with it
        )
        try:
            _wait_for(port, process, patience)
        except RuntimeError as error:
            log.seek(0)
            raise RuntimeError(f"{error}\n{log.read().decode(errors='replace')[-2000:]}") from None
        else:
            yield Server(port, process.pid)
        finally:
            _stop(process)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _field(pid: int, name: str) -> int:
    """A number of the kernel's status of a process; sizes are in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _wait_for(port: int, process: "subprocess.Popen[bytes]", patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with exit code {process.returncode} before it accepted connections.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"The server accepted no connection on port {port} within {patience:.0f} s.")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server as an operator would; whatever is left of its session after that is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
