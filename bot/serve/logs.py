"""The server's log: a line a request, with an identifier that the client sees, too; as text or as JSON.

No line has a question, a key, a path of this machine or a stack trace: of an error, it names the type, and the modules
and lines that it passed.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")

_FIELDS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}
_KEY = re.compile(r"\b(rgb_[0-9a-f]{8}_|sk-)[A-Za-z0-9_-]{8,}")
_PATH = re.compile(r"(?<![\w:/.<])(?:/[\w.@+-]+){2,}/?|\b[A-Za-z]:\\[\w.\\ -]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SERVED = re.compile(r"/(?:api|v1|mcp|en|zh-Hans|zh-Hant)(?:/|$)")


class Told(logging.Formatter):
    """Formats a line; what is given as `extra` becomes fields."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in record.__dict__.items() if name not in _FIELDS}
        if request_id := REQUEST_ID.get():
            fields.setdefault("request_id", request_id)
        if record.exc_info and record.exc_info[1]:
            fields |= trace(record.exc_info[1])
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = clean(record.getMessage())
        if self.as_json:
            first = {"time": when, "level": record.levelname.lower(), "logger": record.name, "message": message}
            return json.dumps(first | _cleaned(fields), ensure_ascii=False, default=str)
        rest = " ".join(f"{name}={value}" for name, value in _cleaned(fields).items())
        return f"{when} {record.levelname.lower()} {record.name}: {message} {rest}".rstrip()


def set_up(*, form: str, level: str) -> None:
    """Log to stderr in this form, from this level on, and nowhere else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Told(as_json=form == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("httpx", "httpcore", "uvicorn", "chromadb"):  # they would tell of what is no concern of an operator
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def trace(error: BaseException) -> dict[str, str]:
    """Return the type of an error, and where it passed: modules and lines, innermost last, without paths or values."""
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "at": " ".join(frames[-12:])}


def clean(text: str) -> str:
    """Take keys, the folders of this machine and what could forge a line out of a text; a path's last part stays."""
    text = _KEY.sub(r"\1…", _CONTROL.sub(" ", text))
    return _PATH.sub(lambda found: found[0] if _SERVED.match(found[0]) else f"…/{_last(found[0])}", text)


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in fields.items()}
