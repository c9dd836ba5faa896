"""Measure where reports are said to differ: `python benchmarks/conflicts.py [--split test] [--rgb zh_fact.jsonl]`.

Each question of the corpus is given the sentences that prove its answer. Of the `conflict` questions, one is right if
the two sides say two different accepted answers; all other questions have none, so whatever is found is a false alarm.
Of RGB (Chen et al., AAAI 2024), whose counterfactual documents have one detail altered, the first sentence with the
answer is held against the altered documents and then against the other true ones.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from stories import ROOT, lines, read_articles, story_items

from bot.conflicts import Conflict, conflicts
from bot.dedupe import stories
from bot.encoder import BundledEncoder
from bot.glossary import Glossary
from bot.language import fold
from bot.measures import measures
from bot.passages import sentences
from bot.records import Article, Citation

GLOSSARY = Glossary.open(ROOT / "corpus" / "glossary.yaml")
ENCODER = BundledEncoder.open()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure where reports are said to differ.")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--rgb", type=Path, help="zh_fact.jsonl of RGB")
    arguments = parser.parse_args()
    report_corpus(arguments.split)
    if arguments.rgb:
        report_rgb(lines(arguments.rgb))


def report_corpus(split: str) -> None:
    """Print how many conflicts are found, and every one that is none."""
    articles = {article.id: article for article in read_articles()}
    story_of = {each: min(story) for story in stories(story_items(list(articles.values()))) for each in story}
    asked, right, alarms = Counter[str](), 0, 0
    questions: list[Any] = [each for each in lines(ROOT / "corpus" / "questions.jsonl") if each["split"] == split]
    for question in questions:
        cited = [cite(articles[each["article_id"]], each["sentence"]) for each in question["evidence"]]
        found = conflicts(question["question"], cited, stories=story_of, glossary=GLOSSARY, encoder=ENCODER)
        asked[question["type"]] += 1
        if question["type"] == "conflict":
            right += bool(found) and two_answers(found[0], question["answers"])
        elif found:
            alarms += 1
            print("false alarm:", question["id"], question["question"], [side.value for side in found[0].sides])
    others = sum(asked.values()) - asked["conflict"]
    print(f"{split}: {right} of {asked['conflict']} conflicts right; {alarms} false alarms of {others} other questions")


def report_rgb(rows: Sequence[Any]) -> None:
    """Print how many altered figures and dates are found, and how often true documents are said to differ."""
    counts = Counter[str]()
    for row in rows:
        answers, fakes = flat(row["answer"]), flat(row["fakeanswer"])
        true, altered = documents(row["positive"], "true"), documents(row["positive_wrong"], "altered")
        cited = [each for each in true if any(answer in each.quote for answer in answers)][:1]
        if not cited:
            continue
        figures = [cited[0].quote[each.start : each.end] for each in measures(cited[0].quote)]
        counts["figures"] += any(answer in figure or figure in answer for answer in answers for figure in figures)
        story_of = {each.article_id: "story" for each in [*true, *altered]}
        for name, others in (("altered", altered), ("true", [e for e in true if e.article_id != cited[0].article_id])):
            found = conflicts(row["query"], cited, others, stories=story_of, glossary=GLOSSARY, encoder=ENCODER)
            counts[name] += bool(found)
            values = [side.value for side in found[0].sides] if found else []
            counts["right"] += name == "altered" and all(
                any(value in text or text in value for value in values for text in texts) for texts in (answers, fakes)
            )
    print(
        f"RGB: {len(rows)} questions, {counts['figures']} about a figure or date; {counts['altered']} conflicts found "
        f"with altered documents, {counts['right']} of them right; {counts['true']} with true ones"
    )


def two_answers(conflict: Conflict, answers: Sequence[str | list[str]]) -> bool:
    """Whether the sides say two different of the accepted answers."""
    told = [{at for at, each in enumerate(answers) if says(side.value, each)} for side in conflict.sides]
    return all(told) and told[0] != told[1]


def says(value: str, answers: str | list[str]) -> bool:
    spellings = [answers] if isinstance(answers, str) else answers
    return any(
        plain(spelling) in plain(value) or any(a.agrees(b) for a in measures(spelling) for b in measures(value))
        for spelling in spellings
    )


def plain(text: str) -> str:
    return fold(text).replace(",", "")


def cite(article: Article, sentence: str) -> Citation:
    start = article.body.index(sentence)
    return Citation(
        1, article.id, article.title, article.source, article.url, article.published, article.language,
        sentence, start, start + len(sentence), 1.0,
    )  # fmt: skip


def documents(texts: Sequence[str], name: str) -> list[Citation]:
    articles = [Article(f"{name}-{at}", "", text, "zh-Hans") for at, text in enumerate(texts)]
    return [cite(article, each.text) for article in articles for each in sentences(article.body)]


def flat(answers: Any) -> list[str]:
    return [text for each in answers for text in flat(each)] if isinstance(answers, list) else [str(answers)]


if __name__ == "__main__":
    main()
