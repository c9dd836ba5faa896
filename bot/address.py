"""Where a library is, in one line: its folder, and after it the servers that hold parts of it, split by commas."""

from __future__ import annotations

import re

from bot.errors import InputError

_SERVER = {
    "catalog": re.compile(r"(postgres(?:ql)?://[!-~]+)"),
    "search": re.compile(r"(milvus:https?://[!-~]+)"),
    "chroma_url": re.compile(r"chroma:(https?://[!-~]+)"),
}
_COMMA = re.compile(r",(?=postgres(?:ql)?:|milvus:|chroma:)")
_SECRETS = (
    (re.compile(r"(https?://)\S*@"), r"\1"),  # a user without a password may be a token
    (re.compile(r"(://[^\s/@:]*):\S*@"), r"\1@"),
    (re.compile(r"([?&](?:ssl)?password=)[^&\s]*"), r"\1…"),
)


def read_address(text: str) -> dict[str, str]:
    """Return the settings that an address stands for, such as news,postgresql://u@db/news,milvus:http://host:19530.

    What it does not name is in the folder. Raises InputError, which shows no password.
    """
    folder, *servers = _COMMA.split(text)
    found = {"indexes": folder, "catalog": "", "search": "embedded", "chroma_url": ""}
    if not folder or _COMMA.match(f",{folder}") or "://" in folder:
        raise _unreadable(text, "it begins with no folder")
    for server in servers:
        name, place = next(
            ((name, said[1]) for name, form in _SERVER.items() if (said := form.fullmatch(server))), ("", "")
        )
        if not name:
            raise _unreadable(text, f"{without_passwords(server)!r} is no server's address")
        if found[name] not in ("", "embedded"):
            raise _unreadable(text, f"it names {name} twice")
        found[name] = place
    if found["chroma_url"] and found["search"] != "embedded":
        raise _unreadable(text, "Milvus and Chroma would both hold the vectors")
    return found


def written(folder: str, catalog: str, search: str, chroma_url: str) -> str:
    """Return the address that stands for these settings, without passwords."""
    parts = (folder, catalog, search if search != "embedded" else "", chroma_url and f"chroma:{chroma_url}")
    return without_passwords(",".join(part for part in parts if part))


def without_passwords(text: str) -> str:
    """Return a text without the passwords of the addresses in it."""
    parts = _COMMA.split(text)
    for secret, rest in _SECRETS:
        parts = [secret.sub(rest, part) for part in parts]
    return ",".join(parts)


def _unreadable(text: str, why: str) -> InputError:
    return InputError(
        f"{without_passwords(text)!r} is no address of a library: {why}.",
        hint="Use FOLDER, and after it, with commas, postgresql://USER@HOST/DATABASE, milvus:http://HOST:PORT or"
        " chroma:http://HOST:PORT, as far as parts of it are on servers.",
    )
