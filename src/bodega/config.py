"""The configuration of a server: one frozen object, checked when it is created."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class DataLocation:
    """Where the stores are: a directory of SQLite files, or a PostgreSQL server when `database` (a URL) is given.

    The directory is used in both cases: the certificates are kept there.
    """

    data: Path = Path("bodega-data")
    database: str | None = None

    def __post_init__(self) -> None:
        if self.database is not None and not self.database.startswith(("postgresql://", "postgres://")):
            raise ValueError("The database must be given as a URL, as postgresql://user@host/name.")

    def __str__(self) -> str:
        """Where it is, for people; without a password."""
        if self.database is None:
            return str(self.data)
        parts = urlsplit(self.database)
        return f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"

    @property
    def is_empty(self) -> bool:
        """Whether no store was ever made in the directory; of a database that is not known."""
        if self.database is not None or (self.data / "registry.db").exists():
            return False
        return not any((self.data / "stores").glob("*.db"))


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of `bodega serve`. Raises ValueError with a sentence when they contradict each other."""

    place: DataLocation = DataLocation()
    host: str = "127.0.0.1"
    https_port: int = 8443
    http_port: int = 8080
    workers: int = 1
    insecure_http: bool = False
    behind_tls: bool = False
    drain_seconds: float = 0.0
    tls_cert: Path | None = None
    tls_key: Path | None = None
    image_memory: int = 256
    trusted_proxies: tuple[str, ...] = ()
    log: str = "auto"
    lab: bool = False
    lab_key: str | None = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("A certificate needs its key: give both --tls-cert and --tls-key.")
        if self.lab_key is not None and not re.fullmatch(r"[\x21-\x7e]{8,200}", self.lab_key):
            raise ValueError(
                "The key of the lab must have 8 to 200 characters that a header can carry, without blanks."
            )
        for text in self.trusted_proxies:
            try:
                ip_network(text)
            except ValueError:
                raise ValueError(f"A trusted proxy is an address or a network, as 10.0.0.0/8; not {text}.") from None
        if self.workers > 1 and self.place.database is None:
            raise ValueError(
                "SQLite stores are served by one process: leave --workers at 1,"
                " or keep the stores in PostgreSQL with --database postgresql://..."
            )
