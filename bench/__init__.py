"""Measurements: Bodega beside a bare server that answers constant bytes, on the same machine in the same minute."""

import sys
from pathlib import Path

# The throwaway PostgreSQL server is the one the tests use. Appended, so that nothing there hides a module.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
