"""What a failed connection or statement means to the person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from ksys_core.errors import DatabaseDownError, DeniedError, KnownError
from ksys_core.i18n import N_
from ksys_core.store.refusals import SQLSTATE, refusal

_UNREACHABLE = N_("The database can't be reached: {reason}")
_LOST = (
    asyncpg.PostgresConnectionError,  # SQLSTATE class 08
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # cut in the middle of an answer
    ConnectionError,
)
_REFUSED = (
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


def down(error: BaseException) -> DatabaseDownError:
    """The error that says that the database is lost."""
    return DatabaseDownError("database.unreachable", _UNREACHABLE, reason=_reason(error))


def _reason(error: BaseException) -> str:
    """The message alone: `str` of a server's error adds its detail and hint on further lines."""
    text = error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else error
    return str(text) or type(error).__name__


@contextmanager
def connecting() -> Iterator[None]:
    """Turn what goes wrong while a connection is made or waited for into `KnownError`s."""
    try:
        yield
    except _REFUSED as error:
        raise DeniedError(
            "database.login", N_("The database refused the login: {reason}"), reason=str(error)
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise KnownError(
            "database.missing", N_('{reason}. Create it with "ksys db init".'), reason=_reason(error).capitalize()
        ) from error
    except TimeoutError as error:
        raise DatabaseDownError(
            "database.busy", N_("The database gave no connection in time: it is overloaded or can't be reached.")
        ) from error
    except (*_LOST, OSError, asyncpg.InterfaceError) as error:
        raise down(error) from error


@contextmanager
def using() -> Iterator[None]:
    """Turn what goes wrong on an open connection into `KnownError`s; other errors are bugs and pass."""
    try:
        yield
    except _LOST as error:
        raise down(error) from error
    except asyncpg.InterfaceError as error:
        if "closed" not in str(error) and "released" not in str(error):
            raise
        raise down(error) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise DeniedError("database.denied", N_("You may not do this: {reason}"), reason=_reason(error)) from error
    except asyncpg.QueryCanceledError as error:
        raise KnownError("database.slow", N_("The database gave up: {reason}"), reason=_reason(error)) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate != SQLSTATE:
            raise
        raise refusal(error) from error
