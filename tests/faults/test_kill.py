"""A writer killed at any moment loses nothing that it has acknowledged, and doubles nothing."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from samples import WordEncoder

from bot import neighbours, passages
from bot.encoder import open_encoder
from bot.errors import BotError, LibraryDamaged
from bot.folders import Folders
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Article, Filters

pytestmark = pytest.mark.faults

ARTICLES = 48
AT_ONCE = 12

State = dict[str, Article]


@pytest.fixture(autouse=True)
def _often_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Chroma bring its graph to disk after every few passages, not after a thousand."""
    monkeypatch.setattr(neighbours, "SYNC", 20)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that need not import everything again."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bot.library", "chromadb", "conftest"])
    return context


def encoder(name: str) -> Any:
    """Return the bundled encoder, or the one that counts words."""
    return open_encoder("bundled") if name == "bundled" else WordEncoder()


def article(number: int, version: int) -> Article:
    texts = (
        ("en", f"Company {number} paid fine {version}."),
        ("zh-Hans", f"企业{number}缴纳了罚款{version}。"),
        ("zh-Hant", f"企業{number}繳納了罰款{version}。"),
    )
    language, text = texts[number % 3]
    body = "\n\n".join(f"{text} {part}." for part in range(number % 12 + 1))
    return Article(f"a{number}", text, body, language)  # type: ignore[arg-type]


def changes(step: int) -> tuple[list[Article], list[str]]:
    """Say what a step adds or replaces, or, every fourth one, removes."""
    start = step * 7 % ARTICLES
    numbers = [(start + each) % ARTICLES for each in range(AT_ONCE)]
    if step % 4 == 3:
        return [], [f"a{number}" for number in numbers[::3]]
    return [article(number, step) for number in numbers], []


def after(state: State, step: int) -> State:
    """Return what the library holds after a step."""
    added, removed = changes(step)
    return {key: each for key, each in state.items() if key not in removed} | {each.id: each for each in added}


def work(folder: Path, name: str, step: int, acknowledged: Path) -> None:
    """Do one step after the other until killed, and note each when it is done."""
    neighbours.SYNC = 20
    library = Library(folder, encoder(name), Analyzer())
    note = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(note, b".")
    while True:
        added, removed = changes(step)
        if removed:
            library.remove([each for each in removed if library.catalog.count(Filters(article_ids=(each,)))])
        else:
            library.add(added)
        os.write(note, b".")
        step += 1


def rebuild(folder: Path, name: str, _: int, started: Path) -> None:
    """Make the indexes anew until killed."""
    neighbours.SYNC = 20
    made = encoder(name)
    started.write_bytes(b".")
    while True:
        Library.rebuild(folder, made, Analyzer()).close()


def edit(news: Path, step: int) -> None:
    """Write, remove and move some files of a folder, each at once."""
    added, removed = changes(step)
    for each in added:
        whole = news / f"{each.id}.new"
        whole.write_text(f"---\ntitle: {each.title}\n---\n{each.body}\n", "utf-8")
        whole.replace(news / f"{each.id}.md")
    for name in removed:
        (news / f"{name}.md").unlink(missing_ok=True)
    for number in range(step % 5, ARTICLES, 5):
        with suppress(FileNotFoundError):
            (news / f"a{number}.md").replace(news / "moved" / f"a{number}.md")


def sync(folder: Path, name: str, step: int, acknowledged: Path) -> None:
    """Change a folder and bring the library in step with it, until killed; note each step when it is done."""
    neighbours.SYNC = 20
    library = Library(folder, encoder(name), Analyzer())
    note = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(note, b".")
    while True:
        edit(folder.parent / "news", step)
        Folders(library).sync(folder.parent / "news", insist=True)
        os.write(note, b".")
        step += 1


@pytest.fixture
def killed(tmp_path: Path, processes: ForkServerContext) -> Iterator[Callable[..., int]]:
    """Let a process work and kill it after so many seconds; return how many steps it has acknowledged."""

    def killed(command: Callable[..., None], name: str, step: int, seconds: float) -> int:
        note = tmp_path / "acknowledged"
        note.unlink(missing_ok=True)
        child = processes.Process(target=command, args=(tmp_path / "library", name, step, note))
        child.start()
        deadline = time.monotonic() + 60
        while not (note.exists() and note.stat().st_size):
            assert child.is_alive(), "it did not start"
            assert time.monotonic() < deadline, "it did not start in time"
            time.sleep(0.005)
        time.sleep(seconds)
        assert child.is_alive(), "it ended by itself"
        child.kill()
        child.join()
        return note.stat().st_size - 1

    return killed


def held(folder: Path, name: str) -> State:
    """Open the library, let it finish what was begun, and return what it holds, the same and once in every part."""
    library = Library(folder, encoder(name), Analyzer())
    library.settle()
    assert library.problems() == []
    state = {each.id: each for each in library.catalog.articles(Filters())}
    keys = {key for key, _ in library.catalog.keys(Filters())}
    assert library.search_index.keys() == {"keywords": keys, "dense": keys}
    found = [(each.article.id, each.passage) for each in library.catalog.stored(keys).values()]
    wanted = [(each.id, passage) for each in state.values() for passage in passages.passages(each)]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    library.close()
    return state


@pytest.mark.parametrize(("name", "kills", "longest"), [("words", 32, 0.6), ("bundled", 5, 2.0)])
def test_what_was_acknowledged_before_a_kill_is_there_once(
    tmp_path: Path, killed: Callable[..., int], name: str, kills: int, longest: float
) -> None:
    chance = random.Random(20211120)
    state: State = {}
    step = 0
    for _ in range(kills):
        done = killed(work, name, step, chance.uniform(0, longest))
        for _ in range(done):
            state = after(state, step)
            step += 1
        found = held(tmp_path / "library", name)
        assert found in (state, after(state, step))
        if found != state:
            state = found
            step += 1
    assert step > kills / 4, "all were killed too early to show anything"


def texts(articles: Iterable[Article]) -> list[tuple[str, str]]:
    return sorted((each.title, each.body) for each in articles)


def test_a_sync_that_was_killed_is_made_good_by_the_next(tmp_path: Path, killed: Callable[..., int]) -> None:
    chance = random.Random(20211120)
    news = tmp_path / "news"
    (news / "moved").mkdir(parents=True)
    step, acknowledged = 0, 0
    for _ in range(16):
        done = killed(sync, "words", step, chance.uniform(0, 0.8))
        acknowledged += done
        step += done + 1
        held(tmp_path / "library", "words")
        library = Library(tmp_path / "library", WordEncoder(), Analyzer())
        Folders(library).sync(news, insist=True)
        again = Folders(library).sync(news, insist=True)
        files = [Article("", *_title_and_body(path), "en") for path in news.rglob("*.md")]
        assert texts(library.catalog.articles(Filters())) == texts(files)
        assert (again.read, again.untouched) == (0, len(files))
        library.close()
    assert acknowledged > 4, "all were killed too early to show anything"


def _title_and_body(path: Path) -> tuple[str, str]:
    _, head, body = path.read_text("utf-8").split("---\n")
    return head.removeprefix("title: ").strip(), body.strip()


@pytest.mark.parametrize(("name", "kills", "longest"), [("words", 12, 0.7), ("bundled", 3, 2.0)])
def test_a_rebuild_that_was_killed_can_be_done_again(
    tmp_path: Path, killed: Callable[..., int], name: str, kills: int, longest: float
) -> None:
    chance = random.Random(20211120)
    folder = tmp_path / "library"
    library = Library(folder, encoder(name), Analyzer())
    library.add([article(number, 0) for number in range(ARTICLES)])
    library.close()
    wanted = {f"a{number}": article(number, 0) for number in range(ARTICLES)}
    for kill in range(kills):
        killed(rebuild, name, 0, chance.uniform(0, longest))
        with suppress(LibraryDamaged):
            assert held(folder, name) == wanted
        if kill % 3 == 2:  # several kills in a row must do no harm either
            Library.rebuild(folder, encoder(name), Analyzer()).close()
            assert held(folder, name) == wanted


def test_a_writer_killed_over_and_over_before_it_has_begun_leaves_an_empty_library(
    tmp_path: Path, killed: Callable[..., int]
) -> None:
    for _ in range(3):
        killed(work, "words", 3, 0.0)
    with pytest.raises(BotError, match="No article has the id"):
        Library(tmp_path / "library", WordEncoder(), Analyzer()).remove(["a1"])
