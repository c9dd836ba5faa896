"""Any endpoint that encodes in the form of OpenAI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.encoder.base import VERSION, Kind, Vectors, line, prompted, unit
from bot.errors import EncoderError
from bot.records import Language

if TYPE_CHECKING:
    import httpx

_CHECK = "Check REGBRIEF_ENCODER and REGBRIEF_ENCODER_URL."


class OpenAIEncoder:
    """Any endpoint that takes OpenAI's `POST /embeddings`: a provider's, or your own server's (vLLM, llama.cpp …)."""

    def __init__(
        self, model: str, client: httpx.Client, *, batch: int = 64, attempts: int = 5, pause: float = 1.0
    ) -> None:
        """`pause` is how many seconds pass before the second attempt; each later one waits twice as long."""
        self._model = model
        self._client = client
        self._batch = batch
        self._attempts = attempts
        self._pause = pause
        self.fingerprint = f"openai:{model}:{str(client.base_url).rstrip('/')}:{VERSION}"

    @classmethod
    def open(cls, model: str, *, base_url: str, api_key: str = "", timeout: float = 60) -> OpenAIEncoder:
        """Prepare to call an endpoint, such as https://api.openai.com/v1; nothing is sent yet. `timeout` in seconds."""
        import httpx  # takes 0.1 s

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        return cls(model, httpx.Client(base_url=base_url, headers=headers, timeout=timeout))

    @cached_property
    def dimension(self) -> int:
        """Ask the endpoint, by encoding one word, how long its vectors are."""
        return int(self.encode(["dimension"], kind="query", languages=["en"]).shape[1])

    def encode(self, texts: Sequence[str], *, kind: Kind, languages: Sequence[Language]) -> Vectors:
        """Return one row of length one for each text; raises EncoderError on any answer that cannot be trusted."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        written = [text or " " for text in prompted(self._model, texts, kind)]  # an empty input is refused
        batches = [written[start : start + self._batch] for start in range(0, len(written), self._batch)]
        rows = [row for batch in batches for row in self._rows(self._post(batch), len(batch))]
        lengths = sorted({len(row) for row in rows})
        if len(lengths) != 1:
            raise self._error(f"sent vectors of different lengths: {lengths}")
        if not lengths[0] or not np.isfinite(rows).all():
            raise self._error("sent vectors that are not finite, or empty vectors")
        return unit(np.array(rows, dtype=np.float32))

    def _post(self, texts: Sequence[str]) -> Any:
        import httpx
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

        retrying = Retrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential(multiplier=self._pause, max=30) + wait_random(0, self._pause),
            reraise=True,
        )
        try:
            return retrying(self._post_once, texts)
        except httpx.HTTPStatusError as error:
            status, body = error.response.status_code, line(error.response.text)[:200]
            hint = "Set REGBRIEF_ENCODER_KEY to a valid key." if status in (401, 403) else _CHECK
            raise self._error(f"answered {status}: {body}", hint) from error
        except httpx.HTTPError as error:
            raise self._error(f"cannot be reached: {line(error)}") from error
        except ValueError as error:
            raise self._error("did not answer with JSON") from error

    def _post_once(self, texts: Sequence[str]) -> Any:
        response = self._client.post("embeddings", json={"model": self._model, "input": texts})
        return response.raise_for_status().json()

    def _rows(self, answer: Any, count: int) -> list[list[float]]:
        try:
            rows = {int(item["index"]): [float(value) for value in item["embedding"]] for item in answer["data"]}
        except (KeyError, TypeError, ValueError) as error:
            raise self._error(f"did not send data[].index and data[].embedding: {line(answer)[:200]}") from error
        if sorted(rows) != list(range(count)) or len(answer["data"]) != count:
            raise self._error(f"sent {len(answer['data'])} vectors, numbered {sorted(rows)[:5]} …, for {count} texts")
        return [rows[i] for i in range(count)]

    def _error(self, what: str, hint: str = "") -> EncoderError:
        where = f"The endpoint {self._client.base_url} of the encoder openai:{self._model}"
        return EncoderError(f"{where} {what}.", hint=hint or _CHECK)


def _passing(error: BaseException) -> bool:
    """Tell whether another attempt may succeed: no connection, too many requests, or a failure of the server."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in (408, 409, 429) or error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)
