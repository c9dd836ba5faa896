"""A Milvus Lite of our own on the loopback, which speaks as any Milvus does and can be stopped and started again."""

from __future__ import annotations

import sys

from own_server import OwnServer


class MilvusServer(OwnServer):
    """`milvus-lite server`."""

    def command(self) -> list[str]:
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self.folder / "data")]
        return [*command, "--host", "127.0.0.1", "--port", str(self.port)]
