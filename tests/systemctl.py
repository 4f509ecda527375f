"""Stands in for systemctl where no systemd runs: does by hand what the keys of bodega.service say.

`python systemctl.py UNIT STATE VERB...`: UNIT is the file, STATE a directory for its process id and its log.
"""

from __future__ import annotations

import configparser
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

SECONDS = {"": 1, "s": 1, "min": 60}


class Service:
    """A unit of type simple."""

    def __init__(self, unit: Path, state: Path) -> None:
        keys = configparser.ConfigParser(interpolation=None, strict=False)
        keys.optionxform = str  # type: ignore[assignment,method-assign]
        keys.read(unit)
        self.keys = keys["Service"]
        self.pid_file, self.log = state / "pid", state / "log"

    @property
    def pid(self) -> int:
        """The main process."""
        return int(self.pid_file.read_text())

    def running(self) -> bool:
        """Whether the main process is there; one that nobody waited for is not."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def start(self) -> None:
        """ExecStart with EnvironmentFile."""
        given = Path(self.keys["EnvironmentFile"]).read_text().splitlines()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_")}
        for line in given:
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                environment[name] = value.strip('"')
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                shlex.split(self.keys["ExecStart"]),
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid_file.write_text(str(process.pid))

    def stop(self) -> None:
        """KillSignal to the main process, and SIGKILL to all of them after TimeoutStopSec."""
        if not self.running():
            return
        os.kill(self.pid, getattr(signal, self.keys["KillSignal"]))
        give_up = time.monotonic() + float(self.keys["TimeoutStopSec"])
        while self.running() and time.monotonic() < give_up:
            time.sleep(0.02)
        if self.running():
            os.killpg(self.pid, signal.SIGKILL)
            raise SystemExit("the service had to be killed")

    def reload(self) -> None:
        """ExecReload with $MAINPID."""
        line = self.keys["ExecReload"].replace("$MAINPID", str(self.pid))
        subprocess.run(shlex.split(line), check=True)

    def restart(self) -> None:
        """Both, one after the other."""
        self.stop()
        self.start()


def main(unit: str, state: str, verb: str, *_names: str) -> None:
    """As typed: `enable --now` starts, `daemon-reload` has nothing to do."""
    service = Service(Path(unit), Path(state))
    verbs = {"enable": service.start, "daemon-reload": lambda: None}
    verbs.get(verb, getattr(service, verb, None))()


if __name__ == "__main__":
    main(*sys.argv[1:])
