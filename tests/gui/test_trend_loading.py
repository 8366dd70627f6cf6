"""Queries of the Trend page: superseded, failing, and coming back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
from PySide6.QtCore import Qt

from ksys_hmi.presenters.trend_loader import Answer
from tests.gui.conftest import Run
from tests.gui.trend_plant import Plant, show, statuses, trend_window, until, until_value

Scenario = Callable[[Plant], Coroutine[Any, Any, None]]


def test_of_many_moves_only_the_last_is_asked_for(on_trend: Callable[[Scenario], None]) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        plant.press(Qt.Key.Key_Space)
        await until(lambda: not plant.presenter.busy)
        answers: list[Answer] = []
        plant.presenter.loader.answered.connect(answers.append)
        for _ in range(12):
            plant.press(Qt.Key.Key_Left)
        await until(lambda: answers and not plant.presenter.busy)
        assert [answer.outcome for answer in answers] == ["rows"]
        assert answers[0].wish.window == plant.presenter.view.window

    on_trend(scenario)


def test_a_running_query_is_cancelled_at_the_server_when_it_is_superseded(
    on_trend: Callable[[Scenario], None], dsn: str
) -> None:
    async def scenario(plant: Plant) -> None:
        await show(plant, "FEED_FLOW")
        plant.press(Qt.Key.Key_Space)
        await until(lambda: not plant.presenter.busy)
        other, monitor = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'tests'"
        async with other.transaction():
            await other.execute("lock table sensor_readings in access exclusive mode")
            for _ in range(3):
                plant.presenter.retry()
                await until(lambda: plant.presenter.loader.running)
                await until_value(monitor, waiting, 1)  # without cancelling there would soon be more for good
        await until(lambda: statuses(plant) == ["ok"] and not plant.presenter.busy)
        await other.close()
        await monitor.close()

    on_trend(scenario)


def test_a_failed_query_keeps_the_old_pixels_and_can_be_repeated(run: Run, dsn: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with trend_window(dsn, tmp_path, statement_timeout_s=0.5) as plant:
            await show(plant, "FEED_FLOW")
            plant.press(Qt.Key.Key_Space)
            before = plant.presenter.state.scene.pens[0].series
            other = await asyncpg.connect(dsn)
            async with other.transaction():
                await other.execute("lock table sensor_readings in access exclusive mode")
                plant.press(Qt.Key.Key_F5)
                await until(lambda: statuses(plant) == ["failed"])
            pen = plant.presenter.state.scene.pens[0]
            assert pen.series is before
            assert pen.message
            assert pen.message in plant.presenter.state.rows[0].cells[-1]
            plant.press(Qt.Key.Key_F5)
            await until(lambda: statuses(plant) == ["ok"])
            await other.close()

    run(scenario())
