"""What clients of OpenAI's API send and get, as far as it means something here; what is not named is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.records import Answer
from bot.serve.examples import examples
from bot.serve.parameters import Filters

CHAT = "regbrief"
ENCODER = "regbrief-encoder"
TEXTS = 2_048
LONGEST = 40_000
"""Characters of a text that is to become a vector."""


class Part(BaseModel):
    """A piece of a message; only text can be read."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Return what the message says."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class ResponseFormat(BaseModel):
    type: Literal["text"]


class ChatRequest(BaseModel):
    """A conversation; its last user message is the question, what stands before completes it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples()["chat_request"]]})

    model: str = Field(examples=[CHAT])
    messages: list[Message] = Field(min_length=1, max_length=1_000)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = 1
    response_format: ResponseFormat | None = None
    tool_choice: Literal["auto", "none"] | None = Field(None, description="No tool is ever called.")
    regbrief: Filters = Field(
        default_factory=lambda: Filters.model_validate({}),
        description="What may be searched (`extra_body` of OpenAI's own clients).",
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the bundled encoder counts them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class UrlCitation:
    start_index: int
    end_index: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A marker `[n]` of the text, and the page that its citation stands on."""

    url_citation: UrlCitation
    type: Literal["url_citation"] = "url_citation"


@dataclass(frozen=True, slots=True)
class Said:
    content: str
    annotations: list[Annotation]
    role: Literal["assistant"] = "assistant"
    refusal: None = None


@dataclass(frozen=True, slots=True)
class Choice:
    message: Said
    index: int = 0
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """An answer; `regbrief` is the whole of it, with each citation."""

    id: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    regbrief: Answer
    object: Literal["chat.completion"] = "chat.completion"


@dataclass(frozen=True, slots=True)
class Delta:
    content: str | None = None
    role: Literal["assistant"] | None = None
    annotations: list[Annotation] | None = None


@dataclass(frozen=True, slots=True)
class ChunkChoice:
    delta: Delta
    index: int = 0
    finish_reason: Literal["stop"] | None = None
    logprobs: None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer; the one with the `finish_reason` has the whole in `regbrief`."""

    id: str
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    regbrief: Answer | None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


def _texts(given: Any) -> Any:
    """Say why tokens cannot be taken, as some clients send them."""
    if isinstance(given, Sequence) and not isinstance(given, str) and any(not isinstance(each, str) for each in given):
        raise PydanticCustomError("tokens", "Send texts, not tokens (LangChain: check_embedding_ctx_length=False)")
    return [given] if isinstance(given, str) else given


Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=TEXTS)]


class EmbeddingRequest(BaseModel):
    """Texts to turn into vectors."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples()["embedding_request"]]})

    model: str = Field(examples=[ENCODER])
    input: Annotated[Texts, BeforeValidator(_texts, json_schema_input_type=Text | Texts)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, description="Only as many as the encoder has.")
    input_type: Literal["query", "passage"] = Field("passage", description="Whether the texts are questions.")


@dataclass(frozen=True, slots=True)
class Embedding:
    index: int
    embedding: list[float] | str
    """The numbers, or the base64 of their 32-bit floats."""
    object: Literal["embedding"] = "embedding"


@dataclass(frozen=True, slots=True)
class EmbeddingUsage:
    prompt_tokens: int
    total_tokens: int


@dataclass(frozen=True, slots=True)
class Embeddings:
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage
    object: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class ServedModel:
    id: str
    created: int = 1_767_225_600
    owned_by: str = "regbrief"
    object: Literal["model"] = "model"


@dataclass(frozen=True, slots=True)
class ServedModels:
    data: list[ServedModel] = field(default_factory=lambda: [ServedModel(CHAT), ServedModel(ENCODER)])
    object: Literal["list"] = "list"


class OpenAIFault(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorBody(BaseModel):
    """An error in OpenAI's form; the message also says what to do."""

    error: OpenAIFault
