"""A seal on the indexes: nobody has touched their files since a writer has put them down whole.

A damaged file can crash the process that opens it, and a writer that was killed may leave one: Chroma writes its graph
over the one before. So indexes whose seal is broken are first read in a child process, once. A seal that is gone was
taken off by a writer that never came back; one that does not fit says that somebody else has been at the files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bot.errors import LibraryDamaged, LibraryLocked
from bot.lock import writer
from bot.mirror import writable

_INDEXES = ("keywords", "vectors")

_READ = """
import sys
from pathlib import Path
from bot.keywords import Keywords
from bot.vectors import Vectors
folder = Path(sys.argv[1])
for name, opened in (("keywords", Keywords), ("vectors", Vectors)):
    if Path(folder, name).exists():
        index = opened(folder / name)
        if not index.keys() and sys.argv[2:] == ["filled"]:
            sys.exit(f"{str(folder / name)!r} is empty.")
        if name == "vectors" and (spoilt := index.spoilt()):
            sys.exit(f"{spoilt} vectors are not what was written.")
"""


def seal(folder: Path) -> None:
    """Note the files of the indexes as they are, for `inspect`."""
    draft = folder / "seal.new"
    with suppress(OSError):  # on a full disk: without a seal the indexes are read once more, that is all
        draft.write_text(json.dumps(_files(folder), indent=1) + "\n", "utf-8")
        draft.replace(folder / "seal.json")


def break_seal(folder: Path) -> None:
    """Note that a writer is at work."""
    (folder / "seal.json").unlink(missing_ok=True)


def inspect(folder: Path, begin_anew: Callable[[], None], *, filled: bool) -> None:
    """Make sure that indexes can be read without harm. Raises LibraryDamaged.

    What a killed writer has left unreadable is thrown away by `begin_anew`. While another process writes it answers for
    them. `filled` says that they cannot be empty.
    """
    if _sealed(folder):
        return
    if not writable(folder):
        _demand_readable(folder, filled=filled)
        return
    with suppress(LibraryLocked), writer(folder):
        killed = not (folder / "seal.json").exists()
        try:
            _demand_readable(folder, filled=filled)
        except LibraryDamaged:
            if not killed:
                raise
            begin_anew()
        else:
            seal(folder)


def readable(folder: Path, *, filled: bool = False) -> str | None:
    """Read the indexes in a child process, which a damaged file may crash; return what went wrong, or None.

    `filled` says that they cannot be empty.
    """
    command = [sys.executable, "-c", _READ, str(folder), *(["filled"] if filled else [])]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    if child.returncode == 0:
        return None
    if child.returncode < 0:
        return f"a damaged file crashes the process that opens it (signal {-child.returncode})"
    lines = child.stderr.strip().splitlines()
    return lines[-1].removeprefix("bot.errors.LibraryDamaged: ") if lines else f"status {child.returncode}"


def _demand_readable(folder: Path, *, filled: bool) -> None:
    if damage := readable(folder, filled=filled):
        told = damage.removesuffix(" Run `regbrief doctor --rebuild`.").removesuffix(".")
        raise LibraryDamaged(
            f"The indexes in {str(folder)!r} cannot be read: {told}.", hint="Run `regbrief doctor --rebuild`."
        )


def _sealed(folder: Path) -> bool:
    try:
        noted = json.loads((folder / "seal.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(noted == _files(folder))


def _files(folder: Path) -> dict[str, list[int]]:
    """Return size and time of change, in nanoseconds, of every file of the indexes."""
    found = {}
    for index in _INDEXES:
        for path in sorted((folder / index).rglob("*")):
            if path.is_file() and path.suffix != ".lock":
                facts = path.stat()
                found[path.relative_to(folder).as_posix()] = [facts.st_size, facts.st_mtime_ns]
    return found
