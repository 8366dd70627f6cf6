"""What the server can do."""

from __future__ import annotations

from dataclasses import dataclass

from ksys_core.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Attributes:
    postgres_version: number as the server gives it (180006).
    timescale: version of TimescaleDB when the readings are (or, in an empty database, would be) kept by it.
    """

    postgres_version: int
    timescale: str | None


_QUERY = """
select current_setting('server_version_num')::int,
       (select extversion from pg_extension where extname = 'timescaledb'),
       (select relkind = 'p' from pg_class where oid = to_regclass('public.sensor_readings'))
"""


async def capabilities(connection: Connection) -> Capabilities:
    """Ask the server; readings in plain partitions stay plain even when the extension was added later."""
    row = await connection.fetchrow(_QUERY)
    assert row is not None
    version, timescale, partitioned = row
    return Capabilities(version, None if partitioned else timescale)
