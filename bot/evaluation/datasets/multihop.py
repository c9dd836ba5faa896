"""MultiHop-RAG (Tang and Yang, COLM 2024): questions over several English news articles of 2023."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.evaluation.datasets.files import find_file, one_file, read_lines, sentence_with, unique, whole
from bot.evaluation.records import Evidence, Question, Suite
from bot.readers import fields
from bot.records import Article

DESCRIPTION = (
    "MultiHop-RAG measures retrieval of 2 to 4 pieces of evidence (hits@k, MRR@10, MAP@10 of chunks) and the accuracy "
    "of a model's short answer; null queries should be declined. Here retrieval counts articles, not chunks. An answer "
    "of quoted sentences says neither Yes nor No, so comparison and temporal questions with such answers count "
    "for retrieval and citations only; inference questions count for presence of the name asked for. The folder holds "
    "MultiHopRAG.json and corpus.json."
)


def load(data: Sequence[Path], *, split: str = "") -> Suite:
    """Read a folder with MultiHopRAG.json and corpus.json. Raises InputError."""
    folder = one_file(data, suite="multihop")
    articles = unique(_article(entry) for entry in read_lines(find_file(folder, "corpus*.json*")))
    by_title = {article.title: article for article in articles}
    entries = read_lines(find_file(folder, "MultiHopRAG*.json*", "[!c]*.json*"))
    questions = tuple(_question(number, entry, by_title) for number, entry in enumerate(entries))
    return Suite("multihop", DESCRIPTION, questions, articles, split)


def _article(entry: Mapping[str, Any]) -> Article:
    known = {name: entry.get(name) for name in ("title", "body", "source", "url")}
    return fields.article({**known, "published": entry.get("published_at")})


def _question(number: int, entry: Mapping[str, Any], by_title: Mapping[str, Article]) -> Question:
    answer = str(entry["answer"]).strip().rstrip(".")
    answerable = entry["question_type"] != "null_query"
    judged = answerable and answer.lower() not in ("yes", "no")
    return Question(
        id=f"multihop:{number}",
        text=entry["query"],
        language="en",
        type=entry["question_type"],
        answerable=answerable,
        answers=((answer,),) if judged else (),
        evidence=tuple(_evidence(each, by_title) for each in entry["evidence_list"]) if answerable else (),
    )


def _evidence(each: Mapping[str, Any], by_title: Mapping[str, Article]) -> Evidence:
    article = by_title.get(" ".join(str(each["title"]).split()))
    if article is None:
        return Evidence(str(each["title"]))
    return sentence_with(article, str(each.get("fact", ""))) if each.get("fact") else whole(article)
