"""What a question asks for, as far as words can tell."""

from __future__ import annotations

import pytest

from bot.glossary import Entity, Glossary
from bot.language import fold
from bot.question import Question

AVALON = Entity("avalon", "place", {"en": ("Avalon", "Avalonian"), "zh-Hans": ("阿瓦隆",), "zh-Hant": ("亞瓦隆",)})
TOKEN = Entity("token", "term", {"en": ("stablecoin",), "zh-Hans": ("稳定币",), "zh-Hant": ("穩定幣",)})
LUMEN = Entity("lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("光明支付",)})


def question(text: str, **informativeness: float) -> Question:
    return Question(text, Glossary([LUMEN, AVALON, TOKEN]), informativeness)


@pytest.mark.parametrize(
    ("text", "amount", "date"),
    [
        pytest.param("How much was it fined?", True, False, id="en-amount"),
        pytest.param("When was it fined?", False, True, id="en-date"),
        pytest.param("Who was fined?", False, False, id="en-neither"),
        pytest.param("罚了多少？", True, False, id="zh-Hans-amount"),
        pytest.param("什么时候生效？", False, True, id="zh-Hans-date"),
        pytest.param("罰款金額是多少？", True, False, id="zh-Hant-amount"),
        pytest.param("何時生效？", False, True, id="zh-Hant-date"),
    ],
)
def test_a_question_wants_an_amount_or_a_date(text: str, amount: bool, date: bool) -> None:
    assert (question(text).wants_amount, question(text).wants_date) == (amount, date)


@pytest.mark.parametrize(
    ("text", "near", "missing"),
    [
        pytest.param("Was Lumen Pay fined?", "Lumen Pay was fined.", 0.0, id="en-there"),
        pytest.param("Was Lumen Pay fined?", "流明支付被罚。", 0.0, id="zh-Hans-other-name"),
        pytest.param("Was Lumen Pay fined?", "光明支付遭罰。", 0.0, id="zh-Hant-other-name"),
        pytest.param("Was Lumen Pay fined?", "Acme was fined.", 1.0, id="en-missing"),
        pytest.param("Was Lumen Pay sold to Acme?", "Lumen Pay was sold.", 0.5, id="one-of-two"),
        pytest.param("Was Acme fined?", "Acmes were fined.", 1.0, id="part-of-a-word"),
        pytest.param("Was it fined?", "Acme was fined.", 0.0, id="no-names"),
        pytest.param("What did the Avalonian court rule?", "亞瓦隆法院裁定。", 0.0, id="zh-Hant-place"),
        pytest.param("阿瓦隆罚了谁？", "Lumen Pay was fined.", 1.0, id="zh-Hans-place-missing"),
        pytest.param("穩定幣有規定嗎？", "Lumen Pay was fined.", 0.0, id="zh-Hant-a-term-is-no-name"),
        pytest.param("Sources differ. Do they?", "Nobody knows.", 0.0, id="en-first-words-are-no-names"),
        pytest.param("Is New Harbour Bank Chrome要卖吗", "new harbour bank chrome", 0.0, id="en-many-words"),
    ],
)
def test_names_are_missed_in_any_language(text: str, near: str, missing: float) -> None:
    assert question(text).missing_names(fold(near)) == missing


@pytest.mark.parametrize(
    ("text", "near", "missing"),
    [
        pytest.param("What happened in 2021?", "In 2021 it was fined.", 0.0, id="en-there"),
        pytest.param("What happened in 2023?", "In 2021 it was fined.", 1.0, id="en-missing"),
        pytest.param("２０２１年发生了什么？", "2021年被罚。", 0.0, id="zh-Hans-full-width"),
        pytest.param("2021年與2023年發生甚麼？", "2021年遭罰。", 0.5, id="zh-Hant-one-of-two"),
    ],
)
def test_years_are_missed(text: str, near: str, missing: float) -> None:
    assert question(text).missing_years(fold(near)) == missing


def test_coverage_is_the_share_of_information() -> None:
    asked = question("fine of merger", fine=3.0, merger=1.0)
    assert asked.coverage({"fine", "the"}, "the fine") == 0.75
    assert question("?").coverage({"fine"}, "fine") == 0.0
