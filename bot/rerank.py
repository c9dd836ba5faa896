"""Read question and passage together: whether the passage answers, in which sentence, and with which words.

The bundled reader is a small cross-encoder of our own (`tools/train_reader.py`); any cross-encoder in Hugging Face form
can take its place, which then says nothing about words.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.encoder import MODELS, load_session, load_tokenizer
from bot.errors import EncoderError, MissingExtra, SettingsError
from bot.language import Folded, fold_with_offsets

Span = tuple[int, int]
Floats = NDArray[np.float32]

QUESTION_TOKENS = 100
"""A longer question is cut: the reader was trained on questions of one sentence."""

PAIR_TOKENS = 384
"""Question and passage together; sentences beyond it are taken not to answer."""

SPAN_TOKENS = 30
"""An answer pointed at is no longer."""

_START, _END = 0, 2


@dataclass(frozen=True, slots=True)
class Window:
    """Whole sentences of an article; `sentences` holds their spans in `text`."""

    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Pointed:
    """How likely a sentence is the one that answers, if any in its window does, and the words it answers with.

    `span` counts characters of the window, and is null where the scorer points at none; `certainty`, in 0..1, is the
    probability of just these words, and `share` where the scorer never points at any.
    """

    share: float
    span: Span | None = None
    certainty: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Log-odds that a window answers, and what is said of each of its sentences, in their order."""

    log_odds: float
    sentences: tuple[Pointed, ...]


class Scorer(Protocol):
    """Reads windows for a question."""

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        """Read as many windows, in their order, as start within `budget` seconds, and at least one; None reads all."""
        ...


class BundledReader:
    """The reader that comes with Regbrief, on the CPU; each pair runs without padding, several at once."""

    def __init__(self, path: Path, tokenizer: Any) -> None:
        self._path = path
        self._tokenizer = tokenizer

    @classmethod
    def open(cls, path: Path = MODELS / "reader.onnx") -> BundledReader:
        """Open the model; raises EncoderError when it is first used if its file, or the encoder's, is damaged."""
        return cls(path, load_tokenizer(path.parent))

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        """Read windows in their order until the budget, in seconds, is spent."""
        if not windows:
            return []
        head = [_START, *self._tokenizer.encode(f"query: {fold_with_offsets(question).text}").ids[:QUESTION_TOKENS]]
        head += [_END, _END]
        started, session = perf_counter(), self._session

        def unless_late(numbered: tuple[int, Window]) -> Reading | None:
            number, window = numbered
            late = number > 0 and budget is not None and perf_counter() - started > budget
            return None if late else self._read(session, head, window)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            readings = pool.map(unless_late, enumerate(windows))
            return [each for each in takewhile(lambda reading: reading is not None, readings) if each]

    def _read(self, session: Any, head: Sequence[int], window: Window) -> Reading:
        folded = fold_with_offsets(window.text)
        passage = self._tokenizer.encode(_PREFIX + folded.text)
        ids = [*[*head, *passage.ids][: PAIR_TOKENS - 1], _END]
        answers, tokens = session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})
        places = _places(passage.offsets[: len(ids) - 1 - len(head)], folded)
        return Reading(float(answers[0]), _pointed(tokens[len(head) : -1], places, window))

    @cached_property
    def _session(self) -> Any:
        return load_session(self._path, threads=1)


_PREFIX = "passage: "
_EDGES = " \t\r\n\u3000,;:.!?，、；：。！？"


def _places(offsets: Sequence[Span], folded: Folded) -> list[Span]:
    """Return the span of each token in the window as it was written; those of the prefix are empty."""
    prefix = len(_PREFIX)
    return [folded.original(max(0, a - prefix), b - prefix) if b > prefix else (0, 0) for a, b in offsets]


def _pointed(tokens: Floats, places: Sequence[Span], window: Window) -> tuple[Pointed, ...]:
    """Divide the answer among the sentences and find the likeliest words in each."""
    starts, ends = _log_softmax(tokens[:, 0]), _log_softmax(tokens[:, 1])
    inside = [[at for at, (a, b) in enumerate(places) if a < stop and start < b] for start, stop in window.sentences]
    shares = _softmax([float(tokens[each, 2].mean()) if each else -math.inf for each in inside])
    return tuple(
        _words(starts, ends, each, places, window.text, sentence, share) if each else Pointed(0.0)
        for each, sentence, share in zip(inside, window.sentences, shares, strict=True)
    )


def _words(
    starts: Floats,
    ends: Floats,
    inside: Sequence[int],
    places: Sequence[Span],
    text: str,
    sentence: Span,
    share: float,
) -> Pointed:
    first, last = inside[0], inside[-1] + 1
    scores = starts[first:last, None] + ends[None, first:last]
    allowed = np.triu(np.ones_like(scores, dtype=bool)) & ~np.triu(np.ones_like(scores, dtype=bool), SPAN_TOKENS)
    start, end = divmod(int(np.where(allowed, scores, -np.inf).argmax()), last - first)
    span = max(places[first + start][0], sentence[0]), min(places[first + end][1], sentence[1])
    return Pointed(share, _trimmed(text, span), math.exp(float(scores[start, end])))


def _trimmed(text: str, span: Span) -> Span:
    """Leave out white space and the punctuation that ends a sentence or a clause."""
    words = text[slice(*span)]
    start = span[0] + len(words) - len(words.lstrip(_EDGES))
    return (start, start + len(words.strip(_EDGES))) if words.strip(_EDGES) else span


def _log_softmax(values: Floats) -> Floats:
    moved = values - values.max()
    result: Floats = moved - np.log(np.exp(moved).sum())
    return result


def _softmax(values: Sequence[float]) -> list[float]:
    highest = max(values, default=0.0)
    if highest == -math.inf:
        return [0.0] * len(values)
    powers = [math.exp(value - highest) for value in values]
    return [power / sum(powers) for power in powers]


class HuggingFaceScorer:
    """Any cross-encoder in Hugging Face form with one output, such as BAAI/bge-reranker-v2-m3."""

    def __init__(self, tokenizer: Any, model: Any, *, batch: int = 16) -> None:
        self._tokenizer = tokenizer
        self._model = model.eval()
        self._batch = batch
        self._longest = min(int(tokenizer.model_max_length), 512)

    @classmethod
    def from_name(cls, name: str) -> HuggingFaceScorer:
        """Load a folder or a name of the hub; raises MissingExtra without torch, EncoderError where none is found."""
        try:
            import torch  # noqa: F401
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
        except ImportError as error:
            raise MissingExtra(
                f"The reranker hf:{name} needs torch and transformers.", hint="Run pip install 'regbrief[local]'."
            ) from error
        try:
            model = AutoModelForSequenceClassification.from_pretrained(name)
            tokenizer = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise EncoderError(
                f"{name!r} is no folder with a cross-encoder, and the Hugging Face hub did not give it: {reason}.",
                hint="Give a folder (hf:/path/to/model), or connect to a network once to fetch the name.",
            ) from error
        if model.config.num_labels != 1:
            raise EncoderError(
                f"{name!r} has {model.config.num_labels} outputs.", hint="Use a reranker with one output, a relevance."
            )
        return cls(tokenizer, model)

    def read(self, question: str, windows: Sequence[Window], *, budget: float | None = None) -> list[Reading]:
        """Score each window, then each of its sentences by itself; windows in their order until the budget is spent."""
        started = perf_counter()
        readings: list[Reading] = []
        for window in windows:
            if readings and budget is not None and perf_counter() - started > budget:
                break
            texts = [window.text, *(window.text[start:end] for start, end in window.sentences)]
            whole, *each = self._score(question, texts)
            readings.append(Reading(whole, tuple(Pointed(share, certainty=share) for share in _softmax(each))))
        return readings

    def _score(self, question: str, texts: Sequence[str]) -> list[float]:
        import torch

        scores: list[float] = []
        for start in range(0, len(texts), self._batch):
            pairs = [(question, text) for text in texts[start : start + self._batch]]
            inputs = self._tokenizer(
                pairs, padding=True, truncation=True, max_length=self._longest, return_tensors="pt"
            )
            with torch.inference_mode():
                scores += self._model(**inputs).logits.squeeze(-1).float().tolist()
        return scores


def open_scorer(setting: str) -> Scorer | None:
    """Open `bundled` or `hf:NAME_OR_PATH`; `none` reads nothing."""
    kind, _, name = setting.partition(":")
    if setting == "none":
        return None
    if setting == "bundled":
        return BundledReader.open()
    if kind == "hf" and name:
        return HuggingFaceScorer.from_name(name)
    raise SettingsError(
        f"REGBRIEF_RERANKER={setting!r} names no reranker.", hint="Use bundled, none or hf:NAME_OR_PATH."
    )
