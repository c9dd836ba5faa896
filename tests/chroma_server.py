"""A Chroma server of our own on the loopback, which can be stopped and started again."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from own_server import OwnServer


class ChromaServer(OwnServer):
    """`chroma run`."""

    def command(self) -> list[str]:
        command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(self.folder)]
        return [*command, "--host", "127.0.0.1", "--port", str(self.port)]

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v2/heartbeat", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False
