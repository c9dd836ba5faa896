"""Answers that a client need not be sent twice (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from bot.records import to_json
from bot.serve.examples import Responses

UNCHANGED: Responses = {304: {"description": "What `If-None-Match` names is still what there is."}}


def tagged(request: Request, value: Any) -> Response:
    """Return a record as JSON with its tag, or 304 where the client has it already."""
    response = JSONResponse(to_json(value))
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _has(asked: str, tag: str) -> bool:
    return asked.strip() == "*" or tag in re.findall(r'"[^"]*"', asked)
