"""The alarm job: evaluates as readings arrive, and lets time pass for delays, as long as the service leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.services.alarms_evaluator import DEFINING, AlarmEvaluator
from ksys_core.services.alarms_modes import FloodWatch
from ksys_core.store.alarms_passes import pass_done
from ksys_core.store.events import EventStream, Joined
from scheduler_service.context import JobContext

_CLOSE_S: Final = 1.0


async def run_alarms(context: JobContext) -> int:
    """Evaluate alarms until cancelled; never gives a result, its rows are noted as transitions happen."""
    evaluator = AlarmEvaluator(context.db, context.clock)
    definitions = Joined()
    transitions = 0

    def note(count: int) -> None:
        nonlocal transitions
        if count:
            transitions += count
            context.note_rows(transitions)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_on_timer(evaluator, context, note))
            group.create_task(_on_definitions(evaluator, definitions, note))
            async for change in EventStream(context.db.dsn):
                if change.kind in DEFINING:
                    definitions.add(change.kind, change.ids)
                elif change.kind != "readings":
                    note(await evaluator.on_changed(change.kind, change.ids))
                if change.kind in ("readings", "resync"):
                    note(await evaluator.catch_up())
    finally:
        with suppress(KnownError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await evaluator.close()
    return transitions


async def _on_definitions(evaluator: AlarmEvaluator, changes: Joined, note: Callable[[int], None]) -> None:
    """Definitions are read beside the readings' evaluation, which does not wait for them."""
    while True:
        await changes.any()
        for change in changes.take():
            note(await evaluator.on_changed(change.kind, change.ids))


async def _on_timer(evaluator: AlarmEvaluator, context: JobContext, note: Callable[[int], None]) -> None:
    floods, pause_s = FloodWatch(context.db), context.settings.jobs.alarms_s
    while True:
        note(await evaluator.on_timer(context.clock()))
        await floods.check(context.clock())
        await pass_done(context.db, pause_s)
        await asyncio.sleep(pause_s)
