"""Measure search across languages on XQuAD-R: `python benchmarks/xquad_r.py FOLDER` (with en.json and zh.json).

Questions in English and Chinese are asked of one pool of sentences, then of one pool of paragraphs, in both languages.
What answers a question is the sentence (or paragraph) with the answer in either language, as in LAReQA (Roy et al.,
2020, https://aclanthology.org/2020.emnlp-main.477). Everything is folded first, as the engine does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.encoder import BundledEncoder, Encoder, Kind
from bot.language import fold
from bot.records import Language

LANGUAGES: dict[str, Language] = {"en": "en", "zh": "zh-Hans"}

Floats = NDArray[np.float32]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the number of the paragraph, and of the sentence of its language, that answers it."""

    id: str
    text: str
    paragraph: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Side:
    """One language of the data set; a question has the same id in each."""

    language: Language
    paragraphs: Sequence[str]
    sentences: Sequence[str]
    questions: Sequence[Question]


@dataclass(frozen=True, slots=True)
class Task:
    """Scores of all questions against a pool, what is relevant, and the language of each: 0 English, 1 Chinese."""

    scores: Floats
    relevant: Booleans
    asked: NDArray[np.int64]
    pool: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure search across languages on XQuAD-R.")
    parser.add_argument("folder", type=Path, help="folder of XQuAD-R, one JSON file a language")
    sides = read_sides(parser.parse_args().folder)
    encoders = {"with the means": BundledEncoder.open(), "without": BundledEncoder.open().without_means()}
    columns = (
        f"{'mAP':>6} {'asked en':>9} {'asked zh':>9}   {'other@10':>8} {'other R@1':>9} {'R@10':>5} {'same R@1':>9}"
    )
    print(f"{'pool':<12}{'language means':<16}{columns}")
    for pool in ("sentences", "paragraphs"):
        for name, encoder in encoders.items():
            print(f"{pool:<12}{name:<16}{report(build_task(sides, pool, encoder))}", flush=True)
    print(
        "\nmAP: one pool of both languages, by the language asked in. other@10: the answer in the other language is"
        "\namong the first ten of that pool. other R@1, R@10: candidates of the other language only. same R@1: same."
    )


def report(task: Task) -> str:
    """Return the line of figures for one pool."""
    precision = np.array([average_precision(s, r) for s, r in zip(task.scores, task.relevant, strict=True)])
    other, same = (compare(task.asked[:, None], task.pool[None, :]) for compare in (np.not_equal, np.equal))
    crossing = recall(task.scores, task.relevant & other, 10)
    there = [recall(np.where(other, task.scores, -9), task.relevant & other, k) for k in (1, 10)]
    here = recall(np.where(same, task.scores, -9), task.relevant & same, 1)
    asked = [precision[task.asked == language].mean() for language in (0, 1)]
    return (
        f"{precision.mean():>6.3f} {asked[0]:>9.3f} {asked[1]:>9.3f}   "
        f"{crossing:>8.3f} {there[0]:>9.3f} {there[1]:>5.3f} {here:>9.3f}"
    )


def average_precision(scores: Floats, relevant: Booleans) -> float:
    """Return the mean of the precisions at the ranks of the relevant candidates (Manning et al., IIR, 8.4)."""
    ranks = np.flatnonzero(relevant[np.argsort(-scores, kind="stable")]) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


def recall(scores: Floats, relevant: Booleans, depth: int) -> float:
    """Return the share of questions with a relevant candidate among the first `depth`."""
    first = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    return float(np.take_along_axis(relevant, first, axis=1).any(axis=1).mean())


def build_task(sides: Sequence[Side], pool: str, encoder: Encoder) -> Task:
    """Encode and score one pool, `sentences` or `paragraphs`, of all languages."""
    wanted: Callable[[Question], int] = lambda q: q.sentence if pool == "sentences" else q.paragraph  # noqa: E731
    candidates = [getattr(side, pool) for side in sides]
    passages = np.concatenate([encode(encoder, c, "passage", s) for c, s in zip(candidates, sides, strict=True)])
    queries = np.concatenate([encode(encoder, [q.text for q in side.questions], "query", side) for side in sides])
    starts = np.cumsum([0, *map(len, candidates)])
    answers: dict[str, list[int]] = {}
    for start, side in zip(starts, sides, strict=False):
        for question in side.questions:
            answers.setdefault(question.id, []).append(int(start) + wanted(question))
    relevant = np.zeros((len(queries), len(passages)), dtype=np.bool_)
    for row, question in enumerate(q for side in sides for q in side.questions):
        relevant[row, answers[question.id]] = True
    asked = np.repeat(np.arange(len(sides)), [len(side.questions) for side in sides])
    return Task(queries @ passages.T, relevant, asked, np.repeat(np.arange(len(sides)), list(map(len, candidates))))


def encode(encoder: Encoder, texts: Sequence[str], kind: Kind, side: Side) -> Floats:
    return encoder.encode([fold(text) for text in texts], kind=kind, languages=[side.language] * len(texts))


def read_sides(folder: Path) -> list[Side]:
    """Read every language from `en*.json` and `zh*.json`."""
    return [read_side(next(folder.glob(f"{name}*.json")), language) for name, language in LANGUAGES.items()]


def read_side(path: Path, language: Language) -> Side:
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    paragraphs: list[str] = []
    sentences: list[str] = []
    questions: list[Question] = []
    for paragraph in (each for article in data for each in article["paragraphs"]):
        for entry in paragraph["qas"]:
            sentence = len(sentences) + answering_sentence(paragraph, entry)
            questions.append(Question(entry["id"], entry["question"], len(paragraphs), sentence))
        paragraphs.append(paragraph["context"])
        sentences += [paragraph["context"][start:end] for start, end in paragraph["sentence_breaks"]]
    return Side(language, paragraphs, sentences, questions)


def answering_sentence(paragraph: dict[str, Any], entry: dict[str, Any]) -> int:
    """Return which sentence of a paragraph the answer starts in."""
    start = entry["answers"][0]["answer_start"]
    return max(i for i, (first, _) in enumerate(paragraph["sentence_breaks"]) if first <= start)


if __name__ == "__main__":
    main()
