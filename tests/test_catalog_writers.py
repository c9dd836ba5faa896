"""Many processes write to one catalog on PostgreSQL: nothing is lost or doubled, whatever ends in the middle."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psycopg
import pytest

from bot.catalog import Catalog
from bot.errors import LibraryLocked, NotFound, ServerError
from bot.passages import passages
from bot.records import Article, Filters, Language

if TYPE_CHECKING:
    from postgres_server import PostgresServer

pytestmark = pytest.mark.cluster

OWN, SHARED, CONTENTS = 6, 5, 4
TEXTS: tuple[tuple[Language, str], ...] = (
    ("en", "Company {} paid fine {}."),
    ("zh-Hans", "企业{}缴纳了罚款{}。"),
    ("zh-Hant", "企業{}繳納了罰款{}。"),
)

State = dict[str, Article]


def article(name: str, number: int, version: int) -> Article:
    language, text = TEXTS[number % 3]
    title = text.format(name, version)
    return Article(name, title, "\n\n".join(f"{title} {part}." for part in range(version % 9 + 1)), language)


def own(worker: int, step: int) -> tuple[list[Article], list[str]]:
    """Say what a step adds or replaces, or, every fifth one, removes, of what only this worker writes."""
    names = [f"w{worker}-{(step + each) % OWN}" for each in (0, 2, 1)]
    if step % 5 == 4:
        return [], names[:1]
    return [article(name, worker + at, step) for at, name in enumerate(names)], []


def after(state: State, worker: int, step: int) -> State:
    """Return what the catalog holds of a worker's own after a step."""
    added, removed = own(worker, step)
    return {key: each for key, each in state.items() if key not in removed} | {each.id: each for each in added}


def common(worker: int, step: int) -> list[Article]:
    """Return articles that all workers write, some with one text under several names, in an order of their own."""
    chance = random.Random(f"{worker} {step}")
    shared = [article(f"shared-{number}", number, step) for number in range(SHARED)]
    number = chance.randrange(CONTENTS)
    same = Article(f"same-{number}-{worker}", "Same", f"One text under several names, {number}.", "en")
    return chance.sample([*shared, same], 3)


class Index:
    """A search engine of files, one a passage: to write or drop one twice does no harm, and nothing forgets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def follow(self, catalog: Catalog) -> int:
        """Do the work that is left for one batch, as `Library.index` does; return how many passages that were."""
        dropped = [key for key, _ in catalog.to_drop()]
        for key in dropped:
            (self.folder / str(key)).unlink(missing_ok=True)
        catalog.forget_obsolete(dropped)
        batch = catalog.to_index(7)
        for each in batch:
            (self.folder / str(each.key)).touch()
        counts = Counter(each.article.id for each in batch)
        contents = {name: np.array([count, 0], dtype=np.float32) for name, count in counts.items()}
        catalog.mark_indexed([each.key for each in batch], contents)
        return len(batch)


def work(address: str, folder: Path, worker: int, step: int, last: int, note: Path) -> None:
    """Do one step after the other, and note each when it is done; go on when the server is there again."""
    noted = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while step < last:
        try:
            with_catalog = Catalog(address)
            while step < last:
                added, removed = own(worker, step)
                with suppress(NotFound):  # removed before it was killed
                    with_catalog.remove(removed)
                with_catalog.put((each, passages(each)) for each in [*added, *common(worker, step)])
                os.write(noted, b".")
                step += 1
                Index(folder).follow(with_catalog)
        except (ServerError, LibraryLocked):
            time.sleep(0.05)


class Workers:
    """Processes that write to a catalog."""

    def __init__(self, context: ForkServerContext, address: str, folder: Path) -> None:
        self.address = address
        self.index = Index(folder / "index")
        self.index.folder.mkdir()
        self._context = context
        self._folder = folder
        self._children: dict[int, BaseProcess] = {}

    def start(self, worker: int, last: int) -> None:
        arguments = (self.address, self.index.folder, worker, self.done(worker), last, self._note(worker))
        child = self._context.Process(target=work, args=arguments)
        child.start()
        self._children[worker] = child

    def kill(self, worker: int) -> None:
        child = self._children[worker]
        assert child.is_alive(), "it ended by itself"
        child.kill()
        child.join()

    def progress(self, worker: int, before: int) -> None:
        """Wait until a worker has done more steps than before."""
        deadline = time.monotonic() + 60
        while self.done(worker) <= before:
            assert time.monotonic() < deadline, "it does not go on"
            time.sleep(0.01)

    def wait(self) -> None:
        for child in self._children.values():
            child.join(300)
            assert child.exitcode == 0

    def done(self, worker: int) -> int:
        """Return how many steps a worker has said to be done."""
        return self._note(worker).stat().st_size if self._note(worker).exists() else 0

    def held(self) -> State:
        """Let the index catch up, and return what the catalog holds, the same and once in every part."""
        catalog = Catalog(self.address)
        deadline = time.monotonic() + 60
        while catalog.unindexed() or catalog.obsolete():
            assert time.monotonic() < deadline, "work is left that nobody may take"
            self.index.follow(catalog)
        state = {each.id: each for each in catalog.articles(Filters())}
        keys = {key for key, _ in catalog.keys(Filters())}
        assert {int(path.name) for path in self.index.folder.iterdir()} == keys
        found = [(each.article.id, each.passage) for each in catalog.stored(keys).values()]
        wanted = [(each.id, passage) for each in state.values() for passage in passages(each)]
        assert sorted(found, key=str) == sorted(wanted, key=str)
        texts = [(each.title, each.body) for each in state.values()]
        assert len(set(texts)) == len(texts)
        assert catalog.waiting() == 0
        assert catalog.told(state).keys() == state.keys()
        catalog.close()
        assert self._counted() == {each.id: len(passages(each)) for each in state.values()}
        return state

    def _counted(self) -> dict[str, int]:
        """Return how many passages have been counted in the content of each article's report."""
        with psycopg.connect(self.address) as db:
            rows = db.execute("SELECT article_id, content FROM reports").fetchall()
        return {name: int(np.frombuffer(content, np.float16)[0]) for name, content in rows}

    def _note(self, worker: int) -> Path:
        return self._folder / f"worker-{worker}"


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bot.catalog", "bot.postgres", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"])
    return context


@pytest.fixture
def workers(processes: ForkServerContext, postgres: PostgresServer, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(processes, postgres.database(), tmp_path)
    Catalog(workers.address).close()
    yield workers
    for child in workers._children.values():
        child.kill()


def owned(state: State, worker: int) -> State:
    return {name: each for name, each in state.items() if name.startswith(f"w{worker}-")}


def test_what_many_write_at_once_is_there_once(workers: Workers) -> None:
    for worker in range(4):
        workers.start(worker, 25)
    workers.wait()
    state = workers.held()
    for worker in range(4):
        wanted: State = {}
        for step in range(25):
            wanted = after(wanted, worker, step)
        assert owned(state, worker) == wanted
    assert {name for name in state if name.startswith("shared")} == {f"shared-{number}" for number in range(SHARED)}


@pytest.mark.faults
def test_writers_that_are_killed_lose_and_double_nothing(workers: Workers) -> None:
    chance = random.Random(20211123)
    last = 10_000
    states: dict[int, State] = {worker: {} for worker in range(3)}
    seen = dict.fromkeys(states, 0)
    for worker in states:
        workers.start(worker, last)
    for kill in range(24):
        worker = kill % 3
        workers.progress(worker, seen[worker])
        time.sleep(chance.uniform(0, 0.5))
        workers.kill(worker)
        for step in range(seen[worker], workers.done(worker)):
            states[worker] = after(states[worker], worker, step)
        seen[worker] = workers.done(worker)
        workers.start(worker, last)
    for worker in states:
        workers.kill(worker)
    state = workers.held()
    for worker, before in states.items():
        for step in range(seen[worker], workers.done(worker)):
            before = after(before, worker, step)
        assert owned(state, worker) in (
            before,
            between(before, worker, workers.done(worker)),
            after(before, worker, workers.done(worker)),
        )


def between(state: State, worker: int, step: int) -> State:
    """Return what is held of a worker's own when a step has removed, and not yet added."""
    removed = own(worker, step)[1]
    return {key: each for key, each in state.items() if key not in removed}


@pytest.mark.faults
def test_writers_go_on_when_a_server_that_crashed_is_there_again(workers: Workers, postgres: PostgresServer) -> None:
    for worker in range(3):
        workers.start(worker, 40)
    for how in ("immediate", "fast", "immediate"):
        time.sleep(1.5)
        postgres.stop(how)
        postgres.start()
    workers.wait()
    state = workers.held()
    for worker in range(3):
        wanted: State = {}
        for step in range(40):
            wanted = after(wanted, worker, step)
        assert owned(state, worker) == wanted
