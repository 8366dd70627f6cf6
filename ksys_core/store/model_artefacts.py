"""The text of fitted models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ksys_core.store.pool import Database

_NEWEST: Final = """
select artefact from trained_models where sensor_id = $1 and algorithm = $2 order by version desc limit 1
"""
_OF: Final = "select model_id, artefact from trained_models where model_id = any ($1::int[])"


async def artefacts_of(db: Database, model_ids: Sequence[int]) -> dict[int, str]:
    """The artefacts of `model_ids`."""
    return {row["model_id"]: row["artefact"] for row in await db.fetch(_OF, list(model_ids))}


async def newest_artefact(db: Database, sensor_id: int, algorithm: str) -> str:
    """The artefact of the newest model of a sensor and algorithm; empty when there is none."""
    return await db.fetchval(_NEWEST, sensor_id, algorithm) or ""
