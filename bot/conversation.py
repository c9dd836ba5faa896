"""Follow-up questions made complete by rule, in English and Chinese: what is searched must say what it is about.

A question that names its own subject is left as it is. Else the last question lends what is missing: a name for a
pronoun, its words for `And Meta?` or `Why?`; where no rule fits it stands in front, as people do who ask two things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.glossary import Entity
from bot.records import Language

TURNS, LONGEST, ANSWER = 6, 500, 4_000
"""Turns that are read, and characters: a longer question is taken for complete, a longer answer is cut."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation and what was answered."""

    question: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in a text, an article before it included; `key` is the same for all names of a thing."""

    start: int
    end: int
    text: str
    kind: str
    key: str
    entity: Entity | None = None


@dataclass(frozen=True, slots=True)
class _Before:
    """What the follow-up may lean on; `language` is that of the follow-up, `foreign` where the last question's differs."""

    question: str
    names: list[_Name]
    answered: list[_Name]
    language: Language
    foreign: bool

    @property
    def stem(self) -> str:
        return self.question.rstrip(" ?？.。!！")


# --- words; Chinese ones are compared simplified -------------------------------------------------------------------

_I = re.IGNORECASE
_PLACES = """China|Chinese|中国|大陆;Hong Kong|香港;Macau|澳门;Taiwan|Taiwanese|台湾;Europe|European|欧洲
UK|U\\.K\\.|Britain|British|United Kingdom|英国;US|U\\.S\\.|USA|United States|America|American|美国;Japan|Japanese|日本
South Korea|Korea|Korean|韩国|南韩;India|Indian|印度;Australia|Australian|澳大利亚|澳洲;Canada|Canadian|加拿大;Brazil|Brazilian|巴西
France|French|法国;Germany|German|德国;Italy|Italian|意大利|义大利;Ireland|Irish|爱尔兰;Netherlands|Dutch|荷兰;Spain|Spanish|西班牙
Luxembourg|卢森堡;Singapore|新加坡;Turkey|Turkish|土耳其;New Zealand|新西兰|纽西兰;Texas|德州;California|加州;Vietnam|越南"""
_PLACE_KEYS = {
    form.replace("\\", ""): entry.split("|")[0] for entry in re.split(r"[;\n]", _PLACES) for form in entry.split("|")
}
_PLACE = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(sorted(map(re.escape, _PLACE_KEYS), key=len, reverse=True))})(?![A-Za-z])"
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_STRANGER = re.compile(
    rf"\b(?!(?:{_MONTHS})\b)[A-Z][\w&-]*[a-z][\w&-]*(?: [A-Z][a-z][\w&-]*)*"
)  # a name not in the glossary
_TIME = re.compile(
    r"(?:\b(?:in|since|during|by|until|before|after|for|from|on) )?"
    rf"(?:\b(?:early |late |(?:{_MONTHS}) (?:\d\d?,? )?)?(?:19|20)\d\d\b(?!年)|\b(?:last|this) (?:year|month|week)\b)"
    r"|(?:19|20)\d\d年(?:\d\d?月)?(?:\d\d?[日号])?(?:[上下]半年)?|[去今前]年|[上这]个?[月周]",
    _I,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHIFTS = {
    -1: r"\b(?:in )?the (?:year before|previous year)(?=\W*$)|前一年|上一年",
    1: r"\b(?:in )?the (?:year after|following year|next year)(?=\W*$)|次年|后一年|第二年",
    0: r"\b(?:in )?(?:that|the same) year\b|那一?年|当年|同年",
}
_COMPANY, _AUTHORITY, _LAW = (
    "company|firm|group|platform",
    "regulator|agency|authority|watchdog",
    "law|act|regulation|bill",
)
_DESCRIPTION = (
    rf"\b(?:the|this|that) (?:(?P<company>{_COMPANY})|(?P<regulator>{_AUTHORITY})|(?P<law>{_LAW})|(?P<case>case|lawsuit))"
    r"\b(?! (?:that|which|on|of|in|for|behind)\b)"
)
_PRONOUN = {
    "en": re.compile(rf"\b(?P<their>its|their|his)\b|\b(?P<it>it|they|them|he|she|him|her)\b|{_DESCRIPTION}", _I),
    "zh": re.compile(
        r"(?P<it>(?<!其)[它牠]们?|(?<![其吉维])他们?(?![人国方])|她们?|(?<![尤与])其(?![他它她中实余次间]))"
        r"|(?:这家|该|那家|这间)(?P<company>公司|企业|平台|集团)|该(?P<regulator>机构|部门|监管机构)"
        r"|(?:[该此]|这[部项个])(?P<law>法案?|法律|条例)|(?:[该此]|这个)(?P<case>案子?|案件)"
    ),
}
_EMPTY_IT = re.compile(r"\bit (?:is |was |be )?(?:true|legal|illegal|possible|likely|clear|safe|take (?!effect))", _I)
_OBJECT = {
    "en": re.compile(
        r"(?<!did )(?<!does )(?<!do )(?<!was )(?<!were )\b(?:it|them|him|her)(?=\W*$|[,;]| (?:in|for|under|over)\b)", _I
    ),
    "zh": re.compile(r"(?<=[对罚给向让诉告封查止谈])[它他她]们?|[它他她]们?(?=\W*$)"),
}
_OWN = re.compile(
    r"\b(?:an?|each|every|any|no) \w+|\bthe \w+(?:-\w+)? (?:company|giant|maker|firm|group|app|platform)\b|公司|企业|平台|法院|政府",
    _I,
)
_POINTING = re.compile(
    r"\b(?:is|are|was|were|did|does|do|has|had|will|can|about|of|for|by|to|after|before|under|with|from) "
    r"(?:that|this|those|these)\b|\bdo(?:ne|es|ing)? so\b|(?<![因如彼])此(?!外)|这|该(?![如怎])|当时|上述|那[个笔项次部]",
    _I,
)
_ACTS = re.compile(
    r"\b(?:it|they) (?:also )?(?:fine|order|ban|investigate|approve|block)\b|[它他]们?[还又也会要]?(?:罚|处罚|调查|约谈|裁定|批准|禁止)",
    _I,
)
_ENACTED = re.compile(
    r"\b(?:effect|force|appl(?:y|ies)|passed|enacted|adopted|amended|require)\b|生效|施行|实施|适用|通过|修订|规定", _I
)
_LINK = {
    "en": re.compile(r"^(?:and|but|so|or|then|also|ok(?:ay)?)\b[, ]*(?:then )?", _I),
    "zh": re.compile(r"^(?:那么?|而|但是?|还有|另外|所以)(?![个笔项次部家些])[,，、 ]*"),
}
_ABOUT = {
    "en": re.compile(r"^(?:(?:and|but|so|ok(?:ay)?)\b,? *)?(?:what|how) about (?P<x>.+?)\W*$", _I),
    "zh": re.compile(r"^(?:那么?|而|但|还有)?[,，]?(?:换成|如果是|至于|在|对)?(?P<x>.+?)[呢哩][?？]?$"),
}
_VERBAL = re.compile(r"\b(?:wh\w+|how|is|are|was|were|do|does|did|has|have|had|will|would|can|could|should)\b", _I)
_ASKS = re.compile(r"\?|\b(?:wh\w+|how|more|explain|continue|go on)\b", _I)
_MORE = re.compile(r"^(?:tell|explain|go|continue|more|please)\b", _I)
_BARE = {
    "en": frozenset(
        [
            "a",
            "an",
            "the",
            "and",
            "but",
            "so",
            "or",
            "then",
            "also",
            "too",
            "else",
            "again",
            "still",
            "yet",
            "ever",
            "exactly",
            "what",
            "what's",
            "when",
            "where",
            "why",
            "who",
            "whom",
            "whose",
            "which",
            "how",
            "much",
            "many",
            "long",
            "often",
            "far",
            "big",
            "large",
            "high",
            "soon",
            "is",
            "are",
            "was",
            "were",
            "be",
            "been",
            "do",
            "does",
            "did",
            "has",
            "have",
            "had",
            "will",
            "would",
            "can",
            "could",
            "should",
            "must",
            "there",
            "any",
            "some",
            "other",
            "others",
            "more",
            "most",
            "next",
            "later",
            "after",
            "before",
            "since",
            "until",
            "first",
            "second",
            "third",
            "last",
            "latest",
            "final",
            "total",
            "same",
            "one",
            "ones",
            "fine",
            "fines",
            "fined",
            "penalty",
            "amount",
            "sum",
            "reason",
            "reasons",
            "result",
            "outcome",
            "happen",
            "happened",
            "happens",
            "start",
            "started",
            "begin",
            "end",
            "ended",
            "appeal",
            "appealed",
            "ruling",
            "ruled",
            "decision",
            "decided",
            "decide",
            "take",
            "took",
            "effect",
            "force",
            "come",
            "in",
            "on",
            "of",
            "by",
            "for",
            "to",
            "from",
            "at",
            "with",
            "over",
            "under",
            "about",
            "published",
            "announced",
            "announcement",
            "draft",
            "date",
            "day",
            "month",
            "year",
            "years",
            "deadline",
            "time",
            "case",
            "court",
            "say",
            "said",
            "respond",
            "responded",
            "response",
            "react",
            "comply",
            "pay",
            "paid",
            "details",
            "detail",
            "explain",
            "tell",
            "me",
            "us",
            "please",
            "go",
            "continue",
            "really",
            "true",
            "update",
            "updates",
            "changed",
            "change",
            "affected",
            "conditions",
            "exceptions",
        ]
    ),
    "zh": re.compile(
        """什么|甚么|时候|何时|为何|为啥|多少|多久|多大|多高|哪|谁|怎么样?|怎样|如何|几|原因|理由|结果|后来|然后|之后|最后|接下来|还|有没有
        |有|没|吗|呢|啊|的|了|是|在|被|要|会|能|可以|得|又|再|都|就|个|家|天|月|日|年|次|钱|元|因|为|罚款|罚金|金额|处罚|罚|上诉|生效|开始|结束|实施
        |施行|公布|宣布|通过|回应|判决?|裁定|决定|调查|理由|依据|具体|详细|说说|展开|继续|讲|一?下|其他|其它|别的|更多|细节|例外|条件|期限|截止|真|日期|时间|规定
        |请|那|么|到底|究竟|一|这?事|发生|影响|不""".replace("\n        ", "")
    ),
}
_ADVERB = {
    "en": re.compile(r"^(?:why|when|where|how|how much|how long|since when|on what grounds)$", _I),
    "zh": re.compile(r"^(?:为什么|为何|为啥|什么时候|甚么时候|何时|哪一?[年天]|怎么|如何)(?=的?$)"),
}
_WH = re.compile(
    r"^(?:(?:and|but) )?(?:(?:how much|why|when|where|how|how long|(?:in|on) (?:which|what) \w+) )?"
    r"(?=(?:did|does|do|has|have|will|must|can|should) \w|(?:was|were|is|are|be) .*(?:\w{2}ed|given|hit|told|sent|made)\b)",
    _I,
)
