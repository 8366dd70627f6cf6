"""What is to be trained again: champions with their age, and findings of drift that ask for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.drift_advisories import Effect
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class Candidate:
    """The champion of a sensor.

    Attributes:
        newest_ns: by algorithm, when the sensor's newest model of it was made.
        in_shadow: algorithms of the sensor's challengers.
        shared: fingerprints of the models of this algorithm that the sensor has had together with others.
        findings: numbers of its findings of drift that ask for retraining and led to none yet.
        busy: it has a job of the night, or was retrained too short a time ago.
    """

    sensor_id: int
    algorithm: str
    interval_s: int
    horizon: int
    season: int
    params: dict[str, Any]
    data_from_ns: int
    data_to_ns: int
    newest_ns: dict[str, int]
    in_shadow: frozenset[str]
    shared: frozenset[str]
    findings: tuple[int, ...]
    busy: bool


# The jobs of a night, or those of late, are found once by their indexes, not once for each champion.
_CHAMPIONS: Final = """
with busy as materialized (
  select unnest(j.sensor_ids) as sensor_id from training_jobs j where j.batch = $1
  union
  select unnest(j.sensor_ids) from training_jobs j
  where j.requested_at > $2 and j.origin <> 'person' and j.status <> 'cancelled'
)
select d.sensor_id, m.algorithm, m.interval_s, m.horizon, m.season, m.params, m.data_from, m.data_to,
       (select coalesce(jsonb_object_agg(t.algorithm, t.at), '{}') from (
          select algorithm, extract(epoch from max(created_at)) as at from trained_models t
          where t.sensor_id = d.sensor_id group by 1) t) as newest,
       array(select t.algorithm from deployed_models x join trained_models t using (model_id)
             where x.sensor_id = d.sensor_id and x.is_active and x.role = 'challenger'
               and x.kept_until is null) as shadow,
       array(select distinct t.shared_sha256 from trained_models t
             where t.sensor_id = d.sensor_id and t.algorithm = m.algorithm and t.shared_sha256 is not null) as shared,
       array(select f.finding_id from drift_findings f where f.model_id = d.model_id and f.cleared_at is null
             and f.severity = 'act' and f.job_id is null order by 1) as findings,
       d.sensor_id in (select busy.sensor_id from busy) as busy
from deployed_models d join trained_models m using (model_id) join sensors s on s.sensor_id = d.sensor_id
where d.is_active and d.role = 'champion' and s.enabled
order by d.sensor_id
"""

_LEAD_TO: Final = """
update drift_findings set job_id = $2, effect = $3 where finding_id = any ($1::bigint[])
"""


async def of_night(db: Database, batch: str) -> list[Candidate]:
    """Every champion; those that have a job of the batch are busy."""
    return [_candidate(dict(row)) for row in await db.fetch(_CHAMPIONS, batch, None)]


async def of_now(db: Database, since_ns: int) -> list[Candidate]:
    """Every champion; those that the service had retrained since then are busy."""
    return [_candidate(dict(row)) for row in await db.fetch(_CHAMPIONS, None, to_datetime(since_ns))]


async def lead_to(db: Database, findings: Sequence[int], effect: Effect, job_id: int | None = None) -> None:
    """Note what `findings` led to."""
    await db.execute(_LEAD_TO, list(findings), job_id, effect)


def _candidate(row: dict[str, Any]) -> Candidate:
    row["params"] = json.loads(row["params"])
    newest = json.loads(row.pop("newest"))
    row["newest_ns"] = {name: round(at * 1e9) for name, at in newest.items()}
    row["in_shadow"] = frozenset(row.pop("shadow"))
    row["shared"] = frozenset(row["shared"])
    row["findings"] = tuple(row["findings"])
    for name in ("data_from", "data_to"):
        row[f"{name}_ns"] = to_ns(row.pop(name))
    return Candidate(**row)
