"""What a training job learns from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ksys_core.errors import KnownError
from ksys_core.forecasting.artefacts import data_hash
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.registry import inputs_of
from ksys_core.i18n import N_
from ksys_core.services import models, rollups
from ksys_core.services.model_inputs import with_inputs
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.training import Claimed
from ksys_core.store.virtual import sensor_ids


async def grid_of(db: Database, job: Claimed, sensor_id: int) -> RegularSeries:
    """The grid of the job's window, with what came late.

    Raises:
        KnownError: there are no readings, or of a job to be repeated they are not those of then.
    """
    request = job.request
    params = request.get("params", {})
    looked_at = [tag for name in job.algorithms for tag in _inputs(name, params.get(name, {}))]
    await rollups.settle(db, [sensor_id, *(await sensor_ids(db, looked_at)).values()])
    y = await models.history(
        db,
        now_ns=job.window_to_ns,
        sensor_id=sensor_id,
        interval_s=int(request["interval_s"]),
        days=float(request["history_days"]),
    )
    y = await with_inputs(db, y, looked_at)
    if job.repeat_of is not None:
        then = await store.data_of(db, job.repeat_of, sensor_id)
        if then is not None and then != data_hash(y):
            text = N_("The readings of the training window have changed since job {job}.")
            raise KnownError("training.data_changed", text, job=job.repeat_of)
    return y


def _inputs(algorithm: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Tags that a step looks at; none for a step that will fail and say itself what is wrong with it."""
    try:
        return inputs_of(algorithm, params)
    except (KnownError, ValidationError):
        return ()
