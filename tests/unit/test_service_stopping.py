"""Tasks of the service end, also one that loses its cancellation."""

from __future__ import annotations

import asyncio

import pytest

from scheduler_service import stopping
from scheduler_service.stopping import ended


async def test_a_task_that_loses_its_cancellation_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "CANCEL_AGAIN_S", 0.05)
    waiting = asyncio.Event()
    lost: list[str] = []

    async def answers_with_an_error() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise ConnectionError("lost at the same moment") from error

    async def job() -> None:
        try:
            await answers_with_an_error()
        except ConnectionError as error:
            lost.append(str(error))
        await asyncio.Event().wait()

    task = asyncio.create_task(job())
    async with asyncio.timeout(20):
        await waiting.wait()
        await ended((task,))
    assert task.cancelled()
    assert lost == ["lost at the same moment"]


async def test_nothing_to_end_is_no_wait() -> None:
    await ended(())
