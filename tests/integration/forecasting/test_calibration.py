"""Bounds follow the errors that were made."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pytest

from ksys_core.domain.times import HOUR, MINUTE, to_datetime
from ksys_core.forecasting import conformal
from ksys_core.forecasting.base import LEVELS, Forecast
from ksys_core.forecasting.conformal import ENOUGH, calibrated
from ksys_core.services import backfill, forecast, metrics, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.calibration import half_widths
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history, minutes, put

STEP = 5 * MINUTE


def jumps(n: int) -> np.ndarray:
    """A value for every five minutes that wanders much more than the training window did."""
    return 2000 + np.cumsum(np.random.default_rng(5).standard_t(3, n)) * 3


async def test_bounds_cover_what_they_promise_after_sixty_errors(database: Database, executor: Executor) -> None:
    sensor = (await history(database, ["FLOW"], days=1))["FLOW"]
    plan = TrainingPlan("naive", horizon=4)
    model = await models.deploy(database, now_ns=NOW, executor=executor, tag="FLOW", plan=plan)
    cycles = 240
    t = minutes(NOW, NOW + (cycles + 5) * STEP, every=5)
    await put(database, sensor, t, jumps(len(t)))
    for k in range(1, cycles):
        if k == 120:
            assert (await half_widths(database, [model])) == {}
            await backfill.run(database, now_ns=NOW + k * STEP + MINUTE)
            half = (await half_widths(database, [model]))[model]
        await forecast.run_cycle(database, now_ns=NOW + k * STEP, executor=executor)

    rows = await database.fetch(
        """select step, abs(value - actual) as e from forecast_results
           where actual_state = 'matched' order by step, issue_ts"""
    )
    for step in (1, 4):
        errors = np.array([row["e"] for row in rows if row["step"] == step])
        assert len(errors) >= ENOUGH
        wanted = conformal.half_widths(np.tile(errors[:, None], 4), LEVELS)[:, 0]
        assert half[0, step - 1] == pytest.approx(wanted[0], rel=0.3)  # a neighbour may draw it up or down
        assert half[1, step - 1] == pytest.approx(wanted[1], rel=0.3)
    assert (np.diff(half, axis=1) >= 0).all()

    end = NOW + cycles * STEP + HOUR
    await backfill.run(database, now_ns=end)
    await metrics.score(database, NOW, end)
    query = """select issue_ts >= $1 as late, avg((actual between lo80 and hi80)::int) as hit from forecast_results
               where actual_state = 'matched' group by 1 order by 1"""
    before, after = [float(row["hit"]) for row in await database.fetch(query, to_datetime(NOW + 120 * STEP))]
    assert before < 0.7
    assert after == pytest.approx(0.8, abs=0.12)


def test_steps_without_enough_errors_keep_their_own_bounds() -> None:
    value = np.array([1.0, 2.0, 3.0])
    own = Forecast(value, (80.0, 95.0), np.tile(value - 5, (2, 1)), np.tile(value + 5, (2, 1)))
    band = calibrated(own, np.array([[0.5, np.nan], [0.75, np.nan]]))
    assert band.lo.tolist() == [[0.5, -3.0, -2.0], [0.25, -3.0, -2.0]]
    assert band.hi.tolist() == [[1.5, 7.0, 8.0], [1.75, 7.0, 8.0]]
