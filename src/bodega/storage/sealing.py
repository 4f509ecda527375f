"""Secrets that must be read back are sealed in the registry: encrypted under a key that is in a file, not beside them.

Tokens, passwords, sessions and codes are only compared, so digests of them are enough. Client secrets sign webhooks and
callbacks, and addresses of servers hold passwords: these are sealed by AES-256-GCM, each bound to its row.

The file has a line a key, the newest first: what is sealed names its key, and older keys still open what older backups
hold. Decision 31.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from bodega import private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "sealed:"
"""What is sealed reads "sealed:KEY:BASE64", of a nonce and the encrypted text."""

KEY_FILE = "secrets.key"
"""The name of the key file in the data directory."""

_NONCE = 12


class NoKey(Exception):
    """The key that is needed is not there; the message is a sentence."""


def key_id(key: bytes) -> str:
    """The name of a key, which says nothing of it."""
    return hashlib.sha256(b"bodega key " + key).hexdigest()[:12]


def is_sealed(text: str) -> bool:
    """Whether a text is sealed."""
    return text.startswith(PREFIX)


class Sealer:
    """Seals and opens under the keys of a file, which is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: dict[str, bytes] = {}
        self._stamp: tuple[int, int, int] | None = None

    def keys(self) -> list[str]:
        """The names of the keys in the file, the newest first; none if it is missing. Raises NoKey if it cannot be
        read."""
        return list(self._read())

    def _read(self) -> dict[str, bytes]:
        try:
            facts = self.path.stat()
            stamp = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
            if stamp != self._stamp:
                self._keys = _parsed(self.path.read_text("ascii"))
                self._stamp = stamp
        except FileNotFoundError:
            self._keys, self._stamp = {}, None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no key file"
            raise NoKey(f"The key file {self.path} cannot be read: {why}.") from error
        return self._keys

    def make(self) -> str:
        """The name of the newest key, which is made if there is no file. Raises NoKey, OSError."""
        if not self.keys():
            private.make_folder(self.path.parent)
            with contextlib.suppress(FileExistsError):  # somebody else may be quicker
                self._write([secrets.token_bytes(32)], exclusive=True)
        return self.keys()[0]

    def add(self) -> str:
        """The name of a new key, the newest from now on; the older ones stay. Raises NoKey, OSError."""
        private.make_folder(self.path.parent)
        self._write([secrets.token_bytes(32), *self._read().values()])
        return self.keys()[0]

    def keep_only(self, name: str) -> None:
        """Removes every other key from the file. Raises NoKey, OSError."""
        self._write([self._read()[name]])

    def _write(self, keys: list[bytes], *, exclusive: bool = False) -> None:
        text = "".join(f"{key_id(key)} {base64.b64encode(key).decode()}\n" for key in keys).encode()
        if not exclusive:
            private.write(self.path, text)
            return
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        private.write(part, text)
        try:
            self.path.hardlink_to(part)  # complete from the first moment
            private.sync(self.path.parent)
        finally:
            part.unlink()

    def seal(self, text: str, about: str) -> str:
        """The sealed form of a text that belongs to `about`, as "account ID". What is sealed already stays as it is.
        Raises NoKey."""
        if not text or is_sealed(text):
            return text
        for name, key in self._read().items():
            nonce = secrets.token_bytes(_NONCE)
            hidden = nonce + _cipher(key).encrypt(nonce, text.encode(), about.encode())
            return f"{PREFIX}{name}:{base64.b64encode(hidden).decode()}"
        raise NoKey(self.missing())

    def open(self, text: str, about: str) -> str | None:
        """The text that was sealed for `about`; None if its key is not in the file. A text that is not sealed is
        returned as it is."""
        if not is_sealed(text):
            return text
        from cryptography.exceptions import InvalidTag

        name, _, hidden = text.removeprefix(PREFIX).partition(":")
        try:
            key = self._read().get(name)
            if key is None:
                return None
            raw = base64.b64decode(hidden, validate=True)
            return str(_cipher(key).decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode())
        except (NoKey, InvalidTag, ValueError):
            return None

    def missing(self) -> str:
        """That the key is missing, and what to do."""
        return (
            f"The key file {self.path} is missing or holds another key, so client secrets cannot be read. Put it back"
            " from your copy, or issue new secrets under a new key: bodega key replace."
        )


def _parsed(text: str) -> dict[str, bytes]:
    keys = {}
    for line in text.split("\n"):
        if line.strip():
            name, _, encoded = line.strip().partition(" ")
            key = base64.b64decode(encoded, validate=True)
            if len(key) != 32 or key_id(key) != name:
                raise ValueError("it is no key file")
            keys[name] = key
    return keys


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
