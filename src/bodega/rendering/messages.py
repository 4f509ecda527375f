"""What the server and the process that renders say to one another: JSON, which holds whatever a row of JSON holds."""

from __future__ import annotations

from typing import Any

import msgspec


class Work(msgspec.Struct, frozen=True, array_like=True):
    """A template (Handlebars), and what it can show."""

    template: str
    context: dict[str, Any]


class Made(msgspec.Struct, frozen=True, array_like=True):
    """The text that came of it; `refused` is the end of a sentence about the template, if nothing did."""

    html: str = ""
    refused: str = ""


encode = msgspec.json.encode
read_works = msgspec.json.Decoder(list[Work]).decode
read_made = msgspec.json.Decoder(list[Made]).decode
