"""A bot that answers a few questions by heart, hostile ones among them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date

from bot.engine import Event
from bot.errors import InputError
from bot.language import detect
from bot.records import Answer, Article, Citation, Claim, Related, Searched, Turn

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

KNOWN = {
    "How much was Alibaba fined?": (
        ("fine", "They fined Alibaba 18.228 billion yuan."),
        ("fine", "The decision took effect at once."),
    ),
    "How much was Didi fined?": (("didi", "网信办对滴滴处以80.26亿元罚款。"),),
    "How much was Alibaba fined last month?": (("fine", "They fined Alibaba 18.228 billion yuan."),),
    "滴滴为什么被罚款？": (("didi", "网信办对滴滴处以80.26亿元罚款。"),),
    "支付寶被要求做什麼？": (("alipay", "監管機構要求支付寶分拆小額貸款業務。"), ("fine", "It will comply.")),
    HOSTILE: (("hostile", f"{HOSTILE} Quoted."),),
}


class FakeBot:
    """Answers what is in KNOWN and refuses everything else; "slow" takes its time, "error" raises.

    "And Didi?" is the last question asked of Didi, and "last month" is October 2026, when nothing was published.
    """

    def stream(self, question: str, *, history: Sequence[Turn] = (), read_dates: bool = True) -> Iterator[Event]:
        yield Event("status", "searching")
        answer = self.ask(question, history=history, read_dates=read_dates)
        yield from (Event("citation", each) for each in answer.citations)
        yield from (Event("claim", each) for each in answer.claims)
        yield Event("done", answer)

    def ask(self, question: str, *, history: Sequence[Turn] = (), read_dates: bool = True) -> Answer:
        if question == "error":
            raise InputError("The question is odd.", hint="Ask another one.")
        time.sleep(1.5 if question == "slow" else 0.05)
        completed = question
        if question == "And Didi?" and history:
            completed = history[-1].question.replace("Alibaba", "Didi")
        searched = Searched(len(ARTICLES), question=completed)
        if "last month" in completed and read_dates:
            searched = Searched(0, date(2026, 10, 1), date(2026, 10, 31), question=completed, implied="last month")
        known = KNOWN.get(completed, ()) if searched.articles else ()
        citations = tuple(_cite(*each, number) for number, each in enumerate(known, 1))
        near = ARTICLES["hostile" if "<" in question else "fine"]
        return Answer(
            question=question,
            language=detect(question),
            abstained=not citations,
            reason=None if citations else "no_evidence" if searched.articles else "outside_window",
            answer=" ".join(f"{each.quote} [{each.number}]" for each in citations),
            as_of=max((each.published for each in citations if each.published), default=None),
            claims=tuple(Claim(each.quote, (each.number,)) for each in citations),
            citations=citations,
            conflicts=(),
            related=(Related(near.id, near.title, near.source, near.published, near.language, near.url),),
            searched=searched,
            answerer="extractive",
        )

    def article(self, article_id: str) -> Article:
        return ARTICLES[article_id]

    def articles(self, **_: object) -> Iterator[Article]:
        return iter(ARTICLES.values())

    def count(self, **_: object) -> int:
        return len(ARTICLES)

    def sources(self) -> dict[str, int]:
        return {}


def _cite(article_id: str, quote: str, number: int) -> Citation:
    article = ARTICLES[article_id]
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
