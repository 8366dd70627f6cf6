"""One application and one event loop for all GUI tests of a run."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtWidgets import QApplication

from ksys_hmi import style
from ksys_hmi.loop import HeapEventLoop
from tests.gui.trend_plant import Plant, trend_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
TrendScenario = Callable[[Plant], Coroutine[Any, Any, None]]


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["ksys-hmi"]


@pytest.fixture(scope="session")
def runner(qapp: QApplication) -> Iterator[asyncio.Runner]:
    """The HMI's own loop, one for the whole run as in the program."""
    qapp.setQuitOnLastWindowClosed(False)
    style.apply(qapp, "day")
    with asyncio.Runner(loop_factory=lambda: HeapEventLoop(qapp)) as made:
        yield made


@pytest.fixture
def run(runner: asyncio.Runner) -> Run:
    """Runs a coroutine on the HMI's loop to its end: ``run(scenario())``. What it leaves when a test takes too long
    is cancelled."""

    def to_its_end(scenario: Coroutine[Any, Any, Any]) -> Any:
        try:
            return runner.run(scenario)
        finally:
            loop = runner.get_loop()
            left = asyncio.all_tasks(loop) if sys.exc_info()[0] is not None else set()
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    return to_its_end


@pytest.fixture
def on_trend(run: Run, dsn: str, tmp_path: Path, qapp: QApplication) -> Callable[[TrendScenario], None]:
    """Runs a scenario with the main window on the Trend page."""

    async def scene(scenario: TrendScenario) -> None:
        async with trend_window(dsn, tmp_path) as plant:
            crashes: list[str] = []
            plant.runtime.events.crashed.connect(crashes.append)
            await scenario(plant)
            assert crashes == []

    return lambda scenario: run(scene(scenario))
