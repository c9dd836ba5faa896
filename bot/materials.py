"""What the settings name, opened: encoder, glossaries and language model, and libraries made with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.chat import ChatModel
from bot.encoder import BundledEncoder, Encoder, open_encoder
from bot.errors import LibraryMismatch
from bot.generative import open_model
from bot.glossary import Glossary
from bot.indexing import Progress
from bot.keywords import Analyzer
from bot.language import fold, fold_case
from bot.library import Library, Places
from bot.records import EVERY_PART, Parts
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Materials:
    """What a library is built with, as the settings name it."""

    encoder: Encoder
    glossary: Glossary
    parts: Parts
    places: Places

    @classmethod
    def read(cls, settings: Settings, parts: Parts = EVERY_PART) -> Materials:
        """Open the encoder and the glossaries. Raises SettingsError."""
        shipped = settings.corpus / "glossary.yaml"
        glossary = Glossary.open(*[path for path in (shipped if shipped.exists() else None, settings.glossary) if path])
        encoder = open_encoder(
            settings.encoder, base_url=settings.encoder_url, api_key=settings.encoder_key.get_secret_value()
        )
        if isinstance(encoder, BundledEncoder) and not parts.language_means:
            encoder = encoder.without_means()
        return cls(encoder, glossary, parts, places(settings))

    def library(self) -> dict[str, Any]:
        """Return the arguments of Library but for its folder."""
        return {
            "encoder": self.encoder,
            "analyzer": Analyzer(self.glossary.names(), fold=fold if self.parts.folding else fold_case),
            "glossary": self.glossary,
            "events": isinstance(self.encoder, BundledEncoder) and self.parts.language_means,
            "places": self.places,
        }

    def opened(self, settings: Settings, copy_of: str) -> Library:
        """Open the library of other settings, made with the same; it may be an unfinished copy of the one named."""
        return Library(settings.indexes, **{**self.library(), "places": places(settings)}, copy_of=copy_of)

    def indexed(self, folder: Path, progress: Progress | None) -> Library:
        """Make the indexes of a catalog that has none, and its passages and stories where others made these."""
        try:
            return Library.refill(folder, progress=progress, **self.library())
        except LibraryMismatch:
            return Library.rebuild(folder, progress=progress, **self.library())


def places(settings: Settings) -> Places:
    """Return where the parts of the library are that are not in its folder."""
    return Places(settings.catalog.get_secret_value(), settings.chroma_url, settings.search)


def open_chat(settings: Settings) -> ChatModel | None:
    """Open the language model; None where answers are quoted without one. Raises SettingsError."""
    return open_model(
        settings.llm,
        base_url=settings.llm_base_url,
        key=settings.llm_key.get_secret_value(),
        timeout=settings.llm_timeout,
        context=settings.llm_context,
    )
