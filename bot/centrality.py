"""Which sentences of several reports say most: LexRank for what is central, MMR against saying it twice.

LexRank (Erkan and Radev, JAIR 22, 2004) ranks a sentence by what the others that are like it rank: the stationary
distribution of a random walk over their likeness, here the cosine of the encoder's vectors in place of tf-idf. The
walk may prefer where to start (Otterbacher, Erkan and Radev, HLT 2005): near the topic, high up in a report. Maximal
marginal relevance (Carbonell and Goldstein, SIGIR 1998) then takes one sentence at a time, less of what was taken
already. Both are a few lines of numpy over some hundred sentences; a graph library would take longer to import than
these to run.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

THRESHOLD = 0.1
"""Likeness below which two sentences are no neighbours, as in the paper."""

DAMPING = 0.8
"""Share of the walk that follows likeness; the rest starts anew by preference."""

NOVELTY = 0.2
"""What newness counts beside centrality. More costs facts: what only repeats another is left out elsewhere already."""

STEPS = 60
"""0.8 to this power is a millionth."""


def centrality(vectors: Vectors, preference: Sequence[float]) -> NDArray[np.float64]:
    """Rank sentences by their unit vectors, the best 1; `preference` is at least 0 and says where walks begin."""
    start = np.asarray(preference, dtype=np.float64)
    total = start.sum()
    if not len(start) or not total:
        return np.zeros(len(start))
    start = start / total
    likeness = np.asarray(vectors, dtype=np.float64) @ np.asarray(vectors, dtype=np.float64).T
    likeness[likeness < THRESHOLD] = 0.0
    np.fill_diagonal(likeness, 1.0)
    onward = likeness / likeness.sum(axis=1, keepdims=True)
    ranks = start
    for _ in range(STEPS):
        ranks = DAMPING * (ranks @ onward) + (1 - DAMPING) * start
    best: NDArray[np.float64] = ranks / ranks.max()
    return best


def most_telling(
    ranks: Sequence[float], vectors: Vectors, *, limit: int, said: Vectors | None = None, novelty: float = NOVELTY
) -> list[int]:
    """Return at most `limit` places, best first, each worth its rank less `novelty` times its likeness to the said.

    `said` holds the vectors of what was said before; what is chosen joins it.
    """
    before = vectors[:0] if said is None else said
    worth = np.asarray(ranks, dtype=np.float64)
    nearest = (vectors @ before.T).max(axis=1, initial=0.0)
    chosen: list[int] = []
    while len(chosen) < min(limit, len(worth)):
        gain = (1 - novelty) * worth - novelty * nearest
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen
