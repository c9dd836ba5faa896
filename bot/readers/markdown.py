"""Markdown with YAML front matter: the form of the shipped articles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO, Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import encodings, fields
from bot.records import Article


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Keeps every value but null the text that was written: an impossible date is reported by us, not guessed."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the one article of a Markdown file. Raises InputError.

    A file without front matter takes its title from its first heading, or else from its name.
    """
    metadata, body = _parts(encodings.decode(fields.whole(file)).strip())
    if "title" not in metadata:
        first, _, rest = body.lstrip().partition("\n")
        headed = first.startswith("#")
        metadata["title"], body = (first.lstrip("# "), rest) if headed else (PurePath(where).stem, body)
    yield fields.article({**metadata, "body": body})


def _parts(text: str) -> tuple[dict[str, Any], str]:
    handler = YAMLHandler()
    if not handler.detect(text):
        return {}, text
    try:
        front, body = handler.split(text)
    except ValueError as error:
        raise InputError("The front matter has no end.", hint="Close it with a line of three hyphens.") from error
    try:
        metadata = yaml.load(front, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(
            f"The front matter is not YAML: {' '.join(str(error).split())}.", hint="Quote values that hold a colon."
        ) from error
    if not isinstance(metadata, dict | None):
        raise InputError(f"The front matter is {metadata!r}.", hint="Write each field as `name: value`.")
    return metadata or {}, body
