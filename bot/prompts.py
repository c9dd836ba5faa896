"""What Regbrief itself says to a reader, in English and both Chinese scripts side by side.

What it says to a language model is in `bot.instructions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.errors import Fault
from bot.index import Half
from bot.language import plain, render
from bot.records import AnswerLanguage, Language, Reason, Related, Report, Searched


@dataclass(frozen=True, slots=True)
class Said:
    """Words in English, 简体, and 繁體 as Taiwan writes it, of which Hong Kong's form is made: `SAID[language]`."""

    english: str
    simplified: str
    traditional: str

    def __getitem__(self, language: AnswerLanguage) -> str:
        if language == "en":
            return self.english
        if language == "zh-Hans":
            return self.simplified
        return render(self.traditional, language) if language == "zh-Hant-HK" else self.traditional


REFUSAL: dict[Reason, Said] = {
    "no_evidence": Said(
        "No article here answers this.",
        "这里没有文章能回答这个问题。",
        "這裡沒有文章能回答這個問題。",
    ),
    "outside_window": Said(
        "No article in this window answers this, but the library has something outside it.",
        "所选时间范围内没有文章能回答这个问题，但范围之外有相关内容。",
        "所選時間範圍內沒有文章能回答這個問題，但範圍之外有相關內容。",
    ),
    "empty_library": Said(
        "The library is empty: run `regbrief ingest` first.",
        "资料库还是空的：请先运行 `regbrief ingest`。",
        "資料庫還是空的：請先執行 `regbrief ingest`。",
    ),
}

SEARCHED = Said(
    "Searched: {articles} {noun}{outlets}{window}, {languages}.",
    "检索范围：{articles}篇文章{outlets}{window}，{languages}。",
    "檢索範圍：{articles}篇文章{outlets}{window}，{languages}。",
)

FROM = Said(
    " from {outlets}",
    "（来源：{outlets}）",
    "（來源：{outlets}）",
)

WINDOW = Said(
    " published {since} to {until}",
    "（发布于{since}至{until}）",
    "（發布於{since}至{until}）",
)

OPEN_END: dict[Language, tuple[str, str]] = {
    "en": ("any date", "today"),
    "zh-Hans": ("最早", "今天"),
    "zh-Hant": ("最早", "今天"),
}

LANGUAGE_NAMES: dict[Language, Said] = {
    "en": Said("English", "英文", "英文"),
    "zh-Hans": Said("Simplified Chinese", "简体中文", "簡體中文"),
    "zh-Hant": Said("Traditional Chinese", "繁体中文", "繁體中文"),
}

NEAREST = Said(
    "Nearest article: “{title}” ({source}, {published}).",
    "最接近的文章：《{title}》（{source}，{published}）。",
    "最接近的文章：《{title}》（{source}，{published}）。",
)

OUTSIDE = Said(
    "Outside of that, the nearest is “{title}” ({source}, {published}).",
    "此范围之外最接近的文章：《{title}》（{source}，{published}）。",
    "此範圍之外最接近的文章：《{title}》（{source}，{published}）。",
)

UNCOVERED: dict[Reason, Said] = {
    "no_evidence": Said(
        "No article here is about this.",
        "这里没有关于这个题目的文章。",
        "這裡沒有關於這個題目的文章。",
    ),
    "outside_window": Said(
        "No article in this window is about this, but the library has something outside it.",
        "所选时间范围内没有这方面的文章，但范围之外有相关内容。",
        "所選時間範圍內沒有這方面的文章，但範圍之外有相關內容。",
    ),
    "empty_library": REFUSAL["empty_library"],
}

DISPUTED = Said(
    "Reports differ: {sides}.",
    "各方说法不一：{sides}。",
    "各方說法不一：{sides}。",
)

Untold = Literal["no_line", "no_date"]
"""Why nothing can be told of the articles that are there."""

Told = Literal["stories", "events"]
"""What a briefing and a timeline tell."""

UNTOLD: dict[Untold, Said] = {
    "no_line": Said(
        "No sentence here can be quoted by itself.",
        "这里没有可以单独引用的句子。",
        "這裡沒有可以單獨引用的句子。",
    ),
    "no_date": Said(
        "The articles on this give no dates.",
        "这方面的文章没有给出日期。",
        "這方面的文章沒有給出日期。",
    ),
}

UNDER_HEADLINE = Said(
    "“{headline}”: ",
    "“{headline}”：",
    "「{headline}」：",
)

ALSO_REPORTED = Said(
    "Also reported by {outlets}",
    "另有报道：{outlets}",
    "另有報導：{outlets}",
)

COPY = Said("{outlet} (copy)", "{outlet}（转载）", "{outlet}（轉載）")

SAID_ON = Said(
    "{outlet}, {day}: ",
    "{outlet}，{day}：",
    "{outlet}，{day}：",
)

GLOSS = Said(" ({names})", "（{names}）", "（{names}）")

GLOSSED = Said("{theirs}: {ours}", "{theirs}：{ours}", "{theirs}：{ours}")

DAY = Said(
    "{0.day} {0:%B} {0.year}",
    "{0.year}年{0.month}月{0.day}日",
    "{0.year}年{0.month}月{0.day}日",
)

UNNAMED = Said("Report", "报道", "報導")

UNDATED = Said("undated", "无日期", "無日期")


FAULTS: dict[Fault, Said] = {
    "timeout": Said(
        "the language model took too long",
        "语言模型没有及时回应",
        "語言模型沒有及時回應",
    ),
    "unreachable": Said(
        "the language model could not be reached",
        "无法连接语言模型",
        "無法連接語言模型",
    ),
    "busy": Said(
        "the language model is busy",
        "语言模型繁忙",
        "語言模型繁忙",
    ),
    "server": Said(
        "the language model failed",
        "语言模型出错",
        "語言模型出錯",
    ),
    "refused": Said(
        "the language model refused the request",
        "语言模型拒绝了请求",
        "語言模型拒絕了請求",
    ),
    "malformed": Said(
        "the language model's reply could not be read",
        "语言模型的回复无法读取",
        "語言模型的回覆無法讀取",
    ),
    "empty": Said(
        "the language model wrote nothing",
        "语言模型没有写出内容",
        "語言模型沒有寫出內容",
    ),
    "repetition": Said(
        "the language model kept repeating itself",
        "语言模型不断重复",
        "語言模型不斷重複",
    ),
    "too_long": Said(
        "the sources are too long for the language model",
        "资料超出了语言模型的长度",
        "資料超出了語言模型的長度",
    ),
    "unproved": Said(
        "nothing that the language model wrote could be proved from the articles",
        "语言模型所写的内容都无法用文章证实",
        "語言模型所寫的內容都無法用文章證實",
    ),
}

QUOTED = Said(
    "Quoted from the articles, as {fault}.",
    "{fault}，以下直接引用文章。",
    "{fault}，以下直接引用文章。",
)

BROKEN_OFF = Said(
    "The answer broke off, as {fault}; the rest is quoted from the articles.",
    "{fault}，回答中断；其余直接引用文章。",
    "{fault}，回答中斷；其餘直接引用文章。",
)

QUOTED_STORIES = Said(
    "Quoted from the articles, as {fault}: {some} of {all} stories.",
    "{fault}，{all}个事件中有{some}个直接引用文章。",
    "{fault}，{all}個事件中有{some}個直接引用文章。",
)

QUOTED_EVENTS = Said(
    "Quoted from the articles, as {fault}: {some} of {all} events.",
    "{fault}，{all}项中有{some}项直接引用文章。",
    "{fault}，{all}項中有{some}項直接引用文章。",
)

UNSUPPORTED = Said(
    " (not confirmed by the quotation)",
    "（引文未能证实）",
    "（引文未能證實）",
)

GAP = Said(
    "The articles found do not answer every part of the question.",
    "找到的文章没有回答问题的全部内容。",
    "找到的文章沒有回答問題的全部內容。",
)


LOST: Mapping[Half, Said] = {
    "dense": Said(
        "Search by meaning does not answer now: this rests only on passages that share words with the question.",
        "目前无法按语义检索：这里只依据与问题用词相同的段落。",
        "目前無法依語意檢索：這裡只依據與問題用詞相同的段落。",
    ),
    "keywords": Said(
        "Search by words does not answer now: this rests only on passages that are near in meaning.",
        "目前无法按词语检索：这里只依据语义相近的段落。",
        "目前無法依詞語檢索：這裡只依據語意相近的段落。",
    ),
}
"""That one half of the search is missing."""


def said_on(language: AnswerLanguage, outlet: str, published: date) -> str:
    """Say who wrote on which day, to stand before a sentence that leans on it."""
    day = DAY[language].format(published)
    return SAID_ON[language].format(outlet=outlet or UNNAMED[language], day=day)


def gloss(language: AnswerLanguage, names: Mapping[str, str]) -> str:
    """Say what a quotation's names are in the reader's language; nothing if there are none."""
    pairs = [GLOSSED[language].format(theirs=theirs, ours=ours) for theirs, ours in names.items()]
    return GLOSS[language].format(names=("; " if language == "en" else "；").join(pairs)) if pairs else ""


def fallback(fault: Fault, language: AnswerLanguage, *, broken_off: bool) -> str:
    """Say why an answer, or the rest of it, is quoted and not written by the model."""
    return (BROKEN_OFF if broken_off else QUOTED)[language].format(fault=FAULTS[fault][language])


def quoted_parts(kind: Told, faults: Sequence[Fault], language: AnswerLanguage, *, some: int, of: int) -> str:
    """Say why so many stories of a briefing, or events of a timeline, are quoted and not written by the model."""
    said = (" and " if language == "en" else "，").join(FAULTS[each][language] for each in dict.fromkeys(faults))
    form = QUOTED if some == of else QUOTED_STORIES if kind == "stories" else QUOTED_EVENTS
    return form[language].format(fault=said, some=some, all=of)


def refusal(
    reason: Reason,
    language: AnswerLanguage,
    searched: Searched,
    nearest: Sequence[Related],
    outside: Sequence[Related] = (),
) -> str:
    """Say that nothing answers, what was searched, and which article comes nearest, in that and `outside` of it."""
    parts = [REFUSAL[reason][language]]
    if reason != "empty_library":
        parts.append(searched_in(language, searched))
    for said, near in ((OUTSIDE, outside), (NEAREST, nearest)):
        for each in near[:1]:
            published = each.published.isoformat() if each.published else UNDATED[language]
            parts.append(said[language].format(title=each.title, source=each.source or "–", published=published))
    return (" " if language == "en" else "").join(parts)


def under_headline(language: AnswerLanguage, headline: str) -> str:
    """Name the headline that a sentence stands under, to stand before one that says `the law`."""
    return UNDER_HEADLINE[language].format(headline=headline)


def uncovered(reason: Reason, language: AnswerLanguage, searched: Searched, *, but: Untold | None = None) -> str:
    """Say that no article is about a topic, or came out in a window, or why of those nothing is told."""
    parts = [UNTOLD[but][language] if but else UNCOVERED[reason][language]]
    if reason != "empty_library":
        parts.append(searched_in(language, searched))
    return (" " if language == "en" else "").join(parts)


def disputed(language: AnswerLanguage, sides: Sequence[str]) -> str:
    """Say that reports differ, and what each has, in its own words."""
    opening, closing = "「」" if plain(language) == "zh-Hant" else "“”"
    quoted = [f"{opening}{side}{closing}" for side in sides]
    return DISPUTED[language].format(sides=("; " if language == "en" else "；").join(quoted))


def also_reported(language: AnswerLanguage, reports: Sequence[Report]) -> str:
    """Name the outlets that told a story as well, each once, and mark those that only print a copy."""
    outlets: dict[str, bool] = {}
    for report in reports:
        outlet = report.source or report.title
        outlets[outlet] = outlets.get(outlet, True) and report.copy
    named = [COPY[language].format(outlet=outlet) if copy else outlet for outlet, copy in outlets.items()]
    return ALSO_REPORTED[language].format(outlets=(", " if language == "en" else "、").join(named))


def searched_in(language: AnswerLanguage, searched: Searched) -> str:
    """Say how many articles were searched, of which outlets, days and languages."""
    first, last = OPEN_END[plain(language)]
    window = ""
    if searched.since or searched.until:
        window = WINDOW[language].format(since=searched.since or first, until=searched.until or last)
    comma = ", " if language == "en" else "、"
    return SEARCHED[language].format(
        articles=searched.articles,
        noun="article" if searched.articles == 1 else "articles",
        outlets=FROM[language].format(outlets=comma.join(searched.sources)) if searched.sources else "",
        window=window,
        languages=comma.join(LANGUAGE_NAMES[each][language] for each in searched.languages),
    )
