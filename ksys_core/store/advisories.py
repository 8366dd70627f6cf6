"""Advisories: limits that forecasts cross, opened and closed by the service, scored by what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ksys_core.domain.crossing import Crossing
from ksys_core.domain.forecasts import ForecastSource
from ksys_core.domain.tags import LimitKind
from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.store.pool import Database

CloseReason = Literal["crossed", "receded", "stale", "no_model", "limit"]
Outcome = Literal["pending", "true", "early", "false", "unknown"]

# Limits of tags with a champion, and of open advisories whatever became of their tag.
_WATCHED: Final = """
select s.sensor_id, k.kind, l.value as "limit", d.sensor_id is not null as deployed,
       r.ts as newest_ts, r.value as newest, r.quality >= 64 as usable,
       o.advisory_id, o.issue_ts as open_issue, o.limit_value as open_limit, c.issue_ts as closed_issue
  from sensors s
  cross join unnest(array['HH', 'H', 'L', 'LL']) as k(kind)
  left join deployed_models d on d.sensor_id = s.sensor_id and d.is_active and d.role = 'champion'
  left join sensor_limits l on l.sensor_id = s.sensor_id and l.kind = k.kind and l.valid_to is null
  left join sensor_latest r on r.sensor_id = s.sensor_id
  left join advisories o on o.sensor_id = s.sensor_id and o.limit_kind = k.kind and o.closed_at is null
  left join lateral (select issue_ts from advisories a where a.sensor_id = s.sensor_id and a.limit_kind = k.kind
                       and a.closed_at is not null order by a.advisory_id desc limit 1) c on true
 where (d.sensor_id is not null and l.value is not null) or o.advisory_id is not null
 order by s.sensor_id, k.kind
"""
_OPEN: Final = """
insert into advisories (sensor_id, limit_kind, limit_value, model_id, source, issue_ts, probability,
                        eta, eta_lo, eta_hi, horizon_end, opened_at, updated_at,
                        first_issue, first_eta, first_eta_lo, first_eta_hi, first_end, peak)
select n.*, $12, $12, n.issue, n.eta, n.eta_lo, n.eta_hi, n.horizon_end, n.probability
  from unnest($1::int[], $2::text[], $3::float8[], $4::int[], $5::text[], $6::timestamptz[], $7::float8[],
              $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
       as n(sensor_id, kind, value, model_id, source, issue, probability, eta, eta_lo, eta_hi, horizon_end)
on conflict do nothing
"""
_UPDATE: Final = """
update advisories a
   set limit_value = n.value, model_id = n.model_id, source = n.source, issue_ts = n.issue, probability = n.probability,
       eta = n.eta, eta_lo = n.eta_lo, eta_hi = n.eta_hi, horizon_end = n.horizon_end, updated_at = $12,
       peak = greatest(a.peak, n.probability)
  from unnest($1::int[], $2::text[], $3::float8[], $4::int[], $5::text[], $6::timestamptz[], $7::float8[],
              $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
       as n(sensor_id, kind, value, model_id, source, issue, probability, eta, eta_lo, eta_hi, horizon_end)
 where a.sensor_id = n.sensor_id and a.limit_kind = n.kind and a.closed_at is null
"""
_CLOSE: Final = """
update advisories a set closed_at = $3, close_reason = n.reason, updated_at = $3
  from unnest($1::bigint[], $2::text[]) as n(advisory_id, reason)
 where a.advisory_id = n.advisory_id and a.closed_at is null
"""
# True: crossed within the horizon it was opened with. Early: within one more. False: readings say it was not crossed.
_SCORE: Final = """
with due as (
  select a.advisory_id, a.first_end, a.first_end + (a.first_end - a.first_issue) as last, c.ts as crossed
    from advisories a
    left join lateral (
      select r.ts from sensor_readings r
       where r.sensor_id = a.sensor_id and r.ts > a.opened_at and r.ts <= a.first_end + (a.first_end - a.first_issue)
         and r.quality >= 64 and case when a.limit_kind in ('H', 'HH') then r.value > a.limit_value
                                      else r.value < a.limit_value end
       order by r.ts limit 1) c on true
   where a.outcome = 'pending'
), known as (
  select d.*, case when crossed <= first_end then 'true' when crossed is not null then 'early'
                   when exists (select from sensor_readings r join advisories a using (sensor_id)
                                 where a.advisory_id = d.advisory_id and r.ts > a.opened_at and r.ts <= d.first_end
                                   and r.quality >= 64) then 'false'
                   else 'unknown' end as outcome
    from due d where crossed is not null or last <= $1
)
update advisories a set outcome = k.outcome, crossed_at = k.crossed from known k where a.advisory_id = k.advisory_id
"""
_LISTED: Final = """
select a.*, s.tag, s.unit, s.decimals, s.area, m.algorithm
  from advisories a join sensors s using (sensor_id) left join trained_models m on m.model_id = a.model_id
 where {which} order by {order} limit $1
"""
_CURRENT: Final = _LISTED.format(which="a.closed_at is null", order="a.eta, a.advisory_id")
_PAST: Final = _LISTED.format(which="a.closed_at is not null", order="a.closed_at desc, a.advisory_id desc")
_OF_SENSOR: Final = _LISTED.format(which="a.closed_at is null and a.sensor_id = $2", order="a.eta, a.advisory_id")
_SCORES: Final = """
select count(*) filter (where outcome = 'true') as n_true, count(*) filter (where outcome = 'early') as n_early,
       count(*) filter (where outcome = 'false') as n_false,
       percentile_cont(0.5) within group (order by extract(epoch from crossed_at - opened_at))
         filter (where outcome = 'true') as lead_s
  from advisories where opened_at >= $1 and opened_at < $2
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A limit that forecasts are held against, with the advisory that is open for it (times in ns).

    Attributes:
        limit: in force; None: none any more. deployed: whether the tag has a champion.
        newest: value of the newest usable reading at `newest_ns`; None: there is none.
        open_id, open_issue, open_limit: of the open advisory. closed_issue: of the last one that was closed.
    """

    sensor_id: int
    kind: LimitKind
    limit: float | None
    deployed: bool
    newest_ns: int | None
    newest: float | None
    open_id: int | None
    open_issue: int | None
    open_limit: float | None
    closed_issue: int | None


@dataclass(frozen=True, slots=True)
class NewAdvisory:
    """What a forecast made at `issue` (ns) says of a limit, up to the end of its horizon."""

    sensor_id: int
    kind: LimitKind
    limit: float
    model_id: int
    source: ForecastSource
    issue: int
    found: Crossing
    horizon_end: int


@dataclass(frozen=True, slots=True)
class Advisory:
    """A stored advisory (times in ns; see migration 0014). `algorithm` empty: the model no longer exists."""

    advisory_id: int
    sensor_id: int
    tag: str
    unit: str
    decimals: int
    area: str
    kind: LimitKind
    limit: float
    model_id: int
    algorithm: str
    source: ForecastSource
    issue: int
    probability: float
    eta: int
    eta_lo: int
    eta_hi: int | None
    opened: int
    closed: int | None
    close_reason: str
    outcome: Outcome
    crossed: int | None
    seen_by: str | None


@dataclass(frozen=True, slots=True)
class AdvisoryScores:
    """Advisories by outcome; lead_s: median seconds from opening to the crossing of the true ones (None: none)."""

    n_true: int
    n_early: int
    n_false: int
    lead_s: float | None

    @property
    def precision(self) -> float | None:
        """Share of the true ones among those whose outcome is known."""
        known = self.n_true + self.n_early + self.n_false
        return self.n_true / known if known else None


async def watched(db: Database) -> list[Watched]:
    """Every limit of a tag with a champion, and every open advisory."""
    found = []
    for row in await db.fetch(_WATCHED):
        there = row["newest_ts"] is not None and row["usable"]
        found.append(
            Watched(
                row["sensor_id"],
                row["kind"],
                row["limit"],
                row["deployed"],
                to_ns(row["newest_ts"]) if there else None,
                row["newest"] if there else None,
                row["advisory_id"],
                _ns(row["open_issue"]),
                row["open_limit"],
                _ns(row["closed_issue"]),
            )
        )
    return found


async def save(
    db: Database,
    *,
    opened: Sequence[NewAdvisory],
    updated: Sequence[NewAdvisory],
    closed: Sequence[tuple[int, CloseReason]],
    now: int,
) -> int:
    """Write a round of changes at once and tell of it; the number of rows that changed."""
    if not (opened or updated or closed):
        return 0
    moment = to_datetime(now)
    changed = 0
    async with db.transaction() as connection:
        if closed:
            ids, reasons = zip(*closed, strict=True)
            changed += _count(await connection.execute(_CLOSE, list(ids), list(reasons), moment))
        for query, rows in ((_OPEN, opened), (_UPDATE, updated)):
            if rows:
                changed += _count(await connection.execute(query, *_columns(rows), moment))
        await connection.execute("select ksys_notify('advisories')")
    return changed


def _columns(rows: Sequence[NewAdvisory]) -> list[list[object]]:
    return [
        [row.sensor_id for row in rows],
        [row.kind for row in rows],
        [row.limit for row in rows],
        [row.model_id for row in rows],
        [row.source for row in rows],
        [to_datetime(row.issue) for row in rows],
        [row.found.probability for row in rows],
        [to_datetime(row.found.eta) for row in rows],
        [to_datetime(row.found.eta_lo) for row in rows],
        [None if row.found.eta_hi is None else to_datetime(row.found.eta_hi) for row in rows],
        [to_datetime(row.horizon_end) for row in rows],
    ]


async def score(db: Database, now: int) -> int:
    """Settle the outcome of advisories that have crossed or whose time is over; how many."""
    done = _count(await db.execute(_SCORE, to_datetime(now)))
    if done:
        await db.execute("select ksys_notify('advisories')")
    return done


async def current(db: Database, most: int = 1000) -> list[Advisory]:
    """Open advisories, the nearest crossing first."""
    return [_advisory(row) for row in await db.fetch(_CURRENT, most)]


async def of_sensor(db: Database, sensor_id: int) -> list[Advisory]:
    """Open advisories of one tag, the nearest crossing first."""
    return [_advisory(row) for row in await db.fetch(_OF_SENSOR, 4, sensor_id)]


async def past(db: Database, most: int = 200) -> list[Advisory]:
    """Closed advisories, newest first."""
    return [_advisory(row) for row in await db.fetch(_PAST, most)]


async def scores(db: Database, start: int, stop: int) -> AdvisoryScores:
    """Outcomes of the advisories opened in ``[start, stop)`` (ns)."""
    row = await db.fetchrow(_SCORES, to_datetime(start), to_datetime(stop))
    assert row is not None
    return AdvisoryScores(**dict(row))


async def mark_seen(db: Database, advisory_ids: Sequence[int]) -> int:
    """Mark advisories as seen by this person; how many had not been seen."""
    marked: int = await db.fetchval("select advisory_seen($1)", list(advisory_ids))
    return marked


def _advisory(row: object) -> Advisory:
    given = dict(row)  # type: ignore[call-overload]
    return Advisory(
        **{name: given[name] for name in ("advisory_id", "sensor_id", "tag", "unit", "decimals", "area", "source")},
        **{name: given[name] for name in ("model_id", "probability", "close_reason", "outcome", "seen_by")},
        kind=given["limit_kind"],
        limit=given["limit_value"],
        algorithm=given["algorithm"] or "",
        issue=to_ns(given["issue_ts"]),
        eta=to_ns(given["eta"]),
        eta_lo=to_ns(given["eta_lo"]),
        eta_hi=_ns(given["eta_hi"]),
        opened=to_ns(given["opened_at"]),
        closed=_ns(given["closed_at"]),
        crossed=_ns(given["crossed_at"]),
    )


def _ns(moment: object) -> int | None:
    return None if moment is None else to_ns(moment)  # type: ignore[arg-type]


def _count(status: str) -> int:
    return int(status.split()[-1])
