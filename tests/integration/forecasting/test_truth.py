"""Actuals and scores."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, MINUTE, SECOND, to_datetime
from ksys_core.forecasting.scores import pinball
from ksys_core.services import backfill, forecast, metrics, models
from ksys_core.services.models import TrainingPlan
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history, minutes, put, wave

STEP = 5 * MINUTE


async def forecast_once(db: Database, executor: Executor, *tags: str) -> dict[str, int]:
    """Tags with one naive forecast each, made at NOW; the models by tag."""
    await history(db, tags, days=1)
    plan = TrainingPlan("naive")
    found = {tag: await models.deploy(db, now_ns=NOW, executor=executor, tag=tag, plan=plan) for tag in tags}
    await forecast.run_cycle(db, now_ns=NOW, executor=executor)
    return found


async def states(db: Database, model_id: int) -> dict[str, int]:
    query = "select actual_state, count(*) as n from forecast_results where model_id = $1 group by 1"
    return {row["actual_state"]: row["n"] for row in await db.fetch(query, model_id)}


async def sensor(db: Database, tag: str) -> int:
    found: int = await db.fetchval("select sensor_id from sensors where tag = $1", tag)
    return found


async def test_an_actual_is_the_mean_of_the_usable_readings_of_its_interval(
    database: Database, executor: Executor
) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    flow = await sensor(database, "FLOW")
    t = minutes(NOW, NOW + 10 * MINUTE)
    await put(database, flow, t, np.arange(10.0))
    await put(database, flow, t[4:5], np.array([1e9]), quality=0)

    assert await backfill.run(database, now_ns=NOW + 11 * MINUTE) == 2

    query = "select actual from forecast_results where model_id = $1 and step <= 3 order by step"
    assert [row["actual"] for row in await database.fetch(query, model)] == [1.5, 7.0, None]


async def test_rows_without_readings_hold_back_no_other_and_are_given_up(
    database: Database, executor: Executor
) -> None:
    found = await forecast_once(database, executor, "DEAD", "LIVE")
    t = minutes(NOW, NOW + 4 * HOUR)
    await put(database, await sensor(database, "LIVE"), t, wave(t))

    await backfill.run(database, now_ns=NOW + 4 * HOUR)
    assert await states(database, found["DEAD"]) == {"pending": 36}
    assert await states(database, found["LIVE"]) == {"matched": 36}

    await backfill.run(database, now_ns=NOW + 2 * DAY)
    assert await states(database, found["DEAD"]) == {"none": 36}


async def test_late_and_corrected_readings_score_again(database: Database, executor: Executor) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    flow = await sensor(database, "FLOW")
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, flow, t, np.full(len(t), 40.0))
    later = NOW + 3 * DAY
    await backfill.run(database, now_ns=later)
    await metrics.score(database, NOW, NOW + 3 * HOUR)
    before = (await metrics.scores(database, [model], now_ns=later, window_ns=4 * DAY))[0]

    await put(database, flow, t, np.full(len(t), 41.0))
    assert await backfill.rescore(database, now_ns=later, start_ns=NOW, stop_ns=NOW + 3 * HOUR) == 36
    after = (await metrics.scores(database, [model], now_ns=later, window_ns=4 * DAY))[0]
    assert after.bias == pytest.approx(before.bias - 1)


async def test_an_outage_of_the_service_is_made_up_without_doubles(database: Database, executor: Executor) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    t = minutes(NOW, NOW + 5 * DAY, every=5)
    await put(database, await sensor(database, "FLOW"), t, wave(t))
    after = NOW + 5 * DAY
    await forecast.run_cycle(database, now_ns=after, executor=executor)
    assert await backfill.run(database, now_ns=after) == 36
    assert await backfill.run(database, now_ns=after) == 0
    assert await states(database, model) == {"matched": 36, "pending": 36}
    assert (await metrics.scores(database, [model], now_ns=after, window_ns=6 * DAY))[0].n == 36


async def test_scores_are_those_of_the_definition(database: Database, executor: Executor) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, await sensor(database, "FLOW"), t, wave(t, 7) + 3)
    now = NOW + 3 * HOUR + MINUTE
    await backfill.run(database, now_ns=now)
    await metrics.run(database, now_ns=now)
    rows = await database.fetch("select * from forecast_results where model_id = $1 order by step", model)
    value, actual, lo80, hi80, lo95, hi95 = (
        np.array([row[name] for row in rows]) for name in ("value", "actual", "lo80", "hi80", "lo95", "hi95")
    )
    error = value - actual
    whole = (await metrics.scores(database, [model], now_ns=now))[0]
    steps = await metrics.scores(database, [model], now_ns=now, by="step")

    assert whole.n == 36
    assert whole.mae == pytest.approx(np.abs(error).mean())
    assert whole.rmse == pytest.approx(np.sqrt((error**2).mean()))
    assert whole.bias == pytest.approx(error.mean())
    assert whole.wape == pytest.approx(np.abs(error).sum() / np.abs(actual).sum())
    assert whole.coverage80 == pytest.approx(((lo80 <= actual) & (actual <= hi80)).mean())
    assert whole.width95 == pytest.approx((hi95 - lo95).mean())
    misses = 40 * (np.maximum(lo95 - actual, 0) + np.maximum(actual - hi95, 0))
    assert whole.score95 == pytest.approx((hi95 - lo95 + misses).mean())
    assert [s.step for s in steps] == list(range(1, 37))
    assert np.allclose([s.mae for s in steps], np.abs(error))


async def test_fallbacks_do_not_count_for_the_model(database: Database, executor: Executor) -> None:
    await history(database, ["FLOW"], days=1)
    plan = TrainingPlan("ridge", season=1)
    model = await models.deploy(database, now_ns=NOW, executor=executor, tag="FLOW", plan=plan)
    await database.execute("update trained_models set artefact = 'x'")
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, await sensor(database, "FLOW"), t, wave(t))
    await backfill.run(database, now_ns=NOW + 3 * HOUR + MINUTE)
    await metrics.run(database, now_ns=NOW + 3 * HOUR + MINUTE)
    found = (await metrics.scores(database, [model], now_ns=NOW + 4 * HOUR))[0]
    assert (found.n, found.n_fallback) == (0, 36)
    assert np.isnan(found.mae)


async def test_old_forecasts_are_forgotten_their_sums_stay(database: Database, executor: Executor) -> None:
    await forecast_once(database, executor, "FLOW")
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, await sensor(database, "FLOW"), t, wave(t))
    await backfill.run(database, now_ns=NOW + 4 * HOUR)
    await metrics.run(database, now_ns=NOW + 4 * HOUR)
    if database.capabilities.timescale is not None:
        pytest.skip("TimescaleDB drops old forecasts by its own policy")
    await metrics.run(database, now_ns=NOW + metrics.KEPT + DAY)
    assert await database.fetchval("select count(*) from forecast_results") == 0
    assert await database.fetchval("select sum(n) from model_performance_metrics") == 36


async def test_the_stored_step_and_time_belong_together(database: Database, executor: Executor) -> None:
    await forecast_once(database, executor, "FLOW")
    with pytest.raises(Exception, match="check constraint"):
        await database.execute(
            "update forecast_results set target_ts = $1 where step = 2", to_datetime(NOW + 61 * MINUTE + SECOND)
        )


async def test_skill_is_against_the_better_baseline_by_part_of_the_horizon(
    database: Database, executor: Executor
) -> None:
    await history(database, ["FLOW"], days=3)
    plan = TrainingPlan("ridge", season=288)
    model = await models.deploy(database, now_ns=NOW, executor=executor, tag="FLOW", plan=plan)
    await forecast.run_cycle(database, now_ns=NOW, executor=executor)
    flow = await sensor(database, "FLOW")
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, flow, t, wave(t, 0))
    now = NOW + 3 * HOUR + MINUTE
    await backfill.run(database, now_ns=now)
    await metrics.run(database, now_ns=now)

    def mean(minute: int) -> float:
        return float(wave(minutes(minute, minute + STEP), 0).mean())

    rows = await database.fetch("select step, value, actual, naive, seasonal from forecast_results order by step")
    assert [row["naive"] for row in rows] == pytest.approx([mean(NOW - STEP)] * 36)
    assert [row["seasonal"] for row in rows] == pytest.approx([mean(NOW + k * STEP - DAY) for k in range(36)])
    errors = {
        name: np.array([abs(row[name] - row["actual"]) for row in rows]) for name in ("value", "naive", "seasonal")
    }
    whole = (await metrics.scores(database, [model], now_ns=now))[0]
    parts = {s.step: s for s in await metrics.scores(database, [model], now_ns=now, by="part")}
    best = min(errors["naive"].sum(), errors["seasonal"].sum())
    assert whole.skill == pytest.approx(1 - errors["value"].sum() / best)
    assert (whole.n_base, list(parts)) == (36, [1, 2, 4, 7, 13, 25])
    second = slice(3, 6)
    best = min(errors["naive"][second].sum(), errors["seasonal"][second].sum())
    assert parts[4].skill == pytest.approx(1 - errors["value"][second].sum() / best)
    assert (parts[4].n, parts[25].n) == (3, 12)
    y, f = (np.array([row[name] for row in rows]) for name in ("actual", "value"))
    assert whole.mape == pytest.approx((np.abs(f - y) / y).mean())
    bounds = await database.fetch("select lo80, hi80, lo95, hi95 from forecast_results order by step")
    losses = [pinball(y, f, 0.5)]
    for name, p in (("lo80", 0.1), ("hi80", 0.9), ("lo95", 0.025), ("hi95", 0.975)):
        losses.append(pinball(y, np.array([row[name] for row in bounds]), p))
    assert whole.pinball == pytest.approx(np.mean(losses))


async def test_percentages_are_left_out_where_actuals_come_near_zero(database: Database, executor: Executor) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    t = minutes(NOW, NOW + 3 * HOUR)
    values = np.full(len(t), 40.0)
    values[:5] = 1.0  # below 5 % of the span of 100
    await put(database, await sensor(database, "FLOW"), t, values)
    await backfill.run(database, now_ns=NOW + 4 * HOUR)
    await metrics.run(database, now_ns=NOW + 4 * HOUR)
    whole = (await metrics.scores(database, [model], now_ns=NOW + 4 * HOUR))[0]
    assert (whole.near_zero, np.isnan(whole.mape), np.isnan(whole.smape)) == (1, True, False)
    late = await metrics.scores(database, [model], now_ns=NOW + 4 * HOUR, by="part")
    assert [np.isnan(part.mape) for part in late] == [True, False, False, False, False, False]


async def test_windows_are_whole_hours_of_the_same_sums(database: Database, executor: Executor) -> None:
    model = (await forecast_once(database, executor, "FLOW"))["FLOW"]
    t = minutes(NOW, NOW + 3 * HOUR)
    await put(database, await sensor(database, "FLOW"), t, wave(t))
    await backfill.run(database, now_ns=NOW + 4 * HOUR)
    await metrics.run(database, now_ns=NOW + 4 * HOUR)
    rows = await database.fetch("select target_ts, abs(value - actual) as e from forecast_results")
    now = NOW + 2 * HOUR + 30 * MINUTE
    for name, window in metrics.WINDOWS.items():
        first = to_datetime(NOW + 2 * HOUR - window)
        own = [row["e"] for row in rows if first <= row["target_ts"] < to_datetime(NOW + 3 * HOUR)]
        found = (await metrics.scores(database, [model], now_ns=now, window_ns=window))[0]
        assert found.n == len(own), name
        assert found.mae == pytest.approx(np.mean(own))
