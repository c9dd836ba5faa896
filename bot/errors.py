"""The errors that Regbrief raises on purpose.

    BotError
    ├── InputError          what was given cannot be used (a file, an address, a field, a filter)
    ├── SettingsError       a REGBRIEF_* setting has a value that cannot be used
    ├── GlossaryError       a glossary file is malformed
    ├── EncoderError        texts could not be turned into vectors
    ├── ModelError          a language model did not write, or not what can be used
    ├── MissingExtra        an optional dependency is not installed
    ├── FetchError          an address could not be fetched
    │   └── AddressRefused  an address may not be fetched: it is not public, or not of the web
    └── LibraryError        the library on disk cannot be used as it is
        ├── LibraryLocked   another process is writing
        ├── LibraryMismatch the indexes were built with another encoder, folding or version
        ├── LibraryDamaged  an index is missing or unreadable; the catalog can rebuild it
        └── NotFound        no article has this id

Every message says what happened, the value, and the fix, in one line. Faces catch `BotError` once.
"""

from typing import Literal

Fault = Literal[
    "timeout", "unreachable", "busy", "server", "refused", "malformed", "empty", "repetition", "too_long", "unproved"
]
"""What may be wrong with a language model: the last is that nothing of what it wrote could be proved."""


class BotError(Exception):
    """Base of every error that a user can act on.

    `code` names the error for programs; `hint` says what to do about it.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class InputError(BotError):
    code = "bad_input"


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


class NotFound(LibraryError):
    code = "not_found"
