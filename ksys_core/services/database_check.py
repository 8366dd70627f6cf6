"""Whether a database is in order: what `ksys db status` and `ksys db check` tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_, tr
from ksys_core.store import checks
from ksys_core.store.pool import Database
from ksys_core.store.schema import schema_status
from ksys_core.store.service_state import DatabaseInfo, database_info

OLDEST_SERVER: Final = 160_000
CLOCK_LIMIT_NS: Final = 5 * SECOND
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Status:
    """Where a database stands; `info` and `tags` are None while it has no schema."""

    schema: str | None
    pending: tuple[str, ...]
    newer: bool
    info: DatabaseInfo | None
    tags: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is in order, and what is not."""

    name: str
    ok: bool
    detail: str = ""


async def status(db: Database) -> Status:
    """Schema, server and size."""
    schema = await schema_status(db)
    if schema.current is None:
        return Status(None, schema.pending, schema.newer, None, None)
    return Status(schema.current, schema.pending, schema.newer, await database_info(db), await checks.count_tags(db))


async def check(db: Database, *, clock: Callable[[], int]) -> list[Finding]:
    """All checks; those on the tables only once the schema is up to date."""
    schema = await schema_status(db)
    current = not schema.pending and not schema.newer
    found = [
        Finding(N_("Server version"), db.capabilities.postgres_version >= OLDEST_SERVER),
        Finding(N_("Schema"), current, ", ".join(schema.pending)),
        _list(N_("Group roles"), await checks.missing_roles(db)),
    ]
    if not current:
        return found
    offset = (await database_info(db)).now_ns - clock()
    seconds = tr("{seconds:.1f} s apart", seconds=offset / SECOND) if abs(offset) > CLOCK_LIMIT_NS else ""
    return [
        *found,
        Finding(N_("Clock of the server"), not seconds, seconds),
        _list(N_("Newest values"), await checks.wrong_latest(db)),
        _list(N_("Tags of the readings"), await checks.orphaned(db)),
        _list(N_("Order of the limits"), await checks.disordered_limits(db)),
    ]


def _list(name: str, wrong: Sequence[str]) -> Finding:
    more = f" (+{len(wrong) - _SHOWN})" if len(wrong) > _SHOWN else ""
    return Finding(name, not wrong, ", ".join(wrong[:_SHOWN]) + more)
