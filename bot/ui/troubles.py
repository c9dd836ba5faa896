"""What is wrong with an address, a feed, a file or a run, in the words of the page (troubles.yaml).

The catalog and the jobs keep such messages as they were told, in English; the page says them in its own language.
"""

from __future__ import annotations

import re
from functools import cache

import yaml

from bot.records import AnswerLanguage
from bot.ui.strings import HERE, Strings


def worded(message: str, text: Strings) -> tuple[str, AnswerLanguage]:
    """Return a message in the words of the page, and their language; one that is not known whole stays as it is."""
    if text.language == "en":
        return message, "en"
    rest, said = message.strip(), []
    while rest:
        found = next(((match, words) for pattern, words in _table() if (match := pattern.match(rest))), None)
        if found is None:
            return message, "en"
        match, words = found
        said.append(words[text.language].format(**match.groupdict()))
        rest = rest[match.end() :].lstrip()
    return "".join(said), text.language


_QUOTED = r"""'[^']*'|"[^"]*\""""


@cache
def _table() -> list[tuple[re.Pattern[str], dict[str, str]]]:
    read: list[list[str]] = yaml.safe_load((HERE / "troubles.yaml").read_text("utf-8"))
    return [(_pattern(english), {"zh-Hans": hans, "zh-Hant": hant}) for english, hans, hant in read]


def _pattern(sentence: str) -> re.Pattern[str]:
    """Compile a sentence; its values are as short as can be, and the next sentence begins after a blank."""
    values = re.sub(r"\\\{(url|host|target|folder)\\\}", rf"(?P<\1>{_QUOTED})", re.escape(sentence))
    values = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", values)
    return re.compile(rf"{values}(?=\s|$)", re.DOTALL)
