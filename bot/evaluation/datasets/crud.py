"""CRUD-RAG (Lyu et al., 2024): questions that a model wrote on one, two or three Chinese news articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.datasets.files import document, one_file, read_json, unique, whole
from bot.evaluation.records import Question, Suite
from bot.language import detect
from bot.records import Article

TASKS = ("questanswer_1doc", "questanswer_2docs", "questanswer_3docs")

DESCRIPTION = (
    "CRUD-RAG measures what a language model writes with retrieved passages of 80,000 Chinese news articles, by BLEU, "
    "ROUGE-L, BERTScore and RAGQuestEval (a model asks and answers questions). Here: the question-answering tasks of "
    "its split_merged.json, against the articles that the file itself carries, so search is easier than in the paper. "
    "The reference is free text written by a model: look at chrF, token F1 and the retrieval of the articles, not at "
    "presence of the reference, which hardly ever stands in an article word for word."
)


def load(data: Sequence[Path], *, split: str = "") -> Suite:
    """Read split_merged.json. Raises InputError."""
    path = one_file(data, suite="crud")
    content = read_json(path)
    if not isinstance(content, dict) or not any(content.get(task) for task in TASKS):
        raise InputError(f"{str(path)!r} has none of {', '.join(TASKS)}.", hint="Use CRUD-RAG's split_merged.json.")
    asked = [_question(entry, task) for task in TASKS for entry in content.get(task, [])]
    articles = unique(article for _, documents in asked for article in documents)
    return Suite("crud", DESCRIPTION, tuple(question for question, _ in asked), articles, split)


def _question(entry: Mapping[str, Any], task: str) -> tuple[Question, list[Article]]:
    texts = [entry[name] for name in ("news1", "news2", "news3") if entry.get(name)]
    documents = [document(text, prefix="crud") for text in texts]
    question = Question(
        id=f"{task}:{entry['ID']}",
        text=entry["questions"],
        language=detect(entry["questions"]),
        type=task,
        answerable=True,
        answers=((entry["answers"],),),
        evidence=tuple(dict.fromkeys(whole(article) for article in documents)),
        group=str(entry["ID"]),
    )
    return question, documents
