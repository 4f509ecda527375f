"""The process that renders: it reads its work from standard input, writes what came of it, and ends.

`python -m bodega.rendering.child MEMORY SECONDS` takes so many bytes of memory more than it begins with, and so many
seconds of a processor. It opens nothing and calls nobody: a template can only read what it was given.
"""

from __future__ import annotations

import sys

from dotpromptz_handlebars import Handlebars

from bodega.memory import resident
from bodega.rendering.helpers import HELPERS
from bodega.rendering.messages import Made, Work, encode, read_works

MAX_DEPTH = 50
"""How deeply blocks and partials may lie in one another."""

MAX_OUTPUT = 2_000_000
"""Characters that one template may come to."""


def confine(memory: int, seconds: int) -> None:
    """Keeps this process within its budget."""
    import resource

    _, mapped = resident()
    if sys.platform == "linux" and mapped:
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, mapped + memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def make(work: Work) -> Made:
    """What a template comes to, or why it cannot be rendered."""
    engine = Handlebars(max_depth=MAX_DEPTH)
    for name, helper in HELPERS.items():
        engine.register_helper(name, helper)
    try:
        html = engine.compile(work.template)(work.context)
    except RecursionError:
        return Made(refused=f"has blocks or partials more than {MAX_DEPTH} levels deep")
    except MemoryError:
        return Made(refused="takes too much memory to render")
    except Exception as error:  # whatever a template makes the library raise is the template's fault
        return Made(refused=f"cannot be rendered: {str(error)[:200] or type(error).__name__}")
    if len(html) > MAX_OUTPUT:
        return Made(refused=f"comes to more than {MAX_OUTPUT} characters")
    return Made(html)


def main() -> None:
    """The process."""
    memory, seconds = map(int, sys.argv[1:])
    works = read_works(sys.stdin.buffer.read())
    confine(memory, seconds)
    sys.stdout.buffer.write(encode([make(work) for work in works]))


if __name__ == "__main__":
    main()
