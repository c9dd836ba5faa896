"""What a compose file describes, run without containers: each service is a process of this machine.

Names of services and their ports become free ports of the loopback, volumes become folders. What only an engine gives –
users, read-only roots, networks, limits – is not tried.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent

ALIASES = {"0.0.0.0": "127.0.0.1", "/opt/regbrief": sys.prefix}
"""What stands for what inside the containers: all addresses, and where the image has Python."""


class Composed:
    """The services of a compose file that are on, up from `up` until the end of the `with` block."""

    def __init__(
        self,
        file: Path,
        folder: Path,
        *,
        ports: Mapping[str, int],
        profiles: Sequence[str] = (),
        elsewhere: Mapping[str, int] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Read the file; `ports` are those on which its services listen, `variables` are what deploy/.env has.

        Services that are `elsewhere` run already, on these ports of this machine.
        """
        self._variables = variables or {}
        described = interpolated(yaml.safe_load(file.read_text("utf-8")), self._variables)
        self.services: dict[str, dict[str, Any]] = {
            name: service
            for name, service in described["services"].items()
            if not service.get("profiles") or set(service["profiles"]) & set(profiles)
        }
        self._elsewhere = elsewhere or {}
        self.ports = {name: (inside, self._elsewhere.get(name) or free_port()) for name, inside in ports.items()}
        self.folder = folder
        self._image = image((ROOT / "deploy" / "Dockerfile").read_text("utf-8"))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Composed:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def address(self, name: str) -> str:
        """Return where a service listens."""
        return f"http://127.0.0.1:{self.ports[name][1]}"

    def up(self, *only: str, instead: Mapping[str, Sequence[str]] | None = None) -> None:
        """Start services after those that they depend on; commands of this machine, given `instead`, stand in."""
        for name in [each for each in self._order() if each in (only or self.services) and each not in self._running]:
            if name in self._elsewhere:
                continue
            command = (instead or {}).get(name) or self._local(name, self._command(name))
            with (self.folder / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    command, env=self.environment(name), cwd=self.folder, stdout=log, stderr=log
                )
            self._await_health(name, checked=name not in (instead or {}) and bool(self._health(name)))

    def run(self, name: str, *arguments: str) -> str:
        """Run a service once with other arguments, as `docker compose run` does; return what it prints."""
        command = [*self._command(name, entry_point_only=True), *arguments]
        done = subprocess.run(
            self._local(name, command), env=self.environment(name), cwd=self.folder, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self, name: str) -> int:
        """Tell a service to stop, and return its status; it gets the time that the file gives it."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(int(self.services[name].get("stop_grace_period", "10s").removesuffix("s")))

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8")

    def environment(self, name: str) -> dict[str, str]:
        """Return the variables of a service: of its image, if it is built here, and of the file."""
        image = self._image["environment"] if self._built(name) else {}
        filed = self._variables if self._of(name, "env_file", []) else {}
        given = {**image, **filed, **self._of(name, "environment", {})}
        local = dict(zip(given, self._local(name, list(given.values())), strict=True))
        path = local.get("PATH", f"{sys.prefix}/bin:$PATH").replace("$PATH", os.environ["PATH"])
        reached = {"PGHOST": "127.0.0.1", "PGPORT": str(self.ports[name][1])} if name in self._elsewhere else {}
        return {**local, **reached, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(self.folder)}

    # --- what the file says ---

    def _of(self, name: str, field: str, default: Any) -> Any:
        return self.services[name].get(field, default)

    def _built(self, name: str) -> bool:
        return "build" in self.services[name]

    def _command(self, name: str, *, entry_point_only: bool = False) -> list[str]:
        of_image = self._image if self._built(name) else {"entrypoint": [], "command": []}
        entry = self._of(name, "entrypoint", of_image["entrypoint"])
        return [*entry, *([] if entry_point_only else self._of(name, "command", of_image["command"]))]

    def _health(self, name: str) -> list[str]:
        told = self._of(name, "healthcheck", {}).get("test", self._image["health"] if self._built(name) else ["CMD"])
        assert told[0] == "CMD"
        return list(told[1:])

    def _order(self) -> Iterator[str]:
        """Yield the services, each after those that it depends on."""
        waiting = dict(self.services)
        while waiting:
            ready = [name for name in waiting if not set(self._of(name, "depends_on", {})) & set(waiting) - {name}]
            assert ready, f"{sorted(waiting)} depend on each other"
            for name in ready:
                del waiting[name]
                yield name

    # --- this machine ---

    def _local(self, name: str, texts: Sequence[str]) -> list[str]:
        """Say in the terms of this machine what is said in those of a service's container."""
        aliases = {**ALIASES, **self._mounts(name)}
        there = re.compile("|".join(rf"(?<![\w/]){re.escape(each)}(?!\w)" for each in aliases))
        inside, outside = self.ports[name]
        found = []
        for text in map(str, texts):
            for other, (number, port) in self.ports.items():
                text = re.sub(rf"(?<![\w-]){other}:{number}\b|(?<=@){other}(?=/)", f"127.0.0.1:{port}", text)
            text = re.sub(rf"(?<![\d.]){inside}(?![\d.])", str(outside), text)
            found.append(there.sub(lambda alias: aliases[alias[0]], text))
        return found

    def _mounts(self, name: str) -> dict[str, str]:
        """Return where on this machine the folders and files of a container are; a folder is made."""
        mounts = {}
        for source, target, *_ in [each.split(":") for each in self._of(name, "volumes", [])]:
            mounts[target] = str(ROOT / "deploy" / source if source.startswith(".") else self._made(source))
        for target, *_ in [each.split(":") for each in self._of(name, "tmpfs", [])]:
            mounts[target] = str(self._made(f"{name}{target.replace('/', '-')}"))
        return mounts

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _await_health(self, name: str, *, checked: bool, seconds: float = 900) -> None:
        deadline = time.monotonic() + seconds
        while not (self.healthy(name) if checked else self._listens(name)):
            assert self._running[name].poll() is None, self.log(name)[-2000:]
            assert time.monotonic() < deadline, self.log(name)[-2000:]
            time.sleep(0.5)

    def healthy(self, name: str) -> bool:
        """Tell whether a service passes its own health check."""
        command = self._local(name, self._health(name))
        return subprocess.run(command, env=self.environment(name), capture_output=True).returncode == 0

    def _listens(self, name: str) -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", self.ports[name][1])) == 0


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """Put variables into what a compose file says: `${NAME:-default}`, `${NAME:?what to do without}`."""
    if isinstance(value, dict):
        return {name: interpolated(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, variables) for each in value]
    return _filled(value, variables) if isinstance(value, str) else value


def _filled(text: str, variables: Mapping[str, str]) -> str:

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        assert variables.get(name) or kind != "?", rest
        return variables.get(name) or rest or ""

    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", value, text)


def image(dockerfile: str) -> dict[str, Any]:
    """Read what an image is started with from the last stage of its Dockerfile."""
    lines = re.sub(r"\\\n", " ", dockerfile.rpartition("\nFROM ")[2]).splitlines()
    said = {line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1] for line in lines if re.match(r"[A-Z]+ ", line)}
    return {
        "environment": dict(each.split("=", 1) for each in said["ENV"].split()),
        "entrypoint": json.loads(said["ENTRYPOINT"]),
        "command": json.loads(said["CMD"]),
        "health": ["CMD", *json.loads(said["HEALTHCHECK"].partition("CMD ")[2])],
    }


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
