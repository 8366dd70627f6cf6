"""The text of fitted models."""

from __future__ import annotations

from typing import Final

from ksys_core.store.pool import Database

_NEWEST: Final = """
select artefact from trained_models where sensor_id = $1 and algorithm = $2 order by version desc limit 1
"""


async def newest_artefact(db: Database, sensor_id: int, algorithm: str) -> str:
    """The artefact of the newest model of a sensor and algorithm; empty when there is none."""
    return await db.fetchval(_NEWEST, sensor_id, algorithm) or ""
