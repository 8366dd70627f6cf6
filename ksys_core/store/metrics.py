"""Hourly sums by target time, and the figures that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from ksys_core.domain.times import to_datetime
from ksys_core.store.pool import Database

_CLEAR: Final = "delete from model_performance_metrics where hour >= $1 and hour < $2"

_AGGREGATE: Final = """
insert into model_performance_metrics (model_id, hour, step, n, n_fallback, sum_abs, sum_err, sum_sq, sum_actual,
  sum_smape, hits80, hits95, sum_width80, sum_width95, sum_score80, sum_score95)
select f.model_id, date_bin('1 hour', f.target_ts, '1970-01-01 00:00:00+00'), f.step,
  count(*) filter (where own), count(*) filter (where not own),
  coalesce(sum(abs(e)) filter (where own), 0), coalesce(sum(e) filter (where own), 0),
  coalesce(sum(e * e) filter (where own), 0), coalesce(sum(abs(actual)) filter (where own), 0),
  coalesce(sum(2 * abs(e) / nullif(abs(value) + abs(actual), 0)) filter (where own), 0),
  count(*) filter (where own and actual between lo80 and hi80),
  count(*) filter (where own and actual between lo95 and hi95),
  coalesce(sum(hi80 - lo80) filter (where own), 0), coalesce(sum(hi95 - lo95) filter (where own), 0),
  coalesce(sum(hi80 - lo80 + 10 * (greatest(lo80 - actual, 0) + greatest(actual - hi80, 0))) filter (where own), 0),
  coalesce(sum(hi95 - lo95 + 40 * (greatest(lo95 - actual, 0) + greatest(actual - hi95, 0))) filter (where own), 0)
from (select f.*, f.value - f.actual as e, f.source = 'model' as own from forecast_results f
      where f.actual_state = 'matched' and f.target_ts >= $1 and f.target_ts < $2) f
where exists (select from trained_models m where m.model_id = f.model_id)
group by 1, 2, 3
"""

_SCORES: Final = """
select p.model_id, case when $4 then p.step else 0 end as step, sum(n)::int as n, sum(n_fallback)::int as n_fallback,
  sum(sum_abs) as sum_abs, sum(sum_err) as sum_err, sum(sum_sq) as sum_sq, sum(sum_actual) as sum_actual,
  sum(sum_smape) as sum_smape, sum(hits80)::int as hits80, sum(hits95)::int as hits95, sum(sum_width80) as sum_width80,
  sum(sum_width95) as sum_width95, sum(sum_score80) as sum_score80, sum(sum_score95) as sum_score95,
  max(m.scale) as scale
from model_performance_metrics p join trained_models m using (model_id)
where p.model_id = any ($1::int[]) and p.hour >= $2 and p.hour < $3
group by 1, 2 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one model (and step; 0: all steps) over a window; NaN where no pair has matured.

    Attributes:
        n: pairs of the model's own forecasts and actuals; n_fallback: pairs of stand-ins, which don't count.
        bias: mean of forecast - actual.
        mase: MAE over the mean absolute one-season change in training.
        coverage80, coverage95: share of actuals within the bounds; width: mean; score: mean interval score.
    """

    model_id: int
    step: int
    n: int
    n_fallback: int
    mae: float
    rmse: float
    bias: float
    wape: float
    smape: float
    mase: float
    coverage80: float
    coverage95: float
    width80: float
    width95: float
    score80: float
    score95: float


async def aggregate(db: Database, start_ns: int, stop_ns: int) -> int:
    """Compute the sums of the hours in ``[start, stop)`` (whole hours, ns) anew; the number of rows."""
    window = (to_datetime(start_ns), to_datetime(stop_ns))
    async with db.transaction() as connection:
        await connection.execute(_CLEAR, *window)
        status = await connection.execute(_AGGREGATE, *window)
    return int(status.split()[-1])


async def scores(
    db: Database, model_ids: Sequence[int], start_ns: int, stop_ns: int, *, by_step: bool = False
) -> list[Score]:
    """The figures of `model_ids` over target times in ``[start, stop)``, together or for each step."""
    rows = await db.fetch(_SCORES, list(model_ids), to_datetime(start_ns), to_datetime(stop_ns), by_step)
    return [_score(row) for row in rows]


def _score(row: asyncpg.Record) -> Score:
    def ratio(sum_name: str, over: float | None) -> float:
        return float(row[sum_name]) / over if over else math.nan

    n = row["n"]
    return Score(
        model_id=row["model_id"],
        step=row["step"],
        n=n,
        n_fallback=row["n_fallback"],
        mae=ratio("sum_abs", n),
        rmse=math.sqrt(ratio("sum_sq", n)),
        bias=ratio("sum_err", n),
        wape=ratio("sum_abs", row["sum_actual"]),
        smape=ratio("sum_smape", n),
        mase=ratio("sum_abs", row["scale"] and n * row["scale"]),
        coverage80=ratio("hits80", n),
        coverage95=ratio("hits95", n),
        width80=ratio("sum_width80", n),
        width95=ratio("sum_width95", n),
        score80=ratio("sum_score80", n),
        score95=ratio("sum_score95", n),
    )
