"""Collectors: one task a row of ``data_sources``, started again when it fails, with its readings buffered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import to_datetime
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.services import virtual_tags
from ksys_core.settings import Settings
from ksys_core.sources.base import MakeSource, Source
from ksys_core.store import sources as store
from ksys_core.store.pool import Database
from ksys_core.store.sources import SourceDefinition, SourceState
from scheduler_service.buffer import ReadingBuffer
from scheduler_service.failures import reason_of

_log = get_logger(__name__)
LOOK_AGAIN_S: Final = 30.0
FIRST_RESTART_S: Final = 1.0
LONGEST_RESTART_S: Final = 60.0
FLUSH_S: Final = 1.5


class Collectors:
    """Keeps the enabled sources running while this instance leads.

    They go on through a lost database, and stop only when another instance leads or the service ends.
    """

    def __init__(self, db: Database, settings: Settings, kinds: Mapping[str, MakeSource]) -> None:
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
            self._supervisor.add_done_callback(_log_failure)

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
                with suppress(KnownError):
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
            running[key].add_done_callback(_log_failure)

    async def _keep(self, definition: SourceDefinition) -> None:
        """Collect until the source ends, starting again with growing pauses after a failure."""
        buffer = self._buffers.setdefault(definition.name, ReadingBuffer(self._db))
        wait = FIRST_RESTART_S
        try:
            while True:
                began = time.monotonic()
                error = await self._attempt(definition, buffer)
                if error is None:
                    return
                reason = reason_of(error)
                _log.warning("collector failed", source=definition.name, reason=reason)
                await self._note(definition, "failed", reason)
                wait = FIRST_RESTART_S if time.monotonic() - began > LONGEST_RESTART_S else wait
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_RESTART_S)
        finally:
            await self._note(definition, "stopped")

    async def _attempt(self, definition: SourceDefinition, buffer: ReadingBuffer) -> BaseException | None:
        """Collect until the source ends (None), or it or the writing of its readings fails (why)."""
        await self._note(definition, "starting")
        writer = asyncio.create_task(buffer.write())
        collecting = asyncio.create_task(self._collect(definition, buffer))
        try:
            await asyncio.wait({collecting, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled([collecting])
            await _flush(writer, buffer)
        if not writer.cancelled():
            buffer.give_up_first()
            return writer.exception()
        return collecting.exception()

    async def _collect(self, definition: SourceDefinition, buffer: ReadingBuffer) -> None:
        make = self._kinds.get(definition.kind)
        if make is None:
            raise KnownError("source.kind", N_("No collector for sources of kind {kind}."), kind=definition.kind)
        source = make(self._db, self._settings, definition)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fill(definition, source))
            await self._note(definition, "running")
            async for batch in source.batches():
                if len(batch):
                    buffer.add(batch)
                    await self._note_newest(definition, batch)

    async def _fill(self, definition: SourceDefinition, source: Source) -> None:
        """Bring in the history; virtual tags are computed again over what came."""
        missing = False
        position = told = (-1, -1)
        writing: asyncio.Task[None] | None = None

        async def write() -> None:
            nonlocal told
            while told != position:  # one after another: an older position must not be written last
                told = position
                await self._note_fill(definition, *told)

        def progress(done: int, total: int) -> None:
            nonlocal missing, position, writing
            missing = missing or done < total
            position = done, total
            if writing is None or writing.done():
                writing = asyncio.create_task(write())

        await source.fill(progress)
        if writing is not None:
            await writing
        if missing:
            await virtual_tags.recompute(self._db, now_ns=time.time_ns())

    async def _note(self, definition: SourceDefinition, state: SourceState, error: str | None = None) -> None:
        with suppress(KnownError):
            await store.set_state(self._db, definition.name, state, error)

    async def _note_newest(self, definition: SourceDefinition, batch: ReadingBatch) -> None:
        with suppress(KnownError):
            await store.set_last_data(self._db, definition.name, to_datetime(int(np.max(batch.t))))

    async def _note_fill(self, definition: SourceDefinition, done: int, total: int) -> None:
        with suppress(KnownError):
            await store.set_fill(self._db, definition.name, done, total)


SourceKey = tuple[str, str, str]


def _key(definition: SourceDefinition) -> SourceKey:
    return definition.name, definition.kind, repr(definition.config)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("collectors ended", exc_info=error)


async def _flush(writer: asyncio.Task[None], buffer: ReadingBuffer) -> None:
    """Let `writer` store what is buffered for a moment, then end it."""
    drained = asyncio.create_task(buffer.drained())
    await asyncio.wait({writer, drained}, timeout=FLUSH_S, return_when=asyncio.FIRST_COMPLETED)
    await _cancelled([writer, drained])


async def _cancelled(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
