"""Hourly sums by target time, and the figures that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import asyncpg

from ksys_core.domain.times import to_datetime
from ksys_core.store.pool import Database

_CLEAR: Final = "delete from model_performance_metrics where hour >= $1 and hour < $2"

NEAR_ZERO: Final = 0.05
"""Part of the tag's span below which an actual is near zero; without a span, the model's MASE scale is the limit."""

_AGGREGATE: Final = """
insert into model_performance_metrics (model_id, hour, step, n, n_fallback, sum_abs, sum_err, sum_sq, sum_actual,
  sum_smape, hits80, hits95, sum_width80, sum_width95, sum_score80, sum_score95, n_near_zero, sum_ape, n_base, sum_base,
  sum_naive, sum_seasonal)
select model_id, date_bin('1 hour', target_ts, '1970-01-01 00:00:00+00'), step,
  count(*) filter (where own), count(*) filter (where not own),
  coalesce(sum(abs(e)) filter (where own), 0), coalesce(sum(e) filter (where own), 0),
  coalesce(sum(e * e) filter (where own), 0), coalesce(sum(abs(actual)) filter (where own), 0),
  coalesce(sum(2 * abs(e) / nullif(abs(value) + abs(actual), 0)) filter (where own), 0),
  count(*) filter (where own and actual between lo80 and hi80),
  count(*) filter (where own and actual between lo95 and hi95),
  coalesce(sum(hi80 - lo80) filter (where own), 0), coalesce(sum(hi95 - lo95) filter (where own), 0),
  coalesce(sum(hi80 - lo80 + 10 * (greatest(lo80 - actual, 0) + greatest(actual - hi80, 0))) filter (where own), 0),
  coalesce(sum(hi95 - lo95 + 40 * (greatest(lo95 - actual, 0) + greatest(actual - hi95, 0))) filter (where own), 0),
  count(*) filter (where own and near_zero),
  coalesce(sum(abs(e / nullif(actual, 0))) filter (where own and not near_zero), 0),
  count(*) filter (where based), coalesce(sum(abs(e)) filter (where based), 0),
  coalesce(sum(abs(naive - actual)) filter (where based), 0),
  coalesce(sum(abs(seasonal - actual)) filter (where based), 0)
from (
  select f.*, f.value - f.actual as e, f.source = 'model' as own,
         f.source = 'model' and f.naive <> 'NaN' and f.seasonal <> 'NaN' as based,
         abs(f.actual) <= coalesce($3 * (s.span_high - s.span_low), m.scale, 0) as near_zero
  from forecast_results f join trained_models m using (model_id) join sensors s on s.sensor_id = m.sensor_id
  where f.actual_state = 'matched' and f.target_ts >= $1 and f.target_ts < $2
) f
group by 1, 2, 3
"""

_SCORES: Final = """
select p.model_id,
  case $4 when 'step' then p.step when 'part' then
    case when p.step <= 1 then 1 when p.step <= 3 then 2 when p.step <= 6 then 4 when p.step <= 12 then 7
         when p.step <= 24 then 13 else 25 end
  else 0 end as step,
  sum(n)::int as n, sum(n_fallback)::int as n_fallback,
  sum(sum_abs) as sum_abs, sum(sum_err) as sum_err, sum(sum_sq) as sum_sq, sum(sum_actual) as sum_actual,
  sum(sum_smape) as sum_smape, sum(hits80)::int as hits80, sum(hits95)::int as hits95, sum(sum_width80) as sum_width80,
  sum(sum_width95) as sum_width95, sum(sum_score80) as sum_score80, sum(sum_score95) as sum_score95,
  sum(n_near_zero)::int as n_near_zero, sum(sum_ape) as sum_ape, sum(n_base)::int as n_base,
  sum(sum_base) as sum_base, sum(sum_naive) as sum_naive, sum(sum_seasonal) as sum_seasonal, max(m.scale) as scale
from model_performance_metrics p join trained_models m using (model_id)
where p.model_id = any ($1::int[]) and p.hour >= $2 and p.hour < $3
group by 1, 2 order by 1, 2
"""

By = Literal["whole", "step", "part"]
PARTS: Final = {1: "1", 2: "2-3", 4: "4-6", 7: "7-12", 13: "13-24", 25: "25+"}
"""Parts of the horizon by their first step; the same as `ksys_core.forecasting.scores.BUCKETS`."""


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one model (and step, or part of the horizon by its first step; 0: all) over a window.

    NaN where no pair has matured, or where a figure makes no sense.

    Attributes:
        n: pairs of the model's own forecasts and actuals; n_fallback: pairs of stand-ins, which don't count.
        bias: mean of forecast - actual.
        mape: NaN when an actual comes near zero; near_zero: how many do.
        mase: MAE over the mean absolute one-season change in training.
        coverage80, coverage95: share of actuals within the bounds; width: mean; score: mean interval score.
        pinball: mean over the quantiles of all bounds and the median, which follows from MAE and interval scores.
        skill: 1 - MAE over that of the better of naive and seasonal naive, over the `n_base` pairs that have both.
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
    mape: float
    near_zero: int
    mase: float
    coverage80: float
    coverage95: float
    width80: float
    width95: float
    score80: float
    score95: float
    pinball: float
    n_base: int
    skill: float


async def aggregate(db: Database, start_ns: int, stop_ns: int) -> int:
    """Compute the sums of the hours in ``[start, stop)`` (whole hours, ns) anew; the number of rows."""
    window = (to_datetime(start_ns), to_datetime(stop_ns))
    async with db.transaction() as connection:
        await connection.execute(_CLEAR, *window)
        status = await connection.execute(_AGGREGATE, *window, NEAR_ZERO)
    return int(status.split()[-1])


async def scores(
    db: Database, model_ids: Sequence[int], start_ns: int, stop_ns: int, *, by: By = "whole"
) -> list[Score]:
    """The figures of `model_ids` over target times in ``[start, stop)``: together, by step, or by part."""
    rows = await db.fetch(_SCORES, list(model_ids), to_datetime(start_ns), to_datetime(stop_ns), by)
    return [_score(row) for row in rows]


def _score(row: asyncpg.Record) -> Score:
    def ratio(sum_name: str, over: float | None) -> float:
        return float(row[sum_name]) / over if over else math.nan

    n = row["n"]
    mae, score80, score95 = ratio("sum_abs", n), ratio("sum_score80", n), ratio("sum_score95", n)
    best = min(float(row["sum_naive"]), float(row["sum_seasonal"]))
    return Score(
        model_id=row["model_id"],
        step=row["step"],
        n=n,
        n_fallback=row["n_fallback"],
        mae=mae,
        rmse=math.sqrt(ratio("sum_sq", n)),
        bias=ratio("sum_err", n),
        wape=ratio("sum_abs", row["sum_actual"]),
        smape=ratio("sum_smape", n),
        mape=math.nan if row["n_near_zero"] else ratio("sum_ape", n),
        near_zero=row["n_near_zero"],
        mase=ratio("sum_abs", row["scale"] and n * row["scale"]),
        coverage80=ratio("hits80", n),
        coverage95=ratio("hits95", n),
        width80=ratio("sum_width80", n),
        width95=ratio("sum_width95", n),
        score80=score80,
        score95=score95,
        pinball=(0.5 * mae + 0.1 * score80 + 0.025 * score95) / 5,
        n_base=row["n_base"],
        skill=1 - float(row["sum_base"]) / best if best > 0 else math.nan,
    )
