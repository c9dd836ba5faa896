"""Sentence spans: what ends a sentence in English, in Chinese and in both, and what never gets lost."""

import textwrap
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.sentences import sentence_spans

PIECES = [
    *"aA1 \n\t.。！？；…!?「」“”\"'’()（）《》,，、:：-•[]\x00\ud800\u200f👩支的",
    "\n\n",
    "Mr.",
    "U.S.",
    "他說",
    "...",
    "1. ",
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.characters(exclude_categories=())), max_size=60).map("".join)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param(["Alipay was fined.", "It paid.", "Why?", "Nobody knows!"], id="English"),
        pytest.param(
            ["Mr. Ma met Dr. J. R. Li of Ant Group Co. on Sept. 14.", "No. 5 left."], id="titles and initials"
        ),
        pytest.param(["Shares of Apple Inc. Chief Tim Cook fell.", "It was e.g. Google v. Oracle."], id="company"),
        pytest.param(["It belongs to Apple Inc.", "The company denies it."], id="company at the end"),
        pytest.param(["He left at 5 p.m. Beijing time for the U.S. Senate.", "He did."], id="a.m. and U.S."),
        pytest.param(
            ["It paid US$37.5 billion for version 2.0.1.", "See www.a.com/b?c=d.", "Done."], id="dots in words"
        ),
        pytest.param(["“It is wrong,” he said.", "“It wants to end that.”", "(It did.)", "Yes."], id="closing marks"),
        pytest.param(["“Why?” he asked.", "“Why now?” Zhao Zhiguo said.", "Yahoo! Inc agreed."], id="attribution"),
        pytest.param(["It is wrong to restrict ... access.", "He waited...", "Then he left."], id="ellipsis"),
        pytest.param(
            ["I am here to . . . submit.", "It grew.[1]", "iPhone sales fell.", "eBay rose."], id="odd starts"
        ),
        pytest.param(["It is in Jan. 5 papers.", "He said no.", "It was in 2015.", "Then it ended."], id="numbers"),
        pytest.param(["1. First item.", "Second sentence."], id="item number"),
    ],
)
def test_splits_english(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param(["支付宝被罚。", "为什么？", "没有人知道！！", "真的吗？！"], id="简体"),
        pytest.param(["支付寶被罰。", "為什麼？", "沒有人知道……", "真的嗎？！"], id="繁體"),
        pytest.param(["罚款182.28亿元，占４．５％；", "同比上升3.5%。", "支付宝.com很好。"], id="decimals"),
        pytest.param(["「我們會遵守。」他說。", "「為什麼？」趙志國問道。", "「不合理。」", "他離開了。"], id="「」"),
        pytest.param(["“我们会遵守。”他说。", "“为什么？”的问题仍在。", "“不合理。”", "他离开了。"], id="“”"),
        pytest.param(['"是的。"他说。', '"一。"', '"二。"'], id="straight quotes"),
        pytest.param(["《誰動了我的乳酪？》是書。", "（見下圖。）", "他看了（是嗎？）才走。"], id="brackets"),
        pytest.param(["平台有三家（甲；乙；丙）。", "监管两家；", "放过一家。"], id="；"),
        pytest.param(["1. 加强监管。", "2. 完善法规。", "一. 总则。"], id="numbered"),
        pytest.param(["他走了。[来源请求]", "他来了. ", "他又走了。"], id="marks of notes"),
        pytest.param(["資料長布魯諾．克恩批評監管。", "史蒂夫.乔布斯没有回应。"], id="parts of a name"),
        pytest.param(["支付寶被罰．", "沒有人知道．", "他離開了．"], id="． for 。"),
    ],
)
def test_splits_chinese(sentences: list[str]) -> None:
    assert split("".join(sentences)) == [sentence.strip() for sentence in sentences]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("Alipay (支付寶) paid. It did.", ["Alipay (支付寶) paid.", "It did."], id="English"),
        pytest.param("Ant Group Co. 被罚。It paid. 好！", ["Ant Group Co. 被罚。", "It paid.", "好！"], id="简体"),
        pytest.param("他問：“Why?” 然後說OK. 完。", ["他問：“Why?”", "然後說OK.", "完。"], id="繁體"),
    ],
)
def test_splits_paragraphs_of_both_languages(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(
            [
                "‘OUT OF BOUNDS’: The ministry believes that fees are too high, a source said",
                "AFP, TAIPEI",
                "Officials in the capital have ordered the payment app Blue (藍) to cut its\nfees by May.",
                "By Jane Doe",
                "Additional reporting by Reuters",
            ],
            id="English",
        ),
        pytest.param(["监管要点", "一、数据", "（二）平台", "监管部门要求整改", "“不得拖延”"], id="简体"),
        pytest.param(["重點：", "- 支付寶", "- 微信", "1）罰款", "記者王某"], id="繁體"),
        pytest.param(["Points:", "• one", "• two and\n  more of it", "2) Three", "- four"], id="bullets"),
        pytest.param(["Short heading", "A line of prose that is quite a bit longer than it.", "Next"], id="headings"),
    ],
)
def test_tells_meant_line_ends_from_wrapped_ones(blocks: list[str]) -> None:
    assert split("\n".join(blocks)) == blocks


def test_joins_hard_wrapped_prose() -> None:
    prose = (
        "The EU told the company to change how it uses personal data under the GDPR. It has until June to do so. " * 9
    )
    for width in range(30, 80):
        wrapped = textwrap.fill(prose, width)
        assert [sentence.replace("\n", " ") for sentence in split(wrapped)] == split(prose), width


def test_never_crosses_a_blank_line() -> None:
    assert split("a heading\n\nthen prose\n \t\nand more\r\n\r\nend") == ["a heading", "then prose", "and more", "end"]


@pytest.mark.parametrize("text", ["", " \n\n\t\u3000"])
def test_finds_nothing_in_white_space(text: str) -> None:
    assert sentence_spans(text) == []


def test_keeps_offsets_with_emoji_and_odd_code_points() -> None:
    assert sentence_spans("👩‍💻 ok. \u200fNo.\x00 \ud800。支") == [(0, 7), (8, 16), (16, 17)]


@given(texts)
@example('。"\n。" "')
@example("他. 他。 ”")
def test_spans_partition_what_is_not_white_space(text: str) -> None:
    spans = sentence_spans(text)
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    assert not any("\n\n" in text[start:end] for start, end in spans)
