"""Stored forecasts: written per issue time, matched with what came true, read as bands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.forecasts import ForecastBand, ForecastSource
from ksys_core.domain.times import SECOND, to_datetime, to_ns
from ksys_core.store.columns import encode, to_pg_us
from ksys_core.store.connection import Connection
from ksys_core.store.grids import level_of
from ksys_core.store.models import RunNote, note_runs
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True, eq=False)
class NewForecast:
    """One forecast to store: bounds in the order 80, 95 %, each float64[h]; the baselines', NaN where not known."""

    model_id: int
    sensor_id: int
    issue_ns: int
    interval_s: int
    source: ForecastSource
    value: npt.NDArray[np.float64]
    lo: npt.NDArray[np.float64]
    hi: npt.NDArray[np.float64]
    naive: npt.NDArray[np.float64]
    seasonal: npt.NDArray[np.float64]


_COLUMNS: Final[list[tuple[str, str]]] = [
    ("model_id", ">i4"),
    ("sensor_id", ">i4"),
    ("issue_ts", ">i8"),
    ("target_ts", ">i8"),
    ("step", ">i4"),
    ("interval_s", ">i4"),
    *((name, ">f8") for name in ("value", "lo80", "hi80", "lo95", "hi95", "naive", "seasonal")),
]

_LOCK: Final = "select pg_advisory_xact_lock(1263754579, 5)"
_REPLACE: Final = """
delete from forecast_results f using unnest($1::int[], $2::timestamptz[]) as n(model_id, issue_ts)
where f.model_id = n.model_id and f.issue_ts = n.issue_ts
"""

_LATEST: Final = """
select d.sensor_id, d.model_id, m.algorithm, m.interval_s, d.last_issue_ts as issue, f.source,
       f.steps, f.value, f.lo80, f.hi80, f.lo95, f.hi95
from deployed_models d join trained_models m using (model_id)
cross join lateral (
  select min(source) as source, array_agg(step order by step) as steps, array_agg(value order by step) as value,
         array_agg(lo80 order by step) as lo80, array_agg(hi80 order by step) as hi80,
         array_agg(lo95 order by step) as lo95, array_agg(hi95 order by step) as hi95
  from forecast_results f where f.model_id = d.model_id and f.issue_ts = d.last_issue_ts
    and f.target_ts > d.last_issue_ts
    and f.target_ts <= d.last_issue_ts + m.horizon * m.interval_s * interval '1 second'
) f
where d.is_active and d.role = 'champion' and d.sensor_id = any ($1::int[]) and f.steps is not null
"""

# Every target of the window that waits (or may have to be corrected) gets the mean of the usable readings of its
# interval: the same aggregation as in training. No row can hold back another.
_MATCH: Final = """
with due as materialized (
  select distinct sensor_id, target_ts from forecast_results
  where target_ts > $1 and target_ts <= $2 and interval_s = $3 and (actual_state = 'pending' or $5)
), means as materialized (
  select r.sensor_id, width + date_bin(width, r.bucket, '1970-01-01 00:00:00+00') as target_ts,
         sum(r.sum) / sum(r.n_good) as mean
  from {level} r, make_interval(secs => $3::int) as width
  where r.sensor_id = any (array(select sensor_id from due)) and r.n_good > 0
    and r.bucket >= (select min(target_ts) from due) - make_interval(secs => $3::int)
    and r.bucket < (select max(target_ts) from due)
  group by 1, 2
), truth as (
  select d.sensor_id, d.target_ts, m.mean,
         case when m.mean is not null then 'matched' when d.target_ts <= $4 then 'none' else 'pending' end as state
  from due d left join means m using (sensor_id, target_ts)
)
update forecast_results f set actual = t.mean, actual_state = t.state
from truth t
where f.sensor_id = t.sensor_id and f.interval_s = $3 and f.target_ts = t.target_ts
  and f.target_ts > $1 and f.target_ts <= $2 and (f.actual, f.actual_state) is distinct from (t.mean, t.state)
"""

_OLDEST_PENDING: Final = "select min(target_ts) from forecast_results where actual_state = 'pending'"
_INTERVALS: Final = "select distinct interval_s from trained_models"
_PRUNE: Final = "delete from forecast_results where target_ts < $1"


async def write(db: Database, forecasts: Sequence[NewForecast], notes: Sequence[RunNote], now_ns: int) -> int:
    """Store `forecasts` and how each deployment's run went, at once or not at all; the number of rows.

    What was stored for the same model and issue time is replaced.
    """
    async with db.transaction() as connection:
        await connection.execute(_LOCK)
        await connection.execute(
            _REPLACE, [f.model_id for f in forecasts], [to_datetime(f.issue_ns) for f in forecasts]
        )
        rows = 0
        for source in ("model", "fallback"):
            rows += await _copy(connection, [f for f in forecasts if f.source == source], source)
        await note_runs(connection, notes, now_ns)
        if forecasts:
            sensors = sorted({f.sensor_id for f in forecasts})
            await connection.execute("select ksys_notify('forecasts', $1)", sensors)
    return rows


async def _copy(connection: Connection, forecasts: Sequence[NewForecast], source: str) -> int:
    if not forecasts:
        return 0
    columns = [*_COLUMNS, ("source", f"S{len(source)}")]
    arrays = _arrays(forecasts)
    arrays["source"] = np.full(len(arrays["step"]), source.encode())
    names = [name for name, _ in columns]
    stream = _chunks(encode(columns, arrays))
    await connection.copy_to_table("forecast_results", source=stream, columns=names, format="binary")
    return len(arrays["step"])


def _arrays(forecasts: Sequence[NewForecast]) -> dict[str, npt.NDArray[Any]]:
    lengths = [len(f.value) for f in forecasts]
    step = np.concatenate([np.arange(1, n + 1) for n in lengths])

    def each(values: Sequence[int]) -> npt.NDArray[np.int64]:
        return np.repeat(np.array(values, dtype=np.int64), lengths)

    issue = each([f.issue_ns for f in forecasts])
    interval = each([f.interval_s for f in forecasts])
    bounds = {
        f"{side}{level}": np.concatenate([getattr(f, side)[i] for f in forecasts])
        for side in ("lo", "hi")
        for i, level in enumerate((80, 95))
    }
    return {
        "model_id": each([f.model_id for f in forecasts]),
        "sensor_id": each([f.sensor_id for f in forecasts]),
        "issue_ts": to_pg_us(issue),
        "target_ts": to_pg_us(issue + step * interval * SECOND),
        "step": step,
        "interval_s": interval,
        **{name: np.concatenate([getattr(f, name) for f in forecasts]) for name in ("value", "naive", "seasonal")},
        **{name: bounds[name] for name in ("lo80", "hi80", "lo95", "hi95")},
    }


async def latest(db: Database, sensor_ids: Sequence[int]) -> dict[int, ForecastBand]:
    """The newest forecast of each sensor's champion; sensors without one are left out."""
    found: dict[int, ForecastBand] = {}
    for row in await db.fetch(_LATEST, list(sensor_ids)):
        issue, interval = to_ns(row["issue"]), row["interval_s"] * SECOND
        arrays = {name: np.array(row[name], dtype=np.float64) for name in ("value", "lo80", "hi80", "lo95", "hi95")}
        found[row["sensor_id"]] = ForecastBand(
            sensor_id=row["sensor_id"],
            model_id=row["model_id"],
            algorithm=row["algorithm"],
            source=row["source"],
            issue_ns=issue,
            interval_ns=interval,
            t=issue + np.array(row["steps"], dtype=np.int64) * interval,
            **arrays,
        )
    return found


async def oldest_pending(db: Database) -> int | None:
    """The oldest target time that waits for its actual, ns UTC."""
    oldest = await db.fetchval(_OLDEST_PENDING)
    return None if oldest is None else to_ns(oldest)


async def match(db: Database, after_ns: int, upto_ns: int, *, none_before_ns: int, correct: bool) -> int:
    """Fill in actuals of targets in ``(after, upto]``; the number of rows changed.

    Args:
        none_before_ns: a target up to here without readings is given up (state "none").
        correct: look again at rows that have their actual, because readings may have been corrected.
    """
    window = (to_datetime(after_ns), to_datetime(upto_ns))
    changed = 0
    for row in await db.fetch(_INTERVALS):
        query = _MATCH.format(level=level_of(row["interval_s"]))
        status = await db.execute(query, *window, row["interval_s"], to_datetime(none_before_ns), correct)
        changed += int(status.split()[-1])
    return changed


async def prune(db: Database, before_ns: int) -> int:
    """Forget forecasts of targets before `before_ns`; the number of rows."""
    status = await db.execute(_PRUNE, to_datetime(before_ns))
    return int(status.split()[-1])


async def _chunks(stream: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for i in range(0, len(stream), size):
        yield stream[i : i + size]
