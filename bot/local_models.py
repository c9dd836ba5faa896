"""Models in this process: a GGUF file in llama.cpp, or Hugging Face transformers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.chat import CONTEXT, Message, Put
from bot.errors import MissingExtra, ModelError, SettingsError

# --- llama.cpp ------------------------------------------------------------------------------------------------------


BATCH = 256
"""Tokens that llama.cpp reads between two chances to stop it."""


class GgufModel:
    """A GGUF file in llama.cpp, inside this process."""

    def __init__(self, path: Path, *, context: int) -> None:
        self.name = f"gguf:{path.name}"
        self.context = context
        self._path = path
        self._idle = threading.Condition()
        self._writing = 0
        self._loaded: Any = None

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        failed: list[Any] = []
        server = self._begin()

        def take(chunk: dict[str, Any]) -> bool:
            """Hand on a chunk; llama.cpp stops where this is true."""
            if "error" in chunk:
                failed.append(chunk["error"])
                return True
            delta = chunk["choices"][0]["delta"] if chunk.get("choices") else {}
            return not put(delta.get("content") or "")

        request = {
            "messages": [asdict(each) for each in messages],
            "max_tokens": limit,
            "temperature": 0,
            "seed": 0,
            "stream": True,
            "return_progress": True,  # while it reads, too: it can be stopped, and is not taken for silent
        }
        try:
            server.handle_chat_completions(request, take)
        finally:
            self._end()
        if failed:
            long = failed[0].get("type") == "exceed_context_size_error"
            said = f"The model {self.name} failed: {failed[0].get('message')}."
            raise ModelError(said, fault="too_long" if long else "server")

    def _begin(self) -> Any:
        """Load the model where it is not, and count who uses it."""
        with self._idle:
            if self._loaded is None:
                self._loaded = self._load()
            self._writing += 1
            return self._loaded

    def _end(self) -> None:
        with self._idle:
            self._writing -= 1
            self._idle.notify_all()

    def _load(self) -> Any:
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self._path)
        parameters.n_ctx = self.context
        parameters.n_batch = BATCH
        parameters.verbosity = 0
        parameters.warmup = False
        parameters.api_keys = [secrets.token_hex(16)]  # it also listens on a port of this machine
        try:
            return xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise SettingsError(
                f"REGBRIEF_LLM=gguf:{self._path}: llama.cpp cannot load the file.", hint="Give a GGUF model."
            ) from error

    def close(self) -> None:
        """Unload the model once it has stopped: the process must not end while it is at work."""
        with self._idle:
            self._idle.wait_for(lambda: not self._writing)
            self._loaded = None


# --- transformers ---------------------------------------------------------------------------------------------------


class TransformersModel:
    """A causal language model in Hugging Face form: a folder, a name of the hub, or a GGUF file."""

    def __init__(self, name: str, *, context: int | None = None) -> None:
        self.name = f"transformers:{Path(name).name}"
        self._where = name
        self._context = context
        self._lock = threading.Lock()

    @property
    def context(self) -> int:
        return self._context or min(int(getattr(self._parts[1].config, "max_position_embeddings", CONTEXT)), CONTEXT)

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        """Load tokenizer and model."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        path = Path(self._where)
        inside = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
        where = str(path.parent) if inside else self._where
        try:
            tokenizer = AutoTokenizer.from_pretrained(where, **inside)
            return tokenizer, AutoModelForCausalLM.from_pretrained(where, **inside).eval()
        except ImportError as error:  # a GGUF file needs two packages more
            raise MissingExtra(
                f"REGBRIEF_LLM=transformers:{self._where}: a package is missing.",
                hint="Run pip install 'regbrief[local]'.",
            ) from error
        except (OSError, ValueError) as error:
            said = " ".join(str(error).split())[:300].rstrip(".")
            raise SettingsError(
                f"REGBRIEF_LLM=transformers:{self._where} cannot be loaded: {said}.",
                hint="Give a folder with a model, a GGUF file, or a name that the Hugging Face hub has.",
            ) from error

    def write(self, messages: Sequence[Message], put: Put, *, limit: int) -> None:
        from transformers import StoppingCriteria, StoppingCriteriaList, TextStreamer

        wanted = [True]

        class Hand(TextStreamer):  # type: ignore[misc]
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                wanted[0] = put(text) and wanted[0]

        class Unwanted(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
                return ids.new_full((ids.shape[0],), not wanted[0]).bool()

        with self._lock:
            tokenizer, model = self._parts
            inputs = self._inputs(tokenizer, messages, limit)
            model.generate(
                **inputs,
                max_new_tokens=limit,
                do_sample=False,
                streamer=Hand(tokenizer, skip_prompt=True, skip_special_tokens=True),
                stopping_criteria=StoppingCriteriaList([Unwanted()]),
                pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
            )

    def _inputs(self, tokenizer: Any, messages: Sequence[Message], limit: int) -> Any:
        said = [asdict(each) for each in messages]
        inputs = tokenizer.apply_chat_template(said, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        length = int(inputs["input_ids"].shape[1])
        if length + limit > self.context:
            said_ = f"{length} tokens and {limit} to write do not fit in {self.context}"
            raise ModelError(f"The model {self.name} failed: {said_}.", fault="too_long")
        return inputs

    def close(self) -> None:
        """Unload the model once it has stopped."""
        with self._lock:
            self.__dict__.pop("_parts", None)
