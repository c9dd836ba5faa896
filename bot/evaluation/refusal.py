"""When a system refuses, should it? And are the answers that it is surest of the right ones?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.reading import Reading

Array = NDArray[np.float64]


def confidence(reading: Reading) -> float:
    """Return how sure a system is: the score of its best citation; 0 where it refuses or cites nothing."""
    if reading.abstained:
        return 0.0
    return max((each.score for each in reading.citations.values()), default=0.0)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a question was refused and should have been, how sure the system was, and whether its answer is right."""

    abstained: bool
    answerable: bool
    confidence: float
    right: bool

    @property
    def loss(self) -> float:
        """0 for a right answer, 1 for a wrong one; what was refused would be wrong if it had to be answered."""
        return 0.0 if self.right and not self.abstained else 1.0


def ratios(decisions: Sequence[Decision]) -> dict[str, tuple[Array, Array]]:
    """Return each measure of refusing as a numerator and a denominator a question; refusing is the positive class.

    Precision: refused rightly / refused. Recall: refused rightly / unanswerable. False refusals: refused wrongly /
    answerable.
    """
    refused = np.array([each.abstained for each in decisions], dtype=float)
    unanswerable = np.array([not each.answerable for each in decisions], dtype=float)
    rightly = refused * unanswerable
    return {
        "refusal_precision": (rightly, refused),
        "refusal_recall": (rightly, unanswerable),
        "refusal_f1": (2 * rightly, refused + unanswerable),
        "false_refusal_rate": (refused * (1 - unanswerable), 1 - unanswerable),
    }


def selective_risks(confidences: Array, losses: Array) -> Array:
    """Return the mean loss of the k surest answers, for k = 1 … n (Geifman & El-Yaniv 2017, equation 2).

    Answers that a system is equally sure of have no order: each counts with the mean loss of its equals.
    """
    order = np.argsort(-confidences, kind="stable")
    _, ties = np.unique(-confidences[order], return_inverse=True)
    expected = (np.bincount(ties, losses[order]) / np.bincount(ties))[ties]
    return np.asarray(np.cumsum(expected) / np.arange(1, len(losses) + 1), dtype=float)


def aurc(confidences: Array, losses: Array) -> float:
    """Return the area under the risk-coverage curve, the mean of the selective risks (Geifman et al. 2019)."""
    return float(selective_risks(confidences, losses).mean())


def excess_aurc(confidences: Array, losses: Array) -> float:
    """Return how much larger the area is than with the same answers in the best order (E-AURC, Geifman et al. 2019)."""
    return aurc(confidences, losses) - aurc(-losses, losses)


def risk_coverage(decisions: Sequence[Decision], *, points: int = 200) -> list[dict[str, float]]:
    """Return the curve as at most so many points of coverage, risk and the confidence that gives them."""
    if not decisions:
        return []
    confidences, losses = arrays(decisions)
    risks = selective_risks(confidences, losses)
    thresholds = -np.sort(-confidences)
    chosen = np.unique(np.linspace(0, len(risks) - 1, min(points, len(risks))).round().astype(int))
    return [
        {
            "coverage": round((int(k) + 1) / len(risks), 4),
            "risk": round(float(risks[k]), 4),
            "threshold": round(float(thresholds[k]), 4),
        }
        for k in chosen
    ]


def arrays(decisions: Sequence[Decision]) -> tuple[Array, Array]:
    """Return the confidences and the losses; refusals come after every answer."""
    confidences = np.array([-1.0 if each.abstained else each.confidence for each in decisions])
    return confidences, np.array([each.loss for each in decisions])
