"""The horn for the HMI: whose it is, and silence."""

from __future__ import annotations

from ksys_core.store.alarms_desk import silence
from ksys_core.store.alarms_horn import HornOwner, claim, owner, release, sounding
from ksys_core.store.pool import Database

__all__ = ["HornOwner", "claim", "owner", "release", "silence_all"]


async def silence_all(db: Database, station: str) -> int:
    """Stop the sound of every alarm that asks for it now; they stay unacknowledged. Gives their number."""
    ids = await sounding(db)
    outcomes = await silence(db, ids, station) if ids else []
    return sum(outcome.result == "done" for outcome in outcomes)
