"""Seals of the alarm journal: a chain of hashes over its entries, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ksys_core.domain.times import to_ns
from ksys_core.store.pool import Database

QUIET: Final = timedelta(minutes=15)
"""Age of the entries that are sealed."""
_SEALS: Final = "select seal_id, after_event, last_event, entries, hash, sealed_at from alarm_seals order by seal_id"
_LEAST: Final = -(2**63)
_HASH: Final = "select alarm_events_hash($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the seals has found.

    Attributes:
        entries, seals: so many hold. head: hash of the last of them; who keeps it elsewhere can tell a forged chain.
        broken: numbers of the first and the last entry of the seal that does not hold, and when it was made (ns); None:
            all do.
    """

    entries: int
    seals: int
    head: str
    broken: tuple[int, int, int] | None


async def seal(db: Database, quiet: timedelta = QUIET) -> int:
    """Seal every entry older than `quiet`; how many."""
    total = 0
    while True:
        done = int(await db.fetchval("select alarm_seal($1)", quiet))
        total += done
        if not done:
            return total


async def verify(db: Database) -> Verdict:
    """Compute every seal again from the journal, the oldest first, as far as they hold."""
    entries, seals, head, after = 0, 0, b"", _LEAST
    for row in await db.fetch(_SEALS):
        found = await db.fetchval(_HASH, head, row["after_event"], row["last_event"])
        if found != row["hash"] or row["after_event"] != after:
            first = after + 1 if seals else 1
            return Verdict(entries, seals, head.hex(), (first, row["last_event"], to_ns(row["sealed_at"])))
        entries, seals, head, after = entries + row["entries"], seals + 1, found, row["last_event"]
    return Verdict(entries, seals, head.hex(), None)
