"""What Regbrief itself says to a reader, in English and both Chinese scripts side by side.

What it says to a language model is in `bot.instructions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from bot.errors import Fault
from bot.records import Language, Reason, Related, Report, Searched

REFUSAL: dict[Reason, dict[Language, str]] = {
    "no_evidence": {
        "en": "No article here answers this.",
        "zh-Hans": "这里没有文章能回答这个问题。",
        "zh-Hant": "這裡沒有文章能回答這個問題。",
    },
    "outside_window": {
        "en": "No article in this window answers this, but the library has something outside it.",
        "zh-Hans": "所选时间范围内没有文章能回答这个问题，但范围之外有相关内容。",
        "zh-Hant": "所選時間範圍內沒有文章能回答這個問題，但範圍之外有相關內容。",
    },
    "empty_library": {
        "en": "The library is empty: run `regbrief ingest` first.",
        "zh-Hans": "资料库还是空的：请先运行 `regbrief ingest`。",
        "zh-Hant": "資料庫還是空的：請先執行 `regbrief ingest`。",
    },
}

SEARCHED: dict[Language, str] = {
    "en": "Searched: {articles} {noun}{window}, {languages}.",
    "zh-Hans": "检索范围：{articles}篇文章{window}，{languages}。",
    "zh-Hant": "檢索範圍：{articles}篇文章{window}，{languages}。",
}

WINDOW: dict[Language, str] = {
    "en": " published {since} to {until}",
    "zh-Hans": "（发布于{since}至{until}）",
    "zh-Hant": "（發布於{since}至{until}）",
}

OPEN_END: dict[Language, tuple[str, str]] = {
    "en": ("any date", "today"),
    "zh-Hans": ("最早", "今天"),
    "zh-Hant": ("最早", "今天"),
}

LANGUAGE_NAMES: dict[Language, dict[Language, str]] = {
    "en": {"en": "English", "zh-Hans": "Simplified Chinese", "zh-Hant": "Traditional Chinese"},
    "zh-Hans": {"en": "英文", "zh-Hans": "简体中文", "zh-Hant": "繁体中文"},
    "zh-Hant": {"en": "英文", "zh-Hans": "簡體中文", "zh-Hant": "繁體中文"},
}

NEAREST: dict[Language, str] = {
    "en": "Nearest article: “{title}” ({source}, {published}).",
    "zh-Hans": "最接近的文章：《{title}》（{source}，{published}）。",
    "zh-Hant": "最接近的文章：《{title}》（{source}，{published}）。",
}

UNCOVERED: dict[Reason, dict[Language, str]] = {
    "no_evidence": {
        "en": "No article here is about this.",
        "zh-Hans": "这里没有关于这个题目的文章。",
        "zh-Hant": "這裡沒有關於這個題目的文章。",
    },
    "outside_window": {
        "en": "No article in this window is about this, but the library has something outside it.",
        "zh-Hans": "所选时间范围内没有这方面的文章，但范围之外有相关内容。",
        "zh-Hant": "所選時間範圍內沒有這方面的文章，但範圍之外有相關內容。",
    },
    "empty_library": REFUSAL["empty_library"],
}

DISPUTED: dict[Language, str] = {
    "en": "Reports differ: {sides}.",
    "zh-Hans": "各方说法不一：{sides}。",
    "zh-Hant": "各方說法不一：{sides}。",
}

Untold = Literal["no_line", "no_date"]
"""Why nothing can be told of the articles that are there."""

UNTOLD: dict[Untold, dict[Language, str]] = {
    "no_line": {
        "en": "No sentence here can be quoted by itself.",
        "zh-Hans": "这里没有可以单独引用的句子。",
        "zh-Hant": "這裡沒有可以單獨引用的句子。",
    },
    "no_date": {
        "en": "The articles on this give no dates.",
        "zh-Hans": "这方面的文章没有给出日期。",
        "zh-Hant": "這方面的文章沒有給出日期。",
    },
}

UNDER_HEADLINE: dict[Language, str] = {
    "en": "“{headline}”: ",
    "zh-Hans": "“{headline}”：",
    "zh-Hant": "「{headline}」：",
}

ALSO_REPORTED: dict[Language, str] = {
    "en": "Also reported by {outlets}",
    "zh-Hans": "另有报道：{outlets}",
    "zh-Hant": "另有報導：{outlets}",
}

COPY: dict[Language, str] = {"en": "{outlet} (copy)", "zh-Hans": "{outlet}（转载）", "zh-Hant": "{outlet}（轉載）"}

SAID_ON: dict[Language, str] = {
    "en": "{outlet}, {day}: ",
    "zh-Hans": "{outlet}，{day}：",
    "zh-Hant": "{outlet}，{day}：",
}

DAY: dict[Language, str] = {
    "en": "{0.day} {0:%B} {0.year}",
    "zh-Hans": "{0.year}年{0.month}月{0.day}日",
    "zh-Hant": "{0.year}年{0.month}月{0.day}日",
}

UNNAMED: dict[Language, str] = {"en": "Report", "zh-Hans": "报道", "zh-Hant": "報導"}

UNDATED: dict[Language, str] = {"en": "undated", "zh-Hans": "无日期", "zh-Hant": "無日期"}


FAULTS: dict[Fault, dict[Language, str]] = {
    "timeout": {
        "en": "the language model took too long",
        "zh-Hans": "语言模型没有及时回应",
        "zh-Hant": "語言模型沒有及時回應",
    },
    "unreachable": {
        "en": "the language model could not be reached",
        "zh-Hans": "无法连接语言模型",
        "zh-Hant": "無法連接語言模型",
    },
    "busy": {
        "en": "the language model is busy",
        "zh-Hans": "语言模型繁忙",
        "zh-Hant": "語言模型繁忙",
    },
    "server": {
        "en": "the language model failed",
        "zh-Hans": "语言模型出错",
        "zh-Hant": "語言模型出錯",
    },
    "refused": {
        "en": "the language model refused the request",
        "zh-Hans": "语言模型拒绝了请求",
        "zh-Hant": "語言模型拒絕了請求",
    },
    "malformed": {
        "en": "the language model's reply could not be read",
        "zh-Hans": "语言模型的回复无法读取",
        "zh-Hant": "語言模型的回覆無法讀取",
    },
    "empty": {
        "en": "the language model wrote nothing",
        "zh-Hans": "语言模型没有写出内容",
        "zh-Hant": "語言模型沒有寫出內容",
    },
    "repetition": {
        "en": "the language model kept repeating itself",
        "zh-Hans": "语言模型不断重复",
        "zh-Hant": "語言模型不斷重複",
    },
    "too_long": {
        "en": "the question and its sources are too long for the language model",
        "zh-Hans": "问题和资料超出了语言模型的长度",
        "zh-Hant": "問題和資料超出了語言模型的長度",
    },
    "unproved": {
        "en": "nothing that the language model wrote could be proved from the articles",
        "zh-Hans": "语言模型所写的内容都无法用文章证实",
        "zh-Hant": "語言模型所寫的內容都無法用文章證實",
    },
}

QUOTED: dict[Language, str] = {
    "en": "Quoted from the articles, as {fault}.",
    "zh-Hans": "{fault}，以下直接引用文章。",
    "zh-Hant": "{fault}，以下直接引用文章。",
}

BROKEN_OFF: dict[Language, str] = {
    "en": "The answer broke off, as {fault}; the rest is quoted from the articles.",
    "zh-Hans": "{fault}，回答中断；其余直接引用文章。",
    "zh-Hant": "{fault}，回答中斷；其餘直接引用文章。",
}

UNSUPPORTED: dict[Language, str] = {
    "en": " (not confirmed by the quotation)",
    "zh-Hans": "（引文未能证实）",
    "zh-Hant": "（引文未能證實）",
}

GAP: dict[Language, str] = {
    "en": "The articles found do not answer every part of the question.",
    "zh-Hans": "找到的文章没有回答问题的全部内容。",
    "zh-Hant": "找到的文章沒有回答問題的全部內容。",
}


def said_on(language: Language, outlet: str, published: date) -> str:
    """Say who wrote on which day, to stand before a sentence that leans on it."""
    day = DAY[language].format(published)
    return SAID_ON[language].format(outlet=outlet or UNNAMED[language], day=day)


def fallback(fault: Fault, language: Language, *, broken_off: bool) -> str:
    """Say why an answer, or the rest of it, is quoted and not written by the model."""
    return (BROKEN_OFF if broken_off else QUOTED)[language].format(fault=FAULTS[fault][language])


def refusal(reason: Reason, language: Language, searched: Searched, nearest: Related | None) -> str:
    """Say that nothing answers, what was searched, and which article comes nearest."""
    parts = [REFUSAL[reason][language]]
    if reason != "empty_library":
        parts.append(searched_in(language, searched))
    if nearest:
        published = nearest.published.isoformat() if nearest.published else UNDATED[language]
        parts.append(NEAREST[language].format(title=nearest.title, source=nearest.source or "–", published=published))
    return (" " if language == "en" else "").join(parts)


def under_headline(language: Language, headline: str) -> str:
    """Name the headline that a sentence stands under, to stand before one that says `the law`."""
    return UNDER_HEADLINE[language].format(headline=headline)


def uncovered(reason: Reason, language: Language, searched: Searched, *, but: Untold | None = None) -> str:
    """Say that no article is about a topic, or came out in a window, or why of those nothing is told."""
    parts = [UNTOLD[but][language] if but else UNCOVERED[reason][language]]
    if reason != "empty_library":
        parts.append(searched_in(language, searched))
    return (" " if language == "en" else "").join(parts)


def disputed(language: Language, sides: Sequence[str]) -> str:
    """Say that reports differ, and what each has, in its own words."""
    opening, closing = "「」" if language == "zh-Hant" else "“”"
    quoted = [f"{opening}{side}{closing}" for side in sides]
    return DISPUTED[language].format(sides=("; " if language == "en" else "；").join(quoted))


def also_reported(language: Language, reports: Sequence[Report]) -> str:
    """Name the outlets that told a story as well, each once, and mark those that only print a copy."""
    outlets: dict[str, bool] = {}
    for report in reports:
        outlet = report.source or report.title
        outlets[outlet] = outlets.get(outlet, True) and report.copy
    named = [COPY[language].format(outlet=outlet) if copy else outlet for outlet, copy in outlets.items()]
    return ALSO_REPORTED[language].format(outlets=(", " if language == "en" else "、").join(named))


def searched_in(language: Language, searched: Searched) -> str:
    """Say how many articles were searched, of which days and languages."""
    first, last = OPEN_END[language]
    window = ""
    if searched.since or searched.until:
        window = WINDOW[language].format(since=searched.since or first, until=searched.until or last)
    names = [LANGUAGE_NAMES[language][each] for each in searched.languages]
    listed = (", " if language == "en" else "、").join(names)
    noun = "article" if searched.articles == 1 else "articles"
    return SEARCHED[language].format(articles=searched.articles, noun=noun, window=window, languages=listed)
