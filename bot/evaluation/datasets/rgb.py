"""RGB (Chen et al., AAAI 2024), a benchmark of retrieval-augmented generation: each question has its own documents."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.datasets.files import document, read_lines, sentence_with, unique
from bot.evaluation.records import Evidence, Question, Suite
from bot.language import detect, fold
from bot.records import Article

DOCUMENTS = 5
"""Documents a question, as in the paper."""

NOISE = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Shares of documents that do not answer."""

DESCRIPTION = (
    "RGB gives a language model five documents a question. Noise robustness: accuracy (an accepted answer is in the "
    "output) while 0 to 80 % of the documents do not answer; negative rejection: how often it declines where none "
    "does; integration: questions that need two documents, at noise 0 to 40 %; counterfactual: how often it notices "
    "documents whose fact was changed, by what it knows itself. Here the documents of a question are the only articles "
    "that may be searched; accuracy is presence of all facts that are needed, and rejection is refusal of the type "
    "`rejection` (by the flag, not by a phrase). Differences: an extractive answer knows nothing of the world, so the "
    "counterfactual task gives true and changed documents in equal shares and asks for both values, side by side. "
    "Documents and their choice are ours (seeded), as the paper's are drawn at random."
)


def load(data: Sequence[Path], *, split: str = "", seed: int = 0) -> Suite:
    """Read RGB's files (en, zh, en_int, zh_fact …; JSON lines); which tasks each gives is seen from its fields."""
    if not data:
        raise InputError("The suite rgb needs files.", hint="Give each with --data.")
    asked = [task for path in data for line in read_lines(path) for task in _tasks(line, path.stem, seed)]
    articles = unique(article for _, documents in asked for article in documents)
    return Suite("rgb", DESCRIPTION, tuple(question for question, _ in asked), articles, split)


def _tasks(line: Mapping[str, Any], file: str, seed: int) -> Iterator[tuple[Question, tuple[Article, ...]]]:
    draw = random.Random(f"{seed}:{file}:{line['id']}")
    negative = _documents(line["negative"], draw)
    wrong = _documents(line.get("positive_wrong", []), draw)
    if line["positive"] and isinstance(line["positive"][0], list):
        facets = [_documents(facet, draw) for facet in line["positive"]]
        for share in NOISE[:3]:
            yield _task(line, file, f"integration_{share}", _integrated(facets, negative, share))
    else:
        positive = _documents(line["positive"], draw)
        for share in NOISE:
            noise = math.ceil(DOCUMENTS * share)
            chosen = [*positive[: DOCUMENTS - noise], *negative[:noise]]
            yield _task(line, file, f"noise_{share}", chosen)
        if wrong and positive:
            yield _both(line, file, [*positive[: DOCUMENTS // 2], *wrong[: DOCUMENTS // 2]])
    if negative:
        question, documents = _task(line, file, "rejection", negative[:DOCUMENTS])
        yield replace(question, answerable=False, answers=(), evidence=()), documents


def _task(
    line: Mapping[str, Any], file: str, kind: str, documents: Sequence[Article]
) -> tuple[Question, tuple[Article, ...]]:
    groups = _groups(line["answer"], several=kind.startswith("integration"))
    question = Question(
        id=f"{file}:{line['id']}:{kind}",
        text=line["query"],
        language=detect(line["query"]),
        type=kind,
        answerable=True,
        answers=groups,
        evidence=_evidence(documents, groups),
        article_ids=tuple(dict.fromkeys(article.id for article in documents)),
        group=f"{file}:{line['id']}",
    )
    return question, tuple(documents)


def _both(line: Mapping[str, Any], file: str, documents: Sequence[Article]) -> tuple[Question, tuple[Article, ...]]:
    question, chosen = _task(line, file, "counterfactual", documents)
    groups = (*_groups(line["answer"], several=False), *_groups(line["fakeanswer"], several=False))
    return replace(question, answers=groups, evidence=_evidence(documents, groups)), chosen


def _integrated(facets: Sequence[Sequence[Article]], negative: Sequence[Article], share: float) -> list[Article]:
    """Take a document of every facet, then further ones in turn, then noise: the order of the paper's own code."""
    room = max(len(facets), DOCUMENTS - math.ceil(DOCUMENTS * share))
    longest = max(len(facet) for facet in facets)
    turns = [facet[at] for at in range(longest) for facet in facets if at < len(facet)]
    chosen = turns[:room]
    return [*chosen, *negative[: max(0, DOCUMENTS - len(chosen))]]


def _documents(texts: Sequence[str], draw: random.Random) -> list[Article]:
    found = [document(" ".join(text.split()), prefix="rgb") for text in texts if text.strip()]
    draw.shuffle(found)
    return found


def _groups(answer: Any, *, several: bool) -> tuple[tuple[str, ...], ...]:
    """A list is alternatives in the one-fact files and needed facts, each perhaps a list, in the integration files.

    The one-fact files nest a list where all parts are needed, as in [["Sydney", "Australia"]].
    """
    entries = answer if isinstance(answer, list) else [answer]
    if several or any(isinstance(entry, list) for entry in entries):
        return tuple(tuple(map(str, entry)) if isinstance(entry, list) else (str(entry),) for entry in entries)
    return (tuple(map(str, entries)),)


def _evidence(documents: Sequence[Article], groups: Sequence[Sequence[str]]) -> tuple[Evidence, ...]:
    """Take as evidence each document's sentence that has an accepted answer; RGB does not mark any."""
    strings = [string for group in groups for string in group]
    found = []
    for article in documents:
        present = [string for string in strings if fold(string) in fold(article.body)]
        found += [sentence_with(article, string) for string in present]
    return tuple(dict.fromkeys(found))
