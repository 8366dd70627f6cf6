"""The forecaster contract: fit once, continue from the newest observation, predict with bounds.

An engine is a pair of pure functions over plain data: `fit` turns a regular series into a state (a pydantic model of
numbers), `forecast` turns a state and the newest window into a forecast. `Fitted` binds them together; it is immutable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting.grid import RegularSeries, prepared
from ksys_core.i18n import N_

LEVELS: Final[tuple[float, ...]] = (80.0, 95.0)
MAX_LATE: Final = 3
"""Newest buckets that may be missing before a forecast is refused as stale."""


class Frozen(BaseModel):
    """Numbers that travel as JSON: nothing unknown, nothing converted, nothing that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def remarks(self) -> tuple[str, ...]:
        """What whoever looks at a fitted model should know of its state."""
        return ()


class NoParams(Frozen):
    """An engine without parameters."""


StateT = TypeVar("StateT", bound=Frozen)
ParamsT = TypeVar("ParamsT", bound=Frozen)
ParamsIn = TypeVar("ParamsIn", bound=Frozen, contravariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Point forecast and bounds for steps 1..h.

    Attributes:
        value: float64[h].
        levels: coverage in per cent, rising.
        lo: float64[len(levels), h]; lower bounds.
        hi: float64[len(levels), h]; upper bounds.
    """

    value: ValueArray
    levels: tuple[float, ...]
    lo: npt.NDArray[np.float64]
    hi: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = (len(self.levels), len(self.value))
        if self.lo.shape != shape or self.hi.shape != shape:
            raise ValueError(f"bounds must have the shape {shape}: {self.lo.shape}, {self.hi.shape}")
        for array in (self.value, self.lo, self.hi):
            array.setflags(write=False)

    @classmethod
    def symmetric(cls, value: ValueArray, levels: Sequence[float], half: npt.NDArray[np.float64]) -> Forecast:
        """A forecast whose bounds lie `half` (float64[levels, h]) to both sides."""
        return cls(value, tuple(levels), value - half, value + half)

    def after(self, steps: int) -> Forecast:
        """The forecast without its first `steps` steps."""
        return Forecast(self.value[steps:], self.levels, self.lo[:, steps:], self.hi[:, steps:])

    @property
    def finite(self) -> bool:
        """True when every number can be stored."""
        return bool(np.isfinite(self.value).all() and np.isfinite(self.lo).all() and np.isfinite(self.hi).all())


class Engine(Protocol[StateT, ParamsIn]):
    """How a family of models is fitted and continued. Implementations hold no data."""

    def fit(self, y: RegularSeries, *, season: int, horizon: int, params: ParamsIn) -> StateT:
        """The state after `y`; short gaps are bridged, long ones are NaN if the spec says `gaps`, else there is none.

        Raises:
            KnownError: the series can't be modelled (too short, constant); other exceptions are the library's.
        """

    def forecast(self, state: StateT, y: RegularSeries, horizon: int, levels: Sequence[float]) -> Forecast:
        """Steps 1..`horizon` after the end of `y` (gaps as in `fit`), continuing from its newest value."""

    def lookback(self, season: int, horizon: int, params: ParamsIn) -> int:
        """Buckets of history `forecast` wants."""


@runtime_checkable
class WarmEngine(Protocol):
    """An engine whose search is shorter when it begins at an older model of the same series."""

    def refit(self, before: Any, y: RegularSeries, *, season: int, horizon: int, params: Any) -> Any:
        """As `Engine.fit`, from the state `before`."""


@dataclass(frozen=True, slots=True)
class ModelSpec(Generic[StateT, ParamsT]):
    """One kind of forecaster.

    Attributes:
        name: identifier in the database and on command lines.
        title: name for people (English sentence, translated at the screen).
        max_season: longest season length the engine can take; a longer one counts as none.
        needs: imports a worker has to load for it.
        instant: fits and forecasts within a millisecond, so that it need not wait for a worker.
        held_out: its own bounds are errors on history that it was not fitted to.
        gaps: gets history with long gaps as NaN; others get the part after the newest.
    """

    name: str
    title: str
    engine: Engine[StateT, ParamsT]
    state_model: type[StateT]
    params_model: type[ParamsT]
    max_season: int = 10_000
    needs: tuple[str, ...] = ()
    instant: bool = False
    held_out: bool = False
    gaps: bool = False

    @property
    def warm(self) -> bool:
        """Whether a fit is helped by an older model of the same series."""
        return isinstance(self.engine, WarmEngine)

    def season_for(self, season: int) -> int:
        """`season`, or 1 when there is none or the engine can't take so long a one."""
        return season if 1 < season <= self.max_season else 1


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What an engine is asked: `steps` steps after the end of `y`, of which the first `late` are over already."""

    state: Frozen
    y: RegularSeries
    steps: int
    late: int


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model, the window it continues from, and half widths of its first bounds where walk-forward gave any."""

    spec: ModelSpec[Any, Any]
    params: Frozen
    state: Frozen
    season: int
    horizon: int
    window: RegularSeries
    half: npt.NDArray[np.float64] | None = None

    @property
    def lookback(self) -> int:
        """Buckets of history a forecast wants."""
        return self.spec.engine.lookback(self.season, self.horizon + MAX_LATE, self.params)

    def update(self, newer: RegularSeries) -> Fitted:
        """The same model continued by `newer`, whose values replace older ones of the same time."""
        return replace(self, window=self.window.joined(newer).tail(self.lookback + MAX_LATE))

    def predict(self, horizon: int | None = None, levels: Sequence[float] = LEVELS) -> Forecast:
        """Steps 1..`horizon` after the end of the window; missing newest values (up to `MAX_LATE`) are stepped over.

        Raises:
            KnownError: as `asked`.
        """
        asked = self.asked(horizon)
        return self.spec.engine.forecast(asked.state, asked.y, asked.steps, levels).after(asked.late)

    def asked(self, horizon: int | None = None) -> Asked:
        """What the engine has to be asked for `predict`.

        Raises:
            KnownError: no usable history, a stale window, or a horizon longer than the model was fitted for.
        """
        steps = self.horizon if horizon is None else horizon
        if not 1 <= steps <= self.horizon:
            text = N_("The horizon must be 1 to {longest} steps, not {steps}.")
            raise KnownError("forecast.horizon", text, longest=self.horizon, steps=steps)
        window, late = prepared(self.window, self.season, gaps=self.spec.gaps)
        if late > MAX_LATE or not len(window):
            raise KnownError("forecast.stale", N_("The newest values are missing."))
        return Asked(self.state, window, steps + late, late)


def fit(
    spec: ModelSpec[Any, Any],
    y: RegularSeries,
    *,
    season: int = 1,
    horizon: int,
    params: Frozen | None = None,
    before: Frozen | None = None,
) -> Fitted:
    """Fit a model of kind `spec` to `y` for forecasts of up to `horizon` steps.

    Args:
        season: season length in steps; 1 for none, ignored when the engine can't take so long a one.
        before: state of an older model of the same series, from which an engine that can begins its search.

    Raises:
        KnownError: the series can't be modelled.
    """
    chosen = params or spec.params_model()
    usable = spec.season_for(season)
    window, _ = prepared(y, usable, gaps=spec.gaps)
    if len(window) < 3:
        raise too_short(3)
    longest = horizon + MAX_LATE
    if isinstance(before, spec.state_model) and isinstance(spec.engine, WarmEngine):
        state = spec.engine.refit(before, window, season=usable, horizon=longest, params=chosen)
    else:
        state = spec.engine.fit(window, season=usable, horizon=longest, params=chosen)
    fitted = Fitted(spec, chosen, state, usable, horizon, y)
    return replace(fitted, window=y.tail(fitted.lookback + MAX_LATE))


def too_short(need: int) -> KnownError:
    """The error for a history of fewer than `need` usable values in one piece."""
    text = N_("There is too little history without gaps: {need} values are needed.")
    return KnownError("forecast.too_short", text, need=need)


def scale_of(v: ValueArray) -> tuple[float, float]:
    """Location and scale that bring `v` near 0 and 1.

    Raises:
        KnownError: every value is the same.
    """
    loc, scale = float(np.mean(v)), float(np.std(v))
    if not scale > 1e-12 * max(abs(loc), 1e-290):
        raise KnownError("forecast.constant", N_("The value never changed in the training window."))
    return loc, scale
