"""Rule alarms against model-based detection on labelled events: what was found, how early, and how many were false.

A series is split: the first part teaches, the rest is judged. Rules learn limits from the training part, models learn
to forecast it; both go through the same alarm engine, so that dead band and delay mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ksys_core.domain.alarms.columns import Definitions, NsArray
from ksys_core.domain.alarms.what_if import Replay
from ksys_core.domain.detection import Events, Score, score
from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import HOUR, SECOND
from ksys_core.errors import KnownError
from ksys_core.forecasting.exceedance import Deviations, deviations
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import spec_named
from ksys_core.i18n import N_

TRAINING: Final = 0.15
"""Share of a series that teaches, where nothing else is given (as NAB's probation)."""
MARGIN: Final = 0.1
"""Limits lie this share of the range seen in training beyond it."""
DEAD_BAND: Final = 0.02
"""Dead band of the limits, as a share of the range seen in training."""
ALARM_AT: Final = 2.0
"""A model's alarm comes where the deviation exceeds what is usual this many times."""
ENGINES: Final = ("ridge", "seasonal_naive")
"""Of these the one that forecasts the training part best."""
BLOCK: Final = 6
EARLY_NS: Final = HOUR
"""How long before an event an advisory or alarm counts as telling of it."""
_CLEARS: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A regular series with its labelled events; `training` values from the front teach. `season` in steps, 1: none."""

    name: str
    y: RegularSeries
    events: Events
    training: int
    season: int = 1


@dataclass(frozen=True, slots=True)
class Compared:
    """Both detectors on one series (or several), over the judged part."""

    name: str
    rules: Score
    model: Score


def compare(series: Sequence[Labelled], *, name: str = "", early_ns: int = 0) -> Compared:
    """Judge both detectors; of several series of one plant a detection in any counts, as its operator would see it.

    Raises:
        KnownError: a series is too short or never changes.
    """
    start, stop = _judged(series[0])
    rules = np.concatenate([rule_alarms(each) for each in series])
    model = np.concatenate([model_alarms(each) for each in series])
    events = series[0].events
    return Compared(
        name or series[0].name,
        score(rules, events, start, stop, early=early_ns),
        score(model, events, start, stop, early=early_ns),
    )


def rule_alarms(series: Labelled) -> NsArray:
    """When limits learnt from the training part annunciate: 10 % beyond the range seen, one step's delay."""
    seen = series.y.v[: series.training]
    if not np.isfinite(seen).any():
        raise KnownError(
            "compare.training", N_("{name}: there are no values in the part that teaches."), name=series.name
        )
    low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
    width = high - low
    limits = [high + MARGIN * width, low - MARGIN * width]
    return _alarms(series, series.y.v, ["H", "L"], limits, DEAD_BAND * width)


def model_alarms(series: Labelled) -> NsArray:
    """When the deviation from the forecast annunciates, with the same delay; cleared at half the limit."""
    tried = [_deviations(series, engine) for engine in ENGINES]
    fitted = [each for each in tried if isinstance(each, Deviations)]
    if not fitted:
        raise next(each for each in tried if isinstance(each, KnownError))
    found = min(fitted, key=lambda each: each.error)
    whole = np.full(len(series.y), math.nan)
    place = (found.t - series.y.start) // series.y.step - 1
    whole[place] = found.v
    return _alarms(series, whole, ["H"], [ALARM_AT], (1 - _CLEARS) * ALARM_AT)


def _deviations(series: Labelled, engine: str) -> Deviations | KnownError:
    """Of one engine, or why it has none."""
    try:
        return deviations(spec_named(engine), series.y, series.training, season=series.season, block=BLOCK)
    except KnownError as error:
        return error


def _judged(series: Labelled) -> tuple[int, int]:
    y = series.y
    return y.start + series.training * y.step, y.stop


def _alarms(series: Labelled, v: np.ndarray, kinds: list[str], limits: list[float], dead_band: float) -> NsArray:
    """Annunciations of the judged part by the alarm engine, int64 ns rising."""
    y, n = series.y, len(kinds)
    definitions = Definitions.of(
        alarm_id=list(range(1, n + 1)),
        sensor_id=[1] * n,
        kind=kinds,
        limit=limits,
        dead_band=[dead_band] * n,
        on_delay_s=[y.step / SECOND] * n,
        off_delay_s=[y.step / SECOND] * n,
    )
    t = y.start + np.arange(1, len(y) + 1, dtype=np.int64) * y.step
    run = Replay(definitions)
    run.take(ReadingBatch.of(np.ones(len(y), np.int32)[series.training :], t[series.training :], v[series.training :]))
    found = run.finish(y.stop)
    return np.sort(np.concatenate([each.start for each in found.values()]))
