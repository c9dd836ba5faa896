"""Any sentence encoder in Hugging Face form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bot.encoder.base import OVERLAP, VERSION, WINDOW, Kind, Vectors, digest, line, prompted, unit
from bot.errors import EncoderError, MissingExtra
from bot.records import Language


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
        revision = getattr(model.config, "_commit_hash", None) or digest(model.config.to_json_string())
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
                f"{name!r} is no folder with a model, and the Hugging Face hub did not give it: {line(error)}.",
                hint="Give a folder (hf:/path/to/model), or connect to a network once to fetch the name.",
            ) from error

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text; longer texts than the model reads are read in windows."""
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        written = prompted(self._name, texts, kind)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), self._batch):
            batch = by_length[start : start + self._batch]
            rows[batch] = self._encode_batch([written[i] for i in batch])
        return unit(rows)

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
        np.add.at(rows, owners, unit(pooled.float().numpy()) * lengths.numpy())
        return rows
