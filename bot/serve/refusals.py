"""What the server says when it does not let a request through, in the language that the client asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from bot.records import Language
from bot.serve.accept import preferred
from bot.serve.errors import ErrorBody, Fault, openai_fault, texts

Code = Literal[
    "no_key",
    "bad_key",
    "not_permitted",
    "unknown_host",
    "cross_site",
    "too_large",
    "too_slow",
    "rate_limited",
    "overloaded",
    "timed_out",
    "stopping",
    "internal",
]

STATUS: Mapping[Code, int] = {
    "no_key": 401,
    "bad_key": 401,
    "not_permitted": 403,
    "unknown_host": 421,
    "cross_site": 403,
    "too_large": 413,
    "too_slow": 408,
    "rate_limited": 429,
    "overloaded": 503,
    "timed_out": 503,
    "stopping": 503,
    "internal": 500,
}


def refusal(scope: Scope, code: Code, *, retry_after: int | None = None, **values: object) -> JSONResponse:
    """Return the answer to a request that is not let through; `retry_after` is in seconds."""
    body = worded(scope, code, seconds=retry_after, **values)
    headers = {"Content-Language": _language(scope), "Vary": "Accept-Language"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if STATUS[code] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="regbrief"'
    if code in ("too_large", "too_slow"):
        headers["Connection"] = "close"  # what is still under way is not read
    return JSONResponse(body, status_code=STATUS[code], headers=headers)


def worded(scope: Scope, code: Code, **values: object) -> dict[str, Any]:
    """Return what is said of an error, in the form and the language that the client reads."""
    message, hint = (text.format(**values) for text in texts()[code]["other"][_language(scope)])
    fault = Fault(code=code, message=message, hint=hint)
    openai = scope["path"].startswith("/v1/")
    return (openai_fault(fault, STATUS[code]) if openai else ErrorBody(error=fault)).model_dump()


def _language(scope: Scope) -> Language:
    return preferred(Headers(scope=scope).get("accept-language", ""))
