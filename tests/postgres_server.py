"""A PostgreSQL server of its own for tests, on the loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import psycopg

PLACES = [Path(shutil.which("initdb") or "/nowhere").parent, *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, where it is installed."""
    return next((place for place in reversed(PLACES) if (place / "initdb").exists()), None)


class PostgresServer:
    """A server that can be stopped and started again."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="regbrief-postgres-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._user = "postgres" if os.getuid() == 0 else None  # it does not run as root
        if self._user:
            shutil.chown(self.folder, self._user)
        self._numbers = count(1)
        self._run("initdb", "-D", "data", "-U", "regbrief", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def __enter__(self) -> PostgresServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop as in a crash; `fast` lets transactions roll back."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", how, "stop")

    def processes(self) -> list[int]:
        """Return the ids of the server and of all that work for it."""
        server = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]

    def address(self, database: str) -> str:
        return f"postgresql://regbrief:s3cret@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make an empty database and return its address."""
        return self.named(f"library{next(self._numbers)}")

    def named(self, name: str) -> str:
        """Make an empty database of this name and return its address."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def _run(self, program: str, *arguments: str) -> None:
        place = programs()
        assert place, "PostgreSQL is not installed"
        log = self.folder / "said"
        with log.open("ab") as said:  # a pipe would be held open by the server
            command = [str(place / program), *arguments]
            done = subprocess.run(command, cwd=self.folder, user=self._user, stdout=said, stderr=said, check=False)
        assert done.returncode == 0, log.read_text()
