"""Where readings come from (table ``data_sources``): what is to run, and how it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from ksys_core.store.pool import Database

SourceState = Literal["stopped", "starting", "running", "lost", "failed"]


@dataclass(frozen=True, slots=True)
class SourceDefinition:
    """A source that is to run."""

    name: str
    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source is doing; `fill_done` of `fill_total` readings of its history are in."""

    name: str
    kind: str
    enabled: bool
    state: SourceState
    state_since: datetime
    last_data_at: datetime | None
    last_error: str | None
    fill_done: int | None
    fill_total: int | None


_STATE: Final = """
update data_sources
set state = $2, last_error = coalesce($3::text, last_error),
    state_since = case when state = $2 then state_since else clock_timestamp() end
where name = $1 and (state <> $2 or $3::text is not null)
returning true
"""


async def ensure_source(db: Database, name: str, kind: str, config: Mapping[str, Any]) -> None:
    """Add a source, or replace kind and settings of the one with this name."""
    await db.execute(
        "insert into data_sources (name, kind, config) values ($1, $2, $3::text::jsonb) "
        "on conflict (name) do update set kind = $2, config = $3::text::jsonb, enabled = true",
        name,
        kind,
        json.dumps(config),
    )
    await db.execute("select ksys_notify('sources')")


async def enabled_sources(db: Database) -> list[SourceDefinition]:
    """The sources that are to run."""
    rows = await db.fetch("select name, kind, config::text from data_sources where enabled order by name")
    return [SourceDefinition(row["name"], row["kind"], json.loads(row["config"])) for row in rows]


async def all_sources(db: Database) -> list[SourceStatus]:
    """Every source with its state."""
    rows = await db.fetch(
        "select name, kind, enabled, state, state_since, last_data_at, last_error, fill_done, fill_total "
        "from data_sources order by name"
    )
    return [SourceStatus(*row) for row in rows]


async def set_state(db: Database, name: str, state: SourceState, error: str | None = None) -> None:
    """Note a source's state, and what went wrong; tells the screens when something changed."""
    if await db.fetchval(_STATE, name, state, error):
        await db.execute("select ksys_notify('sources')")


async def set_last_data(db: Database, name: str, at: datetime) -> None:
    """Note the time of a source's newest reading."""
    await db.execute(
        "update data_sources set last_data_at = greatest(last_data_at, $2::timestamptz) where name = $1", name, at
    )


async def set_fill(db: Database, name: str, done: int, total: int) -> None:
    """Note how far a source has filled its history, in readings."""
    await db.execute("update data_sources set fill_done = $2, fill_total = $3 where name = $1", name, done, total)
    await db.execute("select ksys_notify('sources')")
