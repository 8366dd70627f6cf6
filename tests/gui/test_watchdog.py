"""The watchdog sees a stall of the loop, says what stood still, and forgets the start-up."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from ksys_hmi.watchdog import Watchdog
from tests.gui.conftest import Run


def stand_still(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def until_seen(watchdog: Watchdog, stall_s: float) -> None:
    while watchdog.stalls().last_minute_s < stall_s:  # noqa: ASYNC110 - a Qt timer, not a task, makes it true
        await asyncio.sleep(0.005)


def test_stalls_are_measured_and_dumped(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> tuple[float, float, float, int]:
        watchdog = Watchdog()
        watchdog.start()
        stand_still(0.5)
        await until_seen(watchdog, 0.4)
        during_start = watchdog.stalls()
        watchdog.start_up_over()
        stand_still(0.15)
        await until_seen(watchdog, 0.1)
        after = watchdog.stalls()
        watchdog.stop()
        return during_start.start_up_s, after.start_up_s, after.since_start_s, after.dumps

    with caplog.at_level(logging.WARNING, "ksys.hmi.watchdog"):
        during, kept, since, dumps = run(scenario())
    assert during == kept >= 0.4
    assert 0.1 <= since < kept
    assert dumps >= 1
    assert "stand_still" in caplog.text
