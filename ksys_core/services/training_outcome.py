"""What becomes of the models of a finished sensor: kept, put in shadow, or put in charge."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from ksys_core.forecasting.training import Judged, SensorDone
from ksys_core.store import lifecycle
from ksys_core.store import training as store
from ksys_core.store.pool import Database
from ksys_core.store.training import Claimed, NewVerdict


async def settle(db: Database, job: Claimed, claimant: str, sensor_id: int, done: SensorDone) -> dict[str, str] | None:
    """Write the verdicts and do what they say, once; outcome by algorithm, None when the job is no longer ours."""
    async with db.transaction() as connection:
        if not await store.held(connection, job.job_id, claimant):
            return None
        steps = {step.algorithm: step for step in await store.steps(connection, job.job_id, sensor_id)}
        gated = job.request.get("after") == "gate"
        outcomes = _outcomes(done.judged) if gated else {}
        if job.origin != "person":  # whoever asks for a second challenger of a kind gets it, a night does not
            on_trial = await lifecycle.in_shadow(connection, sensor_id)
            outcomes |= {name: "kept" for name in on_trial if outcomes.get(name) == "challenger"}
        verdicts = [_verdict(row, done.season, outcomes) for row in done.judged if row.algorithm in steps]
        await store.judge(connection, job.job_id, sensor_id, verdicts)
        for algorithm, outcome in outcomes.items():
            model_id = steps[algorithm].model_id if algorithm in steps else None
            if model_id is not None:
                await lifecycle.act_on(connection, model_id, outcome, f"training job {job.job_id}")
    return {v.algorithm: v.outcome or ("passed" if v.passed else "not passed") for v in verdicts if v.verdict}


def _outcomes(rows: tuple[Judged, ...]) -> dict[str, str]:
    """By algorithm, least MAE first: of several that would take an empty seat the best does."""
    found: dict[str, str] = {}
    for row in rows:
        if row.outcome is not None:
            taken = row.outcome == "champion" and "champion" in found.values()
            found[row.algorithm] = "challenger" if taken else row.outcome
    return found


def _verdict(row: Judged, season: int, outcomes: dict[str, str]) -> NewVerdict:
    verdict = row.verdict
    return NewVerdict(
        algorithm=row.algorithm,
        season=season,
        scores=_finite(dict(row.scores)),
        verdict=None if verdict is None else _finite({**asdict(verdict), "passed": verdict.passed}),
        p=row.p,
        passed=None if verdict is None else verdict.passed,
        outcome=outcomes.get(row.algorithm, ""),
    )


def _finite(value: Any) -> Any:
    """`value` for JSON, which has no infinity: null instead."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
