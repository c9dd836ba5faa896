"""From files to articles: one reader a format, one way in.

`read` never raises for one bad file among many: it yields a Failure that names it, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bot.errors import InputError
from bot.readers import jsonl, markdown, text
from bot.readers.fields import checked
from bot.records import Article, Failure

__all__ = ["READERS", "checked", "find", "read"]

READERS: dict[str, Callable[[Path], Iterator[Article | Failure]]] = {
    ".md": markdown.read,
    ".markdown": markdown.read,
    ".txt": text.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
}

_DOCUMENTATION = {"README.md", "LICENSE.md", "CONTRIBUTING.md", "CHANGELOG.md"}


def find(path: Path) -> list[Path]:
    """List the readable files of a folder, at any depth and in order of name, or the one file that `path` names.

    Raises InputError where nothing is there, or where a single file has a form that no reader takes.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and _readable(file))
    if not path.exists():
        raise InputError(f"There is no file or folder {str(path)!r}.", hint="Check the spelling.")
    if path.suffix.lower() not in READERS:
        raise InputError(f"No reader takes {path.name!r}.", hint=f"It reads {', '.join(sorted(READERS))}.")
    return [path]


def read(path: Path) -> Iterator[Article | Failure]:
    """Read every article of one file; what cannot be read comes as a Failure."""
    try:
        yield from READERS[path.suffix.lower()](path)
    except InputError as error:
        yield Failure(str(path), str(error))
    except OSError as error:
        yield Failure(str(path), f"It cannot be opened: {error.strerror or error}.")


def _readable(file: Path) -> bool:
    return file.suffix.lower() in READERS and file.name not in _DOCUMENTATION and not file.name.startswith(".")
