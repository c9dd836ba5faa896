"""No change may make answers worse than tests/eval_floors.json says; `regbrief eval --floors` prints both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.evaluation.floors import Floor, hold
from bot.settings import Settings

FLOORS = Path(__file__).parent / "eval_floors.json"


def no_bar(title: str, total: int) -> Callable[[int], None]:
    return lambda count: None


@pytest.fixture(scope="module")
def held() -> dict[str, Floor]:
    return {each.name: each for each in hold(FLOORS, Settings.read(), bar=no_bar)}


@pytest.mark.parametrize(
    "name", [name for kind in ("floors", "ceilings") for name in json.loads(FLOORS.read_text())[kind]]
)
def test_a_figure_is_on_the_right_side_of_its_floor(name: str, held: dict[str, Floor]) -> None:
    floor = held[name]
    assert floor.held, f"{name} is {floor.value}, its {'ceiling' if floor.ceiling else 'floor'} is {floor.floor}"
