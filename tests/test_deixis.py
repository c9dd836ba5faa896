"""Which sentences need their day."""

from __future__ import annotations

import pytest

from bot.deixis import is_deictic


@pytest.mark.parametrize(
    "sentence",
    [
        "Apple said yesterday that it would appeal.",
        "The Commission opened its inquiry on Tuesday.",
        "The rules were adopted last month.",
        "It was fined two weeks ago.",
        "监管机构昨日宣布处罚。",
        "该公司上个月提交了报告。",
        "委员会周二展开调查。",
        "反垄断局10日公布决定。",
        "監管機構昨日宣布處罰。",
        "該公司上個月提交了報告。",
        "委員會週二展開調查。",
    ],
)
def test_a_sentence_that_leans_on_its_day_is_told(sentence: str) -> None:
    assert is_deictic(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The act entered into force on Thursday, 1 August 2024.",
        "The fine was 4.34 billion euros.",
        "The rules apply from 2 August 2026.",
        "该法于2021年11月1日施行。",
        "罚款为43.4亿欧元。",
        "公司在日本上市10日本地时间收盘。",
        "該法於2021年11月1日施行。",
        "罰款為43.4億歐元。",
    ],
)
def test_one_that_states_its_day_stands_alone(sentence: str) -> None:
    assert not is_deictic(sentence)
