"""Why something failed, in one line; and waiting for a lost database, without a line for each attempt."""

from __future__ import annotations

import stamina.instrumentation
from stamina.instrumentation import RetryDetails

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.log import get_logger

_log = get_logger(__name__)


def cause_of(error: BaseException) -> BaseException:
    """The first failure inside groups of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def reason_of(error: BaseException) -> str:
    """One line for the database and the screen."""
    cause = cause_of(error)
    return str(cause) if isinstance(cause, KnownError) else f"{type(cause).__name__}: {cause}"


def passes(error: KnownError) -> bool:
    """True when trying again later may help: the database is away or overloaded."""
    return isinstance(error, DatabaseDownError) or error.code == "database.slow"


def log_first_retries() -> None:
    """Log the first of a row of attempts; the state tells that it goes on."""
    stamina.instrumentation.set_on_retry_hooks([_log_first])


def _log_first(details: RetryDetails) -> None:
    if details.retry_num == 1:
        _log.warning("waiting for the database", reason=str(details.caused_by))
