"""One writer at a time: who holds a library's folder, and since when."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bot.address import without_passwords
from bot.errors import LibraryLocked, StorageError
from bot.storage import storage_error


@contextmanager
def writer(folder: Path) -> Iterator[None]:
    """Hold the one writer's place in this folder.

    Raises LibraryLocked, naming who holds it, and StorageError where the folder may not be written.
    """
    lock, note = FileLock(folder / "writer.lock"), folder / "writer.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LibraryLocked(
            f"Another process is writing to {str(folder)!r}: {_holder(note)}.", hint="Wait until it is done."
        ) from error
    except OSError as error:
        raise storage_error(error, folder) or _unwritable(folder, error) from error
    try:
        _sign(note)
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _sign(note: Path) -> None:
    try:
        note.write_text(
            json.dumps(
                {
                    "process": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    "command": " ".join([Path(sys.argv[0]).name, *map(without_passwords, sys.argv[1:4])]),
                }
            ),
            "utf-8",
        )
    except OSError as error:
        raise storage_error(error, note) or _unwritable(note, error) from error


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Check the disk.")


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text("utf-8"))
        return f"process {holder['process']} on {holder['host']}, since {holder['since']} ({holder['command']})"
    except (OSError, ValueError, KeyError):
        return "it has not said who it is yet"
