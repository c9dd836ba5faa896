"""Suites: one adapter each for the shipped questions and for public sets that users bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from bot.errors import InputError
from bot.evaluation.datasets import crud, gold, multihop, parallel, rgb, squad, trec
from bot.evaluation.records import Question, Suite
from bot.language import Script, render
from bot.records import Language, Turn

ADAPTERS = {
    "gold": gold.load,
    "squad": squad.load,
    "rgb": rgb.load,
    "parallel": parallel.load,
    "trec": trec.load,
    "crud": crud.load,
    "multihop": multihop.load,
}


def load(name: str, data: Sequence[Path], *, split: str = "dev") -> Suite:
    """Read a suite from the paths given; only gold has splits. Raises InputError."""
    if name not in ADAPTERS:
        raise InputError(f"There is no suite {name!r}.", hint=f"Use one of {', '.join(ADAPTERS)}.")
    for path in data:
        if not path.exists():
            raise InputError(f"{str(path)!r} is not there.", hint="Give the path of the set's file with --data.")
    suite = ADAPTERS[name](data, split=split if name == "gold" else "")
    if not suite.questions:
        raise InputError(f"The suite {name} has no questions in {', '.join(map(str, data))}.")
    return suite


def sample(suite: Suite, *, limit: int | None, seed: int) -> Suite:
    """Keep at most `limit` questions, the same ones for the same seed; versions of one question stay together."""
    if limit is None or limit >= len(suite.questions):
        return suite
    if limit < 1:
        raise InputError(f"limit is {limit}.", hint="Use at least 1.")
    drawn = sorted(suite.questions, key=lambda each: (_rank(each, seed), each.id))[:limit]
    kept = {each.id for each in drawn}
    questions = tuple(each for each in suite.questions if each.id in kept)
    return replace(suite, questions=questions)


def in_both_scripts(suite: Suite) -> Suite:
    """Ask every Chinese question in the other script, too, so that the answers can be compared."""
    questions = [version for each in suite.questions for version in _versions(each)]
    return replace(suite, questions=tuple(questions))


def _versions(question: Question) -> Iterator[Question]:
    if question.language == "en":
        yield question
        return
    other: Language = "zh-Hant" if question.language == "zh-Hans" else "zh-Hans"
    script: Script = "zh-Hant" if other == "zh-Hant" else "zh-Hans"
    named = replace(question, parallel=question.parallel or question.id)
    history = tuple(Turn(render(turn.question, script), turn.answer) for turn in question.history)
    yield named
    yield replace(
        named, id=f"{question.id}:{other}", text=render(question.text, script), language=other, history=history
    )


def _rank(question: Question, seed: int) -> str:
    return sha256(f"{seed}:{question.parallel or question.id}".encode()).hexdigest()
