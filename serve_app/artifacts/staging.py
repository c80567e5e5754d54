"""Folders that appear whole or not at all, whatever kills the process that makes them.

Work happens in a folder under `tmp/` of the same root, locked by its maker; a rename gives it its final name. A lock
dies with its process, so an unlocked folder under `tmp/` belongs to nobody and is swept.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = "tmp"


@contextmanager
def stage_folder(root: Path) -> Iterator[Path]:
    """An empty folder to work in, removed at the end unless `publish_folder` moved it. Sweeps what the dead left."""
    parent = root / _FOLDER
    parent.mkdir(parents=True, exist_ok=True)
    sweep(root)
    folder, fd = _make_locked(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(fd)


def publish_folder(folder: Path, final: Path) -> None:
    """Give a staged folder its final name, on disk before anybody can see it; replaces what has that name."""
    for path in sorted(folder.rglob("*")):
        _flush(path)
    _flush(folder)
    try:
        folder.rename(final)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Whoever has the old folder's files open keeps them; the name is free for an instant only.
        old = Path(tempfile.mkdtemp(dir=folder.parent))
        final.rename(old / "replaced")
        folder.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    _flush(final.parent)


def sweep(root: Path) -> None:
    """Remove the staged folders whose makers are dead."""
    for folder in (root / _FOLDER).glob("*"):
        try:
            fd = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(fd)


def _make_locked(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent))
        folder.chmod(0o755)
        fd = os.open(folder, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if folder.exists():  # another process may have swept it before it was locked
            return folder, fd
        os.close(fd)


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
