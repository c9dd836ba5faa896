"""A backup is the library as it stood, and is that library again; nothing is changed for one that is not whole."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from bot import Stage, Stopped
from bot.backup import backup, restore
from bot.errors import InputError, LibraryDamaged, LibraryLocked
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters


@pytest.fixture
def full(library: Library, articles: tuple[Article, ...]) -> Library:
    library.add(articles)
    return library


@pytest.fixture
def indexed(encoder: Any) -> Callable[..., Library]:
    return lambda folder, progress: Library.refill(folder, encoder, Analyzer(), progress=progress)


def contents(folder: Path, encoder: Any) -> Any:
    """Return articles, passages with their keys, stories and vectors of a library whose parts agree."""
    library = Library(folder, encoder, Analyzer())
    try:
        assert library.problems() == []
        keys = library.catalog.keys(Filters())
        held = list(library.catalog.articles(Filters()))
        vectors = {key: row.tolist() for key, row in library.search_index.rows(keys).items()}
        return held, library.catalog.stored(key for key, _ in keys), library.catalog.told(a.id for a in held), vectors
    finally:
        library.close()


def test_a_restored_library_is_the_one_that_was_backed_up(
    full: Library, encoder: Any, indexed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(full.folder, tmp_path / "b.zip")
    assert (made.path, made.articles, made.bytes) == (str(tmp_path / "b.zip"), 3, (tmp_path / "b.zip").stat().st_size)
    before = contents(full.folder, encoder)
    monkeypatch.setattr(encoder, "encode", lambda *_, **__: pytest.fail("it encodes"), raising=False)
    assert restore(tmp_path / "b.zip", tmp_path / "new", indexed) == made
    assert contents(tmp_path / "new", encoder) == before
    assert not list((tmp_path / "new").glob(".restoring*"))


def test_a_library_is_replaced_only_if_that_is_said(
    full: Library, encoder: Any, indexed: Any, tmp_path: Path, articles: tuple[Article, ...]
) -> None:
    backup(full.folder, tmp_path / "b.zip")
    full.add([replace(articles[0], body="Changed."), Article("new", "New", "It is new.", "en")])
    changed = contents(full.folder, encoder)
    with pytest.raises(InputError, match="holds 4 articles") as raised:
        restore(tmp_path / "b.zip", full.folder, indexed)
    assert "--overwrite" in raised.value.hint
    assert contents(full.folder, encoder) == changed
    full.close()
    restore(tmp_path / "b.zip", full.folder, indexed, overwrite=True)
    assert contents(full.folder, encoder)[0] == sorted(articles, key=lambda a: (str(a.published), a.id), reverse=True)


def test_who_reads_meanwhile_sees_what_is_restored(full: Library, indexed: Any, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "b.zip")
    full.add([Article("new", "New", "It is new.", "en")])
    assert full.catalog.count(Filters()) == 4
    restore(tmp_path / "b.zip", full.folder, indexed, overwrite=True)
    full.refresh()
    assert full.catalog.count(Filters()) == 3
    assert full.search_index.matching({"new": 1.0}, Filters(), limit=9) == []


def test_a_backup_while_another_writes_is_whole(full: Library, encoder: Any, indexed: Any, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        for number in range(1000):
            if stop.is_set():
                break
            full.add([Article(f"n{number}", f"T {number}", f"Body {number}.", "en")])
        full.catalog.store.release()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        made = [backup(full.folder, tmp_path / f"{number}.zip").articles for number in range(3)]
    finally:
        stop.set()
        writing.join()
    assert made == sorted(made)
    for number, count in enumerate(made):
        restore(tmp_path / f"{number}.zip", tmp_path / str(number), indexed)
        assert len(contents(tmp_path / str(number), encoder)[0]) == count


def test_a_backup_of_another_encoder_is_encoded_anew(full: Library, encoder: Any, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "b.zip")
    encoder.fingerprint = "other"
    restore(
        tmp_path / "b.zip",
        tmp_path / "new",
        lambda folder, progress: Library.rebuild(folder, encoder, Analyzer(), progress=progress),
    )
    assert len(contents(tmp_path / "new", encoder)[0]) == 3


def spoil(file: Path, name: str, change: Callable[[bytes], bytes | None]) -> None:
    """Write a backup again with one of its files changed, or left out."""
    with ZipFile(file) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    changed = change(parts[name])
    parts = {each: changed if each == name else content for each, content in parts.items()}
    with ZipFile(file, "w") as archive:
        for each, content in parts.items():
            if content is not None:
                archive.writestr(each, content)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-100]), "is no whole backup"),
        (lambda file: file.write_bytes(b"PK"), "is no whole backup"),
        (lambda file: file.unlink(), "There is no file"),
        (lambda file: spoil(file, "catalog.sqlite", lambda data: data[:-1] + b"x"), "catalog.sqlite is not what was"),
        (lambda file: spoil(file, "encoded.sqlite", lambda data: None), "is no whole backup"),
        (lambda file: spoil(file, "backup.json", lambda data: None), "is no whole backup"),
        (lambda file: spoil(file, "backup.json", lambda data: b"[]"), "is no whole backup"),
        (
            lambda file: spoil(file, "backup.json", lambda data: data.replace(b'"format": 1', b'"format": 9')),
            "format 9",
        ),
    ],
    ids=["truncated", "no-archive", "none", "changed", "part-missing", "no-record", "not-ours", "newer"],
)
def test_what_is_no_whole_backup_changes_nothing(
    full: Library, encoder: Any, indexed: Any, tmp_path: Path, how: Callable[[Path], Any], why: str
) -> None:
    backup(full.folder, tmp_path / "b.zip")
    before = contents(full.folder, encoder)
    how(tmp_path / "b.zip")
    with pytest.raises(InputError, match=why):
        restore(tmp_path / "b.zip", full.folder, indexed, overwrite=True)
    assert contents(full.folder, encoder) == before


def test_a_restore_that_is_stopped_changes_nothing(full: Library, encoder: Any, indexed: Any, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "b.zip")
    full.remove(["fine-en"])
    before = contents(full.folder, encoder)

    def stop(stage: Stage) -> None:
        if stage.name == "indexing":
            raise Stopped

    with pytest.raises(Stopped):
        restore(tmp_path / "b.zip", full.folder, indexed, overwrite=True, progress=stop)
    assert contents(full.folder, encoder) == before


@pytest.mark.parametrize("step", ["rename", "replace"])
def test_a_restore_that_breaks_off_late_names_the_command_that_mends(
    full: Library, encoder: Any, indexed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    backup(full.folder, tmp_path / "b.zip")
    full.remove(["fine-en"])
    full.close()

    def broken(folder: Path, progress: Any) -> Library:
        library = indexed(folder, progress)
        monkeypatch.setattr(Path, step, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        return library

    with pytest.raises(KeyboardInterrupt):
        restore(tmp_path / "b.zip", full.folder, broken, overwrite=True)
    monkeypatch.undo()
    with pytest.raises(LibraryDamaged, match="Run `regbrief doctor --rebuild`"):
        Library(full.folder, encoder, Analyzer())
    Library.rebuild(full.folder, encoder, Analyzer()).close()
    assert len(contents(full.folder, encoder)[0]) == (2 if step == "rename" else 3)


def test_a_library_that_is_written_to_is_not_replaced(full: Library, indexed: Any, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "b.zip")
    with full.writing(), pytest.raises(LibraryLocked):
        restore(tmp_path / "b.zip", full.folder, indexed, overwrite=True)


def test_a_file_that_is_there_is_not_overwritten_unless_that_is_said(full: Library, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"mine")
    with pytest.raises(InputError, match="is there already"):
        backup(full.folder, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == b"mine"
    assert backup(full.folder, tmp_path / "b.zip", overwrite=True).articles == 3


def test_without_a_library_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no library"):
        backup(tmp_path / "none", tmp_path / "b.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_a_backup_says_what_is_in_it(full: Library, tmp_path: Path) -> None:
    backup(full.folder, tmp_path / "b.zip")
    about = json.loads(ZipFile(io.BytesIO((tmp_path / "b.zip").read_bytes())).read("backup.json"))
    assert (about["format"], about["articles"]) == (1, 3)
    assert list(about["files"]) == ["catalog.sqlite", "encoded.sqlite", "manifest.json"]
