"""What has been computed lately."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.recall import Recall


def lengths(texts: Sequence[str]) -> list[int]:
    return [len(each) for each in texts]


def test_only_what_is_not_known_is_made_and_each_once() -> None:
    asked: list[list[str]] = []
    recall: Recall[str, int] = Recall(10)
    recall.of(["fine", "罚款"], lengths)
    found = recall.of(["罰款的", "fine", "罰款的"], lambda new: asked.append(new) or lengths(new))
    assert (found, asked) == ({"fine": 4, "罰款的": 3}, [["罰款的"]])
    assert recall.counts == {"hit": 1, "miss": 3}


def test_the_key_that_was_asked_for_longest_ago_is_forgotten() -> None:
    recall: Recall[str, int] = Recall(2)
    for each in ("a", "b", "a", "c"):
        recall.of([each], lengths)
    asked: list[str] = []
    recall.of(["a", "b", "c"], lambda new: asked.extend(new) or lengths(new))
    assert asked == ["b"]


def test_what_is_left_out_is_asked_for_again() -> None:
    recall: Recall[str, int] = Recall(10)
    assert recall.of(["a", "bb"], lambda new: lengths(new[:1])) == {"a": 1}
    assert recall.of(["a", "bb"], lengths) == {"a": 1, "bb": 2}


def test_a_value_that_is_forgotten_while_others_are_made_is_not_missed() -> None:
    recall: Recall[str, int] = Recall(1)
    recall.of(["fine"], lengths)

    def meanwhile(new: Sequence[str]) -> list[int]:
        recall.of(["links"], lengths)
        return lengths(new)

    assert recall.of(["fine", "ban"], meanwhile) == {"fine": 4, "ban": 3}


def test_nothing_is_remembered_of_a_failure() -> None:
    recall: Recall[str, int] = Recall(10)
    with pytest.raises(ZeroDivisionError):
        recall.of(["a"], lambda new: [1 // 0 for _ in new])
    assert recall.of(["a"], lengths) == {"a": 1}
