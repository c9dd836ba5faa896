"""Which of the three languages a client asks to be spoken to in (RFC 9110, 12.5.4)."""

from __future__ import annotations

from bot.records import Language


def preferred(accept_language: str) -> Language:
    """Return the interface language that an Accept-Language header asks for, else English."""
    weighted = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, parameter = part.strip().partition(";")
        language = _language(tag.strip().lower())
        if language and (weight := _weight(parameter)) > 0:
            weighted.append((-weight, position, language))
    return min(weighted)[2] if weighted else "en"


def _language(tag: str) -> Language | None:
    primary, *rest = tag.split("-")
    if primary == "zh":
        traditional = "hant" in rest or ("hans" not in rest and {"tw", "hk", "mo"} & set(rest))
        return "zh-Hant" if traditional else "zh-Hans"
    return "en" if primary == "en" else None


def _weight(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0
