"""The write path: what the catalog holds and what the indexes hold stay one, whatever happens in between."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.catalog import Catalog
from bot.errors import LibraryDamaged, LibraryLocked, LibraryMismatch, NotFound
from bot.keywords import Analyzer, Keywords
from bot.library import ARTICLES_AT_ONCE, Library
from bot.outcomes import Failure, Ingested, Stage
from bot.records import Article, Filters, Language
from bot.seal import readable
from bot.vectors import Vectors

FIX = "Run `regbrief doctor --rebuild`."


@pytest.fixture
def full(library: Library, articles: tuple[Article, ...]) -> Library:
    assert library.add(articles) == Ingested(added=3)
    return library


@pytest.fixture
def reopen(library: Library, encoder: Any) -> Callable[..., Library]:
    def reopen(encoder: Any = encoder) -> Library:
        library.close()
        return Library(library.folder, encoder, Analyzer())

    return reopen


def contents(library: Library) -> list[tuple[str, str]]:
    """Return article and text of every passage, after making sure that all three parts hold the same keys."""
    assert library.problems() == []
    keys = {key for key, _ in library.catalog.keys(Filters())}
    assert library.search_index.keys() == {"keywords": keys, "dense": keys}
    return sorted((each.article.id, each.passage.text) for each in library.catalog.stored(keys).values())


def best(library: Library, term: str) -> list[str]:
    """Return the articles that keyword search finds for a term."""
    found = library.search_index.matching({term: 1.0}, Filters(), limit=9)
    return sorted(each.article.id for each in library.catalog.stored(key for key, _ in found).values())


def test_what_is_added_is_in_every_part(full: Library, articles: tuple[Article, ...]) -> None:
    assert contents(full) == sorted((article.id, article.body) for article in articles)


def test_adding_twice_changes_nothing(full: Library, articles: tuple[Article, ...]) -> None:
    before = full.catalog.keys(Filters())
    assert full.add(articles) == Ingested(unchanged=3)
    assert full.catalog.keys(Filters()) == before
    assert full.problems() == []


@pytest.mark.parametrize(
    ("index", "body", "term", "old_term"),
    [
        pytest.param(0, "A court acquitted it.", "acquit", "saturday", id="en"),
        pytest.param(1, "法院宣布判决无效。", "判决", "停止", id="zh-Hans"),
        pytest.param(2, "法院宣布判決無效。", "判决", "上市", id="zh-Hant"),
    ],
)
def test_a_changed_body_replaces_its_passages_everywhere(
    full: Library, articles: tuple[Article, ...], index: int, body: str, term: str, old_term: str
) -> None:
    changed = replace(articles[index], body=body)
    assert best(full, old_term) == [changed.id]
    assert full.add([changed]) == Ingested(updated=1)
    assert (best(full, term), best(full, old_term)) == ([changed.id], [])
    assert [text for article_id, text in contents(full) if article_id == changed.id] == [body]


def test_a_changed_language_moves_the_passages(full: Library, articles: tuple[Article, ...]) -> None:
    assert full.add([replace(articles[1], language="zh-Hant")]) == Ingested(updated=1)
    assert len(contents(full)) == 3


def test_removal_reaches_every_part(full: Library) -> None:
    full.remove(["links-hans", "fine-en"])
    assert [article_id for article_id, _ in contents(full)] == ["alipay-hant"]


def test_removing_what_is_not_there_removes_nothing(full: Library) -> None:
    with pytest.raises(NotFound, match="No article has the id '沒有'"):
        full.remove(["fine-en", "沒有"])
    assert len(contents(full)) == 3


@pytest.mark.parametrize("index", [0, 1, 2], ids=["en", "zh-Hans", "zh-Hant"])
def test_an_exact_copy_under_another_id_is_a_duplicate(
    full: Library, articles: tuple[Article, ...], index: int
) -> None:
    assert full.add([replace(articles[index], id="copy")]) == Ingested(duplicates=1)
    assert "copy" not in dict(contents(full))


def test_failures_are_handed_on_and_the_rest_is_added(library: Library, articles: tuple[Article, ...]) -> None:
    failure = Failure("a.md", "The file is empty.")
    assert library.add([articles[0], failure, articles[2]]) == Ingested(added=2, failed=(failure,))


def test_more_articles_than_one_batch_are_all_added_with_progress(library: Library) -> None:
    told: list[Stage] = []
    count = 2 * ARTICLES_AT_ONCE + 6
    many = [Article(f"a{n}", f"Title {n}", f"Sentence {n}.", "en") for n in range(count)]
    assert library.add(many, progress=told.append) == Ingested(added=count)
    assert [each for each in told if each.name == "indexing"] == [
        Stage("indexing", done, None, "passages") for done in (ARTICLES_AT_ONCE, 2 * ARTICLES_AT_ONCE, count)
    ]
    assert len(contents(library)) == count


def test_an_article_without_sentences_to_index_is_kept(library: Library) -> None:
    assert library.add([Article("a", "t", "…", "zh-Hant")]) == Ingested(added=1)
    assert contents(library) == [("a", "…")]


def test_the_library_is_there_after_opening_again(full: Library, reopen: Callable[..., Library]) -> None:
    before = contents(full)
    assert contents(reopen()) == before


# --- what does not fit ----------------------------------------------------------------------------------------------


class OtherEncoder:
    fingerprint = "others"

    def encode(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("it is not asked")


def test_another_encoder_is_refused_and_the_command_named(full: Library, reopen: Callable[..., Library]) -> None:
    with pytest.raises(LibraryMismatch) as raised:
        reopen(OtherEncoder())
    assert raised.value.message == (
        f"The library in {str(full.folder)!r} was built with encoder 'words', but this is encoder 'others'."
    )
    assert FIX.removesuffix(".") in raised.value.hint


@pytest.mark.parametrize("part", ["manifest.json", "keywords", "vectors"])
def test_a_missing_part_is_named_with_the_fix_and_rebuilding_restores_it(
    full: Library, reopen: Callable[..., Library], encoder: Any, part: str
) -> None:
    before = contents(full)
    path = full.folder / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(LibraryDamaged) as raised:
        reopen()
    assert str(raised.value) == f"{str(path)!r} is missing. {FIX}"
    rebuilt = Library.rebuild(full.folder, encoder, Analyzer())
    assert contents(rebuilt) == before
    assert contents(reopen()) == before


def test_a_manifest_that_is_not_json_is_named_with_the_fix(full: Library, reopen: Callable[..., Library]) -> None:
    (full.folder / "manifest.json").write_text("{")
    with pytest.raises(LibraryDamaged, match=r"manifest.json' is not JSON: .* Run `regbrief doctor --rebuild`\.$"):
        reopen()


def test_rebuilding_with_another_encoder_replaces_every_vector(
    full: Library, encoder: Any, reopen: Callable[..., Library]
) -> None:
    encoder.fingerprint, encoder.dimension = "wider", 128
    full.close()
    told: list[Stage] = []
    assert len(contents(Library.rebuild(full.folder, encoder, Analyzer(), progress=told.append))) == 3
    assert Stage("indexing", 3, 3, "passages") in told
    assert json.loads((full.folder / "manifest.json").read_text())["encoder"] == "wider"
    assert len(contents(reopen())) == 3


def test_problems_name_what_is_missing_and_what_is_extra(full: Library) -> None:
    (key, language), *_ = full.catalog.keys(Filters(article_ids=("links-hans",)))
    full.search_index.write([], [(key, language)])
    full.catalog.remove(["alipay-hant"])
    assert full.problems() == [
        "1 passages are missing from the keyword index.",
        "1 passages are in the keyword index but not in the catalog.",
        "1 passages are missing from the vector index.",
        "1 passages are in the vector index but not in the catalog.",
        "1 passages wait to be indexed or dropped.",
    ]


def test_a_damaged_index_is_found_from_a_child_process(full: Library) -> None:
    assert readable(full.folder) is None
    (full.folder / "keywords" / "meta.json").write_text("{")
    full.close()
    assert FIX in str(readable(full.folder))


# --- what is interrupted --------------------------------------------------------------------------------------------


@contextmanager
def interrupted(monkeypatch: pytest.MonkeyPatch, part: type, method: str) -> Iterator[None]:
    """Stop the process, as far as the library can tell, when it calls this method; then go on."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(part, method, stop)
        with suppress(KeyboardInterrupt):
            yield
            raise AssertionError(f"{method} was not called")


@pytest.mark.parametrize("part", [Vectors, Keywords], ids=["vectors", "keywords"])
@pytest.mark.parametrize("change", ["add", "update", "remove"])
def test_an_interrupted_write_is_completed_when_it_is_settled(
    full: Library, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch, part: type, change: str
) -> None:
    changed = replace(articles[0], body="New.") if change == "update" else replace(articles[0], id="new", title="New")
    with interrupted(monkeypatch, part, "write"):
        full.remove(["fine-en"]) if change == "remove" else full.add([changed])
    assert full.unsettled()
    full.settle()
    assert not full.unsettled()
    expected = {"add": 4, "update": 3, "remove": 2}[change]
    assert len(contents(full)) == expected


def test_an_interrupted_write_is_completed_by_the_next_one(
    full: Library, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with interrupted(monkeypatch, Vectors, "write"):
        full.add([replace(articles[1], body="新的正文。")])
    assert full.add([articles[0]]) == Ingested(unchanged=1)
    assert ("links-hans", "新的正文。") in contents(full)


def test_a_writer_stopped_before_its_manifest_can_be_opened_and_settled(
    library: Library, articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch, reopen: Callable[..., Library]
) -> None:
    with interrupted(monkeypatch, Vectors, "write"):
        library.add(articles)
    (library.folder / "manifest.json").unlink()
    reopen().settle()
    assert len(contents(reopen())) == 3


@pytest.mark.parametrize("stage", ["replace_passages", "forget_obsolete"])
def test_a_rebuild_that_was_interrupted_can_be_done_again(
    full: Library, encoder: Any, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    before = contents(full)
    full.close()
    with interrupted(monkeypatch, Catalog, stage):
        Library.rebuild(full.folder, encoder, Analyzer())
    assert contents(Library.rebuild(full.folder, encoder, Analyzer())) == before


# --- other processes ------------------------------------------------------------------------------------------------

DRIVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samples import WordEncoder
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article

def articles(count, wait):
    for n in range(count):
        if n == 1 and wait:
            print("writing", flush=True)
            sys.stdin.read()
        language, text = (("en", "Fine {} was paid."), ("zh-Hans", "罚款{}已缴。"), ("zh-Hant", "罰款{}已繳。"))[n % 3]
        yield Article(f"a{n}", text.format(n), "\\n\\n".join([text.format(n)] * 40), language)

folder, count, wait = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "wait"
library = Library(folder, WordEncoder(), Analyzer())
print("open", flush=True)
print(library.add(articles(count, wait)), flush=True)
"""


def ingesting(folder: Path, count: int, mode: str = "go") -> subprocess.Popen[str]:
    """Start a process that adds articles, and return when it has opened the library."""
    command = [sys.executable, "-c", DRIVER, str(Path(__file__).parent), str(folder), str(count), mode]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    assert child.stdout.readline() == "open\n"
    return child


def output(child: subprocess.Popen[str]) -> str:
    out, _ = child.communicate(timeout=60)
    return out


@pytest.fixture
def writing(library: Library) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of adding."""
    with ingesting(library.folder, 2, "wait") as child:
        assert child.stdout
        assert child.stdout.readline() == "writing\n"
        yield child
        child.kill()
        child.communicate()


def test_a_second_writer_is_told_who_holds_the_place_until_it_is_free(
    library: Library, articles: tuple[Article, ...], writing: subprocess.Popen[str]
) -> None:
    for write in (lambda: library.add(articles), library.settle, lambda: library.remove(["x"])):
        with pytest.raises(LibraryLocked) as raised:
            write()
        assert raised.value.message.startswith(
            f"Another process is writing to {str(library.folder)!r}: process {writing.pid} on "
        )
        assert raised.value.hint == "Wait until it is done."
    assert library.problems() == []  # readers are not kept out
    assert output(writing).startswith("Ingested(added=2,")
    library.refresh()
    assert {article_id for article_id, _ in contents(library)} == {"a0", "a1"}
    assert library.add(articles) == Ingested(added=3)


def test_a_killed_writer_holds_nothing(
    library: Library, articles: tuple[Article, ...], writing: subprocess.Popen[str]
) -> None:
    writing.kill()
    writing.wait()
    assert library.add(articles) == Ingested(added=3)
    assert len(contents(library)) == 3


def test_two_kills_lose_and_double_nothing(tmp_path: Path, encoder: Any) -> None:
    chance = random.Random(20211120)
    for _ in range(2):
        child = ingesting(tmp_path, 60)
        time.sleep(chance.uniform(0.02, 0.3))
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert output(ingesting(tmp_path, 60)).startswith("Ingested(added=")
    library = Library(tmp_path, encoder, Analyzer())
    found = contents(library)
    assert len({article_id for article_id, _ in found}) == 60
    whole = {"en": 40 * "Fine 0 was paid.", "zh-Hans": 40 * "罚款1已缴。", "zh-Hant": 40 * "罰款2已繳。"}
    for article_id, language in (("a0", "en"), ("a1", "zh-Hans"), ("a2", "zh-Hant")):
        text = "".join(text for each, text in found if each == article_id)
        assert sorted(text.replace("\n", "")) == sorted(whole[language])
    library.close()


@pytest.mark.parametrize(("title", "language"), [("Merger", "en"), ("合并", "zh-Hans"), ("合併", "zh-Hant")])
def test_a_word_of_a_title_finds_all_of_that_article_and_no_other(
    library: Library, title: str, language: Language
) -> None:
    body = "\n\n".join(f"It happened {number}. " * 40 for number in range(3))
    library.add([Article("other", "Rain", "It rained.", language), Article("one", title, body, language)])
    found = library.search_index.matching({library.analyzer.terms(title)[0]: 1.0}, Filters(), limit=9)
    stored = library.catalog.stored(key for key, _ in found)
    assert [each.article.id for each in stored.values()] == ["one"] * (library.catalog.passage_count() - 1)
    assert len(stored) > 1
