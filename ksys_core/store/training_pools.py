"""Models of all tags of a job that is under way, kept until it ends."""

from __future__ import annotations

from ksys_core.store.pool import Database
from ksys_core.store.training import held


async def kept(db: Database, job_id: int, algorithm: str, data_sha256: str) -> str | None:
    """What was fitted to these data; None: nothing. What was fitted to others goes, with the steps it led to."""
    async with db.transaction() as connection:
        query = "select data_sha256, fitted from training_pools where job_id = $1 and algorithm = $2"
        row = await connection.fetchrow(query, job_id, algorithm)
        if row is None:
            return None
        if row["data_sha256"] == data_sha256:
            fitted: str = row["fitted"]
            return fitted
        for table in ("training_pools", "training_results"):
            query = f"delete from {table} where job_id = $1 and algorithm = $2"  # noqa: S608 - one of the two above
            await connection.execute(query, job_id, algorithm)
        return None


async def keep(db: Database, job_id: int, claimant: str, algorithm: str, data_sha256: str, fitted: str) -> bool:
    """Keep what was fitted; False when the job was taken away."""
    async with db.transaction() as connection:
        if not await held(connection, job_id, claimant):
            return False
        query = "insert into training_pools values ($1, $2, $3, $4) on conflict do nothing"
        await connection.execute(query, job_id, algorithm, data_sha256, fitted)
    return True
