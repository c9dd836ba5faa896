"""A line can be read without the ones before it."""

from __future__ import annotations

import pytest

from bot.lines import changes, looks_ahead, stands_alone, vague

LEANING = [
    pytest.param("He said that the fine was fair and would be paid.", id="pronoun"),
    pytest.param("However, the regulator fined Alibaba 18.2 billion yuan.", id="connective"),
    pytest.param("Eight days later, on 18 September 2024, the court annulled the fine.", id="later"),
    pytest.param("On the same day BIS added 31 entities to its list.", id="same day"),
    pytest.param("Is the fine of Alibaba too low for its sales?", id="question"),
    pytest.param("对此，阿里巴巴表示将认真执行处罚决定。", id="zh-Hans"),
    pytest.param("其创始人马云不再控制蚂蚁集团。", id="zh-Hans pronoun"),
    pytest.param("此外，監管機構要求支付寶分拆小額貸款業務。", id="zh-Hant"),
    pytest.param("兩天後，螞蟻集團暫停在上海上市。", id="zh-Hant later"),
]
ALONE = [
    pytest.param("China's market regulator fined Alibaba 18.228 billion yuan on Saturday.", id="en"),
    pytest.param("Most platforms in China were told to open their links.", id="most"),
    pytest.param("其他平台也须在9月17日前解除屏蔽。", id="zh-Hans"),
    pytest.param("監管機構要求支付寶分拆小額貸款業務。", id="zh-Hant"),
]


@pytest.mark.parametrize("sentence", LEANING)
def test_a_sentence_that_leans_on_another_is_no_line(sentence: str) -> None:
    assert not stands_alone(sentence)


@pytest.mark.parametrize("sentence", ALONE)
def test_a_sentence_that_names_its_subject_is_one(sentence: str) -> None:
    assert stands_alone(sentence)


def test_the_first_sentence_of_an_article_leans_on_none() -> None:
    assert stands_alone("This week the regulator fined Alibaba 18.2 billion yuan.", first=True)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The company will appeal.", True),
        ("The European Commission fined Apple 500 million euros.", False),
        ("公司表示将上诉。", True),
        ("條例自2024年5月1日起施行。", True),
        ("螞蟻集團接受處罰。", False),
    ],
)
def test_a_subject_that_only_the_headline_names_is_vague(sentence: str, expected: bool) -> None:
    assert vague(sentence) is expected


@pytest.mark.parametrize(
    ("sentence", "ahead", "changed"),
    [
        ("Most remaining provisions apply from 2 August 2026.", True, False),
        ("The appeal tribunal cut the fine from 9 to 2 billion rupees.", False, True),
        ("办法自2026年1月1日起施行。", True, False),
        ("法院撤销了对谷歌的罚款。", False, True),
        ("歐盟執委會將於明年作出決定。", True, False),
        ("罰款由234億元減為27.3億元。", False, True),
        ("支付寶是螞蟻集團的應用程式。", False, False),
    ],
)
def test_what_is_to_come_and_what_changed_are_told_by_their_words(sentence: str, ahead: bool, changed: bool) -> None:
    assert (looks_ahead(sentence), changes(sentence)) == (ahead, changed)
