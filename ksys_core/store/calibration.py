"""Quantiles of the newest matured errors per model and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime
from ksys_core.store.pool import Database

# The ceil((n + 1) p)-th smallest of the n newest absolute errors; only the model's own forecasts count.
_RENEW: Final = """
with errors as (
  select f.model_id, f.step, abs(f.value - f.actual) as e, f.issue_ts
  from deployed_models d join trained_models m using (model_id) join forecast_results f using (model_id)
  where d.is_active and d.model_id = any ($4::int[]) and f.source = 'model' and f.actual_state = 'matched'
    and f.issue_ts > $1::timestamptz - ($3::int + m.horizon) * m.interval_s * interval '1 second' and f.issue_ts < $1
), newest as (
  select *, row_number() over (partition by model_id, step order by issue_ts desc) as age from errors
), ranked as (
  select model_id, step, e, row_number() over w as rank, count(*) over (partition by model_id, step) as n
  from newest where age <= $3 window w as (partition by model_id, step order by e)
)
insert into forecast_calibration (model_id, step, n, half80, half95)
select model_id, step, max(n), max(e) filter (where rank = least(n, ceil((n + 1) * 0.80))),
       max(e) filter (where rank = least(n, ceil((n + 1) * 0.95)))
from ranked where n >= $2 group by model_id, step
on conflict (model_id, step) do update
  set n = excluded.n, half80 = excluded.half80, half95 = excluded.half95, computed_at = now()
"""

_ACTIVE: Final = "select model_id from deployed_models where is_active order by 1"
_CHUNK: Final = 20  # models a statement: each has thousands of errors to sort
_READ: Final = "select model_id, step, half80, half95 from forecast_calibration where model_id = any ($1::int[])"
_DTYPE: Final = [("model_id", ">i4"), ("step", ">i4"), ("half80", ">f8"), ("half95", ">f8")]


async def renew(db: Database, now_ns: int, *, enough: int, newest: int) -> int:
    """Take the quantiles anew for every deployed model with `enough` errors of a step; the number of rows.

    Args:
        newest: how many errors of a step count at most.
    """
    models = [row["model_id"] for row in await db.fetch(_ACTIVE)]
    rows = 0
    for i in range(0, len(models), _CHUNK):
        status = await db.execute(_RENEW, to_datetime(now_ns), enough, newest, models[i : i + _CHUNK])
        rows += int(status.split()[-1])
    return rows


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
