"""Every setting, read once from REGBRIEF_* and passed explicitly from there on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The settings and their defaults; each is also an environment variable, `REGBRIEF_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="REGBRIEF_", frozen=True, extra="forbid")

    indexes: Path = Field(PROJECT / "indexes", description="Folder of the catalog and the indexes made from it.")
    corpus: Path = Field(PROJECT / "corpus", description="Folder with the shipped articles and the glossary.")
    llm: str = Field("extractive", pattern="^extractive$", description="Who writes answers.")
    encoder: str = Field("bundled", description="bundled, hf:NAME_OR_PATH or openai:MODEL.")
    encoder_url: str = Field("https://api.openai.com/v1", description="Base address of the embeddings endpoint.")
    encoder_key: SecretStr = Field(SecretStr(""), description="Key of the embeddings endpoint.")
    glossary: Path | None = Field(None, description="A glossary of the user's own, beside the shipped one.")
    caution: float | None = Field(None, ge=0, le=1, description="Refuse below this confidence; default: as fitted.")
    host: str = Field("127.0.0.1", description="Address that the page and the API listen on.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page and the API.")

    @classmethod
    def read(cls, **overrides: Any) -> Settings:
        """Read the environment; keyword arguments that are not None win over it.

        Raises SettingsError naming each setting that cannot be used, its value and its variable.
        """
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}={fault.get('input')!r}: {fault['msg']}" for fault in error.errors()
            )
            raise SettingsError(
                f"A setting cannot be used: {faults}.", hint="Correct it or unset its REGBRIEF_ variable."
            ) from error
