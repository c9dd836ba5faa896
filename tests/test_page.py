"""The page without a browser: what it renders, in which words, and what it lets nobody inject."""

from __future__ import annotations

import asyncio
import re
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from bot.engine import Event
from bot.errors import InputError, NotFound
from bot.glossary import Glossary
from bot.language import detect
from bot.records import (
    LANGUAGES,
    VERDICTS,
    Answer,
    Article,
    Citation,
    Claim,
    Hit,
    Language,
    Reason,
    Related,
    Report,
    Searched,
    Turn,
    to_json,
)
from bot.release import release
from bot.serve.accept import preferred
from bot.serve.api import create_app
from bot.serve.load import Turns
from bot.settings import Settings
from bot.ui import ask, evidence, page, reading, turns
from bot.ui.evidence import Excerpt
from bot.ui.kept import Kept, Place, Wish, read
from bot.ui.markup import fragment, link, other_script
from bot.ui.reading import Paragraph, Piece
from bot.ui.strings import HERE, Strings, _read, examples, strings
from bot.ui.turns import Line, Shown

ENGLISH = Article(
    "fine-en",
    "Alibaba fined 18.2 billion yuan",
    "Regulators acted.\n\nOn Saturday they fined Alibaba. The fine was large. It will comply.\n\nThe end.",
    "en",
    date(2021, 4, 10),
    "Example Post",
    "https://example.org/fine",
)
HANT = Article("alipay-hant", "支付寶須分拆", "監管機構要求支付寶分拆貸款業務。", "zh-Hant", None, "範例報")


def cite(article: Article, quote: str, number: int) -> Citation:
    start = article.body.index(quote)
    end = start + len(quote)
    fields = (article.title, article.source, article.url, article.published, article.language)
    return Citation(number, article.id, *fields, quote=quote, start=start, end=end, score=0.9)


ANSWER = Answer(
    question="How large?",
    language="en",
    abstained=False,
    reason=None,
    answer="The fine was large. [1] 監管機構要求支付寶分拆貸款業務。 [2]",
    as_of=date(2021, 4, 10),
    claims=(Claim("The fine was large.", (1,)), Claim("監管機構要求支付寶分拆貸款業務。", (2,))),
    citations=(cite(ENGLISH, "The fine was large.", 1), cite(HANT, HANT.body, 2)),
    conflicts=(),
    related=(),
    searched=Searched(412),
    answerer="extractive",
)
ARTICLES = {each.id: each for each in (ENGLISH, HANT)}
REFUSAL = replace(
    ANSWER,
    language="zh-Hant",
    abstained=True,
    reason="no_evidence",
    claims=(),
    citations=(),
    as_of=None,
    related=(Related("fine-en", ENGLISH.title, ENGLISH.source, ENGLISH.published, "en", ENGLISH.url),),
)
HOSTILE = (
    '<img src=x onerror="window.hacked=1">"\'><script>window.hacked=1</script>{{7*7}}${window.hacked=1}`@children`'
)
EN = strings("en")


def shown(answer: Answer = ANSWER, *, text: Strings = EN, number: int = 1, **wish: Any) -> Shown:
    """Show an answer to its question, asked with these filters."""
    return turns.answered(answer, ARTICLES, wish=Wish(answer.question, **wish), number=number, text=text)


class Elements(HTMLParser):
    """Collects the tags, attributes and text of a fragment."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute))]


# ---- words ----


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", _read("strings.yaml"))
def test_every_string_is_there_in_every_language(key: str) -> None:
    texts = _read("strings.yaml")[key]
    assert tuple(texts) == LANGUAGES
    assert all(isinstance(text, str) and text.strip() for text in texts.values())
    assert len({frozenset(placeholders(text)) for text in texts.values()}) == 1


def test_the_strings_in_use_are_the_strings_there_are() -> None:
    sources = [path.read_text("utf-8") for path in HERE.rglob("*") if path.suffix in {".py", ".html"}]
    used = {key for each in sources for key in re.findall(r"""\b(?:text|self)\(['"](\w+)['"]""", each)}
    counted = {key for each in sources for key in re.findall(r"""text\.count\(['"](\w+)['"]""", each)}
    assert used | counted | {f"{key}_one" for key in counted} == set(_read("strings.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_are_offered_in_every_script(language: Language) -> None:
    assert len(examples()[language]) >= 2
    assert {detect(question) for question in examples()[language]} == {language}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-TW,zh;q=0.9,en-US;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-SG", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("fr-FR,fr;q=0.9,zh-MO;q=0.5,en;q=0.4", "zh-Hant"),
        ("en;q=0.1, zh-CN;q=0.7", "zh-Hans"),
        ("zh-CN;q=0, en", "en"),
        ("de;q=nonsense, *", "en"),
    ],
)
def test_page_language_follows_the_header(header: str, language: Language) -> None:
    assert preferred(header) == language


@pytest.mark.parametrize(
    ("language", "day", "many"),
    [
        ("en", "2 March 2024", "1,200 articles"),
        ("zh-Hans", "2024年3月2日", "1,200篇文章"),
        ("zh-Hant", "2024年3月2日", "1,200篇文章"),
    ],
)
def test_dates_and_counts_read_as_the_language_does(language: Language, day: str, many: str) -> None:
    text = strings(language)
    assert (text.date(date(2024, 3, 2)), text.count("articles", 1200)) == (day, many)
    assert strings("en").count("articles", 1) == "1 article"


FIRST, LAST = date(2024, 3, 1), date(2024, 3, 31)


@pytest.mark.parametrize(
    ("language", "since", "until", "words"),
    [
        ("en", FIRST, LAST, "published 1 March 2024 – 31 March 2024"),
        ("en", FIRST, FIRST, "published on 1 March 2024"),
        ("en", FIRST, None, "published since 1 March 2024"),
        ("en", None, LAST, "published until 31 March 2024"),
        ("en", None, None, ""),
        ("zh-Hans", FIRST, LAST, "发布于2024年3月1日至2024年3月31日"),
        ("zh-Hans", FIRST, FIRST, "发布于2024年3月1日"),
        ("zh-Hans", FIRST, None, "发布于2024年3月1日或之后"),
        ("zh-Hans", None, LAST, "发布于2024年3月31日或之前"),
        ("zh-Hant", FIRST, LAST, "發布於2024年3月1日至2024年3月31日"),
        ("zh-Hant", FIRST, FIRST, "發布於2024年3月1日"),
        ("zh-Hant", FIRST, None, "發布於2024年3月1日或之後"),
        ("zh-Hant", None, LAST, "發布於2024年3月31日或之前"),
    ],
)
def test_a_window_names_its_first_and_last_day(
    language: Language, since: date | None, until: date | None, words: str
) -> None:
    assert strings(language).window(since, until) == words


# ---- answers and evidence ----


def test_markers_resolve_to_cards_and_turns_do_not_share_names() -> None:
    both = [shown(number=number) for number in (1, 2)]
    talk = Elements("".join(each.talk for each in both))
    sheets = Elements("".join(each.sheet for each in both))
    assert [each for each in talk.values("href") if each.startswith("#")] == [
        "#source-1-1", "#source-1-2", "#source-2-1", "#source-2-2"
    ]  # fmt: skip
    identifiers = talk.values("id") + sheets.values("id")
    assert len(identifiers) == len(set(identifiers))
    links = [each for each in talk.values("href") + sheets.values("href") if each.startswith("#")]
    assert {each[1:] for each in links} <= set(identifiers)
    assert "[1]" in talk.text


def test_an_answer_says_as_of_and_how_much_was_searched() -> None:
    talk = shown().talk
    assert "As of 10 April 2021 · searched 412 articles" in Elements(talk).text


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Also reported by 範例報 (opens in a new tab), Example Post (copy)"),
        ("zh-Hans", "另有报道：範例報 (在新标签页打开)、Example Post（转载）"),
        ("zh-Hant", "另有報導：範例報 (在新分頁開啟)、Example Post（轉載）"),
    ],
)
def test_a_card_names_once_who_else_told_the_story(language: Language, line: str) -> None:
    others = (
        Report("alipay-hant", HOSTILE, "範例報", None, "zh-Hant", "https://example.org/hant"),
        Report("fine-copy", ENGLISH.title, "Example Post", None, "en", "javascript:window.hacked=1", copy=True),
    )
    told = tuple(replace(each, also_reported_by=others) for each in ANSWER.citations)
    sheet = shown(replace(ANSWER, citations=told), text=strings(language)).sheet
    assert re.sub(r"\s+", " ", Elements(sheet).text).count(line) == 1
    assert Elements(sheet).values("href").count("https://example.org/hant") == 1
    assert "javascript" not in sheet
    assert "<script" not in sheet


def test_a_card_marks_the_quotation_in_its_paragraph() -> None:
    sheet = shown().sheet
    assert "On Saturday they fined Alibaba. <mark>The fine was large.</mark> It will comply." in sheet
    assert (
        '<a class="title" lang="en" href="https://example.org/fine" target="_blank" rel="noopener noreferrer">' in sheet
    )
    assert '<span class="title" lang="zh-Hant" title="支付宝须分拆"><bdi>支付寶須分拆</bdi></span>' in sheet
    turned = '<button type="button" class="script quiet" lang="zh-Hans" value="支付宝须分拆" aria-pressed="false" '
    assert turned + 'aria-label="Title in 简体">简体</button>' in sheet
    assert sheet.count('class="script') == 1
    assert '<blockquote lang="zh-Hant">' in sheet


def test_a_quoted_claim_is_in_the_language_of_what_it_quotes() -> None:
    written = replace(ANSWER, claims=(Claim("In short, large.", (2,), "unsupported"), *ANSWER.claims))
    first, second = ANSWER.citations
    assert turns.joined(written.claims, written.citations, written.language) == [
        Line(("In short, large.", "", ""), "en", False, (second,)),
        Line(("The fine was large.", "", ""), "en", True, (first,)),
        Line((second.quote, "", ""), "zh-Hant", True, (second,)),
    ]
    assert EN("unsupported") in shown(written).talk


def test_the_words_that_answer_stand_out() -> None:
    first, second = ANSWER.citations
    pointed = replace(first, answer_span=(first.start + 13, first.start + 18))
    talk = shown(replace(ANSWER, citations=(pointed, second))).talk
    assert "<bdi>The fine was <b>large</b>.</bdi>" in talk


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        pytest.param("Regulators acted.", Excerpt("", "Regulators acted.", ""), id="whole paragraph"),
        pytest.param("The end.", Excerpt("", "The end.", ""), id="last"),
        pytest.param(
            "It will comply.\n\nThe end.",
            Excerpt("On Saturday they fined Alibaba. The fine was large. ", "It will comply.\n\nThe end.", ""),
            id="across paragraphs",
        ),
    ],
)
def test_an_excerpt_is_the_paragraph_around_the_quotation(quote: str, expected: Excerpt) -> None:
    assert evidence.excerpt(cite(ENGLISH, quote, 1), ENGLISH) == expected


def test_an_excerpt_of_a_long_paragraph_is_cut() -> None:
    article = replace(ENGLISH, body="a" * 999 + "Quote." + "b" * 999)
    assert evidence.excerpt(cite(article, "Quote.", 1), article) == Excerpt("…" + "a" * 400, "Quote.", "b" * 400 + "…")


@pytest.mark.parametrize("article", [None, replace(ENGLISH, body="Rewritten since.")], ids=["removed", "changed"])
def test_a_quotation_stands_alone_where_its_article_is_gone(article: Article | None) -> None:
    assert evidence.excerpt(ANSWER.citations[0], article) == Excerpt("", "The fine was large.", "")


def test_a_refusal_speaks_the_askers_language_and_offers_the_nearest_articles() -> None:
    turn = shown(REFUSAL, text=strings("zh-Hans"))
    words = " ".join(Elements(turn.talk).text.split())
    assert "這裡沒有文章能回答這個問題。 检索了412篇文章 · English · 简体 · 繁體 相近的文章 Alibaba fined" in words
    assert '<button type="button" class="open quiet" value="fine-en">' in turn.talk
    assert strings("zh-Hans")("evidence_none") in turn.sheet


def test_an_empty_library_is_told_with_its_command() -> None:
    turn = shown(replace(REFUSAL, language="en", reason="empty_library"))
    assert "run <code>regbrief ingest</code> first" in turn.talk


REPLIES = [pytest.param(ANSWER, id="answer"), pytest.param(REFUSAL, id="refusal")]


def part(talk: str, name: str) -> str:
    """Return the words of the paragraph of a class, or nothing."""
    found = re.search(rf'<p class="{name}">(.*?)</p>', talk)
    return Elements(found[1]).text if found else ""


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("language", "asked", "completed", "line"),
    [
        ("en", "And Meta?", "How much was Meta fined?", "Searched for: How much was Meta fined?"),
        ("zh-Hans", "那百度呢？", "百度被罚了多少？", "实际检索：百度被罚了多少？"),
        ("zh-Hant", "那螞蟻呢？", "螞蟻被罰了多少？", "實際檢索：螞蟻被罰了多少？"),
    ],
)
def test_a_follow_up_says_what_was_searched(
    reply: Answer, language: Language, asked: str, completed: str, line: str
) -> None:
    reply = replace(reply, question=asked, searched=Searched(412, question=completed))
    assert part(shown(reply, text=strings(language)).talk, "completed") == line


@pytest.mark.parametrize("searched", ["How large?", ""], ids=["as asked", "unsaid"])
def test_a_question_that_was_searched_as_it_stands_is_not_repeated(searched: str) -> None:
    answer = replace(ANSWER, searched=Searched(412, question=searched))
    assert part(shown(answer).talk, "completed") == ""


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("language", "implied", "chip"),
    [
        ("en", "last month", "“last month”: published 1 March 2024 – 31 March 2024"),
        ("zh-Hans", "上个月", "“上个月”：发布于2024年3月1日至2024年3月31日"),
        ("zh-Hant", "上個月", "「上個月」：發布於2024年3月1日至2024年3月31日"),
    ],
)
def test_an_implied_window_shows_its_words_and_can_be_dropped(
    reply: Answer, language: Language, implied: str, chip: str
) -> None:
    reply = replace(reply, searched=Searched(9, FIRST, LAST, implied=implied))
    talk = shown(reply, text=strings(language)).talk
    assert part(talk, "implied") == chip
    assert f'<button type="button" class="undated" title="{strings(language)("search_all_dates")}"' in talk
    assert strings(language).date(FIRST) not in part(talk, "foot")


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("language", "searched", "words"),
    [
        ("en", Searched(9, FIRST, LAST), "searched 9 articles · published 1 March 2024 – 31 March 2024"),
        ("zh-Hans", Searched(9, FIRST), "检索了9篇文章 · 发布于2024年3月1日或之后"),
        ("zh-Hant", Searched(9, None, LAST), "檢索了9篇文章 · 發布於2024年3月31日或之前"),
    ],
)
def test_a_window_that_the_caller_set_is_plain_text(
    reply: Answer, language: Language, searched: Searched, words: str
) -> None:
    talk = shown(replace(reply, searched=searched), text=strings(language)).talk
    assert words in part(talk, "foot")
    assert EN("search_all_dates") not in talk
    assert 'class="implied"' not in talk


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "searched 412 articles · all dates"),
        ("zh-Hans", "检索了412篇文章 · 不限日期"),
        ("zh-Hant", "檢索了412篇文章 · 不限日期"),
    ],
)
def test_an_answer_without_its_window_says_so(reply: Answer, language: Language, words: str) -> None:
    assert words in part(shown(reply, text=strings(language), read_dates=False).talk, "foot")


# ---- injection ----


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=1&c=2#d", True),
        ("HTTP://example.org/新聞", True),
        (None, False),
        ("", False),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("//example.org", False),
        ("/relative", False),
        ('https://example.org/" onclick="x', False),
        ("https://example.org/\u202e", True),
        ("https:///\n", False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, kept: bool) -> None:
    assert link(url) == (url if kept else None)


def hostile_turns() -> Iterator[tuple[str, str]]:
    article = replace(
        ENGLISH, title=HOSTILE, body=f"{HOSTILE}Quote.{HOSTILE}", source=HOSTILE, url=f"https://x{HOSTILE}"
    )
    citation = cite(article, f"Quote.{HOSTILE}", 1)
    searched = Searched(1, FIRST, LAST, question=f"{HOSTILE}?", implied=HOSTILE)
    answer = replace(ANSWER, question=HOSTILE, claims=(Claim(HOSTILE, (1,)),), citations=(citation,), searched=searched)
    near = Related(article.id, HOSTILE, HOSTILE, None, "en", "javascript:window.hacked=1")
    refusal = replace(REFUSAL, question=HOSTILE, related=(near,), searched=searched)
    conflict = {"unit": "CNY", "sides": [{"value": HOSTILE, "quote": HOSTILE, "source": HOSTILE, "language": "en"}]}
    wish = Wish(HOSTILE, sources=(HOSTILE,))
    whole = {"articles": {article.id: article}, "wish": wish, "number": 1, "text": EN, "suggestions": (HOSTILE,)}
    parts = {
        "underway": turns.underway(HOSTILE, answer.claims, answer.citations, {}, number=1, text=EN),
        "answer": turns.answered(replace(answer, conflicts=(conflict,), notes=(HOSTILE,)), **whole),
        "refusal": turns.answered(refusal, **whole),
        "failure": turns.failed(HOSTILE, InputError(HOSTILE, hint=HOSTILE), number=1, text=EN),
        "unanswered": turns.unanswered(HOSTILE, number=1, text=EN),
    }
    for name, turn in parts.items():
        yield name, turn.talk + turn.sheet
    yield "latest", fragment("latest", EN, articles=[article])
    yield "outlets", fragment("outlets", EN, sources=[(HOSTILE, 1)])
    yield "reader", reading.article(article, [Place(1, 0, 9)], EN)
    yield "surroundings", evidence.surroundings(article, 0, 9, EN)


@pytest.mark.parametrize("markup", [pytest.param(markup, id=name) for name, markup in hostile_turns()])
def test_nothing_that_was_read_becomes_markup(markup: str) -> None:
    elements = Elements(markup)
    assert HOSTILE in elements.text or HOSTILE[9:] in elements.text
    assert not {tag for tag, _ in elements.tags} & {"img", "script", "iframe", "svg", "style", "object"}
    assert not [key for _, attributes in elements.tags for key in attributes if key.startswith("on")]
    assert all(re.match(r"#|https?://", href) for href in elements.values("href"))


# ---- asking ----


class Bot:
    """Answers with what it was given, or raises it; `heard` is what it was asked last."""

    settings = None
    glossary = Glossary()
    library = SimpleNamespace(catalog=SimpleNamespace(shared=False))

    def __init__(self, result: Answer | Exception) -> None:
        self.result = result
        self.heard: tuple[Any, ...] | None = None
        self.judged: tuple[Any, ...] | None = None

    def stream(self, question: str, *, history: Sequence[Turn] = (), **filters: Any) -> Iterator[Event]:
        self.heard = question, tuple(history), filters
        if isinstance(self.result, Exception):
            raise self.result
        yield Event("status", "searching")
        for claim in self.result.claims:
            yield from (Event("citation", each) for each in self.result.citations if each.number in claim.citations)
            yield Event("claim", claim)
        yield Event("done", replace(self.result, question=question))

    def give_feedback(self, answer: Answer, verdict: str, *, note: str = "", citation: int | None = None) -> None:
        if verdict not in VERDICTS:
            raise InputError(f"The verdict is {verdict!r}.", hint="Use right.")
        self.judged = answer, verdict, note, citation

    def count(self, **_: object) -> int:
        return len(ARTICLES)

    def unavailable(self) -> dict[str, str]:
        return {}

    def sources(self) -> dict[str, int]:
        return {"": 3, "Example Post": 1, "範例報": 2}

    def search(self, question: str, **_: object) -> list[Hit]:
        return []

    def articles(self, **_: object) -> Iterator[Article]:
        return iter(ARTICLES.values())

    def article(self, article_id: str) -> Article:
        if article_id not in ARTICLES:
            raise NotFound(f"No article has the id {article_id}.")
        return ARTICLES[article_id]


def steps(result: Answer | Exception, question: str = "How large?", **wish: Any) -> list[ask.Step]:
    bot: Any = Bot(result)
    return list(ask.asked(bot, {"number": 3, "wish": {"question": question, **wish}, "history": []}, EN))


def test_an_answer_is_shown_a_claim_at_a_time_with_its_evidence() -> None:
    shown_ = steps(replace(ANSWER, answerer="openai:m", notes=("It broke off.",)))
    assert [each["state"] for each in shown_] == ["underway", "underway", "underway", "done"]
    assert [[claim.text in each["talk"] for claim in ANSWER.claims] for each in shown_] == [
        [False, False], [True, False], [True, True], [True, True]
    ]  # fmt: skip
    assert [each["sheet"].count("<mark>") for each in shown_] == [0, 1, 2, 2]
    assert [EN(words) in each["talk"] for words, each in zip(("searching", *["writing"] * 3), shown_, strict=True)] == [
        True, True, True, False
    ]  # fmt: skip
    assert "It broke off." in shown_[-1]["talk"]


def test_the_last_step_carries_the_answer_to_keep() -> None:
    assert steps(ANSWER)[-1]["answer"] == to_json(ANSWER)


def test_what_was_kept_is_shown_again_with_the_same_numbers() -> None:
    bot: Any = Bot(ANSWER)
    last = steps(ANSWER)[-1]
    kept = {"number": 3, "wish": {"question": "How large?"}, "answer": last["answer"], "suggestions": []}
    assert ask._restored(bot, [kept], EN) == {
        "turns": [{"number": 3, "state": "done", "talk": last["talk"], "sheet": last["sheet"]}]
    }


def test_a_kept_conversation_is_shown_in_the_words_of_the_page() -> None:
    bot: Any = Bot(ANSWER)
    kept = [{"number": 1, "wish": {"question": "How large?"}, "answer": to_json(ANSWER)}]
    kept.append({"number": 2, "wish": {"question": "And then?"}})
    first, second = ask._restored(bot, kept, strings("zh-Hant"))["turns"]
    assert "截至2021年4月10日 · 檢索了412篇文章" in Elements(first["talk"]).text
    assert "這個問題還沒有得到回答。" in second["talk"]


@pytest.mark.parametrize(
    "sent",
    [
        "no list",
        [{"number": 1}],
        [{"number": 1, "wish": {"question": "?", "languages": ["xx"]}}],
        [{"number": 1, "wish": {"question": "?", "since": "<b>"}}],
        [{"number": "<b>", "wish": {"question": "?"}}],
        [{"number": 1, "wish": {"question": "?"}, "answer": {"question": "?"}}],
    ],
)
def test_what_a_browser_sends_is_not_trusted(sent: object) -> None:
    with pytest.raises(InputError, match="Start a new conversation"):
        read(tuple[Kept, ...], sent)
    bot: Any = Bot(ANSWER)
    assert list(ask._safely(lambda: ask._restored(bot, sent, EN), EN)) == ["error"]


def test_filters_and_earlier_turns_go_to_the_engine() -> None:
    bot: Any = Bot(ANSWER)
    wish = {"question": "Why?", "since": "2021-01-01", "languages": ["en"], "answer_language": "zh-Hant-HK"}
    history = [{"question": "How large?", "answer": ANSWER.answer}]
    list(ask.asked(bot, {"number": 2, "wish": {**wish, "read_dates": False}, "history": history}, EN))
    filters = {"since": date(2021, 1, 1), "languages": ("en",), "answer_language": "zh-Hant-HK", "read_dates": False}
    filters["read_sources"] = True
    assert bot.heard == ("Why?", (Turn("How large?", ANSWER.answer),), filters)


def test_an_error_is_a_calm_line_that_says_what_to_do() -> None:
    (step,) = steps(InputError("The question has 9,999 characters.", hint="At most 2,000 are read."))
    assert step["state"] == "failed"
    assert EN("failed") in step["talk"]
    assert "The question has 9,999 characters. At most 2,000 are read." in step["talk"]


def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    (step,) = steps(RuntimeError("secret path /srv"))
    assert EN("failed_more") in step["talk"]
    assert "secret" not in step["talk"]
    assert "secret path" in str(caplog.records[0].exc_info)


def test_a_removed_article_still_leaves_its_quotation() -> None:
    gone = replace(ANSWER, citations=tuple(replace(each, article_id="gone") for each in ANSWER.citations))
    assert "<mark>The fine was large.</mark>" in steps(gone)[-1]["sheet"]


def test_a_refusal_with_filters_offers_to_search_without_them() -> None:
    assert [EN("search_everything") in shown(REFUSAL, **wish).talk for wish in ({}, {"languages": ("en",)})] == [
        False, True
    ]  # fmt: skip


def test_a_refusal_within_an_implied_window_offers_all_dates() -> None:
    refusal = replace(REFUSAL, searched=Searched(9, FIRST, LAST, implied="last month"))
    wider = '<button type="button" class="wider" data-dates>Search all dates</button>'
    assert [wider in shown(each).talk for each in (REFUSAL, refusal)] == [False, True]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize(
    ("language", "searched", "drop", "chip"),
    [
        pytest.param(
            "en",
            Searched(9, sources=("Example Post",), implied_sources="according to the Example Post"),
            "any-source",
            "“according to the Example Post”: Example Post",
            id="en",
        ),
        pytest.param(
            "zh-Hans",
            Searched(9, languages=("zh-Hans", "zh-Hant"), implied_languages="中文媒体"),
            "any-language",
            "“中文媒体”：简体、繁體",
            id="zh-Hans",
        ),
        pytest.param(
            "zh-Hant",
            Searched(9, sources=("範例報",), implied_sources="據範例報報導"),
            "any-source",
            "「據範例報報導」：範例報",
            id="zh-Hant",
        ),
    ],
)
def test_implied_outlets_and_languages_show_their_words_and_can_be_dropped(
    reply: Answer, language: Language, searched: Searched, drop: str, chip: str
) -> None:
    talk = shown(replace(reply, searched=searched), text=strings(language)).talk
    assert part(talk, "implied") == chip
    assert f'<button type="button" class="{drop}"' in talk
    again = strings(language)("search_all_origins")
    assert (again in talk) is reply.abstained
    assert ("简体" in part(talk, "foot")) is (reply.abstained and not searched.implied_languages)


def test_an_answer_that_dropped_what_was_implied_says_so() -> None:
    assert "all outlets and languages" in part(shown(read_sources=False).talk, "foot")
    kept = shown(read_sources=False, languages=("en",))
    assert "all outlets and languages" not in part(kept.talk, "foot")


@pytest.mark.parametrize(
    ("language", "reason", "headings"),
    [
        ("en", "outside_window", ["Nearest beyond these dates", "Nearest of those searched"]),
        ("zh-Hans", "outside_window", ["这段时间之外最接近的文章", "检索范围内相近的文章"]),
        ("zh-Hant", "no_evidence", ["檢索範圍之外最接近的文章", "檢索範圍內相近的文章"]),
    ],
)
def test_a_refusal_lists_what_lies_nearest_beyond_what_was_searched(
    language: Language, reason: Reason, headings: list[str]
) -> None:
    beyond = Related("alipay-hant", HANT.title, HANT.source, HANT.published, "zh-Hant")
    talk = shown(replace(REFUSAL, reason=reason, outside=(beyond,)), text=strings(language)).talk
    assert re.findall("<h3>(.*?)</h3>", talk) == headings
    assert talk.index("alipay-hant") < talk.index("fine-en")


def test_the_library_names_its_outlets_most_first() -> None:
    bot: Any = Bot(ANSWER)
    library = ask._library(bot, EN)
    assert library["count"] == "2 articles"
    assert Elements(library["sources"]).values("value") == ["範例報", "Example Post"]


def test_a_verdict_goes_to_the_engine_with_its_answer() -> None:
    bot: Any = Bot(ANSWER)
    sent = {"answer": to_json(ANSWER), "verdict": "wrong_citation", "note": "Odd.", "citation": 2}
    request = Request({"type": "http", "regbrief.noted": {}})
    assert ask._judged(bot, read(ask.Judged, sent), request) == {}
    assert bot.judged == (ANSWER, "wrong_citation", "Odd.", 2)
    assert request.scope["regbrief.noted"] == {"feedback": "wrong_citation"}


# ---- reading ----


def test_a_reader_marks_all_quotations_of_its_article() -> None:
    quote, end = ENGLISH.body.index("The fine"), ENGLISH.body.index(" It will")
    places = [Place(2, quote, end), Place(5, end + 1, end + 16)]
    assert list(reading.paragraphs(ENGLISH, places)) == [
        Paragraph((Piece("Regulators acted."),)),
        Paragraph(
            (
                Piece("On Saturday they fined Alibaba. "),
                Piece("The fine was large.", (2,), first=True, last=True),
                Piece(" "),
                Piece("It will comply.", (5,), first=True, last=True),
            )
        ),
        Paragraph((Piece("The end."),)),
    ]


def test_quotations_that_overlap_are_cut_where_one_ends() -> None:
    pieces = next(reading.paragraphs(replace(ENGLISH, body="abcdef"), [Place(1, 0, 4), Place(2, 2, 6)])).pieces
    assert [(each.text, each.numbers) for each in pieces] == [("ab", (1,)), ("cd", (1, 2)), ("ef", (2,))]


def test_a_reader_says_where_each_page_of_a_document_begins() -> None:
    paged = replace(ENGLISH, body="One.\n\nTwo.\n\nThree.", pages=(0, 6))
    assert [each.page for each in reading.paragraphs(paged, [])] == [1, 2, None]


def test_neighbours_are_the_paragraphs_before_and_after() -> None:
    start = ENGLISH.body.index("The fine")
    assert evidence.neighbours(ENGLISH, start, start + 19) == Excerpt(
        "Regulators acted.\n\nOn Saturday they fined Alibaba. ", "The fine was large.", " It will comply.\n\nThe end."
    )


@pytest.mark.parametrize(
    ("title", "language", "other"),
    [
        ("Alipay to be split", "en", None),
        ("支付宝须分拆", "zh-Hans", "支付寶須分拆"),
        ("支付寶須分拆", "zh-Hant", "支付宝须分拆"),
        ("中文", "zh-Hans", None),
    ],
)
def test_a_chinese_title_has_the_other_script_at_hand(title: str, language: Language, other: str | None) -> None:
    assert other_script(title, language) == other


def test_reports_that_differ_stand_side_by_side() -> None:
    sides = [
        {"value": "18.2", "quote": "A.", "source": "One", "published": "2021-04-10", "language": "en"},
        {"value": "182億", "quote": "B。", "source": "二", "published": None, "language": "zh-Hant"},
    ]
    sheet = shown(replace(ANSWER, conflicts=({"unit": "CNY", "sides": sides},))).sheet
    words = " ".join(Elements(sheet).text.split())
    assert "Reports differ 18.2 A. One · 10 April 2021 182億 B。 二 · undated" in words


@pytest.mark.parametrize(("score", "words"), [(0.9, "strong match"), (0.3, "good match"), (0.1, "weak match")])
def test_a_score_is_told_in_words(score: float, words: str) -> None:
    assert EN.score(score) == words


# ---- on one port ----


@pytest.fixture(scope="module")
def client() -> TestClient:
    bot: Any = Bot(ANSWER)
    return TestClient(page.mount(create_app(bot), bot))


def test_the_root_leads_to_the_page_in_the_browsers_language(client: TestClient) -> None:
    response = client.get("/?x=1", headers={"Accept-Language": "zh-HK"}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "zh-Hant/?x=1")
    assert response.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_page_and_speaks_only_of_itself(client: TestClient, language: Language) -> None:
    response = client.get(f"/{language}")
    assert response.status_code == 200
    assert response.url.path == f"/{language}/"
    assert f'lang="{language}"' in response.text
    assert strings(language)("promise") in response.text
    assert not re.search(r"og:|twitter:|githubusercontent|manifest.json", response.text)


def test_the_api_comes_before_the_page(client: TestClient) -> None:
    assert client.get("/api/v1/health").json() == {
        "status": "ok",
        "articles": 2,
        "unavailable": {},
        "version": release(),
    }
    assert client.get("/api/docs").status_code == 200
    assert client.get("/nowhere").json()["error"]["code"] == "http_error"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/en/gradio_api/upload"),
        ("GET", "/en/gradio_api/file=/etc/passwd"),
        ("GET", "/en/gradio_api/proxy=https://example.org"),
        ("POST", "/zh-Hant/gradio_api/call/ask"),
        ("GET", "/zh-Hans/monitoring"),
    ],
)
def test_doors_of_gradio_that_the_page_does_not_need_are_closed(client: TestClient, method: str, path: str) -> None:
    assert client.request(method, path).status_code == 404


def test_a_browser_that_has_lost_the_server_can_ask_whether_it_is_back(client: TestClient) -> None:
    assert client.get("/en/gradio_api/app_id").status_code == 200


@pytest.mark.parametrize(("queue", "most"), [(5, 5), (0, 1)], ids=["some", "none"])
def test_so_many_questions_wait_as_the_settings_say(queue: int, most: int) -> None:
    bot: Any = Bot(ANSWER)
    bot.settings = Settings(queue=queue)

    async def laid_out() -> Any:  # outside of an event loop, Gradio makes one and never closes it
        return page.page(bot, EN, Turns(1, queue=queue))

    assert asyncio.run(laid_out())._queue.max_size == most


def test_gradio_offers_no_endpoints_of_its_own(client: TestClient) -> None:
    assert client.get("/en/gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_the_server_starts_where_no_extra_is_installed() -> None:
    code = (
        "import sys\n"
        "for extra in ('scipy', 'ir_measures', 'mcp', 'opentelemetry.sdk', 'torch', 'xllamacpp'):\n"
        "    sys.modules[extra] = None\n"
        "import bot.serve.app, bot.ui.page\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", "The question is empty. Ask something."),
        ("zh-Hans", "问题是空的。请输入问题。"),
        ("zh-Hant", "問題是空的。請輸入問題。"),
    ],
)
def test_what_is_wrong_is_said_in_the_readers_language(language: Language, reason: str) -> None:
    error = InputError("The question is empty.", hint="Ask something.", case="empty_question")
    shown = turns.failed("?", error, number=1, text=strings(language))
    assert f'<p class="reason">{reason}</p>' in shown.talk
