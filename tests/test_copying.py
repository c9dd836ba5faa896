"""A copy is the library on other engines, made without encoding; nothing is lost or doubled where it was broken off."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from samples import ARTICLES, WordEncoder

from bot import Stage, Stopped, copying, indexing, tables
from bot.catalog import Catalog
from bot.cli import main
from bot.doctor_cli import examine
from bot.engine import Regbrief
from bot.errors import InputError, LibraryMismatch
from bot.folders import Folders
from bot.glossary import Glossary
from bot.index import Indexed
from bot.judgements import judged
from bot.keywords import Analyzer, Entry
from bot.library import Library
from bot.materials import places
from bot.neighbours import Row
from bot.outcomes import Copied, Feed
from bot.records import Article, Filters
from bot.settings import Settings

if TYPE_CHECKING:
    from postgres_server import PostgresServer

QUESTIONS = ["How much was Alibaba fined?", "屏蔽网址链接", "支付寶須分拆"]
TESTS = Path(__file__).resolve().parent
KILLED_IN = (range(60), range(60, 125), range(125, 140), range(125, 135), range(125, 150), range(200, 380))
"""Steps of a copy: the first 124 are rows of tables, then, on the first go, 31 are passages, 271 compare."""

ANALYZER = Analyzer()
COPY = replace(ARTICLES[0], id="copy-en", source="Second Post", url=None)


class Silent(WordEncoder):
    """Encodes questions only."""

    def encode(self, texts: Any, *, kind: str, languages: Any) -> Any:
        assert kind == "query", f"encodes {texts}"
        return super().encode(texts, kind=kind, languages=languages)


def opened(settings: Settings, copy_of: str = "", encoder: Any = None) -> Library:
    """Open a library with an encoder that refuses passages, unless another is given."""
    made = encoder or Silent()
    return Library(settings.indexes, made, ANALYZER, places=places(settings), copy_of=copy_of)


def copied(here: Settings, there: Settings, progress: Any = None) -> Copied:
    return copying.copy(here, there, opened, progress=progress)


def at(address: Path | str) -> Settings:
    return Settings.read().at(str(address))


def many(count: int) -> list[Article]:
    """Return articles in three scripts, some of several passages."""
    texts = (
        ("en", "Company {0} paid fine {0}."),
        ("zh-Hans", "企业{0}缴纳了罚款{0}。"),
        ("zh-Hant", "企業{0}繳納了罰款{0}。"),
    )
    found = []
    for number in range(count):
        language, text = texts[number % 3]
        body = "\n\n".join(f"{text.format(number)} " * 40 for _ in range(number % 3 + 1))
        found.append(Article(f"a{number}", text.format(number), body, language))  # type: ignore[arg-type]
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with all that one can hold, and numbers that are used no more."""
    folder, news = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("news")
    (news / "file.txt").write_text("A file\n\nThe regulator said nothing.\n", "utf-8")
    with closing(opened(at(folder), encoder=WordEncoder())) as library:
        library.add([*ARTICLES, COPY, *many(6)])
        library.add([Article("gone", "Gone", "It goes.", "en")])
        library.remove(["gone", "a1"])
        Folders(library, progress=lambda stage: None).sync(news)
        library.catalog.subscriptions.put(Feed("https://example.org/feed", "Feed"))
        library.catalog.judgements.add(judged("Wer?", "wrong", note="不对，不對", citation=None))
        library.catalog.facts.identity()
    return folder


@pytest.fixture
def here(tmp_path: Path, made: Path) -> Settings:
    """That library in a folder of the test."""
    shutil.copytree(made, tmp_path / "here")
    return at(tmp_path / "here")


def contents(settings: Settings) -> Any:
    """Return what a library whose parts agree holds, and what it finds."""
    with closing(opened(settings)) as library:
        assert library.problems() == []
        catalog, bot = library.catalog, Regbrief.from_library(library, encoder=Silent(), glossary=Glossary())
        articles = list(catalog.articles(Filters()))
        with catalog.store.reading() as db:
            numbers = {each.name: db.last(each) for each in tables.TABLES if each.autoincrement_column is not None}
        return {
            "articles": articles,
            "passages": catalog.stored(key for key, _ in catalog.keys(Filters())),
            "told": catalog.told(each.id for each in articles),
            "feeds": catalog.subscriptions.feeds(),
            "folders": catalog.files.folders(),
            "files": [catalog.files.known(each.path) for each in catalog.files.folders()],
            "feedback": catalog.judgements.newest(),
            "numbers": numbers,
            "found": [bot.search(each, limit=1)[0].passage_id for each in QUESTIONS],
        }


def test_a_copy_in_a_folder_is_the_library_without_encoding(here: Settings, tmp_path: Path) -> None:
    stages: list[Stage] = []
    before, there = contents(here), at(tmp_path / "there")
    done = copied(here, there, stages.append)
    assert contents(there) == before == contents(here)
    assert (done.source, done.target) == (str(tmp_path / "here"), str(tmp_path / "there"))
    count = len(before["passages"])
    assert (done.articles, done.passages, done.vectors, done.encoded) == (len(before["articles"]), count, count, 0)
    assert (done.already, done.verified, done.differences) == (False, True, ())
    assert {each.name: each.rows for each in done.tables if each.rows} == {
        "articles": 10,
        "bands": 10 * 32,
        "facts": 1,
        "feedback": 1,
        "feeds": 1,
        "files": 1,
        "folders": 1,
        "given": 1,
        "passages": count,
        "reports": 10,
    }
    assert {each.name: each.unit for each in stages} == {"copying": "rows", "indexing": "passages", "comparing": "rows"}
    assert all(each.done <= (each.total or 0) for each in stages)


def test_a_copy_is_a_library_of_its_own(here: Settings, tmp_path: Path) -> None:
    there = at(tmp_path / "there")
    copied(here, there)
    with closing(opened(there, encoder=WordEncoder())) as library, closing(opened(here)) as source:
        assert library.catalog.facts.identity() != source.catalog.facts.identity()
        library.remove(["fine-en"])
        library.add([Article("new", "New", "It is new.", "en")])
        assert (library.problems(), source.problems()) == ([], [])
        assert max(key for key, _ in library.catalog.keys(Filters())) > max(
            key for key, _ in source.catalog.keys(Filters())
        )


def test_a_whole_copy_is_compared_only(here: Settings, tmp_path: Path) -> None:
    there = at(tmp_path / "there")
    first, again = copied(here, there), copied(here, there)
    assert again == replace(first, already=True)
    with closing(opened(there)) as library:
        library.remove(["fine-en"])
    changed, rows = copied(here, there), len(first.tables)
    assert (changed.already, changed.verified, len(changed.tables)) == (True, False, rows)
    assert "The table articles has 10 rows, in the copy 9; not the same: 1, the first 'fine-en'." in (
        changed.differences
    )
    with closing(opened(there)) as library:
        assert library.catalog.standing(["fine-en"]) == {}


def broken_off(after: int) -> Callable[[Stage], None]:
    """Return what ends the work when it has told `after` times how far it is."""
    told: list[Stage] = []

    def progress(stage: Stage) -> None:
        told.append(stage)
        if len(told) > after:
            raise Stopped

    return progress


@pytest.fixture
def _in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "AT_ONCE", 3)
    monkeypatch.setattr("bot.indexing.PASSAGES_AT_ONCE", 4)
    monkeypatch.setattr(copying, "PASSAGES_AT_ONCE", 4)


@pytest.mark.usefixtures("_in_small_steps")
def test_a_copy_that_is_broken_off_again_and_again_goes_on(here: Settings, tmp_path: Path) -> None:
    there, before = at(tmp_path / "there"), contents(here)
    for after in (0, 60, 126):
        with pytest.raises(Stopped):
            copied(here, there, broken_off(after))
        with pytest.raises(LibraryMismatch, match=r"is an unfinished copy of another\. Run the same `regbrief copy`"):
            opened(there)
    assert copied(here, there).verified
    assert contents(there) == before


@pytest.mark.usefixtures("_in_small_steps")
@pytest.mark.parametrize(
    "after",
    [pytest.param(60, id="in-the-tables", marks=pytest.mark.faults), pytest.param(126, id="in-the-vectors")],
)
def test_what_has_changed_since_a_copy_was_broken_off_is_as_it_is_now(
    here: Settings, tmp_path: Path, after: int
) -> None:
    there = at(tmp_path / "there")
    with pytest.raises(Stopped):
        copied(here, there, broken_off(after))
    with closing(opened(here, encoder=WordEncoder())) as library:
        library.remove(["fine-en", "a0"])
        library.add([replace(ARTICLES[1], body="企业缴纳了罚款。"), Article("new", "New", "It is new.", "en")])
    assert copied(here, there).verified
    assert contents(there) == contents(here)


@pytest.mark.faults
def test_a_copy_that_is_not_whole_is_neither_rebuilt_nor_said_to_be_well(here: Settings, tmp_path: Path) -> None:
    there = at(tmp_path / "there")
    with pytest.raises(Stopped):
        copied(here, there, broken_off(0))
    with pytest.raises(LibraryMismatch, match="is an unfinished copy of another"):
        Library.rebuild(there.indexes, Silent(), ANALYZER)
    found = examine(there)
    assert (found["articles"], len(found["problems"]), found["fix"]) == (None, 1, "regbrief copy")


def test_indexes_that_a_kill_has_damaged_are_brought_again(here: Settings, tmp_path: Path) -> None:
    there = at(tmp_path / "there")
    with pytest.raises(Stopped):
        copied(here, there, lambda stage: (_ for _ in ()).throw(Stopped) if stage.name == "comparing" else None)
    shutil.rmtree(tmp_path / "there" / "vectors")
    next((tmp_path / "there" / "keywords").glob("*.store")).write_bytes(b"")
    assert copied(here, there).verified
    assert contents(there) == contents(here)


def spoil(library: Library, key: int, vector: list[float] | None) -> None:
    """Give a passage another vector in the index, or take it away."""
    index: Any = library.search_index
    language = dict(library.catalog.keys(Filters()))[key]
    if vector is None:
        index.vectors.write([], [(key, language)])
    else:
        row = np.array(vector + [0] * (64 - len(vector)), np.float32)
        index.vectors.write([Row(key, language, row)], [])


def test_what_has_no_sound_vector_in_the_source_is_encoded(here: Settings, tmp_path: Path) -> None:
    with closing(opened(here)) as library, library.writing():
        spoil(library, 2, None)
        spoil(library, 3, [0.5])
    there, asked = at(tmp_path / "there"), []

    class Counting(WordEncoder):
        def encode(self, texts: Any, *, kind: str, languages: Any) -> Any:
            asked.extend(texts)
            return super().encode(texts, kind=kind, languages=languages)

    done = copying.copy(here, there, lambda which, of: opened(which, of, Counting()))
    assert (done.verified, done.encoded, done.vectors) == (True, 2, done.passages - 2)
    assert len(asked) == 2
    with closing(opened(there)) as library:
        assert library.problems() == []


def unfinished(library: Library) -> None:
    """Let a copy not be whole."""
    origin = str(library.catalog.facts.get(tables.WHOLE))
    library.catalog.facts.note(tables.UNFINISHED, origin)
    library.catalog.facts.forget(tables.WHOLE)


def test_what_differs_in_the_indexes_is_named_and_mended_while_the_copy_is_not_whole(
    here: Settings, tmp_path: Path
) -> None:
    there = at(tmp_path / "there")
    copied(here, there)
    with closing(opened(there)) as library, library.writing():
        spoil(library, 2, [1.0])
        spoil(library, 3, None)
        strange = Indexed(Entry(999, "x", "en", "", None, (), ()), np.eye(64, dtype=np.float32)[0])
        library.search_index.write([strange], [])
        library.search_index.keywords.write([], [4])  # type: ignore[attr-defined]
    done = copied(here, there)
    assert (done.verified, done.vectors, done.differences) == (
        False,
        done.passages - 1,
        (
            "1 vectors are not those of the source.",
            "1 passages are missing from the keyword index.",
            "1 passages are in the keyword index but not in the catalog.",
            "1 passages are missing from the vector index.",
            "1 passages are in the vector index but not in the catalog.",
        ),
    )
    with closing(opened(there)) as library:
        unfinished(library)
    assert copied(here, there).verified
    assert contents(there) == contents(here)


def test_what_differs_in_the_catalogs_is_named_and_mended_while_the_copy_is_not_whole(
    here: Settings, tmp_path: Path
) -> None:
    there = at(tmp_path / "there")
    copied(here, there)
    with closing(sqlite3.connect(tmp_path / "there" / "catalog.sqlite")) as db, db:
        db.execute("UPDATE articles SET body = body || ' ' WHERE id = 'alipay-hant'")
        db.execute("DELETE FROM feedback")
        db.execute("UPDATE reports SET signature = x'00' WHERE key > 4")
    done = copied(here, there)
    assert (done.verified, done.differences) == (
        False,
        (
            "The table articles has 10 rows, in the copy 10; not the same: 1, the first 'alipay-hant'.",
            "The table feedback has 1 rows, in the copy 0; not the same: 1, the first '1'.",
            "The table reports has 10 rows, in the copy 10; not the same: 6, the first '5'.",
        ),
    )
    with closing(opened(there)) as library:
        unfinished(library)
    assert copied(here, there).verified
    assert contents(there) == contents(here)


def test_a_place_that_holds_something_else_is_refused(here: Settings, tmp_path: Path) -> None:
    with closing(opened(at(tmp_path / "other"), encoder=WordEncoder())) as library:
        library.add(many(1))
    with closing(opened(at(tmp_path / "emptied"), encoder=WordEncoder())) as library:
        library.add(many(1))
        library.remove(["a0"])
    shutil.copytree(tmp_path / "here", tmp_path / "files")
    copied(here, at(tmp_path / "whole"))
    with pytest.raises(Stopped):
        copied(here, at(tmp_path / "begun"), broken_off(2))
    for name, source, said in (
        ("other", here, "holds a library already"),
        ("emptied", here, "holds a library already"),
        ("files", here, "holds a library already"),
        ("whole", at(tmp_path / "other"), "holds a copy of another library"),
        ("begun", at(tmp_path / "other"), "holds a copy of another library"),
        ("here", here, "would share the folder"),
    ):
        with pytest.raises(InputError, match=said):
            copied(source, at(tmp_path / name))
    with pytest.raises(InputError, match="There is no library in"):
        copied(at(tmp_path / "none"), at(tmp_path / "there"))
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "there").exists()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `regbrief` in this process with the encoder that refuses passages."""
    monkeypatch.setattr("bot.materials.open_encoder", lambda *_, **__: Silent())

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["regbrief", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_the_command_line_says_what_was_copied_and_verified(here: Settings, tmp_path: Path, run: Any) -> None:
    status, out, err = run("copy", "--from", here.indexes, "--to", tmp_path / "there")
    assert (status, out) == (0, "")
    passages = len(contents(here)["passages"])
    lines = [line for line in err.splitlines() if "━" not in line]
    assert lines == [
        f"{here.indexes} → {tmp_path / 'there'}: copied 10 articles, {passages} passages",
        f"verified: 11 tables with {346 + passages} rows by SHA-256, {passages} vectors one by one, and {passages}"
        " passages in both halves of the search",
    ]
    with closing(opened(at(tmp_path / "there"))) as library:
        library.remove(["fine-en"])
    status, out, err = run("copy", "--from", here.indexes, "--to", tmp_path / "there", "--json")
    told = json.loads(out)
    assert (status, told["already"], told["verified"], told["articles"]) == (1, True, False, 10)
    assert any("The table articles has 10 rows, in the copy 9" in each for each in told["differences"])
    status, out, err = run("copy", "--from", here.indexes, "--to", tmp_path / "there")
    assert (status, "is there already, and was compared only" in err, "nothing was changed" in err) == (1, True, True)


def test_the_library_of_the_settings_is_copied_where_none_is_named(
    here: Settings, tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIEF_INDEXES", str(here.indexes))
    assert run("copy", "--to", tmp_path / "there", "--json")[0] == 0
    assert contents(at(tmp_path / "there")) == contents(here)


@pytest.fixture
def cluster(tmp_path: Path, postgres: PostgresServer, milvus_address: str) -> Settings:
    """A place on a PostgreSQL and a Milvus."""
    return at(f"{tmp_path / 'cluster'},{postgres.database()},milvus:{milvus_address}")


@pytest.mark.cluster
def test_a_library_goes_to_a_cluster_and_comes_back(here: Settings, cluster: Settings, tmp_path: Path) -> None:
    before, back = contents(here), at(tmp_path / "back")
    done = copied(here, cluster)
    assert (done.verified, done.encoded, "s3cret" in repr(done)) == (True, 0, False)
    assert done.target.startswith(f"{tmp_path / 'cluster'},postgresql://regbrief@127.0.0.1:")
    assert contents(cluster) == before
    assert copied(cluster, back).tables == done.tables
    assert contents(back) == before
    with closing(opened(cluster, encoder=WordEncoder())) as library:
        library.add([Article("new", "New", "It is new.", "en")])
        assert library.problems() == []


@pytest.mark.cluster
def test_a_library_goes_from_one_cluster_to_another(
    here: Settings, cluster: Settings, tmp_path: Path, postgres: PostgresServer, milvus_address: str
) -> None:
    copied(here, cluster)
    other = at(f"{tmp_path / 'other'},{postgres.database()},milvus:{milvus_address}")
    assert copied(cluster, other).verified
    assert contents(other) == contents(here)
    with pytest.raises(InputError, match=r"postgresql://regbrief@127\.0\.0\.1.* holds a library already"):
        copied(here, at(f"{tmp_path / 'third'},{filled(postgres)}"))


def filled(postgres: PostgresServer) -> str:
    """Return the address of a database with a library of its own."""
    address = postgres.database()
    with closing(Catalog(address)) as catalog:
        catalog.put([(many(1)[0], [])])
    return address


def copy_until_killed(here: str, there: str, steps: Semaphore) -> None:
    """Copy in small steps, in a process of its own, and count them."""
    tables.AT_ONCE = 20
    copying.PASSAGES_AT_ONCE = indexing.PASSAGES_AT_ONCE = 8
    copied(at(here), at(there), lambda stage: steps.release())


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> ForkServerContext:
    """Starts processes that need not import everything again."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (TESTS.parent, TESTS))))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["test_copying", "chromadb"])
    return context


@pytest.fixture(
    params=[pytest.param("folder", marks=pytest.mark.faults), pytest.param("cluster", marks=pytest.mark.cluster)]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where a copy is made."""
    if request.param == "folder":
        yield tmp_path / "there"
        return
    from milvus_server import MilvusServer

    with MilvusServer(tmp_path) as milvus:
        database = request.getfixturevalue("postgres").database()
        yield f"{tmp_path / 'there'},{database},milvus:{milvus.url}"


def test_a_copy_killed_at_any_moment_loses_and_doubles_nothing(
    here: Settings, place: Path | str, processes: ForkServerContext
) -> None:
    with closing(opened(here, encoder=WordEncoder())) as grown:
        grown.add(many(60))
    before, chance, killed = contents(here), random.Random(11), 0
    for part in KILLED_IN:
        steps, wanted = processes.Semaphore(0), chance.choice(part)
        child = processes.Process(target=copy_until_killed, args=(str(here.indexes), str(place), steps))
        child.start()
        while wanted and child.is_alive():
            wanted -= steps.acquire(timeout=0.1)
        child.join(chance.uniform(0, 0.05))
        killed += child.is_alive()
        child.kill()
        child.join()
    done = copied(here, at(place))
    assert (done.verified, done.encoded, killed) == (True, 0, len(KILLED_IN))
    assert contents(at(place)) == before
