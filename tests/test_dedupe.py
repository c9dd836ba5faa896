"""Near copies and stories. Vectors are made by hand, so that every kinship can be worked out."""

from __future__ import annotations

import random
from datetime import date

import numpy as np
import pytest

from bot.dedupe import (
    FLOOR,
    NEAR_COPY,
    PERMUTATIONS,
    SAME_STORY,
    StoryItem,
    assign,
    bands,
    centre,
    kinship,
    least_cosine,
    regroup,
    retold,
    signature,
    similarity,
    stories,
    texts,
)
from bot.language import render
from bot.records import Language

ENGLISH = (
    "China's market regulator fined Alibaba 18.228 billion yuan on Saturday, the largest antitrust penalty in the "
    "country. The fine equals 4 percent of its domestic sales in 2019. Alibaba said that it would comply. "
    "The regulator found that the company had forced merchants to sell on its platform only."
)
SIMPLIFIED = (
    "国家市场监督管理总局4月10日对阿里巴巴集团作出行政处罚，罚款182.28亿元。罚款额为其2019年境内销售额的4%。"
    "阿里巴巴表示诚恳接受，坚决服从。总局认定，阿里巴巴自2015年起要求平台内商家“二选一”，排除、限制了竞争。"
)
TRADITIONAL = (
    "臺灣公平交易委員會2017年10月11日決議，高通公司濫用獨占地位，處新臺幣234億元罰鍰，創下該會成立以來最高紀錄。"
    "委員會認為，高通拒絕授權晶片競爭同業，並以不簽授權就不供應晶片的方式，損害了市場競爭。高通表示將提出行政訴訟。"
)
TEXTS = pytest.mark.parametrize("text", [ENGLISH, SIMPLIFIED, TRADITIONAL], ids=["en", "zh-Hans", "zh-Hant"])


def item(
    id: str, day: int = 1, angle: float = 0.0, *, language: Language = "en", entities: str = "", body: str = ""
) -> StoryItem:
    """Make an item of 2021-04-`day` whose vector stands at `angle` degrees."""
    vector = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))], dtype=np.float32)
    return StoryItem(id, date(2021, 4, day), language, vector, frozenset(entities), signature(body or f"{id} " * 9))


# --- near copies ----------------------------------------------------------------------------------------------------


@TEXTS
def test_a_signature_is_small_and_always_the_same(text: str) -> None:
    assert len(signature(text)) == 2 * PERMUTATIONS
    assert signature(text) == signature(text)


def test_a_new_release_of_the_library_that_hashes_otherwise_is_noticed() -> None:
    assert signature(ENGLISH)[:8].hex() == "f087d7e593400e58", "raise VERSION: stored signatures do not compare"


@pytest.mark.parametrize(
    ("text", "other_script"),
    [
        (SIMPLIFIED, render(SIMPLIFIED, "zh-Hant")),
        (TRADITIONAL, render(TRADITIONAL, "zh-Hans")),
        (ENGLISH, ENGLISH.upper()),
    ],
    ids=["zh-Hans", "zh-Hant", "en"],
)
def test_script_and_case_make_no_difference(text: str, other_script: str) -> None:
    assert text != other_script
    assert similarity(signature(text), signature(other_script)) > 0.9


@TEXTS
def test_punctuation_and_line_breaks_make_no_difference(text: str) -> None:
    assert signature(text) == signature(text.replace("，", ", ").replace(". ", ".\n\n"))


@TEXTS
@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + " All rights reserved. 版权所有，转载请注明出处。",
        lambda text: text[: len(text) * 4 // 5],
        lambda text: (
            text.replace("Alibaba", "the company", 1).replace("阿里巴巴", "该公司", 1).replace("高通", "該公司", 1)
        ),
    ],
    ids=["boilerplate", "cut", "edited"],
)
def test_an_edited_copy_is_near(text: str, edit: object) -> None:
    assert callable(edit)
    assert similarity(signature(text), signature(edit(text))) >= NEAR_COPY


def test_reports_in_other_words_are_no_copies() -> None:
    texts = [ENGLISH, SIMPLIFIED, TRADITIONAL]
    assert all(similarity(signature(a), signature(b)) < 0.1 for a in texts for b in texts if a is not b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Mthly div 7.1 cts vs 7.1 cts prior. Pay March 31. Record March 16.",
            "Mthly div six cts vs six cts prior. Pay March 31. Record March 16.",
        ),
        (
            "锡盟气象台发布雷电黄色预警信号，6小时内将发生雷电活动。",
            "通辽气象台发布雷电黄色预警信号，6小时内将发生雷电活动。",
        ),
        ("氣象署發布大雨特報，請注意雷擊及強陣風，嚴防淹水。", "氣象署發布豪雨特報，請注意雷擊及強陣風，嚴防淹水。"),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_a_short_form_filled_in_otherwise_is_no_copy_but_the_very_same_words_are(one: str, other: str) -> None:
    assert similarity(signature(one), signature(other)) < 0.1
    assert similarity(signature(one), signature(one.replace(" ", "\n"))) == 1


def test_a_text_without_letters_is_like_nothing() -> None:
    assert signature("…！") == b""
    assert similarity(b"", b"") == 0
    assert bands(b"") == []


@TEXTS
def test_near_copies_share_a_band_and_others_do_not(text: str) -> None:
    near = set(bands(signature(text))) & set(bands(signature(text + " All rights reserved.")))
    assert near
    assert not set(bands(signature(text))) & set(bands(signature("Something else is told here, in other words.")))


@TEXTS
def test_a_part_of_a_text_is_retold_by_it_in_either_script_and_other_words_are_not(text: str) -> None:
    part = text[: len(text) // 2]
    assert retold(part, text)
    assert retold(render(part, "zh-Hant" if text is SIMPLIFIED else "zh-Hans"), text)
    assert not retold("Something else is told here, in other words.", text)


def test_a_text_with_a_figure_of_its_own_is_not_retold() -> None:
    assert retold(ENGLISH, ENGLISH.replace("18.228", "18.228 or 18.2"))
    assert not retold(ENGLISH.replace("18.228", "20.1"), ENGLISH)


def test_copies_of_copies_are_one_text() -> None:
    rest = ENGLISH[len(ENGLISH) // 3 :]
    items = [
        item("a", body=ENGLISH),
        item("b", body=rest),
        item("c", body=rest + SIMPLIFIED[:50]),
        item("d", body=TRADITIONAL),
    ]
    assert similarity(items[0].signature, items[2].signature) < NEAR_COPY
    assert texts(items) == [{"a", "b", "c"}, {"d"}]


# --- stories --------------------------------------------------------------------------------------------------------


def test_the_centre_has_length_one() -> None:
    assert centre(np.array([[1, 0], [0, 1]], dtype=np.float32)).tolist() == pytest.approx([0.5**0.5] * 2)
    assert centre(np.zeros((1, 2), dtype=np.float32)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (item("a"), item("b"), 1.0),
        (item("a"), item("b", day=3), 0.9),
        (item("a"), item("b", angle=60), 0.5),
        (item("a"), item("b", angle=60, language="zh-Hans"), 0.7),
        (item("a", language="zh-Hans"), item("b", angle=60, language="zh-Hant"), 0.5),
        (item("a", entities="xyzuv"), item("b", angle=60, entities="xyzuv"), 0.7),
        (item("a", entities="x"), item("b", angle=60, entities="y"), 0.5),
        (item("a"), item("b", day=9), 0.0),
        (item("a", body=ENGLISH), item("b", day=28, angle=90, body=ENGLISH), 1.0),
    ],
    ids=["same", "two days", "content", "languages", "scripts", "names", "no names", "far in time", "copy"],
)
def test_kinship(a: StoryItem, b: StoryItem, expected: float) -> None:
    assert kinship(a, b) == pytest.approx(expected, abs=1e-6)
    assert kinship(b, a) == kinship(a, b)


def test_without_a_date_only_a_copy_is_kin() -> None:
    undated = StoryItem("u", None, "en", item("a").vector, frozenset(), signature(ENGLISH))
    assert kinship(undated, item("a")) == 0
    assert kinship(undated, item("a", body=ENGLISH)) == 1


@pytest.mark.parametrize("names", [0, 1, 2, 5, 20])
def test_below_the_least_cosine_nothing_is_kin_and_above_it_something_is(names: int) -> None:
    entities = "abcdefghijklmnopqrst"[:names]
    new = item("new", entities=entities)
    for percent in range(100):
        angle = float(np.degrees(np.arccos(percent / 100)))
        best = kinship(new, item("best", angle=angle, language="zh-Hans", entities=entities))
        assert (percent / 100 >= least_cosine(new)) == (percent / 100 >= FLOOR and best >= SAME_STORY)


REPORTS = [
    item("fine-en", 10, 0, entities="as"),
    item("fine-hans", 10, 55, language="zh-Hans", entities="as"),
    item("fine-hant", 11, 50, language="zh-Hant", entities="as"),
    item("probe-en", 1, 5, entities="as"),
    item("other", 10, 120, entities="q"),
]


def test_reports_of_one_event_are_one_story_across_scripts() -> None:
    assert stories(REPORTS) == [{"fine-en", "fine-hans", "fine-hant"}, {"other"}, {"probe-en"}]


def test_the_order_of_the_items_does_not_matter() -> None:
    expected = stories(REPORTS)
    for seed in range(10):
        assert stories(random.Random(seed).sample(REPORTS, len(REPORTS))) == expected


def test_a_chain_of_likenesses_does_not_join_its_ends() -> None:
    chain = [item(f"{at}", angle=at * 40) for at in range(4)]
    assert kinship(chain[0], chain[1]) > 0.72 > kinship(chain[0], chain[2])
    assert stories(chain) == [{"0", "1"}, {"2", "3"}]


def test_a_copy_printed_much_later_joins_its_story() -> None:
    items = [item("first", 1, body=ENGLISH), item("late", 28, body=ENGLISH + " All rights reserved.")]
    assert stories(items) == [{"first", "late"}]


def test_nothing_is_no_story() -> None:
    assert stories([]) == []
    assert stories([item("a")]) == [{"a"}]


def test_a_new_article_joins_the_story_that_it_tells_or_begins_one() -> None:
    existing = {"fine": REPORTS[:2], "probe": REPORTS[3:4], "other": REPORTS[4:]}
    assert assign(REPORTS[2], existing) == "fine"
    assert assign(item("new", 20), existing) == "new"
    assert assign(item("new"), {}) == "new"


def test_a_report_between_two_stories_joins_them_where_their_mean_is_near_enough() -> None:
    existing = {"a": [item("a", angle=0)], "b": [item("b", angle=42)]}
    assert kinship(existing["a"][0], existing["b"][0]) >= 0.72
    assert regroup(item("between", angle=20), existing) == {"a": {"a", "b", "between"}}


def test_regrouping_leaves_alone_what_the_new_article_does_not_touch() -> None:
    existing = {"fine-en": REPORTS[:2], "other": REPORTS[4:]}
    assert regroup(REPORTS[2], existing) == {"fine-en": {"fine-en", "fine-hans", "fine-hant"}}
    assert regroup(item("new", 20), existing) == {"new": {"new"}}


def test_a_story_too_large_to_be_regrouped_is_joined_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dedupe.REGROUPED", 2)
    assert regroup(REPORTS[2], {"fine-en": REPORTS[:2]}) == {"fine-en": {"fine-hant"}}


def test_a_copy_joins_its_story_even_if_another_is_nearer() -> None:
    existing = {"a": [item("a", 28, 90, body=ENGLISH)], "b": [item("b", 1, 0)]}
    assert assign(item("new", 1, 0, body=ENGLISH), existing) == "a"


def test_one_by_one_gives_what_all_at_once_gives() -> None:
    known = {each.id: each for each in REPORTS}
    for seed in range(10):
        groups: dict[str, list[StoryItem]] = {}
        for each in random.Random(seed).sample(REPORTS, len(REPORTS)):
            changed = regroup(each, groups)
            moved = frozenset().union(*changed.values())
            groups = {story: members for story, members in groups.items() if members[0].id not in moved}
            groups |= {story: [known[member] for member in sorted(members)] for story, members in changed.items()}
        assert sorted([each.id for each in group] for group in groups.values()) == [
            ["fine-en", "fine-hans", "fine-hant"],
            ["other"],
            ["probe-en"],
        ]
