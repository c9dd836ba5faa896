"""Answers written out: every quotation and link is there, and nothing that was read takes over."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date

import pytest

from bot.errors import InputError
from bot.records import Answer, AnswerLanguage, Citation, Claim, Searched, to_json
from bot.ui.export import FORMS, written

HOSTILE = "<script>x</script>\"'[a](javascript:x) *b* # `c` <img src=x onerror=x>"


def cite(number: int, quote: str, **fields: object) -> Citation:
    given = {"source": "Example Post", "url": "https://example.org/fine", "published": date(2021, 4, 10), **fields}
    return Citation(number, "fine", "Alibaba fined", language="en", quote=quote, start=0, end=1, score=0.9, **given)  # type: ignore[arg-type]


ANSWER = Answer(
    question="How large was the fine?",
    language="en",
    abstained=False,
    reason=None,
    answer="It was large. [1]",
    as_of=date(2021, 4, 10),
    claims=(Claim("It was large.", (1,), context="Example Post, 10 April: "), Claim("罚款很多。", (1, 2))),
    citations=(cite(1, "It was large."), cite(2, "罚款很多。", url="javascript:x", source="示例报", page=3)),
    conflicts=(),
    related=(),
    searched=Searched(2),
    answerer="extractive",
)


def test_text_has_the_claims_and_their_sources() -> None:
    assert written([ANSWER], "text", language="en").text == (
        "How large was the fine?\n\n"
        "Example Post, 10 April: It was large. [1]\n"
        "罚款很多。 [1][2]\n"
        "As of 10 April 2021.\n\n"
        "Sources\n"
        "[1] Alibaba fined · Example Post · 10 April 2021 https://example.org/fine\n"
        "    “It was large.”\n"
        "[2] Alibaba fined · 示例报 · 10 April 2021 · page 3\n"
        "    “罚款很多。”\n"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["As of 10 April 2021.", "Sources", "“It was large.”"]),
        ("zh-Hans", ["截至2021年4月10日。", "来源", "“It was large.”"]),
        ("zh-Hant", ["截至2021年4月10日。", "來源", "「It was large.」"]),
    ],
)
def test_the_words_around_are_in_the_readers_language(language: AnswerLanguage, words: list[str]) -> None:
    text = written([ANSWER], "text", language=language).text
    assert [word for word in words if word not in text] == []


def test_markdown_links_its_sources_and_quotes_them() -> None:
    text = written([ANSWER], "markdown", language="en").text
    assert (
        "- \\[1\\] [Alibaba fined](https://example.org/fine) · Example Post · 10 April 2021\n  > It was large." in text
    )
    assert "- \\[2\\] Alibaba fined · 示例报" in text


@pytest.mark.parametrize("form", ["html", "word"])
def test_pages_lead_from_each_claim_to_its_quotation(form: str) -> None:
    text = written([ANSWER, ANSWER], form, language="en").text
    assert text.startswith("<!doctype html>")
    links = re.findall(r'href="#([^"]+)"', text)
    assert links == ["source-1-1", "source-1-1", "source-1-2", "source-2-1", "source-2-1", "source-2-2"]
    assert [each for each in links if f'id="{each}"' not in text] == []
    assert text.count("<blockquote") == 4
    assert "javascript" not in text


def test_json_is_that_of_every_face() -> None:
    assert json.loads(written([ANSWER], "json", language="en").text) == [to_json(ANSWER)]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How much was Didi fined?", "how-much-was-didi-fined.md"),
        ("滴滴为什么被罚款？", "滴滴为什么被罚款.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("???", "regbrief.md"),
    ],
)
def test_a_file_is_named_after_the_question(question: str, name: str) -> None:
    assert written([replace(ANSWER, question=question)], "markdown", language="en").name == name


@pytest.mark.parametrize("form", ["html", "word", "markdown"])
def test_nothing_that_was_read_becomes_markup(form: str) -> None:
    hostile = replace(
        ANSWER,
        question=HOSTILE,
        claims=(Claim(HOSTILE, (1,), context=HOSTILE, gloss=HOSTILE),),
        citations=(replace(cite(1, HOSTILE, source=HOSTILE, url=f"https://x{HOSTILE}"), title=HOSTILE),),
        conflicts=({"sides": [{"value": HOSTILE, "source": HOSTILE}]},),
        notes=(HOSTILE,),
    )
    text = written([hostile], form, language="en").text
    assert not re.search(r"(?<!\\)<(?:script|img)", text)
    assert not re.search(r"(?<!\\)\]\(javascript" if form == "markdown" else r"href=\"javascript", text)


def test_a_refusal_says_what_it_said() -> None:
    refusal = replace(
        ANSWER, abstained=True, claims=(), citations=(), as_of=None, answer="No article here answers this."
    )
    assert (
        written([refusal], "text", language="en").text == "How large was the fine?\n\nNo article here answers this.\n"
    )


@pytest.mark.parametrize(("answers", "form"), [([ANSWER], "pdf"), ([], "json")])
def test_what_cannot_be_written_is_said(answers: list[Answer], form: str) -> None:
    with pytest.raises(InputError):
        written(answers, form, language="en")


def test_every_form_has_a_name_and_a_type() -> None:
    assert {written([ANSWER], form, language="en").media_type for form in FORMS} == {
        "text/plain", "text/markdown", "text/html", "application/msword", "application/json"
    }  # fmt: skip
