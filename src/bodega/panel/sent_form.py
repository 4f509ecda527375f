"""A form as it was sent, which knows what its page made of it: that is what the log of changes tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


class SentForm(Mapping[str, list[str]]):
    """`used` are the fields that the page read, `compared` those that it compared with what is stored: each with the
    text that was and the one that was sent. `sent` is read without a note."""

    def __init__(self, sent: Mapping[str, list[str]] | None = None) -> None:
        self.sent = dict(sent or {})
        self.used: set[str] = set()
        self.compared: dict[str, tuple[str, str]] = {}

    def __getitem__(self, name: str) -> list[str]:
        self.used.add(name)
        return self.sent[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sent)

    def __len__(self) -> int:
        return len(self.sent)


def compared(form: Mapping[str, Sequence[str]], name: str, old: str, new: str) -> None:
    """Notes that a page compared a field with what is stored: both as texts."""
    if isinstance(form, SentForm):
        form.compared[name] = (old, new)
