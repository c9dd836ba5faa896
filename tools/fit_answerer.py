"""Fit the answerer's logistic regressions on the dev questions and write bot/models/answerer.json.

    pip install -c constraints.txt -e '.[train]'
    python tools/fit_answerer.py

Needs a library with the shipped corpus (`regbrief ingest`). Two models are fitted: with the reader that
REGBRIEF_RERANKER names, and without one. A sentence counts as an answer if it is one of the question's evidence
sentences; other sentences that hold an accepted answer are left out, as they may well answer, too.
The figures printed and stored are out-of-fold: five folds, split by thread. The test questions are never read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from bot.answering import CANDIDATES, WEIGHED
from bot.engine import Regbrief
from bot.extractive import DECISIVE, MODEL, SENTENCES, UNENCODED, Scored, Signals
from bot.language import fold
from bot.records import Filters, Parts

NAMES = tuple(Signals.__dataclass_fields__)
OF_THE_READER = ("answering", "share", "certainty")
FALSE_REFUSALS = 0.05
"""The threshold refuses as much as it can while at most this share of the answerable questions is refused."""

FOLLOW = 0.2
"""Further sentences count from this share of the best probability. On the dev questions 0.25 writes 109 words and has
82 % of the key facts, 0.15 writes 134 and has 84 %."""

console = Console(stderr=True)


@dataclass(frozen=True)
class Example:
    """The weighed sentences of one question: signals (sentences, signals), labels 1, 0, or -1 for left out."""

    question: dict[str, Any]
    signals: np.ndarray
    labels: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=Path("corpus/questions.jsonl"))
    parser.add_argument("--out", type=Path, default=MODEL)
    arguments = parser.parse_args()
    lines = arguments.questions.read_text("utf-8").splitlines()
    questions = [q for q in map(json.loads, filter(None, lines)) if q["split"] == "dev" and q["type"] != "follow_up"]
    models = {
        "with_reader": fitted(questions, Parts(), NAMES, DECISIVE),
        "without_reader": fitted(questions, Parts(reader=False), without(NAMES), without(DECISIVE)),
    }
    arguments.out.write_text(json.dumps(models, indent=2) + "\n", "utf-8")
    console.print(models)


def without(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in OF_THE_READER)


def fitted(
    questions: Sequence[dict[str, Any]], parts: Parts, names: Sequence[str], decisive: Sequence[str]
) -> dict[str, Any]:
    """Fit both regressions over the signals that an engine with these parts gives, and measure them out of fold."""
    with Regbrief.open(parts=parts) as bot:
        weighed = [example(bot, question) for question in track(questions, "Weighing sentences", console=console)]
    columns = [NAMES.index(name) for name in names]
    examples = [replace(each, signals=each.signals[:, columns]) for each in weighed]
    wanted = [names.index(name) for name in decisive]
    probabilities = out_of_fold(examples)
    answered = np.array([each.question["answerable"] for each in examples])
    decisions = np.array([deciding(each, p, wanted) for each, p in zip(examples, probabilities, strict=True)])
    confidences = decided_out_of_fold(examples, decisions, answered)
    threshold = round(float(np.quantile(confidences[answered], FALSE_REFUSALS)), 4)
    weights, bias = fit(examples)
    known = [name for name in names if name not in UNENCODED]
    glance, _ = fit(
        [replace(each, signals=each.signals[:, [names.index(name) for name in known]]) for each in examples]
    )
    decision, decision_bias = decide(decisions, answered)
    return {
        "weights": dict(zip(names, weights, strict=True)),
        "bias": bias,
        "glance": dict(zip(known, glance, strict=True)),
        "follow": FOLLOW,
        "decision": {
            "weights": dict(zip(("log_odds", *decisive), decision, strict=True)),
            "bias": decision_bias,
            "threshold": threshold,
        },
        "fitted_on": {
            "questions": len(examples),
            "out_of_fold": measure(examples, probabilities, confidences, threshold),
        },
    }


def example(bot: Regbrief, question: dict[str, Any]) -> Example:
    """Weigh the sentences that the engine finds for a question."""
    query = bot.retriever.query(question["question"])
    filters = Filters(*(date.fromisoformat(question[name]) if question[name] else None for name in ("since", "until")))
    candidates = bot.retriever.search(query, filters, limit=CANDIDATES)
    scored = bot.answerer.score(query, bot.retriever.best(candidates, limit=WEIGHED), limit=SENTENCES)
    signals = np.array([astuple(each.signals) for each in scored]).reshape(-1, len(NAMES))
    return Example(question, signals, np.array([label(question, each) for each in scored], dtype=int))


def label(question: dict[str, Any], scored: Scored) -> int:
    """Return 1 for evidence, -1 for another sentence that holds an accepted answer, else 0."""
    text = scored.sentence.text
    for proof in question["evidence"]:
        if proof["article_id"] == scored.article.id and (proof["sentence"] in text or text in proof["sentence"]):
            return 1
    return -1 if any(fold(answer) in fold(text) for answer in accepted(question)) else 0


def accepted(question: dict[str, Any]) -> Iterator[str]:
    """Iterate over every accepted string, alternatives included."""
    for answer in question["answers"]:
        yield from [answer] if isinstance(answer, str) else answer


def fit(examples: list[Example]) -> tuple[list[float], float]:
    """Fit the regression; every question weighs the same."""
    signals = np.concatenate([each.signals[each.labels >= 0] for each in examples])
    labels = np.concatenate([each.labels[each.labels >= 0] for each in examples])
    weights = np.concatenate([np.full((each.labels >= 0).sum(), 1 / max(1, len(each.labels))) for each in examples])
    model = LogisticRegression(C=10.0, max_iter=5000).fit(signals, labels, sample_weight=weights * len(labels))
    return [round(float(weight), 4) for weight in model.coef_[0]], round(float(model.intercept_[0]), 4)


def out_of_fold(examples: list[Example]) -> list[np.ndarray]:
    """Return each question's probabilities by a model fitted on other threads."""
    threads = [each.question["thread"] for each in examples]
    found: list[np.ndarray] = [np.zeros(0)] * len(examples)
    for train, held_out in GroupKFold(5).split(examples, groups=threads):
        weights, bias = fit([examples[at] for at in train])
        for at in held_out:
            found[at] = 1 / (1 + np.exp(-(examples[at].signals @ np.array(weights) + bias)))
    return found


def deciding(each: Example, probabilities: np.ndarray, wanted: Sequence[int]) -> list[float]:
    """Return the log-odds of the best sentence and its decisive signals; of no sentence, as bad as can be."""
    if not len(probabilities):
        return [-9.0, *[1.0] * len(wanted)]
    best = int(probabilities.argmax())
    odds = float(np.clip(probabilities[best], 1e-9, 1 - 1e-9))
    return [np.log(odds / (1 - odds)), *(each.signals[best][column] for column in wanted)]


def decide(decisions: np.ndarray, answered: np.ndarray) -> tuple[list[float], float]:
    """Fit whether a question is answered; answerable and unanswerable questions weigh the same together."""
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=5000).fit(decisions, answered)
    return [round(float(weight), 4) for weight in model.coef_[0]], round(float(model.intercept_[0]), 4)


def decided_out_of_fold(examples: list[Example], decisions: np.ndarray, answered: np.ndarray) -> np.ndarray:
    """Return each question's confidence by a decision fitted on other threads."""
    confidences = np.zeros(len(examples))
    threads = [each.question["thread"] for each in examples]
    for train, held_out in GroupKFold(5).split(decisions, groups=threads):
        weights, bias = decide(decisions[train], answered[train])
        confidences[held_out] = 1 / (1 + np.exp(-(decisions[held_out] @ np.array(weights) + bias)))
    return confidences


def measure(
    examples: list[Example], probabilities: list[np.ndarray], confidences: np.ndarray, threshold: float
) -> dict[str, float]:
    """Return shares: evidence among the weighed, evidence first, false and right refusals."""
    answerable = [(e, p) for e, p in zip(examples, probabilities, strict=True) if e.question["answerable"]]
    answered = np.array([each.question["answerable"] for each in examples])
    found = [bool((e.labels == 1).any()) for e, _ in answerable]
    first = [len(p) > 0 and e.labels[p.argmax()] == 1 for e, p in answerable]
    first_or_same = [len(p) > 0 and e.labels[p.argmax()] != 0 for e, p in answerable]
    return {
        "evidence_weighed": round(float(np.mean(found)), 3),
        "evidence_first": round(float(np.mean(first)), 3),
        "evidence_or_answer_first": round(float(np.mean(first_or_same)), 3),
        "false_refusals": round(float(np.mean(confidences[answered] < threshold)), 3),
        "right_refusals": round(float(np.mean(confidences[~answered] < threshold)), 3),
    }


if __name__ == "__main__":
    main()
