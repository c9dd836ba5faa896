"""Texts to vectors: the bundled model, any Hugging Face model, or any OpenAI-compatible endpoint.

Texts arrive folded (`bot.language.fold`). The bundled encoder takes the mean of its language from every vector, else
the language outweighs the meaning and a Chinese question finds Chinese passages only (figures: models/README.md).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.errors import EncoderError, MissingExtra, SettingsError
from bot.records import Language

if TYPE_CHECKING:
    import httpx

Kind = Literal["query", "passage"]
Vectors = NDArray[np.float32]

VERSION = 1
"""Raised when the same text would get another vector from the same files; part of every fingerprint."""

MODELS = Path(__file__).resolve().parent / "models"
WINDOW = 512
"""Tokens that the model reads at once, with its start and end."""
OVERLAP = 64
"""Tokens that neighbouring windows of a longer text share."""
QUERY_THREADS = 4
"""A question of some twenty tokens gains nothing from more."""
_START, _END = 0, 2


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their similarity.

    `fingerprint` names the model, its constants and its version: vectors of unequal fingerprints do not compare.
    """

    @property
    def fingerprint(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text, in order: shape (texts, dimension)."""


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
        fingerprint = f"bundled:{_digest(record, VERSION, WINDOW, OVERLAP)}"
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
        return _unit(_unit(rows) - np.array(means, dtype=np.float32).reshape(rows.shape))

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


class HuggingFaceEncoder:
    """Any sentence encoder in Hugging Face form: a folder or a name of the hub, pooled as its own settings say."""

    def __init__(
        self, name: str, tokenizer: Any, model: Any, *, pooling: Literal["mean", "cls"], batch: int = 16
    ) -> None:
        self._name = name
        self._tokenizer = tokenizer
        self._model = model.eval()
        self._pooling = pooling
        self._batch = batch
        self._window = min(int(tokenizer.model_max_length), int(model.config.max_position_embeddings), WINDOW)
        revision = getattr(model.config, "_commit_hash", None) or _digest(model.config.to_json_string())
        self.fingerprint = f"hf:{name}:{revision}:{pooling}:{VERSION}"
        self.dimension = int(model.config.hidden_size)

    @classmethod
    def from_name(cls, name: str) -> HuggingFaceEncoder:
        """Load a folder or a name; raises MissingExtra without torch, EncoderError where nothing is found."""
        try:
            import torch  # noqa: F401
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import cached_file
        except ImportError as error:
            raise MissingExtra(
                f"The encoder hf:{name} needs torch and transformers.", hint="Run pip install 'regbrief[local]'."
            ) from error
        try:
            path = cached_file(name, "1_Pooling/config.json", _raise_exceptions_for_missing_entries=False)
            settings = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
            pooling: Literal["mean", "cls"] = "cls" if settings.get("pooling_mode_cls_token") else "mean"
            return cls(name, AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name), pooling=pooling)
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"{name!r} is no folder with a model, and the Hugging Face hub did not give it: {_line(error)}.",
                hint="Give a folder (hf:/path/to/model), or connect to a network once to fetch the name.",
            ) from error

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text; longer texts than the model reads are read in windows."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        prompted = _prompted(self._name, texts, kind)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), self._batch):
            batch = by_length[start : start + self._batch]
            rows[batch] = self._encode_batch([prompted[i] for i in batch])
        return _unit(rows)

    def _encode_batch(self, texts: Sequence[str]) -> Vectors:
        import torch

        inputs = self._tokenizer(
            list(texts),
            max_length=self._window,
            stride=min(OVERLAP, self._window // 8),
            truncation=True,
            return_overflowing_tokens=True,  # as further rows: nothing is cut off
            padding=True,
            return_tensors="pt",
        )
        owners = inputs.pop("overflow_to_sample_mapping").numpy()
        mask = inputs["attention_mask"].unsqueeze(-1)
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state
        lengths = mask.sum(dim=1)
        pooled = states[:, 0] if self._pooling == "cls" else (states * mask).sum(dim=1) / lengths
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        np.add.at(rows, owners, _unit(pooled.float().numpy()) * lengths.numpy())
        return rows


class OpenAIEncoder:
    """Any endpoint that takes OpenAI's `POST /embeddings`: a provider's, or your own server's (vLLM, llama.cpp …)."""

    def __init__(
        self, model: str, client: httpx.Client, *, batch: int = 64, attempts: int = 5, pause: float = 1.0
    ) -> None:
        """`pause` is how many seconds pass before the second attempt; each later one waits twice as long."""
        self._model = model
        self._client = client
        self._batch = batch
        self._attempts = attempts
        self._pause = pause
        self.fingerprint = f"openai:{model}:{str(client.base_url).rstrip('/')}:{VERSION}"

    @classmethod
    def open(cls, model: str, *, base_url: str, api_key: str = "", timeout: float = 60) -> OpenAIEncoder:
        """Prepare to call an endpoint, such as https://api.openai.com/v1; nothing is sent yet. `timeout` in seconds."""
        import httpx  # takes 0.1 s

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        return cls(model, httpx.Client(base_url=base_url, headers=headers, timeout=timeout))

    @cached_property
    def dimension(self) -> int:
        """Ask the endpoint, by encoding one word, how long its vectors are."""
        return int(self.encode(["dimension"], kind="query", languages=["en"]).shape[1])

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text; raises EncoderError on any answer that cannot be trusted."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        prompted = [text or " " for text in _prompted(self._model, texts, kind)]  # an empty input is refused
        batches = [prompted[start : start + self._batch] for start in range(0, len(prompted), self._batch)]
        rows = [row for batch in batches for row in self._rows(self._post(batch), len(batch))]
        lengths = sorted({len(row) for row in rows})
        if len(lengths) != 1:
            raise self._error(f"sent vectors of different lengths: {lengths}")
        if not lengths[0] or not np.isfinite(rows).all():
            raise self._error("sent vectors that are not finite, or empty vectors")
        return _unit(np.array(rows, dtype=np.float32))

    def _post(self, texts: Sequence[str]) -> Any:
        import httpx
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

        retrying = Retrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential(multiplier=self._pause, max=30) + wait_random(0, self._pause),
            reraise=True,
        )
        try:
            return retrying(self._post_once, texts)
        except httpx.HTTPStatusError as error:
            status, body = error.response.status_code, _line(error.response.text)[:200]
            hint = "Set REGBRIEF_ENCODER_KEY to a valid key." if status in (401, 403) else _CHECK
            raise self._error(f"answered {status}: {body}", hint) from error
        except httpx.HTTPError as error:
            raise self._error(f"cannot be reached: {_line(error)}") from error
        except ValueError as error:
            raise self._error("did not answer with JSON") from error

    def _post_once(self, texts: Sequence[str]) -> Any:
        response = self._client.post("embeddings", json={"model": self._model, "input": texts})
        return response.raise_for_status().json()

    def _rows(self, answer: Any, count: int) -> list[list[float]]:
        try:
            rows = {int(item["index"]): [float(value) for value in item["embedding"]] for item in answer["data"]}
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(f"did not send data[].index and data[].embedding: {_line(answer)[:200]}") from error
        if sorted(rows) != list(range(count)) or len(answer["data"]) != count:
            raise self._error(f"sent {len(answer['data'])} vectors, numbered {sorted(rows)[:5]} …, for {count} texts")
        return [rows[i] for i in range(count)]

    def _error(self, what: str, hint: str = "") -> EncoderError:
        where = f"The endpoint {self._client.base_url} of the encoder openai:{self._model}"
        return EncoderError(f"{where} {what}.", hint=hint or _CHECK)


def open_encoder(
    setting: str, *, base_url: str = "https://api.openai.com/v1", api_key: str = "", threads: int | None = None
) -> Encoder:
    """Open `bundled`, which may be kept to some threads, `hf:NAME_OR_PATH`, or `openai:MODEL` by address and key."""
    kind, _, name = setting.partition(":")
    if setting == "bundled":
        return BundledEncoder.open(threads=threads)
    if kind == "hf" and name:
        return HuggingFaceEncoder.from_name(name)
    if kind == "openai" and name:
        return OpenAIEncoder.open(name, base_url=base_url, api_key=api_key)
    raise SettingsError(
        f"REGBRIEF_ENCODER={setting!r} names no encoder.", hint="Use bundled, hf:NAME_OR_PATH or openai:MODEL."
    )


_CHECK = "Check REGBRIEF_ENCODER and REGBRIEF_ENCODER_URL."


def count_tokens(texts: Iterable[str]) -> int:
    """Count the tokens of texts as the bundled model reads them."""
    return sum(len(each.ids) for each in load_tokenizer(MODELS).encode_batch_fast(list(texts)))


def _vector(session: Any, ids: Sequence[int]) -> Vectors:
    row: Vectors = session.run(None, {"input_ids": np.array([ids], dtype=np.int64)})[0][0]
    return row


def _unit(rows: Vectors) -> Vectors:
    unit: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return unit


def _prompted(model: str, texts: Sequence[str], kind: Kind) -> list[str]:
    """Write the kind before each text for E5 models, which were trained with it; others take the text alone."""
    return [f"{kind}: {text}" for text in texts] if "e5" in model.lower() else list(texts)


def _passing(error: BaseException) -> bool:
    """Tell whether another attempt may succeed: no connection, too many requests, or a failure of the server."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 409, 429) or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _unreadable(path: Path, error: Exception) -> EncoderError:
    return EncoderError(
        f"The bundled encoder's file {path} cannot be read: {_line(error)}.",
        hint="Reinstall Regbrief, or rebuild the file with tools/build_encoder.py.",
    )


def _line(value: object) -> str:
    return " ".join(str(value).split()).rstrip(".")
