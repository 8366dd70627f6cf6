"""The one table of jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ksys_core.domain.times import SECOND
from ksys_core.i18n import N_
from ksys_core.services import (
    advisories,
    alarms_journal,
    alarms_report_daily,
    anomalies,
    anomaly_training,
    backfill,
    drift,
    forecast,
    lifecycle,
    metrics,
    models_demo,
    partitions,
    retraining,
    rollups,
    virtual_tags,
)
from ksys_core.services.alarms_report_daily import DailyReports
from ksys_core.settings import Settings
from ksys_core.store import scheduler, service_instances, sources
from ksys_core.store.embedded import default_data_dir
from ksys_core.store.pool import Database
from ksys_core.store.scheduler import JobDefinition
from scheduler_service.alarm_job import run_alarms
from scheduler_service.context import JobContext
from scheduler_service.notification_job import run_notifications

RUNS_KEPT_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table.

    Runs are due at ``n * interval_s + offset_s`` since 1970 (fixed rate, aligned, no drift). Of slots missed while
    the service was down or busy only the newest is caught up: each job itself takes up where it left.

    Attributes:
        interval_s: None for a job that runs as long as the service leads.
        timeout_s: a run is stopped after this time; None for a continuous job.
        run: the work; gives the number of rows it made or changed.
    """

    name: str
    title: str
    interval_s: float | None
    run: Callable[[JobContext], Awaitable[int]]
    timeout_s: float | None
    offset_s: float = 0.0
    needs_ml: bool = False
    development_only: bool = False
    plain_only: bool = False

    def slot(self, now_ns: int) -> int:
        """The newest instant at or before `now_ns` at which a run was due."""
        if self.interval_s is None:
            return now_ns
        interval, offset = round(self.interval_s * SECOND), round(self.offset_s * SECOND)
        return (now_ns - offset) // interval * interval + offset

    def definition(self) -> JobDefinition:
        """What the database keeps of it."""
        schedule = "continuous" if self.interval_s is None else f"every {self.interval_s:g} s"
        command = f"{self.run.__module__}.{self.run.__qualname__}"
        return JobDefinition(self.name, self.title, schedule, command, self.interval_s, self.timeout_s)


def job_table(settings: Settings, db: Database) -> tuple[Job, ...]:
    """The jobs that run with these settings on this database."""
    every = settings.jobs
    table = (
        Job("alarms", N_("Alarm evaluation"), None, run_alarms, None),
        Job("notifications", N_("Notifications of alarms"), None, run_notifications, None),
        Job("virtual_tags", N_("Virtual tags"), every.virtual_tags_s, run_virtual_tags, 300, offset_s=2),
        Job("rollups", N_("Roll-ups"), every.rollup_s, run_rollups, 600, offset_s=1, plain_only=True),
        Job("partitions", N_("Partitions of readings"), 3600, run_partitions, 120, offset_s=600, plain_only=True),
        Job("forecast", N_("Forecasts"), every.forecast_s, run_forecast, 270, offset_s=15, needs_ml=True),
        Job("advisories", N_("Advisories of forecasts"), 60, run_advisories, 60, offset_s=30, needs_ml=True),
        Job("backfill", N_("Actual values of forecasts"), every.backfill_s, run_backfill, 300, 60, needs_ml=True),
        Job("metrics", N_("Scores of models"), every.metrics_s, run_metrics, 600, offset_s=180, needs_ml=True),
        Job("drift", N_("Drift of models"), 6 * 3600, run_drift, 900, offset_s=240, needs_ml=True),
        Job("lifecycle", N_("Promotion and rollback of models"), 600, run_lifecycle, 300, offset_s=90, needs_ml=True),
        Job("retraining", N_("Nightly retraining"), 600, run_retraining, 120, offset_s=30, needs_ml=True),
        Job("anomalies", N_("Anomalies of units and tags"), 60, run_anomalies, 50, offset_s=20, needs_ml=True),
        Job("detectors", N_("Training of detectors"), 120, run_detectors, 3600, offset_s=50, needs_ml=True),
        Job(
            "demo_models",
            N_("Forecasts of the demo plant"),
            None,
            run_demo_models,
            None,
            needs_ml=True,
            development_only=True,
        ),
        Job("journal_seals", N_("Seals of the alarm journal"), 300, run_journal_seals, 240, offset_s=90),
        Job("alarm_report", N_("Alarm report of the day before"), 3600, run_alarm_report, 300, offset_s=300),
        Job("housekeeping", N_("Housekeeping of the run history"), 3600, run_housekeeping, 60, offset_s=420),
    )
    ml = settings.ml_enabled and settings.enable_ai_features
    plain = db.capabilities.timescale is None
    development = settings.app_env == "development"
    return tuple(
        job
        for job in table
        if (ml or not job.needs_ml) and (plain or not job.plain_only) and (development or not job.development_only)
    )


async def run_virtual_tags(context: JobContext) -> int:
    """Every virtual tag for the minutes that are not computed yet."""
    return await virtual_tags.run(context.db, now_ns=context.clock())


async def run_rollups(context: JobContext) -> int:
    """Roll-ups up to now, and again where late readings came."""
    return await rollups.run(context.db, clock=context.clock)


async def run_partitions(context: JobContext) -> int:
    """Partitions of the days ahead; those that are too old go."""
    return await partitions.run(context.db, clock=context.clock, keep_days=context.settings.jobs.keep_readings_days)


async def run_forecast(context: JobContext) -> int:
    """A forecast of every active deployment."""
    return await forecast.run_cycle(context.db, now_ns=context.clock(), executor=context.executor())


async def run_advisories(context: JobContext) -> int:
    """Which limits the newest forecasts cross, and what became of those foretold."""
    return await advisories.run(context.db, now_ns=context.clock())


async def run_backfill(context: JobContext) -> int:
    """Actual values beside the forecasts whose time has come."""
    return await backfill.run(context.db, now_ns=context.clock())


async def run_metrics(context: JobContext) -> int:
    """Scores of the models over the recent hours."""
    return await metrics.run(context.db, now_ns=context.clock())


async def run_drift(context: JobContext) -> int:
    """Whether the deployed models still fit their plant."""
    return await drift.run(context.db, now_ns=context.clock())


async def run_lifecycle(context: JobContext) -> int:
    """Challengers that have proved themselves, champions that have not."""
    return await lifecycle.run(context.db, now_ns=context.clock())


async def run_retraining(context: JobContext) -> int:
    """The training jobs of this night, as soon as it has begun."""
    return await retraining.nightly(context.db, now_ns=context.clock(), zone=context.settings.zone)


async def run_anomalies(context: JobContext) -> int:
    """The new samples of every unit, judged."""
    return await anomalies.run(context.db, now_ns=context.clock())


async def run_detectors(context: JobContext) -> int:
    """Detectors of the units that have none yet, and all of them every night."""
    settings = context.settings
    return await anomaly_training.train_due(
        context.db, now_ns=context.clock(), executor=context.executor(), zone=settings.zone
    )


async def run_demo_models(context: JobContext) -> int:
    """The demo plant's forecasts, deployed as soon as there is history; waits where no simulator runs."""
    began, deployed = time.monotonic(), 0
    while True:
        if any(source.kind == "simulator" for source in await sources.enabled_sources(context.db)):
            deployed += await models_demo.deploy_demo(context.db, now_ns=context.clock(), executor=context.executor())
            context.note_rows(deployed)
        await asyncio.sleep(5 if time.monotonic() - began < 300 else 60)


async def run_journal_seals(context: JobContext) -> int:
    """Hashes over the entries of the alarm journal that have settled."""
    return await alarms_journal.seal(context.db)


async def run_alarm_report(context: JobContext) -> int:
    """The alarm report of the day before, once it is over; old ones are deleted."""
    settings, every = context.settings, context.settings.jobs
    folder = (settings.data_dir or default_data_dir()) / "reports"
    reports = DailyReports(folder, every.alarm_report, settings.hmi.language, every.keep_alarm_reports_days)
    return await alarms_report_daily.write_daily(context.db, reports, clock=context.clock, zone=settings.zone)


async def run_housekeeping(context: JobContext) -> int:
    """Old runs, instances, anomalies, models of past nights and their jobs are forgotten."""
    now = context.clock()
    forgotten = [
        await scheduler.trim_runs(context.db, RUNS_KEPT_DAYS),
        await service_instances.forget_old(context.db, RUNS_KEPT_DAYS),
        await lifecycle.forget_old(context.db, now_ns=now),
        await anomalies.prune(context.db, now_ns=now),
    ]
    return sum(forgotten)
