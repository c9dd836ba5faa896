"""Who writes answers: the model that REGBRIEF_LLM names, any of LangChain's providers among them.

What models are asked, and what becomes of what they write, is elsewhere; no type of LangChain leaves this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.chat import CONTEXT, ChatModel, Message, Put
from bot.errors import Fault, MissingExtra, ModelError, SettingsError
from bot.local_models import GgufModel, TransformersModel

ATTEMPTS = 3


def open_model(
    setting: str, *, base_url: str = "", key: str = "", timeout: float = 60, context: int | None = None
) -> ChatModel | None:
    """Prepare `gguf:PATH`, `transformers:PATH_OR_NAME` or `provider:model`; None for `extractive`.

    Nothing is loaded or sent yet. Raises MissingExtra, and SettingsError where there is no such file.
    """
    kind, _, name = setting.partition(":")
    if setting == "extractive":
        return None
    if kind == "gguf":
        _need("xllamacpp", setting, "pip install 'regbrief[llm]'")
        if not Path(name).is_file():
            raise SettingsError(f"REGBRIEF_LLM={setting}: there is no file {name}.", hint="Give the path of a GGUF.")
        return GgufModel(Path(name), context=context or CONTEXT)
    if kind == "transformers":
        for package in ("torch", "transformers"):
            _need(package, setting, "pip install 'regbrief[local]'")
        return TransformersModel(name, context=context)
    own = kind.replace("_", "-")
    _need("langchain", setting, "pip install 'regbrief[openai]'" if own == "openai" else _install(f"langchain-{own}"))
    return LangChainModel(setting, base_url=base_url, key=key, timeout=timeout, context=context)


def _install(package: str) -> str:
    return f"pip install langchain {package}"


def _need(package: str, setting: str, command: str) -> None:
    if find_spec(package) is None:
        raise MissingExtra(f"REGBRIEF_LLM={setting} needs {package}.", hint=f"Run {command}.")


class LangChainModel:
    """Any `provider:model` that LangChain's `init_chat_model` knows, and any OpenAI-compatible server."""

    def __init__(
        self, setting: str, *, base_url: str, key: str, timeout: float, context: int | None, pause: float = 1.0
    ) -> None:
        """`pause` is how many seconds pass before the second attempt; the third waits twice as long."""
        self.name = setting
        self._provider = setting.partition(":")[0]
        self._base_url = base_url
        self._key = key
        self._timeout = timeout
        self._context = context
        self.pause = pause

    @property
    def context(self) -> int:
        profile = self._model.profile or {}
        return self._context or int(profile.get("max_input_tokens") or CONTEXT)

    @cached_property
    def _model(self) -> Any:
        from langchain.chat_models import init_chat_model  # takes 1.5 s, and the provider's package about one more

        try:
            return self._reached(init_chat_model(self.name, **self._arguments()))
        except SettingsError:
            raise
        except ImportError as error:
            package = re.search(r"pip install (?:-U )?([\w-]+)", str(error))
            command = _install(package[1] if package else "and the provider's package")
            raise MissingExtra(f"REGBRIEF_LLM={self.name}: a package is missing.", hint=f"Run {command}.") from error
        except Exception as error:  # a provider's own: no key, a name that it does not know …
            raise SettingsError(f"REGBRIEF_LLM={self.name}: {self._line(error)}", hint=_CHECK) from error

    def _reached(self, model: Any) -> Any:
        """Return a model that goes where it is told to: a provider's class passes over what it has no field for."""
        if self._base_url and not any(
            "base_url" in (name, field.alias) for name, field in type(model).model_fields.items()
        ):
            raise SettingsError(
                f"REGBRIEF_LLM_BASE_URL={self._base_url}: {self._provider} cannot be reached at another address.",
                hint="Unset it; or, for a server that speaks OpenAI's protocol, set REGBRIEF_LLM=openai:MODEL.",
            )
        return model

    def _arguments(self) -> dict[str, Any]:
        given: dict[str, Any] = {"timeout": self._timeout, "max_retries": 0}  # attempts are counted here, for all alike
        if self._provider == "ollama":
            given = {"client_kwargs": {"timeout": self._timeout}}
        if self._base_url:
            given["base_url"] = self._base_url
            given["temperature"] = 0.0
        if self._key or (self._base_url and self._provider == "openai"):
            given["api_key"] = self._key or "none"  # the key in OPENAI_API_KEY is not for another server
        return given

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        said: list[tuple[str, str]] = [(each.role, each.content) for each in messages]
        chunks = self._begun(said, limit)
        try:
            for chunk in chunks:
                if not put(chunk):
                    return
        except Exception as error:
            raise self._failed(error) from error
        finally:
            chunks.close()

    def _begun(self, messages: list[tuple[str, str]], limit: int) -> Any:
        """Start the model, with further attempts while it has not written anything."""
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, ModelError) and error.passing),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=self.pause, max=8),
            reraise=True,
        )
        return retrying(self._attempt, messages, limit)

    def _attempt(self, messages: list[tuple[str, str]], limit: int) -> Any:
        chunks = self._texts(messages, limit)
        try:
            first = next(chunks, "")
        except Exception as error:
            raise self._failed(error) from error
        return _again(first, chunks)

    def _texts(self, messages: list[tuple[str, str]], limit: int) -> Any:
        return (str(chunk.text) for chunk in self._model.stream(messages, **self._limited(limit)))

    def _limited(self, limit: int) -> dict[str, Any]:
        """Say, as the provider wants it said, how many tokens may be written."""
        if self._provider == "ollama":  # which else reads less than it is given, and says nothing
            return {"options": {"num_predict": limit, "num_ctx": self.context, "temperature": 0.0}}
        if self._provider.startswith("google"):
            return {"max_output_tokens": limit}
        if self._provider == "openai" and self._base_url:
            return {"extra_body": {"max_tokens": limit}}  # llama.cpp knows no max_completion_tokens
        return {"max_tokens": limit}

    def _failed(self, error: Exception) -> Exception:
        if isinstance(error, (ModelError, MissingExtra, SettingsError)):
            return error
        return ModelError(f"The model {self.name} failed: {self._line(error)}", hint=_CHECK, fault=_fault(error))

    def _line(self, error: Exception) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        text = text.replace(self._key, "…") if self._key else text
        return f"{text[:300].rstrip('.')}."

    def close(self) -> None:
        """Do nothing: the providers' clients close with the process."""


_CHECK = "Check REGBRIEF_LLM, REGBRIEF_LLM_BASE_URL and REGBRIEF_LLM_KEY."


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    try:
        yield first
        yield from rest
    finally:
        rest.close()  # type: ignore[attr-defined]


def _fault(error: BaseException) -> Fault:
    """Say what went wrong, by LangChain's errors, the status of the answer, or else the name of the error."""
    from langchain_core import exceptions

    chain = list(_chain(error))
    if any(isinstance(each, exceptions.ContextOverflowError) for each in chain) or _OVERFLOW.search(str(error)):
        return "too_long"
    if any("without sending a response" in str(each) for each in chain):
        return "unreachable"  # a connection kept from before that the server has closed
    status = next((each for each in (getattr(link, "status_code", None) for link in chain) if each), 0)
    if status:
        return "busy" if status == 429 else "server" if status >= 500 or status == 408 else "refused"
    names = " ".join(kind.__name__ for each in chain for kind in type(each).__mro__)
    return next((fault for fault, pattern in _NAMED if pattern.search(names)), "malformed")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


_OVERFLOW = re.compile(r"context (?:size|length|window)|maximum context|too many tokens|prompt is too long", re.I)
_NAMED: tuple[tuple[Fault, re.Pattern[str]], ...] = (
    ("timeout", re.compile("Timeout")),
    ("malformed", re.compile("Protocol|ReadError|Decode|Validation")),
    ("unreachable", re.compile("Connect")),
    ("busy", re.compile("RateLimit")),
    ("server", re.compile("ModelAPIError|InternalServer")),
    ("refused", re.compile("Authentication|Permission|NotFound|InvalidRequest|BadRequest")),
)
