"""The text of fitted models: kept with the model, or once for all tags that share it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from ksys_core.store.connection import Connection
from ksys_core.store.pool import Database

_NEWEST: Final = """
select coalesce(m.artefact, a.artefact)
from trained_models m left join shared_artefacts a on a.sha256 = m.shared_sha256
where m.sensor_id = $1 and m.algorithm = $2 order by m.version desc limit 1
"""

_SHARE: Final = "insert into shared_artefacts (sha256, artefact) values ($1, $2) on conflict (sha256) do nothing"

_SHARED: Final = "select sha256, artefact from shared_artefacts where sha256 = any ($1::text[])"

_OF_UNIT: Final = """
select sensor_id, tag from sensors where enabled and unit = $1 and unit <> '' order by tag
"""
_OF: Final = "select model_id, artefact, artefact_sha256 from trained_models where model_id = any ($1::int[])"


async def artefacts_of(db: Database, model_ids: Sequence[int]) -> dict[int, str]:
    """The artefacts of `model_ids`; models that share one get the same text object."""
    rows = await db.fetch(_OF, list(model_ids))
    texts = await shared(db, {row["artefact_sha256"] for row in rows if row["artefact"] is None})
    return {
        row["model_id"]: texts[row["artefact_sha256"]] if row["artefact"] is None else row["artefact"] for row in rows
    }


async def newest_artefact(db: Database, sensor_id: int, algorithm: str) -> str:
    """The artefact of the newest model of a sensor and algorithm; empty when there is none."""
    return await db.fetchval(_NEWEST, sensor_id, algorithm) or ""


async def share(connection: Connection, sha256: str, artefact: str) -> None:
    """Keep a text once for every model of this hash that is added from now on."""
    if not await connection.fetchval("select true from shared_artefacts where sha256 = $1", sha256):
        await connection.execute(_SHARE, sha256, artefact)


async def shared(db: Database, sha256s: Collection[str]) -> dict[str, str]:
    """The shared texts of these hashes."""
    return {row["sha256"]: row["artefact"] for row in await db.fetch(_SHARED, list(sha256s))} if sha256s else {}


async def of_unit(db: Database, unit: str) -> dict[int, str]:
    """The sensors in use that are measured in `unit` with their tags, in the order of these."""
    return {row["sensor_id"]: row["tag"] for row in await db.fetch(_OF_UNIT, unit)}
