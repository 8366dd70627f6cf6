"""Trained models and their deployment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ksys_core.domain.times import to_datetime, to_ns
from ksys_core.errors import KnownError
from ksys_core.i18n import N_
from ksys_core.store.connection import Connection
from ksys_core.store.model_artefacts import shared
from ksys_core.store.pool import Database


@dataclass(frozen=True, slots=True)
class NewModel:
    """A fitted model to keep; times in ns UTC. The text of one that is shared is kept already (`model_artefacts`)."""

    sensor_id: int
    algorithm: str
    interval_s: int
    horizon: int
    season: int
    artefact: str
    artefact_sha256: str
    data_from_ns: int
    data_to_ns: int
    data_n: int
    fit_s: float
    scale: float | None = None
    params: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Deployment:
    """An active deployment with all the cycle needs; `params` as JSON."""

    deployment_id: int
    model_id: int
    sensor_id: int
    tag: str
    algorithm: str
    interval_s: int
    horizon: int
    season: int
    params: str
    artefact_sha256: str
    span_low: float | None
    span_high: float | None
    last_issue_ns: int | None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model as lists show it, with its active or newest deployment."""

    model_id: int
    sensor_id: int
    tag: str
    algorithm: str
    version: int
    interval_s: int
    horizon: int
    season: int
    fit_s: float
    created_ns: int
    created_by: str
    is_active: bool
    role: str | None
    last_state: str | None
    last_error: str
    last_issue_ns: int | None


@dataclass(frozen=True, slots=True)
class RunNote:
    """How the last run of a deployment went; `issue_ns` when it stored a forecast."""

    deployment_id: int
    state: str
    error: str
    issue_ns: int | None


_ADD: Final = """
insert into trained_models (sensor_id, algorithm, version, interval_s, horizon, season, params, artefact,
                            artefact_sha256, data_from, data_to, data_n, scale, fit_s, notes, job_id)
values ($1, $2, 1 + coalesce((select max(version) from trained_models where sensor_id = $1 and algorithm = $2), 0),
        $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
returning model_id
"""

_ACTIVE: Final = """
select d.deployment_id, d.model_id, d.sensor_id, s.tag, m.algorithm, m.interval_s, m.horizon, m.season,
       m.params, m.artefact_sha256, s.span_low, s.span_high, d.last_issue_ts
from deployed_models d join trained_models m using (model_id) join sensors s on s.sensor_id = d.sensor_id
where d.is_active and s.enabled
order by d.deployment_id
"""

_LIST: Final = """
select m.model_id, m.sensor_id, s.tag, m.algorithm, m.version, m.interval_s, m.horizon, m.season, m.fit_s, m.created_at,
       m.created_by, coalesce(d.is_active, false) as is_active, d.role, d.last_state,
       coalesce(d.last_error, '') as last_error, d.last_issue_ts
from trained_models m join sensors s on s.sensor_id = m.sensor_id
left join lateral (select * from deployed_models d where d.model_id = m.model_id
                   order by d.is_active desc, d.deployment_id desc limit 1) d on true
where ($1::integer is null or m.sensor_id = $1) and (d.is_active or not $2)
order by s.tag, m.model_id
"""

_STORED: Final = """
select s.tag, m.sensor_id, m.algorithm, m.interval_s, m.horizon, m.season, m.artefact, m.artefact_sha256, m.data_from,
       m.data_to, m.data_n, m.fit_s, m.scale, m.params, m.notes
from trained_models m join sensors s using (sensor_id) where m.model_id = $1
"""

_CHAMPION: Final = """
select m.algorithm, m.season, m.params
from deployed_models d join trained_models m using (model_id)
where d.is_active and d.role = 'champion' and d.sensor_id = $1
"""

_NOTE: Final = """
update deployed_models d
set last_state = n.state, last_error = n.error, last_run_at = $5, last_issue_ts = coalesce(n.issue, d.last_issue_ts)
from unnest($1::int[], $2::text[], $3::text[], $4::timestamptz[]) as n(deployment_id, state, error, issue)
where d.deployment_id = n.deployment_id
"""

_EVER: Final = "select distinct sensor_id from deployed_models where sensor_id = any ($1::int[])"


async def sensor_id_of(db: Database, tag: str) -> int | None:
    """The sensor called `tag`."""
    sensor_id: int | None = await db.fetchval("select sensor_id from sensors where tag = $1", tag)
    return sensor_id


async def add_model(db: Database | Connection, model: NewModel, *, job_id: int | None = None) -> int:
    """Keep `model` under the next version of its sensor and algorithm; its number is returned."""
    model_id: int = await db.fetchval(
        _ADD,
        model.sensor_id,
        model.algorithm,
        model.interval_s,
        model.horizon,
        model.season,
        json.dumps(model.params),
        model.artefact,
        model.artefact_sha256,
        to_datetime(model.data_from_ns),
        to_datetime(model.data_to_ns),
        model.data_n,
        model.scale,
        model.fit_s,
        list(model.notes),
        job_id,
    )
    return model_id


async def deploy(db: Database, model_id: int, *, role: str = "champion", reason: str = "", station: str = "") -> int:
    """Make `model_id` the champion (or a challenger) of its sensor; the deployment's number is returned."""
    deployment: int = await db.fetchval("select deploy_model($1, $2, $3, $4)", model_id, role, reason, station)
    return deployment


async def undeploy(db: Database, model_id: int, *, reason: str = "", station: str = "") -> None:
    """End the active deployment of `model_id`.

    Raises:
        KnownError: it is not deployed.
    """
    if not await db.fetchval("select undeploy_model($1, $2, $3)", model_id, reason, station):
        raise KnownError("models.not_deployed", N_("Model {model} is not deployed."), model=model_id)


async def active_deployments(db: Database) -> list[Deployment]:
    """Everything that has to be forecast."""
    return [Deployment(**_issued(dict(row))) for row in await db.fetch(_ACTIVE)]


async def stored(db: Database, model_id: int) -> tuple[str, NewModel] | None:
    """A model with its artefact, and its tag; None when there is none of this number."""
    row = await db.fetchrow(_STORED, model_id)
    if row is None:
        return None
    values = dict(row)
    tag = values.pop("tag")
    values["params"] = json.loads(values["params"])
    for name in ("data_from", "data_to"):
        values[f"{name}_ns"] = to_ns(values.pop(name))
    if values["artefact"] is None:
        values.update(artefact=(await shared(db, {values["artefact_sha256"]}))[values["artefact_sha256"]])
    return tag, NewModel(**values)


async def champion(db: Database, sensor_id: int) -> tuple[str, int, dict[str, Any]] | None:
    """Algorithm, season and parameters of the model in charge of a sensor."""
    row = await db.fetchrow(_CHAMPION, sensor_id)
    return None if row is None else (row["algorithm"], row["season"], json.loads(row["params"]))


async def models(db: Database, sensor_id: int | None = None, *, deployed_only: bool = False) -> list[ModelRow]:
    """All models (or those of one sensor, or the deployed ones), by tag."""
    found = []
    for row in await db.fetch(_LIST, sensor_id, deployed_only):
        values = _issued(dict(row))
        values["created_ns"] = to_ns(values.pop("created_at"))
        found.append(ModelRow(**values))
    return found


def _issued(row: dict[str, Any]) -> dict[str, Any]:
    issued = row.pop("last_issue_ts")
    return {**row, "last_issue_ns": None if issued is None else to_ns(issued)}


async def ever_deployed(db: Database, sensor_ids: Sequence[int]) -> set[int]:
    """Those of `sensor_ids` that have or had a deployment."""
    return {row["sensor_id"] for row in await db.fetch(_EVER, list(sensor_ids))}


async def note_runs(connection: Connection, notes: Sequence[RunNote], now_ns: int) -> None:
    """Record how a cycle went for each deployment, in the transaction that stores its forecasts."""
    await connection.execute(
        _NOTE,
        [note.deployment_id for note in notes],
        [note.state for note in notes],
        [note.error for note in notes],
        [None if note.issue_ns is None else to_datetime(note.issue_ns) for note in notes],
        to_datetime(now_ns),
    )
