"""Prophet's parameters give Prophet's forecast, without its library and without a trace of it."""

from __future__ import annotations

import logging
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from ksys_core.domain.times import DAY, HOUR, to_ns
from ksys_core.forecasting import artefacts, prophet_engine, work
from ksys_core.forecasting.attempts import fit_recorded
from ksys_core.forecasting.base import fit
from ksys_core.forecasting.grid import RegularSeries
from ksys_core.forecasting.plant_time import local
from ksys_core.forecasting.prophet_curve import ProphetState, curve
from ksys_core.forecasting.prophet_engine import ProphetParams
from ksys_core.forecasting.registry import SPECS
from ksys_core.forecasting.work import TrainTask, train
from tests.unit.forecasting.signals import daily

BERLIN = "Europe/Berlin"
START = to_ns(datetime(2025, 3, 1, tzinfo=ZoneInfo(BERLIN)))


def load(days: int, *, step: int = HOUR) -> RegularSeries:
    """Daily and weekly habits of the clock in Berlin, with the change to summer time within."""
    grid = START + np.arange(days * DAY // step) * step
    clock = local(grid, BERLIN)
    noise = np.random.default_rng(5).normal(0, 0.3, len(grid))
    wave = np.sin(2 * np.pi * (clock % DAY) / DAY) + 0.3 * np.sin(2 * np.pi * (clock % (7 * DAY)) / (7 * DAY))
    return RegularSeries(START, step, 40 + 5 * wave + noise)


@pytest.mark.parametrize(
    ("mode", "days", "season", "names"),
    [
        ("additive", 40, 24, ("daily", "weekly")),
        ("multiplicative", 20, 9, ("cycle", "weekly", "daily")),
        ("additive", 1, 1, ()),
    ],
)
def test_numpy_gives_what_the_library_predicts(mode: Any, days: int, season: int, names: tuple[str, ...]) -> None:
    y = load(days)
    z = (y.v - 40) / 5 + (3 if mode == "multiplicative" else 0)
    clock = local(y.start + np.arange(len(y)) * y.step, BERLIN)
    params = ProphetParams(zone=BERLIN, seasonality_mode=mode)
    with prophet_engine._quiet(), prophet_engine._clean_folder() as folder:
        model = prophet_engine._library_model(params, season * y.step, y)
        prophet_engine._run(model, clock, z, folder, None)
        times = np.r_[clock, local(y.stop + np.arange(48) * y.step, BERLIN)]
        theirs = model.predict(pd.DataFrame({"ds": times.astype("datetime64[ns]")}))["yhat"].to_numpy()
    state = prophet_engine._state(model, params, 0.0, 1.0)
    assert {season.name for season in state.seasonalities} == set(names)
    assert np.abs(curve(state, np.sort(times)) - theirs).max() < 5e-12


def test_two_years_of_days_have_a_yearly_season() -> None:
    y = load(800, step=DAY)
    model = fit(SPECS["prophet"], y, season=7, horizon=7, params=ProphetParams(zone=BERLIN))
    assert isinstance(model.state, ProphetState)
    assert {season.name for season in model.state.seasonalities} == {"weekly", "yearly"}


def test_a_fit_logs_nothing_warns_nothing_and_leaves_no_file(caplog: pytest.LogCaptureFixture) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    with caplog.at_level(logging.DEBUG):
        _, notes = fit_recorded(SPECS["prophet"], daily(), season=24, horizon=6)
    made = set(Path(tempfile.gettempdir()).iterdir()) - before
    assert notes == ()
    assert [record for record in caplog.records if record.name.startswith(("prophet", "cmdstanpy"))] == []
    assert [path for path in made if not path.name.startswith(("ksys", "pytest"))] == []


def test_a_refit_begins_where_the_older_model_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    y = load(30)
    begun: list[ProphetState | None] = []
    run = prophet_engine._run

    def seen(*given: Any) -> None:
        begun.append(given[-1])
        run(*given)

    monkeypatch.setattr(prophet_engine, "_run", seen)
    first = train(TrainTask("prophet", y, 6))
    newer = RegularSeries(y.start, y.step, load(31).v)
    second = train(TrainTask("prophet", newer, 6, before=first.artefact))
    cold = train(TrainTask("prophet", newer, 6))
    broken = train(TrainTask("prophet", newer, 6, before=first.artefact[:-9]))

    older = artefacts.load(first.artefact).state
    assert begun[::2] == [None, older, None, None]
    assert begun[1::2] == [None] * 4, "the fit whose errors seed the bounds is one of older values"
    assert broken.artefact == cold.artefact
    ahead = [artefacts.load(made.artefact).update(newer).predict().value for made in (second, cold)]
    assert np.abs(ahead[0] - ahead[1]).max() < 0.05


def test_the_newest_residual_is_carried_on_and_dies_away() -> None:
    model = fit(SPECS["prophet"], load(30), season=24, horizon=48, params=ProphetParams(zone=BERLIN))
    y = load(30)
    moved = y.v.copy()
    moved[-1] += 4
    change = model.update(RegularSeries(y.start, y.step, moved)).predict().value - model.update(y).predict().value
    phi = model.state.model_dump()["phi"]
    assert 0 <= phi < 1
    assert change == pytest.approx(4 * phi ** np.arange(1, 49))


def test_a_habit_stays_at_its_hour_of_the_plant_s_clock_when_clocks_change() -> None:
    """Fitted before 30 March, forecast after it: the wave goes with the clock on the wall, not with UTC."""
    y = load(60)
    known = (to_ns(datetime(2025, 3, 29, tzinfo=ZoneInfo(BERLIN))) - START) // HOUR
    past = RegularSeries(y.start, y.step, y.v[:known])
    coming = y.v[known + 24 : known + 72]
    errors = {
        zone: np.abs(
            fit(SPECS["prophet"], past, horizon=72, params=ProphetParams(zone=zone)).predict().value[24:] - coming
        )
        for zone in (BERLIN, "UTC")
    }
    assert errors[BERLIN].mean() < 0.8
    assert errors[BERLIN].mean() < 0.8 * errors["UTC"].mean()


def test_forecasting_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    text = train(TrainTask("prophet", daily(), 6)).artefact
    monkeypatch.setitem(sys.modules, "prophet", None)
    (result,) = work.predict_batch([work.PredictTask(1, text, artefacts.sha256(text), daily(), 6)])
    assert result.source == "model"
