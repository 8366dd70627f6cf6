"""Errors that drift is judged by, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database

_ACTIVE: Final = """
select m.model_id, m.sensor_id, m.interval_s, m.data_from, m.data_to
from deployed_models d join trained_models m using (model_id) join sensor_latest l on l.sensor_id = m.sensor_id
where d.is_active and l.quality >= 64 and l.ts > $1::timestamptz - 4 * make_interval(secs => m.interval_s)
order by 1
"""

_Z = NormalDist().inv_cdf
_FURTHER: Final = (_Z(0.95) - _Z(0.90)) / (_Z(0.975) - _Z(0.90))
"""Of the way from the 80 % to the 95 % bounds, to those of 90 %: as the quantiles of a normal error lie."""
# One look-up an issue time: the rows of the first step lie far apart.
_ERRORS: Final = """
select m.model_id, f.value - f.actual as error,
       f.actual between f.lo80 - $4::float8 * (f.lo80 - f.lo95) and f.hi80 + $4 * (f.hi95 - f.hi80) as inside
from trained_models m
cross join lateral (select make_interval(secs => m.interval_s) as width) w
cross join lateral (select date_bin(w.width, $2::timestamptz, '1970-01-01 00:00:00+00') as newest) n
cross join lateral generate_series(n.newest - $3::int * w.width, n.newest, w.width) as issue
join forecast_results f on f.model_id = m.model_id and f.issue_ts = issue and f.target_ts = issue + w.width
where m.model_id = any ($1::int[]) and f.source = 'model' and f.actual_state = 'matched'
order by m.model_id, f.issue_ts
"""
_DTYPE: Final = [("model_id", ">i4"), ("error", ">f8"), ("inside", "?")]
_CHUNK: Final = 20

_CLEAR: Final = """
update drift_findings d set cleared_at = $4
where d.cleared_at is null
  and (d.model_id = any ($3::int[]) and not exists (select from unnest($1::int[], $2::text[]) as n(model_id, kind)
                                                    where n.model_id = d.model_id and n.kind = d.kind)
       or not exists (select from deployed_models x where x.model_id = d.model_id and x.is_active))
"""
_ADD: Final = """
insert into drift_findings (model_id, sensor_id, kind, severity, statistic, threshold, found_at)
select n.model_id, m.sensor_id, n.kind, n.severity, n.statistic, n.threshold, $6
from unnest($1::int[], $2::text[], $3::text[], $4::float8[], $5::float8[])
  as n(model_id, kind, severity, statistic, threshold)
join trained_models m using (model_id)
where not exists (select from drift_findings d
                  where d.model_id = n.model_id and d.kind = n.kind and d.cleared_at is null)
"""
_OPEN: Final = """
select d.model_id, s.tag, m.algorithm, d.kind, d.severity, d.statistic, d.threshold, d.found_at, d.effect, d.job_id
from drift_findings d join trained_models m using (model_id) join sensors s on s.sensor_id = d.sensor_id
where d.cleared_at is null order by s.tag, d.model_id, d.kind
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A deployed model and the data it was trained on; times in ns UTC."""

    model_id: int
    sensor_id: int
    interval_s: int
    data_from_ns: int
    data_to_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class FirstSteps:
    """Forecast minus actual of the first step, oldest first, and whether it lay within the 90 % bounds."""

    errors: npt.NDArray[np.float64]
    inside: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NewFinding:
    """A change that shows now."""

    model_id: int
    kind: str
    severity: str
    statistic: float
    threshold: float


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """A change as lists show it; `effect` and `job_id`: what it led to, empty and None while it led to nothing."""

    model_id: int
    tag: str
    algorithm: str
    kind: str
    severity: str
    statistic: float
    threshold: float
    found_ns: int
    effect: str
    job_id: int | None


async def watched(db: Database, now_ns: int) -> list[Watched]:
    """The deployed models whose newest values are there and usable."""
    return [
        Watched(row["model_id"], row["sensor_id"], row["interval_s"], to_ns(row["data_from"]), to_ns(row["data_to"]))
        for row in await db.fetch(_ACTIVE, to_datetime(now_ns))
    ]


async def first_steps(db: Database, model_ids: Sequence[int], *, now_ns: int, newest: int) -> dict[int, FirstSteps]:
    """How the forecasts of the `newest` issue times came out, by model."""
    found: dict[int, FirstSteps] = {}
    for i in range(0, len(model_ids), _CHUNK):
        some = list(model_ids[i : i + _CHUNK])
        given = some, to_datetime(now_ns), newest, _FURTHER
        rows: npt.NDArray[Any] = await db.fetch_columns(_ERRORS, *given, dtype=_DTYPE)
        for model_id in some:
            own = rows[rows["model_id"] == model_id]
            found[model_id] = FirstSteps(own["error"].astype(np.float64), own["inside"])
    return found


async def keep(db: Database, model_ids: Sequence[int], findings: Sequence[NewFinding], now_ns: int) -> int:
    """Open the `findings` of `model_ids` that are new, and clear those that show no longer; how many changed."""
    models, kinds = [f.model_id for f in findings], [f.kind for f in findings]
    now = to_datetime(now_ns)
    cleared = await db.execute(_CLEAR, models, kinds, list(model_ids), now)
    severities = [f.severity for f in findings]
    figures = [f.statistic for f in findings], [f.threshold for f in findings]
    added = await db.execute(_ADD, models, kinds, severities, *figures, now)
    return int(cleared.split()[-1]) + int(added.split()[-1])


async def open_findings(db: Database) -> list[OpenFinding]:
    """What shows now, by tag."""
    found = []
    for row in await db.fetch(_OPEN):
        values = dict(row)
        values["found_ns"] = to_ns(values.pop("found_at"))
        found.append(OpenFinding(**values))
    return found
