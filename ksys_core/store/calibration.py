"""What came true since a model's half widths were last taken, and those widths."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime
from ksys_core.store.columns import to_unix_ns
from ksys_core.store.pool import Database

Table = npt.NDArray[np.float64]

# Only the model's own forecasts count, each with the bounds it was issued with. All forecasts of one target get their
# actual at once: a target is counted as a whole or not yet.
_CAME_TRUE: Final = """
select f.model_id, m.horizon, f.target_ts, f.step, abs(f.value - f.actual),
       greatest(f.hi80 - f.value, f.value - f.lo80), greatest(f.hi95 - f.value, f.value - f.lo95)
from trained_models m
cross join lateral (
  select greatest(max(c.upto), $1::timestamptz - $2::int * m.interval_s * interval '1 second') as since
  from forecast_calibration c where c.model_id = m.model_id
) s
join forecast_results f on f.model_id = m.model_id and f.target_ts > s.since and f.target_ts <= $1
  and f.issue_ts > s.since - m.horizon * m.interval_s * interval '1 second'
where m.model_id = any ($3::int[]) and f.step <= m.horizon and f.source = 'model' and f.actual_state = 'matched'
"""
_CAME_TRUE_TYPE: Final = [
    ("model_id", ">i4"),
    ("horizon", ">i4"),
    ("target_ts", ">i8"),
    ("step", ">i4"),
    ("error", ">f8"),
    ("half80", ">f8"),
    ("half95", ">f8"),
]

_WRITE: Final = """
insert into forecast_calibration (model_id, step, n, half80, half95, upto)
select * from unnest($1::int[], $2::int[], $3::int[], $4::float8[], $5::float8[], $6::timestamptz[])
on conflict (model_id, step) do update
  set n = excluded.n, half80 = excluded.half80, half95 = excluded.half95, upto = excluded.upto, computed_at = now()
"""

_ACTIVE: Final = "select model_id from deployed_models where is_active order by 1"
_CHUNK: Final = 50  # models a statement: after a long stop each has thousands of forecasts that came true
_READ: Final = """
select c.model_id, m.horizon, c.step, c.n, c.half80, c.half95
from forecast_calibration c join trained_models m using (model_id) where c.model_id = any ($1::int[])
"""
_READ_TYPE: Final = [
    ("model_id", ">i4"),
    ("horizon", ">i4"),
    ("step", ">i4"),
    ("n", ">i4"),
    ("half80", ">f8"),
    ("half95", ">f8"),
]


@dataclass(frozen=True, slots=True, eq=False)
class CameTrue:
    """Targets of a model that have come, oldest first.

    Attributes:
        error: float64[targets, steps] absolute errors; NaN for a step that did not forecast the target.
        issued: float64[targets, 2, steps] half widths of the 80 and 95 % bounds as they were issued.
        upto_ns: the newest target.
    """

    model_id: int
    error: Table
    issued: Table
    upto_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Half widths float64[2, steps] of the 80 and 95 % bounds, NaN for a step without; the targets they followed."""

    half: Table
    targets: int


async def came_true(db: Database, now_ns: int, *, newest: int) -> AsyncIterator[list[CameTrue]]:
    """What came true for deployed models since their widths were kept, several models at a time.

    Of each model only targets within the `newest` intervals are read.
    """
    models = [row["model_id"] for row in await db.fetch(_ACTIVE)]
    for i in range(0, len(models), _CHUNK):
        wanted = models[i : i + _CHUNK]
        rows: npt.NDArray[Any] = await db.fetch_columns(
            _CAME_TRUE, to_datetime(now_ns), newest, wanted, dtype=_CAME_TRUE_TYPE
        )
        rows = rows[np.argsort(rows["model_id"], kind="stable")]
        ids, first = np.unique(rows["model_id"], return_index=True)
        own = np.split(rows, first[1:])
        if len(ids):
            yield [_came_true(int(model_id), part) for model_id, part in zip(ids, own, strict=True)]


def _came_true(model_id: int, rows: npt.NDArray[Any]) -> CameTrue:
    targets, place = np.unique(rows["target_ts"], return_inverse=True)
    table = np.full((len(targets), 3, int(rows["horizon"][0])), np.nan)
    table[place, :, rows["step"] - 1] = np.stack([rows[name] for name in ("error", "half80", "half95")], axis=1)
    return CameTrue(model_id, table[:, 0], table[:, 1:], int(to_unix_ns(targets[-1:])[0]))


async def write(db: Database, kept: Sequence[tuple[int, Kept, int]]) -> int:
    """Keep half widths of models with the newest target they have followed (ns); the number of steps."""
    columns: list[list[Any]] = [[] for _ in range(6)]
    for model_id, widths, upto_ns in kept:
        steps = np.flatnonzero(np.isfinite(widths.half).all(axis=0))
        n = len(steps)
        part = [model_id] * n, (steps + 1).tolist(), [widths.targets] * n, *widths.half[:, steps].tolist()
        for column, values in zip(columns, (*part, [to_datetime(upto_ns)] * n), strict=True):
            column.extend(values)
    await db.execute(_WRITE, *columns)
    return len(columns[0])


async def half_widths(db: Database, model_ids: Sequence[int]) -> dict[int, Kept]:
    """The widths that are kept, by model; those without any are left out."""
    rows: npt.NDArray[Any] = await db.fetch_columns(_READ, list(model_ids), dtype=_READ_TYPE)
    found = {}
    for model_id in np.unique(rows["model_id"]):
        own = rows[rows["model_id"] == model_id]
        half = np.full((2, int(own["horizon"][0])), np.nan)
        half[:, own["step"] - 1] = own["half80"], own["half95"]
        found[int(model_id)] = Kept(half, int(own["n"].max()))
    return found
