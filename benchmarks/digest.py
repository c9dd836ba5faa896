"""Measure briefings: `python benchmarks/digest.py [--split test]`, on the library that REGBRIEF_INDEXES names.

Of the corpus' `summary` questions each has its key facts, and briefs that prove them. These briefs, grouped into
stories, are told in the lines of a briefing on the question, and beside it in the first three sentences of each story's
headline report (lead-3, hard to beat in news: Nallapati, Zhai and Zhou, AAAI 2017). A fact is recalled if a sentence
states one of its accepted strings. The same is measured where the briefing has to find the briefs itself, and last how
well the articles about a topic are found: topics and the corpus' threads that belong to them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot import Article, Digest, Regbrief
from bot.evaluation.normalize import key_facts
from bot.passages import sentences
from bot.records import Filters

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 1, 1)

APPS = ("japan-app-stores", "korea-app-stores", "epic-v-apple", "apple-app-store-eu")
AI = ("ai-act", "generative-ai-china", "taiwan-ai-digital", "korea-ai-data", "us-ai-policy", "deep-synthesis-labels")
CRYPTO = ("hongkong-virtual-assets", "mica", "us-crypto", "china-crypto-ban")
TOPICS: dict[str, Sequence[str]] = {
    "app stores": APPS, "应用商店": APPS, "Ant Group": ("ant-rectification", "ant-ipo"),
    "螞蟻集團": ("ant-rectification", "ant-ipo"), "artificial intelligence rules": AI, "人工智能监管": AI,
    "chip export controls": ("chip-export-controls",), "半导体出口管制": ("chip-export-controls",),
    "晶片出口管制": ("chip-export-controls",), "cryptocurrency": CRYPTO, "虛擬資產": CRYPTO,
    "facial recognition": ("facial-recognition-china", "facial-recognition-us"),
    "人脸识别": ("facial-recognition-china", "facial-recognition-us"),
    "人臉辨識": ("facial-recognition-china", "facial-recognition-us"),
    "video games and minors": ("minors-games",), "未成年人游戏": ("minors-games",), "Didi": ("didi-review",),
    "滴滴": ("didi-review",), "cross-border data": ("cross-border-data", "eu-us-transfers"),
    "数据出境": ("cross-border-data",), "digital services tax": ("digital-tax",), "數位稅": ("digital-tax",),
    "網路詐騙": ("taiwan-antifraud",), "online safety children UK": ("uk-online-safety",),
    "football transfers": (), "vaccine approvals": (), "Tesla recall": (), "世界杯": (), "房价": (),
    "氣候變遷": (), "電動車關稅": (),
}  # fmt: skip
"""A topic and the threads of the corpus whose articles are about it; the last have none."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure briefings.")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    arguments = parser.parse_args()
    with Regbrief.open() as bot:
        questions = list(summaries(arguments.split))
        given = [bot.digests.told(each["question"], reports(bot, each)) for each in questions]
        found = [bot.digest(each["question"], limit=4, today=TODAY) for each in questions]
        facts = sum(len(each["answers"]) for each in questions)
        print(f"{len(questions)} questions ({arguments.split}), {facts} facts")
        for name, digests in (("briefs given", given), ("briefs found", found)):
            show(f"{name}, briefing", [quotes(each) for each in digests], questions)
            show(f"{name}, lead-3", [leads(bot, each) for each in digests], questions)
        show_asked(bot, arguments.split)
        show_topics(bot)


def summaries(split: str) -> Iterator[dict[str, Any]]:
    yield from (each for each in questions_of(split) if each["type"] == "summary")


def questions_of(split: str) -> Iterator[dict[str, Any]]:
    lines = (ROOT / "corpus" / "questions.jsonl").read_text("utf-8").splitlines()
    yield from (each for each in map(json.loads, lines) if each["split"] == split)


def reports(bot: Regbrief, question: dict[str, Any]) -> list[Article]:
    """Return the briefs that prove the facts of a question."""
    return [bot.article(each) for each in dict.fromkeys(each["article_id"] for each in question["evidence"])]


def quotes(digest: Digest) -> list[str]:
    """Return the sentences of a briefing, those that are only set against each other included."""
    return [each.quote for each in digest.citations]


def leads(bot: Regbrief, digest: Digest) -> list[str]:
    """Return the first three sentences of each story's headline report."""
    bodies = [bot.article(story.article_id).body for story in digest.stories]
    return [sentence.text for body in bodies for sentence in sentences(body)[:3]]


def show(name: str, told: Sequence[Sequence[str]], questions: Sequence[dict[str, Any]]) -> None:
    """Print the facts recalled, the sentences that took, and the mean over questions of recall a sentence."""
    facts = [key_facts("\n".join(said), each["answers"]) for said, each in zip(told, questions, strict=True)]
    recalled, wanted = sum(map(sum, facts)), sum(map(len, facts))
    count = sum(map(len, told))
    each = [sum(found) / len(found) / max(1, len(said)) for found, said in zip(facts, told, strict=True)]
    rate = sum(each) / len(each)
    print(f"{name:24} recall {recalled / wanted:.2f} in {count:3} sentences; recall a sentence {rate:.3f}")


def show_asked(bot: Regbrief, split: str) -> None:
    """Print how many sentences of summaries prove an answer to some question, and of as many first sentences."""
    proofs: dict[str, set[str]] = {}
    for question in questions_of(split):
        for each in question["evidence"]:
            proofs.setdefault(each["article_id"], set()).add(each["sentence"])
    asked = first = count = 0
    for article_id, wanted in proofs.items():
        told = quotes(bot.summarize(article_id))
        lead = [each.text for each in sentences(bot.article(article_id).body)[: len(told)]]
        asked, first = asked + proving(told, wanted), first + proving(lead, wanted)
        count += len(told)
    print(
        f"{len(proofs)} articles summarized in {count} sentences: {asked / count:.2f} prove an answer to some question;"
    )
    print(f"of as many first sentences {first / count:.2f}")


def proving(told: Sequence[str], wanted: set[str]) -> int:
    return sum(any(each in said for each in wanted) for said in told)


def show_topics(bot: Regbrief) -> None:
    """Print how many articles that are found belong to a topic's threads, and how many of these are found."""
    paths = (ROOT / "corpus" / "articles").glob("*/*.md")
    heads = [path.read_text("utf-8").partition("\n---\n")[0] for path in paths]
    threads = {_field(head, "id"): _field(head, "thread") for head in heads}
    found = right = wanted = alarms = 0
    for topic, expected in TOPICS.items():
        about = [each.article.id for each in bot.topics.about(topic, Filters())]
        found, right = found + len(about), right + sum(threads[each] in expected for each in about)
        wanted += sum(thread in expected for thread in threads.values())
        alarms += bool(about) and not expected
    print(f"{len(TOPICS)} topics: precision {right / found:.2f}, recall {right / wanted:.2f}; {alarms} false alarms")


def _field(head: str, name: str) -> str:
    match = re.search(rf"^{name}: (.+)$", head, re.MULTILINE)
    assert match, name
    return match[1]


if __name__ == "__main__":
    main()
