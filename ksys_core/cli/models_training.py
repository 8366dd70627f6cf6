"""`ksys models train`, `jobs` and `cancel`: training jobs from the command line."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from ksys_core.cli.common import DEFAULT, Common, JsonFlag, database
from ksys_core.cli.durations import seconds
from ksys_core.cli.seasons import season_of
from ksys_core.cli.training_tables import jobs_table, steps_table
from ksys_core.errors import KnownError
from ksys_core.forecasting.evaluation import FOLDS
from ksys_core.i18n import N_, tr
from ksys_core.services import models, training
from ksys_core.services.jobs import SILENT_S, load_service_state
from ksys_core.services.training import TrainingRequest
from ksys_core.services.training_run import run_claimed
from ksys_core.services.training_words import prospect_text
from ksys_core.settings_sources import LoadedSettings
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.training_lists import JobRow, StepRow

POLL_S: Final = 0.5


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Wanted:
    """What is trained and how long it may take.

    Attributes:
        algorithm: what to train, can be given several times; ridge when not given. One that is for several tags learns
            from all of them together.
        interval: grid of the models: whole minutes that divide a day (5m, 1h).
        horizon: steps of one interval that are forecast.
        season: season length in steps, "auto" or "none".
        days: how much of the newest history is used at most.
        folds: tests at most.
        gate: what passes the gate goes into shadow, or in charge where nothing is.
        seed: for engines that draw at random.
        time_limit: the job ends after so long.
        memory_limit: MB that its process may use.
    """

    algorithm: list[str] | None = None
    interval: str = "5m"
    horizon: int = models.HORIZON
    season: str = "auto"
    days: float = models.HISTORY_DAYS
    folds: int = FOLDS
    gate: bool = False
    seed: int = 0
    time_limit: str = "1h"
    memory_limit: int = training.MEMORY_LIMIT_MB

    @property
    def request(self) -> TrainingRequest:
        """For the service."""
        return TrainingRequest(
            tuple(self.algorithm or ["ridge"]),
            seconds(self.interval),
            self.horizon,
            season_of(self.season),
            self.days,
            self.folds,
            self.seed,
            after="gate" if self.gate else "keep",
        )


DEFAULT_WANTED: Final = Wanted()


def train(
    *tags: str,
    wanted: Wanted = DEFAULT_WANTED,
    check: bool = False,
    repeat: int | None = None,
    wait: bool = True,
    json_output: JsonFlag = False,
    common: Common = DEFAULT,
) -> int:
    """Train models for TAGS as a job: tested on the same folds, kept with everything that a repetition needs.

    The service does it; where no service runs, this command does.

    Parameters
    ----------
    tags:
        The tags.
    check:
        Only say what the data at hand allow.
    repeat:
        Do this job again over the same data: the models come out the same, to the last bit.
    wait:
        Follow the job to its end.
    json_output:
        Print a JSON object.
    """
    loaded = common.load()
    if repeat is None and not tags:
        raise KnownError("cli.no_tag", N_("Name a tag, or a job to repeat."))
    if check:
        return asyncio.run(_check(loaded, tags, wanted.request, json_output))
    return asyncio.run(_train(loaded, tags, wanted, repeat, wait, json_output))


def jobs(
    job: int | None = None, /, *, log: bool = False, json_output: JsonFlag = False, common: Common = DEFAULT
) -> int:
    """Show training jobs, or what JOB has done.

    Parameters
    ----------
    job:
        Its number.
    log:
        Print the job's log.
    json_output:
        Print JSON.
    """
    asyncio.run(_jobs(common.load(), job, log, json_output))
    return 0


def cancel(job: int, /, *, reason: str = "", common: Common = DEFAULT) -> int:
    """Cancel a training job.

    Parameters
    ----------
    job:
        Its number, see "ksys models jobs".
    reason:
        Goes to the audit log.
    """
    asyncio.run(_cancel(common.load(), job, reason))
    return 0


async def _check(loaded: LoadedSettings, tags: tuple[str, ...], request: TrainingRequest, as_json: bool) -> int:
    async with database(loaded) as db:
        found = [await training.prospect(db, now_ns=time.time_ns(), tag=tag, request=request) for tag in tags]
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in found]))
    for each in found if not as_json else ():
        print(prospect_text(each))
    return 0 if all(each.feasibility.state != "error" for each in found) else 1


async def _train(
    loaded: LoadedSettings,
    tags: tuple[str, ...],
    wanted: Wanted,
    repeat: int | None,
    wait: bool,
    as_json: bool,
) -> int:
    async with database(loaded) as db:
        if repeat is None:
            filed = await training.file(
                db,
                tags=tags,
                request=wanted.request.in_zone(loaded.settings.time_zone).checked(),
                time_limit_s=seconds(wanted.time_limit),
                memory_limit_mb=wanted.memory_limit,
                station=_station(),
            )
        else:
            filed = await training.repeat(db, job_id=repeat, station=_station())
        if not wait:
            print(json.dumps({"job": filed}) if as_json else tr("Training job {job} is filed.", job=filed))
            return 0
        done = await _done(db, filed)
        steps = await training.steps(db, filed)
        same = None if repeat is None else await _same(db, repeat, steps)
    if as_json:
        whole = {**dataclasses.asdict(done), "results": [dataclasses.asdict(step) for step in steps], "same": same}
        print(json.dumps(whole))
    else:
        _print(done, steps, same)
    return 0 if done.status == "done" and same is not False else 1


async def _done(db: Database, job_id: int) -> JobRow:
    """The job at its end; it is done here where no service lives."""
    own = None
    if not await _served(db):
        claimant = f"command {socket.gethostname()} {os.getpid()}"
        claimed = await store.claim(db, claimant, now_ns=time.time_ns(), job_id=job_id)
        own = None if claimed is None else asyncio.create_task(run_claimed(db, claimed, claimant))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    try:
        with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bars:
            bar = bars.add_task(f"{job_id}", total=1.0)
            while True:
                row = await training.job(db, job_id)
                bars.update(bar, completed=row.progress, description=f"{job_id} {row.detail.get('tag', '')}")
                if not row.open:
                    return row
                await asyncio.sleep(POLL_S)
    finally:
        if own is not None:
            if not own.done():
                own.cancel()
            await asyncio.gather(own, return_exceptions=True)


async def _served(db: Database) -> bool:
    """Whether a service lives that takes up jobs."""
    instances = (await load_service_state(db)).instances
    return any(i.state in ("leading", "standby") and i.heartbeat_age_s < SILENT_S for i in instances)


async def _same(db: Database, repeat: int, steps: Sequence[StepRow]) -> bool:
    then = {(s.sensor_id, s.algorithm): s.artefact_sha256 for s in await training.steps(db, repeat)}
    return all(then.get((s.sensor_id, s.algorithm)) == s.artefact_sha256 for s in steps)


def _print(job: JobRow, steps: Sequence[StepRow], same: bool | None) -> None:
    Console().print(steps_table(steps))
    if job.error:
        print(tr(job.error, **job.error_params))
    if same is not None:
        print(tr("The models are the same, to the last bit.") if same else tr("The models differ."))


async def _jobs(loaded: LoadedSettings, job_id: int | None, log: bool, as_json: bool) -> None:
    async with database(loaded) as db:
        rows = await training.jobs(db) if job_id is None else [await training.job(db, job_id)]
        steps = () if job_id is None else tuple(await training.steps(db, job_id))
        text = await training.log_of(db, job_id) if log and job_id is not None else ""
    if as_json:
        plain = [dataclasses.asdict(row) for row in rows]
        whole = {**plain[0], "results": [dataclasses.asdict(step) for step in steps], "log": text}
        print(json.dumps(plain if job_id is None else whole))
        return
    Console().print(jobs_table(rows))
    if job_id is not None:
        _print(rows[0], steps, None)
        print(text, end="")


async def _cancel(loaded: LoadedSettings, job_id: int, reason: str) -> None:
    async with database(loaded) as db:
        asked = await training.cancel(db, job_id=job_id, reason=reason, station=_station())
    print(tr("Training job {job} is cancelled.", job=job_id) if asked else tr("The job has ended before."))


def _station() -> str:
    return socket.gethostname()
