"""Doing a claimed training job: its process, its heartbeat and its limits."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from ksys_core.errors import DatabaseDownError, KnownError
from ksys_core.i18n import N_
from ksys_core.log import get_logger
from ksys_core.services import training_pool, training_sensor
from ksys_core.services.training_pool import PoolRun
from ksys_core.services.training_process import TrainingProcess
from ksys_core.services.training_sensor import SensorRun
from ksys_core.services.training_state import RunState, TakenError, patient
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.training import Claimed, Status

_log = get_logger(__name__)
BEAT_S: Final = 1.0
LOOK_S: Final = 0.25
"""How often memory and time are looked at."""


async def run_claimed(db: Database, job: Claimed, claimant: str) -> None:
    """Do `job` to its end. When this is cancelled, the job is put back for another claimant.

    Its process is killed in any case. A lost database is waited for; what is computed meanwhile is kept.
    """
    _log.info("training begins", job=job.job_id, attempt=job.attempts)
    try:
        await _Run(db, job, claimant).whole()
    except asyncio.CancelledError:
        try:
            async with asyncio.timeout(2):
                await store.release(db, job.job_id, claimant)
        except (KnownError, TimeoutError) as error:
            _log.warning("training job not put back", job=job.job_id, reason=str(error))
        raise
    except TakenError:
        _log.warning("training job taken over by another instance", job=job.job_id)
        return
    _log.info("training ends", job=job.job_id)


class _Run:
    def __init__(self, db: Database, job: Claimed, claimant: str) -> None:
        self._db = db
        self._job = job
        self._claimant = claimant
        self._state = RunState(training_pool.steps_of(job) + training_sensor.steps_of(job))
        self._begun = time.monotonic()
        self._process: TrainingProcess | None = None

    async def whole(self) -> None:
        """The job from claim to end."""
        if self._job.attempts > store.ATTEMPTS:
            text = N_("The job was begun {n} times without coming to an end.")
            await self._end("failed", KnownError("training.attempts", text, n=store.ATTEMPTS))
            return
        try:
            errors = await self._watched()
        except KnownError as error:
            self._state.say(str(error))
            await self._end("cancelled" if error.code == "training.cancelled" else "failed", error)
            return
        nothing = len(errors) >= len(self._job.sensor_ids) * len(self._job.algorithms)
        await self._end("failed" if nothing else "done", errors[0] if nothing else None)

    async def _watched(self) -> list[KnownError]:
        """The work beside the heartbeat and the limits: what ends first ends the other."""
        doing, watching = asyncio.ensure_future(self._work()), asyncio.ensure_future(self._watch())
        try:
            await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                return doing.result()
            watching.result()  # ends only by raising
            raise AssertionError("the watch has ended")
        finally:
            doing.cancel()
            watching.cancel()
            if self._process is not None:
                self._process.kill()
            await asyncio.gather(doing, watching, return_exceptions=True)

    async def _work(self) -> list[KnownError]:
        """What is learned from all sensors, then every sensor; the errors of the steps that failed."""
        errors: list[KnownError] = []
        tags = await patient(lambda: store.tags(self._db, self._job.sensor_ids))
        self._process = TrainingProcess(self._job.memory_limit_mb)
        await self._process.hear()
        pools = await PoolRun(self._db, self._job, self._claimant, self._state, tags).whole(self._process)
        first, each = self._state.done, training_sensor.steps_of(self._job) // len(self._job.sensor_ids)
        for place, sensor_id in enumerate(self._job.sensor_ids, 1):
            tag = tags.get(sensor_id, str(sensor_id))
            self._state.detail = {"tag": tag}
            run = SensorRun(self._db, self._job, self._claimant, self._state, sensor_id, tag, pools)
            errors += await run.whole(self._process)
            self._state.done = first + place * each
            self._state.part = 0.0
        return errors

    async def _watch(self) -> None:
        beaten = float("-inf")
        while True:
            self._check_limits()
            if time.monotonic() - beaten >= BEAT_S:
                beaten = time.monotonic()
                await self._beat()
            await asyncio.sleep(LOOK_S)

    def _check_limits(self) -> None:
        job = self._job
        if time.monotonic() - self._begun > job.time_limit_s:
            text = N_("The job took longer than its limit of {s:g} s.")
            raise KnownError("training.time", text, s=job.time_limit_s)
        if self._process is not None and self._process.memory_mb > job.memory_limit_mb:
            text = N_("The job needed more memory than its limit of {mb} MB.")
            raise KnownError("training.memory", text, mb=job.memory_limit_mb)

    async def _beat(self) -> None:
        state = self._state
        log = state.new_lines()
        try:
            wanted = await store.beat(
                self._db,
                self._job.job_id,
                self._claimant,
                progress=state.progress,
                phase=state.phase,
                detail=state.detail,
                log=log,
            )
        except DatabaseDownError:
            state.log.insert(0, log)
            return
        if wanted is None:
            raise TakenError
        if wanted:
            raise KnownError("training.cancelled", N_("The job was cancelled."))

    async def _end(self, status: Status, error: KnownError | None) -> None:
        log = self._state.new_lines()

        async def end() -> bool:
            return await store.finish(
                self._db,
                self._job.job_id,
                self._claimant,
                status,
                error="" if error is None else error.text,
                params=None if error is None else error.params,
                log=log,
            )

        if not await patient(end):
            raise TakenError
