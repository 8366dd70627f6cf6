"""One station has the horn; the database decides which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ksys_core.errors import KnownError
from ksys_core.services import alarms_horn
from ksys_core.store.pool import Database


async def _in_force(db: Database, station: str) -> None:
    await db.execute("update alarm_horn set seen_at = now() - interval '16 seconds'")
    assert (await alarms_horn.claim(db, station)).station == station


async def test_one_station_has_the_horn_until_it_is_gone(database: Database) -> None:
    first = await alarms_horn.claim(database, "a/1")
    assert (first.station, first.login) == ("a/1", await database.fetchval("select session_user::text"))
    assert (await alarms_horn.claim(database, "b/2")).station == "a/1"
    await _in_force(database, "b/2")
    assert (await alarms_horn.claim(database, "a/1", take=True)).station == "a/1"
    await alarms_horn.release(database, "b/2")
    assert (await alarms_horn.owner(database)) == first
    taken = await database.fetch("select station from audit_log where action = 'alarm_horn_claim' order by audit_id")
    assert [row["station"] for row in taken] == ["a/1", "b/2", "a/1"]


async def test_two_stations_at_once_have_one_horn(database: Database) -> None:
    owners = await asyncio.gather(*(alarms_horn.claim(database, f"{n}/1") for n in "abcd"))
    assert len({owner.station for owner in owners}) == 1


def test_a_viewer_may_not_take_the_horn(login_dsn: Callable[[str], str]) -> None:
    async def claim(dsn: str) -> None:
        db = await Database.connect(dsn, pool_min=1, pool_max=1)
        try:
            await alarms_horn.claim(db, "v/1")
        finally:
            await db.close()

    with pytest.raises(KnownError):
        asyncio.run(claim(login_dsn("ksys_viewer")))
    asyncio.run(claim(login_dsn("ksys_operator")))
