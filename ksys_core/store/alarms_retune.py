"""A new behaviour of one alarm, checked against the other limits of its tag."""

from __future__ import annotations

from typing import Final

from ksys_core.store.alarms_consistency import refuse_contradictions
from ksys_core.store.pool import Database

_RETUNE: Final = "select alarm_retune($1, $2, $3, $4, $5, $6, $7, $8)"
_SENSOR: Final = "select sensor_id from alarm_definitions where alarm_id = $1"


async def retune(
    db: Database,
    alarm_id: int,
    *,
    limit: float | None,
    dead_band: float | None,
    on_delay_s: float | None,
    off_delay_s: float | None,
    reason: str,
    moc_id: str | None,
    station: str,
) -> bool:
    """Put a limit (or setting), dead band (in the tag's unit) and delays in force at once; None leaves one as it is.

    Raises:
        KnownError: the reason is missing, the alarm is gone, or its tag's limits and dead bands contradict themselves.
    """
    async with db.transaction() as connection:
        changed = await connection.fetchval(
            _RETUNE, alarm_id, limit, dead_band, on_delay_s, off_delay_s, reason, moc_id, station
        )
        if changed:
            await refuse_contradictions(connection, [await connection.fetchval(_SENSOR, alarm_id)])
    return bool(changed)
