"""What goes wrong with a disk, told apart from what is wrong with a library."""

from __future__ import annotations

import re
from pathlib import Path

from bot.errors import StorageError

_FULL = re.compile(r"disk is full|No space left|quota exceeded|File too large", re.IGNORECASE)
_BROKEN = re.compile(r"I/O error|Input/output error", re.IGNORECASE)
_READ_ONLY = re.compile(r"read-?only|Permission denied|Operation not permitted", re.IGNORECASE)


def storage_error(error: BaseException, path: Path) -> StorageError | None:
    """Say what a disk has refused, if that is what an engine's error is about; engines tell it in words only."""
    told = str(error)
    if _FULL.search(told):
        return StorageError(
            f"The disk of {str(path)!r} is full: {told}.",
            hint="Free some space and run the command again; what was added before is kept.",
        )
    if _BROKEN.search(told):
        return StorageError(
            f"The disk of {str(path)!r} does not do what it should: {told}.",
            hint="See whether it is full or damaged, and run the command again; what was added before is kept.",
        )
    if _READ_ONLY.search(told):
        return StorageError(
            f"{str(path)!r} may not be written: {told}.",
            hint="Give yourself the right to write there, or copy the library and set REGBRIEF_INDEXES to the copy.",
        )
    return None


def make_folder(folder: Path) -> None:
    """Make a folder where it is not there. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {str(folder)!r} cannot be made: {error.strerror}.",
            hint="Set REGBRIEF_INDEXES to a folder that you may write.",
        ) from error
