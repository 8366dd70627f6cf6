"""The six forecasts of the demo plant."""

from __future__ import annotations

from concurrent.futures import Executor

from ksys_core.domain.times import HOUR, MINUTE, SECOND
from ksys_core.services import forecast, models
from ksys_core.services.models_demo import DEMO, deploy_demo
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history, minutes, put, wave

TAGS = list(DEMO)


async def test_six_are_deployed_and_forecast_once_two_days_are_in(database: Database, executor: Executor) -> None:
    sensors = await history(database, TAGS[:5], days=2)
    sensors |= await history(database, TAGS[5:], days=1)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 5

    bands = await forecast.latest_forecasts(database, list(sensors.values()))
    assert {band.algorithm for band in bands.values()} == {"ensemble"}
    assert all(band.source == "model" for band in bands.values())
    assert sensors[TAGS[5]] not in bands


async def test_what_a_person_ended_is_not_deployed_again(database: Database, executor: Executor) -> None:
    await history(database, TAGS[:1], days=2)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 1
    await models.undeploy(database, model_id=(await models.listed(database))[0].model_id)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 0


async def test_a_forecast_that_was_missed_is_made_up_when_the_data_come(database: Database, executor: Executor) -> None:
    sensors = await history(database, TAGS, days=2)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 6
    flow, later = sensors["FEED_FLOW"], NOW + 12 * HOUR
    assert await deploy_demo(database, now_ns=later, executor=executor) == 0
    assert (await forecast.latest_forecasts(database, [flow]))[flow].issue_ns == NOW

    t = minutes(NOW, later)
    await put(database, flow, t, wave(t))
    await deploy_demo(database, now_ns=later + MINUTE, executor=executor)
    assert (await forecast.latest_forecasts(database, [flow]))[flow].issue_ns == later
    assert await forecast.catch_up(database, now_ns=later + 30 * SECOND, executor=executor) == 0
