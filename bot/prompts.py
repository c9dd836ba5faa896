"""What Regbrief itself says, in English and both Chinese scripts side by side."""

from __future__ import annotations

from collections.abc import Sequence

from bot.records import Language, Reason, Related, Searched

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

DISPUTED: dict[Language, str] = {
    "en": "Reports differ: {sides}.",
    "zh-Hans": "各方说法不一：{sides}。",
    "zh-Hant": "各方說法不一：{sides}。",
}

UNDATED: dict[Language, str] = {"en": "undated", "zh-Hans": "无日期", "zh-Hant": "無日期"}


def refusal(reason: Reason, language: Language, searched: Searched, nearest: Related | None) -> str:
    """Say that nothing answers, what was searched, and which article comes nearest."""
    parts = [REFUSAL[reason][language]]
    if reason != "empty_library":
        parts.append(_searched(language, searched))
    if nearest:
        published = nearest.published.isoformat() if nearest.published else UNDATED[language]
        parts.append(NEAREST[language].format(title=nearest.title, source=nearest.source or "–", published=published))
    return (" " if language == "en" else "").join(parts)


def disputed(language: Language, sides: Sequence[str]) -> str:
    """Say that reports differ, and what each has, in its own words."""
    opening, closing = "「」" if language == "zh-Hant" else "“”"
    quoted = [f"{opening}{side}{closing}" for side in sides]
    return DISPUTED[language].format(sides=("; " if language == "en" else "；").join(quoted))


def _searched(language: Language, searched: Searched) -> str:
    first, last = OPEN_END[language]
    window = ""
    if searched.since or searched.until:
        window = WINDOW[language].format(since=searched.since or first, until=searched.until or last)
    names = [LANGUAGE_NAMES[language][each] for each in searched.languages]
    listed = (", " if language == "en" else "、").join(names)
    noun = "article" if searched.articles == 1 else "articles"
    return SEARCHED[language].format(articles=searched.articles, noun=noun, window=window, languages=listed)
