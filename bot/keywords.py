"""Keyword search: BM25 over folded terms in tantivy. Derived from the catalog; `doctor --rebuild` makes it anew."""

from __future__ import annotations

import math
import re
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import rjieba
import tantivy

from bot.errors import LibraryDamaged
from bot.language import fold, mainland_terms
from bot.mirror import Mirror, writable
from bot.records import Filters, Language
from bot.storage import storage_error

_TOKEN = re.compile(r"[㐀-鿿\uf900-\ufaff]+|[0-9]+(?:[.,][0-9]+)*|[^\W_0-9㐀-鿿\uf900-\ufaff]+")
_HAN = re.compile(r"[㐀-鿿\uf900-\ufaff]")
_NO_DATE = 0

CACHED_WORDS = 50_000
"""English words whose stems are kept in memory."""

_STOP_WORDS = """
什么 怎么 怎样 如何 哪些 哪个 哪家 哪里 哪 谁 多少 多久 为什么 为何 何时 几 吗 呢 了 的 是 在 和 与 对 被 把
将 有 就 也 都 而 及 或 是否 有没有 请问 关于 以及 它 他 她 其 这 那 该 此 从 到 向 由 因 于 上 中 下 后 前
时 年 月 日 会 要 可以 应该 发生 事 发生了 什么事 需要 怎么样 哪一 哪一年 什么时候 现在 目前 最新
"""
_CHINESE_STOP_WORDS = frozenset(_STOP_WORDS.split())
_ENGLISH_QUESTION_WORDS = """
what which who whom whose when where why how much many long often do does did done can could would should has have had
were been being there here it its they them he she him her you your we our i me my about tell please say says said
"""


class Analyzer:
    """Cuts text into terms: English word stems, numbers, Chinese words and Han bigrams, all folded."""

    def __init__(self, names: Iterable[str] = (), *, fold: Callable[[str], str] = fold) -> None:
        """Take the folded Chinese names that the segmenter must keep whole."""
        self.fold = fold
        self._segmenter = rjieba.Jieba()
        for name in names:
            self._segmenter.add_word(name, None, None)
        stem = _analyzer(tantivy.Filter.stemmer("English"))
        content = _analyzer(
            tantivy.Filter.stopword("English"),
            tantivy.Filter.custom_stopword(_ENGLISH_QUESTION_WORDS.split()),
            tantivy.Filter.stemmer("English"),
        )
        self._stem = lru_cache(CACHED_WORDS)(stem.analyze)
        self._content = lru_cache(CACHED_WORDS)(content.analyze)

    def terms(self, text: str) -> list[str]:
        """Return every term of a text in order, Chinese bigrams beside longer words."""
        return [term for token in _TOKEN.findall(self.fold(text)) for term in self._expand(token, self._stem)]

    def document(self, text: str, language: Language) -> list[str]:
        """Return the terms of a text to be indexed; traditional text also gets its mainland vocabulary."""
        terms = self.terms(text)
        if language == "zh-Hant" and self.fold is fold:
            known = set(terms)
            terms += [term for term in self.terms(mainland_terms(text)) if term not in known]
        return terms

    def content(self, text: str) -> set[str]:
        """Return the terms of a question or sentence that carry meaning, without stop words and bigrams of them."""
        found: set[str] = set()
        for token in _TOKEN.findall(self.fold(text)):
            if _HAN.match(token):
                for run in self._content_runs(token):
                    found.update(self._expand(run, self._stem))
            else:
                found.update(self._expand(token, self._content))
        return found

    def _content_runs(self, token: str) -> Iterator[str]:
        """Join neighbouring words that are not stop words, so that no bigram crosses a stop word."""
        run = ""
        for word in self._segmenter.cut(token):
            if word in _CHINESE_STOP_WORDS:
                if run:
                    yield run
                run = ""
            else:
                run += word
        if run:
            yield run

    def _expand(self, token: str, english: Callable[[str], list[str]]) -> list[str]:
        if not _HAN.match(token):
            return [token] if token[0].isdigit() else english(token)
        if len(token) == 1:
            return [token]
        bigrams = [token[at : at + 2] for at in range(len(token) - 1)]
        return bigrams + [word for word in self._segmenter.cut(token) if len(word) > 2]


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as keyword search knows it."""

    key: int
    article_id: str
    language: Language
    source: str
    published: date | None
    title: Sequence[str]
    body: Sequence[str]


class Keywords:
    """A BM25 index of passages in a folder of its own."""

    TITLE_WEIGHT = 0.6
    """What a match in the title counts beside one in the passage."""

    def __init__(self, folder: Path) -> None:
        """Open or create the index; where the folder may not be written, a mirror of it is opened."""
        self._folder = folder
        self._lock = threading.Lock()
        self._mirror: Mirror | None = None
        with self._errors():
            self._open()

    def write(self, add: Sequence[Entry], remove: Iterable[int]) -> None:
        """Add entries, replacing those with their keys, and remove keys, in one commit."""
        with self._errors(), self._lock:
            writer = self._index.writer(heap_size=30_000_000, num_threads=1)
            try:
                self._commit(writer, add, remove)
            finally:
                del writer  # it holds tantivy's own lock for as long as it lives, also within a traceback
            self._index.reload()

    def _commit(self, writer: tantivy.IndexWriter, add: Sequence[Entry], remove: Iterable[int]) -> None:
        writer.garbage_collect_files()  # a writer that was killed leaves files whose names the next one would take
        for key in [*remove, *(entry.key for entry in add)]:
            # not delete_documents_by_term: it takes the number for a signed one and finds nothing (tantivy 0.27)
            writer.delete_documents_by_query(tantivy.Query.term_query(self._index.schema, "key", key))
        for entry in add:
            writer.add_document(_document(entry))
        writer.commit()
        writer.wait_merging_threads()

    def refresh(self) -> None:
        """See what another process has committed since."""
        with self._errors():
            if self._stamp != self._stamped():
                self._open()
            else:
                self._index.reload()

    def clear(self) -> None:
        """Forget every passage."""
        with self._errors():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._open()

    def _open(self) -> None:
        path = self._folder
        if not (writable(path) if path.exists() else writable(path.parent)):
            self._mirror = Mirror(path, copied=["meta.json", ".managed.json"], left_out=["*.lock"])
            path = self._mirror.path
        path.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(_schema(), path=str(path))
        self._index.config_reader("Manual")
        self._index.reload()
        self._stamp = self._stamped()

    def _stamped(self) -> tuple[int, int]:
        """Return what changes when the folder is made anew, or, where only a mirror is open, written."""
        meta = (self._folder / "meta.json").stat() if self._mirror else self._folder.stat()
        return meta.st_ino, meta.st_mtime_ns if self._mirror else 0

    def search(self, terms: Mapping[str, float], filters: Filters, *, limit: int) -> list[tuple[int, float]]:
        """Return (key, BM25 score) of the best passages for weighted terms, best first."""
        if not terms:
            return []
        with self._errors():
            searcher = self._index.searcher()
            found = searcher.search(self._query(terms, filters), limit=limit, count=False).hits
            keys = searcher.fast_field_values("key", [address for _, address in found])
            return [(int(key or 0), float(score or 0)) for key, (score, _) in zip(keys, found, strict=True)]

    def informativeness(self, terms: Iterable[str]) -> dict[str, float]:
        """Return each term's inverse document frequency: ln(1 + (N - n + ½) / (n + ½)), as BM25 has it."""
        with self._errors():
            searcher = self._index.searcher()
            total = searcher.num_docs
            counts = {term: min(searcher.doc_freq("body", term), total) for term in terms}
        return {term: math.log(1 + (total - count + 0.5) / (count + 0.5)) for term, count in counts.items()}

    def keys(self) -> set[int]:
        """Return every key in the index."""
        with self._errors():
            searcher = self._index.searcher()
            found = searcher.search(tantivy.Query.all_query(), limit=max(1, searcher.num_docs), count=False).hits
            return {int(key or 0) for key in searcher.fast_field_values("key", [address for _, address in found])}

    def _query(self, terms: Mapping[str, float], filters: Filters) -> tantivy.Query:
        schema = self._index.schema
        fields = (("body", 1.0), ("title", self.TITLE_WEIGHT))
        should = [
            tantivy.Query.boost_query(tantivy.Query.term_query(schema, field, term, "freq"), weight * boost)
            for term, weight in terms.items()
            for field, boost in fields
        ]
        parts = [(tantivy.Occur.Must, tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in should]))]
        for query in _conditions(schema, filters):
            parts.append((tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)))
        return tantivy.Query.boolean_query(parts)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            # A damaged file can make tantivy panic, which PyO3 raises as no Exception, of a class that has no module.
            if not isinstance(error, ValueError | OSError) and type(error).__name__ != "PanicException":
                raise
            raise storage_error(error, self._folder) or LibraryDamaged(
                f"The keyword index {str(self._folder)!r} cannot be used: {error}.",
                hint="Run `regbrief doctor --rebuild`.",
            ) from error


def _analyzer(*filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    for step in filters:
        builder = builder.filter(step)
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("key", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    for name in ("article_id", "language", "source"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("title", "body"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(entry: Entry) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("key", entry.key)
    document.add_integer("day", entry.published.toordinal() if entry.published else _NO_DATE)
    document.add_text("article_id", entry.article_id)
    document.add_text("language", entry.language)
    document.add_text("source", entry.source)
    document.add_text("title", " ".join(entry.title))
    document.add_text("body", " ".join(entry.body))
    return document


def _conditions(schema: tantivy.Schema, filters: Filters) -> Iterator[tantivy.Query]:
    if filters.since or filters.until:
        since = filters.since.toordinal() if filters.since else _NO_DATE + 1
        until = filters.until.toordinal() if filters.until else date.max.toordinal()
        yield tantivy.Query.range_query(schema, "day", tantivy.FieldType.Integer, since, until)
    allowed: tuple[tuple[str, Sequence[Any]], ...] = (
        ("language", filters.languages),
        ("source", filters.sources),
        ("article_id", filters.article_ids),
    )
    for field, values in allowed:
        if values:
            yield tantivy.Query.term_set_query(schema, field, list(values))
