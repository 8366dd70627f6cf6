"""Advisories on stored forecasts: opened, updated, closed, seen, scored."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, MINUTE
from ksys_core.services import advisories, forecast, models
from ksys_core.services.advisories import Advisory, AnyAdvisory
from ksys_core.services.models import TrainingPlan
from ksys_core.store import advisories as store
from ksys_core.store.forecasts import NewForecast, write
from ksys_core.store.pool import Database
from ksys_core.store.sensors import set_limits
from tests.integration.forecasting.plant import NOW, add_sensor, minutes, put

STEP = 5 * MINUTE


async def rising(db: Database, executor: Executor) -> int:
    """A tag that has risen from 20 to 60 in two days, with a straight-line forecast; H lies ahead of it."""
    sensor = await add_sensor(db, "LEVEL")
    t = minutes(NOW - 2 * DAY, NOW)
    await put(db, sensor, t, 20 + 40 * (t - t[0]) / (2 * DAY) + 0.05 * np.sin(t / MINUTE))
    await set_limits(db, sensor, {"H": 61.0, "HH": 90.0, "L": 5.0})
    await models.deploy(db, now_ns=NOW, executor=executor, tag="LEVEL", plan=TrainingPlan("drift", season=1))
    await forecast.run_cycle(db, now_ns=NOW, executor=executor)
    return sensor


async def told(db: Database, sensor: int, values: list[float], issue: int, width: float = 0.5) -> None:
    """Store a forecast of the champion as if it had been made at `issue`."""
    model = await db.fetchval("select model_id from deployed_models where is_active and sensor_id = $1", sensor)
    v = np.array(values)
    half = np.outer([1.0, 2.0], np.full(len(v), width))
    unknown = np.full(len(v), np.nan)
    made = NewForecast(model, sensor, issue, STEP // 1_000_000_000, "model", v, v - half, v + half, unknown, unknown)
    await write(db, [made], [], issue)
    await db.execute(
        "update deployed_models set last_issue_ts = to_timestamp($1) where model_id = $2", issue / 1e9, model
    )


def of_limits(listed: Sequence[AnyAdvisory]) -> list[Advisory]:
    return [one for one in listed if isinstance(one, Advisory)]


async def test_a_limit_ahead_opens_one_advisory_with_its_time(database: Database, executor: Executor) -> None:
    sensor = await rising(database, executor)
    assert await advisories.run(database, now_ns=NOW) == 1
    (found,) = of_limits((await advisories.load_page(database, NOW)).current)
    assert (found.sensor_id, found.tag, found.kind, found.limit) == (sensor, "LEVEL", "H", 61.0)
    assert (found.algorithm, found.source, found.outcome) == ("drift", "model", "pending")
    # It rises by 40 in 48 h: 1 more takes 72 min.
    assert (found.eta - NOW) / MINUTE == pytest.approx(72, abs=8)
    assert found.eta_lo < found.eta
    assert found.probability > 0.5
    assert await advisories.run(database, now_ns=NOW + MINUTE) == 0, "the same forecast changes nothing"
    assert [each.kind for each in await advisories.open_advisories(database, sensor)] == ["H"]


async def test_it_is_updated_seen_and_closed_when_the_limit_is_crossed(database: Database, executor: Executor) -> None:
    sensor = await rising(database, executor)
    await advisories.run(database, now_ns=NOW)
    await told(database, sensor, [60.2] * 3 + [61.6] * 33, NOW + STEP)
    await put(database, sensor, np.array([NOW + STEP]), np.array([60.1]))
    assert await advisories.run(database, now_ns=NOW + STEP) == 1
    (found,) = await store.current(database)
    assert found.issue == NOW + STEP
    assert (await advisories.mark_seen(database, [found.advisory_id]), found.seen_by) == (1, None)
    assert await advisories.mark_seen(database, [found.advisory_id]) == 0
    await put(database, sensor, np.array([NOW + 20 * MINUTE]), np.array([61.3]))
    assert await advisories.run(database, now_ns=NOW + 21 * MINUTE) == 2, "closed and scored"
    page = await advisories.load_page(database, NOW + HOUR)
    assert page.current == ()
    (gone,) = of_limits(page.past)
    assert (gone.close_reason, gone.outcome, gone.crossed) == ("crossed", "true", NOW + 20 * MINUTE)
    assert gone.seen_by is not None
    assert (page.scores.n_true, page.scores.precision, page.scores.lead_s) == (1, 1.0, 1200.0)


async def test_it_recedes_and_is_false_when_nothing_came(database: Database, executor: Executor) -> None:
    sensor = await rising(database, executor)
    await advisories.run(database, now_ns=NOW)
    later = minutes(NOW, NOW + 7 * HOUR)
    await put(database, sensor, later, np.full(len(later), 59.0))
    await told(database, sensor, [59.0] * 36, NOW + HOUR)
    await advisories.run(database, now_ns=NOW + HOUR)
    (gone,) = await store.past(database)
    assert (gone.close_reason, gone.outcome) == ("receded", "pending")
    await advisories.run(database, now_ns=NOW + 5 * HOUR)
    assert (await store.past(database))[0].outcome == "pending", "it may still come within one more horizon"
    await advisories.run(database, now_ns=NOW + 6 * HOUR)
    assert (await store.past(database))[0].outcome == "false"
    assert (await store.scores(database, 0, NOW + DAY)).precision == 0.0


async def test_a_crossing_after_the_horizon_came_too_early(database: Database, executor: Executor) -> None:
    sensor = await rising(database, executor)
    await advisories.run(database, now_ns=NOW)
    await put(database, sensor, np.array([NOW + 4 * HOUR]), np.array([70.0]))
    await advisories.run(database, now_ns=NOW + 4 * HOUR)
    assert (await store.past(database))[0].outcome == "early"


async def test_without_readings_nothing_is_claimed(database: Database, executor: Executor) -> None:
    await rising(database, executor)
    await advisories.run(database, now_ns=NOW)
    await advisories.run(database, now_ns=NOW + 6 * HOUR)
    (gone,) = await store.past(database)
    assert (gone.close_reason, gone.outcome) == ("stale", "unknown")
    assert (await store.scores(database, 0, NOW + DAY)).precision is None


@pytest.mark.parametrize("reason", ["limit", "no_model"])
async def test_what_it_rested_on_is_gone(database: Database, executor: Executor, reason: str) -> None:
    sensor = await rising(database, executor)
    await advisories.run(database, now_ns=NOW)
    if reason == "limit":
        await set_limits(database, sensor, {"H": None})
    else:
        await database.execute("update deployed_models set is_active = false, deployed_until = now()")
    await advisories.run(database, now_ns=NOW + MINUTE)
    assert [each.close_reason for each in await store.past(database)] == [reason]
