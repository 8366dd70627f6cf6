"""Several engines, one set of folds."""

from __future__ import annotations

import numpy as np
import pytest

from ksys_core.errors import KnownError
from ksys_core.forecasting.backtest import Backtest, Folds
from ksys_core.forecasting.evaluation import CHAMPION, MEDIAN, EvaluateTask, Kind, engine_scores, evaluate
from ksys_core.forecasting.voting import chosen, judging
from tests.unit.forecasting.signals import daily, with_values


def test_all_engines_are_scored_on_the_same_pairs_and_the_best_comes_first() -> None:
    v = daily(1500).v.copy()
    v[1300:1310] = np.nan
    trial = evaluate(EvaluateTask(with_values(daily(1500), v), ("ridge", "drift"), horizon=6, count=120))
    rows = engine_scores(trial)

    assert trial.season == 24
    assert not trial.errors
    assert len({test.folds for test in trial.tests.values()}) == 1
    assert {row.algorithm for row in rows} == {"naive", "seasonal_naive", "ridge", "drift", MEDIAN}
    assert len({row.scores.n for row in rows}) == 1
    assert 300 < rows[0].scores.n < 80 * 6
    assert [row.scores.mae for row in rows] == sorted(row.scores.mae for row in rows)
    by_name = {row.algorithm: row for row in rows}
    assert trial.voters == ("ridge",)
    assert by_name[MEDIAN].scores.mae == by_name["ridge"].scores.mae
    best = min(by_name["naive"].scores.mae, by_name["seasonal_naive"].scores.mae)
    assert by_name["ridge"].skill == pytest.approx(1 - by_name["ridge"].scores.mae / best)
    assert by_name["ridge"].skill is not None
    assert by_name["ridge"].skill > 0
    assert by_name["ridge"].better
    assert by_name["naive"].p is None
    assert by_name["drift"].p is not None
    assert not by_name["drift"].better
    assert list(by_name["ridge"].skill_by_steps) == ["1", "2-3", "4-6"]


def test_an_engine_that_fails_does_not_touch_the_others() -> None:
    trial = evaluate(EvaluateTask(daily(400), ("mstl", "ridge"), horizon=6, season=1, count=9))
    assert set(trial.errors) == {"mstl"}
    assert "ridge" in trial.tests


def test_an_unknown_engine_and_a_short_history_are_said() -> None:
    with pytest.raises(KnownError, match="no algorithm"):
        evaluate(EvaluateTask(daily(400), ("magic",), horizon=6))
    with pytest.raises(KnownError, match="little history"):
        evaluate(EvaluateTask(daily(90), ("naive",), horizon=24))
    with pytest.raises(KnownError, match="little history"):
        evaluate(EvaluateTask(with_values(daily(90), np.full(90, np.nan)), ("naive",), horizon=2))


def test_parameters_reach_their_engine() -> None:
    trial = evaluate(EvaluateTask(daily(400), ("ridge",), horizon=6, count=9, params={"ridge": {"max_points": 1}}))
    assert "ridge" in trial.errors


def test_the_model_in_charge_is_tested_as_it_was_set_up() -> None:
    kind = Kind("seasonal_naive", 12, {})
    trial = evaluate(EvaluateTask(daily(400), ("naive",), horizon=6, season=24, count=9, champion=kind))
    alone = evaluate(EvaluateTask(daily(400), ("naive",), horizon=6, season=12, count=9))
    assert not np.array_equal(trial.tests[CHAMPION].value, trial.tests["seasonal_naive"].value)
    assert np.array_equal(trial.tests[CHAMPION].value[-3:], alone.tests["seasonal_naive"].value[-3:])


def losing(mae: float) -> Backtest:
    where = Folds((10, 11), 1, 1)
    value = np.full((2, 1), mae)
    return Backtest(where, (80.0,), np.zeros((2, 1)), value, value[None] - 1, value[None] + 1)


@pytest.mark.parametrize(
    ("maes", "voters"),
    [
        ({"naive": 3, "seasonal_naive": 2, "ridge": 1, "xgboost": 1.3, "mstl": 1.1}, ("ridge", "xgboost")),
        ({"naive": 3, "seasonal_naive": 2, "ridge": 1, "xgboost": 2.5, "mstl": 1.1}, ("ridge",)),
        ({"naive": 3, "seasonal_naive": 2, "ridge": 1.3, "auto_theta": 1.2, "auto_ets": 1.1, "mstl": 1.4},
         ("auto_ets", "ridge")),
        ({"naive": 3, "seasonal_naive": 2, "ridge": 2.2, "xgboost": 2.1}, ("seasonal_naive", "xgboost", "ridge")),
        ({"naive": 3, "seasonal_naive": 2, "ridge": 2.1, "mstl": 1.5}, ("mstl", "seasonal_naive", "ridge")),
        ({"naive": 3, "seasonal_naive": 2, "ridge": 2.5, "mstl": 1.5}, ("mstl",)),
        ({"naive": 1, "seasonal_naive": 2, "ridge": 2.5, "auto_arima": 1.1}, ("naive",)),
        ({"naive": 3, "seasonal_naive": 2, "drift": 1}, ("seasonal_naive",)),
        ({"ridge": 1}, ()),
    ],
)  # fmt: skip
def test_learners_vote_unless_they_fail_and_others_that_beat_them_and_the_baselines(
    maes: dict[str, float], voters: tuple[str, ...]
) -> None:
    assert chosen({name: losing(mae) for name, mae in maes.items()}) == voters


def test_engines_are_judged_where_values_are_known() -> None:
    v = daily(1200).v.copy()
    whole = judging(v, 12, 20)
    v[900:1150] = np.nan
    gone = judging(v, 12, 20)

    assert whole is not None
    assert whole.origins[-1] == 1200 - 12
    assert len(whole.origins) == 20
    assert gone is not None
    assert all(np.isfinite(v[o - 4 : o]).any() and np.isfinite(v[o : o + 12]).any() for o in gone.origins)
    assert gone.origins[0] < 900 < 1150 < gone.origins[-1]
    v[800:] = np.nan
    assert judging(v, 12, 20) is None
