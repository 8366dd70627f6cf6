"""One sensor of a running job: its data, its steps in the job's process, and what is kept of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ksys_core.errors import KnownError
from ksys_core.forecasting.artefacts import data_hash
from ksys_core.forecasting.evaluation import FOLDS, Kind
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.pooled_work import PooledResult
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.training import FITTING, Progress, SensorDone, SensorTask, StepDone
from ksys_core.forecasting.training_pool import PoolDone
from ksys_core.forecasting.work import TrainTask
from ksys_core.services import models, models_pooled, training_outcome
from ksys_core.services.training_data import grid_of
from ksys_core.services.training_pool import Pools
from ksys_core.services.training_process import Failed, TrainingProcess, ended
from ksys_core.services.training_state import RunState, TakenError, patient
from ksys_core.store import models as model_store
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.training import Claimed, NewResult, Step

FIT_PART: Final = 0.1
"""Part of a step that the final fit is counted as."""


@dataclass(frozen=True, slots=True)
class SensorRun:
    """The sensor `sensor_id` (called `tag`) of `job`, in the name of `claimant`; `pools`: models of all its tags."""

    db: Database
    job: Claimed
    claimant: str
    state: RunState
    sensor_id: int
    tag: str
    pools: Pools

    async def whole(self, process: TrainingProcess) -> list[KnownError]:
        """Do what is not done yet; the errors of steps that failed.

        Raises:
            TakenError: the job was taken away. KnownError: the process has ended.
        """
        try:
            y = await patient(lambda: grid_of(self.db, self.job, self.sensor_id))
        except KnownError as error:
            return await self._all_failed(error, None)
        sha = data_hash(y)
        await patient(lambda: store.forget_steps(self.db, self.job.job_id, self.sensor_id, sha))
        steps = await patient(lambda: store.steps(self.db, self.job.job_id, self.sensor_id))
        if self._complete(steps):
            self.state.say(f"{self.tag}: finished before")
            return []
        task = await patient(lambda: self._task(y, steps))
        try:
            await process.give(task)
        except OSError as error:  # its end of the pipe is closed
            raise ended(process, None) from error
        return await self._followed(process, task, sha)

    def _complete(self, steps: list[Step]) -> bool:
        names = {step.algorithm for step in steps if step.judged or step.status == "failed"}
        return names >= set(self.job.algorithms)

    async def _task(self, y: RegularSeries, steps: list[Step]) -> SensorTask:
        request = self.job.request
        now_in_charge = await model_store.champion(self.db, self.sensor_id)
        known = now_in_charge is not None and now_in_charge[0] in SPECS
        return SensorTask(
            sensor_id=self.sensor_id,
            y=y,
            algorithms=self.job.algorithms,
            horizon=int(request["horizon"]),
            season=request.get("season"),
            folds=int(request.get("folds") or FOLDS),
            seed=int(request.get("seed") or 0),
            params=request.get("params") or {},
            champion=Kind(*now_in_charge) if known and now_in_charge is not None else None,
            done={step.algorithm: step.backtest for step in steps},
            shared={name: self._tested(pool) for name, pool in self.pools.items()},
        )

    def _tested(self, pool: PoolDone | KnownError) -> PooledResult | KnownError:
        """The model of all tags as it was before the tests; it holds for those whose readings it has learned from."""
        if isinstance(pool, KnownError):
            return pool
        return pool.tested if self.sensor_id in pool.fitted.scales else models.no_history()

    async def _followed(self, process: TrainingProcess, task: SensorTask, sha: str) -> list[KnownError]:
        errors: list[KnownError] = []
        before = self.state.done
        while True:
            told = await process.hear()
            match told:
                case Progress():
                    self._show(told)
                case StepDone():
                    await self._keep(told, task, sha)
                    errors += [told.error] if told.error is not None else []
                    self.state.done, self.state.part = self.state.done + 1, 0.0
                case SensorDone():
                    await self._settle(told)
                    return errors
                case Failed():
                    self.state.done = before
                    return await self._all_failed(told.error, sha)
                case _:
                    raise ended(process, told)

    def _show(self, progress: Progress) -> None:
        state, share = self.state, progress.done / max(progress.total, 1)
        state.part = 1 - FIT_PART if progress.phase == FITTING else (1 - FIT_PART) * share
        state.phase = progress.phase
        state.detail = {
            "tag": self.tag,
            "algorithm": progress.step,
            "fold": progress.done,
            "folds": progress.total,
        }

    async def _keep(self, step: StepDone, task: SensorTask, sha: str) -> None:
        model, pool = None, self.pools.get(step.step)
        fit = TrainTask(step.step, task.y, task.horizon, task.season, dict(task.params.get(step.step, {})))
        if step.model is not None:
            model = models.fitted_model(self.sensor_id, fit, step.model)
        elif step.error is None and isinstance(pool, PoolDone):
            model = models_pooled.member_model(self.sensor_id, fit, pool.fitted)
        facts = f"folds {step.facts.get('folds', 0)}, outliers {step.facts.get('outliers', 0):.2%}"
        said = step.error or facts + ("" if model is None else f", season {model.season}, fit {model.fit_s:.2f} s")
        self.state.say(f"{self.tag} {step.step}: {said}")
        result = NewResult(
            sensor_id=self.sensor_id,
            algorithm=step.step,
            error="" if step.error is None else step.error.text,
            error_params=None if step.error is None else step.error.params,
            data_sha256=sha,
            backtest=step.backtest,
            model=model,
            shared=pool.fitted.artefact if isinstance(pool, PoolDone) else "",
            facts=step.facts,
        )
        await self._stored(result)

    async def _stored(self, result: NewResult) -> None:
        if not await patient(lambda: store.keep(self.db, self.job.job_id, self.claimant, result)):
            raise TakenError

    async def _settle(self, done: SensorDone) -> None:
        outcomes = await patient(
            lambda: training_outcome.settle(self.db, self.job, self.claimant, self.sensor_id, done)
        )
        if outcomes is None:
            raise TakenError
        for algorithm, outcome in outcomes.items():
            self.state.say(f"{self.tag} {algorithm}: {outcome}")

    async def _all_failed(self, error: KnownError, sha: str | None) -> list[KnownError]:
        """The sensor can't be trained: every step has failed for the same reason."""
        self.state.say(f"{self.tag}: {error}")
        for algorithm in self.job.algorithms:
            params = error.params
            await self._stored(NewResult(self.sensor_id, algorithm, error.text, params, data_sha256=sha))
        return [error] * len(self.job.algorithms)


def steps_of(job: Claimed) -> int:
    """How many steps progress is counted in: a champion that may be tested counts for each sensor."""
    return len(job.sensor_ids) * (len(job.algorithms) + 1)
