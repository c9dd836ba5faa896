"""From files to articles: one reader a format, one way in.

A reader takes an open file and the name under which it is reported. What cannot be read never stops the rest: it
comes as a Failure that names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import IO

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import csv, docx, eml, html, jsonl, markdown, pdf, text, zip
from bot.readers.fields import checked
from bot.records import Article

__all__ = ["READERS", "checked", "expect", "expected", "find", "read", "read_file"]

Reader = Callable[[IO[bytes], str], Iterator[Article | Failure]]

READERS: dict[str, Reader] = {
    ".csv": csv.read,
    ".docx": docx.read,
    ".htm": html.read,
    ".html": html.read,
    ".jsonl": jsonl.read,
    ".markdown": markdown.read,
    ".md": markdown.read,
    ".mht": eml.read_page,
    ".mhtml": eml.read_page,
    ".ndjson": jsonl.read,
    ".pdf": pdf.read,
    ".tsv": csv.read,
    ".txt": text.read,
    ".xhtml": html.read,
}

CONTAINERS: dict[str, Callable[[IO[bytes], str, Reader], Iterator[Article | Failure]]] = {
    ".eml": eml.read,
    ".zip": zip.read,
}
"""Formats that hold files of other formats, and read them by the reader that they are given."""

_OTHERS = {
    **dict.fromkeys([".doc", ".odt", ".pages", ".rtf", ".wps"], "Save it as .docx or .pdf."),
    **dict.fromkeys([".epub", ".msg", ".ppt", ".pptx"], "Save it as .pdf."),
    **dict.fromkeys([".ods", ".xls", ".xlsx"], "Save it as .csv."),
    **dict.fromkeys([".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz"], "Unpack it, or pack it as .zip."),
    ".json": "Write one article a line, as .jsonl.",
}
"""Forms in which articles come that no reader takes: they are named, and other files, pictures say, are passed over."""

_DOCUMENTATION = {"README.md", "LICENSE.md", "CONTRIBUTING.md", "CHANGELOG.md"}
MAX_DEPTH = 3
"""Archives and mails inside each other."""


def find(path: Path) -> list[Path]:
    """List the readable files of a folder, at any depth and in order of name, or the one file that `path` names.

    Raises InputError where nothing is there, or where a single file has a form that no reader takes.
    """
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and expected(file))
    if not path.exists():
        raise InputError(f"There is no file or folder {str(path)!r}.", hint="Check the spelling.")
    expect(path.name)
    return [path]


def expect(name: str) -> None:
    """Raise InputError where no reader takes a file of this name."""
    if not _readable(PurePath(name)):
        raise InputError(
            f"No reader takes {name!r}.",
            hint=_OTHERS.get(PurePath(name).suffix.lower()) or f"It reads {_forms()}.",
            case="no_reader",
            values={"name": name, "forms": _forms()},
        )


def read(
    path: Path, *, where: str = "", at: Callable[[int], None] = lambda position: None
) -> Iterator[Article | Failure]:
    """Read every article of one file; what cannot be read comes as a Failure.

    The file is reported as `where`, else by its path. `at` is told of each place in bytes.
    """
    where = where or str(path)
    try:
        with path.open("rb") as file:
            for item in read_file(file, where):
                yield item
                if not file.closed:
                    at(file.tell())
    except OSError as error:
        yield Failure(where, f"It cannot be opened: {error.strerror or error}.")


def read_file(file: IO[bytes], where: str, *, depth: int = 0) -> Iterator[Article | Failure]:
    """Read every article of an open file, whose form is told by its name; what cannot be read comes as a Failure."""
    try:
        yield from _read(file, where, depth)
    except InputError as error:
        yield Failure(where, str(error))
    except ImportError as error:
        yield Failure(where, f"Reading it needs {error.name!r}, which is not installed. Run pip install {error.name}.")
    except Exception as error:  # whatever a library raises for a file that its makers have not met
        yield Failure(where, f"Its reader failed: {error!r}. Save it in another form.")


def _read(file: IO[bytes], where: str, depth: int) -> Iterator[Article | Failure]:
    suffix = PurePath(where).suffix.lower()
    if suffix in _OTHERS:
        raise InputError(f"No reader takes {suffix}.", hint=_OTHERS[suffix])
    if suffix in CONTAINERS and depth == MAX_DEPTH:
        raise InputError(f"It lies in {depth} others.", hint="Unpack the outer ones.")
    if suffix in CONTAINERS:
        yield from CONTAINERS[suffix](file, where, _inside(depth + 1))
    else:
        yield from READERS[suffix](file, where)


def _inside(depth: int) -> Reader:
    def inside(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
        if expected(PurePath(where)):
            yield from read_file(file, where, depth=depth)

    return inside


def _readable(file: PurePath) -> bool:
    return file.suffix.lower() in (READERS.keys() | CONTAINERS.keys())


def expected(file: PurePath) -> bool:
    """Whether a file of a folder is one to read, or at least to name."""
    known = _readable(file) or file.suffix.lower() in _OTHERS
    return known and file.name not in _DOCUMENTATION and not file.name.startswith((".", "~$"))


def _forms() -> str:
    return ", ".join(sorted(READERS.keys() | CONTAINERS.keys()))
