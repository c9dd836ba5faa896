"""Windows that an event sets."""

from __future__ import annotations

from datetime import date

import pytest

from bot.anchors import read_anchor
from bot.dates import TimeReading, Window, read_time
from bot.glossary import Entity, Glossary

TODAY = date(2026, 1, 15)
DMA, PIPL = date(2023, 5, 2), date(2021, 11, 1)
PASSED = date(2021, 8, 20)

NAMES = Glossary(
    [
        Entity(
            "dma", "law", {"en": ("Digital Markets Act", "DMA"), "zh-Hans": ("数字市场法",),
             "zh-Hant": ("數位市場法",)},
            passed=date(2022, 9, 14), effective=DMA,
        ),
        Entity(
            "pipl", "law", {"en": ("PIPL",), "zh-Hans": ("个人信息保护法",), "zh-Hant": ("個人信息保護法",)},
            passed=PASSED, effective=PIPL,
        ),
        Entity(
            "ai", "law", {"en": ("AI Act",), "zh-Hans": ("人工智能法",), "zh-Hant": ("人工智能法",)},
            effective=date(2024, 8, 1), applies=date(2026, 8, 2),
        ),
        Entity(
            "dora", "law", {"en": ("DORA",), "zh-Hans": ("韧性法",), "zh-Hant": ("韌性法",)},
            effective=date(2023, 1, 16), applies=date(2025, 1, 17),
        ),
        Entity("act", "law", {"en": ("Example Act",), "zh-Hans": ("例法",), "zh-Hant": ("例法",)}),
        Entity("late", "law", {"en": ("Future Act",)}, effective=date(2027, 1, 1)),
    ]
)  # fmt: skip


def read(question: str) -> tuple[date | None, date | None, str] | None:
    window = read_anchor(question, read_time(question, today=TODAY), NAMES, today=TODAY).window
    return (window.since, window.until, question[window.start : window.end]) if window and not window.soft else None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What has changed since the DMA took effect?", (DMA, None, "since the DMA took effect")),
        ("Fines since the EU's Digital Markets Act applied", (DMA, None, "since the EU's Digital Markets Act applied")),
        ("Who was fined after PIPL was passed?", (PASSED, None, "after PIPL was passed")),
        ("Who was fined before PIPL entered into force?", (None, date(2021, 10, 31), "before PIPL entered into force")),
        ("Fines since DORA entered into force", (date(2023, 1, 16), None, "since DORA entered into force")),
        ("Fines since DORA began to apply", (date(2025, 1, 17), None, "since DORA began to apply")),
        ("韧性法生效以来有哪些变化？", (date(2023, 1, 16), None, "韧性法生效以来")),
        ("韌性法適用以來有哪些變化？", (date(2025, 1, 17), None, "韌性法適用以來")),
        ("数字市场法生效以来有哪些变化？", (DMA, None, "数字市场法生效以来")),
        ("自《个人信息保护法》施行以来谁被罚了？", (PIPL, None, "自《个人信息保护法》施行以来")),
        ("个人信息保护法通过之前有哪些处罚？", (None, date(2021, 8, 19), "个人信息保护法通过之前")),
        ("歐盟數位市場法生效後有哪些調查？", (DMA, None, "歐盟數位市場法生效後")),
        ("自從《個人信息保護法》實施以來誰被罰了？", (PIPL, None, "自從《個人信息保護法》實施以來")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_sets_a_window(question: str, expected: tuple[date | None, date | None, str]) -> None:
    assert read(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "When did PIPL take effect?",
        "Since when does the DMA apply?",
        "个人信息保护法什么时候施行？",
        "數位市場法何時生效？",
        "What changed since the Example Act was passed?",
        "What changed since the Future Act took effect?",
        "Who was fined since the AI Act began to apply?",
        "Who was fined under the DMA?",
    ],
)
def test_what_asks_for_the_event_sets_none(question: str) -> None:
    assert read(question) is None


def test_a_period_that_is_named_wins() -> None:
    question = "News of last month since the DMA took effect"
    named = TimeReading(Window(date(2025, 12, 1), date(2025, 12, 31), 8, 18), latest=False, text=question)
    assert read_anchor(question, named, NAMES, today=TODAY) == named
