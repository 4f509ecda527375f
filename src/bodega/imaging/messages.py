"""What the server and its picture worker say to one another, each message after its length in four bytes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Sizes = Mapping[str, tuple[int, int]]
"""The boxes, in pixels, into which the smaller forms of a picture fit."""

LENGTH = 4
"""Bytes of the length before a message, most significant first."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """What is to be decoded: `length` bytes, which follow the message. `as_webp`: the smaller forms are to be WebP."""

    length: int
    sizes: dict[str, tuple[int, int]]
    as_webp: bool = False


class Form(msgspec.Struct, frozen=True, array_like=True):
    """A picture in one size: width and height in pixels; `content` and the digest of it (SHA-256, hexadecimal)."""

    kind: str
    width: int
    height: int
    digest: str
    content: bytes


class Developed(msgspec.Struct, frozen=True, array_like=True):
    """What was made of a picture. `original` comes without its content, which the server has; a size of None is the
    original itself. `refused` is the end of a sentence, if the picture is refused."""

    original: Form | None = None
    sizes: dict[str, Form | None] = {}
    refused: str = ""


def framed(message: Order | Developed) -> bytes:
    """A message with its length."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(LENGTH, "big") + content


read_order = msgspec.msgpack.Decoder(Order).decode
read_developed = msgspec.msgpack.Decoder(Developed).decode
