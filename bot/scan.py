"""What stands in a folder, and what has changed since it was last looked at."""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from bot import readers
from bot.files import UNREAD, File
from bot.indexing import Progress
from bot.outcomes import Failure, Stage

YOUNG = 2_000_000_000
"""Nanoseconds: a file that was changed so shortly before it was read may change again without its time showing it."""


@dataclass
class Scan:
    """The files of a folder by their paths in it, and the paths of which it cannot be said what is there."""

    files: dict[str, File] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    failed: list[Failure] = field(default_factory=list)

    def is_closed(self, path: str) -> bool:
        """Whether a file may be there although it is not seen."""
        return bool(self.closed) and any(str(each) in self.closed for each in (path, *PurePath(path).parents))


@dataclass
class Plan:
    """What there is to do to come from what is known of a folder to what is found in it."""

    read: list[File] = field(default_factory=list)
    """Files that are new or have changed; `key` is that of what is known of them."""
    placed: list[File] = field(default_factory=list)
    """Known files of unchanged content that have another path or time."""
    gone: list[File] = field(default_factory=list)
    same: list[File] = field(default_factory=list)
    """Known files that need not be read, as they were when they were."""
    moved: int = 0


def scanned(folder: str, *, left_out: Path | None = None, progress: Progress | None = None) -> Scan:
    """Look at every file of a folder that a reader takes or names, at any depth; `left_out` is not looked into."""
    found = Scan()
    waiting = ["."]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, inside)) as entries:
                waiting += [each for each in _looked(found, entries, inside) if not _is(left_out, folder, each)]
        except OSError as error:
            _close(found, folder, inside, error)
        if progress:
            progress(Stage("looking", len(found.files), None, "files"))
    return found


def _looked(found: Scan, entries: Iterator[os.DirEntry[str]], inside: str) -> Iterator[str]:
    """Note the files of one folder, and yield the folders in it."""
    for entry in entries:
        path = os.path.normpath(os.path.join(inside, entry.name))
        if entry.is_dir(follow_symlinks=False):
            yield path
        elif readers.expected(PurePath(entry.name)):
            try:
                path.encode()
                about = entry.stat()
                if stat.S_ISREG(about.st_mode):
                    found.files[path] = File(path, about.st_size, about.st_mtime_ns)
            except UnicodeEncodeError:
                found.failed.append(Failure(entry.path, "Its name is not in UTF-8. Rename it."))
            except OSError as error:
                _close(found, "", entry.path, error, path)


def _close(found: Scan, folder: str, inside: str, error: OSError, path: str | None = None) -> None:
    found.closed.add(path or inside)
    where = os.path.normpath(os.path.join(folder, inside))
    found.failed.append(Failure(where, f"It cannot be looked at: {error.strerror or error}. What it gave is kept."))


def _is(left_out: Path | None, folder: str, path: str) -> bool:
    return left_out is not None and os.path.join(folder, path) == os.path.abspath(left_out)


def compared(known: Mapping[str, File], found: Scan, digest: Callable[[str], str], *, fresh: bool = False) -> Plan:
    """Tell what is new, changed, moved and gone; `digest` reads a file, and is asked only where the answer may help."""
    changed = [file for path, file in sorted(found.files.items()) if fresh or not _unchanged(file, known.get(path))]
    stirring = {file.path for file in changed}
    gone = [file for path, file in known.items() if path not in found.files and not found.is_closed(path)]
    loose = [*gone, *(known[path] for path in stirring if path in known)]
    digests = dict(_digests(changed, {file.size for file in loose if file.digest != UNREAD}, digest))
    before = _matched(digests, loose)
    held = {file.key for file in before.values()}
    plan = Plan(same=[file for path, file in known.items() if path in found.files and path not in stirring])
    replaced = [known[path] for path in before if path in known]
    plan.gone = [file for file in [*gone, *replaced] if file.key not in held]
    for file in changed:
        if old := before.get(file.path):
            _place(plan, file, old, fresh=fresh)
        else:
            own = known.get(file.path)
            key = own.key if own and own.key not in held else 0
            plan.read.append(replace(file, key=key, digest=digests.get(file.path, UNREAD)))
    return plan


def settled(file: File) -> File:
    """Return a file as it is noted: without its time if that is so young that the content may change within it."""
    return replace(file, modified=-1) if time.time_ns() - file.modified < YOUNG else file


def _unchanged(file: File, before: File | None) -> bool:
    return (
        before is not None and before.digest != UNREAD and (file.size, file.modified) == (before.size, before.modified)
    )


def _digests(files: Iterable[File], sizes: Container[int], digest: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for file in files:
        if file.size in sizes:
            with suppress(OSError):  # whoever reads the file says what is wrong
                yield file.path, digest(file.path)


def _matched(digests: Mapping[str, str], loose: Iterable[File]) -> dict[str, File]:
    """Find what each file was before: what stood at its own path if that has its content, else at another."""
    by_digest: defaultdict[str, list[File]] = defaultdict(list)
    for file in loose:
        by_digest[file.digest].append(file)
    before: dict[str, File] = {}
    for at_home in (True, False):
        for path in digests.keys() - before.keys() if at_home else sorted(digests.keys() - before.keys()):
            same = [file for file in by_digest[digests[path]] if file.path == path or not at_home]
            if same:
                before[path] = same[0]
                by_digest[digests[path]].remove(same[0])
    return before


def _place(plan: Plan, file: File, before: File, *, fresh: bool) -> None:
    """Note a file whose content is known; it is read where its name, which may be its title, is another."""
    placed = settled(replace(before, path=file.path, modified=file.modified))
    plan.placed.append(placed)
    plan.moved += before.path != file.path
    renamed = PurePath(before.path).name != PurePath(file.path).name
    if fresh or renamed or (before.problems and before.path != file.path):
        plan.read.append(replace(file, key=before.key, digest=before.digest))
    else:
        plan.same.append(placed)
