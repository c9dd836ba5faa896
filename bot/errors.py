"""The errors that Regbrief raises on purpose.

    BotError
    ├── InputError          what was given cannot be used (a file, an address, a field, a filter)
    ├── SettingsError       a REGBRIEF_* setting has a value that cannot be used
    ├── GlossaryError       a glossary file is malformed
    ├── EncoderError        texts could not be turned into vectors
    ├── ModelError          a language model did not write, or not what can be used
    ├── MissingExtra        an optional dependency is not installed
    ├── Busy                the server has as much to do as it takes on
    ├── TimedOut            an answer has shown nothing new for as long as the server waits
    ├── NotPermitted        the key that was shown does not allow it
    ├── FetchError          an address could not be fetched
    │   └── AddressRefused  an address may not be fetched: it is not public, or not of the web
    └── LibraryError        the library on disk cannot be used as it is
        ├── LibraryLocked   another process is writing
        ├── LibraryMismatch the indexes were built with another encoder, folding or version
        ├── LibraryDamaged  an index is missing or unreadable; the catalog can rebuild it
        ├── StorageError    the disk is full, or may not be written; what is there can still be asked
        ├── ServerError     the server that holds the vectors does not answer
        └── NotFound        no article has this id

Every message says what happened, the value, and the fix, in one line. Faces catch `BotError` once. `Stopped` is no
error: whoever is told of the progress of long work raises it to end the work.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

Fault = Literal[
    "timeout", "unreachable", "busy", "server", "refused", "malformed", "empty", "repetition", "too_long", "unproved"
]
"""What may be wrong with a language model: the last is that nothing of what it wrote could be proved."""


class Stopped(BaseException):
    """Raised by a `progress` callback: the work ends after what it has in hand, and returns what it has done.

    Like KeyboardInterrupt it is none of the exceptions that a failing file or page may raise.
    """


class BotError(Exception):
    """Base of every error that a user can act on.

    `code` names the error for programs; `hint` says what to do about it. `case` names the sentence within its code, and
    `values` what stands in it, so that a face can say it in the reader's language (bot/serve/errors.yaml).
    """

    code = "error"

    def __init__(
        self, message: str, *, hint: str = "", case: str = "", values: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint
        self.case = case
        self.values = values or {}


class InputError(BotError):
    code = "bad_input"


def choice(field: str, value: object, choices: Sequence[str]) -> InputError:
    """Return the error for a value that is none of those that a field takes."""
    listed = ", ".join(choices)
    return InputError(
        f"{field} is {value!r}.",
        hint=f"Use {listed}.",
        case="choice",
        values={"field": field, "value": repr(value), "choices": listed},
    )


class SettingsError(BotError):
    code = "bad_setting"


class GlossaryError(BotError):
    code = "bad_glossary"


class EncoderError(BotError):
    code = "encoder_failed"


class ModelError(BotError):
    """`fault` says in what way; `passing` that another attempt may succeed."""

    code = "model_failed"

    def __init__(self, message: str, *, hint: str = "", fault: Fault) -> None:
        super().__init__(message, hint=hint)
        self.fault = fault

    @property
    def passing(self) -> bool:
        return self.fault in ("unreachable", "busy", "server")


class MissingExtra(BotError):
    code = "missing_extra"


class NotPermitted(BotError):
    code = "not_permitted"


class Busy(BotError):
    code = "busy"


class TimedOut(BotError):
    code = "timed_out"


class FetchError(BotError):
    """`temporary` says that it may work later, and `retry_after` after how many seconds, where the server says so.

    `status` is that of the server's answer, if it came to one.
    """

    code = "fetch_failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        temporary: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.temporary = temporary
        self.retry_after = retry_after
        self.status = status


class AddressRefused(FetchError):
    code = "address_refused"


class LibraryError(BotError):
    code = "library_error"


class LibraryLocked(LibraryError):
    code = "library_locked"


class LibraryMismatch(LibraryError):
    code = "library_mismatch"


class LibraryDamaged(LibraryError):
    code = "library_damaged"


class StorageError(LibraryError):
    code = "storage_failed"


class ServerError(LibraryError):
    code = "server_failed"


class NotFound(LibraryError):
    code = "not_found"
