"""What every encoder is asked for, and what they share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.records import Language

Kind = Literal["query", "passage"]
Vectors = NDArray[np.float32]

VERSION = 1
"""Raised when the same text would get another vector from the same files; part of every fingerprint."""

WINDOW = 512
"""Tokens that the bundled model reads at once, with its start and end; another reads no more at once, either."""

OVERLAP = 64
"""Tokens that neighbouring windows of a longer text share."""


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


def unit(rows: Vectors) -> Vectors:
    """Return rows of length one; those of zeros stay."""
    made: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return made


def prompted(model: str, texts: Sequence[str], kind: Kind) -> list[str]:
    """Write the kind before each text for E5 models, which were trained with it; others take the text alone."""
    return [f"{kind}: {text}" for text in texts] if "e5" in model.lower() else list(texts)


def digest(*parts: object) -> str:
    """Return what tells versions of a model or its constants apart, in 16 characters."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def line(value: object) -> str:
    """Write a message of another library in one line, to stand inside a sentence."""
    return " ".join(str(value).split()).rstrip(".")
