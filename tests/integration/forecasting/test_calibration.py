"""Bounds follow what came true."""

from __future__ import annotations

from concurrent.futures import Executor
from itertools import groupby

import numpy as np
import pytest

from ksys_core.domain.times import HOUR, MINUTE, to_datetime
from ksys_core.forecasting.base import LEVELS, Forecast
from ksys_core.forecasting.conformal import Tracked, calibrated
from ksys_core.services import backfill, calibration, forecast, metrics, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.calibration import half_widths
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history, minutes, put

STEP = 5 * MINUTE


def jumps(n: int) -> np.ndarray:
    """A value for every five minutes that wanders much more than the training window did."""
    return 2000 + np.cumsum(np.random.default_rng(5).standard_t(3, n)) * 3


async def run(db: Database, executor: Executor, cycles: int, every: int) -> int:
    """A model that knows a calmer plant, forecast every five minutes and compared after each `every`; its number."""
    sensor = (await history(db, ["FLOW"], days=1))["FLOW"]
    plan = TrainingPlan("naive", horizon=4)
    model = await models.deploy(db, now_ns=NOW, executor=executor, tag="FLOW", plan=plan)
    t = minutes(NOW, NOW + (cycles + 5) * STEP, every=5)
    await put(db, sensor, t, jumps(len(t)))
    for k in range(1, cycles):
        if k % every == 0:
            await backfill.run(db, now_ns=NOW + k * STEP + MINUTE)
        await forecast.run_cycle(db, now_ns=NOW + k * STEP, executor=executor)
    return model


async def kept(db: Database, model: int) -> tuple[np.ndarray, int]:
    found = (await half_widths(db, [model]))[model]
    return found.half, found.targets


async def test_bounds_cover_what_they_promise(database: Database, executor: Executor) -> None:
    await run(database, executor, 240, 2)
    end = NOW + 240 * STEP + HOUR
    await backfill.run(database, now_ns=end)
    await metrics.score(database, NOW, end)
    query = """select avg((actual between lo80 and hi80)::int) as in80, avg((actual between lo95 and hi95)::int) as in95
               from forecast_results where actual_state = 'matched' and issue_ts between $1 and $2"""
    first = await database.fetchrow(query, to_datetime(NOW), to_datetime(NOW + 4 * STEP))
    later = await database.fetchrow(query, to_datetime(NOW + 40 * STEP), to_datetime(end))
    assert first is not None
    assert later is not None
    assert first["in80"] < 0.6
    assert float(later["in80"]) == pytest.approx(0.80, abs=0.03)
    assert float(later["in95"]) == pytest.approx(0.95, abs=0.03)


async def test_widths_are_those_that_follow_from_the_stored_forecasts(database: Database, executor: Executor) -> None:
    """In many small steps the same as in one, without the database's help, and none twice."""
    model = await run(database, executor, 40, 3)
    now = NOW + 40 * STEP + MINUTE
    await backfill.run(database, now_ns=now)
    half, targets = await kept(database, model)

    rows = await database.fetch(
        """select target_ts, step, value, actual, hi80, hi95 from forecast_results
           where actual_state = 'matched' order by target_ts"""
    )
    tracked = Tracked.begun(LEVELS, 4)
    for _, group in groupby(rows, key=lambda row: row["target_ts"]):
        error, issued = np.full(4, np.nan), np.full((2, 4), np.nan)
        for row in group:
            error[row["step"] - 1] = abs(row["value"] - row["actual"])
            issued[:, row["step"] - 1] = row["hi80"] - row["value"], row["hi95"] - row["value"]
        tracked = tracked.after(error, issued)
    assert half == pytest.approx(tracked.half)
    assert targets == tracked.targets >= 38

    assert await calibration.renew(database, now_ns=now) == 0
    await database.execute("delete from forecast_calibration")
    await calibration.renew(database, now_ns=now)
    again, counted = await kept(database, model)
    assert again == pytest.approx(half)
    assert counted == targets


async def test_only_what_the_model_itself_forecast_and_what_came_true_counts(
    database: Database, executor: Executor
) -> None:
    model = await run(database, executor, 12, 100)
    now = NOW + 12 * STEP + MINUTE
    await database.execute("update forecast_results set source = 'fallback' where step = 2")
    await backfill.run(database, now_ns=now)
    half, _ = await kept(database, model)
    assert np.isfinite(half).all(axis=0).tolist() == [True, False, True, True]

    await database.execute("update forecast_results set hi95 = hi95 * 2 where actual_state = 'pending'")
    await calibration.renew(database, now_ns=now)
    assert np.array_equal((await kept(database, model))[0], half, equal_nan=True)


def test_steps_of_which_nothing_came_true_keep_their_own_bounds() -> None:
    value = np.array([1.0, 2.0, 3.0])
    own = Forecast(value, (80.0, 95.0), np.tile(value - 5, (2, 1)), np.tile(value + 5, (2, 1)))
    band = calibrated(own, np.array([[0.5, np.nan], [0.75, np.nan]]))
    assert band.lo.tolist() == [[0.5, -3.0, -2.0], [0.25, -3.0, -2.0]]
    assert band.hi.tolist() == [[1.5, 7.0, 8.0], [1.75, 7.0, 8.0]]
