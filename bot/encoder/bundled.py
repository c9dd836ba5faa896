"""The model in bot/models, on any CPU; how it came to be is told there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bot.encoder.base import OVERLAP, VERSION, WINDOW, Kind, Vectors, digest, line, unit
from bot.errors import EncoderError
from bot.records import Language

MODELS = Path(__file__).resolve().parent.parent / "models"

QUERY_THREADS = 4
"""A question of some twenty tokens gains nothing from more."""

_START, _END = 0, 2


class BundledEncoder:
    """The model in bot/models: multilingual-e5-small for English and Chinese, in int8.

    A text is encoded on its own, never padded beside others, so its vector does not depend on its company. Many texts
    run in parallel, one thread each; a single one has several threads. Safe to call from many threads.
    """

    def __init__(
        self,
        folder: Path,
        tokenizer: Any,
        means: Mapping[str, Sequence[float] | Vectors],
        *,
        fingerprint: str,
        threads: int | None = None,
    ) -> None:
        """`threads` is how many texts may run at a time; where it is not said, as many as there are processors."""
        self._folder = folder
        self._threads = threads
        self._tokenizer = tokenizer
        self._means = {language: np.array(mean, dtype=np.float32) for language, mean in means.items()}
        self.fingerprint = fingerprint
        self.dimension = len(self._means["en"])

    @classmethod
    def open(cls, *, threads: int | None = None) -> BundledEncoder:
        """Open the model that comes with Regbrief."""
        return cls.from_folder(MODELS, threads=threads)

    @classmethod
    def from_folder(cls, folder: Path, *, threads: int | None = None) -> BundledEncoder:
        """Open a folder that tools/build_encoder.py wrote; raises EncoderError if a file is missing or damaged."""
        try:
            record = (folder / "encoder-means.json").read_text(encoding="utf-8")
            means = json.loads(record)["means"]
        except (OSError, ValueError, KeyError) as error:
            raise _unreadable(folder / "encoder-means.json", error) from error
        fingerprint = f"bundled:{digest(record, VERSION, WINDOW, OVERLAP)}"
        return cls(folder, load_tokenizer(folder), means, fingerprint=fingerprint, threads=threads)

    def without_means(self) -> BundledEncoder:
        """Return the encoder with raw vectors: what the language means are worth can be measured against it."""
        zeros = {language: np.zeros_like(mean) for language, mean in self._means.items()}
        name = f"{self.fingerprint}:raw"
        return BundledEncoder(self._folder, self._tokenizer, zeros, fingerprint=name, threads=self._threads)

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text; texts over 512 tokens are read in overlapping windows."""
        encodings = self._tokenizer.encode_batch_fast([f"{kind}: {text}" for text in texts])
        parts = [(row, part) for row, each in enumerate(encodings) for part in windows(each.ids)]
        vectors = self._run([part for _, part in parts])
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for (row, part), vector in zip(parts, vectors, strict=True):
            rows[row] += len(part) * vector
        means = [self._means[language[:2]] for language in languages]
        return unit(unit(rows) - np.array(means, dtype=np.float32).reshape(rows.shape))

    def _run(self, parts: Sequence[Sequence[int]]) -> Sequence[Vectors]:
        if len(parts) <= 1:
            return [_vector(self._single, part) for part in parts]
        session = self._parallel
        longest_first = sorted(range(len(parts)), key=lambda i: -len(parts[i]))  # so that no thread ends late
        with ThreadPoolExecutor(self._threads or os.cpu_count()) as pool:
            done = pool.map(lambda i: _vector(session, parts[i]), longest_first)
            vectors = dict(zip(longest_first, done, strict=True))
        return [vectors[i] for i in range(len(parts))]

    @cached_property
    def _single(self) -> Any:
        return load_session(self._folder / "encoder.onnx", threads=min(QUERY_THREADS, os.cpu_count() or 1))

    @cached_property
    def _parallel(self) -> Any:
        return load_session(self._folder / "encoder.onnx", threads=1)


def load_session(path: Path, *, threads: int) -> Any:
    """Load an ONNX model for the CPU; its `run` may be called from many threads."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # since 1.29 it tells Microsoft of models and machine
    import onnxruntime  # takes 0.2 s

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # The graph is written as it should run: fusing Add and LayerNormalization would slow it down by a tenth.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no base of their own
        raise _unreadable(path, error) from error


@cache
def load_tokenizer(folder: Path) -> Any:
    """Load the tokenizer that belongs to the bundled model, once (it takes 70 MB); it adds no special tokens."""
    from tokenizers import Tokenizer

    path = folder / "encoder-tokenizer.json"
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise _unreadable(path, error) from error


def windows(ids: Sequence[int], *, prefix: int = 2) -> list[list[int]]:
    """Cut the tokens of a text into overlapping windows that the model can read, each with the prefix (`query` `:`)."""
    if len(ids) <= WINDOW - 2:
        return [[_START, *ids, _END]]
    head, body = ids[:prefix], ids[prefix:]
    size = WINDOW - 2 - prefix
    starts = range(0, len(body) - OVERLAP, size - OVERLAP)
    return [[_START, *head, *body[start : start + size], _END] for start in starts]


def count_tokens(texts: Iterable[str]) -> int:
    """Count the tokens of texts as the bundled model reads them."""
    return sum(len(each.ids) for each in load_tokenizer(MODELS).encode_batch_fast(list(texts)))


def _vector(session: Any, ids: Sequence[int]) -> Vectors:
    row: Vectors = session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]
    return row


def _unreadable(path: Path, error: Exception) -> EncoderError:
    return EncoderError(
        f"The bundled encoder's file {path} cannot be read: {line(error)}.",
        hint="Reinstall Regbrief, or rebuild the file with tools/build_encoder.py.",
    )
