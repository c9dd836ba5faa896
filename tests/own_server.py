"""A server of our own on the loopback, which can be stopped and started again."""

from __future__ import annotations

import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

STARTS = 60
"""Seconds within which a server answers."""


class OwnServer(ABC):
    """A program that listens on a free port, up as long as it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = self.folder / "log"
        with log.open("ab") as said:
            self._process = subprocess.Popen(self.command(), stdout=said, stderr=said)
        deadline = time.monotonic() + STARTS
        while not self.is_up():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, f"{type(self).__name__} does not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    def is_up(self) -> bool:
        """Tell if it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
