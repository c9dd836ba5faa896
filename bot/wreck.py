"""Rows out of the pages of a SQLite file whose tables cannot be walked any more.

Every page of a table without row numbers (WITHOUT ROWID), inner or leaf, holds whole rows and says so in its first
byte; so the pages can be read one by one, whatever has become of those that led to them. The form of pages, cells and
records is that of <https://www.sqlite.org/fileformat2.html>, sections 1.5, 1.6, 2.1 and 4.2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

Value = int | float | str | bytes | None

_INNER, _LEAF = 0x02, 0x0A
_PAGE_SIZES = {2**power for power in range(9, 17)}
_USUAL_PAGE = 4096
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def rows(path: Path, log: Path) -> Iterator[list[Value]]:
    """Yield every row that a page of the file, or a newer one in its log, still holds; what makes no sense is left out.

    Rows that were deleted or replaced may be among them. Raises OSError.
    """
    pages = _Pages(path.read_bytes(), log.read_bytes() if log.exists() else b"")
    for number in range(1, pages.count + 1):
        page = pages.page(number)
        start = 100 if number == 1 else 0
        if len(page) < pages.size or page[start] not in (_INNER, _LEAF):
            continue
        header = start + (12 if page[start] == _INNER else 8)
        cells = struct.unpack(">H", page[start + 3 : start + 5])[0]
        for at in range(min(cells, (pages.size - header) // 2)):
            (cell,) = struct.unpack(">H", page[header + 2 * at : header + 2 * at + 2])
            try:
                yield _record(pages.payload(page, cell + (4 if page[start] == _INNER else 0)))
            except (IndexError, ValueError, struct.error):  # a damaged cell; UnicodeDecodeError is a ValueError
                continue


class _Pages:
    """The pages of a file, each as the last whole transaction in the log has left it."""

    def __init__(self, data: bytes, log: bytes) -> None:
        size = struct.unpack(">H", data[16:18])[0] if len(data) > 18 else 0
        size = 65536 if size == 1 else size
        self.size = size if size in _PAGE_SIZES else _USUAL_PAGE
        self._data = data
        self._newer = self._logged(log)
        self.count = max(len(data) // self.size, max(self._newer, default=0))

    def page(self, number: int) -> bytes:
        return self._newer.get(number) or self._data[(number - 1) * self.size : number * self.size]

    def payload(self, page: bytes, at: int) -> bytes:
        """Return the whole payload of a cell, also from the pages that it overflows to."""
        length, at = _varint(page, at)
        most = (self.size - 12) * 64 // 255 - 23
        if length <= most:
            return _exactly(page[at : at + length], length)
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        here = here if here <= most else least
        found = page[at : at + here]
        (number,) = struct.unpack(">I", page[at + here : at + here + 4])
        while number and len(found) < length and length < len(self._data) + len(self._newer) * self.size:
            overflow = self.page(number)
            (number,) = struct.unpack(">I", overflow[:4])
            found += overflow[4:]
        return _exactly(found[:length], length)

    def _logged(self, log: bytes) -> dict[int, bytes]:
        committed: dict[int, bytes] = {}
        pending: dict[int, bytes] = {}
        for at in range(32, len(log) - self.size - 23, 24 + self.size):
            number, pages_after = struct.unpack(">II", log[at : at + 8])
            if log[at + 8 : at + 16] != log[16:24]:  # of an earlier use of the log
                break
            pending[number] = log[at + 24 : at + 24 + self.size]
            if pages_after:
                committed |= pending
                pending = {}
        return committed


def _record(payload: bytes) -> list[Value]:
    header, at = _varint(payload, 0)
    body, values = header, []
    while at < header:
        kind, at = _varint(payload, at)
        value, body = _value(payload, kind, body)
        values.append(value)
    return values


def _value(payload: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], at
    if kind in _WIDTHS:
        end = at + _WIDTHS[kind]
        return int.from_bytes(_exactly(payload[at:end], _WIDTHS[kind]), "big", signed=True), end
    if kind == 7:
        return struct.unpack(">d", payload[at : at + 8])[0], at + 8
    if kind < 12:
        raise ValueError(f"no value has the type {kind}")
    length = (kind - 12) // 2
    data = _exactly(payload[at : at + length], length)
    return data.decode("utf-8") if kind % 2 else data, at + length


def _varint(data: Sequence[int], at: int) -> tuple[int, int]:
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1


def _exactly(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise ValueError("the row is cut off")
    return data
