"""`regbrief feedback`: what readers say of answers, listed, and as questions for `regbrief eval`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from bot.bars import opened
from bot.console import Folder, Json, errors, out, print_json
from bot.errors import InputError
from bot.records import Answer, Citation, Feedback, to_json

app = typer.Typer(help="What readers say of answers.", no_args_is_help=True, rich_markup_mode=None)


class VerdictOption(StrEnum):
    """`bot.records.Verdict` as the command line library wants it."""

    RIGHT = "right"
    WRONG = "wrong"
    WRONG_CITATION = "wrong_citation"


Verdicts = Annotated[VerdictOption | None, typer.Option("--verdict", help="Only what has this verdict.")]


@app.command("list")
def list_feedback(verdict: Verdicts = None, limit: int = -1, as_json: Json = False, indexes: Folder = None) -> None:
    """List what readers have said, newest first."""
    with opened(indexes=indexes) as bot:
        given = bot.feedback(verdict=verdict.value if verdict else None, limit=limit)
    if as_json:
        print_json(given)
        return
    table = Table("given", "verdict", "question", "note", box=None)
    for each in given:
        said = f"{each.verdict} [{each.citation}]" if each.citation else each.verdict
        table.add_row(f"{each.given:%Y-%m-%d %H:%M}", escape(said), escape(each.question), escape(each.note))
    out.print(table)


@app.command()
def export(
    file: Annotated[Path | None, typer.Option("--out", help="Write to this file (default: stdout).")] = None,
    verdict: Verdicts = None,
    indexes: Folder = None,
) -> None:
    """Write questions in the form of corpus/questions.jsonl, oldest first, for `regbrief eval --data FILE`.

    Of a wrong answer only the question is known: complete `answers` and `evidence` by hand.
    """
    with opened(indexes=indexes) as bot:
        given = bot.feedback(verdict=verdict.value if verdict else None)
    lines = "".join(json.dumps(question_of(each), ensure_ascii=False) + "\n" for each in reversed(given))
    if file is None:
        sys.stdout.write(lines)
        return
    try:
        file.write_text(lines, "utf-8")
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be written: {error.strerror}.", hint="Name another file.") from error
    errors.print(f"Wrote {len(given)} to {file}.", markup=False, highlight=False)


def question_of(given: Feedback) -> dict[str, Any]:
    """Return feedback as a question of an evaluation, with what is known of its answer (corpus/README.md).

    A right answer's quotations are evidence; of one alone the words that answer are accepted, of several it is not
    known which do. A right refusal says that the question cannot be answered; of a wrong answer nothing is known.
    """
    name = f"feedback-{given.id}"
    answer = given.answer
    searched = answer.searched if answer else None
    proof = _proof(given, answer) if answer else []
    stated = searched if searched and not searched.implied else None
    words = (
        [each.pieces[1] for each in proof if each.answer_span] if given.verdict == "right" and len(proof) == 1 else []
    )
    return {
        "id": name,
        "thread": name,
        "split": "dev",
        "language": given.language,
        "type": "unanswerable" if _unanswerable(given) else "fact",
        "question": (searched.question if searched else "") or given.question,
        "answers": words,
        "evidence": [{"article_id": each.article_id, "sentence": each.quote} for each in proof],
        "since": to_json(stated.since) if stated else None,
        "until": to_json(stated.until) if stated else None,
        "today": given.given.date().isoformat(),
        "history": [],
        "answerable": not _unanswerable(given),
        "note": ": ".join(filter(None, (given.verdict, given.note))),
    }


def _proof(given: Feedback, answer: Answer) -> list[Citation]:
    if given.verdict == "right":
        return list(answer.citations)
    if given.verdict == "wrong_citation" and given.citation is not None:
        return [each for each in answer.citations if each.number != given.citation]
    return []


def _unanswerable(given: Feedback) -> bool:
    return given.verdict == "right" and given.answer is not None and given.answer.abstained
