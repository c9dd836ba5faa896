"""Backups: the catalog and the vectors that have been made, as one file, taken while the library is in use.

The indexes are not in it: they are made anew from both, several times faster than texts are encoded, and with the same
keys and stories. An archive is checked wholly before anything is touched, and a library is built of it beside the one
that it replaces; then SQLite exchanges the content of the catalog in one transaction.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from bot.errors import InputError, LibraryDamaged, StorageError
from bot.indexing import Progress
from bot.library import Library
from bot.lock import writer
from bot.outcomes import Backup, Stage
from bot.seal import break_seal, seal
from bot.storage import storage_error

FORMAT = 1
CATALOG, ENCODED, MANIFEST, ABOUT = "catalog.sqlite", "encoded.sqlite", "manifest.json", "backup.json"
_INDEXES = ("keywords", "vectors")
_CHUNK = 1 << 20


def backup(library: Path, file: Path, *, overwrite: bool = False, progress: Progress | None = None) -> Backup:
    """Write a library as it stands at this moment to one file; others may read and write it meanwhile.

    Raises InputError where there is no library, or the file is there and not to be overwritten; StorageError.
    """
    if not (library / CATALOG).exists():
        raise InputError(f"There is no library in {str(library)!r}.", hint="Set REGBRIEF_INDEXES to its folder.")
    if file.exists() and not overwrite:
        raise InputError(f"{str(file)!r} is there already.", hint="Name another file, or add --overwrite.")
    with _disk(file), TemporaryDirectory(dir=file.absolute().parent, prefix=".regbrief-") as place:
        parts = [
            _snapshot(library / name, Path(place, name)) for name in (CATALOG, ENCODED) if (library / name).exists()
        ]
        if (library / MANIFEST).exists():
            parts.append(Path(shutil.copy(library / MANIFEST, place)))
        about = {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "articles": _count(Path(place, CATALOG)),
            "files": {part.name: {"bytes": part.stat().st_size, "sha256": _digest(part)} for part in parts},
        }
        draft = Path(place, "backup.zip")
        _pack(draft, parts, about, progress)
        draft.replace(file)
    return _backup(file, about)


Indexing = Callable[[Path, Progress | None], Library]
"""Makes the indexes of the catalog in a folder, and returns the library."""


def restore(
    file: Path, library: Path, indexed: Indexing, *, overwrite: bool = False, progress: Progress | None = None
) -> Backup:
    """Make a library what it was when it was backed up. Until all of it is built, the library there is not touched.

    Raises InputError for what is no whole backup, and for a library that holds articles and is not to be overwritten;
    LibraryLocked while another process writes; StorageError.
    """
    with _disk(library), writer(library), TemporaryDirectory(dir=library, prefix=".restoring-") as place:
        there = _count(library / CATALOG) if (library / CATALOG).exists() else 0
        if there and not overwrite:
            raise InputError(
                f"The library in {str(library)!r} holds {there:,} articles.",
                hint="Set REGBRIEF_INDEXES to an empty folder, or add --overwrite to replace them.",
            )
        about = _unpack(file, Path(place), progress)
        _forget_identity(Path(place, CATALOG))
        indexed(Path(place), progress).close()
        break_seal(library)
        (library / MANIFEST).unlink(missing_ok=True)  # until it is there again, `regbrief doctor --rebuild` mends
        _exchange(Path(place), library)
        seal(library)
    return _backup(file, about)


def _snapshot(database: Path, copy: Path) -> Path:
    """Copy a database as it stands at this moment, whoever writes to it."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    return copy


def _exchange(place: Path, library: Path) -> None:
    """Put indexes in the place of others, and then, in one transaction, a catalog."""
    for name in _INDEXES:
        if (place / name).exists():
            if (library / name).exists():
                (library / name).rename(place / f"{name}.before")
            (place / name).rename(library / name)
    for name in (ENCODED, CATALOG):
        if (place / name).exists():
            with closing(sqlite3.connect(place / name)) as source, closing(sqlite3.connect(library / name)) as target:
                source.backup(target)
    (place / MANIFEST).replace(library / MANIFEST)


def _pack(draft: Path, parts: Sequence[Path], about: Mapping[str, Any], progress: Progress | None) -> None:
    with ZipFile(draft, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(ABOUT, json.dumps(about, indent=1))
        copied = _Copying(sum(part.stat().st_size for part in parts), progress)
        for part in parts:
            info = ZipInfo.from_file(part, part.name)
            info.compress_type = ZIP_STORED if part.name == ENCODED else ZIP_DEFLATED  # vectors hardly become smaller
            with part.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                copied.copy(source, target)


def _unpack(file: Path, place: Path, progress: Progress | None) -> Mapping[str, Any]:
    """Unpack a backup, and make sure that every byte of it is as it was written. Raises InputError."""
    try:
        with ZipFile(file) as archive:
            about: dict[str, Any] = json.loads(archive.read(ABOUT))
            if about["format"] != FORMAT:
                raise InputError(f"The backup {str(file)!r} has the format {about['format']}.", hint="Update Regbrief.")
            named = {name: about["files"][name] for name in (CATALOG, ENCODED, MANIFEST) if name in about["files"]}
            copied = _Copying(sum(each["bytes"] for each in named.values()), progress)
            for name, told in named.items():
                with archive.open(name) as source, (place / name).open("wb") as target:
                    if copied.copy(source, target) != told["sha256"]:
                        raise _damaged(file, f"{name} is not what was written")
    except FileNotFoundError as error:
        raise InputError(f"There is no file {str(file)!r}.", hint="Check the spelling.") from error
    except (BadZipFile, EOFError, zlib.error, KeyError, TypeError, ValueError, NotImplementedError) as error:
        raise _damaged(file, str(error)) from error
    if not (place / CATALOG).exists():
        raise _damaged(file, "it holds no catalog")
    return about


class _Copying:
    """Copies files one after another and tells how far it is."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def copy(self, source: IO[bytes], target: IO[bytes]) -> str:
        """Copy a file and return its SHA-256."""
        digest = hashlib.sha256()
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
            self._done += len(chunk)
            if self._progress:
                self._progress(Stage("copying", self._done, self._total, "bytes"))
        return digest.hexdigest()


def _forget_identity(catalog: Path) -> None:
    """Let a library that is restored share no collections of a server with the one that was backed up."""
    with closing(sqlite3.connect(catalog)) as db:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            db.execute("DELETE FROM facts WHERE name = 'identity'")
            db.commit()


def _count(catalog: Path) -> int:
    with closing(sqlite3.connect(catalog)) as db:
        there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles'").fetchone()
        return int(db.execute("SELECT count(*) FROM articles").fetchone()[0]) if there else 0


def _digest(part: Path) -> str:
    with part.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _backup(file: Path, about: Mapping[str, Any]) -> Backup:
    return Backup(str(file), about["articles"], file.stat().st_size, datetime.fromisoformat(about["made"]))


def _damaged(file: Path, why: str) -> InputError:
    return InputError(f"{str(file)!r} is no whole backup: {why}.", hint="Take another copy of it.")


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Raise what a disk refuses, or a database on it, as an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) or StorageError(f"{str(path)!r}: {error}.", hint="Check the disk.") from error
    except sqlite3.Error as error:
        raise storage_error(error, path) or LibraryDamaged(
            f"A catalog cannot be copied: {error}.", hint="Run `regbrief doctor`."
        ) from error
