"""Reading comprehension in SQuAD's form: SQuAD 1 and 2, XQuAD, XQuAD-R, CMRC 2018, DRCD; one file or several as a pool.

Several files are one pool of paragraphs, as in LAReQA (Roy et al., EMNLP 2020). Questions with the same id in different
files are one question in several languages: every file's paragraph and answer count for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.evaluation.datasets.files import document, read_json, sentence_at, unique, whole
from bot.evaluation.records import Evidence, Question, Suite
from bot.language import detect
from bot.records import Article, Language

DESCRIPTION = (
    "Reading comprehension in SQuAD's form. SQuAD, CMRC 2018 and DRCD measure exact match and F1 of a span that is "
    "extracted from the one paragraph that is given; XQuAD-R (LAReQA) measures the mAP with which a sentence is found "
    "among those of all languages. Here every paragraph is an article of one library, so a paragraph must be found "
    "first, and the answer is whole quoted sentences: presence of the accepted answer is the figure to look at, F1 and "
    "exact match are low by design. Retrieval counts paragraphs, not sentences. SQuAD 2's questions without an answer "
    "should be refused although their paragraph is there; another paragraph of the pool may happen to answer them. "
    "Where an answer is no span of its paragraph (CAIL's yes and no) only retrieval and citations are judged."
)


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    text: str
    language: Language
    answerable: bool
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    group: str


def load(data: Sequence[Path], *, split: str = "") -> Suite:
    """Read one file, or several as one pool. Raises InputError."""
    if not data:
        raise InputError("The suite squad needs files.", hint="Give each with --data.")
    files = [list(_entries(path)) for path in data]
    entries = [entry for file in files for entry in file]
    parallel: dict[str, list[_Entry]] = {}
    for entry in entries:
        parallel.setdefault(entry.id, []).append(entry)
    articles = unique(article for path in data for article, _, _ in _paragraphs(path))
    questions = tuple(_question(entry, parallel[entry.id]) for entry in entries)
    return Suite("squad", DESCRIPTION, questions, articles, split)


def _question(entry: _Entry, parallel: Sequence[_Entry]) -> Question:
    answers = tuple(dict.fromkeys(answer for each in parallel for answer in each.answers))
    several = len(parallel) > 1
    return Question(
        id=f"{entry.id}:{entry.language}" if several else entry.id,
        text=entry.text,
        language=entry.language,
        type="fact" if entry.answerable else "unanswerable",
        answerable=entry.answerable,
        answers=(answers,) if answers else (),
        evidence=tuple(dict.fromkeys(evidence for each in parallel for evidence in each.evidence)),
        group=entry.group,
        parallel=entry.id if several else "",
    )


def _entries(path: Path) -> Iterator[_Entry]:
    for article, questions, group in _paragraphs(path):
        for each in questions:
            answers = [] if each.get("is_impossible") in (True, "true") else each.get("answers", [])
            spans = [span for answer in answers if (span := _span(article, answer))]
            sentences = [sentence_at(article, *span) for span in spans]
            yield _Entry(
                id=str(each["id"]),
                text=each["question"],
                language=detect(each["question"], default=article.language),
                answerable=bool(answers),
                answers=tuple(dict.fromkeys(article.body[start:end] for start, end in spans)),
                evidence=tuple(dict.fromkeys(sentences or [whole(article)] * bool(answers))),
                group=group,
            )


def _paragraphs(path: Path) -> Iterator[tuple[Article, list[Mapping[str, Any]], str]]:
    content = read_json(path)
    if not isinstance(content, dict) or "data" not in content:
        raise InputError(f"{str(path)!r} is not in SQuAD's form: it has no `data`.")
    for number, entry in enumerate(content["data"]):
        title = entry.get("title") or ""
        for paragraph in entry["paragraphs"]:
            article = document(paragraph["context"], prefix="squad", title=title)
            yield article, paragraph["qas"], f"{path.stem}-{title or number}"


def _span(article: Article, answer: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return where an answer stands; the file's offset may be off by what cleaning and stripping took away."""
    text = answer["text"]
    near = int(answer.get("answer_start", 0))
    places = [at for at in range(len(article.body)) if text and article.body.startswith(text, at)]
    if not places:
        return None
    start = min(places, key=lambda at: abs(at - near))
    return start, start + len(text)
