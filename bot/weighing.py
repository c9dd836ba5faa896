"""How much speaks for a passage or a sentence, and what regressions make of it.

Is the passage worth reading, does the sentence answer, and is the question answered at all?

`tools/fit_answerer.py` fits them on the dev questions and writes `bot/models/answerer.json` with their figures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.question import NOTHING_ASKED, Met, lacking
from bot.records import Article, Sentence
from bot.rerank import Pointed

QUOTED = 5
"""Sentences of an answer at most."""

MODEL = Path(__file__).parent / "models" / "answerer.json"


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a sentence; each is about in 0..1, but for the logarithms."""

    similarity: float
    """Cosine of question and sentence; 0 where no regression weighs it (`Model.weighs_cosines`)."""
    asked_similarity: float
    """Cosine of the question without its names and sentence; likewise."""
    passage_similarity: float
    """Cosine of question and passage."""
    retrieval: float
    """Fused score of the passage, less that of the best one."""
    coverage: float
    """Share of the question's content words that the sentence has, by their inverse document frequency."""
    passage_coverage: float
    """The same for title and passage."""
    cross_language: float
    """1 where question and sentence are in different languages, so that only names and numbers can be shared."""
    missing_names: float
    """Share of the question's names that the article does not mention in any language."""
    distant_names: float
    """The same for title and passage."""
    missing_years: float
    """Share of the question's years that the article, its date included, does not mention."""
    distant_years: float
    """The same for date, title and passage."""
    amount: float
    """1 where an amount is asked for and the sentence has one, -1 where it has none, 0 where none is asked for."""
    date: float
    """The same for dates."""
    answering: float = 0.0
    """The reader's log-odds that the passage answers, divided by ten."""
    share: float = 0.0
    """The reader's share of the sentence in that."""
    certainty: float = 0.0
    """The reader's probability of the words that it points at in the sentence."""
    log_share: float = 0.0
    log_certainty: float = 0.0
    """Natural logarithms of the two: that this sentence answers, with these words, is a product of probabilities."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What speaks for a passage before it is read; each is about in 0..1."""

    similarity: float
    """Cosine of question and passage."""
    behind: float
    """By how much that is less than the best passage's."""
    rank: float
    """Its place among the passages, from 0, divided by ten."""
    coverage: float
    """Share of the question's content words that title and passage have, by their inverse document frequency."""
    coverage_behind: float
    """By how much that is less than the best passage's."""
    missing_names: float
    distant_names: float
    missing_years: float
    distant_years: float
    """As of its sentences (`Signals`)."""
    cross_language: float
    """1 where question and passage are in different languages."""
    cross_coverage: float
    """Its coverage there, where few words can be shared."""


@dataclass(frozen=True, slots=True)
class Skim:
    """A regression that says which passages are worth reading."""

    weights: tuple[float, ...]
    """In the order of `Outlook`."""
    bias: float
    least: float
    """Below this probability a passage is not read, unless it is the best."""

    def probability(self, outlook: Outlook) -> float:
        """Return how likely the passage holds a sentence that is quoted."""
        return logistic(np.dot(self.weights, astuple(outlook)) + self.bias)


@dataclass(frozen=True, slots=True)
class Around:
    """What was found for a question, before any of it is read."""

    astray_names: float = 0.0
    """Share of the question's names that title and passage do not mention, on average over the first passages."""
    nearest: float = 0.0
    """Greatest cosine of the question and a passage."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence of an article and the probability that it answers."""

    article: Article
    sentence: Sentence
    signals: Signals
    vector: NDArray[np.float32] | None
    """Null until it is needed."""
    probability: float
    pointed: Pointed | None = None
    """What the reader points at; its span counts characters of the sentence."""
    met: Met = NOTHING_ASKED
    """What the article, its outlet and date included, has of the question's names and years."""
    around: Around = Around()


DECISIVE = ("missing_names", "distant_names", "missing_years", "distant_years", "answering")
"""The signals of the best sentence that decide, beside its probability, whether the question is answered."""

UNMET = ("unmet_names", "unmet_years")
"""Shares of the question's names and years that none of the articles has of which a sentence may be quoted. They decide
as well, since two articles together may answer what compares two companies."""

AROUND = tuple(Around.__dataclass_fields__)
"""What is found beside the best sentence decides as well: where it is off the subject, or nothing is near the question,
that sentence is hardly the answer."""

COSINES = ("similarity", "asked_similarity")
"""The signals for which a sentence must be encoded. Beside a reader they tell next to nothing more."""


@dataclass(frozen=True, slots=True)
class Model:
    """The weights of the regressions, and the decisions made with them."""

    weights: tuple[float, ...]
    """In the order of `Signals`."""
    bias: float
    threshold: float
    """Below this confidence the answer is a refusal."""
    follow: float
    """A further sentence is quoted if its probability is at least this share of the best one's."""
    decision: tuple[float, ...] = (1.0, *[0.0] * (len(DECISIVE) + len(UNMET) + len(AROUND)))
    """Of the log-odds of the best sentence, then in the order of `DECISIVE`, `UNMET` and `AROUND`."""
    decision_bias: float = 0.0
    skim: Skim | None = None
    """Chooses what is read; without it, everything is."""

    @classmethod
    def load(cls, path: Path = MODEL, *, reader: bool = True) -> Model:
        """Read the model that was fitted with a reader, or the one without."""
        stored = json.loads(path.read_text("utf-8"))["with_reader" if reader else "without_reader"]
        decision = stored["decision"]
        return cls(
            tuple(stored["weights"].get(name, 0.0) for name in Signals.__dataclass_fields__),
            stored["bias"],
            decision["threshold"],
            stored["follow"],
            tuple(decision["weights"].get(name, 0.0) for name in ("log_odds", *DECISIVE, *UNMET, *AROUND)),
            decision["bias"],
            _skim(stored["skim"]) if reader else None,
        )

    @classmethod
    def by_rank(cls) -> Model:
        """Weigh nothing but the rank of the passage, and refuse nothing: what sentences would be without weighing."""
        weights = tuple(float(name == "retrieval") for name in Signals.__dataclass_fields__)
        return cls(weights, 0.0, threshold=0.0, follow=1.0)

    @property
    def weighs_cosines(self) -> bool:
        """Whether sentences are encoded before they are weighed."""
        return any(w for w, name in zip(self.weights, Signals.__dataclass_fields__, strict=True) if name in COSINES)

    def probability(self, signals: Signals) -> float:
        """Return the logistic function of the weighted signals."""
        return logistic(np.dot(self.weights, astuple(signals)) + self.bias)

    def confidence(self, scored: Sequence[Scored]) -> float:
        """Return the probability that a question is answered by these sentences, of which the best comes first."""
        best, *_ = scored
        odds = min(max(best.probability, 1e-9), 1 - 1e-9)
        decisive = [getattr(best.signals, name) for name in DECISIVE]
        met = [each.met for each in scored[:QUOTED] if each.probability >= self.follow * best.probability]
        values = (math.log(odds / (1 - odds)), *decisive, *unmet(met), *astuple(best.around))
        return logistic(np.dot(self.decision, values) + self.decision_bias)


def unmet(met: Sequence[Met]) -> tuple[float, float]:
    """Return the values of `UNMET` for the articles that may be quoted."""
    return lacking([each.names for each in met]), lacking([each.years for each in met])


def _skim(stored: Mapping[str, Any]) -> Skim:
    weights = tuple(stored["weights"][name] for name in Outlook.__dataclass_fields__)
    return Skim(weights, stored["bias"], stored["least"])


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def logarithm(probability: float) -> float:
    """Return the natural logarithm of a probability; of less than one in 10,000, that of one."""
    return math.log(max(probability, 1e-4))
