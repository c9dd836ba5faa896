"""Measure near copies and stories on the corpus: `benchmarks/stories.py [--split test] [--ntrex FILE] [--news FILE]`.

The corpus marks copies (`copy_of`) and events (`event`); threads, and so events, are of the dev or the test split as
their questions are. Of each article a few near copies are made as well. Stories are measured by pairs and by B-cubed
(Bagga and Baldwin, ACL 1998), grouped at once and one by one in random orders, and, as the corpus has few articles
a day, with every article dated the same day, which leaves content and names only. NTREX (dev.jsonl), a hundred news
items in three scripts, all of one day, shows what content does without names. --news (JSON lines of articles) shows
what stories cost as a catalog grows: the time to take in and place an article, beside that to encode it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import frontmatter
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot import stories as storage
from bot.catalog import Catalog
from bot.dedupe import NEAR_COPY, PERMUTATIONS, StoryItem, centre, signature, similarity, stories
from bot.encoder import BundledEncoder
from bot.glossary import Glossary
from bot.language import fold, render
from bot.passages import passages, sentences
from bot.readers import find, read
from bot.records import LANGUAGES, Article

ROOT = Path(__file__).resolve().parent.parent

Groups = Sequence[frozenset[str]]

BOILERPLATE = {
    "en": "Published under licence. All rights reserved. Subscribe to our newsletter for more reporting on technology "
    "and regulation, or write to the newsroom with corrections and complaints.",
    "zh": "本文获授权转载，版权所有，未经许可不得翻印。"
    "更多科技与监管报道请订阅本社电子报，投诉或更正请联系编辑部。责任编辑：陈某",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure near copies and stories.")
    parser.add_argument("--split", choices=["dev", "test"], default="dev")
    parser.add_argument("--ntrex", type=Path, help="dev.jsonl of NTREX")
    parser.add_argument("--news", type=Path, help="articles as JSON lines, to measure what stories cost")
    arguments = parser.parse_args()
    articles = read_articles()
    marks = {path.stem: frontmatter.load(str(path)).metadata for path in find(ROOT / "corpus" / "articles")}
    report_copies(articles, {frozenset((str(m["id"]), str(m["copy_of"]))) for m in marks.values() if m.get("copy_of")})
    splits = {row["thread"]: row["split"] for row in lines(ROOT / "corpus" / "questions.jsonl")}
    chosen = [article for article in articles if splits[str(marks[article.id]["thread"])] == arguments.split]
    events = {article.id: str(marks[article.id]["event"]) for article in chosen}
    print(f"\nstories of the {arguments.split} threads\n{HEADING}")
    report_stories(story_items(chosen), events)
    if arguments.news:
        report_cost([each for each in read(arguments.news) if isinstance(each, Article)])
    if arguments.ntrex:
        translated = read_ntrex(arguments.ntrex)
        documents = {article.id: article.id.removesuffix(f".{article.language}") for article in translated}
        print(f"\nstories of NTREX\n{HEADING}")
        report_stories(story_items(translated), documents)


# --- near copies ----------------------------------------------------------------------------------------------------


def report_copies(articles: Sequence[Article], marked: set[frozenset[str]]) -> None:
    """Print how similar marked, made and all other pairs are, and how many of each are found."""
    started = perf_counter()
    sketches = {article.id: signature(article.body) for article in articles}
    took = (perf_counter() - started) / len(articles)
    pairs = {frozenset(pair): similarity(*(sketches[each] for each in pair)) for pair in combinations(sketches, 2)}
    made: dict[str, list[float]] = defaultdict(list)
    for number, article in enumerate(articles):
        for name, body in variants(article, random.Random(number)).items():
            made[name].append(similarity(sketches[article.id], signature(body)))
    rows = {
        "marked copies": [score for pair, score in pairs.items() if pair in marked],
        **made,
        "all other pairs": [score for pair, score in pairs.items() if pair not in marked],
    }
    print(f"near copies: a signature takes {took * 1e3:.1f} ms and {len(next(iter(sketches.values())))} bytes")
    print(f"{'':<22}{'pairs':>6} {'lowest':>7} {'median':>7} {'highest':>7}  {f'>= {NEAR_COPY}':>7}")
    for name, scores in rows.items():
        middle, found = float(np.median(scores)), mean(score >= NEAR_COPY for score in scores)
        print(f"{name:<22}{len(scores):>6} {min(scores):>7.2f} {middle:>7.2f} {max(scores):>7.2f}  {found:>7.1%}")


def variants(article: Article, chance: random.Random) -> dict[str, str]:
    """Make near copies of an article, as syndication does."""
    texts = [sentence.text for sentence in sentences(article.body)]
    dropped = chance.randrange(len(texts))
    found = {
        "a sentence dropped": " ".join(texts[:dropped] + texts[dropped + 1 :]),
        "the last third cut": " ".join(texts[: -(len(texts) // 3)]),
        "1 word in 20 edited": edited(article.body, chance, 0.05),
        "1 word in 10 edited": edited(article.body, chance, 0.1),
        "boilerplate appended": f"{article.body}\n\n{BOILERPLATE[article.language[:2]]}",
    }
    if article.language != "en":
        found["script converted"] = render(article.body, "zh-Hans" if article.language == "zh-Hant" else "zh-Hant-TW")
    return found


def edited(body: str, chance: random.Random, share: float) -> str:
    """Replace a share of the words, of Chinese every second of as many characters."""
    pieces = re.findall(r"[A-Za-z]+|\d+|.", body, re.DOTALL)
    other = {True: "also", False: "其"}
    return "".join(
        other[piece.isascii()]
        if piece.isalpha() and chance.random() < (share if piece.isascii() else share / 2)
        else piece
        for piece in pieces
    )


# --- stories --------------------------------------------------------------------------------------------------------

HEADING = f"{'':<28}{'groups':>7} {'P':>6} {'R':>6} {'F1':>6}   {'B3 P':>6} {'B3 R':>6} {'B3 F1':>6}"


def report_stories(items: Sequence[StoryItem], gold: Mapping[str, str]) -> None:
    """Print how well groups agree with the gold events: at once, one by one, and without dates."""
    started = perf_counter()
    found = stories(items)
    print(f"{'at once':<28}{scores(found, gold)}  {perf_counter() - started:.2f} s")
    if found != stories(random.Random(0).sample(items, len(items))):
        print("GROUPS DEPEND ON THE ORDER OF THE ITEMS")
    by_date = sorted(items, key=lambda item: (item.published or date.min, item.id))
    print(f"{'one by one, by date':<28}{scores(one_by_one(by_date), gold)}")
    for seed in range(3):
        shuffled = random.Random(seed).sample(items, len(items))
        print(f"{f'one by one, random order {seed + 1}':<28}{scores(one_by_one(shuffled), gold)}")
    if len({item.published for item in items}) > 1:
        same_day = stories([replace(each, published=date.min) for each in items])
        print(f"{'at once, all of one day':<28}{scores(same_day, gold)}")
    wrong = [sorted(group) for group in found if len({gold[each] for each in group}) > 1]
    print(f"groups of several events: {wrong}")


def one_by_one(items: Sequence[StoryItem]) -> Groups:
    """Group as a library does that takes articles in one after the other."""
    found: dict[str, set[str]] = defaultdict(set)
    with TemporaryDirectory() as folder, closing(Catalog(Path(folder, "catalog.sqlite"))) as catalog:
        for item in items:
            take_in(catalog, item)
        for article_id, told in catalog.told(item.id for item in items).items():
            found[told.story].add(article_id)
    return [frozenset(group) for group in found.values()]


def take_in(catalog: Catalog, item: StoryItem) -> None:
    """Find the story of an article whose signature, names and content are worked out already."""
    with catalog.store.writing() as db:
        storage.enter(db, item)
        storage.add_content(db, item.id, item.vector)
        storage.place(db, item.id)


# --- cost -----------------------------------------------------------------------------------------------------------

SIZES = (1_000, 10_000)
A_DAY = 40
"""Articles a day of the made catalog: 100,000 in seven years."""


def report_cost(articles: Sequence[Article]) -> None:
    """Print what an article costs at the sizes of a catalog: processor time, as a share of that of its encoding."""
    chance = random.Random(0)
    some = articles[:100]
    started = process_time()
    items = story_items(some)
    encoding = (process_time() - started) / len(some)
    print("\ncost of an article, as a share of its encoding")
    with TemporaryDirectory() as folder, closing(Catalog(Path(folder, "catalog.sqlite"))) as catalog:
        spent: list[float] = []
        for number in range(max(SIZES)):
            item = another(chance.choice(items), number, chance)
            started = process_time()
            take_in(catalog, item)
            spent.append(process_time() - started)
            if number + 1 in SIZES:
                middle, tail = (float(np.quantile(spent[-200:], share)) / encoding for share in (0.5, 0.95))
                size = Path(folder, "catalog.sqlite").stat().st_size / (number + 1)
                print(
                    f"at {number + 1:>6,} articles {middle:>7.1%}, 95th percentile {tail:.1%}; {size:,.0f} bytes each"
                )


def another(item: StoryItem, number: int, chance: random.Random) -> StoryItem:
    """Make an article of about the same content as another, in other words, of the day that its number gives."""
    noise = np.array([chance.gauss(0, 1 / np.sqrt(len(item.vector))) for _ in item.vector], dtype=np.float32)
    sketch = np.array([chance.randrange(1 << 16) for _ in range(PERMUTATIONS)], dtype="<u2").tobytes()
    day = date(2017, 1, 1) + timedelta(days=number // A_DAY)
    return replace(
        item, id=f"made-{number}", published=day, vector=centre((item.vector + noise)[None]), signature=sketch
    )


def scores(found: Groups, gold: Mapping[str, str]) -> str:
    """Return the line of figures: pairs, then B-cubed, the mean over articles of what their groups share."""
    of_event: dict[str, set[str]] = defaultdict(set)
    for each, event in gold.items():
        of_event[event].add(each)
    right = {frozenset(pair) for members in of_event.values() for pair in combinations(members, 2)}
    paired = {frozenset(pair) for group in found for pair in combinations(group, 2)}
    group_of = {each: group for group in found for each in group}
    shared = {each: len(group_of[each] & of_event[event]) for each, event in gold.items()}
    figures = [
        *measures(len(right & paired) / max(1, len(paired)), len(right & paired) / max(1, len(right))),
        *measures(
            mean(shared[each] / len(group_of[each]) for each in gold),
            mean(shared[each] / len(of_event[event]) for each, event in gold.items()),
        ),
    ]
    columns = [f"{figure:>6.3f}" for figure in figures]
    return f"{len(found):>7} {' '.join(columns[:3])}   {' '.join(columns[3:])}"


def measures(precision: float, recall: float) -> tuple[float, float, float]:
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def story_items(articles: Sequence[Article]) -> list[StoryItem]:
    """Encode articles as the library does, and gather what stories are made by."""
    encoder, glossary = BundledEncoder.open(), Glossary.open(ROOT / "corpus" / "glossary.yaml")
    cut = [(article, passage) for article in articles for passage in passages(article)]
    vectors = encoder.encode(
        [fold(f"{article.title}\n{passage.text}") for article, passage in cut],
        kind="passage",
        languages=[article.language for article, _ in cut],
    )
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (article, _) in enumerate(cut):
        rows[article.id].append(row)
    return [
        StoryItem(
            article.id,
            article.published,
            article.language,
            centre(vectors[rows[article.id]]),
            frozenset(
                mention.entity.id
                for mention in glossary.find(f"{article.title}\n{article.body}")
                if not mention.ambiguous
            ),
            signature(article.body),
        )
        for article in articles
    ]


# --- data -----------------------------------------------------------------------------------------------------------


def read_articles() -> list[Article]:
    found = [each for path in find(ROOT / "corpus" / "articles") for each in read(path)]
    return [each for each in found if isinstance(each, Article)]


def read_ntrex(path: Path) -> list[Article]:
    """Make an article of each document of NTREX in each script: the first line is its title."""
    texts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in lines(path):
        for language in LANGUAGES:
            texts[row["document"], language].append(row[language].strip())
    return [
        Article(f"{name}.{language}", text[0], "\n\n".join(text[1:] or text), language, date(2018, 10, 1))
        for (name, language), text in texts.items()
    ]


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    main()
