"""Drift of a champion stands in the operators' list of advisories: opened, followed, seen, closed; never scored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor

import numpy as np
import pytest

from ksys_core.domain.times import DAY, HOUR, to_datetime
from ksys_core.errors import DeniedError
from ksys_core.i18n import tr
from ksys_core.services import advisories, drift, models, retraining, training
from ksys_core.services.advisories import DriftAdvisory
from ksys_core.services.drift_words import effect_text, signs_text
from ksys_core.services.models import TrainingPlan
from ksys_core.services.training_run import run_claimed
from ksys_core.settings import Settings
from ksys_core.store import training as store
from ksys_core.store.labels import advisory_times
from ksys_core.store.pool import Database
from scheduler_service.context import JobContext
from scheduler_service.jobs import run_advisories, run_drift
from tests.integration.forecasting.plant import NOW, history
from tests.integration.forecasting.test_drift import errors

USUAL = np.random.default_rng(2).normal(size=900)
RIDGE = TrainingPlan("ridge", horizon=6, season=288)


def shifted() -> np.ndarray:
    """Errors that have become larger and one-sided."""
    made = USUAL.copy()
    made[-120:] = 3 * made[-120:] + 4
    return made


@pytest.fixture
def logins(login_dsn: Callable[[str], str]) -> dict[str, str]:
    """The service's, an operator's and a viewer's."""
    return {role: login_dsn(f"ksys_{role}") for role in ("service", "operator", "viewer")}


@pytest.fixture
async def service(logins: dict[str, str]) -> AsyncIterator[JobContext]:
    """What a job of the service is given, with no more rights than it has."""
    db = await Database.connect(logins["service"])
    yield JobContext(db, Settings(), lambda: pytest.fail("no executor is needed"), NOW, clock=lambda: NOW)
    await db.close()


async def drifting(db: Database, executor: Executor, plan: TrainingPlan = RIDGE) -> int:
    """The tag A with a champion whose errors have changed; its model."""
    await history(db, ["A"], days=5)
    model = await models.deploy(db, now_ns=NOW, executor=executor, tag="A", plan=plan)
    await errors(db, model, shifted(), now=NOW)
    return model


async def listed(db: Database) -> list[DriftAdvisory]:
    """What stands in the list now; it holds nothing but drift here."""
    current = (await advisories.load_page(db, NOW)).current
    assert all(isinstance(one, DriftAdvisory) for one in current)
    return [one for one in current if isinstance(one, DriftAdvisory)]


async def test_a_finding_is_told_and_closed_by_the_retraining_that_it_led_to(
    database: Database, executor: Executor, service: JobContext
) -> None:
    model = await drifting(database, executor)
    assert await run_advisories(service) == 0
    assert await run_drift(service) == 2
    assert await run_advisories(service) == 1

    (told,) = await listed(database)
    (job,) = await training.jobs(database)
    assert (told.tag, told.model_id, told.algorithm, told.opened) == ("A", model, "ridge", NOW)
    assert [(sign.kind, sign.severity) for sign in told.signs] == [("bias", "act"), ("concept", "act")]
    assert all(sign.statistic > sign.threshold for sign in told.signs)
    assert (told.effect, told.job_id, told.job_status) == ("retraining", job.job_id, "queued")
    tr.language = "en"
    assert effect_text(told) == f"retraining: job {job.job_id}, queued"
    assert signs_text(told).startswith("one-sided errors ")
    assert await run_advisories(service) == 0, "nothing has changed"

    claimed = await store.claim(service.db, "a", now_ns=NOW)
    assert claimed is not None
    await run_claimed(service.db, claimed, "a")
    outcomes = {step.algorithm: step.outcome for step in await training.steps(database, job.job_id)}
    assert outcomes["ridge"] == "refreshed"
    assert await run_advisories(service) == 1
    page = await advisories.load_page(database, NOW)
    assert page.current == ()
    (gone,) = page.past
    assert (gone.advisory_id, gone.closed, gone.close_reason) == (told.advisory_id, NOW, "retrained")
    assert isinstance(gone, DriftAdvisory)
    assert gone.signs == told.signs, "what it was about can still be read"


async def test_a_retraining_that_does_not_help_is_told(
    database: Database, executor: Executor, service: JobContext
) -> None:
    tr.language = "en"
    await drifting(database, executor, TrainingPlan("naive"))
    await run_drift(service)
    (job,) = await training.jobs(database)
    await database.execute("update training_jobs set request = jsonb_set(request, '{horizon}', '300')")  # too far
    claimed = await store.claim(service.db, "a", now_ns=NOW)
    assert claimed is not None
    await run_claimed(service.db, claimed, "a")
    await run_advisories(service)
    (told,) = await listed(database)
    assert effect_text(told) == f"retraining: job {job.job_id}, failed"

    await database.execute("update training_jobs set status = 'done'")
    (told,) = await listed(database)
    assert effect_text(told) == f"retraining: job {job.job_id}, done, without a better model"

    plan = TrainingPlan("ridge")
    successor = await models.deploy(database, now_ns=NOW, executor=executor, tag="A", plan=plan, role="challenger")
    await database.execute("update trained_models set job_id = $2 where model_id = $1", successor, job.job_id)
    (told,) = await listed(database)
    assert effect_text(told) == f"retraining: job {job.job_id}, done, a successor is on trial"


async def test_it_counts_nowhere_as_a_foretold_crossing(
    database: Database, executor: Executor, service: JobContext
) -> None:
    await drifting(database, executor)
    await run_drift(service)
    await run_advisories(service)
    (told,) = await listed(database)
    assert await advisories.open_advisories(database, told.sensor_id) == []
    assert list(await advisory_times(database, "A", "", NOW - DAY, NOW + DAY)) == []
    await database.execute("update drift_findings set cleared_at = now()")
    await run_advisories(service)
    scores = (await advisories.load_page(database, NOW + DAY)).scores
    assert (scores.n_true, scores.n_early, scores.n_false, scores.precision) == (0, 0, 0, None)


async def test_it_is_closed_when_the_errors_are_as_before(
    database: Database, executor: Executor, service: JobContext
) -> None:
    model = await drifting(database, executor)
    await run_drift(service)
    await run_advisories(service)
    await errors(database, model, USUAL, now=NOW)
    await run_drift(service)
    assert await run_advisories(service) == 1
    (gone,) = (await advisories.load_page(database, NOW)).past
    assert gone.close_reason == "settled"

    await errors(database, model, shifted(), now=NOW)
    await run_drift(service)
    await run_advisories(service)
    (again,) = await listed(database)
    assert again.advisory_id > gone.advisory_id


@pytest.mark.parametrize(("successor", "reason"), [("naive", "replaced"), (None, "no_model")])
async def test_it_is_closed_when_the_model_is_no_longer_in_charge(
    database: Database, executor: Executor, service: JobContext, successor: str | None, reason: str
) -> None:
    model = await drifting(database, executor)
    await run_drift(service)
    await run_advisories(service)
    if successor is None:
        await models.undeploy(database, model_id=model)
    else:
        await models.deploy(database, now_ns=NOW, executor=executor, tag="A", plan=TrainingPlan(successor))
    await run_advisories(service)
    assert [one.close_reason for one in (await advisories.load_page(database, NOW)).past] == [reason]


async def test_it_says_why_nothing_is_retrained(database: Database, executor: Executor, service: JobContext) -> None:
    tr.language = "en"
    await drifting(database, executor, TrainingPlan("naive"))
    challenger = await models.deploy(
        database, now_ns=NOW, executor=executor, tag="A", plan=TrainingPlan("ridge"), role="challenger"
    )

    async def told() -> str:
        await run_advisories(service)
        (one,) = await listed(database)
        assert one.job_id is None
        return effect_text(one)

    await run_drift(service)
    assert await told() == "no retraining: a successor is on trial already"

    await models.undeploy(database, model_id=challenger)
    await run_drift(service)
    forget = "update drift_findings set job_id = null, effect = ''"
    await database.execute(forget)
    await run_drift(service)
    assert await told() == "no retraining: the tag was retrained within six hours"

    await database.execute("update training_jobs set requested_at = $1", to_datetime(NOW - 7 * HOUR))
    await database.execute(f"{forget}, severity = 'watch'")
    assert await retraining.after_drift(database, now_ns=NOW) == 0
    assert await told() == "no retraining yet: it is being watched"


async def test_a_challenger_that_does_not_fit_is_no_operators_business(
    database: Database, executor: Executor, service: JobContext
) -> None:
    await history(database, ["A"], days=5)
    plan = TrainingPlan("naive")
    model = await models.deploy(database, now_ns=NOW, executor=executor, tag="A", plan=plan, role="challenger")
    await errors(database, model, shifted(), now=NOW)
    assert await run_drift(service) == 2
    assert await run_advisories(service) == 0


async def test_operators_mark_both_kinds_as_seen_and_change_nothing_else(
    database: Database, executor: Executor, service: JobContext, logins: dict[str, str]
) -> None:
    await drifting(database, executor)
    await run_drift(service)
    await run_advisories(service)
    (told,) = await listed(database)
    operator, viewer = [await Database.connect(logins[role]) for role in ("operator", "viewer")]
    try:
        with pytest.raises(DeniedError):
            await advisories.mark_seen(viewer, [told.advisory_id])
        with pytest.raises(DeniedError):
            await operator.execute("update drift_advisories set closed_at = now(), close_reason = 'settled'")
        assert await advisories.mark_seen(operator, [told.advisory_id]) == 1
        assert await advisories.mark_seen(operator, [told.advisory_id]) == 0
        assert [one.seen_by for one in await listed(viewer)] == ["test_ksys_operator"]
    finally:
        await operator.close()
        await viewer.close()
    assert [found.effect for found in await drift.findings(database)] == ["retraining"] * 2
