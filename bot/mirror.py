"""A private view of a folder: links to its files, copies of the few that whoever opens it would write."""

from __future__ import annotations

import os
import shutil
import socket
import weakref
from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir, mkdtemp


class Mirror:
    """A temporary folder that stands for another one as it is now; gone when it is closed, or the process ends."""

    def __init__(self, folder: Path, *, copied: Sequence[str], left_out: Sequence[str] = ()) -> None:
        """Patterns name the files to copy and those to leave out; the others are linked. Raises OSError."""
        _sweep()
        self.path = Path(mkdtemp(prefix=f"{_OURS}{os.getpid()}-"))
        self.close = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        try:
            for each in folder.iterdir():
                if any(each.match(pattern) for pattern in copied):
                    shutil.copyfile(each, self.path / each.name)
                elif not any(each.match(pattern) for pattern in left_out):
                    _link(each.resolve(), self.path / each.name)
        except BaseException:
            self.close()
            raise


def writable(folder: Path) -> bool:
    """Whether files can be made in a folder; on a read-only disk not even root may."""
    return os.access(folder, os.W_OK)


_OURS = f"regbrief-{socket.gethostname()}-"


def _sweep() -> None:
    """Remove the mirrors of processes that were killed."""
    if os.name != "posix":  # elsewhere a process cannot be asked for without harm
        return
    for place in Path(gettempdir()).glob(f"{_OURS}*-*"):
        process = place.name.removeprefix(_OURS).partition("-")[0]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(place, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _link(path: Path, there: Path) -> None:
    try:
        there.symlink_to(path, target_is_directory=path.is_dir())
    except OSError:  # Windows lets only some users make links
        if path.is_dir():
            shutil.copytree(path, there)
        else:
            shutil.copyfile(path, there)
