"""The feedback table of the catalog: what readers say of answers.

Every function works inside the transaction of who calls it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from bot.errors import InputError, choice
from bot.language import clean, detect, plain
from bot.records import VERDICTS, Answer, Feedback, Verdict, from_json, to_json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT, given TEXT NOT NULL, verdict TEXT NOT NULL, question TEXT NOT NULL,
    language TEXT NOT NULL, note TEXT NOT NULL, citation INTEGER, answer TEXT
);
"""
_COLUMNS = "given, verdict, question, language, note, citation, answer"


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


def create(db: sqlite3.Connection) -> None:
    """Make the table where it is not there yet, as in a library of an earlier version."""
    db.executescript(_SCHEMA)


def add(db: sqlite3.Connection, feedback: Feedback) -> Feedback:
    """Keep what a reader says; return it with its id."""
    answer = json.dumps(to_json(feedback.answer), ensure_ascii=False) if feedback.answer else None
    done = db.execute(
        f"INSERT INTO feedback ({_COLUMNS}) VALUES (?,?,?,?,?,?,?)",
        (
            feedback.given.isoformat(),
            feedback.verdict,
            feedback.question,
            feedback.language,
            feedback.note,
            feedback.citation,
            answer,
        ),
    )
    assert done.lastrowid is not None
    return replace(feedback, id=done.lastrowid)


def listed(db: sqlite3.Connection, verdict: Verdict | None, *, limit: int, offset: int) -> list[Feedback]:
    """Return what readers have said, newest first; with a verdict, only what has it."""
    query = f"SELECT id, {_COLUMNS} FROM feedback WHERE ? IS NULL OR verdict = ? ORDER BY id DESC LIMIT ? OFFSET ?"
    rows = db.execute(query, (verdict, verdict, limit, offset))
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


def counted(db: sqlite3.Connection) -> dict[Verdict, int]:
    """Count what readers have said, by verdict."""
    return dict(db.execute("SELECT verdict, count(*) FROM feedback GROUP BY verdict ORDER BY verdict"))
