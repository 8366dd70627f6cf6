"""The engines of a running job that learn from all its tags together: one fit before the tests, one of all there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from ksys_core.errors import KnownError
from ksys_core.forecasting.artefacts import training_of
from ksys_core.forecasting.evaluation import FOLDS
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.pooled_work import PooledResult, pooled
from ksys_core.forecasting.training import Progress
from ksys_core.forecasting.training_pool import FITS, PoolDone, PoolTask
from ksys_core.services.training_data import grid_of
from ksys_core.services.training_process import Failed, TrainingProcess, ended
from ksys_core.services.training_state import RunState, TakenError, patient
from ksys_core.store import training_pools as store
from ksys_core.store.pool import Database
from ksys_core.store.training import Claimed

Pools = Mapping[str, PoolDone | KnownError]
"""By algorithm, what was fitted to all tags of the job, or why it could not be."""


def steps_of(job: Claimed) -> int:
    """How many steps of the progress these fits are counted as."""
    return FITS * sum(pooled(name) for name in job.algorithms)


@dataclass(frozen=True, slots=True)
class PoolRun:
    """The fits over all tags (`tags`: by sensor) of `job`, done in the name of `claimant`."""

    db: Database
    job: Claimed
    claimant: str
    state: RunState
    tags: Mapping[int, str]

    async def whole(self, process: TrainingProcess) -> Pools:
        """Do what is not done yet.

        Raises:
            TakenError: the job was taken away. KnownError: the process has ended.
        """
        names = [name for name in self.job.algorithms if pooled(name)]
        if not names:
            return {}
        try:
            series = await self._series()
        except KnownError as error:
            return dict.fromkeys(names, error)
        return {name: await self._fitted(name, series, process) for name in names}

    async def _series(self) -> dict[int, RegularSeries]:
        """What can be read of the tags; one without readings fails by itself later.

        Raises:
            KnownError: no tag has any, or those of a job to be repeated have changed.
        """
        found: dict[int, RegularSeries] = {}
        refused: KnownError | None = None
        for place, sensor_id in enumerate(self.job.sensor_ids, 1):
            count = {"fold": place, "folds": len(self.job.sensor_ids)}
            self.state.detail = {"tag": self.tags.get(sensor_id, str(sensor_id)), **count}
            try:
                y = await patient(partial(grid_of, self.db, self.job, sensor_id))
            except KnownError as error:
                if error.code == "training.data_changed":
                    raise
                refused = error
            else:
                found[sensor_id] = replace(y, inputs={})
        if refused is not None and not found:
            raise refused
        return found

    async def _fitted(
        self, algorithm: str, series: Mapping[int, RegularSeries], process: TrainingProcess
    ) -> PoolDone | KnownError:
        job, sha = self.job, training_of(list(series.values())).data_sha256
        before = self.state.done
        kept = await patient(lambda: store.kept(self.db, job.job_id, algorithm, sha))
        made = await self._made(algorithm, series, process) if kept is None else _read(kept)
        self.state.done, self.state.part = before + FITS, 0.0
        if isinstance(made, KnownError):
            self.state.say(f"{algorithm}: {made}")
            return made
        told = f"{len(made.fitted.scales)} tags, season {made.fitted.season}, fit {made.fitted.seconds:.2f} s"
        self.state.say(f"{algorithm}: one model of {told}" + ("" if kept is None else ", fitted before"))
        if kept is None:
            text = _written(made)
            if not await patient(lambda: store.keep(self.db, job.job_id, self.claimant, algorithm, sha, text)):
                raise TakenError
        return made

    async def _made(
        self, algorithm: str, series: Mapping[int, RegularSeries], process: TrainingProcess
    ) -> PoolDone | KnownError:
        request = self.job.request
        task = PoolTask(
            algorithm,
            series,
            int(request["horizon"]),
            request.get("season"),
            int(request.get("folds") or FOLDS),
            int(request.get("seed") or 0),
            (request.get("params") or {}).get(algorithm, {}),
        )
        try:
            await process.give(task)
        except OSError as error:  # its end of the pipe is closed
            raise ended(process, None) from error
        while True:
            told = await process.hear()
            match told:
                case Progress():
                    self.state.part, self.state.phase = float(told.done), told.phase
                    self.state.detail = {"algorithm": algorithm, "fold": told.done, "folds": told.total}
                case PoolDone():
                    return told
                case Failed():
                    return told.error
                case _:
                    raise ended(process, told)


def _written(made: PoolDone) -> str:
    return json.dumps(asdict(made))


def _read(text: str) -> PoolDone:
    content = json.loads(text)
    return PoolDone(_result(content["tested"]), _result(content["fitted"]))


def _result(content: dict[str, Any]) -> PooledResult:
    content["scales"] = {int(sensor): scale for sensor, scale in content["scales"].items()}
    content["notes"] = tuple(content["notes"])
    return PooledResult(**content)
