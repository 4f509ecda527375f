"""The garbage collector rests only while a server is loaded."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from bodega import memory
memory.load()
assert not gc.isenabled()
made = []
made.append(made)
memory.settle()
assert gc.isenabled() and gc.get_freeze_count() > 1_000
"""


def test_the_collector_works_once_everything_is_loaded() -> None:
    """What was loaded is not scanned again; what comes later is collected."""
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)
