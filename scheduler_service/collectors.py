"""Collectors: one task a row of ``data_sources``, started again when it fails, with its readings buffered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import to_datetime
from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.settings import Settings
from ksys_core.store import sources as store
from ksys_core.store.pool import Database
from ksys_core.store.sources import SourceDefinition, SourceState
from scheduler_service.buffer import ReadingBuffer

_log = get_logger(__name__)
LOOK_AGAIN_S: Final = 30.0
FIRST_RESTART_S: Final = 1.0
LONGEST_RESTART_S: Final = 60.0
FLUSH_S: Final = 1.5


class Collector(Protocol):
    """A source of live readings."""

    def batches(self) -> AsyncIterator[ReadingBatch]:
        """Live readings until cancelled; raises when the source is lost."""

    async def fill(self, progress: Callable[[int, int], None]) -> None:
        """Bring in what history the source has, beside the live readings; `progress` takes readings done and total."""


Make = Callable[[Database, Settings, SourceDefinition], Collector]


class Collectors:
    """Keeps the enabled sources running while this instance leads.

    They go on through a lost database, and stop only when another instance leads or the service ends.
    """

    def __init__(self, db: Database, settings: Settings, kinds: Mapping[str, Make]) -> None:
        self._db = db
        self._settings = settings
        self._kinds = kinds
        self._buffers: dict[str, ReadingBuffer] = {}
        self._supervisor: asyncio.Task[None] | None = None
        self._look = asyncio.Event()

    @property
    def buffered(self) -> int:
        """Readings that wait for the database."""
        return sum(buffer.size for buffer in self._buffers.values())

    def look_again(self) -> None:
        """The table of sources has changed."""
        self._look.set()

    def start(self) -> None:
        """Start them, unless they run."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise())

    async def stop(self) -> None:
        """Stop them and store what they have gathered, as far as the database takes it soon."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None

    async def _supervise(self) -> None:
        running: dict[SourceKey, asyncio.Task[None]] = {}
        try:
            while True:
                self._look.clear()
                with suppress(DatabaseDownError):
                    await self._adjust(running)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AGAIN_S):
                        await self._look.wait()
        finally:
            await _cancelled(list(running.values()))

    async def _adjust(self, running: dict[SourceKey, asyncio.Task[None]]) -> None:
        wanted = {_key(definition): definition for definition in await store.enabled_sources(self._db)}
        gone = [running.pop(key) for key in set(running) - set(wanted)]
        await _cancelled(gone)
        for key in set(wanted) - set(running):
            running[key] = asyncio.create_task(self._keep(wanted[key]))

    async def _keep(self, definition: SourceDefinition) -> None:
        """Collect for ever, starting again with growing pauses after a failure."""
        buffer = self._buffers.setdefault(definition.name, ReadingBuffer(self._db))
        writer = asyncio.create_task(buffer.write())
        wait = FIRST_RESTART_S
        try:
            while True:
                await self._note(definition, "starting")
                began = time.monotonic()
                collecting = asyncio.create_task(self._collect(definition, buffer))
                try:
                    await asyncio.wait({collecting, writer}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    await _cancelled([collecting])
                if writer.done():
                    failed, writer = writer, asyncio.create_task(buffer.write())
                    buffer.give_up_first()
                    await self._note_failure(definition, failed.exception())
                else:
                    await self._note_failure(definition, collecting.exception())
                wait = FIRST_RESTART_S if time.monotonic() - began > LONGEST_RESTART_S else wait
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_RESTART_S)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await buffer.drained()
            await _cancelled([writer])
            await self._note(definition, "stopped")

    async def _collect(self, definition: SourceDefinition, buffer: ReadingBuffer) -> None:
        make = self._kinds.get(definition.kind)
        if make is None:
            raise KnownError("source.kind", N_("No collector for sources of kind {kind}."), kind=definition.kind)
        collector = make(self._db, self._settings, definition)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fill(definition, collector))
            await self._note(definition, "running")
            async for batch in collector.batches():
                if len(batch):
                    buffer.add(batch)
                    await self._note_newest(definition, batch)
            raise KnownError("source.ended", N_("The source {name} has ended."), name=definition.name)

    async def _fill(self, definition: SourceDefinition, collector: Collector) -> None:
        notes: set[asyncio.Task[None]] = set()

        def progress(done: int, total: int) -> None:
            if not notes or done >= total:
                task = asyncio.create_task(self._note_fill(definition, done, total))
                notes.add(task)
                task.add_done_callback(notes.discard)

        await collector.fill(progress)
        await asyncio.gather(*notes)

    async def _note_failure(self, definition: SourceDefinition, error: BaseException | None) -> None:
        reason = _reason(error)
        _log.warning("collector failed", source=definition.name, reason=reason)
        await self._note(definition, "failed", reason)

    async def _note(self, definition: SourceDefinition, state: SourceState, error: str | None = None) -> None:
        with suppress(DatabaseDownError):
            await store.set_state(self._db, definition.name, state, error)

    async def _note_newest(self, definition: SourceDefinition, batch: ReadingBatch) -> None:
        with suppress(DatabaseDownError):
            await store.set_last_data(self._db, definition.name, to_datetime(int(np.max(batch.t))))

    async def _note_fill(self, definition: SourceDefinition, done: int, total: int) -> None:
        with suppress(DatabaseDownError):
            await store.set_fill(self._db, definition.name, done, total)


SourceKey = tuple[str, str, str]


def _key(definition: SourceDefinition) -> SourceKey:
    return definition.name, definition.kind, repr(definition.config)


def _reason(error: BaseException | None) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, KnownError) else f"{type(error).__name__}: {error}"


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
