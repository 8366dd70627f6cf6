"""The six forecasts of the demo plant."""

from __future__ import annotations

from concurrent.futures import Executor

from ksys_core.services import forecast, models
from ksys_core.services.models_demo import DEMO, deploy_demo
from ksys_core.store.pool import Database
from tests.integration.forecasting.plant import NOW, history

TAGS = [tag for tag, _ in DEMO]


async def test_six_are_deployed_and_forecast_once_three_days_are_in(database: Database, executor: Executor) -> None:
    sensors = await history(database, TAGS[:5], days=3)
    sensors |= await history(database, TAGS[5:], days=2)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 5

    bands = await forecast.latest_forecasts(database, list(sensors.values()))
    assert {band.algorithm for band in bands.values()} == {"seasonal_naive", "auto_ets", "auto_arima"}
    assert all(band.source == "model" for band in bands.values())
    assert sensors[TAGS[5]] not in bands


async def test_what_a_person_ended_is_not_deployed_again(database: Database, executor: Executor) -> None:
    await history(database, TAGS[:1], days=3)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 1
    await models.undeploy(database, model_id=(await models.listed(database))[0].model_id)
    assert await deploy_demo(database, now_ns=NOW, executor=executor) == 0
