"""The journal's seals: they hold, and tell an entry that was changed, removed or slipped in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ksys_core.store.alarms_seals import seal, verify
from ksys_core.store.pool import Database
from tests.integration.test_alarms_journal import FILL

NOW = timedelta(0)


async def sealed(db: Database) -> None:
    """Three seals over 900 entries."""
    for part in range(3):
        await db.execute(FILL, 300, 1_790_000_000 + 1000 * part)
        assert await seal(db, NOW) == 300


async def forge(db: Database, statement: str) -> None:
    """As somebody does who owns the database."""
    for table in ("alarm_events", "alarm_seals"):
        await db.execute(f"alter table {table} disable trigger {table}_fixed")
    await db.execute(statement)
    for table in ("alarm_events", "alarm_seals"):
        await db.execute(f"alter table {table} enable trigger {table}_fixed")


async def test_an_untouched_journal_holds(database: Database) -> None:
    assert (await verify(database)).seals == 0
    await sealed(database)
    found = await verify(database)
    assert (found.entries, found.seals, found.broken) == (900, 3, None)
    assert len(found.head) == 64
    assert await seal(database, NOW) == 0, "what is sealed is sealed once"


async def test_young_entries_wait(database: Database) -> None:
    await database.execute(FILL, 10, 1_790_000_000)
    assert await seal(database, timedelta(hours=1)) == 0
    assert await seal(database, NOW) == 10


@pytest.mark.parametrize(
    "statement",
    [
        "update alarm_events set reason = 'x' where event_id = 450",
        "update alarm_events set actor = 'lee' where event_id = 301",
        "update alarm_events set source_ts = source_ts + interval '1 microsecond' where event_id = 600",
        "update alarm_events set value = value + 1e-9 where event_id = 450",
        "delete from alarm_events where event_id = 450",
        "delete from alarm_seals where seal_id = 2",
        "update alarm_seals set hash = sha256('x') where seal_id = 2",
    ],
)
async def test_what_was_forged_is_found_in_its_seal(database: Database, statement: str) -> None:
    await sealed(database)
    await forge(database, statement)
    found = await verify(database)
    assert found.broken is not None
    assert found.broken[0] == 301
    assert (found.entries, found.seals) == (300, 1)


async def test_an_entry_that_is_slipped_in_is_found(database: Database) -> None:
    await sealed(database)
    await forge(
        database,
        """insert into alarm_events (event_id, alarm_id, sensor_id, tag, alarm_kind, kind, source_ts, detected_ts,
             priority, occurrence, isa_from, isa_to, regions) overriding system value
           values (0, 1, 1, 'X', 'H', 'ACK', now(), now(), 1, 1, 'NORM', 'NORM', 4)""",
    )
    broken = (await verify(database)).broken
    assert broken is not None
    assert broken[:2] == (1, 300)
