"""When something happened is read from the sentence that tells it."""

from __future__ import annotations

from datetime import date

import pytest

from bot.happened import When, happened

PUBLISHED = date(2021, 9, 14)  # a Tuesday

STATED = [
    pytest.param("Alibaba was fined on April 10, 2021.", date(2021, 4, 10), id="en"),
    pytest.param("The court ruled on Friday that Apple must open its store.", date(2021, 9, 10), id="weekday"),
    pytest.param("The act, adopted on 12 July, took effect on Thursday, 1 August 2024.", date(2021, 7, 12), id="first"),
    pytest.param("On December 24 the regulator opened its investigation.", date(2020, 12, 24), id="last year"),
    pytest.param("The law will apply from January 1.", date(2022, 1, 1), id="next year"),
    pytest.param("市场监管总局10日宣布罚款。", date(2021, 9, 10), id="zh-Hans day"),
    pytest.param("市场监管总局30日宣布罚款。", date(2021, 8, 30), id="zh-Hans day of last month"),
    pytest.param("截至2021年6月30日，平台于9月9日解除屏蔽。", date(2021, 9, 9), id="zh-Hans as of"),
    pytest.param("螞蟻集團2020年11月3日暫緩上市。", date(2020, 11, 3), id="zh-Hant"),
    pytest.param("執委會周五宣布罰款。", date(2021, 9, 10), id="zh-Hant weekday"),
]
UNSTATED = [
    pytest.param("Alibaba has run the platform since 2014.", id="en since"),
    pytest.param("The fine equals 4 percent of sales in 2019.", id="year"),
    pytest.param("企业应在30日内缴纳罚款。", id="zh-Hans term"),
    pytest.param("截至2021年8月31日的數字沒有公布。", id="zh-Hant as of"),
]


@pytest.mark.parametrize(("sentence", "day"), STATED)
def test_the_day_is_the_one_that_the_sentence_states(sentence: str, day: date) -> None:
    assert happened(sentence, PUBLISHED) == When(day)


@pytest.mark.parametrize("sentence", UNSTATED)
def test_a_date_that_is_only_referred_to_is_none(sentence: str) -> None:
    assert happened(sentence, PUBLISHED) is None


@pytest.mark.parametrize("sentence", ["It began in November 2020.", "调查于2020年11月开始。", "調查於2020年11月開始。"])
def test_a_month_is_a_month(sentence: str) -> None:
    assert happened(sentence, PUBLISHED) == When(date(2020, 11, 1), "month")


def test_without_a_day_of_publication_a_date_needs_its_year() -> None:
    assert happened("The court ruled on May 3.", None) is None
    assert happened("The court ruled on May 3, 2021.", None) == When(date(2021, 5, 3))


def test_days_meet_within_the_slack_and_a_month_meets_its_days() -> None:
    assert When(date(2021, 9, 10)).meets(When(date(2021, 9, 12)), slack=2)
    assert not When(date(2021, 9, 10)).meets(When(date(2021, 9, 13)), slack=2)
    assert When(date(2021, 9, 1), "month").meets(When(date(2021, 9, 30)), slack=2)
