"""A plant of any size with a deployed model at every sensor, for benchmarks of the forecast cycle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Final

import numpy as np

from ksys_core.domain.readings import ReadingBatch
from ksys_core.domain.times import DAY, MINUTE, SECOND, to_datetime
from ksys_core.forecasting import artefacts
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.work import TrainResult, TrainTask, train
from ksys_core.services import model_grids, rollups
from ksys_core.store.models import NewModel, add_model
from ksys_core.store.pool import Database
from ksys_core.store.readings import ingest
from ksys_core.store.sensors import NewSensor, upsert_sensors

STOP: Final = 1_760_000_000 * SECOND // DAY * DAY
"""The stored history ends here unless another time is given; cycles begin here."""
STEP_S: Final = 300
HORIZON: Final = 36
DISTINCT: Final = 8
"""So many models are fitted; the other sensors get copies with fingerprints of their own, each parsed by itself."""
_SENSORS: Final = 50
_DEPLOY: Final = """
insert into deployed_models (model_id, sensor_id, last_issue_ts) select model_id, sensor_id, $1 from trained_models
"""


def values(sensors: Sequence[int], t: np.ndarray) -> np.ndarray:
    """A daily wave, an hourly one and noise, different for each of `sensors`, float64[sensors, t]."""
    phase = np.array(sensors, dtype=np.float64)[:, None]
    day, hour = 2 * np.pi * (t % DAY) / DAY, 2 * np.pi * (t % (67 * MINUTE)) / (67 * MINUTE)
    noise = np.random.default_rng([len(t), *sensors]).normal(0, 1, (len(sensors), len(t)))
    found: np.ndarray = 50 + 20 * np.sin(day + phase) + 3 * np.sin(hour * (1 + phase % 7)) + noise
    return found


async def add_history(db: Database, sensors: int, days: float, every_s: int, stop: int = STOP) -> list[int]:
    """Tags with readings of `days` before `stop`, rolled up; their numbers."""
    numbers = await upsert_sensors(db, [NewSensor(f"BENCH_{n:05}") for n in range(sensors)])
    ids = sorted(numbers.values())
    await add_readings(db, ids, stop - round(days * DAY), stop, every_s)
    await rollups.run(db, clock=lambda: stop + MINUTE)
    await db.execute("analyze")
    return ids


async def add_readings(db: Database, ids: Sequence[int], start: int, stop: int, every_s: int) -> None:
    """Readings of ``[start, stop)``."""
    t = np.arange(start, stop, every_s * SECOND)
    for i in range(0, len(ids), _SENSORS):
        some = ids[i : i + _SENSORS]
        batch = ReadingBatch.of(np.repeat(some, len(t)), np.tile(t, len(some)), values(some, t).ravel())
        await ingest(db, batch)


async def deploy_all(db: Database, ids: Sequence[int], algorithm: str, days: float, stop: int = STOP) -> float:
    """A model of `algorithm` at every sensor; the mean seconds of a fit."""
    steps = round(days * DAY / (STEP_S * SECOND))
    some = ids[:DISTINCT]
    grids = await model_grids.grids(db, [(i, steps) for i in some], stop_ns=stop, step_s=STEP_S)
    fitted = [await asyncio.to_thread(_fitted, algorithm, grids[i]) for i in some]
    for n, sensor_id in enumerate(ids):
        await add_model(db, _copy(fitted[n % len(fitted)], algorithm, sensor_id, grids[some[0]]))
    await db.execute(_DEPLOY, to_datetime(stop - STEP_S * SECOND))
    await db.execute("analyze")
    return float(np.mean([result.seconds for result in fitted]))


def _fitted(algorithm: str, y: RegularSeries) -> TrainResult:
    return train(TrainTask(algorithm, y, HORIZON, DAY // (STEP_S * SECOND)))


def _copy(result: TrainResult, algorithm: str, sensor_id: int, y: RegularSeries) -> NewModel:
    """`result` for another sensor: the same numbers with a fingerprint of their own."""
    envelope = json.loads(result.artefact)
    envelope["notes"] = [f"copy for sensor {sensor_id}"]
    text = json.dumps(envelope, sort_keys=True, separators=(",", ":"))
    return NewModel(
        sensor_id=sensor_id,
        algorithm=algorithm,
        interval_s=STEP_S,
        horizon=HORIZON,
        season=result.season,
        artefact=text,
        artefact_sha256=artefacts.sha256(text),
        data_from_ns=y.start,
        data_to_ns=y.stop,
        data_n=len(y),
        fit_s=result.seconds,
        scale=result.scale,
    )
