"""Fitting and forecasting with libraries that warn and raise what they like."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from ksys_core.errors import KnownError
from ksys_core.forecasting.base import Fitted, Frozen, ModelSpec, fit
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.i18n import N_

T = TypeVar("T")


def fit_recorded(
    spec: ModelSpec[Any, Any],
    y: RegularSeries,
    *,
    season: int,
    horizon: int,
    params: Frozen | None = None,
    before: Frozen | None = None,
) -> tuple[Fitted, tuple[str, ...]]:
    """Fit, and give what the state remarks and the library's warnings as notes for the artefact."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        fitted = fit(spec, y, season=season, horizon=horizon, params=params, before=before)
    warned = sorted({f"{entry.category.__name__}: {entry.message}" for entry in seen})
    return fitted, (*fitted.state.remarks(), *warned)


def attempt(make: Callable[[], T]) -> T | KnownError:
    """What `make` gives, or why it could not: one model's failure, of whatever kind, must not touch another."""
    try:
        return make()
    except KnownError as error:
        return error
    except MemoryError:
        return out_of_memory()
    except Exception as error:  # noqa: BLE001 - libraries raise what they like
        reason = f"{type(error).__name__}: {error}"
        return KnownError("forecast.failed", N_("The model failed: {reason}"), reason=reason)


def out_of_memory() -> KnownError:
    """The error for a computation that came to its limit of memory."""
    return KnownError("forecast.memory", N_("The model needs more memory than it may have."))
