"""What could be asked next: questions on what the cited and the nearest articles name, each of which can be answered.

No model writes them. Each has a form for its kind of name, and is kept only if the search finds a sentence that names
it and says what is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.engine import Regbrief
from bot.errors import NotFound
from bot.glossary import Entity, Kind
from bot.language import fold, plain
from bot.prompts import Said
from bot.records import Answer, Hit, Language
from bot.sentences import sentence_spans

LIMIT = 3
"""So many questions are suggested."""

TRIED = 10
"""So many are looked up at most; a search takes some milliseconds."""

READ = 1_200
"""Characters at the beginning of an article in which names are looked for."""


@dataclass(frozen=True, slots=True)
class Form:
    """A question on a name, and what a sentence has to say, beside the name, to answer it."""

    words: Said
    answers: re.Pattern[str]


_AMOUNT = r"(?:[\d.,]+ ?(?:million|billion|yuan|euros?|dollars|pounds|won|yen|[百千万亿]|元)|[€$£]\s?[\d.,]+)"
_FINED = re.compile(rf"(?:\bfine|\bpenalt|罚).*{_AMOUNT}|{_AMOUNT}.*(?:\bfine|\bpenalt|罚)")
_DAY = r"(?:\b\d{1,2} [a-z]+ 20\d\d|\b[a-z]+ \d{1,2}, 20\d\d|\d+月\d+日|20\d\d年)"

FORMS: dict[Kind, tuple[Form, ...]] = {
    "company": (
        Form(Said("How much was {name} fined?", "{name}被罚了多少钱？", "{name}被罰了多少錢？"), _FINED),
        Form(
            Said("What is {name} accused of?", "{name}被指控什么？", "{name}被指控什麼？"),
            re.compile(r"\baccus|\balleg|\bviolat|\bbreach|指控|涉嫌|违反"),
        ),
        Form(
            Said("What must {name} do?", "{name}必须做什么？", "{name}必須做什麼？"),
            re.compile(r"\bmust\b|\brequire|\bordered?\b|必须|须|责令|要求"),
        ),
    ),
    "law": (
        Form(
            Said("What does {name} require?", "{name}要求什么？", "{name}要求什麼？"),
            re.compile(r"\brequire|\bmust\b|\boblig|必须|须|应当|要求|义务"),
        ),
        Form(
            Said("When did {name} take effect?", "{name}何时生效？", "{name}何時生效？"),
            re.compile(
                rf"(?:\beffect\b|\bforce\b|生效|施行|实施).*{_DAY}|{_DAY}.*(?:\beffect\b|\bforce\b|生效|施行|实施)"
            ),
        ),
    ),
    "regulator": (
        Form(
            Said("Whom has {name} fined?", "{name}处罚了谁？", "{name}處罰了誰？"),
            re.compile(r"\bfined\b|\bpenalt|罚"),
        ),
        Form(
            Said("What is {name} investigating?", "{name}在调查什么？", "{name}在調查什麼？"),
            re.compile(r"\binvestigat|\bprobe|调查"),
        ),
    ),
    "case": (
        Form(
            Said("How was {name} decided?", "{name}如何判决？", "{name}如何判決？"),
            re.compile(r"\bruled?\b|\bdecid|\bjudg|\bcourt|判|裁"),
        ),
    ),
    "person": (
        Form(
            Said("What did {name} say?", "{name}说了什么？", "{name}說了什麼？"),
            re.compile(r"\bsaid\b|\bsays\b|表示|[说称]"),
        ),
    ),
}


def suggestions(bot: Regbrief, answer: Answer, *, earlier: Sequence[str] = (), **filters: Any) -> tuple[str, ...]:
    """Return what could be asked after an answer or a refusal, in its language; of `earlier` questions none again.

    `filters` are those of `Regbrief.search`.
    """
    language = plain(answer.language)
    asked = [answer.question, answer.searched.question, *earlier]
    found: list[str] = []
    used: Counter[str] = Counter()
    for tried, (entity, form) in enumerate(_candidates(bot, answer, asked)):
        if tried == TRIED or len(found) == LIMIT:
            break
        question = form.words[language].format(name=_named(entity, language))
        question = question[:1].upper() + question[1:]
        if used[entity.id] or question in asked:
            continue
        if any(_answers(bot, hit, entity, form) for hit in bot.search(question, limit=3, **filters)):
            found.append(question)
            used[entity.id] += 1
    return tuple(found)


def _candidates(bot: Regbrief, answer: Answer, asked: Sequence[str]) -> Iterator[tuple[Entity, Form]]:
    """Yield names with the forms that fit them: what is new first, each name once before any comes twice."""
    known = {each.entity.id for question in asked for each in bot.glossary.find(question)}
    entities = sorted(_entities(bot, answer), key=lambda each: each.id in known)
    for turn in range(max(map(len, FORMS.values()))):
        for entity in entities:
            forms = FORMS.get(entity.kind, ())
            if turn < len(forms) and not _asks(asked, entity, forms[turn], bot):
                yield entity, forms[turn]


def _entities(bot: Regbrief, answer: Answer) -> list[Entity]:
    """Return the names in the cited and the nearest articles, those in most of them first."""
    often: Counter[str] = Counter()
    entities: dict[str, Entity] = {}
    cited, near = [each.article_id for each in answer.citations], [each.article_id for each in answer.related]
    for article_id in dict.fromkeys(cited + near):
        try:
            article = bot.article(article_id)
        except NotFound:
            continue
        mentions = bot.glossary.find(f"{article.title}\n{article.body[:READ]}")
        clear = {each.entity.id: each.entity for each in mentions if not each.ambiguous}
        often.update(clear.keys())
        entities |= clear
    return [entities[each] for each, _ in often.most_common()]


def _asks(asked: Sequence[str], entity: Entity, form: Form, bot: Regbrief) -> bool:
    """Whether a question was asked before, in other words."""
    return any(
        form.answers.search(fold(question)) and any(each.entity == entity for each in bot.glossary.find(question))
        for question in asked
    )


def _answers(bot: Regbrief, hit: Hit, entity: Entity, form: Form) -> bool:
    """Whether a passage has a sentence that names the entity, or stands under a title that does, and answers."""
    titled = any(each.entity == entity for each in bot.glossary.find(hit.title))
    sentences = [hit.text[start:end] for start, end in sentence_spans(hit.text)]
    said = [each for each in sentences if form.answers.search(fold(each))]
    return any(titled or any(name.entity == entity for name in bot.glossary.find(each)) for each in said)


def _named(entity: Entity, language: Language) -> str:
    """Return the usual name, with its article where English has one."""
    name = next(iter(entity.names.get(language, ()) or next(iter(entity.names.values()))))
    article = language == "en" and entity.kind in ("regulator", "law") and (" " in name or name.isupper())
    return f"the {name}" if article and not name.startswith("The ") else name
