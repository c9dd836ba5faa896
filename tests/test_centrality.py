"""What is central ranks first, and what was said is not said again."""

from __future__ import annotations

import numpy as np
import pytest

from bot.centrality import centrality, most_telling

MIDDLE, LEFT, RIGHT, FAR = np.eye(3)[[0, 1, 2, 0]].astype(np.float32) + np.array(
    [[0, 0.5, 0.5], [0.5, 0, 0], [0.5, 0, 0], [-1, 0, 0]], dtype=np.float32
)


def unit(*rows: object) -> np.ndarray:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def test_the_sentence_that_the_others_are_like_ranks_first() -> None:
    ranks = centrality(unit(LEFT, MIDDLE, RIGHT), [1, 1, 1])
    assert int(ranks.argmax()) == 1
    assert ranks.max() == 1.0


def test_preference_decides_between_equals() -> None:
    assert int(centrality(unit(LEFT, RIGHT), [1, 3]).argmax()) == 1


@pytest.mark.parametrize("preference", [[], [0, 0]], ids=["nothing", "nothing preferred"])
def test_nothing_to_rank_is_no_error(preference: list[float]) -> None:
    vectors = np.zeros((len(preference), 3), dtype=np.float32)
    assert centrality(vectors, preference).tolist() == [0.0] * len(preference)


def test_a_repetition_comes_last() -> None:
    vectors = unit(LEFT, LEFT, RIGHT)
    assert most_telling([1.0, 0.9, 0.8], vectors, limit=3, novelty=0.5) == [0, 2, 1]


def test_what_was_said_before_counts_as_said() -> None:
    assert most_telling([1.0, 0.8], unit(LEFT, RIGHT), limit=1, said=unit(LEFT), novelty=0.5) == [1]
