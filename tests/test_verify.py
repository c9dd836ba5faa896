"""The gate: a claim passes only with quotations that stand in their articles and agree with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.glossary import Entity, Glossary
from bot.records import Article, Citation, Claim
from bot.values import quantities
from bot.verify import agree_in_negation, faults, negated, stands, verify

GLOSSARY = Glossary(
    [
        Entity("lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("流明支付",)}),
        Entity("harbour", "regulator", {"en": ("Harbour Authority",), "zh-Hans": ("海港局",), "zh-Hant": ("海港局",)}),
    ]
)
BODIES = {
    "en": "On 9 March 2021 the Harbour Authority fined Lumen Pay 18.2 billion yuan. Lumen Pay paid.",
    "zh-Hans": "2021年3月9日，海港局对流明支付罚款182亿元。流明支付已缴。",
    "zh-Hant": "2021年3月9日，海港局對流明支付罰款182億元。流明支付已繳。",
}
ARTICLES = {language: Article(language, "Title", body, language) for language, body in BODIES.items()}  # type: ignore[arg-type]


def cite(number: int, article_id: str, quote: str) -> Citation:
    start = BODIES[article_id].index(quote)
    article = ARTICLES[article_id]
    return Citation(
        number, article_id, article.title, "", None, None, article.language, quote, start, start + len(quote), 0.9
    )


def first(language: str) -> str:
    return BODIES[language].partition("." if language == "en" else "。")[0] if language != "en" else BODIES["en"][:72]


FIRST = {language: cite(1, language, first(language)) for language in BODIES}


def found(text: str, language: str = "en") -> list[str]:
    return faults(Claim(text, (1,)), {1: FIRST[language]}, glossary=GLOSSARY)


@pytest.mark.parametrize("language", BODIES)
def test_a_quotation_is_its_own_proof(language: str) -> None:
    assert stands(FIRST[language], ARTICLES)
    assert found(FIRST[language].quote, language) == []


@pytest.mark.parametrize("language", BODIES)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: replace(c, start=c.start + 1, end=c.end + 1), id="offset-by-one"),
        pytest.param(lambda c: replace(c, end=c.end - 1), id="end-too-early"),
        pytest.param(lambda c: replace(c, start=-len(c.quote)), id="negative"),
        pytest.param(lambda c: replace(c, end=10_000), id="past-the-end"),
        pytest.param(lambda c: replace(c, quote="", end=c.start), id="empty"),
        pytest.param(lambda c: replace(c, quote=c.quote.replace("2021", "2020")), id="digit-altered"),
        pytest.param(lambda c: replace(c, quote=c.quote + " "), id="space-added"),
        pytest.param(lambda c: replace(c, quote=c.quote.swapcase().replace("罚", "罰").replace("億", "亿")), id="form"),
        pytest.param(lambda c: replace(c, article_id="nobody"), id="no-such-article"),
    ],
)
def test_a_quotation_that_is_not_there_letter_for_letter_falls(language: str, change: object) -> None:
    altered = change(FIRST[language])  # type: ignore[operator]
    assert not stands(altered, ARTICLES)
    claims, citations = verify([Claim(altered.quote, (1,))], [altered], articles=ARTICLES, glossary=GLOSSARY)
    assert (claims, citations) == ([], [])


@pytest.mark.parametrize("quoted", BODIES)
@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("Lumen Pay was fined 18.2 billion yuan in March 2021.", id="en"),
        pytest.param("2021年3月，流明支付被罚182亿元。", id="zh-Hans"),
        pytest.param("流明支付遭海港局罰款18,200,000,000元。", id="zh-Hant"),
    ],
)
def test_a_paraphrase_that_agrees_passes_in_any_language(quoted: str, claim: str) -> None:
    assert found(claim, quoted) == []


@pytest.mark.parametrize("quoted", BODIES)
@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        pytest.param("Lumen Pay was not fined.", "Claim and quotation differ in negation.", id="en-not-inserted"),
        pytest.param("海港局没有处罚流明支付。", "Claim and quotation differ in negation.", id="zh-Hans-not-inserted"),
        pytest.param("海港局未處罰流明支付。", "Claim and quotation differ in negation.", id="zh-Hant-not-inserted"),
        pytest.param("Lumen Pay was fined in 2020.", "The number 2020 is not in the quotation.", id="en-year"),
        pytest.param("流明支付2020年被罚。", "The number 2020 is not in the quotation.", id="zh-Hans-year"),
        pytest.param("流明支付於4月遭罰。", "The number 4 is not in the quotation.", id="zh-Hant-month"),
        pytest.param(
            "Lumen Pay was fined 18.2 million.", "The number 18200000 is not in the quotation.", id="en-scale"
        ),
        pytest.param("流明支付被罚18.2亿元。", "The number 1820000000 is not in the quotation.", id="zh-Hans-scale"),
        pytest.param("流明支付遭罰183億元。", "The number 18300000000 is not in the quotation.", id="zh-Hant-amount"),
    ],
)
def test_a_claim_that_differs_is_told_why(quoted: str, claim: str, fault: str) -> None:
    assert fault in found(claim, quoted)


@pytest.mark.parametrize(
    ("quote", "claim"),
    [
        pytest.param("It took effect on 10 April.", "It took effect on 4 October.", id="en-day-and-month-swapped"),
        pytest.param("规定自3月5日起施行。", "规定自5月3日起施行。", id="zh-Hans-day-and-month-swapped"),
        pytest.param("辦法於2021年11月1日施行。", "It took effect on 11 January 2021.", id="zh-Hant-across-languages"),
    ],
)
def test_a_date_is_more_than_its_numbers(quote: str, claim: str) -> None:
    cited = replace(FIRST["en"], quote=quote)
    assert faults(Claim(claim, (cited.number,)), {cited.number: cited}, glossary=Glossary()) == [
        "A date is not in the quotation."
    ]


@pytest.mark.parametrize(
    ("claim", "language"),
    [
        pytest.param("The Harbour Authority took the money that Lumen Pay paid.", "en", id="en"),
        pytest.param("流明支付已向海港局缴款。", "zh-Hans", id="zh-Hans"),
        pytest.param("流明支付已向海港局繳款。", "zh-Hant", id="zh-Hant"),
    ],
)
def test_a_name_that_the_quotation_lacks_is_a_fault(claim: str, language: str) -> None:
    second = {"en": "Lumen Pay paid.", "zh-Hans": "流明支付已缴。", "zh-Hant": "流明支付已繳。"}[language]
    found = faults(Claim(claim, (1,)), {1: cite(1, language, second)}, glossary=GLOSSARY)
    assert found == ["harbour is not in the quotation."]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("18.2 billion", {"18200000000"}, id="en-billion"),
        pytest.param("US$18.2bn", {"18200000000"}, id="en-bn"),
        pytest.param("$1.5m and 20k users", {"1500000", "20000"}, id="en-m-k"),
        pytest.param("18,200,000,000", {"18200000000"}, id="en-commas"),
        pytest.param("a 4-billion-yuan fine", {"4000000000"}, id="en-hyphen"),
        pytest.param("182亿元", {"18200000000"}, id="zh-Hans-亿"),
        pytest.param("3.5万亿元、50万", {"3500000000000", "500000"}, id="zh-Hans-万亿"),
        pytest.param("182億元", {"18200000000"}, id="zh-Hant-億"),
        pytest.param("２千萬元、1兆元", {"20000000", "1000000000000"}, id="zh-Hant-full-width"),
        pytest.param("in March, 4%", {"3", "4"}, id="en-month"),
        pytest.param("3月、4％", {"3", "4"}, id="zh-month"),
        pytest.param("4.0 and 4.00", {"4"}, id="trailing-noughts"),
        pytest.param("no number 没有 沒有", set(), id="none"),
    ],
)
def test_quantities_are_values_whatever_their_units(text: str, values: set[str]) -> None:
    assert quantities(text) == {Decimal(value) for value in values}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("It did not pay.", True, id="en-not"),
        pytest.param("It didn’t pay.", True, id="en-n't"),
        pytest.param("It never paid.", True, id="en-never"),
        pytest.param("It took note; nothing more.", False, id="en-note"),
        pytest.param("它没有缴款。", True, id="zh-Hans-没有"),
        pytest.param("它不断增长，未来可期。", False, id="zh-Hans-不断-未来"),
        pytest.param("它並未繳款。", True, id="zh-Hant-未"),
        pytest.param("不少未成年人使用無人機。", False, id="zh-Hant-不少-未成年-無人機"),
    ],
)
def test_negation_is_told_from_words_that_only_look_like_it(text: str, expected: bool) -> None:
    assert negated(text) is expected


def test_a_claim_must_cite_what_stands() -> None:
    assert faults(Claim("It paid.", ()), {}, glossary=GLOSSARY) == ["It cites nothing."]
    assert faults(Claim("It paid.", (3,)), {}, glossary=GLOSSARY) == ["Citation 3 does not stand in its article."]


def test_what_is_kept_is_numbered_in_order_of_first_use() -> None:
    citations = [replace(FIRST[language], number=number) for number, language in ((4, "en"), (7, "zh-Hant"))]
    fallen = replace(FIRST["zh-Hans"], number=5, start=1)
    claims = [
        Claim("流明支付被罚182亿元。", (5,)),
        Claim("罰款182億元。", (7,)),
        Claim("It was fined 18.2 billion.", (4, 7)),
        Claim("It was fined 99 billion.", (4,)),
    ]
    assert verify(claims, [*citations, fallen], articles=ARTICLES, glossary=GLOSSARY) == (
        [Claim("罰款182億元。", (1,)), Claim("It was fined 18.2 billion.", (2, 1))],
        [replace(citations[1], number=1), replace(citations[0], number=2)],
    )


@pytest.mark.parametrize(
    ("quote", "claim", "agrees"),
    [
        pytest.param(
            "It was not 8 firms but 11 firms.", "Reports differ: “8 firms”; “11 firms”.", True, id="en-side-by-side"
        ),
        pytest.param("并非8家，而是11家。", "各方说法不一：“8家”；“11家”。", True, id="zh-Hans-side-by-side"),
        pytest.param("並非8家，而是11家。", "各方說法不一：「8家」；「11家」。", True, id="zh-Hant-side-by-side"),
        pytest.param("It has 8 firms.", "It does not have “8 firms”.", False, id="en-own-not"),
        pytest.param("It has not 8 firms.", "It has 8 firms.", False, id="en-lost-not"),
        pytest.param("It has not 8 firms.", "It has “9 firms”.", False, id="en-quotes-what-is-not-there"),
    ],
)
def test_words_set_in_quotation_marks_are_not_the_claims_own(quote: str, claim: str, agrees: bool) -> None:
    assert agree_in_negation(claim, quote) is agrees


ONLY = "The quotation says so only as "
NO_DEED = "The quotation does not say that anything was "


def against(quote: str, claim: str) -> list[str]:
    """Return the faults of a claim against one quotation of 2021."""
    cited = replace(FIRST["en"], quote=quote, published=date(2021, 9, 14))
    return faults(Claim(claim, (1,)), {1: cited}, glossary=GLOSSARY)


@pytest.mark.parametrize(
    ("quote", "claim"),
    [
        pytest.param("市值损失1.82万亿元。", "It lost 1.82 trillion yuan in value.", id="trillion"),
        pytest.param("流明支付被罚182亿元。", "Lumen Pay was fined RMB18.2bn.", id="rmb"),
        pytest.param("It was fined 18.228 billion yuan.", "它被罚182亿元。", id="rounded"),
        pytest.param("它九月缴款。", "It paid in September.", id="zh-month"),
        pytest.param("辦法自民國110年11月1日施行。", "It applies from 1 November 2021.", id="republic"),
        pytest.param("二〇二一年九月十四日公布。", "It was published on September 14, 2021.", id="han-date"),
        pytest.param("罚款相当于销售额的百分之四。", "The fine equals 4% of sales.", id="per-cent"),
        pytest.param("八成用户受影响。", "80 percent of users were affected.", id="tenths"),
        pytest.param("The platform has 1,641 users.", "該平台有1641名用戶。", id="count"),
        pytest.param("The fine is up to 4 percent of sales.", "最高可罚销售额的4%。", id="bound"),
        pytest.param("It was published on 14 September.", "它于2021年9月14日公布。", id="year-of-publication"),
        pytest.param("The company may appeal.", "公司可能上诉。", id="possible"),
        pytest.param("海港局拟禁止该应用。", "The Harbour Authority plans to ban the app.", id="planned"),
        pytest.param("海港局作出不合规决定，对流明支付罚款5亿元。", "海港局对流明支付罚款5亿元。", id="which-clause"),
        pytest.param("流明支付涉嫌垄断。", "Lumen Pay is suspected of a monopoly.", id="alleged"),
        pytest.param(
            "The Harbour Authority fined Lumen Pay, which may appeal.",
            "The Harbour Authority fined Lumen Pay.",
            id="clause",
        ),
    ],
)
def test_the_same_said_in_other_words_passes(quote: str, claim: str) -> None:
    assert against(quote, claim) == []


@pytest.mark.parametrize(
    ("quote", "claim", "fault"),
    [
        pytest.param("It has 100 users.", "It has 100 companies.", "The number 100", id="unit"),
        pytest.param("它有100名用户。", "它有100家公司。", "The number 100", id="zh-Hans-unit"),
        pytest.param("罰款18億港元。", "罰款18億美元。", "The number 1800000000", id="zh-Hant-currency"),
        pytest.param("The fine is up to 4 percent.", "The fine is 4 percent.", "The number 4", id="bound-dropped"),
        pytest.param("The fine is 4 percent.", "The fine is more than 4 percent.", "The number 4", id="bound-added"),
        pytest.param("It was fined 18 billion yuan.", "它被罚182亿元。", "The number 18200000000", id="more-exact"),
        pytest.param("它九月缴款。", "It paid in October.", "A date", id="month"),
        pytest.param("民國110年施行。", "It applied from 2020.", "A date", id="republic"),
        pytest.param("The company may appeal.", "The company appealed.", ONLY + "possible", id="possible"),
        pytest.param("公司可能上诉。", "公司已经上诉。", ONLY + "possible", id="zh-Hans-possible"),
        pytest.param("海港局擬罰款流明支付。", "海港局罰款流明支付。", ONLY + "planned", id="zh-Hant-planned"),
        pytest.param("It is accused of fraud.", "It committed fraud.", ONLY + "alleged", id="alleged"),
        pytest.param("Lumen Pay paid.", "Lumen Pay may have paid.", "The quotation says so as a fact", id="less-sure"),
        pytest.param("Lumen Pay was fined.", "The fine on Lumen Pay was withdrawn.", NO_DEED + "withdrawn", id="deed"),
        pytest.param("流明支付被罚款。", "流明支付道歉。", NO_DEED + "apologised", id="zh-Hans-deed"),
        pytest.param("The chief spoke.", "The chief, Ada Lovelace, spoke.", "Ada is not", id="unknown-name"),
        pytest.param("公司已缴款。", "公司已向Interpol缴款。", "Interpol is not", id="zh-Hans-unknown-name"),
    ],
)  # fmt: skip
def test_what_is_added_or_altered_is_a_fault(quote: str, claim: str, fault: str) -> None:
    assert any(each.startswith(fault) for each in against(quote, claim)), against(quote, claim)
