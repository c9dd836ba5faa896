"""The verbs of `Regbrief` over HTTP: what each sends, what it is answered with, and when it waits.

Each is a generator that yields a `Call` and is sent its record, or yields seconds to wait; it does nothing itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote as quoted

from bot import errors
from bot.briefings import Digest, Timeline
from bot.errors import BotError, ModelError
from bot.holdings import is_address
from bot.outcomes import Failure, Feed, Ingested, Job, Synced
from bot.records import (
    Answer,
    AnswerLanguage,
    Article,
    Excerpt,
    Feedback,
    Hit,
    Language,
    Turn,
    Verdict,
    from_json,
    to_json,
)

ARTICLES_AT_ONCE = 200
FILES_AT_ONCE = 50
ADDRESSES_AT_ONCE = 100

PAGE = 200
"""Articles that are asked for at once while iterating over all."""

POLL = 0.2
"""Seconds between two looks at a job."""

_ADD = "/articles"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request, and the record that it is answered with. What is `safe` may be sent again where it fails."""

    method: str
    path: str
    kind: Any = None
    query: Mapping[str, Any] | None = None
    body: Any = None
    files: Sequence[Path] = ()
    safe: bool = True


Steps = Generator[Call[Any] | float, Any, T]
"""Yields what to send, and takes what it is answered; or seconds to wait. Returns the result."""


def ask(
    question: str,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
    history: Sequence[Turn] = (),
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
    read_dates: bool = True,
    read_sources: bool = True,
) -> Steps[Answer]:
    """Answer as `Regbrief.ask` does."""
    answer: Answer = yield Call("POST", "/ask", Answer, body=_given(locals()))
    return answer


def search(
    question: str,
    *,
    limit: int = 10,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
) -> Steps[list[Hit]]:
    """Return the passages that match best, best first."""
    filters = _query(since, until, languages, sources, article_ids)
    hits: list[Hit] = yield Call("GET", "/search", list[Hit], {"q": question, "limit": limit, **filters})
    return hits


def digest(
    topic: str | None = None,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    limit: int | None = None,
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
) -> Steps[Digest]:
    """Brief on the stories of a topic, or without one on the newest."""
    digest: Digest = yield Call("POST", "/digest", Digest, body=_given(locals()))
    return digest


def timeline(
    topic: str,
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    limit: int | None = None,
    answer_language: AnswerLanguage | None = None,
    today: date | None = None,
) -> Steps[Timeline]:
    """Tell what happened on a topic, earliest first."""
    more = {"topic": topic, "limit": limit, "answer_language": answer_language, "today": today}
    query = _query(since, until, languages, sources, None) | more
    timeline: Timeline = yield Call("GET", "/timeline", Timeline, query)
    return timeline


def summarize(article_id: str, *, answer_language: AnswerLanguage | None = None) -> Steps[Digest]:
    """Tell one article in its central sentences. Raises NotFound."""
    path = f"{_article_path(article_id)}/summary"
    digest: Digest = yield Call("GET", path, Digest, {"answer_language": answer_language})
    return digest


def articles(
    *,
    since: date | None = None,
    until: date | None = None,
    languages: Sequence[Language] | None = None,
    sources: Sequence[str] | None = None,
    article_ids: Sequence[str] | None = None,
    limit: int = -1,
    offset: int = 0,
) -> Steps[list[Article]]:
    """List the articles that the filters let through, newest first; all of them where `limit` is -1."""
    filters = _query(since, until, languages, sources, article_ids)
    found: list[Article] = []
    while limit < 0 or len(found) < limit:
        size = PAGE if limit < 0 else min(PAGE, limit - len(found))
        query = {"limit": size, "offset": offset + len(found), **filters}
        page = yield Call("GET", "/articles", dict[str, Any], query)
        found += from_json(list[Article], page["articles"])
        if not page["articles"] or offset + len(found) >= page["total"]:
            break
    return found


def article(article_id: str) -> Steps[Article]:
    """Return one article. Raises NotFound."""
    article: Article = yield Call("GET", _article_path(article_id), Article)
    return article


def excerpt(
    article_id: str, *, quote: str | None = None, start: int | None = None, end: int | None = None
) -> Steps[Excerpt]:
    """Return a quotation in its paragraph, by its words or its offsets. Raises NotFound."""
    query = {"quote": quote, "start": start, "end": end}
    excerpt: Excerpt = yield Call("GET", f"{_article_path(article_id)}/excerpt", Excerpt, query)
    return excerpt


def add(what: str | Path | Article | Iterable[str | Path | Article]) -> Steps[Ingested]:
    """Add articles, files and folders of this machine, and addresses, and wait until they are in. Raises BotError."""
    from bot import readers

    items = [what] if isinstance(what, str | Path | Article) else list(what)
    articles = [each for each in items if isinstance(each, Article)]
    addresses = [each for each in items if isinstance(each, str) and is_address(each)]
    paths = [Path(each) for each in items if isinstance(each, Path) or (isinstance(each, str) and not is_address(each))]
    files = [file for path in paths for file in readers.find(path)]
    calls: list[Call[Any]] = [
        *(Call("POST", _ADD, Job, body=to_json(part)) for part in _parts(articles, ARTICLES_AT_ONCE)),
        *(Call("POST", f"{_ADD}/files", Job, files=part) for part in _parts(files, FILES_AT_ONCE)),
        *(
            Call("POST", f"{_ADD}/addresses", Job, body={"addresses": part})
            for part in _parts(addresses, ADDRESSES_AT_ONCE)
        ),
    ]
    done = Ingested()
    for call in calls:
        begun: Job = yield call
        ended = yield from _ended(begun)
        done += ended.ingested or Ingested()
    return done


def remove(article_ids: Sequence[str]) -> Steps[None]:
    """Remove articles, one after another. Raises NotFound."""
    for article_id in article_ids:
        yield Call("DELETE", _article_path(article_id), safe=False)


def job(job_id: str) -> Steps[Job]:
    """Return how far a job is. Raises NotFound."""
    job: Job = yield Call("GET", f"/jobs/{quoted(job_id, safe='')}", Job)
    return job


def jobs() -> Steps[list[Job]]:
    """List the server's jobs, newest first."""
    jobs: list[Job] = yield Call("GET", "/jobs", list[Job])
    return jobs


def feeds() -> Steps[list[Feed]]:
    """List the feeds that are followed."""
    feeds: list[Feed] = yield Call("GET", "/feeds", list[Feed])
    return feeds


def follow(addresses: str | Iterable[str]) -> Steps[list[Feed | Failure]]:
    """Follow feeds; those that cannot be are Failures, after the others."""
    named = [addresses] if isinstance(addresses, str) else list(addresses)
    found = yield Call("POST", "/feeds", dict[str, Any], body={"addresses": named})
    return [*from_json(list[Feed], found["feeds"]), *from_json(list[Failure], found["failed"])]


def unfollow(address: str) -> Steps[None]:
    """Follow a feed no longer. Raises NotFound."""
    yield Call("DELETE", "/feeds", query={"url": address}, safe=False)


def sync() -> Steps[Synced]:
    """Fetch what is new in the feeds, and wait until it is in."""
    begun: Job = yield Call("POST", "/feeds/sync", Job)
    ended = yield from _ended(begun)
    return ended.synced or Synced()


def give_feedback(
    answer: Answer | str, verdict: Verdict, *, note: str = "", citation: int | None = None
) -> Steps[Feedback]:
    """Say what you think of an answer, as `Regbrief.give_feedback` takes it."""
    judged = {"question": answer} if isinstance(answer, str) else {"answer": to_json(answer)}
    body = {**judged, "verdict": verdict, "note": note, "citation": citation}
    feedback: Feedback = yield Call("POST", "/feedback", Feedback, body=body, safe=False)
    return feedback


def feedback(*, verdict: Verdict | None = None, limit: int = 50, offset: int = 0) -> Steps[list[Feedback]]:
    """Return what readers have said of answers, newest first, up to 200 at once."""
    query = {"verdict": verdict, "limit": limit, "offset": offset}
    feedback: list[Feedback] = yield Call("GET", "/feedback", list[Feedback], query)
    return feedback


def stats() -> Steps[dict[str, Any]]:
    """Return what the library holds: articles, languages, sources, newest, feeds, feedback."""
    stats: dict[str, Any] = yield Call("GET", "/stats", dict[str, Any])
    return stats


def _ended(begun: Job) -> Steps[Job]:
    """Wait until a job has ended. Raises BotError where it has failed."""
    while begun.ended is None:
        yield POLL
        begun = yield from job(begun.id)
    if begun.error:
        raise fault(begun.error)
    return begun


def fault(told: Mapping[str, str]) -> BotError:
    """Return the error that a server tells of, of the class that has its code, if there is one."""
    kinds = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BotError)}
    kind = kinds.get(told["code"], BotError)
    if issubclass(kind, ModelError):
        return ModelError(told["message"], hint=told["hint"], fault="server")
    error = kind(told["message"], hint=told["hint"])
    error.code = told["code"]
    return error


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _query(
    since: date | None,
    until: date | None,
    languages: Sequence[Language] | None,
    sources: Sequence[str] | None,
    article_ids: Sequence[str] | None,
) -> dict[str, Any]:
    return {"since": since, "until": until, "language": languages, "source": sources, "article_id": article_ids}


def _parts(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for at in range(0, len(items), size):
        yield list(items[at : at + size])


def _article_path(article_id: str) -> str:
    return f"/articles/{quoted(article_id, safe='')}"
