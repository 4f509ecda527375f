"""Options that take several words: `--scope a b` is `--scope a --scope b`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

Fits = Callable[[str], bool]


class Several(click.Command):
    """A command whose options in `several` go on taking words for as long as those fit them."""

    def __init__(self, *args: Any, several: Mapping[str, Fits], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.several = several

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats the option before each of its words."""
        return super().parse_args(ctx, spread(args, self.several))


def spread(args: Sequence[str], several: Mapping[str, Fits]) -> list[str]:
    """The arguments with `--scope a b` written as `--scope a --scope b`."""
    written: list[str] = []
    option = ""
    for place, word in enumerate(args):
        if word.startswith("-"):
            option = word.partition("=")[0]
        elif option in several and place > 0 and args[place - 1] != option:
            if several[option](word):
                written.append(option)
            else:
                option = ""
        written.append(word)
    return written


class Trailing(click.Argument):
    """Collects words that follow an option but are not its own, so that they can be named; never shown."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Nothing."""
        return []


def trailing(given: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """All words of an option. Raises UsageError when there are words, but not the option."""
    if more and not given:
        raise click.UsageError(f"Nothing is expected after the last argument, but there is {more[0]}.")
    return given + more
