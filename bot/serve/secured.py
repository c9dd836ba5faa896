"""What the documentation says of keys: how one is sent, and which scope each operation needs."""

from __future__ import annotations

from typing import Any

from bot.serve.access import OPEN, needed

SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that `regbrief keys make` has made, with the scope read or admin.",
    },
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The same key."},
}

_NONE: dict[str, Any] = {}
"""No key: on the loopback a server may have none, and another one may let everybody read."""


def secured(document: dict[str, Any]) -> dict[str, Any]:
    """Add to an OpenAPI document the keys, and what each operation asks of them, as the guard decides it."""
    document.setdefault("components", {})["securitySchemes"] = SCHEMES
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if OPEN.fullmatch(path):
                operation["security"] = []
            else:
                scope = needed({"method": method.upper(), "path": path})
                operation["security"] = [{scheme: [scope]} for scheme in SCHEMES] + [_NONE]
                operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope `{scope}`.".strip()
    return document
