"""A bot that answers a few questions by heart, hostile ones among them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from payloads import ADDRESSES, MARKUP

from bot.engine import Event
from bot.errors import InputError
from bot.glossary import Entity, Glossary
from bot.language import detect
from bot.records import Answer, Article, Citation, Claim, Hit, Related, Searched, Turn

HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    "${window.hacked=1}{{#each this}}{{/each}}@children"
)

ARTICLES = {
    each.id: each
    for each in (
        Article(
            "fine",
            "Alibaba fined 18.2 billion yuan",
            "Background.\n\nRegulators met on Friday. They fined Alibaba 18.228 billion yuan. It will comply.\n\n"
            + "More background. " * 30
            + "\n\nThe decision took effect at once.",
            "en",
            date(2021, 4, 10),
            "Example Post",
            "https://example.org/fine",
        ),
        Article(
            "didi",
            "滴滴被处罚款",
            "网信办对滴滴处以80.26亿元罚款。滴滴接受处罚。",
            "zh-Hans",
            date(2022, 7, 21),
            "示例报",
        ),
        Article(
            "alipay", "支付寶須分拆業務", "監管機構要求支付寶分拆小額貸款業務。", "zh-Hant", date(2021, 9, 14), "範例報"
        ),
        Article("hostile", HOSTILE, f"{HOSTILE} Quoted. {HOSTILE}", "en", None, HOSTILE, "javascript:window.hacked=1"),
    )
}

UNLISTED = {
    f"payload-{at}": Article(
        f"payload-{at}",
        each,
        f"Before {each}\n\n{each} Quoted. {each}\n\n{each}",
        "zh-Hans" if at % 3 else "en",
        None,
        each,
        ADDRESSES[at % len(ADDRESSES)],
        author=each,
    )
    for at, each in enumerate(MARKUP)
}
ESSAY = [f"Sentence {number} says something of its own." for number in range(1, 9)]
UNLISTED["essay"] = Article("essay", "An essay", " ".join(ESSAY), "en", date(2024, 1, 2), "Example Post")

KNOWN = {
    "essay": tuple(("essay", each) for each in ESSAY),
    "conflict": (("fine", "They fined Alibaba 18.228 billion yuan."),),
    "payloads": tuple((f"payload-{at}", f"{each} Quoted.") for at, each in enumerate(MARKUP)),
    "How much was Alibaba fined?": (
        ("fine", "They fined Alibaba 18.228 billion yuan."),
        ("fine", "The decision took effect at once."),
    ),
    "阿里巴巴被罰了多少錢？": (("fine", "They fined Alibaba 18.228 billion yuan."),),
    "How much was Didi fined?": (("didi", "网信办对滴滴处以80.26亿元罚款。"),),
    "How much was Alibaba fined last month?": (("fine", "They fined Alibaba 18.228 billion yuan."),),
    "How much was Didi fined, according to the Example Post?": (("didi", "网信办对滴滴处以80.26亿元罚款。"),),
    "滴滴为什么被罚款？": (("didi", "网信办对滴滴处以80.26亿元罚款。"),),
    "支付寶被要求做什麼？": (("alipay", "監管機構要求支付寶分拆小額貸款業務。"), ("fine", "It will comply.")),
    HOSTILE: (("hostile", f"{HOSTILE} Quoted."),),
}


SIDES: dict[str, list[dict[str, Any]]] = {
    "conflict": [
        {"value": "18.2 billion", "quote": "They fined Alibaba 18.228 billion yuan.", "source": "Example Post",
         "published": "2021-04-10", "language": "en"},
        {"value": "182億元", "quote": "罰款182億元。", "source": "範例報", "published": None, "language": "zh-Hant"},
    ],
    "payloads": [
        {"value": each, "quote": each, "source": each, "published": None, "language": "en"} for each in MARKUP[:9]
    ],
}  # fmt: skip


FROM = "according to the Example Post"
"""Words that imply an outlet, of which nothing is found."""

DIDI = ARTICLES["didi"]
BEYOND = Related(DIDI.id, DIDI.title, DIDI.source, DIDI.published, DIDI.language)

WRITTEN = 3
"""Claims of the essay that are written before the bot waits."""

LONGEST = 120
"""Seconds after which it waits no longer."""


class FakeBot:
    """Answers what is in KNOWN and refuses everything else; "error" raises.

    After `wait()`, "slow" is not answered, and "essay" not written to its end, before `go_on()`.

    "And Didi?" is the last question asked of Didi, and "last month" is October 2026, when nothing was published; nor
    has the Example Post anything, where a question implies it: "didi" is then what lies nearest beyond.
    "essay" is written a claim at a time, "payloads" cites every hostile article, and "conflict" tells two figures.
    Where a window, a language or an outlet is asked for, nothing is found. `asked` holds the filters of each question,
    `closed` the questions whose answers were broken off, and `judged` what readers say of answers.
    """

    settings = None
    glossary = Glossary([Entity("alibaba", "company", {"en": ("Alibaba",), "zh-Hant": ("阿里巴巴",)})])

    def __init__(self) -> None:
        self.settings = None
        self.listeners: list[Callable[[Answer], None]] = []
        self.library = SimpleNamespace(listeners=[], catalog=SimpleNamespace(shared=False))
        self.asked: list[dict[str, Any]] = []
        self.closed: list[str] = []
        self.judged: list[tuple[Any, ...]] = []
        self.going = threading.Event()
        self.going.set()

    def wait(self) -> None:
        self.going.clear()

    def go_on(self) -> None:
        self.going.set()

    def stream(self, question: str, *, history: Sequence[Turn] = (), **filters: Any) -> Iterator[Event]:
        yield Event("status", "searching")
        answer = self.ask(question, history=history, **filters)
        try:
            for at, claim in enumerate(answer.claims):
                time.sleep(0.25 if question.startswith("essay") else 0)
                if question == "essay" and at == WRITTEN:
                    self.going.wait(LONGEST)
                yield from (Event("citation", each) for each in answer.citations if each.number in claim.citations)
                yield Event("claim", claim)
        except GeneratorExit:
            self.closed.append(question)
            raise
        yield Event("done", answer)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        read_dates: bool = True,
        read_sources: bool = True,
        **filters: Any,
    ) -> Answer:
        self.asked.append(filters)
        if question == "error":
            raise InputError("The question is odd.", hint="Ask another one.")
        time.sleep(0.05)
        if question == "slow":
            self.going.wait(LONGEST)
        completed = question
        if question == "And Didi?" and history:
            completed = history[-1].question.replace("Alibaba", "Didi")
        searched = Searched(len(ARTICLES), question=completed)
        if "last month" in completed and read_dates:
            searched = Searched(0, date(2026, 10, 1), date(2026, 10, 31), question=completed, implied="last month")
        if FROM in completed and read_sources:
            searched = Searched(0, question=completed, sources=("Example Post",), implied_sources=FROM)
        narrow = {name for name in filters if name != "answer_language"}
        known = KNOWN.get(completed.split(" #")[0], ()) if searched.articles and not narrow else ()
        citations = tuple(_cite(*each, number) for number, each in enumerate(known, 1))
        near = ARTICLES["hostile" if "<" in question else "fine"]
        return Answer(
            question=question,
            language=detect(question),
            abstained=not citations,
            reason=None if citations else "outside_window" if searched.implied else "no_evidence",
            answer=" ".join(f"{each.quote} [{each.number}]" for each in citations),
            as_of=max((each.published for each in citations if each.published), default=None),
            claims=tuple(_claim(each, question) for each in citations),
            citations=citations,
            conflicts=({"unit": "CNY", "sides": SIDES[question]},) if question in SIDES else (),
            related=(Related(near.id, near.title, near.source, near.published, near.language, near.url),),
            searched=searched,
            answerer=HOSTILE if question == "payloads" else "extractive",
            notes=(HOSTILE,) if question == "payloads" else (),
            outside=() if searched.articles else (BEYOND,),
        )

    def article(self, article_id: str) -> Article:
        return {**ARTICLES, **UNLISTED}[article_id]

    def articles(self, **_: object) -> Iterator[Article]:
        return iter(ARTICLES.values())

    def unavailable(self) -> dict[str, str]:
        return {}

    def count(self, **_: object) -> int:
        return len(ARTICLES)

    def sources(self) -> dict[str, int]:
        return {"Example Post": 1, "示例报": 1, "範例報": 1, HOSTILE: 1}

    def search(self, question: str, **_: object) -> list[Hit]:
        fine = ARTICLES["fine"]
        if question not in KNOWN:
            return []
        hit = Hit(fine.id, 1, fine.body, 0, len(fine.body), 1.0, fine.title, fine.source, fine.published, "en")
        return [hit]

    def give_feedback(self, answer: Answer, verdict: str, *, note: str = "", citation: int | None = None) -> None:
        self.judged.append((answer.question, verdict, note, citation))


def _claim(citation: Citation, question: str) -> Claim:
    """Quote a citation; among payloads every other claim is written by a model that is no better than its sources."""
    if question != "payloads" or citation.number % 2:
        return Claim(citation.quote, (citation.number,))
    said = MARKUP[citation.number % len(MARKUP)]
    return Claim(said, (citation.number,), "unsupported", context=said, gloss=said)


def _cite(article_id: str, quote: str, number: int) -> Citation:
    article = {**ARTICLES, **UNLISTED}[article_id]
    start = article.body.index(quote)
    return Citation(
        number=number,
        article_id=article_id,
        title=article.title,
        source=article.source,
        url=article.url,
        published=article.published,
        language=article.language,
        quote=quote,
        start=start,
        end=start + len(quote),
        score=0.9,
    )
