"""Questions and searches under /api/v1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from bot.engine import Regbrief
from bot.records import Answer, Hit, to_json
from bot.serve.errors import language_of
from bot.serve.events import documented, server_sent, streamed, while_heard
from bot.serve.examples import Responses, examples, shown
from bot.serve.parameters import ArticleIds, Asked, Languages, Since, Sources, Until

_ANSWERED: Responses = shown("answer", description="The answer; with `stream`, events.")
_ANSWERED[200]["content"]["text/event-stream"] = {"itemSchema": documented(), "example": examples()["events"]}


def add_routes(routes: APIRouter, bot: Regbrief) -> None:
    """Add the routes for one library."""

    @routes.post("/ask", response_model=Answer, responses=_ANSWERED)
    def ask(asked: Asked, request: Request) -> Response:
        """Answer a question with quoted sentences, or refuse.

        Every number of a claim is that of a citation, and `article.body[start:end] == quote` holds for each. When
        `abstained` is true, `reason` says why nothing is told.

        With `stream`, events tell what is being done (`status`: `searching`, `writing`), then each `claim` once it is
        verified, after the `citation`s that it needs; none is taken back. The last is `done`, with the whole answer, or
        `error`. Who closes the connection stops the model.
        """
        arguments = {name: value for name, value in asked if name != "stream"}
        if asked.stream:
            written = server_sent(language_of(request))
            return streamed(while_heard(bot.stream(**arguments), written))
        return JSONResponse(to_json(bot.ask(**arguments)))

    @routes.get("/search", responses=shown("hits"))
    def search(
        response: Response,
        q: Annotated[str, Query(description="What to look for.", examples=["Didi"])],
        limit: Annotated[int, Query(ge=1, le=100, description="Passages at most.")] = 10,
        since: Since = None,
        until: Until = None,
        languages: Languages = (),
        sources: Sources = (),
        article_ids: ArticleIds = (),
    ) -> list[Hit]:
        """List the passages that match best, best first, in every language whichever the query's is.

        While a half of the search does not answer, the header `Regbrief-Searched-Without` names it: `dense`, which is
        search by meaning, or `keywords`.
        """
        found = bot.search(
            q, limit=limit, since=since, until=until, languages=languages, sources=sources, article_ids=article_ids
        )
        if found.lost:
            response.headers["Regbrief-Searched-Without"] = ", ".join(found.lost)
        return found
