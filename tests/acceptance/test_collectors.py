"""Collectors keep what they gather through a killed database, and start again by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.tags import Origin
from ksys_core.domain.times import SECOND
from ksys_core.settings import Settings
from ksys_core.sources.base import MakeSource, Progress
from ksys_core.sources.kinds import SOURCE_KINDS
from ksys_core.store.embedded import EmbeddedServer
from ksys_core.store.pool import Database
from ksys_core.store.sensors import NewSensor, upsert_sensors
from ksys_core.store.sources import SourceStatus, all_sources, ensure_source
from scheduler_service.buffer import ReadingBuffer
from scheduler_service.collectors import Collectors
from tests.acceptance.programs import Programs, kill_server

T0 = 1_760_000_000 * SECOND


@dataclass
class Counting:
    """A source of one tag that gives a reading each 20 ms, and fails or ends at set numbers."""

    sensor_id: int
    fails_at: frozenset[int] = frozenset()
    ends_at: int | None = None
    given: int = 0
    filled: list[int] = field(default_factory=list)
    origin: Origin = "field"

    async def batches(self) -> AsyncIterator[ReadingBatch]:
        while self.given != self.ends_at:
            self.given += 1
            if self.given in self.fails_at:
                raise ConnectionResetError("the field bus is gone")
            yield ReadingBatch.of([self.sensor_id], [T0 + self.given * SECOND], [self.given])
            await asyncio.sleep(0.02)

    async def fill(self, progress: Progress) -> None:
        progress(0, 10)
        self.filled.append(self.given)
        progress(10, 10)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for the condition; the test's own time limit ends it."""
    while not await condition():  # noqa: ASYNC110 - the database has no event for it
        await asyncio.sleep(0.05)


@pytest.fixture
async def database(programs: Programs) -> AsyncIterator[Database]:
    """A pool on the database of `programs`, as the service."""
    db = await Database.connect(programs.service_dsn, pool_min=1, pool_max=5)
    yield db
    await db.close()


async def collecting(db: Database, kind: MakeSource | None = None) -> Collectors:
    await ensure_source(db, "bus", "counting", {})
    kinds = {**SOURCE_KINDS, "counting": kind} if kind else SOURCE_KINDS
    collectors = Collectors(db, Settings(app_env="production"), kinds)
    collectors.start()
    return collectors


async def tag(db: Database) -> int:
    return (await upsert_sensors(db, [NewSensor("COUNT")]))["COUNT"]


async def stored(db: Database) -> list[float]:
    return [row["value"] for row in await db.fetch("select value from sensor_readings order by ts")]


async def status(db: Database) -> SourceStatus:
    return next(source for source in await all_sources(db) if source.name == "bus")


async def test_no_reading_is_lost_to_a_killed_database(database: Database, own_server: EmbeddedServer) -> None:
    source = Counting(await tag(database))
    collectors = await collecting(database, lambda _db, _settings, _definition: source)
    await until(lambda: database.fetchval("select count(*) > 5 from sensor_readings"))
    await asyncio.to_thread(kill_server, own_server)
    at_loss = source.given

    async def buffered() -> bool:
        return source.given > at_loss + 20 and collectors.buffered > 10

    await until(buffered)
    await asyncio.to_thread(own_server.start_or_adopt)
    await until(lambda: caught_up(database, source))
    await collectors.stop()
    assert await stored(database) == list(range(1, source.given + 1))
    assert (await status(database)).state == "stopped"


async def caught_up(db: Database, source: Counting) -> bool:
    return len(await stored(db)) > source.given - 3


async def test_a_failing_source_starts_again_and_an_ended_one_does_not(database: Database) -> None:
    source = Counting(await tag(database), fails_at=frozenset({3}), ends_at=8)
    collectors = await collecting(database, lambda _db, _settings, _definition: source)
    await until(lambda: database.fetchval("select count(*) = 7 from sensor_readings"))

    async def ended() -> bool:
        return (await status(database)).state == "stopped"

    await until(ended)
    after = await status(database)
    assert after.last_error == "ConnectionResetError: the field bus is gone"
    assert (after.fill_done, after.fill_total) == (10, 10)
    assert len(source.filled) == 2
    await collectors.stop()
    assert await stored(database) == [1, 2, 4, 5, 6, 7, 8]


async def test_an_unknown_tag_ends_its_batch_only(database: Database) -> None:
    source = Counting(-1, ends_at=2)
    collectors = await collecting(database, lambda _db, _settings, _definition: source)

    async def failed() -> bool:
        return (await status(database)).state == "failed"

    await until(failed)
    source.sensor_id = await tag(database)
    source.ends_at = 5
    await until(lambda: database.fetchval("select count(*) > 2 from sensor_readings"))
    await collectors.stop()


@pytest.mark.parametrize(("kind", "words"), [("counting", "kind counting"), ("simulator", "refused in production")])
async def test_what_can_not_be_collected_says_why(database: Database, kind: str, words: str) -> None:
    collectors = await collecting(database)
    await ensure_source(database, "bus", kind, {})
    collectors.look_again()

    async def told() -> bool:
        return words in ((await status(database)).last_error or "")

    await until(told)
    await collectors.stop()


async def test_a_full_buffer_gives_up_the_oldest(database: Database) -> None:
    buffer = ReadingBuffer(database, most=10)
    sensor_id = await tag(database)
    for n in range(8):
        buffer.add(ReadingBatch.of([sensor_id] * 2, [T0 + 2 * n * SECOND, T0 + (2 * n + 1) * SECOND], [n, n]))
    assert (buffer.size, buffer.dropped) == (10, 6)
    writer = asyncio.create_task(buffer.write())
    await buffer.drained()
    writer.cancel()
    assert await database.fetchval("select min(value) from sensor_readings") == 3
