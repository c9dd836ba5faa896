"""Errors as programs get them: one form, and the language that they ask for (errors.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.errors import AddressRefused, BotError, Busy, FetchError, InputError, LibraryLocked, NotFound, NotPermitted
from bot.records import Language
from bot.serve.accept import preferred
from bot.serve.openai_records import OpenAIErrorBody, OpenAIFault

STATUS: Mapping[type[BotError], int] = {
    InputError: 400,
    AddressRefused: 400,
    NotPermitted: 403,
    NotFound: 404,
    LibraryLocked: 409,
    FetchError: 502,
    Busy: 503,
}
"""The HTTP status of each error; any other BotError is 503, as the server cannot do its work."""

RETRY_AFTER = 5
"""Seconds after which it is worth another try where something else is being written."""

SEE = "See /api/docs."


class Fault(BaseModel):
    """What is wrong: `code` for programs, the rest for people, in the language of `Accept-Language`."""

    code: str = Field(examples=["bad_input"])
    message: str = Field(description="What happened, and the value.", examples=["The question is empty."])
    hint: str = Field(description="What to do about it.", examples=["Ask something."])


class ErrorBody(BaseModel):
    """Every answer that is not a success has this form."""

    error: Fault


_MEANING = {
    400: "What was sent cannot be used.",
    401: "A key is needed.",
    403: "The key does not reach so far.",
    404: "There is no such thing.",
    405: "The path does not take this method.",
    408: "The request came too slowly.",
    409: "Something else is being written to the library.",
    413: "The request is too large.",
    421: "The server does not go by the name in the Host header.",
    422: "The request does not fit the schema.",
    429: "Too many requests; `Retry-After` says how long to wait.",
    500: "Something went wrong on the server's side.",
    503: "The server cannot answer now.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the documentation says of these statuses, and of those that any request may meet."""
    always = (400, 401, 403, 408, 413, 421, 422, 429, 500, 503)
    return {status: {"model": ErrorBody, "description": _MEANING[status]} for status in sorted({*always, *statuses})}


_FASTAPIS = "HTTPValidationError", "ValidationError"


def without_fastapis(document: dict[str, Any]) -> dict[str, Any]:
    """Take FastAPI's own form of an error out of an OpenAPI document, where it stands for a 422 that is never sent."""
    own = {"schema": {"$ref": f"#/components/schemas/{_FASTAPIS[0]}"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            if operation["responses"].get("422", {}).get("content") == {"application/json": own}:
                del operation["responses"]["422"]
    for name in _FASTAPIS:
        document["components"]["schemas"].pop(name, None)
    return document


def add_handlers(app: FastAPI) -> None:
    """Let an application answer every error in this form."""
    app.add_exception_handler(BotError, _bot_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


def language_of(request: Request) -> Language:
    """Return the language that a request asks to be answered in."""
    return preferred(request.headers.get("accept-language", ""))


def said(error: BotError, language: Language) -> Fault:
    """Say an error in a language."""
    values = {"message": error.message, "hint": error.hint, **error.values}
    return _said(error.code, error.case, language, values)


def faults_of(error: RequestValidationError, language: Language) -> Fault:
    """Say in a language where a request does not fit the schema."""
    faults = [_misfit(fault, language) for fault in error.errors()]
    return Fault(code="invalid_request", message="; ".join(each.message for each in faults), hint=faults[0].hint)


def _misfit(fault: Mapping[str, Any], language: Language) -> Fault:
    where = ".".join(map(str, fault["loc"])).encode("utf-8", "replace").decode("utf-8")
    values = {
        "where": where,
        "message": fault["msg"] if language != "en" else f"{where}: {fault['msg']}",
        "hint": SEE,
        **fault.get("ctx", {}),
    }
    return _said("invalid_request", fault["type"], language, values)


def _said(code: str, case: str, language: Language, values: Mapping[str, object]) -> Fault:
    cases = texts().get(code) or texts()["error"]
    chosen = cases.get(case) or cases["other"]
    message, hint = chosen.get(language, ("{message}", "{hint}"))
    return Fault(code=code, message=message.format_map(values), hint=hint.format_map(values))


@cache
def texts() -> Mapping[str, Mapping[str, Mapping[Language, tuple[str, str]]]]:
    """Return what is said of each case of each code, by language."""
    read: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "errors.yaml").read_text("utf-8"))
    return read


def openai_fault(fault: Fault, status: int) -> OpenAIErrorBody:
    """Return an error in the form that OpenAI's clients read."""
    kind = _OPENAI.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = f"{fault.message} {fault.hint}".strip()
    return OpenAIErrorBody(error=OpenAIFault(message=message, type=kind, param=None, code=fault.code))


_OPENAI = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def _bot_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BotError)
    status = next((code for kind, code in STATUS.items() if type(error) is kind), 503)
    retry = {"Retry-After": str(RETRY_AFTER)} if isinstance(error, LibraryLocked | Busy) else {}
    return _response(request, said(error, language_of(request)), status, retry)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _response(request, faults_of(error, language_of(request)), 422)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    values = {"message": str(error.detail), "hint": SEE}
    fault = _said("http_error", str(error.status_code), language_of(request), values)
    return _response(request, fault, error.status_code, error.headers or {})


def _response(request: Request, fault: Fault, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    spoken = {"Content-Language": language_of(request), "Vary": "Accept-Language", **(headers or {})}
    if request.url.path.startswith("/v1/"):
        status = 400 if status == 422 else status
        return JSONResponse(openai_fault(fault, status).model_dump(), status_code=status, headers=spoken)
    return JSONResponse(ErrorBody(error=fault).model_dump(), status_code=status, headers=spoken)
