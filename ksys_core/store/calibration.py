"""The newest matured errors per model and step, and the half widths of bounds that come of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime
from ksys_core.store.pool import Database

# Only the model's own forecasts count. Age 1 is the newest of a step.
_ERRORS: Final = """
with errors as (
  select f.model_id, f.step, f.issue_ts, abs(f.value - f.actual) as e
  from deployed_models d join trained_models m using (model_id) join forecast_results f using (model_id)
  where d.is_active and d.model_id = any ($3::int[]) and f.source = 'model' and f.actual_state = 'matched'
    and f.issue_ts > $1::timestamptz - ($2::int + m.horizon) * m.interval_s * interval '1 second' and f.issue_ts < $1
), newest as (
  select *, row_number() over (partition by model_id, step order by issue_ts desc)::int as age from errors
)
select model_id, step, age, e from newest where age <= $2
"""
_ERROR_TYPE: Final = [("model_id", ">i4"), ("step", ">i4"), ("age", ">i4"), ("e", ">f8")]

_WRITE: Final = """
insert into forecast_calibration (model_id, step, n, half80, half95)
select * from unnest($1::int[], $2::int[], $3::int[], $4::float8[], $5::float8[])
on conflict (model_id, step) do update
  set n = excluded.n, half80 = excluded.half80, half95 = excluded.half95, computed_at = now()
"""

_ACTIVE: Final = "select model_id from deployed_models where is_active order by 1"
_CHUNK: Final = 20  # models a statement: each has thousands of errors to sort
_READ: Final = "select model_id, step, half80, half95 from forecast_calibration where model_id = any ($1::int[])"
_DTYPE: Final = [("model_id", ">i4"), ("step", ">i4"), ("half80", ">f8"), ("half95", ">f8")]


async def matured(db: Database, now_ns: int, *, newest: int) -> AsyncIterator[tuple[int, npt.NDArray[np.float64]]]:
    """Each deployed model with its `newest` absolute errors of every step, float64[n, steps], oldest first behind NaN.

    Models without any are left out.
    """
    models = [row["model_id"] for row in await db.fetch(_ACTIVE)]
    for i in range(0, len(models), _CHUNK):
        wanted = models[i : i + _CHUNK]
        rows: npt.NDArray[Any] = await db.fetch_columns(_ERRORS, to_datetime(now_ns), newest, wanted, dtype=_ERROR_TYPE)
        for model_id in np.unique(rows["model_id"]):
            own = rows[rows["model_id"] == model_id]
            n = int(own["age"].max())
            errors = np.full((n, int(own["step"].max())), np.nan)
            errors[n - own["age"], own["step"] - 1] = own["e"]
            yield int(model_id), errors


async def write(db: Database, model_id: int, counts: Sequence[int], half: npt.NDArray[np.float64]) -> int:
    """Keep half widths float64[2, steps] from `counts` errors of each step; a step with NaN keeps what it had; rows."""
    steps = np.flatnonzero(np.isfinite(half).all(axis=0))
    if len(steps):
        columns = [steps + 1, np.asarray(counts)[steps], half[0, steps], half[1, steps]]
        await db.execute(_WRITE, [model_id] * len(steps), *(column.tolist() for column in columns))
    return len(steps)


async def half_widths(db: Database, model_ids: Sequence[int]) -> dict[int, npt.NDArray[np.float64]]:
    """Half widths float64[2, steps] of the 80 and 95 % bounds by model; NaN for a step without."""
    rows: npt.NDArray[Any] = await db.fetch_columns(_READ, list(model_ids), dtype=_DTYPE)
    found = {}
    for model_id in np.unique(rows["model_id"]):
        own = rows[rows["model_id"] == model_id]
        half = np.full((2, int(own["step"].max())), np.nan)
        half[:, own["step"] - 1] = own["half80"], own["half95"]
        found[int(model_id)] = half
    return found
