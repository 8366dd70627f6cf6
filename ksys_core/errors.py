"""The two kinds of failure: known ones, which are shown to the person, and bugs (every other exception)."""

from __future__ import annotations

from ksys_core.i18n import tr


class KnownError(Exception):
    """Something in the environment or the input is wrong, and the person can do something about it.

    Args:
        code: stable identifier, ``area.what`` (``"database.unreachable"``).
        text: English sentence, marked with ``N_``, that names the thing and the remedy; ``{name}`` fields allowed.
        params: values of the fields.
    """

    def __init__(self, code: str, text: str, **params: object) -> None:
        super().__init__(code, text, params)
        self.code = code
        self.text = text
        self.params = params

    def __reduce__(self) -> tuple[object, ...]:
        """How the error crosses from a worker process, whose other end makes it from its parts."""
        return _again, (type(self), self.code, self.text, self.params)

    def __str__(self) -> str:
        return tr(self.text, **self.params)


def _again(kind: type[KnownError], code: str, text: str, params: dict[str, object]) -> KnownError:
    return kind(code, text, **params)


class DatabaseDownError(KnownError):
    """The database can't be reached. Never to be shown as "no data"."""


class DeniedError(KnownError):
    """The database refused the action to this person."""
