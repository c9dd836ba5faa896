"""The page on which a person shows a key, and is known from then on by a cookie."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, Template, select_autoescape

from bot.records import LANGUAGES, Language
from bot.serve.accept import preferred
from bot.serve.access import Caller, address, caller
from bot.serve.audit import Audit
from bot.serve.keys import Keys
from bot.serve.rates import Rates
from bot.serve.sessions import Sessions
from bot.ui.strings import HERE, NAMES, strings

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def router(keys: Keys, sessions: Sessions, *, rates: Rates, audit: Audit) -> APIRouter:
    """Return the routes of signing in and out."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/sign-in")
    def show(request: Request) -> Response:
        return _page(request, _next(request.query_params.get("next", "")))

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        there = _next(form.get("next", [""])[0])
        key = keys.find(form.get("key", [""])[0].strip())
        if key is None:
            wait = rates.failed(address(request.scope))
            return _page(request, there, wrong=True, wait=wait)
        response = RedirectResponse(there, status_code=HTTPStatus.SEE_OTHER)
        sessions.begin(response, key.id, secure=request.url.scheme == "https")
        audit.record(Caller(key.name, key.scope, address(request.scope), key.id), "sign in")
        return response

    @routes.post("/sign-out")
    def sign_out(request: Request) -> Response:
        response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
        sessions.end(response, request.headers.get("cookie", ""))
        audit.record(caller(request), "sign out")
        return response

    return routes


def _page(request: Request, there: str, *, wrong: bool = False, wait: int = 0) -> HTMLResponse:
    language = _language(request, there)
    who = caller(request)
    links = {each: f"/sign-in?{urlencode({'language': each, 'next': there})}" for each in LANGUAGES}
    values: dict[str, Any] = {
        "text": strings(language),
        "links": [(each, NAMES[each], link) for each, link in links.items()],
        "next": there,
        "who": who if who.key_id else None,
        "wrong": wrong,
        "wait": wait,
    }
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Content-Language": language}
    status = HTTPStatus.OK
    if wait:
        status, headers["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(wait)
    elif wrong:
        status = HTTPStatus.FORBIDDEN
    return HTMLResponse(_template().render(values), status_code=status, headers=headers)


def _language(request: Request, there: str) -> Language:
    """Return the language asked for by the link, by the page that was wanted, or by the browser."""
    wanted = request.query_params.get("language", "")
    for language in LANGUAGES:
        if wanted == language or (not wanted and there.startswith(f"/{language}/")):
            return language
    return preferred(request.headers.get("accept-language", ""))


def _next(there: str) -> str:
    """Return where to go afterwards: a path of this server and nothing else."""
    plain = there.startswith("/") and there[1:2] not in ("/", "\\") and there.isprintable() and "\\" not in there
    return there if plain else "/"


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=select_autoescape())
    return environment.get_template("sign_in.html")
