"""`regbrief mcp`: the tools of the Model Context Protocol, on stdin and stdout or over HTTP."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import typer

from bot.console import Folder, complain
from bot.engine import Regbrief
from bot.errors import MissingExtra, SettingsError
from bot.settings import Settings


def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve at http://HOST:PORT/mcp instead of stdin and stdout.")
    ] = False,
    host: Annotated[str, typer.Option(help="An address of this machine's own.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.")] = 7861,
    indexes: Folder = None,
) -> None:
    """Offer ask, search, read_article, digest and timeline to programs that speak MCP.

    `regbrief serve` offers them at /mcp, too, behind its keys and limits.
    """
    if http and not _own(host):
        raise SettingsError(
            f"--host {host!r} would open the library to a network.",
            hint="Use 127.0.0.1, or `regbrief serve`, which has /mcp behind keys.",
        )
    try:
        from bot.serve import mcp_server
    except ImportError as error:
        raise MissingExtra("MCP is not installed.", hint="Run pip install -e '.[mcp]'.") from error
    with Regbrief.open(Settings.read(indexes=indexes)) as bot:
        tools = mcp_server.server(bot)
        if http:
            complain(f"Serving http://{host}:{port}/mcp", style="dim")
            mcp_server.listen(tools, host, port)
        else:
            tools.run("stdio")


def _own(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
