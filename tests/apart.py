"""Programs of others that the tests run in virtual environments of their own: their dependencies are not ours."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parent.parent / "requirements"
PIP = (
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--retries",
    "1",
    "--require-hashes",
    "--no-deps",
)
"""Only what the lock lists, and only with its hashes."""
BUILDER = re.compile(r"^setuptools==(?:.*\\\n)*.*\n", re.MULTILINE)
"""What builds the packages that are published as source alone: it must be there before them."""
ENVIRONMENT = dict(os.environ)
"""That of the whole run: what a test led elsewhere for its clients is not for pip."""
LONGEST = 600.0  # seconds that an installation may take


def python_of(versions: tuple[str, ...]) -> str:
    """The running Python if it is one of the versions, else the first of them that is found. Skips without any."""
    if not versions or f"{sys.version_info.major}.{sys.version_info.minor}" in versions:
        return sys.executable
    for version in versions:
        name = f"python{version}"
        try:
            subprocess.run([name, "-c", "import ensurepip, venv"], check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            continue
        return name
    pytest.skip(f"it runs on Python {' or '.join(versions)} only, and none was found")


def installed(cache: Path, name: str, versions: tuple[str, ...] = ()) -> Path:
    """The directory of the commands of an environment that holds what `requirements/NAME.txt` locks.

    Made in the cache folder once for each lock and Python. Skips, and says what pip said, where the index cannot be
    reached or the package does not install; a file that does not have the locked hash fails.
    """
    python = python_of(versions)
    version = subprocess.run([python, "-VV"], check=True, capture_output=True, timeout=60).stdout
    locked = b"".join(lock.read_bytes() for lock in locks(name))
    place = cache / f"{name}-{hashlib.sha256(version + locked).hexdigest()[:16]}"
    ready = place / "installed"
    if not ready.exists():
        run(python, "-m", "venv", "--clear", str(place))
        inside, builder = str(place / "bin" / "python"), place / "builder.txt"
        builder.write_text("".join(BUILDER.findall(locked.decode())))
        run(inside, *PIP, "--requirement", str(builder))
        run(inside, *PIP, "--no-build-isolation", "--use-pep517", "--requirement", str(locks(name)[0]))
        ready.touch()
    return place / "bin"


def locks(name: str) -> list[Path]:
    """The lock, and those that it includes."""
    lock = REQUIREMENTS / f"{name}.txt"
    words = [line.split() for line in lock.read_text().splitlines()]
    return [lock, *(REQUIREMENTS / line[1] for line in words if line[:1] == ["-r"])]


def run(*words: str) -> None:
    """One step of an installation."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, env=ENVIRONMENT)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(words[1:4])} took more than {LONGEST:.0f} s")
    if done.returncode == 0:
        return
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr[-300:]]
    if "HASHES" in done.stderr:
        pytest.fail("\n".join(said))
    pytest.skip(f"it could not be installed: {said[-1]}")
