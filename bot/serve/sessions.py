"""Who is signed in on the page: a signed cookie that names the key, not the key itself."""

from __future__ import annotations

import secrets
import time

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.requests import cookie_parser
from starlette.responses import Response

COOKIE = "regbrief_session"
LIFETIME = 12 * 3600
"""Seconds until one has to sign in again."""


class Sessions:
    """Signs and reads the cookies."""

    def __init__(self, secret: str = "", *, lifetime: int = LIFETIME) -> None:
        """Take the secret; one of its own lives as long as the process, and a restart signs everybody out."""
        self._serializer = URLSafeTimedSerializer(secret or secrets.token_bytes(32), salt="session")
        self._lifetime = lifetime
        self._ended: dict[str, float] = {}

    def begin(self, response: Response, key_id: str, *, secure: bool) -> None:
        """Set the cookie of one who has shown a key."""
        value = self._serializer.dumps([key_id, secrets.token_hex(8)])
        response.set_cookie(COOKIE, str(value), max_age=self._lifetime, httponly=True, samesite="lax", secure=secure)

    def end(self, response: Response, cookies: str) -> None:
        """Take the cookie back, and accept it no more, should somebody have copied it."""
        if found := self._read(cookies):
            now = time.monotonic()
            self._ended = {each: until for each, until in self._ended.items() if until > now}
            self._ended[found[1]] = now + self._lifetime
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")

    def key_id(self, cookies: str) -> str | None:
        """Return the identifier of the key that was shown, from a Cookie header; None where nobody is signed in."""
        found = self._read(cookies)
        return found[0] if found and found[1] not in self._ended else None

    def _read(self, cookies: str) -> tuple[str, str] | None:
        value = cookie_parser(cookies).get(COOKIE, "")
        try:
            key_id, session = self._serializer.loads(value, max_age=self._lifetime)
        except BadSignature:  # also of one that is too old, or none
            return None
        return key_id, session
