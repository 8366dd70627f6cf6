"""Short questions that the tests of the suite ask the database."""

from __future__ import annotations

from collections.abc import Sequence

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import to_ns
from ksys_core.store.pool import Database
from ksys_core.store.readings import IngestResult, ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors
from tests.contract.timescale.expectations import WIDTHS, Bucket, Reading, key_of_time, rolled_up

_JOB = "select job_id from timescaledb_information.jobs where proc_name = $1 and hypertable_name = $2"


async def store(db: Database, rows: Sequence[Reading]) -> IngestResult:
    """Ingest readings of the tags 1 to 3, which are made when they are missing."""
    await upsert_sensors(db, [NewSensor(f"TAG_{n}") for n in (1, 2, 3)], overwrite=False)
    return await ingest(
        db,
        ReadingBatch.of(
            [row.sensor_id for row in rows],
            [to_ns(row.ts) for row in rows],
            [row.value for row in rows],
            [row.quality for row in rows],
        ),
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
