"""A Ray cluster of two nodes of one processor each, on the loopback; the second can be killed.

It runs in a process of its own, which ends with its input.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

ENVIRONMENT = {
    "GRPC_ENABLE_FORK_SUPPORT": "0",  # else a process for a client may die as it starts: ray-project/ray issue 63202
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else it takes 127.0.0.1 for the address of the machine in its network
    "PYTHONPATH": str(HERE.parent),
}


class RayCluster:
    """Up as long as it is entered; `address` is that for clients."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> RayCluster:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **ENVIRONMENT},
            )
        self.address = self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        self._process.communicate()
        self._process.wait(60)

    def kill_node(self) -> None:
        """Kill the second node and all that runs on it, without a warning."""
        assert self._process
        assert self._process.stdin
        self._process.stdin.write("kill\n")
        self._process.stdin.flush()
        assert self._answer() == "killed"

    def _answer(self) -> str:
        assert self._process
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        assert line, self._log.read_text()
        return line


def main() -> None:
    from ray.cluster_utils import Cluster

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = {"num_cpus": 1, "node_ip_address": "127.0.0.1", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "ray_client_server_port": port})
    second = cluster.add_node(**node)
    print(f"ray://127.0.0.1:{port}", flush=True)
    for _ in sys.stdin:
        cluster.remove_node(second, allow_graceful=False)
        print("killed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
