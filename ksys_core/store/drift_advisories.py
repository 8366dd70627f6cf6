"""Advisories that a tag's forecast no longer fits: they follow the findings of drift of the model in charge."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database

Effect = Literal["", "retraining", "paused", "on_trial"]

# What shows now of the champions, a row a tag.
_SHOWN: Final = """
with shown as (
  select d.sensor_id, d.model_id, max(f.job_id) as job_id,
         coalesce(max(f.effect) filter (where f.job_id is not null), max(f.effect)) as effect,
         jsonb_agg(jsonb_build_object('kind', f.kind, 'severity', f.severity, 'statistic', f.statistic,
                                      'threshold', f.threshold) order by f.severity, f.kind) as findings
    from deployed_models d join drift_findings f using (model_id)
   where d.is_active and d.role = 'champion' and f.cleared_at is null
   group by d.sensor_id, d.model_id
)
"""
# Retrained: by the job that the drift led to; replaced: by any other model.
_CLOSE: Final = """
{shown}
update drift_advisories a
   set closed_at = $1, updated_at = $1,
       close_reason = case
         when c.model_id = a.model_id then 'settled'
         when c.model_id is null then 'no_model'
         when c.job_id = a.job_id then 'retrained'
         else 'replaced' end
  from sensors s
  left join lateral (
    select m.model_id, m.job_id from deployed_models d join trained_models m using (model_id)
     where d.sensor_id = s.sensor_id and d.is_active and d.role = 'champion') c on true
 where s.sensor_id = a.sensor_id and a.closed_at is null
   and not exists (select from shown where shown.model_id = a.model_id)
"""
_UPDATE: Final = """
{shown}
update drift_advisories a
   set findings = n.findings, effect = n.effect, job_id = n.job_id, updated_at = $1
  from shown n
 where n.model_id = a.model_id and a.closed_at is null
   and (a.findings, a.effect, a.job_id) is distinct from (n.findings, n.effect, n.job_id)
"""
_OPEN: Final = """
{shown}
insert into drift_advisories (sensor_id, model_id, findings, effect, job_id, opened_at, updated_at)
select sensor_id, model_id, findings, effect, job_id, $1, $1 from shown
on conflict do nothing
"""
_LISTED: Final = """
select a.advisory_id, a.sensor_id, s.tag, s.area, a.model_id, coalesce(m.algorithm, '') as algorithm, a.findings,
       a.effect, a.job_id, case when j.status = 'done' and t.deployed > 0 then 'on_trial'
                                when j.status = 'done' and a.closed_at is null and c.deployed > 0 then 'in_vain'
                                else j.status end as job_status, a.opened_at, a.closed_at, a.close_reason, a.seen_by
  from drift_advisories a join sensors s using (sensor_id)
  left join trained_models m on m.model_id = a.model_id left join training_jobs j on j.job_id = a.job_id
  cross join lateral (
    select count(*) as deployed from trained_models n join deployed_models d using (model_id)
     where n.job_id = a.job_id and n.sensor_id = a.sensor_id and d.is_active and d.role = 'challenger'
       and d.kept_until is null) t
  cross join lateral (
    select count(*) as deployed from deployed_models d
     where d.model_id = a.model_id and d.is_active and d.role = 'champion') c
 where {which} order by {order} limit $1
"""
_CURRENT: Final = _LISTED.format(which="a.closed_at is null", order="s.tag")
_PAST: Final = _LISTED.format(which="a.closed_at is not null", order="a.closed_at desc, a.advisory_id desc")


@dataclass(frozen=True, slots=True)
class Sign:
    """One sort of change with its figure and the threshold that this exceeds."""

    kind: str
    severity: str
    statistic: float
    threshold: float


@dataclass(frozen=True, slots=True)
class DriftAdvisory:
    """The forecast of `tag` no longer fits, or did not (times in ns; see migration 0025).

    Attributes:
        algorithm: empty: the model no longer exists.
        signs: what shows now, of a closed one what showed last.
        job_id, job_status: the retraining it led to; None: there is none, or its job is forgotten. Of a job that is
            done, "on_trial": a successor is in shadow, "in_vain": the model stays in charge.
    """

    advisory_id: int
    sensor_id: int
    tag: str
    area: str
    model_id: int
    algorithm: str
    signs: tuple[Sign, ...]
    effect: Effect
    job_id: int | None
    job_status: str | None
    opened: int
    closed: int | None
    close_reason: str
    seen_by: str | None


async def follow(db: Database, now: int) -> int:
    """Open, update and close advisories as the findings are; rows changed."""
    moment, changed = to_datetime(now), 0
    async with db.transaction() as connection:
        for query in (_CLOSE, _UPDATE, _OPEN):
            changed += int((await connection.execute(query.format(shown=_SHOWN), moment)).split()[-1])
        if changed:
            await connection.execute("select ksys_notify('advisories')")
    return changed


async def current(db: Database, most: int = 1000) -> list[DriftAdvisory]:
    """Open ones, by tag."""
    return [_advisory(dict(row)) for row in await db.fetch(_CURRENT, most)]


async def past(db: Database, most: int = 200) -> list[DriftAdvisory]:
    """Closed ones, newest first."""
    return [_advisory(dict(row)) for row in await db.fetch(_PAST, most)]


def _advisory(row: dict[str, Any]) -> DriftAdvisory:
    opened, closed = row.pop("opened_at"), row.pop("closed_at")
    signs = tuple(Sign(**sign) for sign in json.loads(row.pop("findings")))
    return DriftAdvisory(signs=signs, opened=to_ns(opened), closed=None if closed is None else to_ns(closed), **row)
