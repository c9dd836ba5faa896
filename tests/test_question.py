"""What a question asks for, as far as words can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.glossary import Entity, Glossary
from bot.language import fold
from bot.question import Met, Question, lacking

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
        pytest.param("Must the iPhone be opened?", "iPhone須開放。", 0.0, id="zh-Hant-a-capital-within-a-word"),
        pytest.param("Did Acme pay what Acme owed to Lumen Pay?", "流明支付", 0.5, id="named-twice-counts-once"),
        pytest.param("Was it fined?", "Acme was fined.", 0.0, id="no-names"),
        pytest.param("What did the Avalonian court rule?", "亞瓦隆法院裁定。", 0.0, id="zh-Hant-place"),
        pytest.param("阿瓦隆罚了谁？", "Lumen Pay was fined.", 1.0, id="zh-Hans-place-missing"),
        pytest.param("穩定幣有規定嗎？", "Lumen Pay was fined.", 0.0, id="zh-Hant-a-term-is-no-name"),
        pytest.param("Sources differ. Do they?", "Nobody knows.", 0.0, id="en-first-words-are-no-names"),
        pytest.param("Acme被罚多少？", "流明支付被罚。", 1.0, id="zh-Hans-a-first-word-in-latin-letters-is-one"),
        pytest.param("Is New Harbour Bank Chrome要卖吗", "new harbour bank chrome", 0.0, id="en-many-words"),
    ],
)
def test_names_are_missed_in_any_language(text: str, near: str, missing: float) -> None:
    assert lacking([question(text).met(fold(near)).names]) == missing


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
    assert lacking([question(text).met(fold(near)).years]) == missing


@pytest.mark.parametrize(
    ("text", "articles", "missing"),
    [
        pytest.param("Was Lumen Pay fined more than Acme?", ["Lumen Pay was fined.", "Acme was fined."], 0.0, id="en"),
        pytest.param("Acme和流明支付谁罚得多？", ["光明支付遭罰。", "Acme was fined."], 0.0, id="zh-Hans"),
        pytest.param("Acme與光明支付誰罰得多？", ["流明支付被罚。", "谁都没罚。"], 0.5, id="zh-Hant-one-nowhere"),
        pytest.param("Was Acme fined?", [], 0.0, id="no-articles"),
    ],
)
def test_several_articles_may_have_the_names_together(text: str, articles: list[str], missing: float) -> None:
    assert lacking([question(text).met(fold(each)).names for each in articles]) == missing


def test_a_form_that_another_bears_as_well_does_not_tell_who_is_meant() -> None:
    home = Entity("hkma", "regulator", {"en": ("HKMA",), "zh-Hans": ("香港金管局", "金管局"), "zh-Hant": ("金管局",)})
    away = Entity("mas", "regulator", {"en": ("MAS",), "zh-Hans": ("新加坡金管局", "金管局"), "zh-Hant": ("金管局",)})
    glossary = Glossary([home, away])
    assert Question("新加坡金管局罚了谁？", glossary, {}).met("金管局罚款。") == Met(names=(False,))
    assert Question("MAS罰了誰？", glossary, {}).met("新加坡金管局罚款。") == Met(names=(True,))
    assert Question("金管局罰了誰？", glossary, {}).met("香港金管局罚款。") == Met(names=(True,))


@pytest.mark.parametrize(
    ("text", "told", "there"),
    [
        pytest.param("What did the Avalonian court rule?", "高等院裁定。", True, id="zh-Hans-its-court"),
        pytest.param("阿瓦隆罚了谁？", "The High Bench fined it.", True, id="en-its-court"),
        pytest.param("亞瓦隆罰了誰？", "The Old Bench fined it.", False, id="zh-Hant-that-of-another-country"),
        pytest.param("阿瓦隆罚了谁？", "The Bench fined it.", False, id="en-what-may-be-another"),
    ],
)
def test_a_country_is_named_by_its_public_bodies(text: str, told: str, there: bool) -> None:
    def court(id: str, region: str, *names: str) -> Entity:
        return Entity(id, "regulator", {"en": names, "zh-Hans": ("高等院",) if region == "AV" else ()}, region=region)

    place = replace(AVALON, region="AV")
    glossary = Glossary([place, court("a", "AV", "High Bench", "Bench"), court("b", "OT", "Old Bench", "Bench")])
    assert Question(text, glossary, {}).met(fold(told)) == Met(names=(there,))


def test_what_is_met_is_told_in_the_order_of_the_question() -> None:
    met = question("What did Acme and Lumen Pay do in 2021 and 2023?").met(fold("流明支付2023年被罚。"))
    assert met == Met(names=(True, False), years=(False, True))


def test_coverage_is_the_share_of_information() -> None:
    asked = question("fine of merger", fine=3.0, merger=1.0)
    assert asked.coverage({"fine", "the"}, "the fine") == 0.75
    assert question("?").coverage({"fine"}, "fine") == 0.0
