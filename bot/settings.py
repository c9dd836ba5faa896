"""Every setting, read once from REGBRIEF_* and passed explicitly from there on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.address import read_address, without_passwords, written
from bot.errors import SettingsError
from bot.release import release

PACKAGE = Path(__file__).resolve().parent
PROJECT = PACKAGE.parent


def _library() -> Path:
    """Return where the library is by default: in the repository, or, of an installed package, among the user's data."""
    return (
        PROJECT / "indexes"
        if _in_repository()
        else platformdirs.user_data_path("regbrief", appauthor=False) / "library"
    )


def _corpus() -> Path:
    """Return where the shipped articles are: in the repository, or in the installed package."""
    return (PROJECT if _in_repository() else PACKAGE) / "corpus"


def _in_repository() -> bool:
    return (PROJECT / "indexes" / "README.md").is_file()


class Settings(BaseSettings):
    """The settings and their defaults; each is also an environment variable, `REGBRIEF_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="REGBRIEF_", frozen=True, extra="forbid")

    indexes: Path = Field(default_factory=_library, description="Folder of the catalog and the indexes made from it.")
    corpus: Path = Field(default_factory=_corpus, description="Folder with the shipped articles and the glossary.")
    catalog: SecretStr = Field(
        SecretStr(""),
        description="A PostgreSQL database for the catalog, postgresql://USER@HOST/DATABASE; default: in the folder.",
    )
    chroma_url: str = Field(
        "",
        pattern=r"^(https?://[!-~]+)?$",
        description="A Chroma server for the vectors; default: in the folder.",
    )
    search: str = Field(
        "embedded",
        pattern=r"^(embedded|milvus:https?://[!-~]+)$",
        description="Search engine: embedded, or milvus:http://HOST:PORT for words and vectors alike.",
    )
    llm: str = Field(
        "extractive", description="Who writes answers: extractive, gguf:, transformers: or provider:model."
    )
    llm_base_url: str = Field("", pattern="^(https?://[!-~]+)?$", description="An OpenAI-compatible server's address.")
    llm_key: SecretStr = Field(SecretStr(""), description="Key of the language model's provider.")
    llm_timeout: float = Field(60, gt=0, description="Seconds for which a language model may be silent.")
    llm_context: int | None = Field(None, ge=1024, description="Tokens that it reads; default: as it says, or 8192.")
    unverified: Literal["drop", "flag"] = Field("drop", description="What becomes of a sentence that nothing proves.")
    encoder: str = Field("bundled", description="bundled, hf:NAME_OR_PATH or openai:MODEL.")
    encoder_url: str = Field("https://api.openai.com/v1", description="Base address of the embeddings endpoint.")
    encoder_key: SecretStr = Field(SecretStr(""), description="Key of the embeddings endpoint.")
    reranker: str = Field("bundled", description="bundled, none or hf:NAME_OR_PATH.")
    rerank_budget_ms: int = Field(0, ge=0, description="Time for reading passages a question; 0: no limit.")
    glossary: Path | None = Field(None, description="A glossary of the user's own, beside the shipped one.")
    caution: float | None = Field(None, ge=0, le=1, description="Refuse below this confidence; default: as fitted.")
    host: str = Field("127.0.0.1", description="Address that the page and the API listen on.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page and the API.")
    api_keys: Path | None = Field(None, description="File of the keys, hashed; `regbrief keys` writes it.")
    session_secret: SecretStr = Field(
        SecretStr(""), description="Signs the page's cookies; the same on all servers of one address. Default: random."
    )
    readable_without_keys: bool = Field(
        False, description="Let whoever reaches the server read and ask; what changes the library still needs a key."
    )
    server_names: str = Field("", description="Names that browsers reach the server under, split by commas.")
    proxies: str = Field("", description="Addresses of reverse proxies that say whom they speak for, split by commas.")
    cors_origins: str = Field("", description="Other sites whose pages may use the API, split by commas; * is any.")
    rate_limit: str = Field(
        "120/minute",
        pattern=r"^(none|[1-9][0-9]{0,6}/(second|minute|hour|day))$",
        description="Requests that a key may make; none: any number.",
    )
    rate_limit_address: str = Field(
        "600/minute",
        pattern=r"^(none|[1-9][0-9]{0,6}/(second|minute|hour|day))$",
        description="Requests that may come from an address.",
    )
    max_upload_mb: int = Field(50, ge=1, le=2048, description="Size of an upload.")
    concurrency: int = Field(8, ge=1, le=256, description="Questions answered at the same time.")
    queue: int = Field(64, ge=0, description="Questions that wait for that; further ones are told to come again.")
    request_timeout: float = Field(120, gt=0, description="Seconds for which an answer may show nothing new.")
    drain_timeout: int = Field(30, ge=0, description="Seconds that answers under way get when the server is stopped.")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log on stderr.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="Least that is logged.")
    audit_log: Path | None = Field(None, description="Log of changes made over the network; default: in the library.")

    allow_hosts: str = Field("", description="Internal hosts that may be fetched: HOST or HOST:PORT, split by commas.")
    user_agent: str = Field(
        f"Regbrief/{release()} (reads news feeds; obeys robots.txt)",
        pattern=r"^[!-~][ -~]{0,199}$",
        description="What Regbrief tells the sites that it fetches from; some ask for an address of yours in it.",
    )
    fetch_delay: float = Field(1.0, ge=0, le=60, description="Seconds between two requests to one site.")

    @field_validator("catalog")
    @classmethod
    def _names_a_database(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"(postgres(ql)?://[!-~]+)?", value.get_secret_value()):
            raise ValueError("it is no address of a PostgreSQL database: use postgresql://USER@HOST:PORT/DATABASE")
        return value

    @model_validator(mode="after")
    def _one_engine(self) -> Settings:
        if self.chroma_url and self.search != "embedded":
            raise ValueError("REGBRIEF_CHROMA_URL and REGBRIEF_SEARCH each name a server for the vectors: unset one")
        return self

    @field_validator("llm")
    @classmethod
    def _names_a_model(cls, value: str) -> str:
        if value != "extractive" and not re.fullmatch(r"[a-z][a-z0-9_]*:\S(?:.*\S)?", value):
            raise ValueError(
                "it names no model: use extractive, gguf:PATH, transformers:PATH_OR_NAME or provider:model"
            )
        return value

    @classmethod
    def read(cls, **overrides: Any) -> Settings:
        """Read the environment; keyword arguments that are not None win over it.

        Raises SettingsError naming each setting that cannot be used, its value and its variable.
        """
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            faults = "; ".join(f"{cls._shown(fault)}{fault['msg']}" for fault in error.errors())
            raise SettingsError(
                f"A setting cannot be used: {faults}.", hint="Correct it or unset its REGBRIEF_ variable."
            ) from None

    def at(self, address: str) -> Settings:
        """Return these settings for the library at an address: FOLDER[,postgresql://…][,milvus:http://…].

        Raises InputError for what is no address.
        """
        return self.read(**{**self.model_dump(), **read_address(address)})

    @property
    def address(self) -> str:
        """Where the library is, in the form that `at` takes, without passwords."""
        return written(str(self.indexes), self.catalog.get_secret_value(), self.search, self.chroma_url)

    @classmethod
    def _shown(cls, fault: Mapping[str, Any]) -> str:
        """Return which value is at fault, but no secret; nothing where several are, which the fault then names."""
        if not fault["loc"]:
            return ""
        field = cls.model_fields.get(str(fault["loc"][0]))
        secret = field and field.annotation is SecretStr
        value = "**********" if secret else without_passwords(repr(fault.get("input")))
        return f"{'.'.join(map(str, fault['loc']))}={value}: "

    def in_folder(self, what: str) -> Settings:
        """Return these settings for what works on files. Raises SettingsError where a part is on a server."""
        elsewhere = {"CATALOG": self.catalog.get_secret_value() != "", "SEARCH": self.search != "embedded"}
        for name, is_set in elsewhere.items():
            if is_set:
                raise SettingsError(
                    f"REGBRIEF_{name} is set, but {what} works on a library in a folder.",
                    hint="Bring the library into one first: `regbrief copy --to FOLDER`.",
                )
        return self
