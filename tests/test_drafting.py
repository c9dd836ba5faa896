"""What a model writes is shown sentence by sentence, each with its quotations, and only once it is proved."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest

from bot import Answer, Article, Claim, Event, Regbrief
from bot.chat import stream
from bot.errors import Fault, ModelError
from bot.glossary import Entity, Glossary
from bot.library import Library
from bot.passages import sentences
from bot.prompts import FAULTS, GAP, UNSUPPORTED
from bot.records import LANGUAGES, Citation, Language, Turn
from bot.settings import Settings
from bot.weighing import Model
from tests.scripted import Scripted

GLOSSARY = Glossary(
    [
        Entity("lumen", "company", {"en": ("Lumen Pay",), "zh-Hans": ("流明支付",), "zh-Hant": ("流明支付",)}),
        Entity("harbour", "regulator", {"en": ("Harbour Authority",), "zh-Hans": ("海港局",), "zh-Hant": ("海港局",)}),
    ]
)
NEWS = {
    "en": "The Harbour Authority fined Lumen Pay 18.2 billion yuan on 9 March 2021. "
    "The fine equals 4 percent of its sales. The company may appeal within 60 days. "
    "It has not said whether it will.",
    "zh-Hans": "海港局2021年3月9日对流明支付罚款182亿元。罚款相当于其销售额的4%。公司可能在60天内上诉。"
    "公司没有说是否上诉。",
    "zh-Hant": "海港局2021年3月9日對流明支付罰款182億元。罰款相當於其銷售額的4%。公司可能在60天內上訴。"
    "公司沒有說是否上訴。",
}
QUESTIONS: dict[Language, str] = {
    "en": "How much did the Harbour Authority fine Lumen Pay?",
    "zh-Hans": "海港局对流明支付罚款多少？",
    "zh-Hant": "海港局對流明支付罰款多少？",
}
GOOD: dict[Language, tuple[str, str]] = {
    "en": ("The Harbour Authority fined Lumen Pay 18.2 billion yuan.", "The fine equals 4 percent of its sales."),
    "zh-Hans": ("海港局对流明支付罚款182亿元。", "罚款相当于其销售额的4%。"),
    "zh-Hant": ("海港局對流明支付罰款182億元。", "罰款相當於其銷售額的4%。"),
}
BAD: dict[Language, str] = {
    "en": "The Harbour Authority fined Lumen Pay 99 billion yuan.",
    "zh-Hans": "海港局对流明支付罚款990亿元。",
    "zh-Hant": "海港局對流明支付罰款990億元。",
}
each_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def news(library: Library) -> Library:
    library.add([Article(name, "Lumen Pay", body, name, date(2021, 3, 9), "Post") for name, body in NEWS.items()])  # type: ignore[arg-type]
    return library


@pytest.fixture
def bot(news: Library, encoder: Any, fixed_model: Model) -> Any:
    def open_with(model: Scripted, **settings: Any) -> Regbrief:
        chosen = Settings.read(**settings)
        return Regbrief.from_library(news, encoder=encoder, glossary=GLOSSARY, chat=model, settings=chosen)

    return open_with


def ask(bot: Any, language: Language, *texts: str | ModelError, **settings: Any) -> Answer:
    return bot(Scripted(*texts), **settings).ask(QUESTIONS[language], languages=[language])  # type: ignore[no-any-return]


def said(answer: Answer) -> list[tuple[str, str]]:
    return [(claim.text, claim.status) for claim in answer.claims]


# --- proof ----------------------------------------------------------------------------------------------------------


@each_language
def test_a_written_answer_carries_quotations_at_their_offsets(bot: Any, language: Language) -> None:
    one, two = GOOD[language]
    answer = ask(bot, language, f"{one[:-1]} [1]{one[-1]} {two}[1]")
    assert said(answer) == [(one, "verified"), (two, "verified")]
    assert (answer.answerer, answer.notes, answer.language) == ("scripted", (), language)
    assert answer.answer == f"{one} [1] {two} [2]"
    for citation in answer.citations:
        assert NEWS[language][citation.start : citation.end] == citation.quote
    assert [citation.number for citation in answer.citations] == [1, 2]


@each_language
def test_what_is_not_proved_is_repaired_once(bot: Any, language: Language) -> None:
    one, two = GOOD[language]
    model = Scripted(f"{two}[1] {BAD[language]}[1]", f"{one}[1]")
    answer = bot(model).ask(QUESTIONS[language], languages=[language])
    assert said(answer) == [(two, "verified"), (one, "verified")]
    wish = model.asked[1][-1].content
    assert BAD[language] in wish
    assert ("not in the quotation" in wish) == (language == "en")
    assert len(model.asked) == 2


@each_language
def test_what_fails_twice_is_dropped_or_flagged(bot: Any, language: Language) -> None:
    one, bad = GOOD[language][0], BAD[language]
    texts = f"{one}[1] {bad}[1]", f"{bad}[1]"
    assert said(ask(bot, language, *texts)) == [(one, "verified")]
    flagged = ask(bot, language, *texts, unverified="flag")
    assert said(flagged) == [(one, "verified"), (bad, "unsupported")]
    assert flagged.claims[1].citations
    assert flagged.answer.endswith(UNSUPPORTED[language])


@each_language
@pytest.mark.parametrize("unverified", ["drop", "flag"])
def test_an_answer_of_which_nothing_is_proved_is_quoted_and_says_so(
    bot: Any, language: Language, unverified: str
) -> None:
    answer = ask(bot, language, f"{BAD[language]}[1]", "-", unverified=unverified)
    assert answer.answerer == "extractive"
    assert answer.claims[0].text == answer.citations[0].quote
    assert FAULTS["unproved"][language] in answer.notes[0]


def test_a_number_that_no_source_has_is_dropped_and_never_another(bot: Any) -> None:
    one, two = GOOD["en"]
    answer = ask(bot, "en", f"{one}[7] {two}[1][7]", "-")
    assert said(answer) == [(two, "verified")]


def test_a_sentence_without_a_marker_is_tied_to_what_carries_it(bot: Any) -> None:
    assert said(ask(bot, "en", GOOD["en"][0])) == [(GOOD["en"][0], "verified")]


def test_one_statement_may_rest_on_two_sentences(bot: Any) -> None:
    text = "The fine on Lumen Pay equals 4 percent of its sales."
    answer = ask(bot, "en", f"{text}[1]")
    assert [claim.citations for claim in answer.claims] == [(1, 2)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("The company appealed within 60 days.", "only as possible", id="possible"),
        pytest.param(
            "The fine equals 4 percent of its sales, and an elephant danced upon secret mountains.",
            "does not say",
            id="added-clause",
        ),
        pytest.param("The fine equals 4 million euros.", "number 4000000", id="unit-and-scale"),
        pytest.param("The Harbour Authority did not fine Lumen Pay 18.2 billion yuan.", "negation", id="negation"),
        pytest.param("The Harbour Authority fined Lumen Pay 18.2 billion yuan on 10 March 2021.", "date", id="date"),
        pytest.param("The Harbour Authority and Interpol fined Lumen Pay 18.2 billion yuan.", "Interpol", id="name"),
        pytest.param("海港局对流明支付罚款182亿元。", "language of the reader", id="language"),
    ],
)
def test_the_model_is_told_why(bot: Any, text: str, why: str) -> None:
    model = Scripted(f"{text}[1]", "-")
    bot(model).ask(QUESTIONS["en"], languages=["en"])
    assert why in model.asked[1][-1].content


def test_names_get_what_the_quotation_calls_them(bot: Any) -> None:
    text = "海港局 Harbour Authority 流明支付 Lumen Pay 182亿元"
    quotes = [
        Citation.of(Article("zh", "t", NEWS["zh-Hans"], "zh-Hans"), sentences(NEWS["zh-Hans"])[0], number=0, score=1)
    ]
    draft = bot(Scripted()).writer.draft("Why?", [], "en")
    once = draft._dressed("The Harbour Authority fined Lumen Pay.", quotes)
    assert once == "The Harbour Authority (海港局) fined Lumen Pay (流明支付)."
    assert draft._dressed("Lumen Pay paid.", quotes) == "Lumen Pay paid."
    assert bot(Scripted()).writer.draft("Why?", [], "en")._dressed(text, quotes) == text


def test_simplified_text_of_a_model_is_rendered_for_a_traditional_reader(bot: Any) -> None:
    answer = ask(bot, "zh-Hant", "海港局对流明支付罚款182亿元[1]。")
    assert said(answer) == [("海港局對流明支付罰款182億元。", "verified")]


def test_what_the_articles_leave_open_is_said_in_our_words(bot: Any) -> None:
    one = GOOD["en"][0]
    assert ask(bot, "en", f"{one}[1] [?]").notes == (GAP["en"],)
    alone = ask(bot, "en", "[?]")
    assert (alone.answerer, alone.notes) == ("extractive", (GAP["en"],))


# --- streams --------------------------------------------------------------------------------------------------------


@each_language
def test_what_is_streamed_is_what_the_answer_has_in_the_same_order(bot: Any, language: Language) -> None:
    one, two = GOOD[language]
    model = Scripted(f"{one}[1] {BAD[language]}[1] {two}[1]", "-")
    events = list(bot(model).stream(QUESTIONS[language], languages=[language]))
    answer = events[-1].data
    assert [event.data for event in events if event.type == "claim"] == list(answer.claims)
    assert [event.data for event in events if event.type == "citation"] == list(answer.citations)
    assert events[:2] == [Event("status", "searching"), Event("status", "writing")]


def test_a_claim_comes_before_the_model_has_finished(bot: Any) -> None:
    model = Scripted(f"{GOOD['en'][0]}[1] " + "Then it went on. " * 1 + "x" * 200, size=1)
    for event in bot(model).stream(QUESTIONS["en"], languages=["en"]):
        if event.type == "claim":
            break
    assert isinstance(event.data, Claim)


def test_closing_the_stream_stops_the_model() -> None:
    class Endless(Scripted):
        def write(self, messages: Any, put: Any, *, limit: int) -> None:
            while put("word "):
                self.put += 1
            self.stopped = True

    model = Endless()
    pieces = stream(model, [], limit=9, timeout=5)
    next(pieces)
    pieces.close()
    for _ in range(200):
        if model.stopped:
            break
        time.sleep(0.01)
    assert model.stopped


# --- failures -------------------------------------------------------------------------------------------------------


@each_language
@pytest.mark.parametrize("fault", list(FAULTS))
def test_whatever_fails_the_reader_gets_quotations_and_the_reason(bot: Any, language: Language, fault: Fault) -> None:
    answer = ask(bot, language, *[ModelError("secret detail", fault=fault)] * 3)
    assert answer.answerer == "extractive"
    assert answer.claims[0].text == answer.citations[0].quote
    assert FAULTS[fault][language] in answer.notes[0]
    assert "secret" not in str(answer)


@each_language
def test_what_was_shown_before_the_model_broke_off_stays(bot: Any, language: Language) -> None:
    one, two = GOOD[language]
    answer = ask(bot, language, f"{one}[1] {two}[1] {two[:4]}<break>")
    assert answer.claims[0].text == one
    assert answer.answerer == "scripted"
    assert FAULTS["malformed"][language] in answer.notes[0]
    quotes = [citation.quote for citation in answer.citations]
    assert len(set(quotes)) == len(quotes)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param(" \n\n", "empty", id="blank"),
        pytest.param("<think>I wonder.", "empty", id="thought-without-end"),
        pytest.param("ha ha " * 60, "repetition", id="circle"),
        pytest.param("罚款" * 90, "repetition", id="zh-circle"),
        pytest.param("The company paid once more and it was fine. " * 5, "repetition", id="sentence-again"),
        pytest.param("".join(f"word{n} " for n in range(2_000)), "repetition", id="no-end"),
    ],
)
def test_empty_and_endless_output_is_given_up(bot: Any, text: str, fault: Fault) -> None:
    answer = ask(bot, "en", text)
    assert (answer.answerer, FAULTS[fault]["en"] in answer.notes[0]) == ("extractive", True)


def test_a_model_that_falls_silent_is_given_up() -> None:
    class Silent(Scripted):
        def write(self, messages: Any, put: Any, *, limit: int) -> None:
            time.sleep(1)

    with pytest.raises(ModelError) as raised:
        list(stream(Silent(), [], limit=9, timeout=0.05))
    assert raised.value.fault == "timeout"


def test_no_model_is_asked_where_nothing_is_found(bot: Any) -> None:
    model = Scripted("It was fined [1].")
    answer = bot(model).ask("Who won the football match in Madrid?")
    assert (answer.abstained, model.asked) == (True, [])


def test_what_a_small_context_cannot_hold_is_not_sent(bot: Any) -> None:
    model = Scripted(f"{GOOD['en'][0]}[1]", context=1_500)
    bot(model).ask(QUESTIONS["en"], languages=["en"])
    assert sum(len(message.content) for message in model.asked[0]) < 1_500 * 4


# --- follow-ups -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "written", "searched"),
    [
        pytest.param("What was it fined?", "What was Lumen Pay fined?", "What was Lumen Pay fined?", id="en"),
        pytest.param("它被罚了多少？", "流明支付被罚了多少？", "流明支付被罚了多少？", id="zh-Hans"),
        pytest.param("它遭罰多少？", "問題：流明支付遭罰多少？", "流明支付遭罰多少？", id="zh-Hant"),
        pytest.param("What was it fined?", "It was fined 18.2 billion yuan.\nBy whom?", None, id="an-answer"),
        pytest.param("What was it fined?", "What was the Harbour Authority fined in 2020?", None, id="new-names"),
        pytest.param("What was it fined?", "", None, id="nothing"),
    ],
)
def test_a_follow_up_is_completed_by_the_model_or_else_by_rule(
    bot: Any, question: str, written: str, searched: str | None
) -> None:
    history = [Turn("Who is Lumen Pay?" if question.isascii() else "流明支付是谁？")]
    by_rule = bot(Scripted(ModelError("x", fault="busy"), "")).ask(question, history=history).searched.question
    found = bot(Scripted(written, "")).ask(question, history=history).searched.question
    assert found == (searched or by_rule)


@each_language
def test_a_model_that_finds_it_too_long_is_given_less(bot: Any, news: Library, language: Language) -> None:
    news.add([Article(f"more-{at}", f"Lumen Pay {at}", f"{at}. {NEWS[language]}", language) for at in range(6)])

    class Small(Scripted):
        """Holds fewer tokens than it says."""

        def write(self, messages: Any, put: Any, *, limit: int) -> None:
            read = sum(len(each.content) for each in messages)
            shorter = lengths and read < lengths[0]
            self._texts = [
                "".join(f"{each}[1] " for each in GOOD[language]) if shorter else ModelError("x", fault="too_long")
            ]
            lengths.append(read)
            super().write(messages, put, limit=limit)

    lengths: list[int] = []
    answer = bot(Small()).ask(QUESTIONS[language], languages=[language])
    assert (answer.answerer, answer.notes) == ("scripted", ())
    assert len(lengths) == 2
