"""Markdown with YAML front matter: the form of the shipped articles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import frontmatter
import yaml

from bot.errors import InputError
from bot.readers import fields
from bot.records import Article, Failure


def read(path: Path) -> Iterator[Article | Failure]:
    """Read the one article of a Markdown file. Raises InputError.

    A file without front matter takes its title from its first heading, or else from its name.
    """
    whole = fields.decode(path)
    try:
        # Every value stays the text that was written: an impossible date is reported by us, not guessed by YAML.
        document = frontmatter.loads(whole, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise InputError(
            f"The front matter is not YAML: {' '.join(str(error).split())}.", hint="Quote values that hold a colon."
        ) from error
    metadata, body = dict(document.metadata), document.content
    if "title" not in metadata:
        first, _, rest = body.lstrip().partition("\n")
        metadata["title"], body = (first.lstrip("# "), rest) if first.startswith("#") else (path.stem, body)
    yield fields.article({**metadata, "body": body})
