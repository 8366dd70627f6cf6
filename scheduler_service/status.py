"""``ksys-scheduler status``: the service's state as text or JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from ksys_core.domain.times import to_datetime
from ksys_core.i18n import tr
from ksys_core.services.jobs import ServiceState, load_service_state
from ksys_core.settings import Settings
from ksys_core.store.pool import Database
from scheduler_service.app import required_dsn

_NONE: Final = "–"


async def print_status(settings: Settings, *, as_json: bool) -> int:
    """Print the state; 0 when all is well, else 1. Raises `DatabaseDownError` when there is none to ask."""
    db = await Database.connect(
        required_dsn(settings), pool_min=1, pool_max=1, application_name="ksys-scheduler status"
    )
    try:
        state = await load_service_state(db)
    finally:
        await db.close()
    if as_json:
        sys.stdout.write(json.dumps(as_dict(state), default=_text, ensure_ascii=False) + "\n")
    else:
        _print_tables(state)
    return 0 if state.healthy else 1


def as_dict(state: ServiceState) -> dict[str, object]:
    """The state for JSON: every field, and what follows from them."""
    leader = state.leader
    plain = asdict(state)
    for job, row in zip(state.jobs, plain["jobs"], strict=True):
        row["overdue"] = state.overdue(job)
    return {"healthy": state.healthy, "leader": leader and leader.instance_id, **plain}


def _print_tables(state: ServiceState) -> None:
    console = Console()
    instances = Table("instance", "host", "pid", "state", "heartbeat")
    for one in state.instances:
        instances.add_row(one.instance_id[:8], one.host, str(one.pid), one.state, f"{one.heartbeat_age_s:.1f} s")
    jobs = Table("job", "schedule", "last", "last ok", "rows", "next run", "last error")
    for job in state.jobs:
        jobs.add_row(
            job.name,
            job.schedule,
            "running" if job.running_since_ns else job.last_status or _NONE,
            _moment(job.last_ok_ns),
            _NONE if job.last_ok_rows is None else str(job.last_ok_rows),
            _moment(job.next_run_ns),
            tr(job.last_error)[:100] if job.last_error else "",
        )
    sources = Table("source", "kind", "state", "newest", "error")
    for source in state.sources:
        newest = _NONE if source.last_data_at is None else source.last_data_at.isoformat(timespec="seconds")
        sources.add_row(source.name, source.kind, source.state, newest, source.last_error or "")
    for table in (instances, jobs, sources):
        console.print(table)


def _moment(ns: int | None) -> str:
    return _NONE if ns is None else to_datetime(ns).isoformat(timespec="seconds")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
