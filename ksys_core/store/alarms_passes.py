"""The last pass of the alarm evaluation, by the database's clock."""

from __future__ import annotations

from typing import Final

from ksys_core.store.pool import Database

_DONE: Final = """
insert into alarm_evaluation (evaluated_at, next_at)
values (clock_timestamp(), clock_timestamp() + make_interval(secs => $1))
on conflict (only_row) do update set evaluated_at = excluded.evaluated_at, next_at = excluded.next_at
"""


async def pass_done(db: Database, next_s: float) -> None:
    """All alarms have been evaluated up to now; the next pass comes in `next_s` seconds."""
    await db.execute(_DONE, next_s)
