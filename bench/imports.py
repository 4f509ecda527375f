"""What each run-time dependency costs where it is imported: processor time beyond that of `python -c pass`.

`python -m bench.imports`. Each is imported in a fresh Python several times, and the least time counts. The figures of
docs/dependencies.md are these; the modules are those of its table.
"""

import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.start import least, seconds_of

PAGE = Path(__file__).parent.parent / "docs" / "dependencies.md"
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([\w.]+) \| .* \| \d+ \|", re.MULTILINE)


def modules() -> dict[str, str]:
    """The modules that Bodega imports, by the name of the package that has them, as the page has it."""
    return dict(ROW.findall(PAGE.read_text("utf-8")))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bodega-imports-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        alone = least(partial(seconds_of, [sys.executable, "-c", "pass"], folder))
        print(f"{'python -c pass':24} {alone * 1000:5.0f} ms")
        for name, module in modules().items():
            line = [sys.executable, "-c", f"import {module}"]
            try:
                seconds_of(line, folder)  # compiles
            except subprocess.CalledProcessError:
                print(f"{name:24} {module} cannot be imported here")
                continue
            print(f"{name:24} {(least(partial(seconds_of, line, folder)) - alone) * 1000:5.0f} ms")


if __name__ == "__main__":
    main()
