"""A folder and the library stay in step: what is new, changed, moved or gone, and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from documents import packed

from bot import folders as module
from bot.errors import InputError, Stopped
from bot.files import Files
from bot.folders import FEW, Folders, preview
from bot.keywords import Analyzer
from bot.library import ARTICLES_AT_ONCE, Library
from bot.neighbours import Row
from bot.outcomes import Failure, Foreseen, Ingested, Stage
from bot.records import Article, Filters

TEXTS = {
    "en": ("Acme fined", "The regulator fined Acme.", "The regulator fined Acme twice."),
    "zh-Hans": ("支付新规", "流明支付须开放外部链接。", "流明支付须立即开放外部链接。"),
    "zh-Hant": ("支付新規", "流明支付的貸款業務須分拆。", "流明支付的貸款業務須立即分拆。"),
}


class Rows:
    """Keeps vectors in memory: a library with Chroma takes ten times as long to open and to write."""

    def __init__(self, folder: Path) -> None:
        self._rows: dict[int, Row] = {}

    def write(self, add: Sequence[Row], remove: Iterable[tuple[int, Any]]) -> None:
        for key, _ in remove:
            self._rows.pop(key, None)
        self._rows |= {row.key: row for row in add}

    def rows(self, keys: Sequence[tuple[int, Any]]) -> dict[int, Any]:
        return {key: self._rows[key].vector for key, _ in keys if key in self._rows}

    def keys(self) -> set[int]:
        return set(self._rows)

    def spoilt(self) -> int:
        return 0

    def close(self) -> None:
        pass


@pytest.fixture
def library(tmp_path: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """An empty library."""
    monkeypatch.setattr("bot.embedded.Vectors", Rows)
    library = Library(tmp_path / "indexes", encoder, Analyzer())
    yield library
    library.close()


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """A folder with an article in each language, each at another depth."""
    folder = tmp_path / "news"
    for place, (title, text, _) in zip(("a.txt", "b/b.txt", "c/c/c.txt"), TEXTS.values(), strict=True):
        write(folder / place, title, text)
    return folder


def write(place: Path, title: str, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{title}\n\n{text}\n", "utf-8")


@pytest.fixture
def sync(library: Library, news: Path) -> Callable[..., Any]:
    """Sync the folder, and make sure that the indexes are in step with the catalog."""

    def sync(folder: Path = news, **options: Any) -> Any:
        done = Folders(library).sync(folder, **options)
        assert library.problems() == []
        return done

    return sync


def held(library: Library) -> dict[str, str]:
    """Return the ids of all articles by their texts."""
    return {article.body: article.id for article in library.catalog.articles(Filters())}


def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the names of the files that are read from now on."""
    read: list[str] = []
    before = module.Reading.articles

    def articles(self: Any, place: Path) -> Any:
        read.append(place.name)
        return before(self, place)

    monkeypatch.setattr(module.Reading, "articles", articles)
    return read


def age(folder: Path) -> None:
    """Let all files be old enough for their times to be believed."""
    for file in folder.rglob("*.*"):
        os.utime(file, (1_600_000_000, 1_600_000_000))


def test_what_is_in_the_folder_comes_in(library: Library, sync: Any, news: Path) -> None:
    done = sync()
    assert (done.path, done.ingested, done.read, done.removed) == (str(news), Ingested(added=3), 3, 0)
    assert held(library).keys() == {text for _, text, _ in TEXTS.values()}


@pytest.mark.parametrize(("language", "place"), [("en", "a.txt"), ("zh-Hans", "b/b.txt"), ("zh-Hant", "c/c/c.txt")])
def test_a_changed_text_replaces_the_article_under_its_id(
    library: Library, sync: Any, news: Path, language: str, place: str
) -> None:
    title, text, other = TEXTS[language]
    sync()
    before = held(library)
    write(news / place, title, other)
    done = sync()
    assert (done.ingested, done.read, done.untouched) == (Ingested(updated=1), 1, 2)
    assert held(library) == {other if body == text else body: article_id for body, article_id in before.items()}


def test_what_is_gone_is_removed(library: Library, sync: Any, news: Path) -> None:
    sync()
    shutil.rmtree(news / "b")
    assert sync().removed == 1
    assert "流明支付须开放外部链接。" not in held(library)


def test_unchanged_files_are_not_read_nor_opened_where_size_and_time_say_so(
    sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(news)
    sync()
    read = readings(monkeypatch)
    monkeypatch.setattr(module, "digest", lambda place: pytest.fail(f"{place} was opened"))
    assert (sync().untouched, read) == (3, [])


def test_a_file_of_the_same_content_is_not_read_whatever_its_time(
    sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync()
    read = readings(monkeypatch)
    age(news)
    assert (sync().untouched, read) == (3, [])


def test_a_change_that_leaves_size_and_time_is_seen_if_it_follows_at_once(
    library: Library, sync: Any, news: Path
) -> None:
    sync()
    about = (news / "a.txt").stat()
    write(news / "a.txt", "Acme fined", "The regulator found Acme"[:25] + ".")
    os.utime(news / "a.txt", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert (news / "a.txt").stat().st_size == about.st_size
    assert sync().ingested == Ingested(updated=1)


def test_fresh_reads_every_file(sync: Any) -> None:
    sync()
    assert sync(fresh=True).ingested == Ingested(unchanged=3)


@pytest.mark.parametrize("to", ["a2.txt", "new/a.txt", "new/other.md"])
def test_a_moved_file_keeps_the_id_of_its_article(library: Library, sync: Any, news: Path, to: str) -> None:
    sync()
    before = held(library)
    (news / to).parent.mkdir(exist_ok=True)
    (news / "a.txt").rename(news / to)
    done = sync()
    assert (done.moved, done.removed, done.ingested.added) == (1, 0, 0)
    assert sorted(held(library).values()) == sorted(before.values())


def test_a_folder_that_moved_within_is_not_read(sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync()
    read = readings(monkeypatch)
    (news / "c").rename(news / "d")
    assert (sync().moved, read) == (1, [])
    assert sync().moved == 0


def test_files_that_change_places_keep_their_ids(library: Library, sync: Any, news: Path) -> None:
    sync()
    before = held(library)
    (news / "a.txt").rename(news / "x")
    (news / "b/b.txt").rename(news / "a.txt")
    (news / "x").rename(news / "b/b.txt")
    assert sync().moved == 2
    assert held(library) == before


@pytest.mark.parametrize("insist", [True, False], ids=["", "asked-before"])
def test_a_file_that_is_moved_onto_another_takes_its_place(
    library: Library, sync: Any, news: Path, insist: bool
) -> None:
    age(news)
    sync()
    before = held(library)
    (news / "a.txt").replace(news / "b/b.txt")
    if not insist:
        foreseen = module.preview(library.catalog, news)
        assert (foreseen.moved, foreseen.removed, len(foreseen.changes)) == (1, 1, 1)
    done = sync(insist=insist)
    assert (done.moved, done.removed) == (1, 1)
    assert held(library) == {text: id for text, id in before.items() if text != TEXTS["zh-Hans"][1]}
    assert sync().untouched == 2


def test_a_text_that_moves_before_another_takes_its_place_keeps_its_id(library: Library, sync: Any, news: Path) -> None:
    sync()
    before = held(library)
    (news / "a.txt").rename(news / "z.txt")
    write(news / "a.txt", "Acme", "Acme paid.")
    assert sync().ingested.added == 1
    assert before.items() <= held(library).items()


@pytest.mark.parametrize("copy", ["0.txt", "z.txt"])
def test_a_copy_of_what_then_changes_stays(library: Library, sync: Any, news: Path, copy: str) -> None:
    sync()
    shutil.copy(news / "a.txt", news / copy)
    write(news / "a.txt", "Acme fined", "The regulator fined Acme twice.")
    sync()
    assert {"The regulator fined Acme.", "The regulator fined Acme twice."} <= held(library).keys()
    (news / copy).unlink()
    sync()
    assert "The regulator fined Acme." not in held(library)


def test_an_article_stays_while_any_file_gives_it(library: Library, sync: Any, news: Path) -> None:
    shutil.copy(news / "a.txt", news / "z.txt")
    assert sync().ingested == Ingested(added=3, unchanged=1)
    (news / "a.txt").unlink()
    assert (sync().removed, len(held(library))) == (0, 3)
    (news / "z.txt").unlink()
    assert (sync().removed, len(held(library))) == (1, 2)


def test_of_two_texts_under_one_id_the_one_that_is_left_stands(library: Library, sync: Any, news: Path) -> None:
    for name, text in (("p.jsonl", "One."), ("q.jsonl", "Two.")):
        (news / name).write_text(json.dumps({"id": "x", "title": "T", "body": text}), "utf-8")
    sync()
    (news / "q.jsonl").unlink()
    sync()
    assert library.catalog.article("x").body == "One."


def test_an_exact_copy_comes_in_when_its_original_goes(library: Library, sync: Any, news: Path) -> None:
    for name in ("p", "q"):
        (news / f"{name}.jsonl").write_text(json.dumps({"id": name, "title": "T", "body": "The same."}), "utf-8")
    assert sync().ingested == Ingested(added=4, duplicates=1)
    (news / "p.jsonl").unlink()
    sync()
    assert held(library)["The same."] == "q"


MANY: dict[str, tuple[bytes, bytes]] = {
    "many.jsonl": (
        b'{"title": "One", "body": "First."}\n{"title": "Two", "body": "Second."}\n',
        b'{"title": "Two", "body": "Second."}\n{"title": "Three", "body": "Third."}\n',
    ),
    "many.csv": (b"title,body\nOne,First.\nTwo,Second.\n", b"title,body\nTwo,Second.\nThree,Third.\n"),
    "many.zip": (
        packed({"1.txt": "One\n\nFirst.", "2.txt": "Two\n\nSecond."}),
        packed({"2.txt": "Two\n\nSecond.", "3.txt": "Three\n\nThird."}),
    ),
}


@pytest.mark.parametrize("name", MANY)
def test_a_file_of_many_articles_is_kept_in_step(library: Library, sync: Any, news: Path, name: str) -> None:
    before, after = MANY[name]
    (news / name).write_bytes(before)
    assert sync().ingested == Ingested(added=5)
    second = held(library)["Second."]
    (news / name).write_bytes(after)
    done = sync()
    assert (done.ingested, done.removed) == (Ingested(added=1, unchanged=1), 1)
    assert held(library)["Second."] == second
    (news / name).unlink()
    assert (sync().removed, len(held(library))) == (2, 3)


def test_a_row_that_moves_to_another_table_stays(library: Library, sync: Any, news: Path) -> None:
    (news / "p.csv").write_bytes(b"title,body\nOne,First.\nTwo,Second.\n")
    (news / "q.csv").write_bytes(b"title,body\nThree,Third.\n")
    sync()
    before = held(library)
    (news / "p.csv").write_bytes(b"title,body\nOne,First.\n")
    (news / "q.csv").write_bytes(b"title,body\nThree,Third.\nTwo,Second.\n")
    assert sync().removed == 0
    assert held(library) == before
    (news / "q.csv").unlink()
    assert sync().removed == 2


def test_a_file_that_can_no_longer_be_read_removes_nothing_and_is_named_until_it_can(
    library: Library, sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync()
    before = held(library)
    (news / "a.txt").write_bytes(b"")
    failure = Failure(str(news / "a.txt"), "The file is empty. Check that it was written completely.")
    assert sync().ingested == Ingested(failed=(failure,))
    read = readings(monkeypatch)
    assert (sync().ingested, read) == (Ingested(failed=(failure,)), [])
    assert held(library) == before
    write(news / "a.txt", *TEXTS["en"][::2])
    assert sync().ingested == Ingested(updated=1)


def test_a_line_that_can_no_longer_be_read_removes_nothing(library: Library, sync: Any, news: Path) -> None:
    (news / "many.jsonl").write_bytes(MANY["many.jsonl"][0])
    sync()
    (news / "many.jsonl").write_bytes(b'{"title": "One", "body": "First."}\n{"title": "Two", "bo')
    done = sync()
    assert (done.removed, [each.where for each in done.ingested.failed]) == (0, [f"{news}/many.jsonl:2"])
    assert "Second." in held(library)


@pytest.mark.parametrize("lost", ["b", "b/b.txt"], ids=["folder", "file"])
def test_what_cannot_be_looked_at_removes_nothing(
    library: Library, sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    sync()
    shutil.rmtree(news / "b")
    if lost == "b":
        (news / "b").mkdir()
        before = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: refuse() if str(path).endswith("/b") else before(path))
    else:
        (news / "b").mkdir()
        (news / lost).symlink_to("nowhere")
    done = sync()
    assert (done.removed, [each.where for each in done.ingested.failed]) == (0, [str(news / lost)])
    assert len(held(library)) == 3


def refuse() -> Any:
    raise PermissionError(13, "Permission denied")


def test_what_was_there_before_the_folder_stays(library: Library, sync: Any, news: Path) -> None:
    library.add([Article("own", "Own", "Of our own.", "en")])
    (news / "own.jsonl").write_text('{"id": "own", "title": "Own", "body": "Of our own."}', "utf-8")
    assert sync().ingested == Ingested(added=3, unchanged=1)
    shutil.rmtree(news)
    news.mkdir()
    assert sync(insist=True).removed == 3
    assert held(library) == {"Of our own.": "own"}


def test_what_a_user_has_removed_does_not_come_back(library: Library, sync: Any) -> None:
    sync()
    library.remove([held(library)["The regulator fined Acme."]])
    sync()
    assert len(held(library)) == 2


def test_two_folders_do_not_disturb_each_other(library: Library, sync: Any, news: Path, tmp_path: Path) -> None:
    shutil.copytree(news, tmp_path / "more")
    write(tmp_path / "more" / "d.txt", "More", "There is more.")
    sync()
    assert sync(tmp_path / "more").ingested == Ingested(added=1, unchanged=3)
    shutil.rmtree(news / "c")
    assert sync().removed == 0
    shutil.rmtree(tmp_path / "more" / "c")
    assert sync(tmp_path / "more").removed == 1
    assert [each.files for each in library.catalog.files.folders()] == [2, 3]


def test_the_articles_of_a_forgotten_folder_stay(library: Library, sync: Any, news: Path) -> None:
    sync()
    assert library.catalog.files.forget(str(news))
    assert not library.catalog.files.forget(str(news))
    shutil.rmtree(news / "c")
    assert (sync().removed, len(held(library))) == (0, 3)


# --- what may not be meant ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remains", "said"),
    [("nothing", "There is no folder"), ("empty", "3 of the 3 files that were in"), ("pictures", "3 of the 3 files")],
)
def test_an_empty_or_unmounted_folder_removes_nothing_unless_one_insists(
    library: Library, sync: Any, news: Path, remains: str, said: str
) -> None:
    sync()
    shutil.rmtree(news)
    if remains != "nothing":
        news.mkdir()
    if remains == "pictures":
        (news / "photo.png").write_bytes(b"\x89PNG")
    with pytest.raises(InputError, match=said) as raised:
        sync()
    assert "--insist" in raised.value.hint
    assert len(held(library)) == 3
    assert (sync(insist=True).removed, held(library)) == (3, {})


def test_a_folder_that_has_lost_most_of_its_files_is_asked_about(library: Library, sync: Any, news: Path) -> None:
    for number in range(FEW + 1):
        write(news / "part" / f"{number}.txt", f"Number {number}", f"Company {number} paid.")
    sync()
    (news / "part").rename(news / "moved")
    assert (sync().moved, sync().moved) == (FEW + 1, 0)
    shutil.rmtree(news / "moved")
    with pytest.raises(InputError, match=f"{FEW + 1} of the {FEW + 4} files"):
        sync()
    assert sync(insist=True).removed == FEW + 1


@pytest.mark.parametrize("name", ["none", "news/a.txt"])
def test_what_is_no_folder_is_refused(sync: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        sync(tmp_path / name, insist=True)


# --- what breaks off ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "method"),
    [
        (Files, "begin"),
        (Files, "put"),
        (Rows, "write"),
        (Files, "drop"),
        (Files, "remove_given"),
        (Files, "end"),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_sync_that_breaks_off_is_completed_by_the_next(
    library: Library, sync: Any, news: Path, monkeypatch: pytest.MonkeyPatch, part: type, method: str
) -> None:
    sync()
    kept = held(library)["流明支付须开放外部链接。"]
    write(news / "a.txt", *TEXTS["en"][::2])
    (news / "b").rename(news / "d")
    shutil.rmtree(news / "c")
    write(news / "e.txt", "New", "It is new.")
    with monkeypatch.context() as patch:
        patch.setattr(part, method, lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            Folders(library).sync(news)
    sync()
    assert held(library).keys() == {"The regulator fined Acme twice.", "流明支付须开放外部链接。", "It is new."}
    assert held(library)["流明支付须开放外部链接。"] == kept
    assert sync().ingested == Ingested()


def test_a_sync_that_is_stopped_keeps_what_is_read_and_removes_nothing(library: Library, news: Path) -> None:
    Folders(library).sync(news)
    shutil.rmtree(news / "c")
    (news / "a.jsonl").write_text(
        "\n".join(json.dumps({"title": str(n), "body": f"{n}."}) for n in range(600)), "utf-8"
    )

    def stop(stage: Stage) -> None:
        if stage.name == "indexing":
            raise Stopped

    done = Folders(library, progress=stop).sync(news)
    assert (done.ingested.added, done.removed) == (4 * ARTICLES_AT_ONCE, 0)
    assert library.problems() == []
    again = Folders(library).sync(news)
    assert (again.ingested, again.removed) == (Ingested(added=88, unchanged=4 * ARTICLES_AT_ONCE), 1)


def test_progress_tells_each_stage_in_its_unit(library: Library, news: Path) -> None:
    told: list[Stage] = []
    Folders(library, progress=told.append).sync(news)
    size = sum(file.stat().st_size for file in news.rglob("*.txt"))
    assert [stage for stage in told if stage.name == "looking"][-1] == Stage("looking", 3, None, "files")
    assert [stage for stage in told if stage.name == "reading"][-1] == Stage("reading", size, size, "bytes")
    assert [stage for stage in told if stage.name == "indexing"][-1] == Stage("indexing", 3, None, "passages")


# --- what would be --------------------------------------------------------------------------------------------------


def test_a_preview_says_what_a_sync_does_and_writes_nothing(library: Library, sync: Any, news: Path) -> None:
    sync()
    write(news / "a.txt", *TEXTS["en"][::2])
    (news / "b").rename(news / "d")
    shutil.rmtree(news / "c")
    write(news / "e.txt", "New", "It is new.")
    (news / "f.txt").write_bytes(b"")
    gone = held(library)["流明支付的貸款業務須分拆。"]
    before = state(library)
    foreseen = preview(library.catalog, news)
    assert state(library) == before
    assert foreseen.changes == (
        Foreseen("update", "Acme fined", str(news / "a.txt")),
        Foreseen("add", "New", str(news / "e.txt")),
        Foreseen("remove", "支付新規", gone),
    )
    done = sync()
    assert (foreseen.ingested, foreseen.removed, foreseen.moved) == (done.ingested, done.removed, done.moved)


def state(library: Library) -> list[str]:
    """Return digests of all that the library has on disk."""
    files = sorted(file for file in library.folder.rglob("*") if file.is_file() and not file.name.endswith("-shm"))
    return [f"{file} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files]
