"""What a caller asks for, checked before any work is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.errors import InputError, choice
from bot.language import clean
from bot.records import ANSWER_LANGUAGES, LANGUAGES, AnswerLanguage, Filters, Language

MAX_QUESTION = 2_000
"""Characters."""


def question(question: str) -> str:
    """Return a question without what cannot be read. Raises InputError for one that is empty or too long."""
    text = clean(question).strip()
    if not text:
        raise InputError("The question is empty.", hint="Ask something.", case="empty_question")
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"The question has {len(text):,} characters.",
            hint=f"At most {MAX_QUESTION:,} are read.",
            case="too_long",
            values={"field": "question", "count": f"{len(text):,}", "most": f"{MAX_QUESTION:,}"},
        )
    return text


def limit(limit: int, most: int) -> int:
    """Return how many are asked for. Raises InputError for none, and for more than the most."""
    if not 1 <= limit <= most:
        raise InputError(
            f"limit is {limit}.", hint=f"Use 1 to {most}.", case="limit", values={"value": limit, "most": most}
        )
    return limit


def answer_language(language: AnswerLanguage | None) -> AnswerLanguage | None:
    """Return the language to answer in. Raises InputError for one that is not known."""
    if language is not None and language not in ANSWER_LANGUAGES:
        raise choice("answer_language", language, ANSWER_LANGUAGES)
    return language


def filters(
    since: date | None,
    until: date | None,
    languages: Sequence[Language] | None,
    sources: Sequence[str] | None,
    article_ids: Sequence[str] | None,
) -> Filters:
    """Return the filters of `Regbrief.ask`. Raises InputError for those that cannot be used."""
    if since and until and since > until:
        raise InputError(
            f"since {since} is after until {until}.",
            hint="Swap them.",
            case="window",
            values={"since": since, "until": until},
        )
    for language in languages or ():
        if language not in LANGUAGES:
            raise choice("language", language, LANGUAGES)
    return Filters(since, until, tuple(languages or ()), tuple(sources or ()), tuple(article_ids or ()))
