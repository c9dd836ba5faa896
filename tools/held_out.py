"""Copy the public sets without the questions that the reader was trained on: `python tools/held_out.py FOLDER OUT`.

What is measured on them with the reader is measured on OUT. The paragraphs stay, so that search has as much to find;
of NTREX only the documents that are held out stay. What no training reads is copied as it is.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from reader_examples import is_held_out

QUESTIONS = ("cmrc2018/dev.json", "drcd/dev.json", "squad2/dev.json", "xquad_r/en.dev.json", "xquad_r/zh.dev.json")
UNREAD = ("rgb/zh_int.jsonl", "rgb/zh_fact.jsonl")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for name in (*QUESTIONS, *UNREAD, "ntrex/dev.jsonl"):
        (arguments.out / name).parent.mkdir(parents=True, exist_ok=True)
    aside = parallel_articles(arguments.folder)
    for name in QUESTIONS:
        kept = keep_questions(arguments.folder / name, arguments.out / name, aside)
        print(f"{name}\t{kept:,} questions")
    lines = (arguments.folder / "ntrex/dev.jsonl").read_text("utf-8").splitlines(keepends=True)
    held_out = [line for line in lines if line.strip() and is_held_out("ntrex", str(json.loads(line)["document"]))]
    (arguments.out / "ntrex/dev.jsonl").write_text("".join(held_out), "utf-8")
    print(f"ntrex/dev.jsonl\t{len(held_out):,} lines")
    for name in UNREAD:
        shutil.copy(arguments.folder / name, arguments.out / name)


def parallel_articles(folder: Path) -> set[str]:
    """Return the titles of XQuAD that are held out: of SQuAD they are, too."""
    articles = json.loads((folder / "xquad_r/en.dev.json").read_text("utf-8"))["data"]
    return {article["title"] for article in articles if is_held_out("xquad_r", article["title"])}


def keep_questions(source: Path, target: Path, aside: set[str]) -> int:
    """Write a set without the questions that were trained on; return how many are left."""
    name = source.parent.name
    content = json.loads(source.read_text("utf-8"))
    kept = 0
    for article in content["data"]:
        stays = is_held_out(name, article["title"]) or (name == "squad2" and article["title"] in aside)
        for paragraph in article["paragraphs"]:
            paragraph["qas"] = paragraph["qas"] if stays else []
            kept += len(paragraph["qas"])
    target.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return kept


if __name__ == "__main__":
    main()
