"""The feedback table of the catalog: what readers say of answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select

from bot.errors import InputError, choice
from bot.language import clean, detect, plain
from bot.records import VERDICTS, Answer, Feedback, Verdict, from_json, to_json
from bot.schema import MANY, adding, page
from bot.schema import feedback as feedback_table
from bot.store import Store

NOTE = 2_000
"""Characters of a reader's note at most."""


def judged(what: Answer | str, verdict: Verdict, *, note: str, citation: int | None) -> Feedback:
    """Return what a reader says, not yet kept. Raises InputError for what cannot be meant."""
    if verdict not in VERDICTS:
        raise choice("verdict", verdict, VERDICTS)
    answer = what if isinstance(what, Answer) else None
    question = clean(what.question if isinstance(what, Answer) else what).strip()
    if not question:
        raise InputError("The question is empty.", hint="Ask something.", case="empty_question")
    if answer and citation is not None and citation not in [each.number for each in answer.citations]:
        raise InputError(
            f"The answer has no citation {citation}.",
            hint=f"It has {len(answer.citations)}.",
            case="no_citation",
            values={"number": citation, "count": len(answer.citations)},
        )
    if len(note) > NOTE:
        raise InputError(
            f"The note has {len(note):,} characters.",
            hint=f"At most {NOTE:,} are kept.",
            case="too_long",
            values={"field": "note", "count": f"{len(note):,}", "most": f"{NOTE:,}"},
        )
    language = plain(answer.language) if answer else detect(question)
    return Feedback(0, datetime.now(UTC), verdict, question, language, clean(note).strip(), citation, answer)


class Judgements:
    """What readers have said of answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, feedback: Feedback) -> Feedback:
        """Keep what a reader says of an answer; return it with its id."""
        answer = json.dumps(to_json(feedback.answer), ensure_ascii=False) if feedback.answer else None
        with self._store.writing() as db:
            (number,) = db.one(
                _ADD,
                given=feedback.given.isoformat(),
                verdict=feedback.verdict,
                question=feedback.question,
                language=feedback.language,
                note=feedback.note,
                citation=feedback.citation,
                answer=answer,
            )
        return replace(feedback, id=number)

    def newest(self, verdict: Verdict | None = None, *, limit: int = -1, offset: int = 0) -> list[Feedback]:
        """Return what readers have said, newest first; with a verdict, only what has it."""
        values = {"limit": limit if limit >= 0 else MANY, "offset": offset}
        with self._store.reading() as db:
            rows = db.all(_OF_VERDICT, verdict=verdict, **values) if verdict else db.all(_NEWEST, **values)
        return [
            Feedback(
                number,
                datetime.fromisoformat(given),
                verdict,
                question,
                language,
                note,
                citation,
                from_json(Answer, json.loads(answer)) if answer else None,
            )
            for number, given, verdict, question, language, note, citation, answer in rows
        ]

    def counts(self) -> dict[Verdict, int]:
        """Count what readers have said, by verdict."""
        with self._store.reading() as db:
            return dict(db.all(_COUNTS))


_T = feedback_table.c
_COLUMNS = "given verdict question language note citation answer"
_ADD = adding(feedback_table, _COLUMNS).returning(_T.id)
_SELECT = select(_T.id, *(_T[name] for name in _COLUMNS.split())).order_by(_T.id.desc())
_NEWEST = page(_SELECT)
_OF_VERDICT = page(_SELECT.where(_T.verdict == bindparam("verdict")))
_COUNTS = select(_T.verdict, func.count()).group_by(_T.verdict).order_by(_T.verdict)
