"""Many series forecast together: engines that can do so multiply once, and no series' failure touches another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol, runtime_checkable

from ksys_core.domain.series import ValueArray
from ksys_core.errors import KnownError
from ksys_core.forecasting.attempts import attempt
from ksys_core.forecasting.base import Asked, Fitted, Forecast
from ksys_core.forecasting.grid import RegularSeries


@runtime_checkable
class BatchEngine(Protocol):
    """An engine whose `forecast` is `finished(moves(inputs))`, with `moves` for any number of series at once."""

    def inputs(self, state: Any, y: RegularSeries, horizon: int) -> Any:
        """What the model is given for steps 1..`horizon` after the end of `y`."""

    def moves(self, states: Sequence[Any], inputs: Sequence[Any]) -> list[ValueArray]:
        """What the models say to their inputs; the same whatever else is in the batch."""

    def finished(self, state: Any, y: RegularSeries, moves: ValueArray, levels: Sequence[float]) -> Forecast:
        """The forecast from what the model said."""


def forecast_all(
    models: Sequence[Fitted], horizons: Sequence[int], levels: Sequence[float]
) -> list[Forecast | KnownError]:
    """What `predict` of each model gives for its horizon, or why it could not."""
    found: dict[int, Forecast | KnownError] = {}
    groups: dict[str, dict[int, Asked]] = {}
    for i, (model, horizon) in enumerate(zip(models, horizons, strict=True)):
        asked = attempt(partial(model.asked, horizon))
        if isinstance(asked, KnownError):
            found[i] = asked
        else:
            groups.setdefault(model.spec.name, {})[i] = asked
    for group in groups.values():
        engine: Any = models[next(iter(group))].spec.engine
        made = _together if isinstance(engine, BatchEngine) else _each
        found |= zip(group, made(engine, list(group.values()), levels), strict=True)
    return [found[i] for i in range(len(models))]


def _each(engine: Any, asked: Sequence[Asked], levels: Sequence[float]) -> list[Forecast | KnownError]:
    return [_late(attempt(partial(engine.forecast, one.state, one.y, one.steps, levels)), one) for one in asked]


def _together(engine: BatchEngine, asked: Sequence[Asked], levels: Sequence[float]) -> list[Forecast | KnownError]:
    """The forecasts of one engine's models; when the product of all fails, each for itself."""
    inputs = [attempt(partial(engine.inputs, one.state, one.y, one.steps)) for one in asked]
    sound = [i for i, x in enumerate(inputs) if not isinstance(x, KnownError)]
    moves = attempt(partial(engine.moves, [asked[i].state for i in sound], [inputs[i] for i in sound]))
    if isinstance(moves, KnownError):
        return _each(engine, asked, levels)
    said = dict(zip(sound, moves, strict=True))

    def finished(i: int, one: Asked) -> Forecast | KnownError:
        failed = inputs[i]
        if isinstance(failed, KnownError):
            return failed
        return _late(attempt(partial(engine.finished, one.state, one.y, said[i], levels)), one)

    return [finished(i, one) for i, one in enumerate(asked)]


def _late(made: Forecast | KnownError, asked: Asked) -> Forecast | KnownError:
    return made if isinstance(made, KnownError) else made.after(asked.late)
