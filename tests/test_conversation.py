"""A follow-up question is made complete from the last turns, and one that stands on its own is left alone."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import complete
from bot.glossary import Glossary
from bot.records import Turn
from tools.corpus_stats import CORPUS

META = "How much was Meta fined under the DMA?"
EU = "How much did the EU fine Google in 2018?"
HANS = "阿里巴巴在2021年被罚了多少？"
HANT = "阿里巴巴在2021年被罰了多少？"


@cache
def glossary() -> Glossary:
    return Glossary.open(CORPUS / "glossary.yaml")


def completed(question: str, *history: str | Turn) -> str:
    turns = [turn if isinstance(turn, Turn) else Turn(turn) for turn in history]
    return complete(question, turns, glossary())


# What was asked before, the follow-up, and the follow-up made complete.
COMPLETED = {
    "en its": (META, "And its fine?", "And Meta's fine?"),
    "en it": (META, "Did it appeal?", "Did Meta appeal?"),
    "en their": (META, "What was their reply?", "What was Meta's reply?"),
    "en it is a law": (META, "When did it take effect?", "When did the DMA take effect?"),
    "en it is a regulator": (EU, "Whom else did it fine?", "Whom else did the EU fine?"),
    "en they agrees": (META, "Why were they fined?", "Why was Meta fined?"),
    "en they have": (META, "Have they appealed?", "Has Meta appealed?"),
    "en they are two": ("Were Apple and Meta fined?", "Why were they fined?", "Why were Apple and Meta fined?"),
    "en object": (META, "Why did the EU fine it?", "Why did the EU fine Meta?"),
    "en the company": (META, "What did the company say?", "What did Meta say?"),
    "en the law": (META, "What does the law require?", "What does the DMA require?"),
    "en a name that no glossary has": ("How much was Foobar fined?", "Why was it fined?", "Why was Foobar fined?"),
    "en s": ("What did Getty Images claim?", "And its damages?", "And Getty Images' damages?"),
    "en the fine, not the company": (META, "Was it appealed?", f"{META[:-1]}, and was it appealed?"),
    "en it at the start": (META, "Its fine?", "Meta's fine?"),
    "en company": (META, "What about Apple?", "How much was Apple fined under the DMA?"),
    "en company alone": (META, "Google?", "How much was Google fined under the DMA?"),
    "en law": (META, "And under the GDPR?", "How much was Meta fined under the GDPR?"),
    "en regulator": (EU, "What about the CMA?", "How much did the CMA fine Google in 2018?"),
    "en region": (EU, "And Japan?", "How much did Japan fine Google in 2018?"),
    "en region added": ("Why was Meta fined?", "And in Ireland?", "Why was Meta fined in Ireland?"),
    "en year": (EU, "And in 2023?", "How much did the EU fine Google in 2023?"),
    "en year alone": (EU, "2023?", "How much did the EU fine Google in 2023?"),
    "en year added": (META, "And in 2023?", "How much was Meta fined under the DMA in 2023?"),
    "en two at once": (EU, "And in Japan in 2023?", "How much did Japan fine Google in 2023?"),
    "en year counted": (EU, "How much was it the year before?", f"{EU[:-1]}, and how much was it in 2017?"),
    "en no kind to replace": (META, "And the president?", f"{META[:-1]}, and the president?"),
    "en two of the kind": ("Were Apple and Meta fined?", "And Google?", "Were Apple and Meta fined, and Google?"),
    "en why": (META, "why?", "Why was Meta fined under the DMA?"),
    "en and when": (META, "And when?", "When was Meta fined under the DMA?"),
    "en who else": (META, "who else?", f"{META[:-1]}, and who else?"),
    "en pointing": (META, "How was that split?", f"{META[:-1]}, and how was that split?"),
    "en the fine": (META, "How long did the appeal take?", f"{META[:-1]}, and how long did the appeal take?"),
    "en linked": (META, "And when was the draft shown?", f"{META[:-1]}, and when was the draft shown?"),
    "en a phrase": (META, "And by the UK regulator?", f"{META[:-1]}, and by the UK regulator?"),
    "en it means": (META, "What does it mean for users?", f"{META[:-1]}, and what does it mean for users?"),
    "en more": (META, "Tell me more", f"{META} Tell me more"),
    "en what happened": (META, "And then what happened?", f"{META[:-1]}, and what happened?"),
    "zh-Hans 它": (HANS, "它上诉了吗？", "阿里巴巴上诉了吗？"),
    "zh-Hans 那它": (HANS, "那它的罚款呢？", "那阿里巴巴的罚款呢？"),
    "zh-Hans object": (HANS, "市场监管总局为什么罚它？", "市场监管总局为什么罚阿里巴巴？"),
    "zh-Hans 该公司": (HANS, "该公司怎么回应？", "阿里巴巴怎么回应？"),
    "zh-Hans law": ("数字市场法对苹果有什么要求？", "它什么时候生效？", "数字市场法什么时候生效？"),
    "zh-Hans regulator": ("欧盟罚了苹果多少？", "它还罚了谁？", "欧盟还罚了谁？"),
    "zh-Hans 呢": (HANS, "那腾讯呢？", "腾讯在2021年被罚了多少？"),
    "zh-Hans region": ("欧盟罚了苹果多少？", "那英国呢", "英国罚了苹果多少？"),
    "zh-Hans region added": (HANS, "那在日本呢？", "在日本，阿里巴巴在2021年被罚了多少？"),
    "zh-Hans year": (HANS, "那2023年呢？", "阿里巴巴在2023年被罚了多少？"),
    "zh-Hans year added": ("阿里巴巴被罚了多少？", "2023年呢？", "2023年阿里巴巴被罚了多少？"),
    "zh-Hans when": (HANS, "什么时候？", "阿里巴巴在2021年什么时候被罚？"),
    "zh-Hans why, in its place": ("阿里巴巴什么时候被罚？", "为什么呢？", "阿里巴巴为什么被罚？"),
    "zh-Hans later": (HANS, "那后来呢", f"{HANS}那后来呢"),
    "zh-Hans no kind to replace": ("滴滴的董事长被罚了多少？", "那总裁呢？", "滴滴的董事长被罚了多少？那总裁呢？"),
    "zh-Hans how much": ("阿里巴巴为什么被罚？", "罚了多少？", "阿里巴巴为什么被罚？罚了多少？"),
    "zh-Hans pointing": (HANS, "这是为什么？", f"{HANS}这是为什么？"),
    "zh-Hans same question": ("公布当天腾讯跌多少？", "那网易跌了多少？", "公布当天网易跌多少？"),
    "zh-Hans unknown name": ("谁起诉了富巴公司？", "那它输了吗？", "谁起诉了富巴公司？那它输了吗？"),
    "zh-Hans two names": ("滴滴因为什么被罚？", "那满帮和BOSS直聘呢？", "满帮和BOSS直聘因为什么被罚？"),
    "zh-Hant 它": (HANT, "那它要連續幾年交報告？", "那阿里巴巴要連續幾年交報告？"),
    "zh-Hant 呢": ("美國罰了Meta多少？", "那歐盟呢？", "歐盟罰了Meta多少？"),
    "zh-Hant company": (HANT, "那騰訊呢？", "騰訊在2021年被罰了多少？"),
    "zh-Hant year": (HANT, "那2023年呢？", "阿里巴巴在2023年被罰了多少？"),
    "zh-Hant why": (HANT, "為什麼？", "阿里巴巴在2021年為什麼被罰？"),
    "zh-Hant year counted": (HANT, "它前一年被罰多少？", "阿里巴巴2020年被罰多少？"),
    "zh-Hant this law": ("歐盟人工智慧法要求什麼？", "該法何時生效？", "歐盟人工智慧法何時生效？"),
    "zh-Hant who else": (HANT, "還有誰？", f"{HANT}還有誰？"),
    "Hant after Hans": ("英伟达被罚了多少？", "那它上訴了嗎？", "那英偉達上訴了嗎？"),
    "Hans after Hant": ("輝達被罰了多少？", "那它上诉了吗？", "那英伟达上诉了吗？"),
    "Hans after English": ("How much was Alibaba fined?", "它上诉了吗？", "阿里巴巴上诉了吗？"),
    "Hant after English": ("Why was Nvidia fined?", "它上訴了嗎？", "輝達上訴了嗎？"),
    "English after Hans": (HANS, "And its fine?", "And Alibaba's fine?"),
    "English law after Hant": (
        "數位市場法要求什麼？",
        "When did it take effect?",
        "When did the Digital Markets Act take effect?",
    ),
    "Hans why after English": ("Why was Meta fined?", "什么时候？", "关于Meta，什么时候（Why was Meta fined）？"),
    "English why after Hans": (HANS, "why?", "About Alibaba: why (阿里巴巴在2021年被罚了多少)?"),
    "English company after Hans": (HANS, "What about Tencent?", "What about Tencent (腾讯在2021年被罚了多少)?"),
    "Hant region after English": (EU, "那日本呢？", "那日本呢（How much did Japan fine Google in 2018）？"),
}


@pytest.mark.parametrize(("before", "question", "expected"), COMPLETED.values(), ids=COMPLETED)
def test_a_follow_up_is_made_complete(before: str, question: str, expected: str) -> None:
    assert completed(question, before) == expected
    assert completed(expected, before) == expected


ALONE = {
    "en its within": (META, "What did Apple say about its fees?"),
    "en it within": (META, "Did Tencent say that it would comply?"),
    "en they within": (META, "What did Apple and Google say when they were sued?"),
    "en he within": (META, "How much of the votes did Jack Ma hold before he stepped back?"),
    "en a name that no glossary has": (META, "Why did Foobar close its shops?"),
    "en a place": (META, "How did the Brazilian Senate vote on its bill?"),
    "en a company described": (META, "What share of its revenue did the e-commerce giant pay in 2021?"),
    "en any company": (META, "When must a company report that it was hacked?"),
    "en that joins": (META, "How many people were hit by the leak that Hong Kong ruled on?"),
    "en empty it": (META, "Is it true that Apple sued Epic?"),
    "en another subject": (META, "Who won the case against Alibaba?"),
    "en another subject, linked": (META, "And why was Alibaba fined?"),
    "en a definition": (META, "And what is a gatekeeper?"),
    "en small talk": (META, "Hi there, how is your day going?"),
    "en thanks": (META, "Thanks!"),
    "en the same name": (META, "And Meta's fine?"),
    "zh-Hans 它 within": (HANS, "腾讯说它的业务受影响了吗？"),
    "zh-Hans 它 after a noun": (HANS, "一家公司怎样证明它合规？"),
    "zh-Hans 其他": (HANS, "美团和其他平台在2020年做了什么？"),
    "zh-Hans another subject": (HANS, "欧盟的人工智能法草案是什么时候提出来的？"),
    "zh-Hans a definition": (HANS, "什么是守门人？"),
    "zh-Hans small talk": (HANS, "今天晚上吃什么好？"),
    "zh-Hans 那部 after a name": (HANS, "香港那部关键基础设施条例什么时候开始生效？"),
    "zh-Hans 当年 of another": (HANS, "阿里的罚款和高通当年的罚款差多少倍？"),
    "zh-Hant a name that no glossary has": (META, "AdSense案的罰款後來怎麼了？"),
    "zh-Hant 它 within": (HANT, "騰訊何時說它會上訴？"),
    "zh-Hant another subject": (HANT, "Meta在南韓被罰多少？"),
    "zh-Hant small talk": (HANT, "台北哪家小籠包最好吃？"),
    "mixed": (HANS, "What is 支付寶?"),
    "nothing to lean on": ("Why?", "And when?"),
}


@pytest.mark.parametrize(("before", "question"), ALONE.values(), ids=ALONE)
def test_a_question_that_stands_on_its_own_is_the_same_object(before: str, question: str) -> None:
    assert completed(question, before) is question


@pytest.mark.parametrize("question", [q for _, q, _ in COMPLETED.values()], ids=COMPLETED)
def test_without_history_nothing_changes(question: str) -> None:
    assert completed(question) is question


@pytest.mark.parametrize(
    ("question", "turn", "expected"),
    [
        pytest.param(
            "What did he rule?", Turn("Who hears the case?", "Judge Mehta."), "What did Judge Mehta rule?", id="en"
        ),
        pytest.param(
            "他说了什么？", Turn("谁在审理此案？", "法官梅塔（Amit Mehta）。"), "梅塔说了什么？", id="zh-Hans"
        ),
        pytest.param("那她怎麼說？", Turn("誰是主席？", "莉娜·汗。"), "那莉娜·汗怎麼說？", id="zh-Hant"),
        pytest.param(
            "Did they appeal?",
            Turn("Which companies did the EU fine?", "Apple and Meta were fined."),
            "Did Apple and Meta appeal?",
            id="which",
        ),
        pytest.param(
            "那部法律何時生效？",
            Turn("數位部罰了臉書多少錢？", "依詐欺犯罪危害防制條例罰15萬。"),
            "詐欺犯罪危害防制條例何時生效？",
            id="a law",
        ),
        pytest.param("Why?", Turn("", "Meta was fined."), "About Meta: why?", id="an answer alone"),
    ],
)
def test_a_name_may_come_from_the_answer(question: str, turn: Turn, expected: str) -> None:
    assert completed(question, turn) == expected


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        pytest.param([META, "And its appeal?", "What about Apple?"], "why?", "Apple's appeal? Why?", id="en chain"),
        pytest.param([HANS, "那腾讯呢？"], "它上诉了吗？", "腾讯上诉了吗？", id="zh-Hans chain"),
        pytest.param([HANT, "那騰訊呢？", "為什麼？"], "那美團呢？", "美團在2021年為什麼被罰？", id="zh-Hant chain"),
        pytest.param([META, "Why was Alibaba fined?"], "And its appeal?", "And Alibaba's appeal?", id="en reset"),
        pytest.param([META, "台北哪家小籠包最好吃？"], "那它贵吗？", "台北哪家小笼包最好吃？那它贵吗？", id="zh reset"),
        pytest.param(
            [META, "How was that split?"], "And when?", "When was Meta fined under the DMA?", id="does not pile up"
        ),
        pytest.param([META, "", "  "], "And its fine?", "And Meta's fine?", id="empty turns"),
    ],
)
def test_a_conversation_carries_its_subject_until_it_changes(history: list[str], question: str, expected: str) -> None:
    assert completed(question, *history) == expected


HOSTILE: st.SearchStrategy[str] = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(codec=None), max_size=12),
    st.sampled_from([q for pair in [*COMPLETED.values(), *ALONE.values()] for q in pair]),
    st.sampled_from(
        [
            "",
            "\x00",
            "\ud800它?\udfff",
            "it " * 9_000,
            "它" * 9_000,
            "怎样" * 240 + "x",
            "Aa" * 2_000,
            "((((",
            "And ",
            "那",
            "?" * 600,
            "（）？",
        ]
    ),
    st.lists(
        st.sampled_from("And what about Meta the EU its they 2023 in why ? 那 它 呢 腾讯 為什麼 （ ）".split()),
        max_size=8,
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.lists(st.builds(Turn, HOSTILE, HOSTILE), max_size=4))
def test_any_input_gives_a_text_that_needs_no_more_completing(question: str, history: list[Turn]) -> None:
    once = complete(question, history, glossary())
    assert complete(once, history, glossary()) == once


def test_fifty_turns_of_any_length_are_borne() -> None:
    history = [Turn("阿里巴巴 and Meta? " * 5_000, "\x00\ud800 Meta " * 50_000)] * 49
    assert completed("And its fine?", *history, META) == "And Meta's fine?"
