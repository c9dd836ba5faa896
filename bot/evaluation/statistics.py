"""How sure are the figures? Bootstrap intervals and a paired permutation test, both from scipy.

It is imported where it is used: the page shows reports where it is not installed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Estimate = dict[str, float | int | None]
"""`value`, the bounds `low` and `high` of its 95 % interval (None where there is too little), and `n`."""

RESAMPLES = 1000
PERMUTATIONS = 9999
CLUSTERS = 10
"""Questions of one thread or document are alike: whole groups are resampled where there are at least this many."""


def ratio(above: Array, below: Array, groups: Sequence[str], *, seed: int) -> Estimate:
    """Estimate sum(above) / sum(below) by a percentile bootstrap (Efron & Tibshirani 1993, chapter 13).

    A mean is a ratio to ones. What is drawn anew is groups of questions (a cluster bootstrap, Cameron et al. 2008), or
    questions where the groups are few.
    """
    total = float(below.sum())
    if not total:
        return {"value": None, "low": None, "high": None, "n": 0}
    above_sums, below_sums = clustered(above, groups), clustered(below, groups)

    def statistic(top: Array, bottom: Array, axis: int = -1) -> Array:
        sums = bottom.sum(axis=axis)
        share: Array = np.divide(top.sum(axis=axis), sums, out=np.full_like(sums, np.nan), where=sums > 0)
        return share

    low, high = _interval((above_sums, below_sums), statistic, seed=seed, vectorized=True)
    return {"value": _rounded(float(above.sum()) / total), "low": low, "high": high, "n": int(np.count_nonzero(below))}


def mean(values: Sequence[float], groups: Sequence[str], *, seed: int) -> Estimate:
    """Estimate a mean by a percentile bootstrap."""
    above = np.array(values, dtype=float)
    return ratio(above, np.ones_like(above), groups, seed=seed)


def estimate(statistic: Callable[[Array, Array], float], one: Array, other: Array, *, seed: int) -> Estimate:
    """Estimate a statistic of two paired arrays by a percentile bootstrap over the questions."""
    low, high = _interval((one, other), statistic, seed=seed, vectorized=False)
    return {"value": _rounded(statistic(one, other)), "low": low, "high": high, "n": len(one)}


def paired(one: Sequence[float], other: Sequence[float], groups: Sequence[str], *, seed: int) -> dict[str, Any]:
    """Compare the means of two systems on the same questions.

    `p` is that of a two-sided paired permutation test, which swaps the systems group by group (Good 2005; for search,
    Smucker et al. 2007).
    """
    from scipy.stats import permutation_test

    a, b = np.array(one, dtype=float), np.array(other, dtype=float)
    difference = mean(list(b - a), groups, seed=seed)
    sums = clustered(a, groups), clustered(b, groups)
    p = 1.0
    if len(sums[0]) > 1 and np.any(a != b):
        test = permutation_test(
            sums,
            lambda x, y, axis=-1: (y - x).sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=PERMUTATIONS,
            rng=np.random.default_rng(seed),
        )
        p = float(test.pvalue)
    return {
        "a": _rounded(float(a.mean())),
        "b": _rounded(float(b.mean())),
        "difference": difference["value"],
        "low": difference["low"],
        "high": difference["high"],
        "p": round(p, 4),
        "n": len(a),
    }


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for being many, by false discovery rate (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return [round(float(each), 4) for each in false_discovery_control(p_values)] if p_values else []


def clustered(values: Array, groups: Sequence[str]) -> Array:
    """Sum values by group; a question without a group is one, and with few groups every question is."""
    names = [each or f"\x01{index}" for index, each in enumerate(groups)]
    distinct, index = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    return values if len(distinct) < CLUSTERS else np.bincount(index, values).astype(np.float64)


def percentiles(values: Sequence[float]) -> dict[str, float | int]:
    """Return the median and the 95th percentile, interpolated."""
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "n": len(values)}


def _interval(
    data: tuple[Array, ...], statistic: Callable[..., Any], *, seed: int, vectorized: bool
) -> tuple[float | None, float | None]:
    from scipy.stats import DegenerateDataWarning, bootstrap

    if len(data[0]) < 2:
        return None, None
    with warnings.catch_warnings():
        # A resample may hold none of what is counted, and has no value then: such resamples are left out.
        warnings.simplefilter("ignore", DegenerateDataWarning)
        drawn = bootstrap(
            data,
            statistic,
            paired=True,
            vectorized=vectorized,
            method="percentile",
            n_resamples=RESAMPLES,
            batch=100,
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return None, None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return _rounded(float(low)), _rounded(float(high))


def _rounded(value: float) -> float:
    return round(value, 6)
