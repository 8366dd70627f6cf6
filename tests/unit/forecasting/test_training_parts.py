"""The pure parts of training: feasibility, outliers, yardsticks, steps as bytes, what becomes of a model."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ksys_core.errors import KnownError
from ksys_core.forecasting import promotion
from ksys_core.forecasting.evaluation import EvaluateTask, Kind, layout
from ksys_core.forecasting.feasibility import feasibility
from ksys_core.forecasting.gate import Duel, Verdict
from ksys_core.forecasting.outliers import outliers
from ksys_core.forecasting.promotion import Shadow
from ksys_core.forecasting.training import Message, Progress, SensorDone, SensorTask, StepDone, train_sensor
from ksys_core.forecasting.training_bytes import packed, unpacked
from ksys_core.forecasting.yardsticks import yardsticks
from tests.benchmarks.promotion import promoted
from tests.unit.forecasting.signals import SEASON, daily, with_values


@given(st.integers(0, 50_000), st.integers(1, 60), st.integers(1, 500))
def test_feasibility_is_the_known_formula_where_the_folds_need_no_more(
    available: int, minutes: int, horizon: int
) -> None:
    found = feasibility(available, interval_s=60 * minutes, horizon=horizon)
    folds = min(max(available // horizon - 1, 3), 10)
    least = next(n for n in range(4 * horizon + 3, 5 * horizon + 4) if n - n // 3 >= 3 * horizon)
    required = max((folds + 1) * horizon, least)
    assert (found.folds, found.required) == (folds, required)
    assert found.state == ("error" if available < required else "tight" if available - required < 100 else "ok")
    assert found.missing_days == pytest.approx(max(0, required - available) * minutes / 1440)


@given(st.integers(1, 2000), st.integers(1, 40), st.sampled_from([1, 24, 96]))
def test_what_is_feasible_can_be_laid_out_with_as_many_folds(available: int, horizon: int, season: int) -> None:
    found = feasibility(available, interval_s=900, horizon=horizon, season=season)
    if found.state == "error":
        return
    y = daily(available)
    where, _ = layout(EvaluateTask(y, ("naive",), horizon, season))
    scored = len(where.origins) - len(where.origins) // 3
    assert abs(scored - found.scored_folds) <= 1
    assert found.decides == (found.scored_folds >= 48)


def test_spikes_are_marked_and_steps_waves_and_gaps_are_not() -> None:
    v = np.concatenate([daily(400).v, daily(400).v + 40])
    v[100:104] = np.nan
    assert outliers(v).sum() == 0
    v[[50, 250, 600]] += 30
    assert np.flatnonzero(outliers(v)).tolist() == [50, 250, 600]
    assert not outliers(np.full(50, 3.0)).any()
    assert not outliers(np.array([np.nan, 1.0])).any()


def test_yardsticks_are_the_last_value_and_the_value_of_a_season_before() -> None:
    y = with_values(daily(60), np.arange(60.0))
    naive, seasonal = yardsticks(y, 24, 30)
    assert naive.tolist() == [59.0] * 30
    assert seasonal.tolist() == [*range(36, 60), *range(36, 42)]
    late = np.arange(60.0)
    late[-2:] = np.nan
    naive, seasonal = yardsticks(with_values(y, late), 24, 30)
    assert naive[0] == 57.0
    assert np.isnan(seasonal[22:24]).all()
    late[-5:] = np.nan
    assert np.isnan(yardsticks(with_values(y, late), 24, 3)[0]).all()
    assert np.isnan(yardsticks(y, 100, 30)[1]).all()
    assert yardsticks(y, 1, 2)[1].tolist() == [59.0, 59.0]


def trained(task: SensorTask) -> list[Message]:
    told: list[Message] = []
    train_sensor(task, told.append)
    return told


def test_every_step_is_told_and_what_is_done_is_not_repeated() -> None:
    task = SensorTask(1, daily(400), ("ridge", "naive"), 6, SEASON, folds=30, champion=Kind("drift", 1, {}))
    told = trained(task)
    steps = {m.step: m for m in told if isinstance(m, StepDone)}
    assert list(steps) == ["champion", "ridge", "naive"]
    assert steps["champion"].model is None
    model = steps["ridge"].model
    assert model is not None
    assert [m.done for m in told if isinstance(m, Progress) and (m.step, m.phase) == ("ridge", "evaluate")] == list(
        range(30)
    )
    done = told[-1]
    assert isinstance(done, SensorDone)

    again = SensorTask(
        **{name: getattr(task, name) for name in ("sensor_id", "y", "algorithms", "horizon", "season", "folds")},
        champion=task.champion,
        done={name: steps[name].backtest for name in ("champion", "ridge")},
    )
    retold = trained(again)
    assert [m.step for m in retold if isinstance(m, StepDone)] == ["naive"]
    last = retold[-1]
    assert isinstance(last, SensorDone)
    assert [(j.algorithm, j.scores["scores"], j.p, j.outcome) for j in last.judged] == [
        (j.algorithm, j.scores["scores"], j.p, j.outcome) for j in done.judged
    ]


def test_an_engine_that_fails_is_told_with_its_reason_and_the_others_go_on() -> None:
    told = trained(SensorTask(1, daily(400), ("mstl", "ridge"), 6, 1, folds=12))
    steps = {m.step: m for m in told if isinstance(m, StepDone)}
    assert str(steps["mstl"].error) == "The series has no season that this model could use."
    assert steps["ridge"].error is None
    with pytest.raises(KnownError, match="too little history"):
        trained(SensorTask(1, daily(20), ("ridge",), 6, 1))


def test_a_step_survives_as_bytes_to_the_last_bit() -> None:
    task = SensorTask(1, daily(400), ("ridge",), 6, SEASON, folds=12)
    where, _ = layout(EvaluateTask(task.y, ("ridge",), 6, SEASON, count=12))
    (step,) = (m for m in trained(task) if isinstance(m, StepDone))
    assert step.backtest is not None
    test = unpacked(step.backtest, task.y, where)
    assert packed(test) == step.backtest
    for wrong in (step.backtest[:-9], zlib.compress(b"x" * 99), zlib.compress(bytes(10**7))):
        with pytest.raises(KnownError, match="does not belong"):
            unpacked(wrong, task.y, where)


def verdict(ratio: float, p: float, n: int = 100, *, holds: bool = True) -> Verdict:
    return Verdict((Duel("naive", n, p, ratio, ratio), Duel("champion", n, 0.001, 0.5, 0.5)), 0.01, holds)


@pytest.mark.parametrize(
    ("found", "fresh", "vacant", "what"),
    [
        (verdict(0.9, 0.01), False, False, "challenger"),
        (verdict(0.9, 0.01), False, True, "champion"),
        (verdict(0.99, 0.01), False, True, "kept"),
        (verdict(0.9, 0.06), False, False, "kept"),
        (verdict(0.9, 0.01, holds=False), False, False, "kept"),
        (verdict(0.9, 0.01, n=47), False, False, "kept"),
        (verdict(1.01, 0.6), True, False, "refreshed"),
        (verdict(1.03, 0.6), True, False, "kept"),
        (verdict(1.01, 0.6, holds=False), True, False, "kept"),
    ],
)
def test_what_becomes_of_a_model(found: Verdict, fresh: bool, vacant: bool, what: str) -> None:
    assert promotion.outcome(found, fresh=fresh, vacant=vacant) == what


def test_the_weakest_duel_counts() -> None:
    assert promotion.weakest(verdict(0.9, 0.03)) == 0.03
    assert promotion.weakest(Verdict((), 0.0, True)) == 1.0


def shadow(n: int, own: list[float], other: list[float], hits: tuple[float, float]) -> Shadow:
    count = np.full(len(own), n / len(own))
    return Shadow(count, np.array(own) * count, np.array(other) * count, np.array(hits)[:, None] * count[None, :])


def test_a_day_in_shadow_bears_out_only_what_is_better_everywhere() -> None:
    good = (0.8, 0.95)
    assert promotion.proven(shadow(60, [0.9] * 6, [1.0] * 6, good))
    assert not promotion.proven(shadow(42, [0.9] * 6, [1.0] * 6, good))
    assert not promotion.proven(shadow(60, [0.99] * 6, [1.0] * 6, good))
    assert not promotion.proven(shadow(60, [0.5, 0.5, 0.5, 0.5, 1.2, 1.2], [1.0] * 6, good))
    assert not promotion.proven(shadow(60, [0.9] * 6, [1.0] * 6, (0.6, 0.8)))
    assert promotion.failed(shadow(60, [1.31] * 6, [1.0] * 6, good))
    assert not promotion.failed(shadow(60, [1.29] * 6, [1.0] * 6, good))
    assert shadow(60, [0.0], [0.0], good).ratio == 1.0
    assert shadow(60, [1.0], [0.0], good).ratio == float("inf")


def test_of_many_only_what_stands_together_is_left() -> None:
    assert promotion.rejected_together({1: 0.04, 2: 0.5, 3: 0.9}) == set()
    assert promotion.rejected_together({1: 0.001, 2: 0.5, 3: 0.9}) == {1}


def test_equal_challengers_are_hardly_ever_promoted() -> None:
    shares = promoted(trials=300, folds=72, seed=5)
    assert shares.gate <= 0.07
    assert 0.4 < shares.lower_mae < 0.6
    assert shares.better > 0.5
