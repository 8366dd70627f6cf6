"""Where a database stands among the schema steps; `ksys_core.store.migrate` runs them (and loads Alembic for it)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.pool import Database

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Attributes:
    current: newest step in the database ("0002"), None in an empty one.
    pending: names of the steps that this program would add.
    newer: the database was made by a newer program.
    """

    current: str | None
    pending: tuple[str, ...]
    newer: bool


def step_names() -> list[str]:
    """Names of all steps in order: ``["0001_core", "0002_readings", …]``."""
    return sorted({path.name.partition(".")[0] for path in FOLDER.glob("[0-9]*.sql")})


async def schema_status(db: Database) -> SchemaStatus:
    """Where the database stands; needs no more than a viewer's rights."""
    known = step_names()
    current = None
    if await db.fetchval("select to_regclass('public.alembic_version') is not null"):
        current = await db.fetchval("select version_num from alembic_version")
    return status_of(known, current)


def check_not_newer(status: SchemaStatus) -> None:
    """Raise `KnownError` when the database was made by a newer program."""
    if status.newer:
        raise KnownError(
            "database.newer",
            N_("The database has schema step {step}, which this program does not know. Update the program."),
            step=status.current,
        )


def status_of(known: list[str], current: str | None) -> SchemaStatus:
    """Where a database stands whose newest step has the number `current`."""
    numbers = [name.partition("_")[0] for name in known]
    newer = current is not None and current not in numbers
    pending = () if newer else tuple(known[numbers.index(current) + 1 :] if current else known)
    return SchemaStatus(current, pending, newer)
