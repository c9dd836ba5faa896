"""Archives: each file in one by its own reader, straight from the archive. Nothing is written to disk."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from bot.errors import InputError
from bot.language import clean
from bot.outcomes import Failure
from bot.readers import encodings
from bot.records import Article

MAX_FILES = 20_000
MAX_FILE = 200_000_000
"""Bytes of one unpacked file, which is held in memory."""

MAX_UNPACKED = 2_000_000_000
"""Bytes of all files of an archive together."""

MAX_RATIO = 200
"""News packs to a third or a tenth; what unpacks to more than this times its size, and is large, is made to."""

_LARGE = 10_000_000
_LOCKED = 0x1
_DAMAGED = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)


def read(
    file: IO[bytes], where: str, inside: Callable[[IO[bytes], str], Iterator[Article | Failure]]
) -> Iterator[Article | Failure]:
    """Read every file of an archive by `inside`; one that cannot be read is a Failure. Raises InputError."""
    with opened(file) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        for info, name in _named(files):
            try:
                data = content(archive, info)
            except InputError as error:
                yield Failure(f"{where}/{name}", str(error))
            else:
                yield from inside(BytesIO(data), f"{where}/{name}")


def opened(file: IO[bytes]) -> ZipFile:
    """Open an archive. Raises InputError for one that is damaged, or made to unpack to far more than it seems."""
    try:
        archive = ZipFile(file)
    except _DAMAGED as error:
        raise InputError("The file is not a whole archive.", hint="It seems truncated: get a whole copy.") from error
    files = archive.infolist()
    unpacked = sum(info.file_size for info in files)
    packed = sum(info.compress_size for info in files)
    if len(files) > MAX_FILES:
        raise InputError(f"The archive holds {len(files):,} files.", hint=f"Split it: at most {MAX_FILES:,} are read.")
    if unpacked > MAX_UNPACKED or (unpacked > _LARGE and unpacked > MAX_RATIO * packed):
        raise InputError(
            f"The archive has {packed:,} bytes and unpacks to {unpacked:,}.", hint="Unpack it yourself if you trust it."
        )
    return archive


def _named(files: list[ZipInfo]) -> list[tuple[ZipInfo, str]]:
    """Pair files with their names; those that are not marked as UTF-8 are in the encoding of their maker's system."""
    named = {id(info): info.filename for info in files}
    old = [info for info in files if not info.flag_bits & 0x800 and not info.filename.isascii()]
    if old:
        try:
            raw = [info.filename.encode("cp437") for info in old]
            names = encodings.decode(b"\n".join(raw)).split("\n")
        except (UnicodeEncodeError, InputError):
            names = [info.filename for info in old]
        named |= {id(info): name for info, name in zip(old, names, strict=True)}
    return [(info, clean(named[id(info)]).replace("\n", " ")) for info in files]


def content(archive: ZipFile, info: ZipInfo) -> bytes:
    """Unpack one file. Raises InputError for one that is locked, too large or damaged."""
    if info.flag_bits & _LOCKED:
        raise InputError("It is locked with a password.", hint="Pack it without one.")
    if info.file_size > MAX_FILE:
        raise InputError(f"It has {info.file_size:,} bytes.", hint=f"Unpack it: at most {MAX_FILE:,} are read packed.")
    try:
        return archive.read(info)
    except _DAMAGED as error:
        raise InputError(f"It cannot be unpacked: {error}.", hint="It seems damaged: get a whole copy.") from error
