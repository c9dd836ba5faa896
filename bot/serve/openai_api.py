"""The same answers for clients of OpenAI's API, under /v1.

The text has markers `[n]`; the extra field `regbrief` has the whole Answer, in a stream in the chunk that ends it. What
may be searched is given in the extra field `regbrief` of the request. Errors have OpenAI's form.
"""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from bot.encoder import count_tokens
from bot.engine import Event, Regbrief
from bot.errors import BotError, InputError, NotFound
from bot.records import Answer, Claim, Language, Turn, to_json
from bot.serve.endings import DONE
from bot.serve.errors import documented, language_of, openai_fault, said
from bot.serve.events import Written, streamed, while_heard
from bot.serve.examples import Responses, examples, shown
from bot.serve.openai_records import (
    CHAT,
    ENCODER,
    Annotation,
    ChatCompletion,
    ChatRequest,
    Choice,
    Chunk,
    ChunkChoice,
    Delta,
    Embedding,
    EmbeddingRequest,
    Embeddings,
    EmbeddingUsage,
    Message,
    OpenAIErrorBody,
    Said,
    ServedModel,
    ServedModels,
    UrlCitation,
    Usage,
)

TURNS = 50

_ERRORS: Responses = {
    status: {**told, "model": OpenAIErrorBody} for status, told in documented(404).items() if status != 422
}
_CHAT: Responses = shown("chat_completion", description="The answer; with `stream`, chunks.")
_CHAT[200]["content"]["text/event-stream"] = {
    "itemSchema": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string", "description": "A chunk, and at last `[DONE]`."}},
    },
    "example": examples()["chat_chunks"],
}


def router(bot: Regbrief) -> APIRouter:
    """Return the routes for one library."""
    routes = APIRouter(prefix="/v1", tags=["openai"], responses=_ERRORS)

    @routes.post("/chat/completions", response_model=ChatCompletion, responses=_CHAT)
    def chat_completions(asked: ChatRequest, request: Request) -> Response:
        """Answer the last user message with quoted sentences, or refuse.

        Earlier messages complete a follow-up, and system messages lend it names. `temperature` and the like have no
        effect: what is said is what the articles say.
        """
        _check_model(asked.model, CHAT)
        question, history = _conversation(asked.messages)
        arguments = {"history": history, **dict(asked.regbrief)}
        if asked.stream:
            written = _chunks(asked, language_of(request))
            return streamed(while_heard(bot.stream(question, **arguments), written))
        answer = bot.ask(question, **arguments)
        said = Said(answer.answer, _annotations(answer))
        done = ChatCompletion(_name(), int(time.time()), CHAT, [Choice(said)], _usage(asked, answer), answer)
        return JSONResponse(to_json(done))

    @routes.get("/models", responses=shown("models"))
    def models() -> ServedModels:
        """List what can be named as `model`."""
        return ServedModels()

    @routes.get("/models/{model}", responses=shown("model"))
    def model(
        model: Annotated[str, Path(description="As `GET /v1/models` lists it.", examples=[CHAT])],
    ) -> ServedModel:
        """Return one of them."""
        _check_model(model, CHAT, ENCODER)
        return ServedModel(model)

    @routes.post("/embeddings", response_model=Embeddings, responses=shown("embeddings"))
    def embeddings(asked: EmbeddingRequest) -> Response:
        """Turn texts into vectors with the library's encoder; English and Chinese share one space."""
        _check_model(asked.model, ENCODER)
        rows = bot.embed(asked.input, kind=asked.input_type)
        if asked.dimensions not in (None, rows.shape[1]):
            raise InputError(
                f"dimensions is {asked.dimensions}.",
                hint=f"The encoder has {rows.shape[1]}.",
                case="dimensions",
                values={"value": asked.dimensions, "count": rows.shape[1]},
            )
        data = [Embedding(at, _encoded(row, asked.encoding_format)) for at, row in enumerate(rows)]
        tokens = count_tokens(asked.input)
        return JSONResponse(to_json(Embeddings(data, ENCODER, EmbeddingUsage(tokens, tokens))))

    return routes


def _check_model(name: str, *names: str) -> None:
    if name not in names:
        raise NotFound(
            f"The model {name!r} does not exist.",
            hint=f"Use {' or '.join(names)}.",
            case="model",
            values={"name": name, "names": ", ".join(names)},
        )


def _conversation(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """Return the last user message, and what stands before it as turns. Raises InputError where there is none."""
    last = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user"), None)
    if last is None:
        raise InputError("There is no user message.", hint="Ask something.", case="no_user")
    turns: list[Turn] = []
    for message in messages[:last]:
        if message.role == "user":
            turns.append(Turn(message.text))
        elif turns and not turns[-1].answer and message.role == "assistant":
            turns[-1] = Turn(turns[-1].question, message.text)
        else:
            turns.append(Turn("", message.text))  # it lends names, and is no question
    return messages[last].text, turns[-TURNS:]


def _chunks(asked: ChatRequest, language: Language) -> Written:
    name, created = _name(), int(time.time())

    def chunk(*choices: ChunkChoice, **more: Any) -> bytes:
        return _data(to_json(Chunk(name, created, CHAT, list(choices), **more)))

    def written(events: Iterator[Event]) -> Iterator[bytes]:
        yield chunk(ChunkChoice(Delta("", role="assistant")))
        text = _Text()
        try:
            for event in events:
                if isinstance(event.data, Answer):
                    if rest := event.data.answer[len(text.sent) :]:
                        yield chunk(ChunkChoice(Delta(rest)))
                    end = ChunkChoice(Delta(annotations=_annotations(event.data)), finish_reason="stop")
                    yield chunk(end, regbrief=event.data)
                    if asked.stream_options and asked.stream_options.include_usage:
                        yield chunk(usage=_usage(asked, event.data))
                elif isinstance(event.data, Claim):
                    if more := text.add(event.data):
                        yield chunk(ChunkChoice(Delta(more)))
                else:
                    yield b": working\n\n"
        except BotError as error:  # the status line is sent already
            yield _data(openai_fault(said(error, language), 503).model_dump())
        yield DONE

    return written


class _Text:
    """The text of an answer as far as its claims are known; what follows one that is doubted waits for the whole."""

    def __init__(self) -> None:
        self.sent = ""
        self._doubted = False

    def add(self, claim: Claim) -> str:
        """Return what a claim adds to the text."""
        if self._doubted:
            return ""
        self._doubted = claim.status != "verified"
        more = f"{' ' if self.sent else ''}{_printed(claim)}"
        self.sent += more
        return more


def _printed(claim: Claim) -> str:
    return f"{claim.context}{claim.text}{claim.gloss} {_marks(claim)}"


def _marks(claim: Claim) -> str:
    return "".join(f"[{number}]" for number in claim.citations)


def _annotations(answer: Answer) -> list[Annotation]:
    """Return where the text points at pages of the web."""
    cited = {each.number: each for each in answer.citations}
    found, at = [], 0
    for claim in answer.claims:
        at = answer.answer.index(_printed(claim), at) + len(_printed(claim)) - len(_marks(claim))
        for number in claim.citations:
            end = at + len(f"[{number}]")
            if url := cited[number].url:
                found.append(Annotation(UrlCitation(at, end, cited[number].title, url)))
            at = end
    return found


def _usage(asked: ChatRequest, answer: Answer) -> Usage:
    prompt = count_tokens(message.text for message in asked.messages)
    completion = count_tokens([answer.answer])
    return Usage(prompt, completion, prompt + completion)


def _encoded(row: Any, form: str) -> list[float] | str:
    if form == "base64":
        return base64.b64encode(row.astype(np.dtype("<f4")).tobytes()).decode("ascii")
    numbers: list[float] = row.tolist()
    return numbers


def _name() -> str:
    return f"chatcmpl-{uuid.uuid4().hex}"


def _data(value: Any) -> bytes:
    return b"data: " + JSONResponse(value).body + b"\n\n"
