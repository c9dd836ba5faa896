"""The errors that Regbrief raises on purpose.

    BotError
    ├── InputError          what was given cannot be used (a file, an address, a field, a filter)
    ├── SettingsError       a REGBRIEF_* setting has a value that cannot be used
    ├── GlossaryError       a glossary file is malformed
    ├── EncoderError        texts could not be turned into vectors
    ├── MissingExtra        an optional dependency is not installed
    └── LibraryError        the library on disk cannot be used as it is
        ├── LibraryLocked   another process is writing
        ├── LibraryMismatch the indexes were built with another encoder, folding or version
        ├── LibraryDamaged  an index is missing or unreadable; the catalog can rebuild it
        └── NotFound        no article has this id

Every message says what happened, the value, and the fix, in one line. Faces catch `BotError` once.
"""


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


class MissingExtra(BotError):
    code = "missing_extra"


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
