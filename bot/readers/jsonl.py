"""JSON lines: one article a line, with the fields of `bot.readers.fields.article`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from bot.errors import InputError
from bot.outcomes import Failure
from bot.readers import fields
from bot.records import Article


def read(file: IO[bytes], where: str) -> Iterator[Article | Failure]:
    """Read the articles of a JSON-lines file one after another; a bad line becomes a Failure with its number."""
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            try:
                yield fields.article(_fields(line))
            except InputError as error:
                yield Failure(f"{where}:{number}", str(error))


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines; of an overlong one only as much as shows that it is, without reading it into memory."""
    while line := file.readline(fields.MAX_BYTES + 1):
        rest = line
        while len(rest) > fields.MAX_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(fields.MAX_BYTES + 1)
        yield line


def _fields(line: bytes) -> dict[str, object]:
    if len(line) > fields.MAX_BYTES:
        raise InputError(f"The line is over {fields.MAX_BYTES:,} bytes.", hint="Split the article.")
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, not UTF-8, or a number of 4,301 digits
        raise InputError(f"The line is not JSON in UTF-8: {error}.", hint="It may be truncated.") from error
    if not isinstance(value, dict):
        raise InputError(f"The line holds a {type(value).__name__}.", hint="Each line is one object.")
    return value
