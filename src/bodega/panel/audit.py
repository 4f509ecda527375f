"""What a form changed, in words, for the log of who changed what: never a secret.

The names and what was before come from the page, which compared the form with what is stored; a form says neither. Of
fields that it compared with nothing, those that it read are told as they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bodega.lab.telling import cut
from bodega.masking import is_secret
from bodega.panel.sent_form import SentForm

LONGEST_VALUE, LONGEST_NAME, LONGEST = 60, 100, 2_000
_QUIET = re.compile(r"(?:^|\.)(?:was|form_token)$|\.shown$")
_SECRET = re.compile(r"(?:^|[._])(?:old|new|code|confirm|pass)", re.IGNORECASE)
MASK = "\N{BULLET}\N{BULLET}\N{BULLET}"
ARROW = "\N{RIGHTWARDS ARROW}"


def says(form: SentForm, written: Sequence[str] = (), *, partly: bool = False) -> list[str]:
    """What was changed, in one text, or in as many as it takes: no field is left out. Of a form that was saved `partly`
    it is told what was `written`."""
    told = list(_told(form))
    if partly:
        done = ", ".join(dict.fromkeys(written))
        told.insert(0, f"Not everything was saved. What was written: {done}")
    texts = [""]
    for change in told:
        if texts[-1] and len(texts[-1]) + len(change) + 2 > LONGEST:
            texts.append("")
        texts[-1] += f"; {change}" if texts[-1] else change
    return texts


def _told(form: SentForm) -> Iterator[str]:
    for name, (old, new) in form.compared.items():
        if old.replace("\r\n", "\n") != new.replace("\r\n", "\n"):
            yield _change(name, old, new)
    for name, sent in form.sent.items():
        if name in form.used and name not in form.compared and not _QUIET.search(name):
            new = ", ".join(sent)
            if new:
                yield _change(name, "", new)


def _change(name: str, old: str, new: str) -> str:
    if is_secret(name) or _SECRET.search(name):
        old, new = MASK if old else "", MASK
    change = f"{_short(old)} {ARROW} {_short(new)}" if old else _short(new)
    return f"{_short(name, LONGEST_NAME)}: {change}"


def _short(text: str, longest: int = LONGEST_VALUE) -> str:
    return cut(" ".join(text.split()), longest)
