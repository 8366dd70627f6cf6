"""Short questions that the tests of the suite ask the database."""

from __future__ import annotations

from collections.abc import Sequence

from ksys_core.store.pool import Database
from tests.contract.timescale.expectations import WIDTHS, Bucket, Reading, key_of_time, rolled_up

_JOB = "select job_id from timescaledb_information.jobs where proc_name = $1 and hypertable_name = $2"


async def store(db: Database, rows: Sequence[Reading]) -> None:
    """Add readings; one that is there already gets the new value."""
    async with db.connection() as connection:
        await connection.executemany(
            """insert into sensor_readings values ($1, $2, $3, $4)
               on conflict (sensor_id, ts) do update set value = excluded.value, quality = excluded.quality""",
            [(row.sensor_id, row.ts, row.value, row.quality) for row in rows],
        )


async def kept(db: Database) -> list[Reading]:
    rows = await db.fetch("select sensor_id, ts, value, quality from sensor_readings")
    return sorted((Reading(*row) for row in rows), key=key_of_time)


async def buckets(db: Database, level: str) -> list[Bucket]:
    rows = await db.fetch(
        f"""select sensor_id, bucket, n, n_good, sum, min, max, first, last, quality
            from sensor_readings_{level} order by sensor_id, bucket"""
    )
    return [Bucket(*row) for row in rows]


async def assert_rolled_up(db: Database, rows: Sequence[Reading], levels: Sequence[str] = tuple(WIDTHS)) -> None:
    """Every roll-up holds what plain Python makes of `rows`."""
    for level in levels:
        found, expected = await buckets(db, level), rolled_up(rows, WIDTHS[level])
        assert len(found) == len(expected), level
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.agrees_with(theirs), f"{level}: {ours} instead of {theirs}"


async def refresh(db: Database, levels: Sequence[str] = tuple(WIDTHS)) -> None:
    """Refresh the aggregates over all time, each after the one that it is made from."""
    for level in levels:
        await db.execute(f"call refresh_continuous_aggregate('sensor_readings_{level}', null, null)")


async def run_policy(db: Database, procedure: str, relation: str = "sensor_readings") -> None:
    """Run the policy's job now, as the scheduler would."""
    await db.execute(f"call run_job({await db.fetchval(_JOB, procedure, relation)})")


async def refresh_by_policies(db: Database) -> None:
    for level in WIDTHS:
        await run_policy(db, "policy_refresh_continuous_aggregate", f"sensor_readings_{level}")


async def chunks(db: Database) -> tuple[int, int]:
    """Chunks of the readings: all, and those that are compressed."""
    row = await db.fetchrow(
        """select count(*), count(*) filter (where is_compressed) from timescaledb_information.chunks
           where hypertable_name = 'sensor_readings'"""
    )
    assert row is not None
    return row[0], row[1]
