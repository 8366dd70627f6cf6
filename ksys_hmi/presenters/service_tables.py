"""How instances, jobs, sources, database and stalls are written on the Service page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject

from ksys_core.domain.times import to_ns
from ksys_core.i18n import N_, tr
from ksys_core.store.service_state import DatabaseInfo, Instance, JobState
from ksys_core.store.sources import SourceStatus
from ksys_hmi.formats import format_age, format_clock, format_moment, format_value
from ksys_hmi.models.rows import Column, RowsModel
from ksys_hmi.runtime import Runtime
from ksys_hmi.watchdog import Stalls

_NONE = "–"
_MIB = 1024 * 1024
STATES = (
    N_("running"),
    N_("succeeded"),
    N_("failed"),
    N_("cancelled"),
    N_("leading"),
    N_("standby"),
    N_("starting"),
    N_("stopping"),
    N_("stopped"),
    N_("lost"),
)
"""Words of the database for states, marked for translation."""


def instances(_runtime: Runtime, parent: QObject) -> RowsModel[Instance]:
    """Model of the service's instances."""
    columns = (
        Column[Instance](N_("Host"), lambda one: one.host),
        Column[Instance](N_("Process"), lambda one: str(one.pid), numeric=True),
        Column[Instance](N_("State"), lambda one: tr(one.state)),
        Column[Instance](N_("Leader"), lambda one: tr("yes") if one.leader else _NONE),
        Column[Instance](N_("Heartbeat"), lambda one: format_age(one.heartbeat_age_s), numeric=True),
        Column[Instance](N_("Version"), lambda one: one.version),
    )
    return RowsModel(columns, lambda one: one.instance_id, parent)


def jobs(runtime: Runtime, parent: QObject) -> RowsModel[JobState]:
    """Model of the jobs; clock times are the plant's."""
    zone = runtime.zone
    columns = (
        Column[JobState](N_("Job"), lambda job: tr(job.title)),
        Column[JobState](N_("State"), _job_state),
        Column[JobState](N_("Last run"), lambda job: _clock(_last_end(job), zone)),
        Column[JobState](N_("Duration"), _duration, numeric=True),
        Column[JobState](N_("Rows"), lambda job: _NONE if job.last_ok_rows is None else str(job.last_ok_rows), True),
        Column[JobState](N_("Next run"), lambda job: _next_run(job, zone)),
        Column[JobState](N_("Last error"), lambda job: _last_error(job, zone)),
    )
    return RowsModel(columns, lambda job: job.job_id, parent)


def sources(runtime: Runtime, parent: QObject) -> RowsModel[SourceStatus]:
    """Model of the data sources."""
    zone = runtime.zone
    columns = (
        Column[SourceStatus](N_("Name"), lambda source: source.name),
        Column[SourceStatus](N_("Kind"), lambda source: source.kind),
        Column[SourceStatus](N_("State"), lambda source: tr(source.state) if source.enabled else tr("disabled")),
        Column[SourceStatus](
            N_("Newest data"),
            lambda source: _clock(None if source.last_data_at is None else to_ns(source.last_data_at), zone),
        ),
        Column[SourceStatus](N_("History"), _fill, numeric=True),
        Column[SourceStatus](N_("Last error"), lambda source: tr(source.last_error) if source.last_error else _NONE),
    )
    return RowsModel(columns, lambda source: source.name, parent)


def database_text(info: DatabaseInfo, zone: ZoneInfo) -> str:
    """Kind, version, size, connections, start of the database."""
    kind = tr("TimescaleDB {version}", version=info.timescale) if info.timescale else tr("without TimescaleDB")
    return "\n".join(
        (
            f"PostgreSQL {info.version}, {kind}",
            tr("Size: {mib} MiB", mib=format_value(info.size_bytes / _MIB, 0)),
            tr("Connections: {n}", n=info.connections),
            tr("Started: {moment}", moment=format_moment(info.started_ns, zone)),
        )
    )


def screen_text(stalls: Stalls | None) -> str:
    """How long this screen stood still."""
    if stalls is None:
        return _NONE
    return "\n".join(
        (
            tr(
                "Longest stall since the start: {ms} ms, of it {computing} ms computing",
                ms=_ms(stalls.since_start_s),
                computing=_ms(stalls.computing_s),
            ),
            tr("Longest stall in the last minute: {ms} ms", ms=_ms(stalls.last_minute_s)),
            tr("Longest stall during the start: {ms} ms", ms=_ms(stalls.start_up_s)),
            tr("Stalls above 250 ms: {n}", n=stalls.dumps),
        )
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _clock(ns: int | None, zone: ZoneInfo) -> str:
    return _NONE if ns is None else format_clock(ns, zone)


def _last_end(job: JobState) -> int | None:
    return max((moment for moment in (job.last_ok_ns, job.last_error_ns) if moment is not None), default=None)


def _job_state(job: JobState) -> str:
    if not job.active:
        return tr("disabled")
    if job.running_since_ns is not None:
        return tr("running")
    return tr(job.last_status) if job.last_status else tr("no run yet")


def _duration(job: JobState) -> str:
    return f"{job.durations_s[-1]:.2f} s" if job.durations_s else _NONE


def _next_run(job: JobState, zone: ZoneInfo) -> str:
    return tr("continuous") if job.interval_s is None else _clock(job.next_run_ns, zone)


def _last_error(job: JobState, zone: ZoneInfo) -> str:
    if not job.last_error or job.last_error_ns is None:
        return _NONE
    return f"{format_clock(job.last_error_ns, zone)}  {tr(job.last_error)}"


def _fill(source: SourceStatus) -> str:
    if not source.fill_total:
        return _NONE
    return f"{100 * (source.fill_done or 0) / source.fill_total:.0f} %"
