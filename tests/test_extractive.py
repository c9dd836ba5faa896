"""Which sentences answer, and whether any does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from samples import WordEncoder

from bot.extractive import FIRST, READ, Answerer
from bot.glossary import Entity, Glossary
from bot.library import Library
from bot.records import Article, Filters, Sentence
from bot.rerank import Pointed, Reading, Window
from bot.retrieve import Query, Retriever
from bot.weighing import AROUND, COSINES, DECISIVE, MODEL, UNMET, Around, Model, Outlook, Scored, Signals, Skim

SILENT = Signals(**dict.fromkeys(Signals.__dataclass_fields__, 0.0))
NOTHING = tuple(0.0 for _ in Signals.__dataclass_fields__)
THRESHOLDS = Model(NOTHING, 0.0, threshold=0.3, follow=0.5)
AXES = np.eye(16, dtype=np.float32)


def scored(text: str, probability: float, vector: Any, language: Any = "en") -> Scored:
    article = Article("a", "t", text, language)
    return Scored(article, Sentence(0, len(text), text), SILENT, np.asarray(vector, np.float32), probability)


def asked(text: str) -> Query:
    return Query(text=text, language="en", vector=AXES[0], asked=AXES[0], terms={})


def between(cosine: float) -> Any:
    """Return a vector with this cosine to the first axis."""
    return AXES[0] * cosine + AXES[1] * np.sqrt(1 - cosine**2)


@pytest.fixture
def answerer(library: Library, encoder: Any, glossary: Glossary) -> Answerer:
    return Answerer(encoder, library.search_index, analyzer=library.analyzer, glossary=glossary, model=THRESHOLDS)


def chosen(answerer: Answerer, *each: Scored, **limits: int) -> list[str]:
    return [one.sentence.text for one in answerer.choose(each, **limits)]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        pytest.param([], [], id="nothing-found"),
        pytest.param([0.29, 0.1], [], id="best-below-the-threshold"),
        pytest.param([0.3], ["0"], id="best-at-the-threshold"),
        pytest.param([0.9, 0.45, 0.44], ["0", "1"], id="follows-within-its-share"),
        pytest.param([0.5, 0.31, 0.24], ["0", "1"], id="none-below-half-of-the-best"),
        pytest.param([0.9] * 9, ["0", "1", "2", "3", "4"], id="no-more-than-five"),
    ],
)
def test_the_good_enough_are_chosen(answerer: Answerer, probabilities: list[float], expected: list[str]) -> None:
    assert chosen(answerer, *(scored(str(n), p, AXES[n]) for n, p in enumerate(probabilities))) == expected


def test_the_limit_can_be_lower(answerer: Answerer) -> None:
    assert chosen(answerer, *(scored(str(n), 0.9, AXES[n]) for n in range(4)), limit=2) == ["0", "1"]


@pytest.mark.parametrize(
    ("cosine", "language", "expected"),
    [
        pytest.param(0.87, "en", ["The fine."], id="same-language-repeats"),
        pytest.param(0.85, "en", ["The fine.", "其二"], id="same-language-differs"),
        pytest.param(0.81, "zh-Hans", ["The fine."], id="zh-Hans-repeats-english"),
        pytest.param(0.81, "zh-Hant", ["The fine."], id="zh-Hant-repeats-english"),
        pytest.param(0.79, "zh-Hant", ["The fine.", "其二"], id="zh-Hant-differs"),
    ],
)
def test_nothing_is_said_twice(answerer: Answerer, cosine: float, language: Any, expected: list[str]) -> None:
    first, second = scored("The fine.", 0.9, AXES[0]), scored("其二", 0.8, between(cosine), language)
    assert chosen(answerer, first, second) == expected


def test_the_two_scripts_are_one_language_when_sentences_are_compared(answerer: Answerer) -> None:
    first = scored("罚款", 0.9, AXES[0], "zh-Hans")
    assert chosen(answerer, first, scored("罰款", 0.8, between(0.85), "zh-Hant")) == ["罚款", "罰款"]


@pytest.mark.parametrize(
    ("first", "second", "cosine", "stories", "kept"),
    [
        pytest.param("Fined 5 billion, 2 by May.", "罚款50亿元。", 0.6, "ss", False, id="zh-Hans-adds-nothing"),
        pytest.param("Fined 5 billion, 2 by May.", "4日罰款50億元。", 0.6, "ss", False, id="zh-Hant-adds-its-day"),
        pytest.param("罚款50亿元。", "Fined 5 billion, 2 by May.", 0.6, "ss", True, id="en-adds-a-figure"),
        pytest.param("罚款50亿元。", "要求整改。", 0.6, "ss", True, id="no-figure-in-common"),
        pytest.param("罚款50亿元。", "Fined 5 billion.", 0.49, "ss", True, id="about-something-else"),
        pytest.param("罚款50亿元。", "Fined 5 billion.", 0.6, "st", True, id="another-story"),
    ],
)
def test_a_second_report_of_a_story_is_quoted_where_it_adds_something(
    answerer: Answerer, first: str, second: str, cosine: float, stories: str, kept: bool
) -> None:
    one, other = scored(first, 0.9, AXES[0]), scored(second, 0.8, between(cosine))
    other = replace(other, article=replace(other.article, id="b", published=date(2021, 5, 4)))
    told = dict(zip("ab", stories, strict=True))
    assert len(answerer.choose([one, other], stories=told)) == 1 + kept


def test_two_sentences_of_one_report_may_share_their_figures(answerer: Answerer) -> None:
    one, other = scored("The fine is 5 million.", 0.9, AXES[0]), scored("It has 5 million left.", 0.8, between(0.6))
    assert len(answerer.choose([one, other], stories={one.article.id: "s"})) == 2


def test_a_probability_is_the_logistic_function_of_the_weighted_signals() -> None:
    weights = tuple({"similarity": 2.0, "coverage": -1.0}.get(name, 0.0) for name in Signals.__dataclass_fields__)
    model = Model(weights, -0.5, threshold=0.3, follow=0.5)
    assert model.probability(replace(SILENT, similarity=0.5, coverage=0.5)) == pytest.approx(0.5)
    assert model.probability(replace(SILENT, similarity=1.0)) == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_the_shipped_models_weigh_every_signal_that_they_have_and_no_other() -> None:
    stored = json.loads(MODEL.read_text("utf-8"))
    every = set(Signals.__dataclass_fields__)
    of_the_reader = {"answering", "share", "certainty", "log_share", "log_certainty"}
    assert set(stored["with_reader"]["weights"]) == every - set(COSINES)
    assert set(stored["without_reader"]["weights"]) == every - of_the_reader
    assert set(stored["with_reader"]["skim"]["weights"]) == set(Outlook.__dataclass_fields__)
    for model in stored.values():
        decisive = {"log_odds", *DECISIVE, *UNMET, *AROUND}
        assert set(model["decision"]["weights"]) - {"answering"} == decisive - {"answering"}


@pytest.mark.parametrize("reader", [True, False])
def test_the_shipped_models_refuse_some_and_quote_some(reader: bool) -> None:
    model = Model.load(reader=reader)
    assert 0 < model.threshold < 1
    assert 0 < model.follow <= 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        pytest.param(
            "How much was Alibaba fined?",
            "China's market regulator fined Alibaba 18.228 billion yuan on Saturday.",
            id="en",
        ),
        pytest.param("工信部要求平台停止什么？", "工业和信息化部要求各平台停止屏蔽网址链接。", id="zh-Hans"),
        pytest.param("監管機構要求支付寶做什麼？", "監管機構要求支付寶分拆小額貸款業務。", id="zh-Hant"),
    ],
)
def test_sentences_are_scored_at_their_offsets_best_first(
    library: Library, encoder: Any, articles: tuple[Article, ...], fixed_model: Model, question: str, answer: str
) -> None:
    library.add(articles)
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query(question)
    candidates = retriever.search(query, Filters(), limit=9)
    found = Answerer(keywords=library.search_index, model=fixed_model, **parts).score(query, candidates)
    assert found[0].sentence.text == answer
    assert [each.probability for each in found] == sorted((each.probability for each in found), reverse=True)
    for each in found:
        assert each.article.body[each.sentence.start : each.sentence.end] == each.sentence.text


def test_what_was_found_around_counts_the_same_whatever_is_read(
    library: Library, encoder: Any, articles: tuple[Article, ...], fixed_model: Model
) -> None:
    library.add(articles)
    glossary = Glossary([Entity("alibaba", "company", {"en": ("Alibaba",), "zh-Hans": ("阿里巴巴",)})])
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": glossary}
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query("How much was Alibaba fined?")
    candidates = retriever.search(query, Filters(), limit=9)
    nothing_else = Skim((0.0,) * len(Outlook.__dataclass_fields__), -1.0, least=0.9)
    found = [
        Answerer(keywords=library.search_index, model=replace(fixed_model, skim=skim), reader=Listens(), **parts).score(
            query, candidates
        )
        for skim in (None, nothing_else)
    ]
    lacks = [
        0.0 if "Alibaba" in f"{each.stored.article.title} {each.stored.passage.text}" else 1.0 for each in candidates
    ]
    expected = Around(sum(lacks[:FIRST]) / FIRST, max(each.similarity for each in candidates))
    assert 0 < expected.astray_names < 1
    assert {each.around for each in [*found[0], *found[1]]} == {expected}
    assert len(found[1]) < len(found[0])


@pytest.mark.parametrize(
    ("around", "surer"),
    [
        pytest.param(Around(astray_names=1.0, nearest=0.5), False, id="off-the-subject"),
        pytest.param(Around(astray_names=0.0, nearest=0.1), False, id="nothing-near"),
        pytest.param(Around(astray_names=0.0, nearest=0.9), True, id="near"),
    ],
)
def test_a_sentence_is_less_trusted_where_what_else_was_found_is_off_the_subject(around: Around, surer: bool) -> None:
    model = Model.load()
    sentence = scored("Fine one.", 0.5, AXES[0])
    before = model.confidence([replace(sentence, around=Around(0.0, 0.5))])
    assert (model.confidence([replace(sentence, around=around)]) > before) is surer


@pytest.mark.parametrize(
    ("weighed", "threshold", "before", "after"),
    [
        pytest.param("similarity", 0.0, 4, 0, id="cosines-before-they-are-weighed"),
        pytest.param("coverage", 0.0, 0, 2, id="no-cosines-only-what-may-be-quoted"),
        pytest.param("coverage", 1.0, 0, 0, id="no-cosines-and-nothing-is-quoted"),
    ],
)
def test_sentences_are_encoded_only_where_that_is_needed(
    library: Library,
    encoder: WordEncoder,
    monkeypatch: pytest.MonkeyPatch,
    weighed: str,
    threshold: float,
    before: int,
    after: int,
) -> None:
    library.add([Article("a", "A", "Fine one. Chips three. Fine two. Courts four.", "en")])
    weights = tuple(9.0 * (name == weighed) for name in Signals.__dataclass_fields__)
    model = Model(weights, -5.0, threshold=threshold, follow=0.1)
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    answerer = Answerer(keywords=library.search_index, model=model, **parts)
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query("fine two")
    candidates = retriever.search(query, Filters(), limit=9)
    encoded: list[str] = []
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts, **named: encoded.extend(texts) or encode(texts, **named))
    found = answerer.score(query, candidates)
    assert len(encoded) == before
    answerer.choose(found)
    assert len(encoded) == before + after
    assert {each.sentence.text for each in found} == {"Fine one.", "Chips three.", "Fine two.", "Courts four."}


def test_a_sentence_that_is_encoded_late_repeats_another_as_well(answerer: Answerer) -> None:
    one, same, other = (replace(scored(text, 0.9, AXES[0]), vector=None) for text in ("It paid.", "It paid.", "Chips."))
    assert [each.sentence.text for each in answerer.choose([one, same, other])] == ["It paid.", "Chips."]


class Listens:
    """A reader that notes what it reads, and thinks the same of all of it."""

    def __init__(self) -> None:
        self.windows: list[str] = []

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        self.windows += [each.text.partition("\n")[0] for each in windows]
        return [Reading(0.0, tuple(Pointed(1.0) for _ in each.sentences)) for each in windows]


def skimming(*, least: float) -> Skim:
    """Think the better of a passage, 0.5 at best, the more words of the question it has."""
    return Skim(tuple(9.0 * (name == "coverage") for name in Outlook.__dataclass_fields__), -9.0, least)


@pytest.mark.parametrize(
    ("question", "least", "read"),
    [
        pytest.param("fine chips", 0.4, ["Both"], id="en-only-what-has-all-words"),
        pytest.param("fine chips", 0.0, ["Both", "Chips", "Fine"], id="en-all-that-was-found"),
        pytest.param("罚款芯片", 0.4, ["二者"], id="zh-Hans"),
        pytest.param("罰款晶片", 0.4, ["兩者"], id="zh-Hant"),
        pytest.param("fine unheard unseen", 0.4, ["Fine"], id="nothing-good-enough-but-the-best"),
    ],
)
def test_what_promises_nothing_is_not_read(
    library: Library, encoder: Any, fixed_model: Model, question: str, least: float, read: list[str]
) -> None:
    library.add(
        [
            Article("fine", "Fine", "It paid a fine.", "en"),
            Article("chips", "Chips", "It sold chips.", "en"),
            Article("both", "Both", "Its fine was for chips.", "en"),
            Article("hans", "二者", "罚款，因为芯片。", "zh-Hans"),
            Article("hant", "兩者", "罰款，因為晶片。", "zh-Hant"),
        ]
    )
    reader = Listens()
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    model = replace(fixed_model, skim=skimming(least=least))
    answerer = Answerer(keywords=library.search_index, model=model, reader=reader, **parts)
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query(question)
    language = "en" if question.isascii() else "zh-Hans" if "罚" in question else "zh-Hant"
    candidates = retriever.search(query, Filters(languages=(language,)), limit=9)  # type: ignore[arg-type]
    answerer.score(query, candidates)
    answerer.score(query, candidates)
    assert sorted(reader.windows) == read  # each once


class Says:
    """A reader that says the same of every first sentence, and of no other anything."""

    def __init__(self, share: float, certainty: float) -> None:
        self._first = Pointed(share, (0, 1), certainty)

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        return [Reading(2.0, (self._first, *[Pointed(0.0)] * (len(each.sentences) - 1))) for each in windows]


def test_what_the_reader_says_of_a_sentence_is_weighed_as_it_is_and_as_logarithms(
    library: Library, encoder: Any, fixed_model: Model
) -> None:
    library.add([Article("a", "A", "Fine one. Fine two.", "en")])
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    reader = Says(share=0.5, certainty=0.25)
    answerer = Answerer(keywords=library.search_index, model=fixed_model, reader=reader, **parts)
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query("fine")
    scored = answerer.score(query, retriever.search(query, Filters(), limit=9))
    found = {each.sentence.text: each.signals for each in scored}
    first, second = found["Fine one."], found["Fine two."]
    assert (first.answering, first.share, first.certainty) == (0.2, 0.5, 0.25)
    assert (first.log_share, first.log_certainty) == pytest.approx((-0.6931, -1.3863), abs=1e-4)
    assert (second.share, second.certainty) == (0, 0)
    assert (second.log_share, second.log_certainty) == pytest.approx((-9.2103, -9.2103), abs=1e-4)


class ReadsOne(Says):
    """One who says so of the first passage, and has no time for another."""

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        return super().read(question, windows[:1], budget=budget)


def test_a_passage_that_was_not_read_is_not_taken_to_answer_for_certain(
    library: Library, encoder: Any, fixed_model: Model
) -> None:
    library.add([Article("a", "Fine", "Fine one.", "en"), Article("b", "B", "Fine two. Chips.", "en")])
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    reader = ReadsOne(share=0.9, certainty=0.8)
    answerer = Answerer(keywords=library.search_index, model=fixed_model, reader=reader, **parts)
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query("fine")
    found = {each.sentence.text: each for each in answerer.score(query, retriever.search(query, Filters(), limit=9))}
    read, unread = found["Fine one."].signals, found["Fine two."].signals
    assert (read.share, unread.share) == (0.9, 0.5)  # one of two, and nothing says which
    assert read.answering == unread.answering  # as little as the least of what was read
    assert (unread.log_share, unread.log_certainty) == pytest.approx((-0.6931, -9.2103), abs=1e-4)
    assert found["Fine two."].pointed is not None
    assert found["Fine two."].pointed.span is None


def test_of_many_good_passages_the_best_are_read(library: Library, encoder: Any, fixed_model: Model) -> None:
    library.add([Article(f"{n:02}", f"Fine {n:02}", f"The fine was {n} million.", "en") for n in range(12)])
    library.add([Article("99", "Chips", "The fine was for chips.", "en")])
    reader = Listens()
    parts = {"encoder": encoder, "analyzer": library.analyzer, "glossary": Glossary()}
    model = replace(fixed_model, skim=skimming(least=0.0))
    answerer = Answerer(keywords=library.search_index, model=model, reader=reader, **parts)
    retriever = Retriever(library.catalog, library.search_index, **parts)
    query = retriever.query("fine chips")
    answerer.score(query, retriever.search(query, Filters(), limit=13))
    assert (len(reader.windows), "Chips" in reader.windows) == (READ, True)


def test_no_candidates_score_nothing(answerer: Answerer) -> None:
    assert answerer.score(asked("?"), []) == []
