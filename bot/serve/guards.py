"""Everything that stands before the routes, in its order: made from the settings, put before an application."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from bot.engine import Regbrief
from bot.errors import SettingsError
from bot.serve import health, metrics
from bot.serve.access import Access, anonymous, exposed
from bot.serve.audit import Audit, Audited
from bot.serve.bodies import MEGABYTE, Bodies
from bot.serve.headers import Guarded
from bot.serve.keys import Keys
from bot.serve.keys import Scope as KeyScope
from bot.serve.load import Loaded, Turns
from bot.serve.metrics import Metrics
from bot.serve.observe import Observed
from bot.serve.rates import Rated, Rates
from bot.serve.sessions import Sessions
from bot.serve.sites import Sites
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards of one server; `anonymous` is what may be done without a key, `closing` is set when it is stopped."""

    settings: Settings
    anonymous: KeyScope | None
    keys: Keys | None
    sessions: Sessions
    rates: Rates
    audit: Audit
    turns: Turns
    figures: Metrics
    closing: asyncio.Event

    @classmethod
    def of(cls, bot: Regbrief, settings: Settings, *, closing: asyncio.Event | None = None) -> Guards:
        """Make what the settings ask for. Raises SettingsError where the server would stand open to a network."""
        turns = Turns(settings.concurrency, queue=settings.queue)
        figures = Metrics(bot, turns)
        bot.listeners.append(figures.answered)
        audit = _audit(settings, bot)
        bot.library.listeners.append(audit.wrote)
        return cls(
            settings,
            anonymous(settings),
            Keys(settings.api_keys) if settings.api_keys else None,
            Sessions(settings.session_secret.get_secret_value()),
            _rates(settings),
            audit,
            turns,
            figures,
            closing or asyncio.Event(),
        )

    def add_routes(self, app: FastAPI, bot: Regbrief) -> None:
        """Add what is told of the server itself."""
        app.include_router(health.router(bot, self.closing))
        app.include_router(metrics.router(self.figures))

    def stand_before(self, app: FastAPI) -> None:
        """Put the guards before all that the application has by now; the first of them sees a request first."""
        names, origins = listed(self.settings.server_names), listed(self.settings.cors_origins)
        guards: list[tuple[Any, dict[str, Any]]] = [
            (Guarded, {"private": self.keys is not None}),
            (Observed, {"metrics": self.figures}),
            (CORSMiddleware, _cors(origins)),
            (Sites, {"names": names if self.anonymous or names else None, "origins": origins}),
            (Access, {name: getattr(self, name) for name in ("keys", "sessions", "anonymous", "rates")}),
            (Rated, {"rates": self.rates}),
            (Audited, {"audit": self.audit}),
            (Bodies, {"upload": self.settings.max_upload_mb * MEGABYTE}),
            (Loaded, {"turns": self.turns, "patience": self.settings.request_timeout, "closing": self.closing}),
        ]
        for guard, options in reversed(guards):
            app.add_middleware(guard, **options)


def listed(setting: str) -> list[str]:
    """Split a setting by commas."""
    return [each.strip() for each in setting.split(",") if each.strip()]


def _audit(settings: Settings, bot: Regbrief) -> Audit:
    """Open the log of changes: the one that is named, else one in the library, if that can be written at all."""
    if settings.audit_log:
        return Audit(settings.audit_log)
    try:
        return Audit(bot.library.folder / "audit.jsonl")
    except SettingsError as error:
        log.warning("Changes are logged with all else: %s", error)
        return Audit(None)


def _rates(settings: Settings) -> Rates:
    """Return the limits; whoever is alone with the server on its own machine has none."""
    if settings.api_keys is None and not exposed(settings):
        return Rates(key="none", address="none")
    return Rates(key=settings.rate_limit, address=settings.rate_limit_address)


def _cors(origins: list[str]) -> dict[str, Any]:
    """Return what pages of these sites may do: with a key of theirs everything, with a cookie nothing."""
    return {
        "allow_origins": origins,
        "allow_methods": ["GET", "POST", "PUT", "DELETE"] if origins else [],
        "allow_headers": ["*"] if origins else [],
        "expose_headers": ["ETag", "Location", "Retry-After", "X-Request-ID"],
        "allow_credentials": False,
    }
