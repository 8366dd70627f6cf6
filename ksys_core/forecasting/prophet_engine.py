"""Prophet: fitted by its library in a worker, kept as its parameters, continued without the library."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import Field

from ksys_core.domain.series import TimeArray, ValueArray
from ksys_core.domain.times import DAY
from ksys_core.forecasting.base import Forecast, Frozen, scale_of, too_short
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import DEFAULT_ZONE, ZoneName, local
from ksys_core.forecasting.prophet_curve import MAX_CHANGEPOINTS, ProphetState, Season, continued, curve

if TYPE_CHECKING:
    import prophet

LEAST: Final = 24
CYCLE_ORDER: Final = 4
_ONE_FIT: Final = threading.Lock()
"""The library's temporary folder is one a process."""


class ProphetParams(Frozen):
    """Newest points used for training, how freely trend and season may move, and the plant's time zone."""

    max_points: int = Field(8640, ge=100, le=100_000)
    changepoint_prior_scale: float = Field(0.05, gt=0, le=10)
    seasonality_prior_scale: float = Field(10.0, gt=0, le=100)
    seasonality_mode: Literal["additive", "multiplicative"] = "additive"
    changepoints: int = Field(25, ge=0, le=MAX_CHANGEPOINTS)
    zone: ZoneName = DEFAULT_ZONE


class ProphetEngine:
    """Prophet with a linear trend; daily, weekly and yearly seasons where the history spans two of them."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: ProphetParams) -> ProphetState:
        return self.refit(None, y, season=season, horizon=horizon, params=params)

    def refit(
        self, before: ProphetState | None, y: RegularSeries, *, season: int, horizon: int, params: ProphetParams
    ) -> ProphetState:
        """As `fit`; the search begins at the parameters of `before`, a model of the same series."""
        y = y.tail(params.max_points)
        if len(y) < LEAST:
            raise too_short(LEAST)
        loc, scale = scale_of(y.v)
        z = (y.v - loc) / scale
        clock = local(y.start + np.arange(len(y)) * y.step + y.step // 2, params.zone)
        with _ONE_FIT, _quiet(), _clean_folder() as folder:
            model = _library_model(params, season * y.step, y)
            _run(model, clock, z, folder, before)
        state = _state(model, params, loc, scale)
        return _with_residuals(state, z - curve(state, clock))

    def forecast(self, state: ProphetState, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        return continued(state, y, horizon, levels)

    def lookback(self, season: int, horizon: int, params: ProphetParams) -> int:
        return 8


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The library and its compiler interface log what is no news here, some of it while they are loaded."""
    loggers = [
        logging.getLogger(name)
        for name in ("prophet", "prophet.plot", "prophet.models", "cmdstanpy", "matplotlib.font_manager")
    ]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger in loggers:
            logger.disabled = False


@contextlib.contextmanager
def _clean_folder() -> Iterator[str]:
    """A folder for the files of one fit; nothing is left behind, also not the library's own empty folder."""
    import cmdstanpy

    own = Path(cmdstanpy._TMPDIR)
    own.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=own) as folder:
            yield folder
    finally:
        with contextlib.suppress(OSError):
            own.rmdir()


def _library_model(params: ProphetParams, season: int, y: RegularSeries) -> prophet.Prophet:
    """The unfitted model of `y`; a `season` (ns) that is not a day or a week gets a Fourier series of its own.

    Seasons as the library chooses them by itself, but by the grid's step: the plant's clock jumps twice a year.
    """
    import prophet

    span = y.step * (len(y) - 1)
    model = prophet.Prophet(
        n_changepoints=params.changepoints,
        daily_seasonality=y.step < DAY and span >= 2 * DAY,
        weekly_seasonality=y.step < 7 * DAY and span >= 14 * DAY,
        yearly_seasonality=span >= 730 * DAY,
        changepoint_prior_scale=params.changepoint_prior_scale,
        seasonality_prior_scale=params.seasonality_prior_scale,
        seasonality_mode=params.seasonality_mode,
        uncertainty_samples=0,
    )
    if season > y.step and season not in (DAY, 7 * DAY):
        model.add_seasonality("cycle", season / DAY, CYCLE_ORDER)
    return model


def _run(model: prophet.Prophet, clock: TimeArray, z: ValueArray, folder: str, before: ProphetState | None) -> None:
    import pandas as pd  # type: ignore[import-untyped]

    frame = pd.DataFrame({"ds": clock.astype("datetime64[ns]"), "y": z})
    options: dict[str, Any] = {"seed": 1, "output_dir": folder}
    if before is not None:
        options["init"] = {
            "k": before.k,
            "m": before.m,
            "delta": np.array(before.delta),
            "beta": np.array(before.beta),
            "sigma_obs": before.sigma_obs,
        }
    model.fit(frame, **options)


def _state(model: prophet.Prophet, params: ProphetParams, loc: float, scale: float) -> ProphetState:
    """The library's parameters as data."""
    seasons = tuple(
        Season(name=name, period=float(kind["period"]), order=int(kind["fourier_order"]))
        for name, kind in model.seasonalities.items()
    )
    scales: Any = model
    found = {name: np.asarray(value, dtype=np.float64).ravel() for name, value in model.params.items()}
    return ProphetState(
        zone=params.zone,
        mode=params.seasonality_mode,
        loc=loc,
        scale=scale,
        k=float(found["k"][0]),
        m=float(found["m"][0]),
        delta=tuple(found["delta"].tolist()),
        changepoints_t=tuple(np.asarray(model.changepoints_t, dtype=np.float64).tolist()),
        beta=tuple(found["beta"].tolist()) if seasons else (),
        sigma_obs=float(found["sigma_obs"][0]),
        start=int(scales.start.value),
        t_scale=int(scales.t_scale.value),
        y_scale=float(scales.y_scale),
        seasonalities=seasons,
        sigma=0.0,
        phi=0.0,
    )


def _with_residuals(state: ProphetState, residuals: ValueArray) -> ProphetState:
    """`state` with the spread of the residuals and their autocorrelation from step to step."""
    power = float(residuals @ residuals)
    phi = float(residuals[1:] @ residuals[:-1]) / power if power > 0 else 0.0
    changed = {"sigma": float(np.sqrt(power / len(residuals))), "phi": min(max(phi, 0.0), 0.999)}
    return state.model_copy(update=changed)
