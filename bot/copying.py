"""A copy of a library in another place, on the same engines or on others, without encoding again.

First the catalog is brought table by table, then for each passage its vector from the search index of the source; what
is there already is let be, so a copy that was broken off goes on from where it was. Last the two are compared: every
table by the SHA-256 of its content, the keys of both halves of the search, and every vector. Until they agree, a fact
in the catalog keeps everybody else from using the copy.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot import tables
from bot.catalog import Catalog
from bot.errors import InputError, LibraryDamaged, LibraryLocked, LibraryMismatch
from bot.indexing import PASSAGES_AT_ONCE, Progress, batches
from bot.library import Library
from bot.lock import writer
from bot.manifest import Manifest
from bot.outcomes import Copied, Stage, StageName, TableCopied
from bot.records import LANGUAGES, Filters, Language
from bot.settings import Settings
from bot.tables import UNFINISHED, WHOLE

ALIKE = 1e-5
"""By how much the cosine of two vectors may differ from 1: kept vectors have 16 bits a number, which takes 1e-7."""

CROOKED = 0.01
"""By how much the length of a vector may differ from 1."""

PATIENCE = 30.0
"""Seconds to wait for passages that somebody else has taken."""

Opening = Callable[[Settings, str], Library]
"""Opens the library that settings name, also an unfinished copy of the one with this identity."""

Keys = Sequence[tuple[int, Language]]


def copy(here: Settings, there: Settings, opened: Opening, *, progress: Progress | None = None) -> Copied:
    """Bring a library to another place and compare the two; nobody else may write to either meanwhile.

    A copy that is whole already is compared only. Raises InputError where there is no library, or another one in the
    place of the copy; LibraryLocked.
    """
    _demand_two(here, there)
    with closing(opened(here, "")) as source:
        if source.unsettled():
            source.settle(progress)
        with writer(source.folder):
            _demand_rest(source)
            origin = source.catalog.facts.identity()
            _claim(there, origin)
            with closing(_opened(there, opened, origin)) as target, target.writing():
                already = target.catalog.facts.get(UNFINISHED) is None
                found = _compared(source, target, progress) if already else _brought(source, target, progress)
                if not found.differences:
                    target.catalog.facts.note(WHOLE, origin)
                    target.catalog.facts.forget(UNFINISHED)
                return found.told(here, there, already=already)


def _demand_two(here: Settings, there: Settings) -> None:
    if not here.catalog.get_secret_value() and not _file(here).exists():
        raise InputError(f"There is no library in {str(here.indexes)!r}.", hint="Name its folder by --from.")
    if here.indexes.resolve() == there.indexes.resolve():
        raise InputError(
            f"Library and copy would share the folder {str(here.indexes)!r}.", hint="Name another one for the copy."
        )


def _demand_rest(source: Library) -> None:
    """Raise LibraryLocked for a library that another process, on another machine, is writing to."""
    if source.unsettled():
        raise LibraryLocked(
            f"The library in {str(source.folder)!r} is being written to.", hint="Wait until nobody writes, and copy."
        )


def _claim(there: Settings, origin: str) -> None:
    """Note whose copy this is to be. Raises InputError where there is something else."""
    with closing(_catalog(there)) as catalog:
        if catalog.facts.get(UNFINISHED) is None and catalog.facts.get(WHOLE) is None:
            used = (there.indexes / "manifest.json").exists()
            if used or catalog.facts.get("identity") == origin or tables.filled(catalog.store):
                raise _taken(there, "a library already")
            catalog.facts.forget("manifest")
            catalog.facts.note(UNFINISHED, origin)
        if (catalog.facts.get(UNFINISHED) or catalog.facts.get(WHOLE)) != origin:
            raise _taken(there, "a copy of another library")


def _opened(there: Settings, opened: Opening, origin: str) -> Library:
    try:
        return opened(there, origin)
    except (LibraryDamaged, LibraryMismatch):
        with closing(_catalog(there)) as catalog:
            if catalog.facts.get(UNFINISHED) is None:
                raise
            Manifest(there.indexes, catalog, engine="").clear()
            catalog.unindex()
    for derived in ("keywords", "vectors"):  # what a kill has left of them; they are brought again
        shutil.rmtree(there.indexes / derived, ignore_errors=True)
    return opened(there, origin)


def _brought(source: Library, target: Library, progress: Progress | None) -> _Comparison:
    """Bring all that is not there, and once more what then is not as it should be."""
    _bring(source, target, progress)
    found = _compared(source, target, progress)
    if found.unlike:
        target.catalog.unindex(found.unlike)
        _fill(source, target, progress)
        found = _compared(source, target, progress)
    return found


def _bring(source: Library, target: Library, progress: Progress | None) -> None:
    """Bring what is not there yet, and drop what the source has no more."""
    told = _Counting("copying", _rows(source), progress)
    for table in tables.TABLES:
        tables.bring(source.catalog.store, target.catalog.store, table, told)
    _fill(source, target, progress)
    wanted = {key for key, _ in target.catalog.keys(Filters())}
    strange = set().union(*target.search_index.keys().values()) - wanted
    if strange:
        target.search_index.write([], [(key, language) for key in sorted(strange) for language in LANGUAGES])


def _fill(source: Library, target: Library, progress: Progress | None) -> None:
    """Index what waits; what a process has taken that was killed a moment ago is free soon."""
    deadline = time.monotonic() + PATIENCE
    target.fill(_vectors_of(source), progress)
    while target.catalog.unindexed():
        if time.monotonic() > deadline:
            raise LibraryLocked("Another process indexes passages of the copy.", hint="End it, and copy again.")
        time.sleep(0.1)
        target.fill(_vectors_of(source), progress)


def _vectors_of(source: Library) -> Callable[[Keys], Mapping[int, NDArray[np.float32]]]:
    """Return what gives the vectors of the source's passages, but for those that are spoilt."""

    def vectors(keys: Keys) -> Mapping[int, NDArray[np.float32]]:
        rows = source.search_index.rows(keys)
        return {key: row for key, row in rows.items() if abs(float(np.linalg.norm(row)) - 1) < CROOKED}

    return vectors


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What comparing two libraries has found; `unlike` are the passages that are not in the index as they should."""

    tables: tuple[TableCopied, ...]
    vectors: int
    encoded: int
    unlike: frozenset[int]
    differences: tuple[str, ...]

    def told(self, here: Settings, there: Settings, *, already: bool) -> Copied:
        counts = {each.name: each.rows for each in self.tables}
        return Copied(
            source=here.address,
            target=there.address,
            articles=counts["articles"],
            passages=counts["passages"],
            encoded=self.encoded,
            vectors=self.vectors,
            tables=self.tables,
            already=already,
            verified=not self.differences,
            differences=self.differences,
        )


def _compared(source: Library, target: Library, progress: Progress | None) -> _Comparison:
    keys = sorted(source.catalog.keys(Filters()))
    told = _Counting("comparing", 2 * _rows(source) + len(keys), progress)
    found, differences = _compared_tables(source, target, told)
    halves = target.search_index.keys()
    unlike = {key for key, _ in keys if any(key not in held for held in halves.values())}
    compared = encoded = differing = 0
    for batch in batches(keys, PASSAGES_AT_ONCE):
        there, here = _vectors_of(source)(batch), target.search_index.rows(batch)
        both = sorted(there.keys() & here.keys())
        off = {key for key in both if _cosine(there[key], here[key]) < 1 - ALIKE}
        unlike |= off
        differing += len(off)
        compared += len(both)
        encoded += len(batch) - len(there)
        told(len(batch))
    if differing:
        differences.append(f"{differing:,} vectors are not those of the source.")
    return _Comparison(found, compared, encoded, frozenset(unlike), (*differences, *target.problems()))


def _compared_tables(
    source: Library, target: Library, told: Callable[[int], None]
) -> tuple[tuple[TableCopied, ...], list[str]]:
    found: list[TableCopied] = []
    differences: list[str] = []
    for table in tables.TABLES:
        rows, digest = tables.content(source.catalog.store, table, told)
        copied, copied_digest = tables.content(target.catalog.store, table, told)
        found.append(TableCopied(table.name, rows, digest))
        if (rows, digest) != (copied, copied_digest):
            unlike = tables.strays(source.catalog.store, target.catalog.store, table)
            differences.append(
                f"The table {table.name} has {rows:,} rows, in the copy {copied:,}; "
                f"not the same: {len(unlike):,}, the first {next(iter(unlike), '')!r}."
            )
    return tuple(found), differences


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


class _Counting:
    """Told of more that is done, tells how far the work is."""

    def __init__(self, name: StageName, total: int, progress: Progress | None) -> None:
        self._name = name
        self._total = total
        self._progress = progress
        self._done = 0

    def __call__(self, more: int) -> None:
        self._done += more
        if self._progress:
            self._progress(Stage(self._name, self._done, max(self._done, self._total), "rows"))


def _rows(library: Library) -> int:
    return sum(tables.count(library.catalog.store, table) for table in tables.TABLES)


def _catalog(settings: Settings) -> Catalog:
    return Catalog(settings.catalog.get_secret_value() or _file(settings))


def _file(settings: Settings) -> Path:
    return settings.indexes / "catalog.sqlite"


def _taken(there: Settings, what: str) -> InputError:
    return InputError(f"{there.address!r} holds {what}.", hint="Name an empty folder, or an empty database.")
