"""Evaluate a running Regbrief over HTTP with your own questions; nothing but Python's standard library is needed.

    regbrief serve                                          # in another terminal
    python examples/evaluate_over_http.py questions.jsonl   # or with --target http://host:port

Each line of questions.jsonl is an object: `question`, `expected` (a list of strings of which one must be in the answer;
an empty list where the library has no answer and Regbrief should refuse) and, if you like, `article_id` (an article
that should be cited) and `since` and `until`. Without a file, three questions on the shipped corpus are asked.

It prints what went wrong, then four figures: right answers, right refusals, citations of the wanted article, and
quotations that stand, letter for letter, at their offsets in the article, which the script looks up for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

EXAMPLES = [
    {"question": "How big was Alibaba's antitrust fine?", "expected": ["18.2 billion", "18.228 billion", "182.28"]},
    {"question": "滴滴被罚了多少钱？", "expected": ["80.26亿元", "8.026 billion"]},
    {"question": "火星的監管機構去年罰了誰？", "expected": []},
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="?")
    parser.add_argument("--target", default="http://127.0.0.1:7860")
    given = parser.parse_args()
    questions = read(given.questions) if given.questions else EXAMPLES
    counts = {name: [0, 0] for name in ("right answers", "right refusals", "wanted article cited", "quotations stand")}

    def count(name: str, good: bool, otherwise: str) -> None:
        counts[name][0] += good
        counts[name][1] += 1
        if not good:
            print(otherwise)

    for asked in questions:
        text = asked["question"]
        body = {name: asked[name] for name in ("question", "since", "until") if asked.get(name)}
        answer = call(given.target, "/api/v1/ask", body)
        if asked["expected"]:
            right = any(plain(each) in plain(answer["answer"]) for each in asked["expected"])
            count("right answers", right, f"WRONG    {text}\n         {answer['answer']}")
        else:
            count("right refusals", answer["abstained"], f"ANSWERED {text}\n         {answer['answer']}")
        cited = [each["article_id"] for each in answer["citations"]]
        if wanted := asked.get("article_id"):
            count("wanted article cited", wanted in cited, f"UNCITED  {text}\n         {wanted} is not in {cited}")
        for each in answer["citations"]:
            article = call(given.target, f"/api/v1/articles/{quote(each['article_id'], safe='')}")
            stands = article["body"][each["start"] : each["end"]] == each["quote"]
            count("quotations stand", stands, f"MISQUOTED {each['article_id']}: {each['quote']}")

    for name, (good, total) in counts.items():
        if total:
            print(f"{name:<22}{good:>5} of {total:<5}{good / total:>7.1%}")
    return int(any(good < total for good, total in counts.values()))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def call(target: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the API; a key is taken from REGBRIEF_API_KEY. What the server says is wrong ends the script."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("REGBRIEF_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    request = Request(target.rstrip("/") + path, json.dumps(body).encode() if body else None, headers)
    try:
        with urlopen(request, timeout=120) as response:
            return dict(json.load(response))
    except HTTPError as error:
        with error:
            sys.exit(f"{path} answered {error.code}: {error.read().decode('utf-8', 'replace')}")
    except URLError as error:
        sys.exit(f"{target} cannot be reached: {error.reason}. Is `regbrief serve` running?")


def plain(text: str) -> str:
    """Make texts comparable: width and case; write both scripts among the expected strings if you need them."""
    return unicodedata.normalize("NFKC", text).casefold().replace(",", "")


if __name__ == "__main__":
    sys.exit(main())
