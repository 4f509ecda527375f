"""Files that nobody but the server's own user may read: 0600 in folders of 0700, whatever the umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

FILE = 0o600
FOLDER = 0o700
_OTHERS = 0o077


def make_folder(path: Path) -> None:
    """Creates a folder with all that is missing above it. Raises OSError."""
    for folder in reversed([path, *path.parents]):
        try:
            folder.mkdir(FOLDER)
        except FileExistsError:
            continue
        except OSError:
            if folder.is_dir():  # as the root of a file system that cannot be written to
                continue
            raise
        folder.chmod(FOLDER)


def make_file(path: Path, *, exclusive: bool = False) -> int:
    """The descriptor of a file, which is created if it is missing; an existing one is mended. Raises OSError, which is
    FileExistsError if it must be a new one (`exclusive`)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if exclusive else 0), FILE)
    try:
        mode = os.fstat(descriptor)
        if stat.S_IMODE(mode.st_mode) != FILE and mode.st_uid == os.geteuid():
            os.fchmod(descriptor, FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def touch(path: Path, *, exclusive: bool = False) -> None:
    """Creates an empty file if there is none; see `make_file`.

    An existing one is not opened: to close a file that SQLite has open would end the locks of this process.
    """
    if not exclusive and path.exists():
        mend(path)
        return
    try:
        os.close(make_file(path, exclusive=True))
    except FileExistsError:
        if exclusive:
            raise


def write(path: Path, content: bytes) -> None:
    """Replaces a file in one step; it is on disk before this returns. Raises OSError."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(make_file(part, exclusive=True), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """Has the names in a folder on disk before it returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mend(path: Path) -> bool:
    """Takes away what others may do with an existing file or folder of ours; whether there was anything.

    Nothing is added: what its owner took from themselves they had a reason for. Links are not followed, and a folder
    that everybody may write to, such as /tmp, was never ours alone.
    """
    try:
        facts = path.lstat()
        mode = stat.S_IMODE(facts.st_mode)
        if stat.S_ISLNK(facts.st_mode) or mode & stat.S_ISVTX or facts.st_uid != os.geteuid() or not mode & _OTHERS:
            return False
        path.chmod(mode & FOLDER)
    except FileNotFoundError:
        return False
    return True


def mend_below(folder: Path, public: Collection[str] = ()) -> None:
    """Mends a folder and everything in it, except files of a `public` name. Raises OSError."""
    mend(folder)
    for above, folders, files in os.walk(folder):
        for name in (*folders, *(name for name in files if name not in public)):
            mend(Path(above) / name)
