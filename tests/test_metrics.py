"""The figures of an evaluation on answers made by hand, honest ones and ones built to cheat, in the three scripts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from bot.evaluation import statistics
from bot.evaluation.metrics import aggregate, retrieval, score
from bot.evaluation.normalize import exact_match, states, token_f1, tokens
from bot.evaluation.reading import Reading
from bot.evaluation.records import Evidence, Question, Result
from bot.evaluation.refusal import aurc, excess_aurc, selective_risks
from bot.evaluation.script import purity
from bot.glossary import Entity, Glossary
from bot.records import Language

BODIES = {
    "en": "The market regulator fined Alibaba 18.228 billion yuan on April 10, 2021. The company will not appeal.",
    "hans": "市场监管总局于2021年4月10日对阿里巴巴罚款182.28亿元。公司表示不会上诉。",
    "hant": "市場監管總局於2021年4月10日對阿里巴巴罰款182.28億元。公司表示不會上訴。",
}
FIRST = {
    id: body[: body.index("2021. ") + 5] if id == "en" else body[: body.index("。") + 1] for id, body in BODIES.items()
}
SECOND = {id: body[len(FIRST[id]) :].strip() for id, body in BODIES.items()}
NAMES = Glossary(
    [
        Entity("alibaba", "company", {"en": ("Alibaba",), "zh-Hans": ("阿里巴巴",), "zh-Hant": ("阿里巴巴",)}),
        Entity("tencent", "company", {"en": ("Tencent",), "zh-Hans": ("腾讯",), "zh-Hant": ("騰訊",)}),
    ]
)
SCRIPTS: list[Any] = [
    pytest.param("en", "en", id="en"),
    pytest.param("hans", "zh-Hans", id="zh-Hans"),
    pytest.param("hant", "zh-Hant", id="zh-Hant"),
]
ASKED: dict[Language, str] = {"en": "How large was the fine?", "zh-Hans": "罚款多少？", "zh-Hant": "罰款多少？"}
FACT = ("18.228 billion yuan", "182.28亿元", "182.28億元")


def question(language: Language = "en", **fields: Any) -> Question:
    evidence = tuple(Evidence(id, sentence) for id, sentence in FIRST.items())
    given = {"answers": (FACT,), "evidence": evidence, "answerable": True, **fields}
    return Question(
        fields.pop("id", "q"), ASKED[language], language, "fact", **{k: v for k, v in given.items() if k != "id"}
    )


def cite(article: str, quote: str, *, number: int = 1, start: int | None = None, score: float = 0.9) -> dict[str, Any]:
    """Cite a quotation where it stands, or at an offset that is made up."""
    at = max(BODIES.get(article, "").find(quote), 0) if start is None else start
    return {
        "number": number,
        "article_id": article,
        "quote": quote,
        "start": at,
        "end": at + len(quote),
        "score": score,
        "published": "2021-04-11",
    }


def answer(text: str, *citations: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"answer": text, "abstained": False, "citations": list(citations), **fields}


def scored(given: dict[str, Any], asked: Question | None = None) -> dict[str, float]:
    return score(Result(asked or question(), given), BODIES.get, glossary=NAMES)


# --- an honest answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("article", "language"), SCRIPTS)
def test_a_quoted_answer_gets_full_marks(article: str, language: Language) -> None:
    scores = scored(answer(f"{FIRST[article]} [1]", cite(article, FIRST[article])), question(language))
    full = {name for name, value in scores.items() if value == 1}
    assert full >= {
        "correct", "key_facts", "facts_proved", "decision", "citation_validity", "citation_verbatim",
        "citation_coverage", "citation_precision_article", "citation_recall_article", "citation_precision_sentence",
        "citation_recall_sentence", "agreement_all", "agreement_number", "agreement_date", "agreement_name",
        "k_precision", "markers_resolve", "markers_form", "markers_order",
    }  # fmt: skip
    assert scores["errors"] == 0
    assert scores["chrf"] == pytest.approx(1)


@pytest.mark.parametrize(("article", "language"), SCRIPTS)
def test_an_answer_that_is_found_in_another_script_counts(article: str, language: Language) -> None:
    scores = scored(answer(f"{FIRST['hant']} [1]", cite("hant", FIRST["hant"])), question(language))
    assert (scores["key_facts"], scores["citation_recall_sentence"]) == (1, 1)


# --- answers built to cheat -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article", "honest", "twisted"),
    [
        pytest.param("en", "fined", "did not fine", id="en"),
        pytest.param("hans", "罚款", "不予罚款", id="zh-Hans"),
        pytest.param("hant", "罰款", "不予罰款", id="zh-Hant"),
    ],
)
def test_a_not_inserted_into_a_quotation_is_seen(article: str, honest: str, twisted: str) -> None:
    quote = FIRST[article].replace(honest, twisted)
    scores = scored(answer(f"{quote} [1]", cite(article, quote)))
    seen = ("citation_validity", "citation_verbatim", "agreement_negation", "agreement_all", "facts_proved")
    assert [scores[name] for name in seen] == [0, 0, 0, 0, 0]
    assert scores["citation_precision_sentence"] == 0


@pytest.mark.parametrize(
    ("article", "claim"),
    [
        pytest.param("en", "Alibaba did not pay 18.228 billion yuan.", id="en"),
        pytest.param("hans", "阿里巴巴没有被罚款182.28亿元。", id="zh-Hans"),
        pytest.param("hant", "阿里巴巴沒有被罰款182.28億元。", id="zh-Hant"),
    ],
)
def test_a_claim_that_denies_its_quotation_is_seen(article: str, claim: str) -> None:
    scores = scored(answer(f"{claim} [1]", cite(article, FIRST[article])))
    assert (scores["citation_validity"], scores["agreement_negation"], scores["agreement_all"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("article", "claim"),
    [
        pytest.param("en", "Alibaba was fined on April 10, 2020.", id="en"),
        pytest.param("hans", "阿里巴巴于2020年4月10日被罚。", id="zh-Hans"),
        pytest.param("hant", "阿里巴巴於2020年4月10日被罰。", id="zh-Hant"),
    ],
)
def test_a_wrong_year_is_seen(article: str, claim: str) -> None:
    scores = scored(answer(f"{claim} [1]", cite(article, FIRST[article])))
    assert (scores["agreement_date"], scores["agreement_number"], scores["agreement_all"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("article", "claim"),
    [
        pytest.param("en", "Alibaba was fined on October 4, 2021 after 18.228 billion yuan.", id="en"),
        pytest.param("hans", "阿里巴巴于2021年10月4日被罚182.28亿元。", id="zh-Hans"),
        pytest.param("hant", "阿里巴巴於2021年10月4日被罰182.28億元。", id="zh-Hant"),
    ],
)
def test_day_and_month_swapped_is_seen_though_the_numbers_are_the_same(article: str, claim: str) -> None:
    scores = scored(answer(f"{claim} [1]", cite(article, FIRST[article])))
    assert (scores["agreement_number"], scores["agreement_date"], scores["agreement_all"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("article", "claim"),
    [
        pytest.param("en", "Tencent was fined 18.228 billion yuan.", id="en"),
        pytest.param("hans", "腾讯被罚款182.28亿元。", id="zh-Hans"),
        pytest.param("hant", "騰訊被罰款182.28億元。", id="zh-Hant"),
    ],
)
def test_a_wrong_name_is_seen(article: str, claim: str) -> None:
    scores = scored(answer(f"{claim} [1]", cite(article, FIRST[article])))
    assert (scores["agreement_number"], scores["agreement_name"], scores["agreement_all"]) == (1, 0, 0)


@pytest.mark.parametrize(("article", "language"), SCRIPTS)
def test_a_citation_that_exists_but_says_something_else_is_seen(article: str, language: Language) -> None:
    scores = scored(answer(f"{FIRST[article]} [1]", cite(article, SECOND[article])), question(language))
    assert (scores["citation_validity"], scores["key_facts"], scores["citation_coverage"]) == (1, 1, 1)
    seen = (
        "facts_proved",
        "citation_precision_sentence",
        "citation_recall_sentence",
        "agreement_number",
        "agreement_all",
    )
    assert [scores[name] for name in seen] == [0, 0, 0, 0, 0]
    assert scores["k_precision"] < 0.5


@pytest.mark.parametrize(
    ("citation", "valid", "verbatim"),
    [
        pytest.param(cite("en", FIRST["en"], start=1), 0, 1, id="offsets are off by one"),
        pytest.param(cite("hans", FIRST["hant"]), 0, 0, id="quotation put into another script"),
        pytest.param(cite("nowhere", FIRST["en"]), 0, 0, id="article does not exist"),
        pytest.param(cite("en", ""), 0, 0, id="empty quotation"),
        pytest.param({"number": 1, "article_id": "en", "quote": FIRST["en"]}, 0, 1, id="no offsets"),
        pytest.param(
            {"number": 1, "article_id": "en", "quote": FIRST["en"], "start": -99, "end": "5"}, 0, 1, id="nonsense"
        ),
        pytest.param("en", 0, 0, id="no record"),
    ],
)
def test_validity_asks_that_the_quotation_stands_at_its_offsets(citation: Any, valid: int, verbatim: int) -> None:
    scores = scored(answer("It was fined. [1]", citation))
    assert (scores["citation_validity"], scores["citation_verbatim"]) == (valid, verbatim)


def test_a_quotation_that_only_touches_the_evidence_is_not_on_it() -> None:
    touching = BODIES["en"][len(FIRST["en"]) - 5 :]
    scores = scored(answer("It will not appeal. [1]", cite("en", touching)))
    assert (scores["citation_validity"], scores["citation_precision_sentence"]) == (1, 0)


def test_a_sentence_smuggled_in_between_the_claims_is_counted() -> None:
    claim = FIRST["en"]
    text = f"{claim} [1] Investors cheered."
    scores = scored(answer(text, cite("en", claim), claims=[{"text": claim, "citations": [1]}]))
    assert scores["citation_coverage"] == 0.5


def test_a_fact_in_the_words_of_a_refusal_is_not_an_answer() -> None:
    scores = scored({"answer": "Nothing found. Nearest: 18.228 billion yuan", "abstained": True, "citations": []})
    assert (scores["key_facts"], scores["correct"], scores["decision"], scores["facts_proved"]) == (0, 0, 0, 0)


# --- markers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers", "resolve", "form"),
    [
        pytest.param("A was fined. [1] B was not. [2]", [(1,), (2,)], 1, 1, id="en"),
        pytest.param("甲被罚款。[1]乙没有。[2]", [(1,), (2,)], 1, 1, id="zh-Hans"),
        pytest.param("甲被罰款【1】。乙沒有【3】。", [(1,), (3,)], 0.5, 0, id="zh-Hant, lenticular, 3 is not there"),
        pytest.param("A was fined [1,2]. B was not [4,5].", [(1, 2), (4, 5)], 0.5, 0, id="lists"),
        pytest.param("甲被罚款［１］。乙没有【1、2】。", [(1,), (1, 2)], 1, 0, id="full width"),
        pytest.param("A was fined [1-2]. B was not 【2†source】.", [(1, 2), (2,)], 1, 0, id="range, dagger"),
        pytest.param("In [2021] A was fined.", [], None, None, id="a year is no marker"),
    ],
)
def test_markers(text: str, numbers: list[tuple[int, ...]], resolve: float | None, form: float | None) -> None:
    given = answer(text, cite("en", FIRST["en"]), cite("hans", FIRST["hans"], number=2))
    scores = scored(given)
    assert [each for _, each in Reading.of(given, BODIES.get).markers] == numbers
    assert (scores.get("markers_resolve"), scores.get("markers_form")) == (resolve, form)


def test_markers_belong_to_the_sentence_that_they_follow() -> None:
    given = answer("One [1] and two [2]. Three. [3][4] 四。【5】五。", claims=[])
    statements = [(each.text, each.numbers) for each in Reading.of(given, BODIES.get).statements]
    assert statements == [("One and two.", (1, 2)), ("Three.", (3, 4)), ("四。", (5,)), ("五。", ())]


def test_a_bracketed_number_inside_a_quotation_is_no_marker() -> None:
    body = "The act [7] applies from 2024."
    given = answer(f"{body} [1]", {**cite("x", body, start=0)})
    assert Reading.of(given, {"x": body}.get).markers == [("[1]", (1,))]


# --- facts, tokens, dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "accepted", "stated"),
    [
        pytest.param("fined RMB 18,228 million", "18228 million", True, id="thousands"),
        pytest.param("罰款１８２.２８億元", "182.28亿元", True, id="width and script"),
        pytest.param("于2021 年 4 月 10 日", "2021年4月10日", True, id="spaces beside Han"),
        pytest.param("on Nov. 5, 2020", "November 5, 2020", True, id="short month"),
        pytest.param("on 5 November 2020", "Nov. 5, 2020", True, id="order of a date"),
        pytest.param("2020年11月5日掛牌", "November 5, 2020", True, id="a date in another language"),
        pytest.param("11月15日", "11月5日", False, id="another day"),
        pytest.param("on November 5, 2019", "November 5, 2020", False, id="another year"),
        pytest.param("約1155萬人", "155萬", False, id="part of a number"),
        pytest.param("up 2.5%", "5%", False, id="part of a decimal"),
        pytest.param("in 2021", "2021", True, id="bare year"),
        pytest.param("as defined by law", "fine", False, id="part of a word"),
        pytest.param("Google’s parent", "google's parent", True, id="apostrophe"),
        pytest.param("anything", "", False, id="nothing accepted"),
    ],
)
def test_states(text: str, accepted: str, stated: bool) -> None:
    assert states(text, accepted) is stated


def test_each_group_of_facts_counts_once() -> None:
    groups = (("Tencent", "腾讯"), ("Alibaba", "阿里巴巴"))
    scores = scored(answer("Both 騰訊 and Tencent."), question(answers=groups))
    assert (scores["key_facts"], scores["correct"]) == (0.5, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("The DMA, in 2024!", ["dma", "in", "2024"], id="en"),
        pytest.param("罚款182.28亿元。", [*"罚款", "182.28", *"亿元"], id="zh-Hans"),
        pytest.param("罰款「NT$」5萬", [*"罚款", "nt", "5", "万"], id="zh-Hant"),
    ],
)
def test_tokens_follow_cmrc(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_f1_and_exact_match() -> None:
    assert exact_match("The 罰款！", ("罚款",)) == 1
    assert token_f1("罚款五元", [("罚款",)]) == pytest.approx(2 / 3)
    assert token_f1("甲乙", [("甲", "丙"), ("乙",)]) == 1


@pytest.mark.parametrize(
    ("claim", "agrees"),
    [
        pytest.param("It was on April 10.", 1, id="less than the quotation says"),
        pytest.param("那是2021年4月。", 1, id="another language"),
        pytest.param("It was on April 11, 2021.", 0, id="another day"),
    ],
)
def test_dates_agree(claim: str, agrees: int) -> None:
    assert scored(answer(f"{claim} [1]", cite("en", FIRST["en"])))["agreement_date"] == agrees


# --- refusal --------------------------------------------------------------------------------------------------------


def test_a_refusal_is_right_where_nothing_answers() -> None:
    unanswerable = question(answerable=False, answers=(), evidence=())
    refused = {"answer": "No article here answers this.", "abstained": True}
    assert scored(refused, unanswerable)["correct"] == 1
    assert scored(answer("42. [1]", cite("en", FIRST["en"])), unanswerable)["correct"] == 0


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param("I don't know.", True, id="en"),
        pytest.param("根据文档，无法回答这个问题。", True, id="zh-Hans"),
        pytest.param("文章中沒有提到。", True, id="zh-Hant"),
        pytest.param("The company could not operate the shop.", False, id="an answer with could not"),
        pytest.param("", True, id="nothing"),
    ],
)
def test_where_a_system_does_not_say_so_its_words_tell(text: str, refused: bool) -> None:
    assert Reading.of({"answer": text}, BODIES.get).abstained is refused


def test_risk_coverage_by_hand() -> None:
    confidences, losses = np.array([0.9, 0.8, 0.4, 0.1]), np.array([0.0, 1.0, 0.0, 1.0])
    assert selective_risks(confidences, losses).tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert aurc(confidences, losses) == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert excess_aurc(confidences, losses) == pytest.approx((1 / 2 + 1 / 3 - 1 / 3) / 4)


def test_equal_confidences_have_no_order() -> None:
    one = aurc(np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    other = aurc(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    assert one == other == 0.5


# --- search ---------------------------------------------------------------------------------------------------------


def hit(article: str, text: str) -> dict[str, Any]:
    start = BODIES[article].find(text)
    language = {"en": "en", "hans": "zh-Hans", "hant": "zh-Hant"}[article]
    return {"article_id": article, "start": start, "end": start + len(text), "text": text, "language": language}


def test_hits_are_relevant_where_they_cover_the_evidence() -> None:
    found = (hit("en", SECOND["en"]), hit("hans", BODIES["hans"]), hit("hant", FIRST["hant"]))
    scores = retrieval([Result(question(), {}, found), Result(question(answers=(), evidence=()), {}, found)])
    assert scores[1] == {}
    assert scores[0]["mrr@10"] == 0.5
    assert scores[0]["recall@5"] == pytest.approx(2 / 3)
    assert scores[0]["map"] == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert scores[0]["article_recall@5"] == scores[0]["article_map"] == 1
    assert (scores[0]["success@1"], scores[0]["article_success@1"]) == (0, 1)


@pytest.mark.parametrize(
    ("shown", "recall"),
    [
        pytest.param(SECOND["en"], 0, id="it proves nothing"),
        pytest.param(FIRST["en"], 2 / 3, id="it proves the answer"),
    ],
)
def test_a_hit_counts_for_the_reports_that_it_names_where_it_proves_the_answer_itself(
    shown: str, recall: float
) -> None:
    voice = {**hit("en", shown), "also_reported_by": [{"article_id": "hans", "copy": False}]}
    (scores,) = retrieval([Result(question(), {}, (voice,))])
    assert scores["recall@5"] == pytest.approx(recall)
    assert scores["article_recall@5"] == pytest.approx(2 / 3)


def test_the_grid_tells_which_language_the_search_favours() -> None:
    asked = [question("zh-Hant"), question("en", id="r")]
    results = [Result(each, {}, (hit("hant", FIRST["hant"]),)) for each in asked]
    grid = aggregate(results, retrieval(results), 0)["by"]["grid"]
    cells = {(each["question"], each["document"]): each["metrics"]["recall@10"]["value"] for each in grid}
    expected = {(a, d): float(d == "zh-Hant") for a in ("en", "zh-Hant") for d in ("en", "zh-Hans", "zh-Hant")}
    # Neither simplified nor English articles were found, so their languages are told from the evidence.
    assert cells == expected


# --- script ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "share"),
    [
        pytest.param("這裡沒有文章", "zh-Hant", 1.0, id="traditional"),
        pytest.param("这里没有文章", "zh-Hant", 0.0, id="simplified for a reader of traditional"),
        pytest.param("这里沒有文章", "zh-Hans", 0.5, id="mixed"),
        pytest.param("股票", "zh-Hans", None, id="neutral"),
        pytest.param("Ant (螞蟻) fined", "en", 1.0, id="brackets in English"),
        pytest.param("罚 a", "en", 0.5, id="Han in English"),
    ],
)
def test_purity(text: str, language: Language, share: float | None) -> None:
    assert purity(text, language) == share


def test_purity_is_of_the_systems_own_words() -> None:
    quoted = answer(f"報導說：{FIRST['hans']} [1]", cite("hans", FIRST["hans"]))
    assert scored(quoted, question("zh-Hant"))["script_purity"] == 1


def test_parallel_questions_should_get_the_same_answer() -> None:
    asked = [replace(question(language), id=language, parallel="p") for language in ASKED]
    same, other = answer("x [1]", cite("en", FIRST["en"])), answer("y [1]", cite("hans", FIRST["hans"]))
    results = [Result(each, given) for each, given in zip(asked, (same, same, other), strict=True)]
    metrics = aggregate(results, [scored(each.answer, each.question) for each in results], 0)["metrics"]
    assert metrics["consistency_articles"]["value"] == pytest.approx(1 / 3)
    assert metrics["consistency_abstention"]["value"] == 1


# --- all together ---------------------------------------------------------------------------------------------------


def test_aggregate_counts_decisions_and_latency() -> None:
    right = answer(f"{FIRST['en']} [1]", cite("en", FIRST["en"]), timings_ms={"total": 10.0})
    refusal = {"answer": "No.", "abstained": True, "timings_ms": {"total": 30.0}}
    nothing = question(answerable=False, answers=(), evidence=())
    results = [
        Result(question(), right),
        Result(question(), refusal),
        Result(nothing, refusal),
        Result(nothing, right),
        Result(question(), error="It broke."),
    ]
    summary = aggregate(results, [score(each, BODIES.get) for each in results], 1)
    assert summary["counts"] == {
        "questions": 5, "errors": 1, "answered_right": 1, "answered_wrong": 0,
        "refused_wrongly": 1, "refused_rightly": 1, "answered_unanswerable": 1,
    }  # fmt: skip
    values = {name: each["value"] for name, each in summary["metrics"].items()}
    assert values["correct"] == pytest.approx(2 / 5)
    assert values["errors"] == pytest.approx(1 / 5)
    refusing = ("refusal_precision", "refusal_recall", "refusal_f1", "false_refusal_rate")
    assert [values[name] for name in refusing] == [0.5, 0.5, 0.5, 0.5]
    assert summary["latency_ms"] == {"total": {"p50": 20.0, "p95": 30.0, "n": 4}}
    assert summary["curves"]["working_point"] == {"coverage": 0.5, "risk": 0.5}


def test_aggregate_is_the_same_for_the_same_seed() -> None:
    results = [Result(question(), answer(text)) for text in ("182.28亿元", "", "5", "182.28億元")]
    scores = [score(each, BODIES.get) for each in results]
    assert aggregate(results, scores, 3) == aggregate(results, scores, 3)


def test_intervals_hold_the_value_and_widen_with_groups() -> None:
    values = [1.0, 0.0] * 30
    alone = statistics.mean(values, [""] * 60, seed=0)
    together = statistics.mean(sorted(values), [str(i // 5) for i in range(60)], seed=0)
    assert alone["value"] == together["value"] == 0.5
    assert alone["low"] < 0.5 < alone["high"]  # type: ignore[operator]
    assert together["high"] - together["low"] > alone["high"] - alone["low"]  # type: ignore[operator]


@pytest.mark.parametrize("count", [0, 1])
def test_too_little_has_no_interval(count: int) -> None:
    estimate = statistics.mean([1.0] * count, [""] * count, seed=0)
    assert (estimate["low"], estimate["high"], estimate["n"]) == (None, None, count)


def test_paired_differences() -> None:
    assert statistics.paired([0.0] * 12, [0.0] * 12, [""] * 12, seed=0)["p"] == 1
    better = statistics.paired([0.0] * 12, [1.0] * 12, [""] * 12, seed=0)
    assert (better["difference"], better["n"]) == (1, 12)
    assert better["p"] < 0.01
    assert statistics.paired([0.0] * 12, [1.0] * 12, ["a"] * 12, seed=0)["p"] == better["p"]


def test_an_estimate_needs_no_date_today() -> None:
    """A claim may leave out a year that the article's date gives."""
    body = "The fine was issued on April 10."
    given = answer(
        "It was issued in 2021. [1]", {**cite("x", body, start=0), "published": date(2021, 4, 11).isoformat()}
    )
    assert score(Result(question(), given), {"x": body}.get)["agreement_date"] == 1
