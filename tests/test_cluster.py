"""Files read and encoded by workers give the library that this process alone would have made, whoever dies."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray_cluster import ENVIRONMENT, RayCluster
from samples import ARTICLES, WordEncoder

from bot import cluster
from bot.cluster import Passes
from bot.engine import Regbrief
from bot.errors import EncoderError, InputError, MissingExtra, ServerError
from bot.keywords import Analyzer
from bot.language import fold
from bot.library import Library
from bot.outcomes import Failure, Ingested, Stage
from bot.pipeline import Work
from bot.records import Article, Filters
from bot.workers import Chunk, Encoding, chunks, marks

WORDS = {
    "en": "regulator fined platform data privacy chips export court appeal merger antitrust payment licence".split(),
    "zh-Hans": "监管 罚款 平台 数据 隐私 芯片 出口 法院 上诉 合并 反垄断 支付 牌照".split(),
    "zh-Hant": "監管 罰款 平台 數據 隱私 晶片 出口 法院 上訴 合併 反壟斷 支付 牌照".split(),
}


def text(number: int, sentences: int) -> tuple[str, str, str]:
    """Return language, title and body of an article that is like no other."""
    chance = random.Random(number)
    language = list(WORDS)[number % 3]
    gap, stop = (" ", ". ") if language == "en" else ("", "。")
    said = [gap.join([*chance.choices(WORDS[language], k=12), str(chance.random())]) for _ in range(sentences)]
    return language, f"{WORDS[language][0]} {number}", stop.join(said) + stop.strip()


def news(folder: Path, *, files: int, sentences: int = 4) -> Path:
    """Write articles as text files and as the lines of one, with a file and a line that cannot be read."""
    folder.mkdir()
    for number in range(files):
        language, title, body = text(number, sentences)
        (folder / f"{number:03}.md").write_text(f"---\ntitle: {title}\nlanguage: {language}\n---\n{body}\n", "utf-8")
    lines = [dict(zip(("language", "title", "body"), text(files + each, sentences), strict=True)) for each in range(40)]
    written = [json.dumps(line, ensure_ascii=False) for line in lines]
    (folder / "lines.jsonl").write_text("\n".join([*written[:20], "{", *written[20:]]), "utf-8")
    (folder / "broken.md").write_text("---\ntitle: : :\n---\nText.", "utf-8")
    return folder


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join(json.dumps({"title": f"T{at}", "body": f"正文 {at}。"}) for at in range(20)), "utf-8")
    return file


# --- what a worker does ---------------------------------------------------------------------------------------------


def test_a_file_is_read_in_chunks_the_last_of_which_says_so(lines: Path) -> None:
    read = list(chunks(7, lines, "lines.jsonl"))
    titles = [[item.title for item in chunk.items if isinstance(item, Article)] for chunk in read]
    assert titles == [[f"T{at}" for at in range(start, min(start + 8, 20))] for start in (0, 8, 16)]
    assert [(chunk.file, chunk.number, chunk.last) for chunk in read] == [(7, 0, False), (7, 1, False), (7, 2, True)]


def test_a_file_that_cannot_be_read_has_one_chunk_that_names_it(tmp_path: Path) -> None:
    failure = Failure("news/gone.txt", "It cannot be opened: No such file or directory.")
    assert list(chunks(0, tmp_path / "gone.txt", "news/gone.txt")) == [Chunk(0, 0, True, 0, (failure,))]


def test_the_library_encodes_nothing_that_workers_have_encoded(tmp_path: Path) -> None:
    library = Library(tmp_path / "indexes", WordEncoder(), Analyzer())
    (chunk,) = Encoding(WordEncoder(), fold, marks(iter([])))([Chunk(0, 0, True, 0, ARTICLES)])
    library.keep_encoded(chunk.vectors)
    library._encoder.encode = _never  # type: ignore[method-assign]
    assert library.add(ARTICLES) == Ingested(added=3)
    assert library.problems() == []
    library.close()


def _never(*_: object, **__: object) -> Any:
    raise AssertionError("it was encoded again")


def test_articles_that_the_library_has_are_not_encoded_by_workers(library: Library) -> None:
    library.add(ARTICLES[:2])
    encode = Encoding(WordEncoder(), fold, marks(library.catalog.digests()))
    first, second = encode([Chunk(0, 0, True, 0, ARTICLES[:2]), Chunk(1, 0, True, 0, ARTICLES)])
    assert (len(first.vectors), len(second.vectors)) == (0, 1)
    assert second.items == ARTICLES


# --- the books, with a Ray that runs in this process ----------------------------------------------------------------


class Local:
    """Does at once what Ray does elsewhere. Tasks with `deadly` files bring nothing; passes break off at `breaks`."""

    class exceptions:  # as it is called in Ray
        class RayError(Exception):
            pass

    def __init__(self, deadly: Sequence[int] = (), breaks: Sequence[int | None] = ()) -> None:
        self.deadly = set(deadly)
        self.breaks = iter(breaks)
        self.passes: list[tuple[list[int], int]] = []

    def remote(self, **_: object) -> Callable[[type], Any]:
        return lambda kind: SimpleNamespace(remote=self._pipeline)

    def _pipeline(self, files: Sequence[tuple[int, str, str]], work: Work, together: int) -> Any:
        self.passes.append(([number for number, *_ in files], together))
        come = self._come(files, together, next(self.breaks, None))
        return SimpleNamespace(next=SimpleNamespace(remote=lambda: next(come, None)))

    def _come(self, files: Sequence[tuple[int, str, str]], together: int, breaks: int | None) -> Iterator[Any]:
        alive = [
            each
            for start in range(0, len(files), together)
            for each in files[start : start + together]
            if not self.deadly & {number for number, *_ in files[start : start + together]}
        ]
        for at, (number, path, where) in enumerate(alive):
            if at == breaks:
                yield self.exceptions.RayError("the node is gone")
            for chunk in chunks(number, Path(path), where):
                yield [pickle.dumps(chunk)]
        if breaks is not None and breaks >= len(alive):
            yield self.exceptions.RayError("the node is gone")

    def wait(self, references: Sequence[Any], timeout: float) -> tuple[Sequence[Any], list[Any]]:
        return references, []

    def get(self, reference: Any) -> Any:
        if isinstance(reference, Exception):
            raise reference
        return reference

    def kill(self, pipeline: object) -> None:
        pass


def passed(local: Local, files: Sequence[Path], progress: Any = None) -> list[Article | Failure]:
    work = Work(WordEncoder, fold, [])
    return [item for chunk in Passes(local, work, files, progress).chunks() for item in chunk.items]


def written(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.txt" for number in range(count)]
    for file in files:
        file.write_text(f"新聞 {file.stem}\n\n內文。", "utf-8")
    return files


def test_every_file_comes_once_though_passes_break_off(tmp_path: Path) -> None:
    files, local, stages = written(tmp_path, 40), Local(breaks=[5, 10]), list[Stage]()
    found = passed(local, files, stages.append)
    assert sorted(item.title for item in found if isinstance(item, Article)) == sorted(f"新聞 {n}" for n in range(40))
    assert [len(numbers) for numbers, _ in local.passes] == [40, 35, 25]
    size = sum(file.stat().st_size for file in files)
    assert stages[-1] == Stage("reading", size, size, "bytes")


def test_a_long_file_that_breaks_off_gives_no_article_twice(lines: Path) -> None:
    class Halfway(Local):
        def _come(self, *given: Any) -> Iterator[Any]:
            come = super()._come(*given)
            if len(self.passes) == 1:
                yield from [next(come), self.exceptions.RayError("the node is gone")]
            yield from come

    found = passed(Halfway(), [lines])
    assert [item.title for item in found if isinstance(item, Article)] == [f"T{at}" for at in range(20)]


def test_a_file_that_kills_its_readers_is_named_and_the_others_come(tmp_path: Path) -> None:
    files, local = written(tmp_path, 20), Local(deadly=[3])
    found = passed(local, files)
    why = "Every worker that read it has died. Save it in another form, or in parts."
    assert [item for item in found if isinstance(item, Failure)] == [Failure(str(files[3]), why)]
    assert len(found) == 20
    assert [(len(numbers), together) for numbers, together in local.passes] == [(20, 16), (16, 1), (1, 1)]


def test_a_cluster_that_brings_nothing_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="The cluster cannot do the work: the node is gone"):
        passed(Local(breaks=[0] * 9), written(tmp_path, 2))


def test_an_encoder_that_fails_ends_the_work(tmp_path: Path) -> None:
    class Failing(Local):
        def _come(self, *_: Any) -> Iterator[Any]:
            yield [pickle.dumps(EncoderError("The endpoint is down.", hint="Start it."))]

    with pytest.raises(EncoderError, match=r"^The endpoint is down\. Start it\.$"):
        passed(Failing(), written(tmp_path, 2))


# --- what names workers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["dask", "0", "-2", "ray://", "ray://host", "http://host:10001", "ray://a b:1"])
def test_what_names_no_workers_is_refused(workers: str) -> None:
    with pytest.raises(InputError, match="No workers are named by"):
        cluster.checked(workers)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"Run pip install 'regbrief\[cluster\]'\."):
        cluster.checked("ray")


@pytest.mark.parametrize(("breaks_off", "connects"), [(0, True), (3, True), (4, False)])
def test_a_cluster_that_breaks_off_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, breaks_off: int, connects: bool
) -> None:
    asked = []

    def init(address: str, **_: object) -> None:
        asked.append(address)
        if len(asked) <= breaks_off:
            raise ConnectionAbortedError("Initialization failure from server:\nRuntimeError: It died.")

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init, shutdown=lambda: None))
    with ExitStack() as stack:
        if not connects:
            refused = r"^Ray \(ray://host:1\) does not answer: RuntimeError: It died\. Check the address"
            stack.enter_context(pytest.raises(ServerError, match=refused))
        stack.enter_context(cluster._connected("ray://host:1"))
    assert asked == ["ray://host:1"] * min(breaks_off + 1, 4)


def test_ray_is_not_imported_unless_it_is_asked_for() -> None:
    code = "import sys, bot.cli; assert not {'ray', 'bot.cluster'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- with Ray -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """A cluster of two nodes."""
    with RayCluster(tmp_path_factory.mktemp("ray") / "log") as two:
        yield two


def ingest(folder: Path, indexes: Path, workers: str = "", path: Path | None = None) -> subprocess.Popen[str]:
    """Start `regbrief ingest`; `path` is one more from which Python imports, here and in workers on this machine."""
    here = os.pathsep.join([*([str(path)] if path else []), ENVIRONMENT["PYTHONPATH"]])
    named = ["--workers", workers] if workers else []
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "ingest", str(folder), *named, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": here, "REGBRIEF_INDEXES": str(indexes)},
    )


def done(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what an ingest reports, in which the order of failures does not count."""
    reported, complained = process.communicate(timeout=300)
    assert process.returncode == 0, complained
    assert "Traceback" not in complained
    found: dict[str, Any] = json.loads(reported)
    return found | {"failed": sorted(found["failed"], key=lambda each: each["where"])}


def wait_for_vectors(indexes: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until some vectors have come."""
    while process.poll() is None:
        try:
            with sqlite3.connect(f"file:{indexes}/encoded.sqlite?mode=ro", uri=True) as db:
                if db.execute("SELECT count(*) FROM encoded").fetchone()[0] >= count:
                    return
        except sqlite3.OperationalError:  # it is not there yet
            pass
        time.sleep(0.05)
    raise AssertionError(process.communicate())


def content(indexes: Path) -> tuple[Any, ...]:
    """Return what a library holds, but for the numbers of its passages, and what it finds first by a sentence."""
    with Regbrief.open(indexes=indexes) as bot:
        catalog = bot.library.catalog
        articles = sorted(bot.articles(), key=lambda each: each.id)
        stored = catalog.stored(key for key, _ in catalog.keys(Filters())).values()
        passages = sorted((each.passage.article_id, each.passage.number, each.passage.text) for each in stored)
        questions = [text(number, 2)[2][:-1] for number in range(12)]
        found = [[(hit.article_id, hit.start, hit.end) for hit in bot.search(each, limit=1)] for each in questions]
        assert bot.problems() == []
        return articles, passages, found


@pytest.mark.cluster
def test_a_node_killed_in_the_middle_loses_and_doubles_nothing(nodes: RayCluster, tmp_path: Path) -> None:
    folder = news(tmp_path / "news", files=120, sentences=8)
    plain = done(ingest(folder, tmp_path / "plain"))
    process = ingest(folder, tmp_path / "by-workers", nodes.address)
    wait_for_vectors(tmp_path / "by-workers", 60, process)
    nodes.kill_node()
    assert done(process) == plain
    assert plain["added"] == 160
    assert len(plain["failed"]) == 2
    assert content(tmp_path / "by-workers") == content(tmp_path / "plain")


@pytest.mark.cluster
def test_a_run_that_was_killed_goes_on_where_it_was(nodes: RayCluster, tmp_path: Path) -> None:
    folder = news(tmp_path / "news", files=180, sentences=4)
    process = ingest(folder, tmp_path / "by-workers", nodes.address)
    wait_for_vectors(tmp_path / "by-workers", 170, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = done(ingest(folder, tmp_path / "by-workers", nodes.address))
    assert again["added"] + again["unchanged"] == 220
    assert again["unchanged"] >= 128
    done(ingest(folder, tmp_path / "plain"))
    assert content(tmp_path / "by-workers") == content(tmp_path / "plain")


@pytest.mark.cluster
def test_a_file_that_kills_its_readers_is_named_on_this_machine(tmp_path: Path) -> None:
    folder = news(tmp_path / "news", files=30)
    (folder / "copy.md").write_bytes((folder / "000.md").read_bytes())
    expected = done(ingest(folder, tmp_path / "plain"))
    (folder / "deadly.txt").write_text("News\n\nText.", "utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "def kill(event, given):\n"
        "    if event == 'open' and str(given[0]).endswith('deadly.txt'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.addaudithook(kill)\n",
        "utf-8",
    )
    found = done(ingest(folder, tmp_path / "by-workers", "2", tmp_path))
    why = "Every worker that read it has died. Save it in another form, or in parts."
    deadly = {"where": str(folder / "deadly.txt"), "why": why}
    assert [each for each in found["failed"] if each not in expected["failed"]] == [deadly]
    assert {**found, "failed": expected["failed"]} == expected
    assert content(tmp_path / "by-workers") == content(tmp_path / "plain")
