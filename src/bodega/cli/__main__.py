"""`python -m bodega.cli` is `bodega`."""

from bodega.cli import main

main(prog_name="bodega")
