"""Signing in on the page: a cookie for a key, taken back on signing out, and the whole server behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from samples import WordEncoder
from starlette.responses import Response

from bot.engine import Regbrief
from bot.library import Library
from bot.serve.access import CONFIDENTIAL, READING
from bot.serve.app import application
from bot.serve.headers import PAGE_POLICY
from bot.serve.keys import Keys
from bot.serve.sessions import COOKIE, Sessions
from bot.settings import Settings
from bot.ui.sign_in import _next

HTML = {"accept": "text/html,application/xhtml+xml"}
Visit = Callable[..., TestClient]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(tmp_path_factory.mktemp("keys") / "keys.json")
    keys.make("root", "admin")
    return keys


@pytest.fixture(scope="module")
def server(shared_library: Library, keys: Keys) -> FastAPI:
    """The whole server, page and all, with keys."""
    from bot.glossary import Glossary

    bot = Regbrief.from_library(shared_library, encoder=WordEncoder(), glossary=Glossary())
    audit = keys.path.parent / "audit.jsonl"
    return application(bot, Settings(api_keys=keys.path, audit_log=audit, server_names="localhost"))


@pytest.fixture
def visit(server: FastAPI) -> Visit:
    """Come with a browser that knows nothing yet."""

    def visited(scheme: str = "http", language: str = "en") -> TestClient:
        headers = HTML | {"accept-language": language}
        return TestClient(server, base_url=f"{scheme}://localhost", headers=headers, follow_redirects=False)

    return visited


@pytest.fixture
def token(keys: Keys, request: pytest.FixtureRequest) -> Iterator[str]:
    key, token = keys.make(request.node.name[:60].replace("[", " ").replace("]", ""), "read")
    yield token
    if keys.get(key.id):
        keys.revoke(key.id)


def sign_in(browser: TestClient, token: str, there: str = "/en/") -> Any:
    return browser.post("/sign-in", data={"key": token, "next": there}, headers={"sec-fetch-site": "same-origin"})


def test_the_page_leads_to_the_sign_in_and_back(visit: Visit, token: str) -> None:
    browser = visit()
    assert browser.get("/zh-Hant/?q=1").headers["location"] == "/sign-in?next=/zh-Hant/%3Fq%3D1"
    response = sign_in(browser, token, "/zh-Hant/?q=1")
    assert (response.status_code, response.headers["location"]) == (303, "/zh-Hant/?q=1")
    page = browser.get("/zh-Hant/")
    assert (page.status_code, page.headers["content-security-policy"]) == (200, PAGE_POLICY)
    assert re.search(r'<html\s+lang="zh-Hant"', page.text)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visit: Visit, token: str, scheme: str) -> None:
    cookie = sign_in(visit(scheme), token).headers["set-cookie"]
    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert ("secure" in attributes) is (scheme == "https")
    assert token not in cookie


GUARDED = ["/en/", "/en/config", "/en/gradio_api/info", "/en/gradio_api/heartbeat/x", "/api/docs", "/api/openapi.json"]


@pytest.mark.parametrize("path", GUARDED)
def test_nothing_of_the_page_is_shown_to_strangers(visit: Visit, path: str) -> None:
    assert visit().get(path, headers={"accept": "*/*"}).status_code == 401


def test_the_pages_own_endpoints_are_shut_to_strangers_and_open_to_who_signed_in(visit: Visit, token: str) -> None:
    joining = {"data": [], "fn_index": 0, "session_hash": "x"}
    stranger, browser = visit(), visit()
    sign_in(browser, token)
    found = [each.post("/en/gradio_api/queue/join", json=joining).status_code for each in (stranger, browser)]
    assert found[0] == 401
    assert found[1] not in (401, 403)
    assert browser.post("/en/gradio_api/upload").status_code == 403  # only an admin adds to the library


def test_the_session_serves_the_api_and_its_documentation_too(visit: Visit, token: str) -> None:
    browser = visit()
    sign_in(browser, token)
    paths = ("/api/docs", "/api/openapi.json", "/api/v1/health")
    assert [browser.get(path).status_code for path in paths] == [200, 200, 200]


def test_who_signs_out_is_out_also_with_a_copy_of_the_cookie(visit: Visit, token: str) -> None:
    browser = visit()
    sign_in(browser, token)
    copy = browser.cookies[COOKIE]
    assert browser.post("/sign-out", headers={"sec-fetch-site": "same-origin"}).headers["location"] == "/sign-in"
    assert COOKIE not in browser.cookies
    assert visit().get("/en/", headers={"cookie": f"{COOKIE}={copy}"}).status_code == 303


def test_a_session_ends_with_its_key(visit: Visit, keys: Keys) -> None:
    key, token = keys.make("guest", "read")
    browser = visit()
    sign_in(browser, token)
    assert browser.get("/en/").status_code == 200
    keys.revoke(key.id)
    assert browser.get("/en/").status_code == 303


def test_another_site_can_neither_sign_in_nor_out(visit: Visit, token: str) -> None:
    browser = visit()
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post("/sign-in", data={"key": token}, headers=foreign).status_code == 403
    sign_in(browser, token)
    assert browser.post("/sign-out", headers=foreign).status_code == 403


@pytest.mark.parametrize(
    ("language", "title", "label", "wrong"),
    [
        ("en-GB", "Sign in", "Key", "This key is not known, or was revoked."),
        ("zh-CN", "登录", "密钥", "密钥无效或已被撤销。"),
        ("zh-HK", "登入", "金鑰", "金鑰無效或已被撤銷。"),
    ],
    ids=["en", "zh-Hans", "zh-Hant"],
)
def test_the_sign_in_page_speaks_the_readers_language(
    visit: Visit, language: str, title: str, label: str, wrong: str
) -> None:
    browser = visit(language=language)
    page = browser.get("/sign-in").text
    assert f"<h1>{title}</h1>" in page
    assert f'<label for="key">{label}</label>' in page
    refused = sign_in(browser, "rgb_no", "/")
    assert (refused.status_code, wrong in refused.text) == (403, True)
    assert 'aria-describedby="wrong"' in refused.text


def test_the_page_that_was_wanted_sets_the_language_of_the_sign_in(visit: Visit) -> None:
    page = visit().get("/sign-in?next=/zh-Hans/").text
    assert '<html lang="zh-Hans">' in page
    assert visit().get("/sign-in?next=/zh-Hans/&language=zh-Hant").text.count('<html lang="zh-Hant">') == 1


def test_the_sign_in_page_escapes_what_it_is_given(visit: Visit) -> None:
    page = visit().get("/sign-in", params={"next": '/"><script>alert(1)</script>'}).text
    assert "<script" not in page


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ("/zh-Hant/?q=支付寶", "/zh-Hant/?q=支付寶"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(there: str, taken: str) -> None:
    assert _next(there) == taken


def test_a_session_is_over_after_its_time() -> None:
    sessions = Sessions(lifetime=-1)
    response = Response()
    sessions.begin(response, "00000000", secure=False)
    assert sessions.key_id(response.headers["set-cookie"].split(";")[0]) is None


@pytest.mark.parametrize("value", ["", "x", "WyJhIiwiYiJd.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
def test_a_cookie_that_somebody_made_up_is_nothing(value: str) -> None:
    assert Sessions().key_id(f"{COOKIE}={value}") is None


def test_a_restart_signs_everybody_out() -> None:
    response = Response()
    Sessions().begin(response, "00000000", secure=False)
    assert Sessions().key_id(response.headers["set-cookie"].split(";")[0]) is None


def test_servers_with_one_secret_know_each_others_sessions() -> None:
    response = Response()
    Sessions("s3cret").begin(response, "00000000", secure=False)
    cookie = response.headers["set-cookie"].split(";")[0]
    assert (Sessions("s3cret").key_id(cookie), Sessions("other").key_id(cookie)) == ("00000000", None)


def test_the_routes_that_change_something_are_those_that_need_an_admin(server: FastAPI) -> None:
    """The documentation tags a route `admin` where the guard asks for one, and nowhere else."""
    wrong = []
    for path, methods in server.openapi()["paths"].items():
        plain = re.sub(r"\{[^}]+\}", "x", path)
        for method, route in methods.items():
            admin = CONFIDENTIAL.fullmatch(plain) if method == "get" else not READING.fullmatch(plain)
            if bool(admin) != ("admin" in route.get("tags", ())):
                wrong.append((method, path))
    assert wrong == []


def test_signing_in_and_out_is_on_record(visit: Visit, token: str, keys: Keys) -> None:
    browser = visit()
    sign_in(browser, token)
    browser.post("/sign-out")
    lines = (keys.path.parent / "audit.jsonl").read_text("utf-8").splitlines()[-2:]
    assert [re.search(r'"what": "([^"]+)"', line)[1] for line in lines] == ["sign in", "sign out"]  # type: ignore[index]
    assert all("test_signing_in_and_out_is_on_record" in line for line in lines)
