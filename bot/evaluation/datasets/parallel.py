"""Parallel news in the form of NTREX: find an article by a line of it, whatever the language of either."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.errors import InputError
from bot.evaluation.datasets.files import document, one_file, read_lines, unique, whole
from bot.evaluation.records import Question, Suite
from bot.records import LANGUAGES, Article

LINES = 4
"""Documents of fewer lines are left out: nothing would be left to find."""

DESCRIPTION = (
    "NTREX (Federmann et al., 2022) is news translated by people, made to measure machine translation. Here it "
    "measures search across languages: of every document the headline (its first line) and one line from its middle "
    "are taken out and asked as questions in each language; all language versions of the document, without title and "
    "without these lines, are relevant. Only search is measured. Input: JSON lines with `document` and a text under "
    "each of en, zh-Hans and zh-Hant (two of them are enough), the lines of a document in order."
)


def load(data: Sequence[Path], *, split: str = "") -> Suite:
    """Read a file of aligned lines. Raises InputError."""
    path = one_file(data, suite="parallel")
    documents: dict[str, list[dict[str, str]]] = {}
    for line in read_lines(path):
        if "document" not in line:
            raise InputError(f"A line of {str(path)!r} has no `document`.", hint="See the suite's description.")
        documents.setdefault(line["document"], []).append(line)
    articles: list[Article] = []
    questions: list[Question] = []
    for name, lines in documents.items():
        if len(lines) >= LINES:
            versions, asked = _document(name, lines)
            articles += versions
            questions += asked
    return Suite("parallel", DESCRIPTION, tuple(questions), unique(articles), split, search_only=True)


def _document(name: str, lines: Sequence[dict[str, str]]) -> tuple[list[Article], list[Question]]:
    languages = [language for language in LANGUAGES if all(line.get(language) for line in lines)]
    taken = {"headline": 0, "line": len(lines) // 2}
    rest = [line for at, line in enumerate(lines) if at not in taken.values()]
    versions = [
        document(
            "\n\n".join(line[language].strip() for line in rest),
            prefix="parallel",
            language=language,
            article_id=f"{name}.{language}",
        )
        for language in languages
    ]
    questions = [
        Question(
            id=f"{name}:{kind}:{language}",
            text=lines[at][language].strip(),
            language=language,
            type=kind,
            answerable=True,
            evidence=tuple(whole(version) for version in versions),
            group=name,
            parallel=f"{name}:{kind}",
        )
        for kind, at in taken.items()
        for language in languages
    ]
    return versions, questions
