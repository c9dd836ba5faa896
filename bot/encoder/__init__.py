"""Texts to vectors: the bundled model, any Hugging Face model, or any OpenAI-compatible endpoint.

Texts arrive folded (`bot.language.fold`). The bundled encoder takes the mean of its language from every vector, else
the language outweighs the meaning and a Chinese question finds Chinese passages only (figures: models/README.md).
"""

from __future__ import annotations

from bot.encoder.base import Encoder, Kind, Vectors
from bot.encoder.bundled import MODELS, BundledEncoder, count_tokens, load_session, load_tokenizer
from bot.encoder.hugging_face import HuggingFaceEncoder
from bot.encoder.openai import OpenAIEncoder
from bot.errors import SettingsError

__all__ = [
    "MODELS",
    "BundledEncoder",
    "Encoder",
    "HuggingFaceEncoder",
    "Kind",
    "OpenAIEncoder",
    "Vectors",
    "count_tokens",
    "load_session",
    "load_tokenizer",
    "open_encoder",
]


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
