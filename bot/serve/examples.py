"""Examples for the documentation, which a test holds against the schemas (examples.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_MARK = "example: "
Responses = dict[int | str, dict[str, Any]]


def shown(name: str, status: int = 200, *, description: str = "") -> Responses:
    """Return the documentation of a success, with its example."""
    content = {"content": {"application/json": {"example": _MARK + name}}}
    return {status: {**content, **({"description": description} if description else {})}}


def completed(document: Any) -> Any:
    """Put the examples in their places; FastAPI would take each null out of them."""
    if isinstance(document, dict):
        return {key: completed(value) for key, value in document.items()}
    if isinstance(document, list):
        return [completed(value) for value in document]
    if isinstance(document, str) and document.startswith(_MARK):
        return examples()[document.removeprefix(_MARK)]
    return document


@cache
def examples() -> Mapping[str, Any]:
    """Return the examples by name."""
    read: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text("utf-8"))
    return read
